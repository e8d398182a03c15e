/* test_report.c - the table for people. */
#include "cy_test.h"
#include "report.h"
#include "sample_result.h"

#include <stdlib.h>
#include <string.h>

static struct sample sample;

static int
print(FILE *file, const struct load_result *result, const struct load_machine *machine)
{
    load_report_print(file, result, machine);
    return 0;
}

static bool
says(const char *text, const char *words)
{
    bool found = strstr(text, words) != NULL;
    if (!found)
        printf("missing: %s\n", words);
    return found;
}

static void
says_what_was_run_and_what_came_of_it(void)
{
    sample_make(&sample, 2);
    char *text = sample_text(&sample, print);
    CU_ASSERT_TRUE(says(text, "target       kv://127.0.0.1:7000\n"));
    CU_ASSERT_TRUE(
        says(text, "50 connections, pipeline 1, open loop at 1k/s, uniform arrivals"));
    CU_ASSERT_TRUE(says(text, "measured     2s after a warm-up of 1s"));
    CU_ASSERT_TRUE(says(text, "throughput   1k requests/s (2000 in 2 s)"));
    CU_ASSERT_TRUE(says(text, "p50              500us        450us"));
    CU_ASSERT_TRUE(says(text, "late 0, dropped 0"));
    CU_ASSERT_TRUE(says(text, "errors       0 (error replies 0, disconnects 0"));
    CU_ASSERT_TRUE(
        says(text, "faults       0 (lost 0, duplicated 0, reordered 0, corrupted 0"));
    CU_ASSERT_TRUE(says(text, "assert       p99<5ms                  holds: 990us"));
    CU_ASSERT_TRUE(says(text, sample.machine.kernel));
    free(text);
    sample_free(&sample);
}

static void
a_failed_assertion_and_an_interruption_are_said_aloud(void)
{
    sample_make(&sample, 2);
    sample.result.interrupted = true;
    sample.result.total.error_replies = 4;
    load_predicates_check(&sample.settings.assertion, &sample.result, &sample.result.verdict);
    char *text = sample_text(&sample, print);
    CU_ASSERT_TRUE(says(text, "INTERRUPTED"));
    CU_ASSERT_TRUE(says(text, "errors==0                FAILS: 4"));
    free(text);
    sample_free(&sample);
}

static void
a_search_says_what_it_found_or_that_it_found_nothing(void)
{
    sample_make(&sample, 1);
    sample.settings.flags.find_max = true;
    sample.settings.flags.slo = "p99<1ms";
    sample.result.trial_count = 3;
    sample.result.trials[2].rate = 20;
    char *text = sample_text(&sample, print);
    CU_ASSERT_TRUE(says(text, "no rate meets p99<1ms: tried down to 20/s"));
    free(text);
    sample.result.found_rate = 50000;
    text = sample_text(&sample, print);
    CU_ASSERT_TRUE(says(text, "highest rate with p99<1ms: 50k/s, found in 3 trials"));
    free(text);
    sample_free(&sample);
}

static void
a_closed_loop_says_what_it_cannot_show(void)
{
    sample_make(&sample, 1);
    sample.settings.open_loop = false;
    char *text = sample_text(&sample, print);
    CU_ASSERT_TRUE(says(text, "closed loop\n"));
    CU_ASSERT_TRUE(says(text, "a closed loop sends less when the server stalls"));
    CU_ASSERT_PTR_NULL(strstr(text, "dropped"));
    free(text);
    sample_free(&sample);
}

static void
say_of_a_name(enum load_protocol protocol, enum load_verb verb)
{
    sample_make(&sample, 1);
    sample.settings.target.protocol = protocol;
    sample.settings.verb = verb;
}

static void
proved(uint32_t readers, uint64_t unproved, const char *words)
{
    sample.result.readers = readers;
    sample.result.total.unproved = unproved;
    char *text = sample_text(&sample, print);
    CU_ASSERT_TRUE(says(text, words));
    free(text);
}

static void
what_is_not_proved_is_said(void)
{
    say_of_a_name(LOAD_TASK, LOAD_VERB_SEND);
    proved(0, 77, "\nproof        none; 77 sent, unproved\n");
    proved(1, 0, "\nproof        books of 1 reader\n");
    proved(2, 5, "\nproof        books of 2 readers; 5 sent, unproved\n");
    proved(2, 5, "\nrequests     send, 64 bytes\n");
    sample_free(&sample);
    say_of_a_name(LOAD_CHANNEL, LOAD_VERB_DELIVER);
    proved(0, 0, "\nproof        acknowledgements\n");
    sample_free(&sample);
    say_of_a_name(LOAD_TASK, LOAD_VERB_CALL);
    proved(0, 0, "\nproof        replies\n");
    proved(1, 0, "\nproof        replies and books of 1 reader\n");
    sample_free(&sample);
}

static void
each_worker_is_named_and_one_that_is_missing_too(void)
{
    sample_make(&sample, 1);
    snprintf(sample.result.cores[0].node, 64, "ann.0");
    snprintf(sample.result.cores[1].node, 64, "bob.0");
    sample.result.cores[0].fate = LOAD_FATE_DONE;
    char *text = sample_text(&sample, print);
    CU_ASSERT_TRUE(says(text, "  worker ann.0\n"));
    CU_ASSERT_TRUE(says(text, "  worker bob.0, LOST: what it did is not known\n"));
    free(text);
    sample.result.cores[1].fate = LOAD_FATE_STOPPED;
    text = sample_text(&sample, print);
    CU_ASSERT_TRUE(says(text, "  worker bob.0, LEFT EARLY\n"));
    free(text);
    sample_free(&sample);
}

CY_TEST_MAIN("load.report", CY_TEST(says_what_was_run_and_what_came_of_it),
             CY_TEST(a_failed_assertion_and_an_interruption_are_said_aloud),
             CY_TEST(a_search_says_what_it_found_or_that_it_found_nothing),
             CY_TEST(a_closed_loop_says_what_it_cannot_show),
             CY_TEST(what_is_not_proved_is_said),
             CY_TEST(each_worker_is_named_and_one_that_is_missing_too))
