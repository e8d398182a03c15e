/* test_stream.c - marks, and what the readers tell of a stream. */
#include "cy_test.h"
#include "stream.h"

#include <errno.h>
#include <string.h>

enum { ID = 9, EVERY = 10 };

static struct load_stream stream;
static struct load_faults faults;

static cy_ref
reader(uint32_t slot)
{
    return (cy_ref){.node = 5, .slot = slot, .generation = 1};
}

static void
begin(uint32_t readers)
{
    memset(&faults, 0, sizeof faults);
    CY_OK(load_stream_begin(&stream, ID, readers, EVERY));
}

static int
hear(uint32_t slot, struct load_told told)
{
    told.stream = ID;
    return load_stream_hear(&stream, reader(slot), &told, &faults);
}

static void
a_mark_is_due_after_each_stretch_and_two_may_be_unanswered(void)
{
    begin(1);
    stream.sent = EVERY - 1;
    CU_ASSERT_FALSE(load_stream_mark_due(&stream));
    stream.sent = EVERY;
    CU_ASSERT_TRUE(load_stream_mark_due(&stream));
    stream.marked = EVERY;
    CU_ASSERT_FALSE(load_stream_mark_due(&stream));
    stream.sent = 2 * EVERY - 1;
    CU_ASSERT_FALSE(load_stream_full(&stream));
    stream.sent = (uint64_t) 2 * EVERY;
    CU_ASSERT_TRUE(load_stream_full(&stream));
    CY_OK(hear(1, (struct load_told){.number = EVERY, .distinct = EVERY}));
    CU_ASSERT_FALSE(load_stream_full(&stream));
    load_stream_fini(&stream);
}

static void
without_books_there_are_no_marks(void)
{
    begin(0);
    stream.sent = 1000;
    CU_ASSERT_FALSE(load_stream_mark_due(&stream));
    CU_ASSERT_FALSE(load_stream_full(&stream));
    CU_ASSERT_EQUAL(load_stream_confirmed(&stream), 0);
    CU_ASSERT_EQUAL(load_stream_lost(&stream), 0);
    CY_FAILS(hear(1, (struct load_told){.number = 1}), -EBADMSG);
    load_stream_fini(&stream);
}

static void
what_the_slowest_reader_has_told_of_is_confirmed(void)
{
    begin(2);
    stream.sent = 30;
    CY_OK(hear(1, (struct load_told){.number = 20, .distinct = 20}));
    CU_ASSERT_EQUAL(load_stream_confirmed(&stream), 0);
    CY_OK(hear(2, (struct load_told){.number = 10, .distinct = 10}));
    CU_ASSERT_EQUAL(load_stream_confirmed(&stream), 10);
    CY_OK(hear(2, (struct load_told){.number = 30, .distinct = 30}));
    CU_ASSERT_EQUAL(load_stream_confirmed(&stream), 20);
    CY_FAILS(hear(3, (struct load_told){.number = 30}), -EBADMSG); /* who is that? */
    load_stream_fini(&stream);
}

static void
faults_are_added_once_and_what_is_missing_is_lost(void)
{
    begin(2);
    stream.sent = 100;
    CY_OK(hear(
        1, (struct load_told){.number = 50, .distinct = 47, .duplicated = 2, .corrupted = 1}));
    CY_OK(hear(
        1,
        (struct load_told){
            .number = 100, .distinct = 96, .duplicated = 3, .reordered = 5, .corrupted = 1}));
    CY_OK(hear(2, (struct load_told){.number = 100, .distinct = 100}));
    CU_ASSERT_EQUAL(faults.duplicated, 3);
    CU_ASSERT_EQUAL(faults.reordered, 5);
    CU_ASSERT_EQUAL(faults.corrupted, 1);
    CU_ASSERT_EQUAL(load_stream_lost(&stream), 3); /* 4 did not come, 1 of them damaged */
    CU_ASSERT_EQUAL(load_stream_confirmed(&stream), 100);
    load_stream_fini(&stream);
}

static void
what_makes_no_sense_is_refused(void)
{
    struct load_told other = {.stream = ID + 1};
    begin(1);
    stream.sent = 10;
    CY_FAILS(load_stream_hear(&stream, reader(1), &other, &faults), -EBADMSG);
    CY_FAILS(hear(1, (struct load_told){.number = 11}), -EBADMSG);
    CY_OK(hear(1, (struct load_told){.number = 10, .distinct = 9}));
    CY_FAILS(hear(1, (struct load_told){.number = 10, .distinct = 8}), -EBADMSG);
    CY_FAILS(hear(1, (struct load_told){.number = 9, .distinct = 9}), -EBADMSG);
    CU_ASSERT_EQUAL(load_stream_lost(&stream), 1);
    load_stream_fini(&stream);
}

static void
a_reader_without_room_for_a_book_proves_nothing(void)
{
    begin(1);
    stream.sent = (uint64_t) 5 * EVERY;
    CY_OK(hear(1, (struct load_told){.number = EVERY, .error = -ENOBUFS}));
    CU_ASSERT_FALSE(load_stream_mark_due(&stream));
    CU_ASSERT_FALSE(load_stream_full(&stream));
    CU_ASSERT_EQUAL(load_stream_confirmed(&stream), 0);
    CU_ASSERT_EQUAL(load_stream_lost(&stream), 0);
    load_stream_fini(&stream);
}

static void
the_next_stream_may_have_more_readers(void)
{
    begin(1);
    stream.sent = 3;
    CY_OK(hear(1, (struct load_told){.number = 3, .distinct = 3}));
    begin(3);
    CU_ASSERT_EQUAL(stream.sent + stream.heard, 0);
    stream.sent = 1;
    for (uint32_t i = 1; i <= 3; i++)
        CY_OK(hear(i, (struct load_told){.number = 1, .distinct = 1}));
    CU_ASSERT_EQUAL(load_stream_confirmed(&stream), 1);
    load_stream_fini(&stream);
}

CY_TEST_MAIN("load.stream", CY_TEST(a_mark_is_due_after_each_stretch_and_two_may_be_unanswered),
             CY_TEST(without_books_there_are_no_marks),
             CY_TEST(what_the_slowest_reader_has_told_of_is_confirmed),
             CY_TEST(faults_are_added_once_and_what_is_missing_is_lost),
             CY_TEST(what_makes_no_sense_is_refused),
             CY_TEST(a_reader_without_room_for_a_book_proves_nothing),
             CY_TEST(the_next_stream_may_have_more_readers))
