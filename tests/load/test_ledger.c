/* test_ledger.c - each fault of a server is counted as what it is, and once. */
#include "cy_test.h"
#include "ledger.h"
#include "random.h"

#include <stdlib.h>
#include <string.h>

enum { KEYS = 50, REQUESTS = 400 };

static struct load_ledger ledger;
static uint64_t answers;

static void
count_answer(void *arg, const struct load_request *request, const struct load_reply *reply)
{
    (void) arg;
    (void) request;
    (void) reply;
    answers++;
}

static void
open_ledger(uint32_t depth)
{
    answers = 0;
    CY_OK(load_ledger_init(&ledger, depth, count_answer, NULL));
}

static struct load_request
request(enum load_operation operation, uint32_t key, uint32_t version)
{
    return (struct load_request){.operation = operation, .key = key, .version = version};
}

static struct load_reply
answer_to(const struct load_request *request)
{
    struct load_reply reply = {
        .kind = LOAD_VALUE, .key = request->key, .version = request->version, .ours = true};
    if (request->operation == LOAD_SET)
        reply.kind = LOAD_OK;
    return reply;
}

static bool
faults_are(uint64_t lost, uint64_t duplicated, uint64_t reordered, uint64_t corrupted)
{
    const struct load_faults *f = &ledger.faults;
    bool same = f->lost == lost && f->duplicated == duplicated && f->reordered == reordered &&
                f->corrupted == corrupted;
    if (!same)
        printf("lost %d duplicated %d reordered %d corrupted %d\n", (int) f->lost,
               (int) f->duplicated, (int) f->reordered, (int) f->corrupted);
    return same;
}

/* A script of requests and replies; the replies are played with a pipeline of some depth. */
static struct load_request sent[REQUESTS];
static struct load_reply got[REQUESTS + 8];
static unsigned replies;

static void
script(uint64_t seed, unsigned get_percent, unsigned tag_every)
{
    struct load_random random;
    load_random_seed(&random, seed, 0);
    replies = REQUESTS;
    for (uint32_t i = 0; i < REQUESTS; i++) {
        bool get = load_random_below(&random, 100) < get_percent;
        uint32_t key = (uint32_t) load_random_below(&random, KEYS);
        sent[i] = request(get ? LOAD_GET : LOAD_SET, key, i + 1);
        if (tag_every > 0 && i % tag_every == tag_every - 1)
            sent[i] = request(LOAD_TAG, UINT32_MAX, i + 1);
        got[i] = answer_to(&sent[i]);
    }
}

static void
drop(unsigned at)
{
    memmove(&got[at], &got[at + 1], (--replies - at) * sizeof got[0]);
}

static void
repeat(unsigned at)
{
    memmove(&got[at + 1], &got[at], (replies++ - at) * sizeof got[0]);
}

static void
exchange(unsigned a, unsigned b)
{
    struct load_reply kept = got[a];
    got[a] = got[b];
    got[b] = kept;
}

/* Moves a reply some places back. */
static void
delay(unsigned at, unsigned places)
{
    for (unsigned i = 0; i < places; i++)
        exchange(at + i, at + i + 1);
}

static void
play(uint32_t depth)
{
    unsigned next = 0, at = 0;
    open_ledger(depth);
    while (at < replies) {
        while (next < REQUESTS && load_ledger_room(&ledger) > 0)
            *load_ledger_push(&ledger) = sent[next++];
        load_ledger_reply(&ledger, &got[at++]);
    }
    while (next < REQUESTS && load_ledger_room(&ledger) > 0)
        *load_ledger_push(&ledger) = sent[next++];
    load_ledger_close(&ledger);
    load_ledger_fini(&ledger);
}

static void
an_honest_server_has_no_faults(void)
{
    for (uint32_t depth = 1; depth <= 64; depth *= 2) {
        script(depth, 70, 20);
        play(depth);
        CU_ASSERT_TRUE(faults_are(0, 0, 0, 0));
        CU_ASSERT_EQUAL(answers, REQUESTS);
    }
}

static void
room_and_outstanding_follow_the_depth(void)
{
    open_ledger(3);
    CU_ASSERT_EQUAL(load_ledger_room(&ledger), 3);
    CU_ASSERT_EQUAL(load_ledger_oldest(&ledger), INT64_MAX);
    for (uint32_t i = 0; i < 3; i++) {
        *load_ledger_push(&ledger) = request(LOAD_SET, 1, i + 1);
        ledger.ring[i].sent_ns = 10 + i;
    }
    CU_ASSERT_EQUAL(load_ledger_room(&ledger), 0);
    CU_ASSERT_EQUAL(load_ledger_oldest(&ledger), 10);
    struct load_reply ok = {.kind = LOAD_OK};
    load_ledger_reply(&ledger, &ok);
    CU_ASSERT_EQUAL(load_ledger_outstanding(&ledger), 2);
    CU_ASSERT_EQUAL(load_ledger_oldest(&ledger), 11);
    load_ledger_close(&ledger);
    CU_ASSERT_TRUE(faults_are(2, 0, 0, 0));
    load_ledger_fini(&ledger);
}

/* Every kind of fault, at many places, with many pipelines: counted as exactly that. */
static void
one_lost_reply_counts_as_one(void)
{
    for (uint32_t depth = 2; depth <= 64; depth *= 2)
        for (unsigned at = 0; at < REQUESTS; at += 7) {
            script(at, 70, 0);
            drop(at);
            play(depth);
            CU_ASSERT_TRUE(faults_are(1, 0, 0, 0));
            CU_ASSERT_EQUAL(answers, REQUESTS - 1);
        }
}

static void
one_repeated_reply_counts_as_one(void)
{
    for (uint32_t depth = 1; depth <= 64; depth *= 2)
        for (unsigned at = 0; at < REQUESTS; at += 7) {
            script(at, 70, 0);
            repeat(at);
            play(depth);
            CU_ASSERT_TRUE(faults_are(0, 1, 0, 0));
            CU_ASSERT_EQUAL(answers, REQUESTS);
        }
}

static bool
tell_apart(unsigned a, unsigned b)
{
    return got[a].kind != got[b].kind || (got[a].kind != LOAD_OK && got[a].key != got[b].key);
}

static void
two_exchanged_replies_count_as_one_reordered(void)
{
    for (uint32_t depth = 2; depth <= 64; depth *= 2)
        for (unsigned at = 0; at + 1 < REQUESTS; at += 7) {
            script(at, 70, 0);
            unsigned expected = tell_apart(at, at + 1);
            exchange(at, at + 1);
            play(depth);
            CU_ASSERT_TRUE(faults_are(0, 0, expected, 0));
            CU_ASSERT_EQUAL(answers, REQUESTS);
        }
}

static void
a_reply_that_comes_five_places_late_counts_as_one_reordered(void)
{
    for (uint32_t depth = 8; depth <= 64; depth *= 2)
        for (unsigned at = 0; at + 5 < REQUESTS; at += 7) {
            script(at, 100, 0);
            for (unsigned i = 0; i < REQUESTS; i++) {
                sent[i].key = got[i].key =
                    i; /* no two alike, so that the move is sure to show */
            }
            delay(at, 5);
            play(depth);
            CU_ASSERT_TRUE(faults_are(0, 0, 1, 0));
        }
}

static void
one_damaged_reply_counts_as_one(void)
{
    for (uint32_t depth = 1; depth <= 64; depth *= 2)
        for (unsigned at = 0; at < REQUESTS; at += 7) {
            script(at, 70, 0);
            got[at].kind = LOAD_DAMAGED;
            play(depth);
            CU_ASSERT_TRUE(faults_are(0, 0, 0, 1));
            CU_ASSERT_EQUAL(answers, REQUESTS - 1);
        }
}

static void
an_intact_value_of_another_key_counts_as_one_corrupted(void)
{
    for (uint32_t depth = 1; depth <= 64; depth *= 2)
        for (unsigned at = 0; at < REQUESTS; at += 7) {
            script(at, 100, 0);
            got[at].key = KEYS + 1;
            play(depth);
            CU_ASSERT_TRUE(faults_are(0, 0, 0, 1));
        }
}

/* All replies look the same: only a tag shows where one is missing, or the end. */
static void
writes_alone_are_counted_too(void)
{
    for (unsigned tags = 0; tags <= 20; tags += 20)
        for (unsigned at = 0; at < REQUESTS; at += 13) {
            script(at, 0, tags);
            drop(at);
            play(16);
            CU_ASSERT_TRUE(faults_are(1, 0, 0, 0));
            script(at, 0, tags);
            repeat(at);
            play(16);
            CU_ASSERT_TRUE(faults_are(0, 1, 0, 0));
        }
}

static void
several_faults_far_apart_are_counted_one_by_one(void)
{
    script(5, 80, 25);
    drop(350);
    got[280].kind = LOAD_DAMAGED;
    repeat(210);
    for (unsigned at = 100;; at++)
        if (tell_apart(at, at + 1)) {
            exchange(at, at + 1);
            break;
        }
    drop(20);
    play(16);
    CU_ASSERT_TRUE(faults_are(2, 1, 1, 1));
}

static void
an_error_answers_any_request(void)
{
    script(1, 50, 10);
    for (unsigned i = 0; i < REQUESTS; i += 3)
        got[i].kind = LOAD_ERROR;
    play(16);
    CU_ASSERT_TRUE(faults_are(0, 0, 0, 0));
    CU_ASSERT_EQUAL(answers, REQUESTS);
}

static void
a_reply_without_any_request_is_no_answer(void)
{
    open_ledger(1);
    struct load_reply ok = {.kind = LOAD_OK};
    load_ledger_reply(&ledger, &ok);
    CU_ASSERT_TRUE(faults_are(0, 0, 0, 1)); /* nothing was ever asked that it could repeat */
    *load_ledger_push(&ledger) = request(LOAD_SET, 1, 1);
    load_ledger_reply(&ledger, &ok);
    load_ledger_reply(&ledger, &ok);
    CU_ASSERT_TRUE(faults_are(0, 1, 0, 1));
    load_ledger_close(&ledger);
    CU_ASSERT_EQUAL(answers, 1);
    load_ledger_fini(&ledger);
}

/* Noise of every kind: nothing runs over, and every request ends up answered or counted. */
static void
a_loss_just_before_the_end_is_still_seen(void)
{
    for (unsigned at = REQUESTS - 12; at < REQUESTS; at++) {
        script(at, 50, 20);
        drop(at);
        play(16);
        CU_ASSERT_TRUE(faults_are(1, 0, 0, 0));
    }
}

static void
an_exchange_at_the_very_end_is_no_loss(void)
{
    script(3, 100, 0);
    sent[REQUESTS - 1].key = got[REQUESTS - 1].key = KEYS + 1;
    exchange(REQUESTS - 2, REQUESTS - 1);
    play(16);
    CU_ASSERT_TRUE(faults_are(0, 0, 1, 0));
}

static void
any_noise_ends_with_every_request_accounted_for(void)
{
    struct load_random random;
    load_random_seed(&random, 4, 0);
    for (unsigned round = 0; round < 300; round++) {
        script(round, 50, round % 3 * 10);
        for (unsigned i = 0; i < 100; i++) {
            unsigned at = (unsigned) load_random_below(&random, replies - 1);
            switch (load_random_below(&random, 5)) {
            case 0:
                drop(at);
                break;
            case 1:
                if (replies < REQUESTS + 8)
                    repeat(at);
                break;
            case 2:
                exchange(at, at + 1);
                break;
            case 3:
                got[at].kind = LOAD_DAMAGED;
                break;
            default:
                got[at].key++;
            }
        }
        play(1 + round % 40);
        const struct load_faults *f = &ledger.faults;
        CU_ASSERT_TRUE(answers + f->lost <= REQUESTS);
        CU_ASSERT_TRUE(answers + f->lost + f->corrupted >= REQUESTS - 40);
        CU_ASSERT_TRUE(load_faults_sum(f) > 0);
    }
}

CY_TEST_MAIN("load.ledger", CY_TEST(an_honest_server_has_no_faults),
             CY_TEST(room_and_outstanding_follow_the_depth),
             CY_TEST(one_lost_reply_counts_as_one), CY_TEST(one_repeated_reply_counts_as_one),
             CY_TEST(two_exchanged_replies_count_as_one_reordered),
             CY_TEST(a_reply_that_comes_five_places_late_counts_as_one_reordered),
             CY_TEST(one_damaged_reply_counts_as_one),
             CY_TEST(an_intact_value_of_another_key_counts_as_one_corrupted),
             CY_TEST(writes_alone_are_counted_too),
             CY_TEST(several_faults_far_apart_are_counted_one_by_one),
             CY_TEST(an_error_answers_any_request),
             CY_TEST(a_reply_without_any_request_is_no_answer),
             CY_TEST(a_loss_just_before_the_end_is_still_seen),
             CY_TEST(an_exchange_at_the_very_end_is_no_loss),
             CY_TEST(any_noise_ends_with_every_request_accounted_for))
