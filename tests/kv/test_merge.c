#include "cy_test.h"
#include "merge.h"

static struct kv_buffer out;

static struct kv_slice
slice(const char *text)
{
    return (struct kv_slice){text, strlen(text)};
}

static bool
wrote(const char *text)
{
    bool same = out.used == strlen(text) && memcmp(out.at, text, out.used) == 0;
    kv_buffer_free(&out);
    return same;
}

static void
sums_are_added_up(void)
{
    struct kv_slice parts[] = {slice(":3\r\n"), slice(":0\r\n"), slice(":40\r\n")};
    kv_merge_sum(&out, parts, 3);
    CU_ASSERT(wrote(":43\r\n"));
}

static void
ok_takes_all(void)
{
    struct kv_slice parts[] = {slice("+OK\r\n"), slice("+OK\r\n")};
    kv_merge_ok(&out, parts, 2);
    CU_ASSERT(wrote("+OK\r\n"));
}

static void
arrays_are_joined(void)
{
    struct kv_slice parts[] = {slice("*2\r\n$1\r\na\r\n$1\r\nb\r\n"), slice("*0\r\n"),
                               slice("*1\r\n$2\r\n\r\n\r\n")};
    kv_merge_arrays(&out, parts, 3);
    CU_ASSERT(wrote("*3\r\n$1\r\na\r\n$1\r\nb\r\n$2\r\n\r\n\r\n"));
}

static void
elements_are_put_in_the_order_of_the_keys(void)
{
    struct kv_slice two[] = {slice("*2\r\n$1\r\na\r\n$-1\r\n"),
                             slice("*3\r\n$2\r\nxy\r\n_\r\n$0\r\n\r\n")};
    static const uint16_t from[] = {1, 0, 1, 1, 0};
    kv_merge_elements(&out, two, 2, from, 5);
    CU_ASSERT(wrote("*5\r\n$2\r\nxy\r\n$1\r\na\r\n_\r\n$0\r\n\r\n$-1\r\n"));
}

static void
the_first_error_is_the_whole_reply(void)
{
    struct kv_slice parts[] = {slice(":3\r\n"), slice("-OOM x\r\n"), slice("-ERR y\r\n")};
    static const uint16_t from[] = {0};
    kv_merge_sum(&out, parts, 3);
    CU_ASSERT(wrote("-OOM x\r\n"));
    kv_merge_ok(&out, parts, 3);
    CU_ASSERT(wrote("-OOM x\r\n"));
    kv_merge_arrays(&out, parts, 3);
    CU_ASSERT(wrote("-OOM x\r\n"));
    kv_merge_elements(&out, parts, 3, from, 1);
    CU_ASSERT(wrote("-OOM x\r\n"));
}

CY_TEST_MAIN("kv.merge", CY_TEST(sums_are_added_up), CY_TEST(ok_takes_all),
             CY_TEST(arrays_are_joined), CY_TEST(elements_are_put_in_the_order_of_the_keys),
             CY_TEST(the_first_error_is_the_whole_reply))
