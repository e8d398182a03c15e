/* test_value_writer.c - writing bodies: every type, every limit, every error, growing. */
#include "value_hex.h"

#include <math.h>
#include <stdlib.h>

static uint8_t buffer[VALUE_BYTES_MAX];

static cy_value_writer
writer(void)
{
    cy_value_writer w;
    cy_value_writer_init(&w, buffer, sizeof buffer);
    return w;
}

static void
writes_integers_in_the_least_space(void)
{
    static const struct {
        int64_t value;
        const char *hex;
    } INTS[] = {
        {0, "00"},
        {23, "17"},
        {24, "1818"},
        {255, "18ff"},
        {256, "190100"},
        {65535, "19ffff"},
        {65536, "1a00010000"},
        {UINT32_MAX, "1affffffff"},
        {(int64_t) UINT32_MAX + 1, "1b0000000100000000"},
        {INT64_MAX, "1b7fffffffffffffff"},
        {-1, "20"},
        {-24, "37"},
        {-25, "3818"},
        {-256, "38ff"},
        {-257, "390100"},
        {INT64_MIN, "3b7fffffffffffffff"},
    };
    for (size_t i = 0; i < sizeof INTS / sizeof *INTS; i++) {
        cy_value_writer w = writer();
        cy_value_put_int(&w, INTS[i].value);
        CU_ASSERT_TRUE(value_wrote(&w, INTS[i].hex));
        if (INTS[i].value >= 0) {
            w = writer();
            cy_value_put_uint(&w, (uint64_t) INTS[i].value);
            CU_ASSERT_TRUE(value_wrote(&w, INTS[i].hex));
        }
    }
    cy_value_writer w = writer();
    cy_value_put_uint(&w, UINT64_MAX);
    CU_ASSERT_TRUE(value_wrote(&w, "1bffffffffffffffff"));
}

static void
writes_doubles_in_the_least_space(void)
{
    static const struct {
        double value;
        const char *hex;
    } DOUBLES[] = {
        {0.0, "f90000"},
        {-0.0, "f98000"},
        {1.0, "f93c00"},
        {1.5, "f93e00"},
        {65504.0, "f97bff"},
        {100000.0, "fa47c35000"},
        {1.1, "fb3ff199999999999a"},
        {1.0e+300, "fb7e37e43c8800759c"},
        {5.960464477539063e-8, "f90001"},
        {INFINITY, "f97c00"},
        {-INFINITY, "f9fc00"},
        {NAN, "f97e00"},
        {-NAN, "f97e00"},
    };
    for (size_t i = 0; i < sizeof DOUBLES / sizeof *DOUBLES; i++) {
        cy_value_writer w = writer();
        cy_value_put_double(&w, DOUBLES[i].value);
        CU_ASSERT_TRUE(value_wrote(&w, DOUBLES[i].hex));
    }
}

static void
writes_every_other_type(void)
{
    cy_value_writer w = writer();
    cy_value_put_list(&w, 9);
    cy_value_put_bool(&w, false);
    cy_value_put_bool(&w, true);
    cy_value_put_nil(&w);
    cy_value_put_text(&w, "");
    cy_value_put_text(&w, "\xc3\xbc");
    cy_value_put_text_n(&w, "a\0b", 3);
    cy_value_put_bytes(&w, NULL, 0);
    cy_value_put_bytes(&w, "\xff", 1);
    cy_value_put_map(&w, 0);
    CU_ASSERT_TRUE(value_wrote(&w, "89f4f5f66062c3bc6361006240"
                                   "41ffa0"));
}

static void
a_reference_has_its_tag_and_the_layout_of_the_header(void)
{
    cy_ref ref = {.port = 0x0102,
                  .core = 0x0304,
                  .node = 0x05060708,
                  .slot = 0x11121314,
                  .generation = 0x15161718};
    for (unsigned i = 0; i < 16; i++)
        ref.address[i] = (uint8_t) (0xa0 + i);
    cy_value_writer w = writer();
    cy_value_put_ref(&w, ref);
    CU_ASSERT_TRUE(value_wrote(&w, "da637972665820a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
                                   "0201040308070605"
                                   "1413121118171615"));
}

static void
lists_and_maps_end_with_their_last_value(void)
{
    cy_value_writer w = writer();
    cy_value_put_list(&w, 3);
    cy_value_put_list(&w, 0);
    cy_value_put_map(&w, 1);
    cy_value_put_int(&w, 1);
    cy_value_put_list(&w, 1);
    cy_value_put_list(&w, 0);
    cy_value_put_int(&w, 2);
    CU_ASSERT_TRUE(value_wrote(&w, "8380a101818002"));
}

static void
refuses_too_many_and_too_few_values(void)
{
    size_t size = 77;
    cy_value_writer w = writer();
    CY_FAILS(cy_value_finish(&w, &size), -EINVAL);
    cy_value_put_int(&w, 1);
    CY_OK(cy_value_finish(&w, &size));
    CU_ASSERT_EQUAL(size, 1);
    cy_value_put_int(&w, 2);
    CY_FAILS(cy_value_finish(&w, &size), -EINVAL);
    w = writer();
    cy_value_put_list(&w, 2);
    cy_value_put_int(&w, 1);
    CY_FAILS(cy_value_finish(&w, &size), -EINVAL);
    cy_value_put_int(&w, 2);
    CY_OK(cy_value_finish(&w, &size));
    w = writer();
    cy_value_put_map(&w, 1);
    cy_value_put_int(&w, 1);
    CY_FAILS(cy_value_finish(&w, &size), -EINVAL);
    CU_ASSERT_EQUAL(size, 3);
    w = writer();
    cy_value_put_list(&w, 0);
    cy_value_put_list(&w, 0);
    CY_FAILS(cy_value_finish(&w, &size), -EINVAL);
}

static void
the_first_error_sticks(void)
{
    size_t size = 77;
    cy_value_writer w = writer();
    cy_value_put_list(&w, 2);
    cy_value_put_text(&w, "\xff");
    cy_value_put_map(&w, SIZE_MAX);
    cy_value_put_encoded(&w, "\xff", 1);
    cy_value_put_double(&w, 1.5);
    cy_value_put_int(&w, 1);
    cy_value_put_int(&w, 1);
    cy_value_put_int(&w, 1);
    CY_FAILS(cy_value_finish(&w, &size), -EILSEQ);
    CU_ASSERT_EQUAL(size, 77);
    CU_ASSERT_EQUAL(w.size, 1);
}

static void
sorts_keys_that_come_in_another_order(void)
{
    cy_value_writer w = writer();
    cy_value_put_map(&w, 5);
    cy_value_put_text(&w, "aa"), cy_value_put_int(&w, 1);
    cy_value_put_text(&w, "b");
    cy_value_put_map(&w, 2); /* sorted first, then moved with its entry */
    cy_value_put_int(&w, -1), cy_value_put_text(&w, "minus");
    cy_value_put_int(&w, 24), cy_value_put_nil(&w);
    cy_value_put_int(&w, 9), cy_value_put_int(&w, 2);
    cy_value_put_bytes(&w, "x", 1), cy_value_put_int(&w, 3);
    cy_value_put_int(&w, -300), cy_value_put_bool(&w, true);
    CU_ASSERT_TRUE(value_wrote(&w, "a50902"
                                   "39012bf5"
                                   "417803"
                                   "6162a21818f620656d696e7573"
                                   "62616101"));
}

static void
refuses_a_key_twice_wherever_it_stands(void)
{
    static const int KEYS[][3] = {{1, 1, 2}, {1, 2, 2}, {2, 1, 2},
                                  {2, 1, 1}, {2, 2, 1}, {1, 2, 1}};
    for (size_t i = 0; i < sizeof KEYS / sizeof *KEYS; i++) {
        size_t size;
        cy_value_writer w = writer();
        cy_value_put_map(&w, 3);
        for (int k = 0; k < 3; k++)
            cy_value_put_int(&w, KEYS[i][k]), cy_value_put_nil(&w);
        CY_FAILS(cy_value_finish(&w, &size), -EEXIST);
    }
}

static void
put_key(cy_value_writer *w, int kind)
{
    switch (kind) {
    case 0:
        cy_value_put_double(w, 1);
        break;
    case 1:
        cy_value_put_bool(w, true);
        break;
    case 2:
        cy_value_put_nil(w);
        break;
    case 3:
        cy_value_put_ref(w, CY_NOBODY);
        break;
    case 4:
        cy_value_put_list(w, 0);
        break;
    case 5:
        cy_value_put_map(w, 0);
        break;
    default:
        cy_value_put_encoded(w, "\x80", 1);
        break;
    }
}

static void
refuses_keys_that_are_neither_integer_nor_text_nor_bytes(void)
{
    for (int kind = 0; kind < 7; kind++) {
        size_t size;
        cy_value_writer w = writer();
        cy_value_put_map(&w, 1);
        put_key(&w, kind);
        cy_value_put_nil(&w);
        CY_FAILS(cy_value_finish(&w, &size), -EINVAL);
        w = writer(); /* as values they may be there */
        cy_value_put_map(&w, 1);
        cy_value_put_int(&w, 1);
        put_key(&w, kind);
        CY_OK(cy_value_finish(&w, &size));
        CY_OK(cy_value_validate(buffer, size));
    }
}

static void
nests_16_deep_and_no_deeper(void)
{
    for (int maps = 0; maps < 2; maps++) {
        for (int depth = CY_VALUE_DEPTH_MAX; depth <= CY_VALUE_DEPTH_MAX + 1; depth++) {
            size_t size;
            cy_value_writer w = writer();
            for (int i = 0; i < depth && maps; i++)
                cy_value_put_map(&w, 1), cy_value_put_int(&w, i);
            for (int i = 0; i < depth && !maps; i++)
                cy_value_put_list(&w, 1);
            cy_value_put_nil(&w);
            CY_FAILS(cy_value_finish(&w, &size), depth > CY_VALUE_DEPTH_MAX ? -E2BIG : 0);
        }
    }
}

static void
an_encoded_value_counts_as_deep_as_it_is(void)
{
    static const uint8_t LISTS[] = {0x81, 0x81, 0x80};
    for (unsigned above = 12; above <= 14; above++) {
        size_t size;
        cy_value_writer w = writer();
        for (unsigned i = 0; i < above; i++)
            cy_value_put_list(&w, 1);
        cy_value_put_encoded(&w, LISTS, sizeof LISTS);
        CY_FAILS(cy_value_finish(&w, &size), above > 13 ? -E2BIG : 0);
    }
}

static void
an_encoded_value_is_checked_and_may_be_a_key(void)
{
    static const struct {
        const char *bytes;
        size_t size;
        int result;
    } VALUES[] = {{"", 0, -EBADMSG},         {"\x18\x17", 2, -EBADMSG},
                  {"\x00\x00", 2, -EBADMSG}, {"\xf7", 1, -EOPNOTSUPP},
                  {"\x61\x78", 2, 0},        {"\x18\x18", 2, 0}};
    for (size_t i = 0; i < sizeof VALUES / sizeof *VALUES; i++) {
        size_t size;
        cy_value_writer w = writer();
        cy_value_put_map(&w, 1);
        cy_value_put_encoded(&w, VALUES[i].bytes, VALUES[i].size);
        cy_value_put_encoded(&w, "\x80", 1);
        CY_FAILS(cy_value_finish(&w, &size), VALUES[i].result);
    }
    cy_value_writer w = writer();
    cy_value_put_map(&w, 2);
    cy_value_put_encoded(&w, "\x61\x78", 2), cy_value_put_int(&w, 1);
    cy_value_put_encoded(&w, "\x07", 1), cy_value_put_int(&w, 2);
    CU_ASSERT_TRUE(value_wrote(&w, "a20702617801"));
}

/* Keys out of order, so that the size is seen not to depend on sorting. */
static void
put_sample(cy_value_writer *w)
{
    cy_value_put_map(w, 2);
    cy_value_put_text(w, "later"), cy_value_put_bytes(w, buffer, 300);
    cy_value_put_text(w, "k"), cy_value_put_double(w, 0.1);
}

static void
every_buffer_that_is_too_small_is_left_alone_behind_its_end(void)
{
    size_t size = 77, whole;
    cy_value_writer w;
    cy_value_writer_init(&w, NULL, 0);
    put_sample(&w);
    CY_FAILS(cy_value_finish(&w, &size), -ENOBUFS);
    CU_ASSERT_EQUAL(size, 77);
    whole = w.size;
    for (size_t room = 0; room <= whole; room++) {
        uint8_t *bytes = malloc(room + 1); /* ASan watches its end */
        cy_value_writer_init(&w, bytes + 1, room);
        put_sample(&w);
        CY_FAILS(cy_value_finish(&w, &size), room < whole ? -ENOBUFS : 0);
        CU_ASSERT_EQUAL(w.size, whole);
        if (room == whole)
            CY_OK(cy_value_validate(bytes + 1, whole));
        free(bytes);
    }
}

static void
sizes_that_no_memory_has_are_refused(void)
{
    size_t size;
    cy_value_writer w;
    cy_value_writer_init(&w, NULL, 0);
    cy_value_put_bytes(&w, NULL, SIZE_MAX);
    CY_FAILS(cy_value_finish(&w, &size), -EMSGSIZE);
    cy_value_writer_init(&w, NULL, 0);
    cy_value_put_list(&w, 2);
    cy_value_put_bytes(&w, NULL, SIZE_MAX / 2);
    cy_value_put_bytes(&w, NULL, SIZE_MAX / 2);
    CY_FAILS(cy_value_finish(&w, &size), -EMSGSIZE);
    cy_value_writer_init(&w, NULL, 0);
    cy_value_put_map(&w, SIZE_MAX / 2);
    CY_FAILS(cy_value_finish(&w, &size), -EINVAL);
    cy_value_writer_init(&w, NULL, 0);
    cy_value_put_map(&w, SIZE_MAX / 2 + 1);
    CY_FAILS(cy_value_finish(&w, &size), -EMSGSIZE);
}

struct allowance {
    int calls;
    size_t most;
};

/* To the byte, in new memory each time, so that a pointer kept too long is found. */
static int
grow(cy_value_writer *w, size_t room)
{
    struct allowance *allowance = w->owner;
    allowance->calls++;
    if (room > allowance->most)
        return -ENOMEM;
    uint8_t *bytes = malloc(room);
    if (w->size != 0)
        memcpy(bytes, w->bytes, w->size);
    free(w->bytes);
    w->bytes = bytes;
    w->room = room;
    return 0;
}

static void
grows_as_needed_and_stops_where_there_is_no_more(void)
{
    size_t size = 0, again;
    struct allowance enough = {0, SIZE_MAX};
    cy_value_writer w;
    cy_value_writer_init_growing(&w, grow, &enough);
    put_sample(&w);
    CY_OK(cy_value_finish(&w, &size));
    CU_ASSERT_EQUAL(enough.calls, 5);
    CY_OK(cy_value_validate(w.bytes, size));
    free(w.bytes);
    for (size_t most = 0; most <= size; most++) {
        struct allowance allowance = {0, most};
        cy_value_writer_init_growing(&w, grow, &allowance);
        put_sample(&w);
        CY_FAILS(cy_value_finish(&w, &again), most < size ? -ENOMEM : 0);
        free(w.bytes);
    }
    cy_value_writer_fini(&w); /* has nothing to free: no message */
}

static void
write_to_a_buffer_that_is_not_there(void *arg)
{
    cy_value_writer w;
    (void) arg;
    cy_value_writer_init(&w, NULL, 1);
}

static void
a_size_without_a_buffer_ends_the_program(void)
{
    static struct cy_test_child child;
    CY_OK(cy_test_run_child(&child, write_to_a_buffer_that_is_not_there, NULL));
    CU_ASSERT_TRUE(cy_test_died_saying(&child, "buffer != NULL"));
}

CY_TEST_MAIN("runtime.value_writer", CY_TEST(writes_integers_in_the_least_space),
             CY_TEST(writes_doubles_in_the_least_space), CY_TEST(writes_every_other_type),
             CY_TEST(a_reference_has_its_tag_and_the_layout_of_the_header),
             CY_TEST(lists_and_maps_end_with_their_last_value),
             CY_TEST(refuses_too_many_and_too_few_values), CY_TEST(the_first_error_sticks),
             CY_TEST(sorts_keys_that_come_in_another_order),
             CY_TEST(refuses_a_key_twice_wherever_it_stands),
             CY_TEST(refuses_keys_that_are_neither_integer_nor_text_nor_bytes),
             CY_TEST(nests_16_deep_and_no_deeper),
             CY_TEST(an_encoded_value_counts_as_deep_as_it_is),
             CY_TEST(an_encoded_value_is_checked_and_may_be_a_key),
             CY_TEST(every_buffer_that_is_too_small_is_left_alone_behind_its_end),
             CY_TEST(a_size_without_a_buffer_ends_the_program),
             CY_TEST(sizes_that_no_memory_has_are_refused),
             CY_TEST(grows_as_needed_and_stops_where_there_is_no_more))
