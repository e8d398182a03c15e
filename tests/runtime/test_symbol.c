/* Names for addresses: static functions, libraries, what has no name, what does not fit. */
#include "cy_test.h"
#include "symbol.h"

#include <execinfo.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static char text[1024];

/* A static function of which somebody takes the address: it has a name only in the file. */
static int
only_here(int n)
{
    return n + 1;
}

static void
names_a_static_function(void)
{
    void *at = (void *) (uintptr_t) only_here;
    CU_ASSERT_EQUAL(cyi_symbol_format(text, sizeof text, &at, 1), strlen("only_here+0x0"));
    CU_ASSERT_STRING_EQUAL(text, "only_here+0x0");
    at = (void *) ((uintptr_t) only_here + 2);
    cyi_symbol_format(text, sizeof text, &at, 1);
    CU_ASSERT_STRING_EQUAL(text, "only_here+0x2");
}

static void
takes_a_return_address_for_the_call_before_it(void)
{
    /* One past the call at the end of a function is the next function's first byte. */
    void *at[] = {(void *) (uintptr_t) only_here, (void *) ((uintptr_t) only_here + 1)};
    cyi_symbol_format(text, sizeof text, at, 2);
    CU_ASSERT_STRING_EQUAL(text, "only_here+0x0 only_here+0x1");
    void *twice[] = {(void *) (uintptr_t) only_here, (void *) (uintptr_t) only_here};
    cyi_symbol_format(text, sizeof text, twice, 2);
    CU_ASSERT_PTR_NULL(strstr(text, " only_here"));
}

static __attribute__((noinline)) int
called_by_the_test(void *frames[8])
{
    int count = backtrace(frames, 8);
    return count < 2 ? 0 : count; /* no tail call */
}

static void
reads_a_whole_backtrace(void)
{
    void *frames[8];
    int count = called_by_the_test(frames);
    CU_ASSERT_TRUE(count >= 3);
    cyi_symbol_format(text, sizeof text, frames, count);
    const char *inner = strstr(text, "called_by_the_test+0x");
    const char *outer = strstr(text, " reads_a_whole_backtrace+0x");
    CU_ASSERT_TRUE(inner != NULL && outer != NULL && inner < outer);
}

static void
names_the_library_of_a_function(void)
{
    void *at = (void *) (uintptr_t) lfind; /* no sanitizer replaces it */
    cyi_symbol_format(text, sizeof text, &at, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, ":lfind+0x0"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, ".so"));
}

static void
gives_the_number_of_what_no_file_has(void)
{
    void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char wanted[32];
    snprintf(wanted, sizeof wanted, "0x%zx", (size_t) page);
    cyi_symbol_format(text, sizeof text, &page, 1);
    CU_ASSERT_STRING_EQUAL(text, wanted);
    munmap(page, 4096);
}

static void
stops_before_what_does_not_fit(void)
{
    void *at[] = {(void *) (uintptr_t) only_here, (void *) ((uintptr_t) only_here + 1)};
    size_t all = strlen("only_here+0x0 only_here+0x1");
    char small[64];
    CU_ASSERT_EQUAL(cyi_symbol_format(small, all + 1, at, 2), all);
    CU_ASSERT_STRING_EQUAL(small, "only_here+0x0 only_here+0x1");
    CU_ASSERT_EQUAL(cyi_symbol_format(small, all, at, 2), strlen("only_here+0x0 ..."));
    CU_ASSERT_STRING_EQUAL(small, "only_here+0x0 ...");
    CU_ASSERT_EQUAL(cyi_symbol_format(small, 10, at, 2), 3);
    CU_ASSERT_STRING_EQUAL(small, "...");
    CU_ASSERT_EQUAL(cyi_symbol_format(small, 3, at, 2), 0);
    CU_ASSERT_STRING_EQUAL(small, "");
    CU_ASSERT_EQUAL(cyi_symbol_format(small, 0, at, 2), 0);
}

static void
nothing_gives_nothing(void)
{
    CU_ASSERT_EQUAL(cyi_symbol_format(text, sizeof text, NULL, 0), 0);
    CU_ASSERT_STRING_EQUAL(text, "");
    CU_ASSERT_EQUAL(only_here(1), 2);
}

CY_TEST_MAIN("runtime.symbol", CY_TEST(names_a_static_function),
             CY_TEST(takes_a_return_address_for_the_call_before_it),
             CY_TEST(reads_a_whole_backtrace), CY_TEST(names_the_library_of_a_function),
             CY_TEST(gives_the_number_of_what_no_file_has),
             CY_TEST(stops_before_what_does_not_fit), CY_TEST(nothing_gives_nothing))
