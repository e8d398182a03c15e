#include "cy_test.h"
#include "options.h"

#include <stddef.h>
#include <string.h>

/* One field of each type. */
struct fields {
    uint32_t number;
    uint64_t size;
    cy_time duration;
    bool on;
    int choice;
    const char *text;
    struct cy_option_list list;
};

enum { NUMBER, SIZE, DURATION, SWITCH, CHOICE, TEXT, LIST, FIELDS };

static int
refuse_bad(char *why, size_t size, const char *value)
{
    snprintf(why, size, "is what we do not want");
    return strcmp(value, "bad") == 0 ? -EINVAL : 0;
}

static const struct cy_option table[] = {
    {"a-number", CY_OPTION_NUMBER, offsetof(struct fields, number), 1, 10, NULL, "", NULL},
    {"a-size", CY_OPTION_SIZE, offsetof(struct fields, size), 1024, 4096, NULL, "", NULL},
    {"a-time", CY_OPTION_DURATION, offsetof(struct fields, duration), 0, CY_SECOND, NULL, "",
     NULL},
    {"a-switch", CY_OPTION_SWITCH, offsetof(struct fields, on), 0, 1, NULL, "", NULL},
    {"a-choice", CY_OPTION_CHOICE, offsetof(struct fields, choice), 0, 0, "red|green|blue", "",
     NULL},
    {"a-text", CY_OPTION_STRING, offsetof(struct fields, text), 2, 4, NULL, "", refuse_bad},
    {"a-list", CY_OPTION_LIST, offsetof(struct fields, list), 0, 1 << 20, NULL, "", refuse_bad},
};

static struct fields fields;
static struct cy_options options;
static struct cyi_option_reader reader;

static void
start(void)
{
    memset(&fields, 0, sizeof fields);
    memset(&reader, 0, sizeof reader);
    cy_options_init(&options);
    reader.options = &options;
    reader.sets[0] = cyi_options_node_set(&options);
    reader.sets[1] = (struct cy_option_set){"app", table, FIELDS, &fields};
    reader.set_count = 2;
    snprintf(reader.where, sizeof reader.where, "here");
}

static int
set(unsigned index, const char *value)
{
    return cyi_option_set(&reader, (struct cyi_option_at){1, index}, value, false);
}

#define REFUSED(index, value, says)                           \
    do {                                                      \
        CY_FAILS(set(index, value), -EINVAL);                 \
        CU_ASSERT_STRING_EQUAL(options.error, "here: " says); \
    } while (0)

static void
names_are_found_in_one_set_or_in_all(void)
{
    struct cyi_option_at at = {9, 9};
    start();
    CU_ASSERT_TRUE(cyi_option_find(&reader, -1, "a-text", 6, false, &at));
    CU_ASSERT_TRUE(at.set == 1 && at.index == TEXT);
    CU_ASSERT_TRUE(cyi_option_find(&reader, -1, "cores", 5, false, &at));
    CU_ASSERT_TRUE(at.set == 0 && at.index == 0);
    CU_ASSERT_FALSE(cyi_option_find(&reader, 1, "cores", 5, false, &at));
    CU_ASSERT_FALSE(cyi_option_find(&reader, 0, "a-text", 6, false, &at));
    CU_ASSERT_FALSE(cyi_option_find(&reader, -1, "a-tex", 5, false, &at));
    CU_ASSERT_FALSE(cyi_option_find(&reader, -1, "a_text", 6, false, &at));
    CU_ASSERT_TRUE(cyi_option_find(&reader, -1, "a_text=", 6, true, &at));
    CU_ASSERT_TRUE(at.set == 1 && at.index == TEXT);
    cy_options_fini(&options);
}

static void
numbers_are_taken_up_to_their_limits(void)
{
    start();
    CY_OK(set(NUMBER, "1"));
    CU_ASSERT_EQUAL(fields.number, 1);
    CY_OK(set(NUMBER, "10"));
    REFUSED(NUMBER, "0", "'0' is not a number from 1 to 10");
    REFUSED(NUMBER, "11", "'11' is not a number from 1 to 10");
    REFUSED(NUMBER, "4294967297", "'4294967297' is not a number from 1 to 10");
    REFUSED(NUMBER, "99999999999999999999",
            "'99999999999999999999' is not a number from 1 to 10");
    REFUSED(NUMBER, "ten", "'ten' is not a number from 1 to 10");
    REFUSED(NUMBER, "", "'' is not a number from 1 to 10");
    CU_ASSERT_EQUAL(fields.number, 10);
    cy_options_fini(&options);
}

static void
sizes_and_durations_are_taken_up_to_their_limits(void)
{
    start();
    CY_OK(set(SIZE, "1k"));
    CY_OK(set(SIZE, "4096"));
    REFUSED(SIZE, "1023", "'1023' is not a size from 1k to 4k");
    REFUSED(SIZE, "4097b", "'4097b' is not a size from 1k to 4k");
    CU_ASSERT_EQUAL(fields.size, 4096);
    CY_OK(set(DURATION, "0"));
    CY_OK(set(DURATION, "1s"));
    REFUSED(DURATION, "1000000001ns",
            "'1000000001ns' is not a duration from 0 to 1s with its unit, such as 250us");
    REFUSED(DURATION, "5", "'5' is not a duration from 0 to 1s with its unit, such as 250us");
    CU_ASSERT_EQUAL(fields.duration, CY_SECOND);
    cy_options_fini(&options);
}

static void
switches_know_four_pairs_of_words(void)
{
    static const char *const yes[] = {"yes", "on", "true", "1"}, *const no[] = {"no", "off",
                                                                                "false", "0"};
    start();
    for (int i = 0; i < 4; i++) {
        CY_OK(set(SWITCH, yes[i]));
        CU_ASSERT_TRUE(fields.on);
        CY_OK(set(SWITCH, no[i]));
        CU_ASSERT_FALSE(fields.on);
    }
    REFUSED(SWITCH, "", "'' is neither yes nor no");
    REFUSED(SWITCH, "no|yes", "'no|yes' is neither yes nor no");
    cy_options_fini(&options);
}

static void
choices_are_their_index(void)
{
    start();
    CY_OK(set(CHOICE, "blue"));
    CU_ASSERT_EQUAL(fields.choice, 2);
    CY_OK(set(CHOICE, "red"));
    CU_ASSERT_EQUAL(fields.choice, 0);
    REFUSED(CHOICE, "re", "'re' is not one of red, green, blue");
    REFUSED(CHOICE, "reds", "'reds' is not one of red, green, blue");
    REFUSED(CHOICE, "", "'' is not one of red, green, blue");
    cy_options_fini(&options);
}

static void
strings_are_copied_within_their_limits(void)
{
    char text[] = "four";
    start();
    CY_OK(set(TEXT, text));
    text[0] = 'x';
    CU_ASSERT_STRING_EQUAL(fields.text, "four");
    CY_OK(set(TEXT, "ab"));
    REFUSED(TEXT, "a", "'a' has 1 bytes instead of 2 to 4");
    REFUSED(TEXT, "fives", "'fives' has 5 bytes instead of 2 to 4");
    REFUSED(TEXT, "", "the value is empty");
    REFUSED(TEXT, "bad", "'bad' is what we do not want");
    CU_ASSERT_STRING_EQUAL(fields.text, "ab");
    cy_options_fini(&options);
}

static void
lists_are_cut_at_commas_and_grow_within_a_source(void)
{
    start();
    CY_OK(set(LIST, "a, b\t,c"));
    CU_ASSERT_EQUAL(fields.list.count, 3);
    CY_OK(set(LIST, "d"));
    CY_OK(cyi_option_set(&reader, (struct cyi_option_at){1, LIST}, "e,f", true));
    static const char *const expected[] = {"a", "b", "c", "d", "e,f"};
    CU_ASSERT_EQUAL_FATAL(fields.list.count, 5);
    for (int i = 0; i < 5; i++)
        CU_ASSERT_STRING_EQUAL(fields.list.items[i], expected[i]);
    cyi_option_new_source(&reader);
    CY_OK(set(LIST, "z"));
    CU_ASSERT_EQUAL(fields.list.count, 1);
    CY_OK(set(LIST, ""));
    CU_ASSERT_EQUAL(fields.list.count, 1);
    cyi_option_new_source(&reader);
    CY_OK(set(LIST, ""));
    CU_ASSERT_EQUAL(fields.list.count, 0);
    REFUSED(LIST, "a,,b", "the value is empty");
    REFUSED(LIST, "a, ", "the value is empty");
    REFUSED(LIST, "good,bad", "'bad' is what we do not want");
    cy_options_fini(&options);
}

static void
a_list_is_full_at_its_limit(void)
{
    char name[16];
    start();
    for (int i = 0; i < CY_OPTION_LIST_MAX; i++) {
        snprintf(name, sizeof name, "n%d", i);
        CY_OK(set(LIST, name));
    }
    CY_FAILS(set(LIST, "more"), -E2BIG);
    CU_ASSERT_STRING_EQUAL(options.error, "here: more than 1024 items");
    CU_ASSERT_EQUAL_FATAL(fields.list.count, CY_OPTION_LIST_MAX);
    for (int i = 0; i < CY_OPTION_LIST_MAX; i++) {
        snprintf(name, sizeof name, "n%d", i);
        CU_ASSERT_STRING_EQUAL(fields.list.items[i], name);
    }
    cy_options_fini(&options);
}

static void
an_item_is_refused_one_byte_past_its_limit(void)
{
    static char item[CY_OPTION_VALUE_MAX + 2];
    start();
    memset(item, 'i', CY_OPTION_VALUE_MAX);
    CY_OK(set(LIST, item));
    item[CY_OPTION_VALUE_MAX] = 'i';
    CY_FAILS(set(LIST, item), -EINVAL);
    CU_ASSERT_EQUAL(fields.list.count, 1);
    cy_options_fini(&options);
}

static void
fini_may_be_called_again(void)
{
    start();
    CY_OK(set(TEXT, "abc"));
    CU_ASSERT_PTR_NOT_NULL(options.owned);
    cy_options_fini(&options);
    CU_ASSERT_PTR_NULL(options.owned);
    cy_options_fini(&options);
}

CY_TEST_MAIN("runtime.options_value", CY_TEST(names_are_found_in_one_set_or_in_all),
             CY_TEST(numbers_are_taken_up_to_their_limits),
             CY_TEST(sizes_and_durations_are_taken_up_to_their_limits),
             CY_TEST(switches_know_four_pairs_of_words), CY_TEST(choices_are_their_index),
             CY_TEST(strings_are_copied_within_their_limits),
             CY_TEST(lists_are_cut_at_commas_and_grow_within_a_source),
             CY_TEST(a_list_is_full_at_its_limit),
             CY_TEST(an_item_is_refused_one_byte_past_its_limit),
             CY_TEST(fini_may_be_called_again))
