/* test_senders.c - whole runs to tasks and channels of this node, with good and bad servers. */
#include "books.h"
#include "coordinator.h"
#include "cy_node.h"
#include "senders.h"
#include "serve_name.h"

#include <cycos/channel.h>
#include <cycos/registry.h>
#include <string.h>

static struct load_flags flags;
static struct load_settings settings;
static struct load_job job;
static struct load_service service;

static void
set_flags(int verb)
{
    load_flags_init(&flags);
    flags.verb = verb;
    flags.connections = 4;
    flags.pipeline = 2;
    flags.progress = false;
    flags.warmup = "0s";
    flags.duration_ns = 150 * CY_MILLISECOND;
    flags.timeout_ns = 20 * CY_SECOND;
}

static void
load(const char *target)
{
    char error[300] = "";
    int rc = load_settings_make(&settings, &flags, target, error, sizeof error);
    CY_CHECK_EQ(rc, 0);
    memset(&job, 0, sizeof job);
    job.settings = &settings;
    rc = load_coordinate(&job);
    CY_CHECK_EQ(rc, job.has_result ? 0 : 3);
}

static int
load_a_good_server(void *arg)
{
    memset(&service, 0, sizeof service);
    service.target.protocol = LOAD_TASK;
    snprintf(service.target.host, sizeof service.target.host, "good");
    CY_CHECK_EQ(cy_task_spawn(NULL, load_serve_name, &service, NULL), 0);
    load(arg);
    cy_shutdown(10 * CY_SECOND);
    return 0;
}

/* The result of a run in which nothing went wrong. */
static void
expect_good(const char *proof, uint32_t readers)
{
    const struct load_result *r = &job.result;
    CU_ASSERT_TRUE_FATAL(job.has_result);
    CU_ASSERT_TRUE(r->total.completed > 0);
    CU_ASSERT_EQUAL(r->corrected->total, r->total.sent);
    CU_ASSERT_EQUAL(load_faults_sum(&r->total.faults), 0);
    CU_ASSERT_EQUAL(load_counters_errors(&r->total), 0);
    CU_ASSERT_EQUAL(r->total.unproved, 0);
    CU_ASSERT_EQUAL(r->readers, readers);
    CU_ASSERT_STRING_EQUAL(load_result_proof(r), proof);
    load_result_fini(&job.result);
}

/* A closed loop whose machine had no time for it at all is run again. */
static void
run_good(char *target, const char *proof, uint32_t readers)
{
    for (int i = 0; i < 10 && job.result.total.completed == 0; i++) {
        if (job.has_result)
            load_result_fini(&job.result);
        CU_ASSERT_EQUAL(cy_node_run(2, load_a_good_server, target), 0);
    }
    expect_good(proof, readers);
    memset(&job, 0, sizeof job);
}

/* So many requests in 150 ms, and each of them is sent, however busy the machine is. */
static void
set_rate(const char *rate)
{
    flags.rate = rate;
    flags.drop_after_ns = CY_HOUR;
}

static char task[] = "task://good", channel[] = "channel://good",
            other_core[] = "task://good.1";

static void
a_closed_loop_to_a_task_is_proved_whatever_the_verb(void)
{
    set_flags(LOAD_VERB_CALL);
    run_good(task, "replies and books", 1);
    set_flags(LOAD_VERB_DELIVER);
    run_good(task, "books", 1);
    set_flags(LOAD_VERB_SEND);
    run_good(task, "books", 1);
    set_flags(LOAD_VERB_CALL);
    run_good(other_core, "replies and books", 1);
}

static void
a_closed_loop_to_a_channel_is_proved_by_every_subscriber(void)
{
    set_flags(LOAD_VERB_DELIVER);
    flags.subscribers = 2;
    run_good(channel, "books", 2);
    set_flags(LOAD_VERB_SEND);
    run_good(channel, "books", 2);
}

static void
an_open_loop_sends_what_its_schedule_holds(void)
{
    static char *const targets[] = {task, channel, task};
    static const int verbs[] = {LOAD_VERB_CALL, LOAD_VERB_DELIVER, LOAD_VERB_SEND};
    for (int i = 0; i < 3; i++) {
        set_flags(verbs[i]);
        set_rate("1000");
        CU_ASSERT_EQUAL(cy_node_run(2, load_a_good_server, targets[i]), 0);
        CU_ASSERT_EQUAL(job.result.total.sent, 150);
        expect_good(i == 0 ? "replies and books" : "books", i == 1 ? 2 : 1);
        memset(&job, 0, sizeof job);
    }
}

static void
a_large_payload_goes_too(void)
{
    set_flags(LOAD_VERB_CALL);
    flags.value_size = "16-200k";
    run_good(task, "replies and books", 1);
}

static uint32_t
mark_every(uint32_t connections, uint32_t pipeline, size_t bytes)
{
    settings.connections = connections;
    settings.pipeline = pipeline;
    settings.sizes.max_bytes = bytes;
    return load_mark_every(&settings);
}

static void
what_waits_to_be_booked_has_a_limit(void)
{
    CU_ASSERT_EQUAL(mark_every(1, 1, 64), 1000);
    CU_ASSERT_EQUAL(mark_every(16, 1, 64), 1000);
    CU_ASSERT_EQUAL(mark_every(17, 1, 64), 963);
    CU_ASSERT_EQUAL(mark_every(4, 128, 64), 32);
    CU_ASSERT_EQUAL(mark_every(16384, 1, 64), 1);
    CU_ASSERT_EQUAL(mark_every(100000, 4096, 64), 1);
    CU_ASSERT_EQUAL(mark_every(1, 1, (size_t) 64 << 10), 1000);
    CU_ASSERT_EQUAL(mark_every(1, 1, (size_t) 128 << 10), 512);
    CU_ASSERT_EQUAL(mark_every(4, 1, (size_t) 1 << 20), 16);
    CU_ASSERT_EQUAL(mark_every(4, 1, (size_t) 64 << 20), 1);
}

/* Takes everything and says nothing: no server of ours. */
static int
load_take(void *arg)
{
    cy_msg *msg;
    CY_CHECK_EQ(cy_task_register("foreign"), 0);
    while (cy_receive(&msg, CY_FOREVER) == 0)
        cy_msg_free(&msg);
    return arg == NULL;
}

static int
load_a_foreign_server(void *arg)
{
    cy_ref foreign;
    CY_CHECK_EQ(cy_task_spawn(&foreign, load_take, NULL, NULL), 0);
    load(arg);
    CY_CHECK_EQ(cy_terminate(foreign), 0);
    return 0;
}

static void
run_foreign(int verb, const char *proof)
{
    static char target[] = "task://foreign";
    set_flags(verb);
    flags.books = false;
    set_rate("1000");
    CU_ASSERT_EQUAL(cy_node_run(2, load_a_foreign_server, target), 0);
    CU_ASSERT_TRUE_FATAL(job.has_result);
    CU_ASSERT_EQUAL(job.result.readers, 0);
    CU_ASSERT_STRING_EQUAL(load_result_proof(&job.result), proof);
    CU_ASSERT_EQUAL(load_faults_sum(&job.result.total.faults), 0);
}

static void
sent_without_books_is_unproved(void)
{
    run_foreign(LOAD_VERB_SEND, "none");
    CU_ASSERT_EQUAL(job.result.corrected->total, 150);
    CU_ASSERT_EQUAL(job.result.total.unproved, 150);
    load_result_fini(&job.result);
    run_foreign(LOAD_VERB_DELIVER, "acknowledgements");
    CU_ASSERT_EQUAL(job.result.corrected->total, 150);
    CU_ASSERT_EQUAL(job.result.total.unproved, 0);
    load_result_fini(&job.result);
}

/* A server with one fault, in what it does with the 50th payload of the only sender. */
enum fault {
    NO_FAULT,
    DROP,
    REPEAT,
    EXCHANGE,
    CORRUPT,
    DEAF,
    NO_ROOM,
    ANSWER_DAMAGED,
    ANSWER_NOT
};
enum { AT = 50, SIZE = 64 };

static struct {
    enum fault fault;
    uint32_t payloads, lives;
    struct load_page page;
    char held[SIZE];
} bad;

static void
note(cy_msg *msg)
{
    bool now = ++bad.payloads == AT;
    char *body = cy_msg_body(msg);
    CY_CHECK_EQ(cy_msg_size(msg), SIZE);
    if (now && bad.fault == DROP)
        return;
    if (now && bad.fault == EXCHANGE) {
        memcpy(bad.held, body, SIZE);
        return;
    }
    if (now && bad.fault == CORRUPT)
        body[20] ^= 1;
    load_page_note(&bad.page, body, SIZE);
    if (now && bad.fault == REPEAT)
        load_page_note(&bad.page, body, SIZE);
    if (bad.payloads == AT + 1 && bad.fault == EXCHANGE)
        load_page_note(&bad.page, bad.held, SIZE);
}

static void
answer(const cy_msg *msg, uint32_t tag, const void *body, size_t size)
{
    cy_msg *reply = NULL;
    CY_CHECK_EQ(cy_msg_copy(&reply, tag, body, size), 0);
    int rc = cy_reply(msg, &reply);
    if (rc != 0)
        cy_msg_free(&reply); /* the sender has given up */
}

static void
take_ask(cy_msg *msg)
{
    char echo[SIZE];
    memcpy(echo, cy_msg_body(msg), SIZE);
    note(msg);
    if (bad.payloads == AT && bad.fault == ANSWER_NOT)
        return;
    if (bad.payloads == AT && bad.fault == ANSWER_DAMAGED)
        echo[30] ^= 1;
    answer(msg, LOAD_TALK_ASK, echo, SIZE);
}

static void
take(cy_msg *msg)
{
    const struct load_readers readers = {LOAD_TALK_VERSION, 1};
    struct load_mark mark;
    struct load_told told;
    switch (cy_msg_tag(msg)) {
    case LOAD_TALK_NOTE:
        note(msg);
        break;
    case LOAD_TALK_ASK:
        take_ask(msg);
        break;
    case LOAD_TALK_WHO:
        answer(msg, LOAD_TALK_WHO, &readers, sizeof readers);
        break;
    case LOAD_TALK_MARK:
        memcpy(&mark, cy_msg_body(msg), sizeof mark);
        load_page_tell(&bad.page, &mark, &told);
        told.error = bad.fault == NO_ROOM ? -ENOBUFS : 0;
        if (bad.fault != DEAF)
            answer(msg, LOAD_TALK_PAGE, &told, sizeof told);
        break;
    default:
        break;
    }
}

/* With an argument it ends after so many payloads, and another one follows it. */
static int
load_serve_badly(void *arg)
{
    uint32_t lives_for = (uint32_t) (uintptr_t) arg;
    cy_msg *msg;
    CY_CHECK_EQ(cy_task_register("bad.books"), 0);
    CY_CHECK_EQ(cy_task_register("bad"), 0);
    bad.payloads = 0;
    bad.lives++;
    memset(&bad.page, 0, sizeof bad.page);
    while ((lives_for == 0 || bad.payloads < lives_for) && cy_receive(&msg, CY_FOREVER) == 0) {
        take(msg);
        cy_msg_free(&msg);
    }
    return 0;
}

static int
load_a_bad_server(void *arg)
{
    cy_ref server;
    CY_CHECK_EQ(cy_task_spawn(&server, load_serve_badly, NULL, NULL), 0);
    load(arg);
    CY_CHECK_EQ(cy_terminate(server), 0);
    return 0;
}

static void
run_bad(enum fault fault)
{
    static char target[] = "task://bad";
    memset(&bad, 0, sizeof bad);
    bad.fault = fault;
    flags.connections = flags.pipeline = 1;
    CU_ASSERT_EQUAL(cy_node_run(2, load_a_bad_server, target), 0);
    CU_ASSERT_TRUE_FATAL(job.has_result);
    CU_ASSERT_EQUAL(job.result.readers, 1);
}

/* The one fault is found, and no other. */
static void
expect_fault(enum fault fault, int verb, struct load_faults expected)
{
    set_flags(verb);
    set_rate("1000");
    run_bad(fault);
    CU_ASSERT_TRUE(bad.payloads >= 150);
    const struct load_faults *f = &job.result.total.faults;
    CU_ASSERT_EQUAL(f->lost, expected.lost);
    CU_ASSERT_EQUAL(f->duplicated, expected.duplicated);
    CU_ASSERT_EQUAL(f->reordered, expected.reordered);
    CU_ASSERT_EQUAL(f->corrupted, expected.corrupted);
    CU_ASSERT_EQUAL(job.result.total.unproved, 0);
    load_result_fini(&job.result);
}

static void
each_fault_of_the_way_is_found_in_the_books(void)
{
    static const int verbs[] = {LOAD_VERB_SEND, LOAD_VERB_DELIVER};
    for (int i = 0; i < 2; i++) {
        expect_fault(NO_FAULT, verbs[i], (struct load_faults){.lost = 0});
        expect_fault(DROP, verbs[i], (struct load_faults){.lost = 1});
        expect_fault(REPEAT, verbs[i], (struct load_faults){.duplicated = 1});
        expect_fault(EXCHANGE, verbs[i], (struct load_faults){.reordered = 1});
        expect_fault(CORRUPT, verbs[i], (struct load_faults){.corrupted = 1});
    }
}

static void
a_reply_that_is_not_the_request_is_corrupted_and_none_is_lost(void)
{
    expect_fault(ANSWER_DAMAGED, LOAD_VERB_CALL, (struct load_faults){.corrupted = 1});
    expect_fault(REPEAT, LOAD_VERB_CALL, (struct load_faults){.duplicated = 1});
    set_flags(LOAD_VERB_CALL);
    flags.timeout_ns = 100 * CY_MILLISECOND;
    set_rate("1000");
    run_bad(ANSWER_NOT);
    CU_ASSERT_TRUE(job.result.total.timeouts >= 1);
    CU_ASSERT_EQUAL(job.result.total.faults.lost, job.result.total.timeouts);
    load_result_fini(&job.result);
}

/* Not "lost": it may all have come, only nobody says so. */
static void
books_that_say_nothing_leave_it_unproved(void)
{
    set_flags(LOAD_VERB_SEND);
    flags.timeout_ns = 50 * CY_MILLISECOND;
    set_rate("20k"); /* 3000: more than two stretches between marks */
    run_bad(DEAF);
    CU_ASSERT_EQUAL(job.result.total.sent, 3000);
    CU_ASSERT_EQUAL(job.result.total.timeouts, 2); /* in full course, and in the end */
    CU_ASSERT_EQUAL(load_faults_sum(&job.result.total.faults), 0);
    CU_ASSERT_EQUAL(job.result.total.unproved, 3000);
    load_result_fini(&job.result);
    set_flags(LOAD_VERB_SEND);
    set_rate("20k");
    run_bad(NO_ROOM);
    CU_ASSERT_EQUAL(load_faults_sum(&job.result.total.faults), 0);
    CU_ASSERT_EQUAL(load_counters_errors(&job.result.total), 0);
    CU_ASSERT_EQUAL(job.result.total.unproved, 3000);
    load_result_fini(&job.result);
}

/* One dies after 500 payloads; the next one stays. */
static int
load_what_comes_back(void *arg)
{
    const struct cy_task_options joinable = {.joinable = true};
    cy_ref first;
    (void) arg;
    CY_CHECK_EQ(cy_task_spawn(&first, load_serve_badly, (void *) (uintptr_t) 500, &joinable),
                0);
    CY_CHECK_EQ(cy_join(NULL, first, CY_FOREVER), 0);
    return load_serve_badly(NULL);
}

static int
load_a_server_that_comes_back(void *arg)
{
    cy_ref server;
    CY_CHECK_EQ(cy_task_spawn(&server, load_what_comes_back, NULL, NULL), 0);
    load(arg);
    CY_CHECK_EQ(cy_terminate(server), 0);
    return 0;
}

static void
a_server_that_comes_back_is_found_again(void)
{
    static char target[] = "task://bad";
    static const int verbs[] = {LOAD_VERB_CALL, LOAD_VERB_DELIVER, LOAD_VERB_SEND};
    for (int i = 0; i < 3; i++) {
        set_flags(verbs[i]);
        set_rate("10k");
        flags.connections = flags.pipeline = 1;
        memset(&bad, 0, sizeof bad);
        CU_ASSERT_EQUAL(cy_node_run(1, load_a_server_that_comes_back, target), 0);
        CU_ASSERT_TRUE_FATAL(job.has_result);
        const struct load_counters *total = &job.result.total;
        CU_ASSERT_EQUAL(bad.lives, 2);
        CU_ASSERT_TRUE(bad.payloads >= 1500 - 500 - 100);
        CU_ASSERT_EQUAL(total->sent, 1500);
        CU_ASSERT_EQUAL(total->disconnects, 1);
        CU_ASSERT_EQUAL(total->connect_errors, 0);
        /* What the first one had and had not told of yet; never a false alarm. */
        CU_ASSERT_EQUAL(load_faults_sum(&total->faults), total->faults.lost);
        CU_ASSERT_TRUE(total->faults.lost <= 1);
        CU_ASSERT_TRUE(verbs[i] == LOAD_VERB_SEND || total->unproved == 0);
        load_result_fini(&job.result);
    }
}

static int
load_a_server_that_stays_away(void *arg)
{
    CY_CHECK_EQ(cy_task_spawn(NULL, load_serve_badly, (void *) (uintptr_t) 500, NULL), 0);
    load(arg);
    return 0;
}

/* Nothing is sent to nobody, and the run ends for all that. */
static void
a_server_that_stays_away_is_looked_for_until_the_end(void)
{
    static char target[] = "task://bad";
    set_flags(LOAD_VERB_DELIVER);
    flags.rate = "10k";
    flags.drop_after_ns = 50 * CY_MILLISECOND;
    flags.timeout_ns = 20 * CY_MILLISECOND;
    flags.duration_ns = 400 * CY_MILLISECOND;
    flags.connections = flags.pipeline = 1;
    memset(&bad, 0, sizeof bad);
    CU_ASSERT_EQUAL(cy_node_run(1, load_a_server_that_stays_away, target), 0);
    CU_ASSERT_TRUE_FATAL(job.has_result);
    const struct load_counters *total = &job.result.total;
    CU_ASSERT_EQUAL(bad.lives, 1);
    CU_ASSERT_TRUE(total->dropped > 0);
    CU_ASSERT_EQUAL(total->sent + total->dropped, 4000);
    CU_ASSERT_EQUAL(total->disconnects, 1);
    CU_ASSERT_EQUAL(load_faults_sum(&total->faults), 0);
    load_result_fini(&job.result);
}

static int
load_nobody(void *arg)
{
    load(arg);
    return 0;
}

static void
a_name_that_nobody_has_is_said(void)
{
    static char missing_task[] = "task://nobody", missing_channel[] = "channel://nobody";
    set_flags(-1);
    flags.timeout_ns = 20 * CY_MILLISECOND;
    CU_ASSERT_EQUAL(cy_node_run(1, load_nobody, missing_task), 0);
    CU_ASSERT_FALSE(job.has_result);
    CU_ASSERT_EQUAL(strncmp(job.error, "cannot find task://nobody: nobody on this network", 49),
                    0);
    CU_ASSERT_PTR_NOT_NULL(strstr(job.error, "for 20ms"));
    CU_ASSERT_EQUAL(cy_node_run(1, load_nobody, missing_channel), 0);
    CU_ASSERT_EQUAL(strncmp(job.error, "cannot find channel://nobody: ", 30), 0);
}

/* A channel that nobody subscribes to: nothing can be delivered, and that is an error. */
static int
load_an_empty_channel(void *arg)
{
    cy_ref empty;
    CY_CHECK_EQ(cy_channel_create(&empty, "empty", NULL), 0);
    CY_CHECK_EQ(cy_channel_register(empty, NULL), 0);
    load(arg);
    return 0;
}

static void
a_channel_without_subscribers_is_waited_for(void)
{
    static char target[] = "channel://empty";
    set_flags(LOAD_VERB_DELIVER);
    flags.books = false;
    flags.timeout_ns = 20 * CY_MILLISECOND;
    set_rate("100");
    CU_ASSERT_EQUAL(cy_node_run(1, load_an_empty_channel, target), 0);
    CU_ASSERT_TRUE_FATAL(job.has_result);
    CU_ASSERT_EQUAL(job.result.total.completed, 0);
    CU_ASSERT_EQUAL(job.result.total.timeouts, 15);
    CU_ASSERT_EQUAL(job.result.total.unproved, 15);
    load_result_fini(&job.result);
}

CY_TEST_MAIN("load.senders", CY_TEST(a_closed_loop_to_a_task_is_proved_whatever_the_verb),
             CY_TEST(a_closed_loop_to_a_channel_is_proved_by_every_subscriber),
             CY_TEST(an_open_loop_sends_what_its_schedule_holds),
             CY_TEST(a_large_payload_goes_too), CY_TEST(what_waits_to_be_booked_has_a_limit),
             CY_TEST(sent_without_books_is_unproved),
             CY_TEST(each_fault_of_the_way_is_found_in_the_books),
             CY_TEST(a_reply_that_is_not_the_request_is_corrupted_and_none_is_lost),
             CY_TEST(books_that_say_nothing_leave_it_unproved),
             CY_TEST(a_server_that_comes_back_is_found_again),
             CY_TEST(a_server_that_stays_away_is_looked_for_until_the_end),
             CY_TEST(a_name_that_nobody_has_is_said),
             CY_TEST(a_channel_without_subscribers_is_waited_for))
