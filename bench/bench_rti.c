/*
 * bench_rti.c - starting a task by a method, on the own core and on another one.
 *
 * `rti.call` is a call that wants no reference, `rti.join` a call and a join of its result,
 * with two arguments each; `rti.spawn` is what cy_task_spawn() and cy_join() take. On the own
 * core it is CPU time of the thread, which is the same on a busy machine. Between processes:
 * bench_link, beside the bare system calls.
 */
#include <cycos/rti.h>
#include <cycos/run.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { CALLS = 100000, CALLS_ACROSS = 5000, RUNS = 5 };

static uint16_t there;
static cy_ref method;

static void
check(const char *what, int rc)
{
    if (rc >= 0)
        return;
    fprintf(stderr, "bench_rti: %s: %s\n", what, cy_strerror(rc));
    exit(1);
}

static int
compare(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static cy_time
time_now(void)
{
    struct timespec now;
    clock_gettime(there == 0 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &now);
    return now.tv_sec * CY_SECOND + now.tv_nsec;
}

static int
add(cy_args_reader *args)
{
    int64_t a = 0, b = 0;
    cy_args_get_int(args, "a", &a);
    cy_args_get_int(args, "b", &b);
    return cy_args_end(args) != 0 || a + b == 0 ? 1 : 0;
}

static int
nothing(void *arg)
{
    (void) arg;
    return 0;
}

static void
call(cy_ref *task, int i)
{
    cy_args args;
    cy_args_init(&args);
    cy_args_put_int(&args, NULL, i);
    cy_args_put_int(&args, "b", 1);
    check("call", cy_rti_call(task, method, &args, CY_FOREVER));
    cy_args_fini(&args);
}

static void
call_only(int i)
{
    call(NULL, i);
}

static void
call_and_join(int i)
{
    cy_ref task;
    call(&task, i);
    check("join", cy_join(NULL, task, CY_FOREVER));
}

static void
spawn_and_join(int i)
{
    static const struct cy_task_options joinable = {.joinable = true};
    cy_ref task;
    (void) i;
    check("spawn", cy_task_spawn_on(&task, there, nothing, NULL, &joinable));
    check("join", cy_join(NULL, task, CY_FOREVER));
}

static void
measure(const char *bench, void (*one)(int i))
{
    double ns[RUNS];
    int calls = there == 0 ? CALLS : CALLS_ACROSS;
    for (int run = 0; run < RUNS; run++) {
        cy_time start = time_now();
        for (int i = 0; i < calls; i++)
            one(i);
        ns[run] = (double) (time_now() - start) / calls;
    }
    qsort(ns, RUNS, sizeof *ns, compare);
    printf(
        "{\"bench\":\"rti.%s\",\"core\":\"%s\",\"ns\":%.1f,\"ns_min\":%.1f,\"ns_max\":%.1f}\n",
        bench, there == 0 ? "own" : "other", ns[RUNS / 2], ns[0], ns[RUNS - 1]);
}

static int
make(void *arg)
{
    check("create", cy_rti_create(arg, add, NULL));
    return 0;
}

static int
bench(void *arg)
{
    static const struct cy_task_options joinable = {.joinable = true};
    (void) arg;
    for (there = 0; there < 2; there++) {
        cy_ref maker;
        check("spawn", cy_task_spawn_on(&maker, there, make, &method, &joinable));
        check("join", cy_join(NULL, maker, CY_FOREVER));
        measure("spawn", spawn_and_join);
        measure("call", call_only);
        measure("join", call_and_join);
    }
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
