/* test_align.c - the explanation of replies that are out of step. */
#include "align.h"
#include "cy_test.h"

#include <string.h>

static struct load_alignment a;

/* Requests and replies as letters: a GET of that key, or its value; '!' is damaged. */
static void
align(const char *requests, const char *replies, uint32_t guard)
{
    memset(&a, 0, sizeof a);
    a.final = guard == 0;
    a.requests = (uint32_t) strlen(requests);
    a.replies = (uint32_t) strlen(replies);
    for (uint32_t i = 0; i < a.requests; i++)
        a.request[i] =
            (struct load_request){.operation = LOAD_GET, .key = (unsigned) requests[i]};
    for (uint32_t j = 0; j < a.replies; j++)
        a.reply[j] = (struct load_reply){.kind = replies[j] == '!' ? LOAD_DAMAGED : LOAD_VALUE,
                                         .key = (unsigned) replies[j]};
    load_align(&a, guard);
}

static bool
found(uint64_t lost, uint64_t duplicated, uint64_t reordered, uint64_t corrupted)
{
    return a.faults.lost == lost && a.faults.duplicated == duplicated &&
           a.faults.reordered == reordered && a.faults.corrupted == corrupted;
}

static void
each_kind_of_step_is_recognised(void)
{
    align("abcdef", "acdef", 0);
    CU_ASSERT_TRUE(found(1, 0, 0, 0));
    align("abcdef", "aabcdef", 0);
    CU_ASSERT_TRUE(found(0, 1, 0, 0));
    align("abcdef", "bacdef", 0);
    CU_ASSERT_TRUE(found(0, 0, 1, 0));
    align("abcdef", "a!cdef", 0);
    CU_ASSERT_TRUE(found(0, 0, 0, 1));
    align("abcdef", "axcdef", 0);
    CU_ASSERT_TRUE(found(0, 0, 0, 1));
    align("abcdef", "axbcdef", 0);
    CU_ASSERT_TRUE(found(0, 0, 0, 1));
}

static void
requests_behind_the_last_reply_are_not_lost(void)
{
    align("abcdef", "ac", 1000);
    CU_ASSERT_TRUE(found(1, 0, 0, 0));
    CU_ASSERT_EQUAL(a.judged_requests, 3);
    CU_ASSERT_EQUAL(a.judged_replies, 2);
}

static void
at_the_end_they_are(void)
{
    align("abcdef", "ac", 0);
    CU_ASSERT_TRUE(found(4, 0, 0, 0));
    CU_ASSERT_EQUAL(a.judged_requests, 6);
}

static void
partners_name_the_reply_of_each_request(void)
{
    align("abcd", "badc", 0);
    CU_ASSERT_EQUAL(a.partner[0], 1);
    CU_ASSERT_EQUAL(a.partner[1], 0);
    CU_ASSERT_EQUAL(a.partner[2], 3);
    CU_ASSERT_TRUE(found(0, 0, 2, 0));
}

static void
judging_stops_before_the_first_run_that_is_in_step(void)
{
    align("abcdefghijkl", "acdefghijkl", 4);
    CU_ASSERT_EQUAL(a.judged_replies, 1);
    CU_ASSERT_EQUAL(a.judged_requests, 2);
    CU_ASSERT_TRUE(found(1, 0, 0, 0));
}

static void
without_such_a_run_all_is_judged(void)
{
    align("abcdefgh", "acdfgh", 4);
    CU_ASSERT_EQUAL(a.judged_replies, 6);
    CU_ASSERT_EQUAL(a.judged_requests, 8);
    CU_ASSERT_TRUE(found(2, 0, 0, 0));
}

static void
the_largest_alignment_fits(void)
{
    char requests[LOAD_ALIGN_MAX + 1] = {0}, replies[LOAD_DOUBT_MAX + 1] = {0};
    memset(requests, 'x', LOAD_ALIGN_MAX);
    memset(replies, 'y', LOAD_DOUBT_MAX);
    align(requests, replies, 0);
    CU_ASSERT_TRUE(found(LOAD_ALIGN_MAX - LOAD_DOUBT_MAX, 0, 0, LOAD_DOUBT_MAX));
    CU_ASSERT_EQUAL(a.judged_requests, LOAD_ALIGN_MAX);
}

CY_TEST_MAIN("load.align", CY_TEST(each_kind_of_step_is_recognised),
             CY_TEST(requests_behind_the_last_reply_are_not_lost), CY_TEST(at_the_end_they_are),
             CY_TEST(partners_name_the_reply_of_each_request),
             CY_TEST(judging_stops_before_the_first_run_that_is_in_step),
             CY_TEST(without_such_a_run_all_is_judged), CY_TEST(the_largest_alignment_fits))
