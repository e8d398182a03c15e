/* test_value_msg.c - bodies in messages: sent, received, grown to the limit, given up. */
#include "cy_node.h"

#include <cycos/impl/core.h>
#include <cycos/value.h>
#include <stdlib.h>
#include <string.h>

enum { TAG_ORDER = 7 };

static int
write_order(cy_msg **msg)
{
    cy_value_writer w;
    cy_value_writer_init_msg(&w, TAG_ORDER);
    cy_value_put_map(&w, 2);
    cy_value_put_text(&w, "id"), cy_value_put_int(&w, 4711);
    cy_value_put_text(&w, "buyer"), cy_value_put_ref(&w, cy_self());
    return cy_value_finish_msg(&w, msg);
}

static int
answer_orders(void *arg)
{
    cy_msg *msg;
    (void) arg;
    CY_CHECK_EQ(cy_receive(&msg, CY_FOREVER), 0);
    cy_value_reader r, order, id, buyer;
    int64_t number = 0;
    cy_ref ref = CY_NOBODY;
    CY_CHECK_EQ(cy_msg_tag(msg), TAG_ORDER);
    CY_CHECK_EQ(cy_value_reader_init_msg(&r, msg), 0);
    CY_CHECK_EQ(cy_value_get_map(&r, &order), 0);
    CY_CHECK_EQ(cy_value_find(&order, "id", &id), 0);
    CY_CHECK_EQ(cy_value_get_int(&id, &number), 0);
    CY_CHECK_EQ(number, 4711);
    CY_CHECK_EQ(cy_value_find(&order, "buyer", &buyer), 0);
    CY_CHECK_EQ(cy_value_get_ref(&buyer, &ref), 0);
    CY_CHECK_EQ(cy_send(ref, &msg), 0);
    return 0;
}

static int
order_main(void *arg)
{
    cy_ref seller;
    cy_msg *msg = NULL;
    (void) arg;
    CY_CHECK_EQ(cy_task_spawn_on(&seller, 1, answer_orders, NULL, NULL), 0);
    CY_CHECK_EQ(write_order(&msg), 0);
    CY_CHECK_EQ(cy_send(seller, &msg), 0);
    CY_CHECK_EQ(cy_receive(&msg, CY_FOREVER), 0);
    CY_CHECK(cy_ref_equal(cy_msg_sender(msg), seller));
    cy_msg_free(&msg);
    return 0;
}

static void
a_reference_in_a_body_can_be_answered(void)
{
    CU_ASSERT_EQUAL(cy_node_run(2, order_main, NULL), 0);
}

/* Writes `size` bytes in pieces; the writer moves from block to block meanwhile. */
static int
write_bytes(cy_msg **msg, size_t pieces, size_t piece)
{
    uint8_t *bytes = calloc(1, piece + 1);
    cy_value_writer w;
    cy_value_writer_init_msg(&w, 1);
    cy_value_put_list(&w, pieces);
    for (size_t i = 0; i < pieces; i++) {
        memset(bytes, (int) (i % 251), piece);
        cy_value_put_bytes(&w, bytes, piece);
    }
    free(bytes);
    return cy_value_finish_msg(&w, msg);
}

static int
grow_main(void *arg)
{
    static const size_t PIECES[] = {0, 1, 20, 190, 191, 192, 1000, 10000};
    (void) arg;
    for (size_t i = 0; i < sizeof PIECES / sizeof *PIECES; i++) {
        cy_msg *msg = NULL;
        cy_value_reader r, list;
        const void *bytes = NULL;
        size_t size = 0, count = 0;
        CY_CHECK_EQ(write_bytes(&msg, PIECES[i], 9), 0);
        CY_CHECK_EQ(cy_value_reader_init_msg(&r, msg), 0);
        CY_CHECK_EQ(cy_value_get_list(&r, &list), 0);
        for (; cy_value_get_bytes(&list, &bytes, &size) == 0; count++)
            CY_CHECK(size == 9 && ((const uint8_t *) bytes)[8] == count % 251);
        CY_CHECK_EQ(count, PIECES[i]);
        cy_msg_free(&msg);
    }
    return 0;
}

static void
a_message_grows_with_its_body_and_has_its_size(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, grow_main, NULL), 0);
}

/* A list of one: its head, the head of the bytes, the bytes. */
static int
limit_main(void *arg)
{
    cy_msg *msg = NULL;
    (void) arg;
    CY_CHECK_EQ(write_bytes(&msg, 1, CY_MSG_MAX - 6), 0);
    CY_CHECK_EQ(cy_msg_size(msg), CY_MSG_MAX);
    cy_msg_free(&msg);
    CY_CHECK_EQ(write_bytes(&msg, 1, CY_MSG_MAX - 5), -EMSGSIZE);
    CY_CHECK(msg == NULL);
    CY_CHECK_EQ(write_bytes(&msg, 3, CY_MSG_MAX / 3 - 6), 0); /* doubling would be too much */
    cy_msg_free(&msg);
    return 0;
}

static void
a_message_grows_to_the_limit_and_no_further(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, limit_main, NULL), 0);
}

static int
failure_main(void *arg)
{
    cy_msg *msg = NULL;
    cy_value_writer w;
    (void) arg;
    cy_value_writer_init_msg(&w, CY_TAG_SYSTEM);
    cy_value_put_nil(&w);
    CY_CHECK_EQ(cy_value_finish_msg(&w, &msg), -EINVAL);
    cy_value_writer_init_msg(&w, 1);
    CY_CHECK_EQ(cy_value_finish_msg(&w, &msg), -EINVAL); /* no value */
    cy_value_writer_init_msg(&w, 1);
    cy_value_put_list(&w, 1);
    cy_value_put_text(&w, "\x80");
    CY_CHECK_EQ(cy_value_finish_msg(&w, &msg), -EILSEQ);
    CY_CHECK_EQ(cy_value_finish_msg(&w, &msg), -EINVAL); /* again: there is nothing any more */
    CY_CHECK(msg == NULL);
    return 0;
}

static void
a_body_that_went_wrong_leaves_no_message(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, failure_main, NULL), 0);
}

/* The first block, or a later one when some of the body is written. */
static int
no_memory_main(void *arg)
{
    struct cyi_heap *heap = &cyi_current()->heap;
    (void) arg;
    for (uint64_t nth = 0; nth < 3; nth++) {
        cy_msg *msg = NULL;
        heap->fail_at = heap->taken + nth;
        CY_CHECK_EQ(write_bytes(&msg, 100, 9), -ENOMEM);
        CY_CHECK(msg == NULL);
    }
    return 0;
}

static void
no_memory_to_grow_in_is_an_error(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, no_memory_main, NULL), 0);
}

static int
given_up_main(void *arg)
{
    cy_msg *msg = NULL;
    cy_value_writer w;
    (void) arg;
    cy_value_writer_init_msg(&w, 1);
    cy_value_writer_fini(&w); /* nothing was written */
    cy_value_writer_init_msg(&w, 1);
    cy_value_put_list(&w, 5);
    cy_value_writer_fini(&w);
    cy_value_writer_fini(&w);
    cy_value_put_nil(&w); /* comes to nothing */
    CY_CHECK_EQ(cy_value_finish_msg(&w, &msg), -EINVAL);
    CY_CHECK_EQ(write_bytes(&msg, 1, 1), 0);
    cy_msg_free(&msg);
    return 0;
}

static void
a_writer_can_be_given_up_at_any_time(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, given_up_main, NULL), 0);
}

static int
foreign_main(void *arg)
{
    cy_msg *msg = NULL;
    cy_value_reader r = {.left = 77};
    (void) arg;
    CY_CHECK_EQ(cy_msg_copy(&msg, 1, "plain text", 10), 0);
    CY_CHECK_EQ(cy_value_reader_init_msg(&r, msg), -EBADMSG);
    cy_msg_free(&msg);
    CY_CHECK_EQ(cy_msg_create(&msg, 1, 0), 0);
    CY_CHECK_EQ(cy_value_reader_init_msg(&r, msg), -EBADMSG);
    CY_CHECK_EQ(r.left, 77);
    cy_msg_free(&msg);
    return 0;
}

static void
a_message_of_another_kind_is_refused(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, foreign_main, NULL), 0);
}

CY_TEST_MAIN("runtime.value_msg", CY_TEST(a_reference_in_a_body_can_be_answered),
             CY_TEST(a_message_grows_with_its_body_and_has_its_size),
             CY_TEST(a_message_grows_to_the_limit_and_no_further),
             CY_TEST(a_body_that_went_wrong_leaves_no_message),
             CY_TEST(no_memory_to_grow_in_is_an_error),
             CY_TEST(a_writer_can_be_given_up_at_any_time),
             CY_TEST(a_message_of_another_kind_is_refused))
