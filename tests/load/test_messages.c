/* test_messages.c - what generators tell arrives as it was said. */
#include "cy_node.h"
#include "messages.h"

#include <string.h>

static int
say_and_hear_seconds(void *arg)
{
    struct load_histogram *said = load_histogram_create(), *heard = load_histogram_create();
    const struct load_msg_second head = {1, 2, 3, 4, 5, 6, 7};
    struct load_msg_second got;
    cy_msg *msg = NULL;
    (void) arg;
    for (int64_t v = 1; v < 1000000; v += v)
        load_histogram_record(said, v);
    CY_CHECK_EQ(load_send_second(cy_self(), &head, said), 0);
    CY_CHECK_EQ(cy_receive(&msg, CY_NOW), 0);
    CY_CHECK_EQ(cy_msg_tag(msg), LOAD_MSG_SECOND);
    CY_CHECK_EQ(load_read_second(msg, &got, heard), 0);
    CY_CHECK_EQ(memcmp(&got, &head, sizeof got), 0);
    CY_CHECK_EQ(memcmp(heard, said, sizeof *said), 0);
    cy_msg_truncate(msg, cy_msg_size(msg) - 1);
    CY_CHECK_EQ(load_read_second(msg, &got, heard), -EBADMSG);
    cy_msg_truncate(msg, sizeof head - 1);
    CY_CHECK_EQ(load_read_second(msg, &got, heard), -EBADMSG);
    cy_msg_free(&msg);
    load_histogram_free(&said);
    load_histogram_free(&heard);
    return 0;
}

static int
say_and_hear_the_last_word(void *arg)
{
    struct load_histogram *c = load_histogram_create(), *r = load_histogram_create();
    struct load_histogram *heard_c = load_histogram_create(),
                          *heard_r = load_histogram_create();
    struct load_msg_done head = {.part = 3, .connections = 9, .busy = 0.5}, got;
    cy_msg *msg = NULL;
    (void) arg;
    head.counters.faults.stale = 11;
    load_histogram_record(c, 1000);
    load_histogram_record(r, 900);
    load_histogram_record(r, 800);
    CY_CHECK_EQ(load_send_done(cy_self(), &head, c, r), 0);
    CY_CHECK_EQ(cy_receive(&msg, CY_NOW), 0);
    CY_CHECK_EQ(load_read_done(msg, &got, heard_c, heard_r), 0);
    CY_CHECK_EQ(got.counters.faults.stale, 11);
    CY_CHECK_EQ(got.connections, 9);
    CY_CHECK_EQ(memcmp(heard_c, c, sizeof *c), 0);
    CY_CHECK_EQ(memcmp(heard_r, r, sizeof *r), 0);
    got.corrected_bytes = cy_msg_size(msg);
    memcpy(cy_msg_body(msg), &got, sizeof got);
    CY_CHECK_EQ(load_read_done(msg, &got, heard_c, heard_r), -EBADMSG);
    cy_msg_truncate(msg, sizeof head - 1);
    CY_CHECK_EQ(load_read_done(msg, &got, heard_c, heard_r), -EBADMSG);
    cy_msg_free(&msg);
    load_histogram_free(&c);
    load_histogram_free(&r);
    load_histogram_free(&heard_c);
    load_histogram_free(&heard_r);
    return 0;
}

static void
a_second_arrives_whole_or_is_refused(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, say_and_hear_seconds, NULL), 0);
}

static void
the_last_word_arrives_whole_or_is_refused(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, say_and_hear_the_last_word, NULL), 0);
}

CY_TEST_MAIN("load.messages", CY_TEST(a_second_arrives_whole_or_is_refused),
             CY_TEST(the_last_word_arrives_whole_or_is_refused))
