/* cycos/impl/sanitized.h - is this a build for the address or the thread sanitizer? */
#ifndef CYCOS_IMPL_SANITIZED_H
#define CYCOS_IMPL_SANITIZED_H

#if defined(__SANITIZE_ADDRESS__)
#define CYI_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CYI_ASAN 1
#endif
#endif
#ifndef CYI_ASAN
#define CYI_ASAN 0
#endif

#if defined(__SANITIZE_THREAD__)
#define CYI_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CYI_TSAN 1
#endif
#endif
#ifndef CYI_TSAN
#define CYI_TSAN 0
#endif

#endif
