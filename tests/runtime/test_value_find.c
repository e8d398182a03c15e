/* test_value_find.c - finding keys in maps. */
#include "value_hex.h"

#include <signal.h>

static uint8_t buffer[VALUE_BYTES_MAX];

/* Keys of each type and of several lengths; the value of the n-th put is n. */
static cy_value_reader
map(void)
{
    static const char *const TEXTS[] = {
        "", "a", "b", "ab", "id", "name", "a key of 24 characters.."};
    static const int64_t INTS[] = {0, 23, 24, 1000, INT64_MAX, -1, -24, -25, INT64_MIN};
    cy_value_writer w;
    cy_value_reader r = {0};
    size_t size = 0;
    int64_t n = 0;
    cy_value_writer_init(&w, buffer, sizeof buffer);
    cy_value_put_map(&w, 17);
    for (size_t i = 0; i < 7; i++)
        cy_value_put_text(&w, TEXTS[i]), cy_value_put_int(&w, n++);
    for (size_t i = 0; i < 9; i++)
        cy_value_put_int(&w, INTS[i]), cy_value_put_int(&w, n++);
    cy_value_put_bytes(&w, "id", 2), cy_value_put_int(&w, n++);
    CY_OK(cy_value_finish(&w, &size));
    CY_OK(cy_value_reader_init(&r, buffer, size));
    CY_OK(cy_value_get_map(&r, &r));
    return r;
}

static int64_t
value_of(const char *key)
{
    int64_t value = -1;
    cy_value_reader m = map(), found;
    int rc = cy_value_find(&m, key, &found);
    if (rc != 0)
        return rc;
    CY_OK(cy_value_get_int(&found, &value));
    CY_FAILS(cy_value_skip(&found), -ENODATA);
    return value;
}

static int64_t
value_of_int(int64_t key)
{
    int64_t value = -1;
    cy_value_reader m = map(), found;
    int rc = cy_value_find_int(&m, key, &found);
    if (rc != 0)
        return rc;
    CY_OK(cy_value_get_int(&found, &value));
    return value;
}

static void
finds_every_text_and_integer(void)
{
    CU_ASSERT_EQUAL(value_of(""), 0);
    CU_ASSERT_EQUAL(value_of("a"), 1);
    CU_ASSERT_EQUAL(value_of("b"), 2);
    CU_ASSERT_EQUAL(value_of("ab"), 3);
    CU_ASSERT_EQUAL(value_of("id"), 4);
    CU_ASSERT_EQUAL(value_of("name"), 5);
    CU_ASSERT_EQUAL(value_of("a key of 24 characters.."), 6);
    CU_ASSERT_EQUAL(value_of_int(0), 7);
    CU_ASSERT_EQUAL(value_of_int(23), 8);
    CU_ASSERT_EQUAL(value_of_int(24), 9);
    CU_ASSERT_EQUAL(value_of_int(1000), 10);
    CU_ASSERT_EQUAL(value_of_int(INT64_MAX), 11);
    CU_ASSERT_EQUAL(value_of_int(-1), 12);
    CU_ASSERT_EQUAL(value_of_int(-24), 13);
    CU_ASSERT_EQUAL(value_of_int(-25), 14);
    CU_ASSERT_EQUAL(value_of_int(INT64_MIN), 15);
}

static void
what_is_not_there_is_not_found(void)
{
    static const char *const TEXTS[] = {"A",
                                        "c",
                                        "aa",
                                        "ac",
                                        "zz",
                                        "nam",
                                        "names",
                                        "a key of 24 characters.,",
                                        "a key of 25 characters..."};
    static const int64_t INTS[] = {1, 22, 25, 999, 1001, INT64_MAX - 1, -2, -26, INT64_MIN + 1};
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++)
        CU_ASSERT_EQUAL(value_of(TEXTS[i]), -ENOENT);
    for (size_t i = 0; i < sizeof INTS / sizeof *INTS; i++)
        CU_ASSERT_EQUAL(value_of_int(INTS[i]), -ENOENT);
    cy_value_reader empty = {0}, found = {.left = 77};
    CY_OK(cy_value_reader_init(&empty, "\xa0", 1));
    CY_OK(cy_value_get_map(&empty, &empty));
    CY_FAILS(cy_value_find(&empty, "a", &found), -ENOENT);
    CY_FAILS(cy_value_find_int(&empty, 0, &found), -ENOENT);
    CU_ASSERT_EQUAL(found.left, 77);
}

static void
the_map_can_be_asked_again_and_still_be_read(void)
{
    size_t entries = 0;
    cy_value_reader m = map(), found;
    CY_OK(cy_value_find(&m, "name", &found));
    CY_OK(cy_value_find(&m, "a", &found));
    for (; cy_value_skip(&m) == 0; entries++)
        CY_OK(cy_value_skip(&m));
    CU_ASSERT_EQUAL(entries, 17);
    CY_FAILS(cy_value_find(&m, "a", &found), -ENOENT); /* all were read */
}

static void
a_reader_of_anything_else_is_refused(void)
{
    cy_value_reader r = {0}, found;
    CY_OK(cy_value_reader_init(&r, "\x82\xa0\x00", 3));
    CY_FAILS(cy_value_find(&r, "a", &found), -EPROTOTYPE);
    CY_OK(cy_value_get_list(&r, &r));
    CY_FAILS(cy_value_find_int(&r, 0, &found), -EPROTOTYPE);
}

static void
ask_for_a_key_behind_a_key(void *arg)
{
    cy_value_reader m = map(), found;
    (void) arg;
    if (cy_value_skip(&m) == 0 && cy_value_find(&m, "a", &found) == 0)
        m = found;
}

static void
asking_between_a_key_and_its_value_ends_the_program(void)
{
    struct cy_test_child child;
    CY_OK(cy_test_run_child(&child, ask_for_a_key_behind_a_key, NULL));
    CU_ASSERT_EQUAL(child.signal, SIGABRT);
    CU_ASSERT_TRUE(cy_test_died_saying(&child, "between a key and its value"));
}

CY_TEST_MAIN("runtime.value_find", CY_TEST(finds_every_text_and_integer),
             CY_TEST(what_is_not_there_is_not_found),
             CY_TEST(the_map_can_be_asked_again_and_still_be_read),
             CY_TEST(a_reader_of_anything_else_is_refused),
             CY_TEST(asking_between_a_key_and_its_value_ends_the_program))
