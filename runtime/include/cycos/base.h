/* cycos/base.h - what every public header needs: C linkage, attributes, assertions. */
#ifndef CYCOS_BASE_H
#define CYCOS_BASE_H

#ifdef __cplusplus
#define CY_BEGIN_DECLS extern "C" {
#define CY_END_DECLS   }
#else
#define CY_BEGIN_DECLS
#define CY_END_DECLS
#endif

#define CY_MUST_CHECK      __attribute__((warn_unused_result))
#define CY_PRINTF(fmt, va) __attribute__((format(printf, fmt, va)))

CY_BEGIN_DECLS

/* Prints the place, the condition and the current task's name, then aborts. */
__attribute__((noreturn, cold)) void cy_assert_fail(const char *condition, const char *file,
                                                    int line);

/* For a caller's bug, in every build. What the world may cause is an error code instead. */
#define CY_ASSERT(condition)                       \
    (__builtin_expect(!!(condition), 1) ? (void) 0 \
                                        : cy_assert_fail(#condition, __FILE__, __LINE__))

CY_END_DECLS

#endif
