/*
 * bench_sync.c - event, lock, condition and semaphore among the tasks of one core.
 *
 * `sync.lock` is a pair of acquire and release that nobody contends. The others hand over
 * from task to task, so each figure holds one or two switches.
 */
#include <cycos/run.h>
#include <cycos/sync.h>
#include <cycos/task.h>

#include <stdio.h>
#include <stdlib.h>

enum { COUNT = 1000000, RUNS = 5 };

static struct cy_lock lock;
static struct cy_event ping, pong;
static struct cy_semaphore there, back;
static struct cy_condition condition;
static uint32_t turn;

static void
check(const char *what, int rc)
{
    if (rc >= 0)
        return;
    fprintf(stderr, "bench_sync: %s: %s\n", what, cy_strerror(rc));
    exit(1);
}

static double
per_step(cy_time start)
{
    return (double) (cy_now() - start) / COUNT;
}

static double
uncontended(void)
{
    cy_time start = cy_now();
    for (int i = 0; i < COUNT; i++) {
        check("acquire", cy_lock_acquire(&lock, CY_NOW));
        cy_lock_release(&lock);
    }
    return per_step(start);
}

static cy_ref
spawn(cy_task_fn *fn)
{
    cy_ref task;
    struct cy_task_options joinable = {.joinable = true};
    check("spawn", cy_task_spawn(&task, fn, NULL, &joinable));
    return task;
}

static int
take_turns(void *arg)
{
    (void) arg;
    for (int i = 0; i < COUNT; i++) {
        check("acquire", cy_lock_acquire(&lock, CY_FOREVER));
        check("yield", cy_yield()); /* so that the other one asks meanwhile */
        cy_lock_release(&lock);
    }
    return 0;
}

static double
contended(void)
{
    cy_ref first = spawn(take_turns), second = spawn(take_turns);
    cy_time start = cy_now();
    check("join", cy_join(NULL, first, CY_FOREVER));
    check("join", cy_join(NULL, second, CY_FOREVER));
    return per_step(start) / 2;
}

static int
answer_event(void *arg)
{
    (void) arg;
    for (int i = 0; i < COUNT; i++) {
        check("wait", cy_event_wait(&ping, CY_FOREVER));
        cy_event_clear(&ping);
        cy_event_set(&pong);
    }
    return 0;
}

static double
events(void)
{
    cy_ref other = spawn(answer_event);
    cy_time start = cy_now();
    for (int i = 0; i < COUNT; i++) {
        cy_event_set(&ping);
        check("wait", cy_event_wait(&pong, CY_FOREVER));
        cy_event_clear(&pong);
    }
    check("join", cy_join(NULL, other, CY_FOREVER));
    return per_step(start);
}

static int
answer_semaphore(void *arg)
{
    (void) arg;
    for (int i = 0; i < COUNT; i++) {
        check("acquire", cy_semaphore_acquire(&there, CY_FOREVER));
        check("release", cy_semaphore_release(&back));
    }
    return 0;
}

static double
semaphores(void)
{
    cy_ref other = spawn(answer_semaphore);
    cy_time start = cy_now();
    for (int i = 0; i < COUNT; i++) {
        check("release", cy_semaphore_release(&there));
        check("acquire", cy_semaphore_acquire(&back, CY_FOREVER));
    }
    check("join", cy_join(NULL, other, CY_FOREVER));
    return per_step(start);
}

static void
wait_for_turn(uint32_t mine)
{
    check("acquire", cy_lock_acquire(&lock, CY_FOREVER));
    while (turn % 2 != mine)
        check("wait", cy_condition_wait(&condition, &lock, CY_FOREVER));
    turn++;
    cy_condition_signal(&condition);
    cy_lock_release(&lock);
}

static int
answer_condition(void *arg)
{
    (void) arg;
    for (int i = 0; i < COUNT; i++)
        wait_for_turn(1);
    return 0;
}

static double
conditions(void)
{
    turn = 0;
    cy_ref other = spawn(answer_condition);
    cy_time start = cy_now();
    for (int i = 0; i < COUNT; i++)
        wait_for_turn(0);
    check("join", cy_join(NULL, other, CY_FOREVER));
    return per_step(start);
}

static int
compare(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void
run(const char *name, double (*fn)(void))
{
    double ns[RUNS];
    for (int i = 0; i < RUNS; i++)
        ns[i] = fn();
    qsort(ns, RUNS, sizeof *ns, compare);
    printf("{\"bench\":\"sync.%s\",\"ns\":%.1f,\"ns_min\":%.1f,\"ns_max\":%.1f}\n", name,
           ns[RUNS / 2], ns[0], ns[RUNS - 1]);
}

static int
bench(void *arg)
{
    (void) arg;
    run("lock", uncontended);
    run("lock_hand_over", contended);
    run("event_round_trip", events);
    run("semaphore_round_trip", semaphores);
    run("condition_round_trip", conditions);
    return 0;
}

int
main(void)
{
    struct cy_options options;
    cy_options_init(&options);
    options.cores = 1;
    options.stall_ns = 0;
    int rc = cy_run(&options, bench, NULL);
    check("cy_run", rc);
    cy_options_fini(&options);
    return rc;
}
