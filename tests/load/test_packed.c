/* test_packed.c - histograms as compact bytes. */
#include "cy_test.h"
#include "packed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void
what_is_packed_comes_out_the_same(void)
{
    struct load_histogram *in = load_histogram_create(), *out = load_histogram_create();
    for (int64_t v = 1; v < 2 * LOAD_HISTOGRAM_MAX; v += 1 + v / 5)
        load_histogram_record_many(in, v, (uint64_t) v);
    size_t bound = load_packed_bound(in);
    unsigned char *buffer = malloc(bound);
    long size = load_pack(in, buffer, bound);
    CU_ASSERT_TRUE(size > 0 && (size_t) size <= bound && bound < LOAD_PACKED_MAX);
    CY_OK(load_unpack_add(out, buffer, (size_t) size));
    CU_ASSERT_EQUAL(memcmp(in, out, sizeof *in), 0);
    free(buffer);
    load_histogram_free(&in);
    load_histogram_free(&out);
}

static void
unpacking_adds_to_what_is_there(void)
{
    struct load_histogram *a = load_histogram_create(), *b = load_histogram_create();
    unsigned char buffer[64];
    load_histogram_record(a, 10);
    load_histogram_record(b, 20);
    long size = load_pack(b, buffer, sizeof buffer);
    CY_OK(load_unpack_add(a, buffer, (size_t) size));
    CU_ASSERT_EQUAL(a->total, 2);
    CU_ASSERT_EQUAL(a->min, 10);
    CU_ASSERT_EQUAL(a->max, 20);
    load_histogram_free(&a);
    load_histogram_free(&b);
}

static void
a_buffer_of_the_exact_size_fits_and_one_less_does_not(void)
{
    struct load_histogram *a = load_histogram_create();
    unsigned char buffer[64];
    load_histogram_record(a, 1000000);
    long size = load_pack(a, buffer, sizeof buffer);
    CU_ASSERT_EQUAL(load_pack(a, buffer, (size_t) size), size);
    CY_FAILS(load_pack(a, buffer, (size_t) size - 1), -ENOBUFS);
    load_histogram_free(&a);
}

static void
every_truncation_and_a_foreign_index_are_refused(void)
{
    struct load_histogram *a = load_histogram_create(), *out = load_histogram_create();
    unsigned char buffer[64];
    load_histogram_record(a, 1000000);
    long size = load_pack(a, buffer, sizeof buffer);
    for (long cut = 0; cut < size; cut++)
        CY_FAILS(load_unpack_add(out, buffer, (size_t) cut), -EBADMSG);
    const unsigned char beyond[] = {1, 0, 1, 1, 0x80, 0x88, 0x02, 1}; /* counter 33 792 */
    const unsigned char endless[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                     0xff, 0xff, 0xff, 0xff, 1};
    CY_FAILS(load_unpack_add(out, beyond, sizeof beyond), -EBADMSG);
    CY_FAILS(load_unpack_add(out, endless, sizeof endless), -EBADMSG);
    load_histogram_free(&a);
    load_histogram_free(&out);
}

CY_TEST_MAIN("load.packed", CY_TEST(what_is_packed_comes_out_the_same),
             CY_TEST(unpacking_adds_to_what_is_there),
             CY_TEST(a_buffer_of_the_exact_size_fits_and_one_less_does_not),
             CY_TEST(every_truncation_and_a_foreign_index_are_refused))
