#include "cy_test.h"
#include <cycos/err.h>

#include <limits.h>
#include <string.h>

static void
linux_codes_have_their_words_and_names(void)
{
    CU_ASSERT_STRING_EQUAL(cy_strerror(-ECONNREFUSED), "Connection refused");
    CU_ASSERT_STRING_EQUAL(cy_errname(-ECONNREFUSED), "ECONNREFUSED");
    CU_ASSERT_STRING_EQUAL(cy_errname(-EAGAIN), "EAGAIN");
    CU_ASSERT_STRING_EQUAL(cy_strerror(-ECANCELED), "Operation canceled");
}

static void
success_and_counts_are_no_errors(void)
{
    CU_ASSERT_STRING_EQUAL(cy_strerror(0), "Success");
    CU_ASSERT_STRING_EQUAL(cy_strerror(ENOENT), "Success");
    CU_ASSERT_STRING_EQUAL(cy_errname(0), "OK");
    CU_ASSERT_STRING_EQUAL(cy_errname(INT_MAX), "OK");
}

static void
own_codes_are_all_known_and_differ(void)
{
    static const int codes[] = {CY_ENOPEER, CY_ENOMETHOD, CY_EAUTH,  CY_EFRAME, CY_EVERSION,
                                CY_EOPEN,   CY_ESECRET,   CY_ESELF,  CY_ECERT,  CY_EREJECTED,
                                CY_ENOCERT, CY_EEXPIRED,  CY_EEARLY, CY_EPLAIN, CY_ETLS};
    enum { COUNT = sizeof codes / sizeof *codes };
    for (int i = 0; i < COUNT; i++) {
        CU_ASSERT_TRUE(strncmp(cy_errname(codes[i]), "CY_E", 4) == 0);
        CU_ASSERT_STRING_NOT_EQUAL(cy_strerror(codes[i]), "Unknown error");
        for (int j = 0; j < i; j++) {
            CU_ASSERT_STRING_NOT_EQUAL(cy_strerror(codes[i]), cy_strerror(codes[j]));
            CU_ASSERT_STRING_NOT_EQUAL(cy_errname(codes[i]), cy_errname(codes[j]));
        }
        CU_ASSERT_TRUE(codes[i] < -4095); /* outside of what Linux returns */
    }
}

static void
unknown_codes_say_so(void)
{
    static const int codes[] = {-4000, -5000, -5999, INT_MIN, INT_MIN + 1};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        CU_ASSERT_STRING_EQUAL(cy_strerror(codes[i]), "Unknown error");
        CU_ASSERT_STRING_EQUAL(cy_errname(codes[i]), "E?");
    }
}

/* Two threads may hold results at once: each code has its own constant. */
static void
results_are_constants(void)
{
    const char *first = cy_strerror(-ENOMEM);
    const char *unknown = cy_strerror(-4000);
    CU_ASSERT_PTR_EQUAL(cy_strerror(-ENOMEM), first);
    CU_ASSERT_PTR_EQUAL(cy_strerror(-4001), unknown);
    CU_ASSERT_STRING_EQUAL(first, "Cannot allocate memory");
}

CY_TEST_MAIN("runtime.err", CY_TEST(linux_codes_have_their_words_and_names),
             CY_TEST(success_and_counts_are_no_errors),
             CY_TEST(own_codes_are_all_known_and_differ), CY_TEST(unknown_codes_say_so),
             CY_TEST(results_are_constants))
