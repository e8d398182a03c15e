/*
 * bench_tasks.c - what a million living tasks cost in memory, and how fast tasks come and go.
 *
 * All of them run on one core. Each has run once and waits in cy_receive() (a handler: has
 * had its first message) when memory is measured: resident pages of the process before and
 * after, from /proc/self/statm, so that everything counts, the table of tasks too.
 */
#include <cycos/mailbox.h>
#include <cycos/run.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TASKS = 1000000, BURST = 1000, BURSTS = 500, RUNS = 5, TAG = 1 };

/* What a task may cost: the program fails when it is more. */
enum { STACKFUL_MAX = 4505, HANDLER_MAX = 300 };

static uint32_t running;
static cy_ref *refs;
static uint32_t tasks;
static bool too_big;

static void
stop(const char *what, int rc)
{
    fprintf(stderr, "bench_tasks: %s: %s\n", what, cy_strerror(rc));
    exit(1);
}

static void
check(const char *what, int rc)
{
    if (rc != 0)
        stop(what, rc);
}

static long
resident_bytes(void)
{
    long total = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%ld %ld", &total, &resident) != 2)
        stop("/proc/self/statm", -EIO);
    fclose(file);
    return resident * sysconf(_SC_PAGESIZE);
}

static double
seconds_since(cy_time start)
{
    return (double) (cy_now() - start) / (double) CY_SECOND;
}

static int
wait_for_a_message(void *arg)
{
    cy_msg *msg;
    (void) arg;
    running++;
    if (cy_receive(&msg, CY_FOREVER) == 0)
        cy_msg_free(&msg);
    running--;
    return 0;
}

static void
on_message(void *state, cy_msg **msg)
{
    (void) state;
    if (cy_msg_size(*msg) == 0) {
        running++;
        return;
    }
    running--;
    cy_handler_exit(0);
}

/* Let the others run until `count` of them do. */
static void
wait_until_running(uint32_t count)
{
    while (running != count)
        check("yield", cy_yield());
}

static void
report(const char *what, long bytes, int bytes_max, cy_time start)
{
    double each = (double) bytes / tasks;
    printf("{\"bench\":\"tasks.rss_%s\",\"tasks\":%u,\"bytes\":%.1f,\"bytes_max\":%d,"
           "\"start_ns\":%.1f}\n",
           what, tasks, each, bytes_max, seconds_since(start) * 1e9 / tasks);
    fflush(stdout);
    too_big |= each > bytes_max;
}

static void
stackful(void)
{
    long before = resident_bytes();
    cy_time start = cy_now();
    for (uint32_t i = 0; i < tasks; i++)
        check("spawn", cy_task_spawn(&refs[i], wait_for_a_message, NULL, NULL));
    wait_until_running(tasks);
    report("stackful", resident_bytes() - before, STACKFUL_MAX, start);
    for (uint32_t i = 0; i < tasks; i++)
        check("send", cy_send_bytes(refs[i], TAG, "x", 1));
    wait_until_running(0);
}

static void
handlers(void)
{
    long before = resident_bytes();
    cy_time start = cy_now();
    for (uint32_t i = 0; i < tasks; i++) {
        check("spawn", cy_handler_spawn(&refs[i], on_message, NULL, NULL));
        check("send", cy_send_bytes(refs[i], TAG, NULL, 0));
        if (i % BURST == 0) /* so that the messages on the way are few */
            check("yield", cy_yield());
    }
    wait_until_running(tasks);
    report("handler", resident_bytes() - before, HANDLER_MAX, start);
    for (uint32_t i = 0; i < tasks; i++)
        check("send", cy_send_bytes(refs[i], TAG, "x", 1));
    wait_until_running(0);
}

static int
end_at_once(void *arg)
{
    (void) arg;
    running--;
    return 0;
}

static void
end_by_message(void *state, cy_msg **msg)
{
    (void) state;
    (void) msg;
    running--;
    cy_handler_exit(0);
}

static void
burst_of_tasks(void)
{
    cy_ref ref;
    for (uint32_t i = 0; i < BURST; i++)
        check("spawn", cy_task_spawn(&ref, end_at_once, NULL, NULL));
}

static void
burst_of_handlers(void)
{
    cy_ref ref;
    for (uint32_t i = 0; i < BURST; i++) {
        check("spawn", cy_handler_spawn(&ref, end_by_message, NULL, NULL));
        check("send", cy_send_bytes(ref, TAG, NULL, 0));
    }
}

static void
one_by_one(void)
{
    cy_ref ref;
    for (uint32_t i = 0; i < BURST; i++) {
        check("spawn", cy_task_spawn(&ref, end_at_once, NULL, NULL));
        check("yield", cy_yield());
    }
}

static int
compare(const void *a, const void *b)
{
    double x = *(const double *) a, y = *(const double *) b;
    return (x > y) - (x < y);
}

/* Spawn, run and end: the median of all runs, in nanoseconds per task. */
static void
come_and_go(const char *what, void (*burst)(void))
{
    double ns[RUNS];
    for (int run = 0; run < RUNS; run++) {
        cy_time start = cy_now();
        for (int i = 0; i < BURSTS; i++) {
            running = BURST;
            burst();
            wait_until_running(0);
        }
        ns[run] = seconds_since(start) * 1e9 / (BURST * BURSTS);
    }
    qsort(ns, RUNS, sizeof *ns, compare);
    printf("{\"bench\":\"tasks.spawn_exit_%s\",\"ns\":%.1f,\"ns_min\":%.1f,\"ns_max\":%.1f}\n",
           what, ns[RUNS / 2], ns[0], ns[RUNS - 1]);
}

static int
measure(void *arg)
{
    (void) arg;
    /* Handlers first: their records' memory is reused by what comes after. */
    handlers();
    come_and_go("stackful", burst_of_tasks);
    come_and_go("one_by_one", one_by_one);
    come_and_go("handler", burst_of_handlers);
    return 0;
}

static int
measure_stackful(void *arg)
{
    (void) arg;
    stackful();
    return 0;
}

static void
run(cy_task_fn *fn)
{
    struct cy_options options;
    cy_options_init(&options);
    options.cores = 1;
    options.stall_ns = 0; /* to fill a million records in one go is what we want here */
    check("run", cy_run(&options, fn, NULL));
    cy_options_fini(&options);
}

int
main(int argc, char **argv)
{
    tasks = argc > 1 ? (uint32_t) strtoul(argv[1], NULL, 10) : TASKS;
    refs = malloc(tasks * sizeof *refs);
    if (refs == NULL || tasks == 0)
        return 1;
    memset(refs, 0, tasks * sizeof *refs); /* page faults now, not while measuring */
    run(measure_stackful);
    run(measure);
    free(refs);
    return too_big;
}
