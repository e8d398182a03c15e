#include "loopback.h"
#include <cycos/impl/node.h>
#include <cycos/impl/pool.h>
#include <cycos/pool.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static int
double_it(void *arg)
{
    return *(int *) arg * 2;
}

static int
call_once(void *arg)
{
    int number = 21, result = 0;
    (void) arg;
    CHECK(cy_blocking(&result, double_it, &number) == 0 && result == 42);
    CHECK(cy_blocking(NULL, double_it, &number) == 0);
    return 0;
}

static void
returns_what_the_function_returned(void)
{
    run(call_once);
}

struct place {
    pthread_t thread;
    char name[16];
    sigset_t blocked;
    cpu_set_t processors;
    bool on_a_core;
};

static int
look_around(void *arg)
{
    struct place *place = arg;
    place->thread = pthread_self();
    pthread_getname_np(place->thread, place->name, sizeof place->name);
    pthread_sigmask(SIG_SETMASK, NULL, &place->blocked);
    pthread_getaffinity_np(place->thread, sizeof place->processors, &place->processors);
    place->on_a_core = cyi_self != NULL;
    return 0;
}

static int
look_at_the_thread(void *arg)
{
    struct place place;
    cpu_set_t processors;
    sigset_t blocked;
    (void) arg;
    CHECK(cy_blocking(NULL, look_around, &place) == 0);
    CHECK(!pthread_equal(place.thread, pthread_self()) && !place.on_a_core);
    CHECK(strcmp(place.name, "pool.0") == 0);
    CHECK(sigismember(&place.blocked, SIGTERM) && sigismember(&place.blocked, SIGUSR1));
    CHECK(sched_getaffinity(getpid(), sizeof processors, &processors) == 0);
    CHECK(CPU_EQUAL(&processors, &place.processors));
    pthread_sigmask(SIG_SETMASK, NULL, &blocked); /* the core's own mask is as it was */
    CHECK(!sigismember(&blocked, SIGUSR1) || !sigismember(&blocked, SIGFPE));
    return 0;
}

static void
runs_on_a_named_thread_without_signals_on_any_processor(void)
{
    struct cy_options options;
    cy_node_options(&options, 1);
    options.pin = true; /* the core, not the pool */
    CU_ASSERT_EQUAL(cy_node_run_with(&options, look_at_the_thread, NULL), 0);
}

/* Work that stays in the pool until it is let go, one byte each. */
static int gate[2];

static int
wait_at_the_gate(void *arg)
{
    char c;
    (void) arg;
    return read(gate[0], &c, 1) == 1 ? 5 : -1;
}

static int
let_go(int count)
{
    while (count-- > 0)
        CHECK(write(gate[1], "x", 1) == 1);
    return 0;
}

static int
call_through_the_gate(void *arg)
{
    int result = 0;
    (void) arg;
    CHECK(cy_blocking(&result, wait_at_the_gate, NULL) == 0);
    return result;
}

enum { THREADS = 2, QUEUED = 3, CALLS = THREADS + QUEUED };

static int
fill_the_pool(void *arg)
{
    cy_ref tasks[CALLS];
    (void) arg;
    CHECK(pipe(gate) == 0);
    for (int i = 0; i < CALLS; i++)
        CHECK(cy_task_spawn(&tasks[i], call_through_the_gate, NULL, &joinable) == 0);
    CHECK(cy_yield() == 0);
    CHECK(cy_blocking(NULL, wait_at_the_gate, NULL) == -EAGAIN);
    CHECK(let_go(CALLS) == 0);
    for (int i = 0; i < CALLS; i++)
        CHECK(join_code(tasks[i]) == 5);
    CHECK(let_go(1) == 0);
    CHECK(cy_blocking(NULL, wait_at_the_gate, NULL) == 0); /* there is room again */
    close(gate[0]);
    close(gate[1]);
    return 0;
}

static void
one_call_more_than_threads_and_queue_hold_is_refused(void)
{
    struct cy_options options;
    cy_node_options(&options, 1);
    options.pool_threads = THREADS;
    options.pool_queue_max = QUEUED;
    CU_ASSERT_EQUAL(cy_node_run_with(&options, fill_the_pool, NULL), 0);
}

/* Returns only when the other has come too: they must run at once. */
static int
meet(void *barrier)
{
    int r = pthread_barrier_wait(barrier);
    return r == 0 || r == PTHREAD_BARRIER_SERIAL_THREAD ? 0 : -1;
}

static int
call_meet(void *barrier)
{
    int result = -1;
    CHECK(cy_blocking(&result, meet, barrier) == 0);
    return result;
}

static int
meet_in_the_pool(void *arg)
{
    pthread_barrier_t barrier;
    cy_ref tasks[4];
    (void) arg;
    pthread_barrier_init(&barrier, NULL, 4);
    for (int i = 0; i < 4; i++)
        CHECK(cy_task_spawn(&tasks[i], call_meet, &barrier, &joinable) == 0);
    for (int i = 0; i < 4; i++)
        CHECK(join_code(tasks[i]) == 0);
    pthread_barrier_destroy(&barrier);
    return 0;
}

static void
as_many_calls_run_at_once_as_there_are_threads(void)
{
    run(meet_in_the_pool);
}

static int
terminate_a_caller(void *arg)
{
    cy_ref task;
    (void) arg;
    CHECK(pipe(gate) == 0);
    CHECK(cy_task_spawn(&task, call_through_the_gate, NULL, &joinable) == 0);
    CHECK(cy_yield() == 0);
    CHECK(cy_terminate(task) == 0);
    for (int i = 0; i < 10; i++)
        CHECK(cy_yield() == 0);
    CHECK(cy_task_alive(task));
    CHECK(let_go(1) == 0);
    CHECK(join_code(task) == 5);
    close(gate[0]);
    close(gate[1]);
    return 0;
}

static void
termination_waits_for_the_function_to_return(void)
{
    run(terminate_a_caller);
}

static int cleaned_up;

static int
note_clean_up(void *arg)
{
    (void) arg;
    return ++cleaned_up;
}

static void
clean_up(void *result)
{
    if (cy_blocking(result, note_clean_up, NULL) < 0)
        cy_node_check(false, "cy_blocking() in a clean-up", __FILE__, __LINE__);
}

static int
end_with_a_clean_up(void *result)
{
    CHECK(cy_defer(clean_up, result) == 0);
    return 0;
}

static int
run_a_clean_up(void *arg)
{
    cy_ref task;
    int result = 0;
    (void) arg;
    cleaned_up = 0;
    CHECK(cy_task_spawn(&task, end_with_a_clean_up, &result, &joinable) == 0);
    CHECK(join_code(task) == 0);
    CHECK(result == 1 && cleaned_up == 1);
    return 0;
}

static void
a_clean_up_may_call_it(void)
{
    run(run_a_clean_up);
}

enum { CORES = 2, CALLERS = 8, CALLS_EACH = 50 };

static int
call_often(void *arg)
{
    (void) arg;
    for (int i = 0; i < CALLS_EACH; i++) {
        int result = 0;
        CHECK(cy_blocking(&result, double_it, &i) == 0 && result == 2 * i);
    }
    return 0;
}

static int
call_from_all_cores(void *arg)
{
    (void) arg;
    for (int i = 0; i < CALLERS; i++)
        CHECK(cy_task_spawn_on(NULL, (uint16_t) (i % CORES), call_often, NULL, NULL) == 0);
    return 0;
}

static void
each_core_gets_its_own_answers(void)
{
    CU_ASSERT_EQUAL(cy_node_run(CORES, call_from_all_cores, NULL), 0);
}

/* A node that only exists as far as the pool looks at it. */
struct stub {
    struct cy_options options;
    struct cyi_node node;
    struct cyi_core core;
};

static void
set_up(struct stub *stub, uint32_t threads, uint32_t queue)
{
    memset(stub, 0, sizeof *stub);
    stub->options.pool_threads = threads;
    stub->options.pool_queue_max = queue;
    stub->node.options = &stub->options;
    pthread_mutex_init(&stub->node.lock, NULL);
    stub->core.node = &stub->node;
    stub->core.os = cyi_os_linux();
    CU_ASSERT_EQUAL_FATAL(pipe(gate), 0);
}

static void
tear_down(struct stub *stub)
{
    pthread_mutex_destroy(&stub->node.lock);
    close(gate[0]);
    close(gate[1]);
}

static struct {
    sem_t begun, abandoned;
} signs;

struct slow {
    struct cyi_work work;
};

static void
slow_run(struct cyi_work *work)
{
    (void) work;
    sem_post(&signs.begun);
    wait_at_the_gate(NULL);
}

static void
slow_abandon(struct cyi_work *work)
{
    free(cyi_container_of(work, struct slow, work));
    sem_post(&signs.abandoned);
}

static struct slow *
new_slow(void)
{
    struct slow *slow = calloc(1, sizeof *slow);
    if (slow == NULL)
        abort();
    slow->work = (struct cyi_work){.run = slow_run, .abandon = slow_abandon};
    return slow;
}

static void
work_that_may_be_abandoned_does_not_hold_up_the_end(void)
{
    static struct stub stub;
    set_up(&stub, 1, 1);
    sem_init(&signs.begun, 0, 0);
    sem_init(&signs.abandoned, 0, 0);
    CY_OK(cyi_pool_submit(&stub.core, &new_slow()->work));
    sem_wait(&signs.begun);
    CY_OK(cyi_pool_submit(&stub.core, &new_slow()->work)); /* this one never begins */
    struct slow *third = new_slow();
    CY_FAILS(cyi_pool_submit(&stub.core, &third->work), -EAGAIN);
    free(third);
    cyi_pool_fini(&stub.node);
    CU_ASSERT_PTR_NULL(stub.node.pool);
    int count = -1;
    sem_getvalue(&signs.abandoned, &count);
    CU_ASSERT_EQUAL(count, 1); /* the queued one; the other is still at the gate */
    CU_ASSERT_EQUAL(write(gate[1], "x", 1), 1);
    sem_wait(&signs.abandoned);
    sem_wait(&signs.abandoned);
    tear_down(&stub);
}

static void
the_end_of_a_pool_that_was_never_used_is_nothing(void)
{
    static struct stub stub;
    set_up(&stub, 1, 1);
    cyi_pool_fini(&stub.node);
    CU_ASSERT_PTR_NULL(stub.node.pool);
    tear_down(&stub);
}

static int
call_starving(void *arg)
{
    (void) arg;
    if (cy_test_starve())
        CY_CHECK_EQ(cy_blocking(NULL, wait_at_the_gate, NULL), -ENOMEM);
    dprintf(STDOUT_FILENO, "done");
    _exit(0);
}

static void
starve(void *arg)
{
    (void) cy_node_run(1, call_starving, arg);
}

static void
without_memory_there_is_no_pool(void)
{
    static struct cy_test_child child;
    CY_OK(cy_test_run_child(&child, starve, NULL));
    CU_ASSERT_STRING_EQUAL(child.output, "done");
}

/* The child first: the thread sanitizer wants no fork after this process had threads. */
CY_TEST_MAIN("runtime.pool", CY_TEST(without_memory_there_is_no_pool),
             CY_TEST(returns_what_the_function_returned),
             CY_TEST(runs_on_a_named_thread_without_signals_on_any_processor),
             CY_TEST(one_call_more_than_threads_and_queue_hold_is_refused),
             CY_TEST(as_many_calls_run_at_once_as_there_are_threads),
             CY_TEST(termination_waits_for_the_function_to_return),
             CY_TEST(a_clean_up_may_call_it), CY_TEST(each_core_gets_its_own_answers),
             CY_TEST(work_that_may_be_abandoned_does_not_hold_up_the_end),
             CY_TEST(the_end_of_a_pool_that_was_never_used_is_nothing))
