#include "cy_test.h"
#include "options.h"

#include <string.h>

static struct cy_options options;

#define REFUSED(says)                                  \
    do {                                               \
        CY_FAILS(cy_options_check(&options), -EINVAL); \
        CU_ASSERT_STRING_EQUAL(options.error, says);   \
        cy_options_init(&options);                     \
    } while (0)

static void
numbers_filled_in_by_hand_are_checked(void)
{
    cy_options_init(&options);
    options.cores = CY_CORES_MAX + 1;
    REFUSED("option cores: '1025' is not a number from 0 to 1024");
    options.mailbox_max = 0;
    REFUSED("option mailbox-max: '0' is not a number from 1 to 16777216");
    options.stack_bytes = 16383;
    REFUSED("option stack: '16383' is not a size from 16k to 64m");
    options.stack_bytes = UINT64_MAX;
    REFUSED("option stack: 'less than 0' is not a size from 16k to 64m");
    options.stall_ns = CY_HOUR + 1;
    REFUSED("option stall: '3600000000001ns' is not a duration from 0 to 1h with its unit, "
            "such as 250us");
    options.stall_ns = -1;
    REFUSED("option stall: 'less than 0' is not a duration from 0 to 1h with its unit, "
            "such as 250us");
    CY_OK(cy_options_check(&options));
}

static void
choices_filled_in_by_hand_are_checked(void)
{
    cy_options_init(&options);
    for (int level = CY_LOG_DEBUG; level <= CY_LOG_OFF; level++) {
        options.log_level = (enum cy_log_level) level;
        CY_OK(cy_options_check(&options));
    }
    memset(&options.log_level, 5, 1);
    REFUSED("option log-level: 'this number' is not one of debug, info, warn, error, off");
    memset(&options.log_level, 0xff, sizeof options.log_level);
    REFUSED("option log-level: 'this number' is not one of debug, info, warn, error, off");
}

static void
strings_filled_in_by_hand_are_checked(void)
{
    cy_options_init(&options);
    options.name = "";
    REFUSED("option name: the value is empty");
    options.name = "a b";
    REFUSED("option name: 'a b' has a blank, a comma, a quote, = or a byte beyond ASCII");
    options.name = "a";
    CY_OK(cy_options_check(&options));
}

static void
lists_filled_in_by_hand_are_checked(void)
{
    static const char *const items[] = {"a", NULL, ""};
    static const char *many[17];
    for (int i = 0; i < 17; i++)
        many[i] = "a";
    cy_options_init(&options);
    options.node = (struct cy_option_list){items, 2};
    REFUSED("option node: item 1 is NULL");
    options.node = (struct cy_option_list){items + 2, 1};
    REFUSED("option node: the value is empty");
    options.node = (struct cy_option_list){NULL, 1};
    REFUSED("option node: a count but no items");
    options.node = (struct cy_option_list){many, 16};
    CY_OK(cy_options_check(&options));
    options.node = (struct cy_option_list){many, 17};
    REFUSED("option node: more than 16 items");
}

static struct cyi_option_reader reader;

static const char *
failure(const char *where, const char *value)
{
    reader.options = &options;
    snprintf(reader.where, sizeof reader.where, "%s", where);
    CY_FAILS(cyi_option_fail(&reader, value, "is %s", "wrong"), -EINVAL);
    return options.error;
}

static void
a_value_is_shown_as_printable_text(void)
{
    CU_ASSERT_STRING_EQUAL(failure("x", "a\n\x1b\xff"), "x: 'a\\x0a\\x1b\\xff' is wrong");
    CU_ASSERT_STRING_EQUAL(failure("x", NULL), "x: is wrong");
    CU_ASSERT_STRING_EQUAL(failure("a\nb", NULL), "a?b: is wrong");
}

static void
a_long_value_is_cut_one_byte_past_sixty(void)
{
    char value[62] = "", expected[100];
    memset(value, 'v', 60);
    snprintf(expected, sizeof expected, "x: '%s' is wrong", value);
    CU_ASSERT_STRING_EQUAL(failure("x", value), expected);
    snprintf(expected, sizeof expected, "x: '%s...' is wrong", value);
    value[60] = 'v';
    CU_ASSERT_STRING_EQUAL(failure("x", value), expected);
}

static void
the_longest_message_fits(void)
{
    char where[400], value[400];
    memset(where, 'w', sizeof where - 1);
    memset(value, '\n', sizeof value - 1);
    where[sizeof where - 1] = value[sizeof value - 1] = '\0';
    const char *text = failure(where, value);
    CU_ASSERT_TRUE(strlen(text) < sizeof options.error);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\\x0a...'"));
}

static void
choices_out_of_range_are_shown_as_something(void)
{
    struct cy_option option = {"c", CY_OPTION_CHOICE, 0, 0, 0, "a|b", "", NULL};
    char text[CYI_OPTION_TEXT_MAX];
    int value = 1;
    cyi_option_text(&option, &value, text);
    CU_ASSERT_STRING_EQUAL(text, "b");
    value = 1000;
    cyi_option_text(&option, &value, text);
    CU_ASSERT_STRING_EQUAL(text, "b");
}

CY_TEST_MAIN("runtime.options_check", CY_TEST(numbers_filled_in_by_hand_are_checked),
             CY_TEST(choices_filled_in_by_hand_are_checked),
             CY_TEST(strings_filled_in_by_hand_are_checked),
             CY_TEST(lists_filled_in_by_hand_are_checked),
             CY_TEST(a_value_is_shown_as_printable_text),
             CY_TEST(a_long_value_is_cut_one_byte_past_sixty),
             CY_TEST(the_longest_message_fits),
             CY_TEST(choices_out_of_range_are_shown_as_something))
