/*
 * bench_channel.c - one message to many subscribers, on this core and on another.
 *
 * `ns` is the time from the call of cy_send() until the last subscriber has received,
 * divided by the subscribers. Handlers count; a large body is shared, a small one copied.
 */
#include <cycos/channel.h>
#include <cycos/mailbox.h>
#include <cycos/run.h>

#include <stdio.h>
#include <stdlib.h>

enum { SUBSCRIBERS_MAX = 1000, ROUNDS = 300, RUNS = 5, TAG = 1 };

struct plan {
    const char *name;
    uint16_t core;
    uint32_t subscribers;
    size_t bytes;
};

/* On the subscribers' core; the last one tells the publisher. */
static uint32_t received, awaited;
static cy_ref publisher;

static void
check(const char *what, int rc)
{
    if (rc >= 0)
        return;
    fprintf(stderr, "bench_channel: %s: %s\n", what, cy_strerror(rc));
    exit(1);
}

static void
count(void *state, cy_msg **msg)
{
    (void) state;
    (void) msg;
    if (++received % awaited == 0)
        check("send", cy_send_bytes(publisher, TAG, "", 0));
}

static int
compare(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static double
publish(cy_ref channel, const struct plan *plan)
{
    cy_msg *msg;
    cy_time start = cy_now();
    for (int i = 0; i < ROUNDS; i++) {
        check("create", cy_msg_create(&msg, TAG, plan->bytes));
        check("publish", cy_send(channel, &msg));
        check("receive", cy_receive(&msg, CY_FOREVER));
        cy_msg_free(&msg);
    }
    return (double) (cy_now() - start) / ROUNDS / plan->subscribers;
}

static void
run(const struct plan *plan)
{
    static cy_ref subscribers[SUBSCRIBERS_MAX];
    cy_ref channel;
    double ns[RUNS];
    received = 0;
    awaited = plan->subscribers;
    check("channel", cy_channel_create(&channel, plan->name, NULL));
    for (uint32_t i = 0; i < plan->subscribers; i++)
        check("spawn", cy_handler_spawn_on(&subscribers[i], plan->core, count, NULL, NULL));
    cy_time spawned = cy_now();
    for (uint32_t i = 0; i < plan->subscribers; i++)
        check("subscribe", cy_channel_subscribe(channel, subscribers[i], CY_FOREVER));
    double subscribe = (double) (cy_now() - spawned) / plan->subscribers;
    for (int i = 0; i < RUNS; i++)
        ns[i] = publish(channel, plan);
    qsort(ns, RUNS, sizeof *ns, compare);
    printf("{\"bench\":\"channel.%s\",\"subscribers\":%u,\"bytes\":%zu,\"ns\":%.1f,"
           "\"ns_min\":%.1f,\"ns_max\":%.1f,\"subscribe_ns\":%.1f}\n",
           plan->name, plan->subscribers, plan->bytes, ns[RUNS / 2], ns[0], ns[RUNS - 1],
           subscribe);
    for (uint32_t i = 0; i < plan->subscribers; i++)
        check("terminate", cy_terminate(subscribers[i]));
    check("close", cy_channel_close(channel));
}

static int
bench(void *arg)
{
    static const struct plan plans[] = {
        {"here", 0, 1, 32},   {"here", 0, 1000, 32},   {"here", 0, 1000, 1024},
        {"across", 1, 1, 32}, {"across", 1, 1000, 32}, {"across", 1, 1000, 1024},
    };
    (void) arg;
    publisher = cy_self();
    for (size_t i = 0; i < sizeof plans / sizeof *plans; i++)
        run(&plans[i]);
    return 0;
}

int
main(void)
{
    struct cy_options options;
    cy_options_init(&options);
    options.cores = 2;
    options.stall_ns = 0;
    int rc = cy_run(&options, bench, NULL);
    check("cy_run", rc);
    cy_options_fini(&options);
    return rc;
}
