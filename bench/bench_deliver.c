/*
 * bench_deliver.c - sending with an answer, on one core and across two.
 *
 * `deliver.*` is cy_deliver(), which returns when the message is in the receiver's queue, and
 * on its own core that is at once; the time there includes that the receiver frees it. `call.*`
 * is cy_call() to a handler that replies. Both cores are awake. Median of RUNS repetitions.
 */
#include <cycos/mailbox.h>
#include <cycos/run.h>
#include <stdio.h>
#include <stdlib.h>

enum { RUNS = 7, BODY = 32, TURN = 64 };

static void
need(int rc, int wanted)
{
    if (rc == wanted)
        return;
    fprintf(stderr, "bench_deliver: %s\n", cy_strerror(rc));
    exit(1);
}

static int
ascending(const void *a, const void *b)
{
    double x = *(const double *) a, y = *(const double *) b;
    return (x > y) - (x < y);
}

static void
drop(void *state, cy_msg **msg)
{
    (void) state;
    cy_msg_free(msg);
}

/* With a message of its own. */
static void
answer(void *state, cy_msg **msg)
{
    cy_msg *reply;
    (void) state;
    need(cy_msg_create(&reply, 1, BODY), 0);
    need(cy_reply(*msg, &reply), 0);
    cy_msg_free(msg);
}

static double
deliver(cy_ref to, int count)
{
    cy_time start = cy_now();
    for (int i = 0; i < count; i++) {
        cy_msg *msg;
        need(cy_msg_create(&msg, 1, BODY), 0);
        need(cy_deliver(to, &msg, CY_FOREVER), 1);
        if (i % TURN == TURN - 1)
            need(cy_yield(), 0); /* the receiver's turn, if it is here */
    }
    return (double) (cy_now() - start) / count;
}

static double
call(cy_ref to, int count)
{
    cy_time start = cy_now();
    for (int i = 0; i < count; i++) {
        cy_msg *msg, *reply;
        need(cy_msg_create(&msg, 1, BODY), 0);
        need(cy_call(&reply, to, &msg, CY_FOREVER), 0);
        cy_msg_free(&reply);
    }
    return (double) (cy_now() - start) / count;
}

static void
measure(const char *name, uint16_t core, double (*run)(cy_ref to, int count), int count)
{
    double ns[RUNS];
    cy_ref to;
    need(cy_handler_spawn_on(&to, core, run == deliver ? drop : answer, NULL, NULL), 0);
    run(to, count / 10);
    for (int i = 0; i < RUNS; i++)
        ns[i] = run(to, count);
    need(cy_terminate(to), 0);
    qsort(ns, RUNS, sizeof *ns, ascending);
    printf("{\"bench\":\"%s\",\"ns\":%.1f,\"ns_min\":%.1f,\"ns_max\":%.1f}\n", name,
           ns[RUNS / 2], ns[0], ns[RUNS - 1]);
    fflush(stdout);
}

static int
bench(void *arg)
{
    (void) arg;
    measure("deliver.one_core", 0, deliver, 1000000);
    measure("deliver.two_cores", 1, deliver, 200000);
    measure("call.one_core", 0, call, 1000000);
    measure("call.two_cores", 1, call, 200000);
    return 0;
}

int
main(void)
{
    struct cy_options options;
    cy_options_init(&options);
    options.cores = 2;
    int rc = cy_run(&options, bench, NULL);
    cy_options_fini(&options);
    return rc != 0;
}
