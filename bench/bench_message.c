/*
 * bench_message.c - messages on one core and between two: round trips, streams, fan-in, ring.
 *
 * Every feature is on, as for a user: limits, counters, timers, the stall detector, guards.
 * Median of RUNS repetitions in one process, with minimum and maximum. Figures between two
 * cores are taken in turn with what two bare threads reach (raw.h), as "raw."; with the
 * argument `across` only these.
 */
#include "raw.h"
#include <cycos/mailbox.h>
#include <cycos/pool.h>
#include <cycos/run.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RUNS = 7, BODY = 64, RING = 100, SOURCES = 8 };

static void
need(int rc)
{
    if (rc == 0)
        return;
    fprintf(stderr, "bench_message: %s\n", cy_strerror(rc));
    exit(1);
}

static int
ascending(const void *a, const void *b)
{
    double x = *(const double *) a, y = *(const double *) b;
    return (x > y) - (x < y);
}

static void
report(const char *name, const char *unit, double *values)
{
    qsort(values, RUNS, sizeof *values, ascending);
    printf("{\"bench\":\"%s\",\"%s\":%.2f,\"%s_min\":%.2f,\"%s_max\":%.2f,\"runs\":%d}\n", name,
           unit, values[RUNS / 2], unit, values[0], unit, values[RUNS - 1], RUNS);
    fflush(stdout);
}

/* What two bare threads do, on a thread of the pool, while both cores sleep. */
struct bare {
    double (*measure)(int count);
    int count;
    double values[RUNS];
    int run;
};

static int
run_bare(void *arg)
{
    struct bare *bare = arg;
    bare->values[bare->run++] = bare->measure(bare->count);
    return 0;
}

static void
in_turn(struct bare *bare)
{
    if (bare != NULL)
        need(cy_blocking(NULL, run_bare, bare));
}

/* Send, waiting for room as long as there is none. */
static void
push(cy_ref to, const void *body, size_t size)
{
    int rc;
    while ((rc = cy_send_bytes(to, 1, body, size)) == -EAGAIN)
        cy_yield();
    need(rc);
}

static int
echo(void *arg)
{
    cy_msg *msg;
    (void) arg;
    while (cy_receive(&msg, CY_FOREVER) == 0) {
        if (cy_send(cy_msg_sender(msg), &msg) != 0)
            cy_msg_free(&msg);
    }
    return 0;
}

static void
echo_handler(void *state, cy_msg **msg)
{
    (void) state;
    if (cy_send(cy_msg_sender(*msg), msg) != 0)
        cy_msg_free(msg);
}

static double
ping(cy_ref there, int count)
{
    cy_msg *msg;
    need(cy_msg_create(&msg, 1, BODY));
    cy_time start = cy_now();
    for (int i = 0; i < count; i++) {
        need(cy_send(there, &msg));
        need(cy_receive(&msg, CY_FOREVER));
    }
    double ns = (double) (cy_now() - start) / count;
    cy_msg_free(&msg);
    return ns;
}

static void
ping_pong(const char *name, uint16_t core, bool handler, int count, struct bare *bare)
{
    double ns[RUNS];
    cy_ref there;
    if (handler)
        need(cy_handler_spawn_on(&there, core, echo_handler, NULL, NULL));
    else
        need(cy_task_spawn_on(&there, core, echo, NULL, NULL));
    ping(there, count / 10);
    for (int run = 0; run < RUNS; run++) {
        in_turn(bare);
        ns[run] = core == 0 ? ping(there, count) / 2 : ping(there, count);
    }
    need(cy_terminate(there));
    report(name, "ns", ns);
}

/* Counts down; tells when it has seen them all. */
struct sink {
    cy_ref teller;
    int left;
};

static void
count_down(void *state, cy_msg **msg)
{
    struct sink *sink = state;
    (void) msg;
    if (--sink->left == 0)
        push(sink->teller, NULL, 0);
}

struct source {
    cy_ref to;
    int count;
};

static int
pour(void *arg)
{
    const struct source *source = arg;
    char body[BODY] = {0};
    for (int i = 0; i < source->count; i++) {
        push(source->to, body, sizeof body);
        if (i % 64 == 63)
            cy_yield();
    }
    return 0;
}

static void
stream(const char *name, uint16_t core, int sources, int count, struct bare *bare)
{
    double rate[RUNS];
    for (int run = 0; run < RUNS; run++) {
        in_turn(bare);
        struct sink sink = {cy_self(), count};
        struct source source = {.count = count / sources};
        cy_msg *done;
        need(cy_handler_spawn_on(&source.to, core, count_down, &sink, NULL));
        cy_time start = cy_now();
        for (int i = 0; i < sources; i++)
            need(cy_task_spawn(NULL, pour, &source, NULL));
        need(cy_receive(&done, CY_FOREVER));
        rate[run] = (double) count * 1e3 / (double) (cy_now() - start);
        cy_msg_free(&done);
        need(cy_terminate(source.to));
    }
    report(name, "million_per_second", rate);
}

/* One of a ring: passes a counter on until it is 0. */
static int
pass_on(void *arg)
{
    cy_ref *next = arg;
    cy_msg *msg;
    while (cy_receive(&msg, CY_FOREVER) == 0) {
        int *left = cy_msg_body(msg);
        if (--*left < 0) {
            need(cy_send(next[1], &msg)); /* the teller */
            continue;
        }
        need(cy_send(*next, &msg));
    }
    return 0;
}

static void
ring(const char *name, bool across, int hops, struct bare *bare)
{
    static cy_ref next[RING][2];
    cy_ref first[RING];
    double ns[RUNS];
    for (int i = 0; i < RING; i++) {
        uint16_t core = (uint16_t) (across ? i % 2 : 0);
        need(cy_task_spawn_on(&first[i], core, pass_on, next[i], NULL));
    }
    for (int i = 0; i < RING; i++) {
        next[i][0] = first[(i + 1) % RING];
        next[i][1] = cy_self();
    }
    for (int run = 0; run < RUNS; run++) {
        cy_msg *msg;
        in_turn(bare);
        cy_time start = cy_now();
        push(first[0], &hops, sizeof hops);
        need(cy_receive(&msg, CY_FOREVER));
        ns[run] = (double) (cy_now() - start) / hops;
        cy_msg_free(&msg);
    }
    for (int i = 0; i < RING; i++)
        need(cy_terminate(first[i]));
    report(name, "ns", ns);
}

static void
measure_across(void)
{
    struct bare line = {raw_line, 200000, {0}, 0}, slots = {raw_slots, 200000, {0}, 0};
    struct bare pipe = {raw_stream, 4000000, {0}, 0}, pipe_8 = {raw_stream, 4000000, {0}, 0};
    ping_pong("message.two_cores_round_trip", 1, false, 1000000, &slots);
    report("raw.slots_round_trip", "ns", slots.values);
    stream("message.one_to_one_across", 1, 1, 8000000, &pipe);
    report("raw.one_to_one_slots", "million_per_second", pipe.values);
    stream("message.fan_in_across", 1, SOURCES, 8000000, &pipe_8);
    report("raw.fan_in_slots", "million_per_second", pipe_8.values);
    ring("message.ring_hop_across", true, 1000000, &line);
    report("raw.line_round_trip", "ns", line.values);
}

static int
measure(void *only_across)
{
    if (only_across == NULL) {
        ping_pong("message.one_core_task", 0, false, 2000000, NULL);
        ping_pong("message.one_core_handler", 0, true, 2000000, NULL);
        stream("message.fan_in_one_core", 0, SOURCES, 8000000, NULL);
        ring("message.ring_hop_one_core", false, 2000000, NULL);
    }
    if (cy_core_count() >= 2)
        measure_across();
    return 0;
}

/* In a node whose cores do not spin before they sleep. */
static int
measure_asleep(void *arg)
{
    struct bare eventfd = {raw_eventfd, 10000, {0}, 0};
    (void) arg;
    ping_pong("message.two_cores_asleep_round_trip", 1, false, 10000, &eventfd);
    report("raw.eventfd_round_trip", "ns", eventfd.values);
    return 0;
}

int
main(int argc, char **argv)
{
    struct cy_options options;
    cy_options_init(&options);
    if (cy_options_parse(&options, &argc, argv) < 0) {
        fprintf(stderr, "%s\n", options.error);
        return 2;
    }
    bool only_across = argc > 1 && strcmp(argv[1], "across") == 0;
    int status = cy_run(&options, measure, only_across ? &options : NULL);
    options.spin_ns = 0;
    if (status == 0 && options.cores != 1)
        status = cy_run(&options, measure_asleep, NULL);
    cy_options_fini(&options);
    return status < 0 ? 1 : status;
}
