/* test_assignment.c - an order for another node arrives as it was given, or is refused. */
#include "assignment.h"
#include "cy_node.h"

#include <cycos/value.h>
#include <string.h>

enum { TAG = 33 };

static struct load_assignment given, got;

static void
give(void)
{
    given = (struct load_assignment){.trial_rate = 1250.5,
                                     .first = 2,
                                     .count = 3,
                                     .parts = 8,
                                     .run = 4000000000,
                                     .fill = true};
    snprintf(given.target, sizeof given.target, "task://name");
    load_flags_init(&given.flags);
    given.flags.rate = "50k";
    given.flags.key_prefix = "";
    given.flags.verb = LOAD_VERB_DELIVER;
    given.flags.connections = 100000;
    given.flags.books = false;
    given.flags.timeout_ns = 1234567;
}

static int
pass_on(void)
{
    cy_msg *msg = NULL;
    CY_CHECK_EQ(load_assignment_write(&msg, &given, TAG), 0);
    CY_CHECK_EQ(cy_msg_tag(msg), TAG);
    int rc = load_assignment_read(&got, msg);
    cy_msg_free(&msg);
    return rc;
}

static int
read_what_was_written(void *arg)
{
    (void) arg;
    give();
    CY_CHECK_EQ(pass_on(), 0);
    CY_CHECK(strcmp(got.target, "task://name") == 0);
    CY_CHECK(got.trial_rate > 1250 && got.trial_rate < 1251);
    CY_CHECK_EQ(got.first, 2);
    CY_CHECK_EQ(got.count, 3);
    CY_CHECK_EQ(got.parts, 8);
    CY_CHECK_EQ(got.run, 4000000000);
    CY_CHECK(got.fill && !got.flags.books && got.flags.progress);
    CY_CHECK(strcmp(got.flags.rate, "50k") == 0);
    CY_CHECK(strcmp(got.flags.key_prefix, "") == 0);
    CY_CHECK(got.flags.stages == NULL);
    CY_CHECK_EQ(got.flags.verb, LOAD_VERB_DELIVER);
    CY_CHECK_EQ(got.flags.arrival, -1);
    CY_CHECK_EQ(got.flags.connections, 100000);
    CY_CHECK_EQ(got.flags.timeout_ns, 1234567);
    load_assignment_fini(&got);
    return 0;
}

static void
refused(void)
{
    CY_CHECK_EQ(pass_on(), -EBADMSG);
    CY_CHECK(got.texts == NULL);
    give();
}

static int
read_what_is_out_of_range(void *arg)
{
    (void) arg;
    give();
    given.flags.connections = 100001;
    refused();
    given.flags.connections = 0;
    refused();
    given.flags.verb = LOAD_VERB_SEND + 1;
    refused();
    given.flags.verb = -2;
    refused();
    given.flags.timeout_ns = CY_HOUR + 1;
    refused();
    given.count = 0;
    refused();
    given.first = 8;
    refused();
    given.first = 6;
    refused();
    given.first = 5;
    CY_CHECK_EQ(pass_on(), 0);
    load_assignment_fini(&got);
    given.trial_rate = -1;
    refused();
    given.trial_rate = 2e12;
    refused();
    return 0;
}

/* Cut anywhere, or with any byte changed, it is refused or still one in range. */
static int
read_what_is_damaged(void *arg)
{
    cy_msg *msg = NULL, *copy = NULL;
    (void) arg;
    give();
    CY_CHECK_EQ(load_assignment_write(&msg, &given, TAG), 0);
    size_t size = cy_msg_size(msg);
    for (size_t i = 0; i < size; i++) {
        CY_CHECK_EQ(cy_msg_copy(&copy, TAG, cy_msg_body(msg), i), 0);
        CY_CHECK_EQ(load_assignment_read(&got, copy), -EBADMSG);
        cy_msg_free(&copy);
        CY_CHECK_EQ(cy_msg_copy(&copy, TAG, cy_msg_body(msg), size), 0);
        ((unsigned char *) cy_msg_body(copy))[i] ^= 0x41;
        if (load_assignment_read(&got, copy) == 0) {
            CY_CHECK(got.count <= got.parts && got.flags.connections <= 100000);
            load_assignment_fini(&got);
        }
        cy_msg_free(&copy);
    }
    cy_msg_free(&msg);
    return 0;
}

static void
an_order_arrives_as_it_was_given(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, read_what_was_written, NULL), 0);
}

static void
what_no_command_line_could_say_is_refused(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, read_what_is_out_of_range, NULL), 0);
}

static void
damage_is_refused(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, read_what_is_damaged, NULL), 0);
}

CY_TEST_MAIN("load.assignment", CY_TEST(an_order_arrives_as_it_was_given),
             CY_TEST(what_no_command_line_could_say_is_refused), CY_TEST(damage_is_refused))
