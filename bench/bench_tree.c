/*
 * bench_tree.c - a tree of a million tasks that come, add up and go, on one core.
 *
 * The root starts ten tasks, each of those ten more, down to a million leaves. A leaf sends
 * its number to its parent and ends; every other task waits for its ten, and sends their sum.
 * 1 111 111 tasks and as many messages. Known as skynet; by hand it is the work of a fork and
 * join. Median of RUNS repetitions in one process, with minimum and maximum.
 */
#include <cycos/mailbox.h>
#include <cycos/run.h>
#include <stdio.h>
#include <stdlib.h>

enum { RUNS = 7, WIDTH = 10, LEAVES = 1000000 };

/* What a task is to do; on its parent's stack, which waits. */
struct branch {
    cy_ref parent;
    uint64_t first;
    uint32_t leaves;
};

static void
need(int rc)
{
    if (rc == 0)
        return;
    fprintf(stderr, "bench_tree: %s\n", cy_strerror(rc));
    exit(1);
}

static uint64_t
receive_number(void)
{
    cy_msg *msg;
    need(cy_receive(&msg, CY_FOREVER));
    uint64_t number = *(const uint64_t *) cy_msg_body(msg);
    cy_msg_free(&msg);
    return number;
}

static int
grow(void *arg)
{
    const struct branch *self = arg;
    struct branch children[WIDTH];
    uint64_t sum = self->first;
    if (self->leaves > 1) {
        uint32_t leaves = self->leaves / WIDTH;
        cy_ref me = cy_self();
        for (uint32_t i = 0; i < WIDTH; i++) {
            children[i] = (struct branch){me, self->first + i * leaves, leaves};
            need(cy_task_spawn(NULL, grow, &children[i], NULL));
        }
        sum = 0;
        for (uint32_t i = 0; i < WIDTH; i++)
            sum += receive_number();
    }
    need(cy_send_bytes(self->parent, 1, &sum, sizeof sum));
    return 0;
}

static int
ascending(const void *a, const void *b)
{
    double x = *(const double *) a, y = *(const double *) b;
    return (x > y) - (x < y);
}

static int
measure(void *arg)
{
    double ms[RUNS];
    (void) arg;
    for (int run = 0; run < RUNS; run++) {
        struct branch root = {cy_self(), 0, LEAVES};
        cy_time start = cy_now();
        need(cy_task_spawn(NULL, grow, &root, NULL));
        uint64_t sum = receive_number();
        ms[run] = (double) (cy_now() - start) / 1e6;
        need(sum == (uint64_t) LEAVES * (LEAVES - 1) / 2 ? 0 : -EIO);
    }
    qsort(ms, RUNS, sizeof *ms, ascending);
    printf("{\"bench\":\"tree.million\",\"ns\":%.2f,\"ns_min\":%.2f,\"ns_max\":%.2f,"
           "\"ms\":%.1f,\"runs\":%d}\n",
           ms[RUNS / 2] * 1e6 / LEAVES, ms[0] * 1e6 / LEAVES, ms[RUNS - 1] * 1e6 / LEAVES,
           ms[RUNS / 2], RUNS);
    return 0;
}

int
main(int argc, char **argv)
{
    struct cy_options options;
    cy_options_init(&options);
    options.cores = 1;
    if (cy_options_parse(&options, &argc, argv) < 0) {
        fprintf(stderr, "%s\n", options.error);
        return 2;
    }
    int status = cy_run(&options, measure, NULL);
    cy_options_fini(&options);
    return status < 0 ? 1 : status;
}
