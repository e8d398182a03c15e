/* Signals, stuck cores and the end of a node: what the thread of cy_run() looks after. */
#include "cy_node.h"
#include "sanitizer.h"
#include <cycos/impl/node.h>

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static struct cy_test_child child;

/*
 * The thread sanitizer hands signals on at atomic operations only, and in a child of fork()
 * not at all: so no thread can be asked there.
 */
static bool
signals_are_held_back(void)
{
    if (CYI_TSAN)
        CU_PASS("threads cannot be asked");
    return CYI_TSAN;
}

static int
sleep_a_second(void *arg)
{
    (void) arg;
    return cy_sleep(CY_SECOND);
}

/* A slow machine makes it fewer, never more. */
static void
an_idle_node_wakes_at_most_ten_times_a_second(void)
{
    struct cy_options options;
    struct rusage before, after;
    cy_node_options(&options, 2);
    options.stall_ns = 25 * CY_MILLISECOND;
    cy_time start = cy_now();
    getrusage(RUSAGE_SELF, &before);
    CY_OK(cy_node_run_with(&options, sleep_a_second, NULL));
    getrusage(RUSAGE_SELF, &after);
    cy_time tenths = (cy_now() - start) / (CY_SECOND / 10);
    /* Beyond that: starting and joining two threads, and their first turns. */
    if (!CYI_TSAN) /* it has a thread of its own */
        CU_ASSERT_TRUE(after.ru_nvcsw - before.ru_nvcsw <= tenths + 20);
    cy_options_fini(&options);
}

static bool
same_action(int number, const struct sigaction *before)
{
    struct sigaction now;
    return sigaction(number, NULL, &now) == 0 && now.sa_handler == before->sa_handler;
}

/* Programs that a task starts inherit the mask: nothing may be blocked. */
static int
look_at_signals(void *arg)
{
    sigset_t mask;
    struct sigaction action;
    CY_CHECK_EQ(pthread_sigmask(SIG_SETMASK, NULL, &mask), 0);
    for (int number = 1; number < SIGRTMAX; number++)
        CY_CHECK(sigismember(&mask, number) != 1);
    CY_CHECK_EQ(sigaction(SIGTERM, NULL, &action), 0);
    CY_CHECK(action.sa_handler != SIG_DFL);
    CY_CHECK_EQ(sigaction(SIGHUP, NULL, &action), 0);
    CY_CHECK(action.sa_handler != SIG_DFL);
    CY_CHECK(same_action(SIGUSR1, arg));
    return 0;
}

static void
leaves_signals_as_they_were(void)
{
    struct cy_options options;
    struct sigaction segv, quit, usr1;
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGINT); /* the caller blocks it: so it stays, after it was handled */
    CY_OK(pthread_sigmask(SIG_BLOCK, &mask, NULL));
    CY_OK(sigaction(SIGSEGV, NULL, &segv));
    CY_OK(sigaction(SIGQUIT, NULL, &quit));
    CY_OK(sigaction(SIGUSR1, NULL, &usr1));
    cy_node_options(&options, 2);
    options.handle_signals = true;
    CY_OK(cy_node_run_with(&options, look_at_signals, &usr1));
    CY_OK(pthread_sigmask(SIG_SETMASK, NULL, &mask));
    CU_ASSERT_FALSE(sigismember(&mask, SIGTERM));
    CU_ASSERT_FALSE(sigismember(&mask, SIGQUIT));
    CU_ASSERT_TRUE(sigismember(&mask, SIGINT));
    sigemptyset(&mask);
    CY_OK(pthread_sigmask(SIG_SETMASK, &mask, NULL));
    CU_ASSERT_TRUE(same_action(SIGSEGV, &segv));
    CU_ASSERT_TRUE(same_action(SIGQUIT, &quit));
    cy_options_fini(&options);
}

/* What follows happens in child processes, which end by signals. */

static void
run_in_child(cy_task_fn *fn, void *arg, uint32_t cores, cy_time grace)
{
    struct cy_options options;
    cy_node_options(&options, cores);
    options.handle_signals = true;
    options.shutdown_grace_ns = grace;
    options.log_level = CY_LOG_INFO;
    options.log_sink = NULL;
    _exit(cy_run(&options, fn, arg));
}

static int
stop_by_signal(void *arg)
{
    kill(getpid(), *(int *) arg);
    if (cy_wait_stopping(CY_FOREVER) != 0)
        return 99;
    return 0;
}

static void
run_stop_by_signal(void *arg)
{
    run_in_child(stop_by_signal, arg, 2, CY_MINUTE);
}

static int
hang_up_twice(void *arg)
{
    (void) arg;
    for (int i = 0; i < 2; i++) {
        kill(getpid(), SIGHUP);
        if (cy_sleep(10 * CY_MILLISECOND) != 0)
            return 99;
    }
    return cy_stopping() ? 98 : 7;
}

static void
run_hang_up(void *arg)
{
    run_in_child(hang_up_twice, arg, 1, CY_MINUTE);
}

static void
sighup_ends_nothing(void)
{
    CY_OK(cy_test_run_child(&child, run_hang_up, NULL));
    CU_ASSERT_EQUAL(child.status, 7);
    CU_ASSERT_PTR_NOT_NULL(strstr(child.output, "event=node.reload signal=1"));
}

static void
sigterm_and_sigint_shut_down_gracefully(void)
{
    int number = SIGTERM;
    CY_OK(cy_test_run_child(&child, run_stop_by_signal, &number));
    CU_ASSERT_EQUAL(child.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(child.output, "event=node.stopping signal=15"));
    number = SIGINT;
    CY_OK(cy_test_run_child(&child, run_stop_by_signal, &number));
    CU_ASSERT_EQUAL(child.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(child.output, "event=node.stopping signal=2"));
}

static int
never_return(void *arg)
{
    while (arg == NULL)
        sched_yield();
    return 90;
}

/* Hogs its core from the first signal on. */
static int
ignore_signals(void *arg)
{
    int number = *(int *) arg;
    kill(getpid(), number);
    while (!cy_stopping())
        sched_yield();
    kill(getpid(), number);
    return never_return(NULL);
}

static void
run_ignore_signals(void *arg)
{
    run_in_child(ignore_signals, arg, 1, CY_MINUTE);
}

static void
the_second_signal_ends_at_once_even_if_a_task_hogs(void)
{
    int number = SIGTERM;
    CY_OK(cy_test_run_child(&child, run_ignore_signals, &number));
    CU_ASSERT_EQUAL(child.status, 128 + SIGTERM);
    CU_ASSERT_TRUE(cy_test_died_saying(&child, "event=node.killed signal=15"));
    number = SIGINT;
    CY_OK(cy_test_run_child(&child, run_ignore_signals, &number));
    CU_ASSERT_EQUAL(child.status, 128 + SIGINT);
}

static int
shut_down_with_a_hog(void *arg)
{
    cy_ref ref;
    (void) arg;
    if (cy_task_spawn_on(&ref, 1, never_return, NULL, NULL) != 0)
        return 98;
    cy_shutdown(CY_MILLISECOND);
    return 97;
}

static void
run_with_a_hog(void *arg)
{
    run_in_child(shut_down_with_a_hog, arg, 2, CY_MILLISECOND);
}

static void
a_task_that_never_leaves_its_core_cannot_stop_the_end(void)
{
    if (signals_are_held_back())
        return;
    CY_OK(cy_test_run_child(&child, run_with_a_hog, NULL));
    CU_ASSERT_EQUAL(child.status, CY_EXIT_INCOMPLETE);
    CU_ASSERT_TRUE(
        cy_test_died_saying(&child, "event=shutdown.stuck core=1 task=never_return"));
    CU_ASSERT_PTR_NOT_NULL(strstr(child.output, "never_return+0x"));
}

/* Hogs the only core, so the supervisor alone has to find out. */
static int
hog_through_the_shutdown(void *arg)
{
    cy_shutdown(0);
    return never_return(arg);
}

static void
run_hog_through_the_shutdown(void *arg)
{
    run_in_child(hog_through_the_shutdown, arg, 1, 0);
}

static void
nor_can_it_on_the_only_core(void)
{
    if (signals_are_held_back())
        return;
    CY_OK(cy_test_run_child(&child, run_hog_through_the_shutdown, NULL));
    CU_ASSERT_EQUAL(child.status, CY_EXIT_INCOMPLETE);
    CU_ASSERT_TRUE(cy_test_died_saying(&child, "event=shutdown.stuck core=0 task=main"));
}

static bool
dumped_by_all(void)
{
    for (uint16_t i = 0; i < cy_core_count(); i++) {
        if (atomic_load(&cyi_self->node->cores[i]->pulse.dumps) == 0)
            return false;
    }
    return true;
}

static int
wait_for_ever(void *arg)
{
    cy_msg *msg;
    (void) arg;
    return cy_receive(&msg, CY_FOREVER) == -ECANCELED ? 0 : 96;
}

static int
ask_for_a_dump(void *arg)
{
    cy_ref ref;
    struct cy_task_options options = {.name = "sitter", .daemon = true};
    (void) arg;
    if (cy_task_spawn_on(&ref, 1, wait_for_ever, NULL, &options) != 0)
        return 98;
    kill(getpid(), SIGQUIT);
    while (!dumped_by_all())
        cy_yield();
    return 0;
}

static void
run_ask_for_a_dump(void *arg)
{
    run_in_child(ask_for_a_dump, arg, 2, CY_MINUTE);
}

static void
sigquit_prints_the_tasks_of_all_cores(void)
{
    CY_OK(cy_test_run_child(&child, run_ask_for_a_dump, NULL));
    CU_ASSERT_EQUAL(child.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(child.output, "cycos: core 0 node.0, node "));
    CU_ASSERT_PTR_NOT_NULL(strstr(child.output, "cycos: core 1 node.1, node "));
    CU_ASSERT_PTR_NOT_NULL(strstr(child.output, "\n  main "));
    CU_ASSERT_PTR_NOT_NULL(strstr(child.output, "\n  sitter "));
}

/* Standard error of the child is a pipe that the child itself reads. */
static int said[2];
static _Atomic bool hogs, found;

static int
hog_until_found(void *arg)
{
    (void) arg;
    atomic_store(&hogs, true);
    while (!atomic_load(&found))
        sched_yield();
    return 0;
}

static int
wait_for_the_finding(void *arg)
{
    char text[16384] = "";
    size_t bytes = 0;
    cy_ref ref;
    (void) arg;
    if (cy_task_spawn_on(&ref, 1, hog_until_found, NULL, NULL) != 0)
        return 98;
    while (!atomic_load(&hogs))
        sched_yield();
    kill(getpid(), SIGQUIT);
    do {
        if (strstr(text, " in task unknown: ") != NULL) {
            /* The thread got no processor in time to answer: it is asked again. */
            bytes = 0;
            kill(getpid(), SIGQUIT);
        }
        ssize_t n = read(said[0], text + bytes, sizeof text - 1 - bytes);
        if (n <= 0)
            return 95;
        bytes += (size_t) n;
        text[bytes] = '\0';
    } while (strstr(text, " in task hog_until_found: ") == NULL);
    atomic_store(&found, true);
    printf("%s", text);
    fflush(stdout);
    return 0;
}

static void
run_wait_for_the_finding(void *arg)
{
    if (pipe(said) != 0 || dup2(said[1], STDERR_FILENO) < 0)
        _exit(94);
    run_in_child(wait_for_the_finding, arg, 2, CY_MINUTE);
}

static void
a_core_that_does_not_dump_is_named_by_the_supervisor(void)
{
    if (signals_are_held_back())
        return;
    CY_OK(cy_test_run_child(&child, run_wait_for_the_finding, NULL));
    CU_ASSERT_EQUAL(child.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(child.output, "cycos: core 1 node.1 hangs for "));
    CU_ASSERT_PTR_NOT_NULL(strstr(child.output, "hog_until_found+0x"));
}

static _Atomic int nodes_running;

static int
one_of_two(void *arg)
{
    (void) arg;
    atomic_fetch_add(&nodes_running, 1);
    while (atomic_load(&nodes_running) < 2)
        cy_yield();
    if (cy_core_index() == 0 && strcmp(cy_core_name(), "first.0") == 0)
        kill(getpid(), SIGTERM);
    return cy_wait_stopping(CY_FOREVER);
}

static void *
run_one_of_two(void *name)
{
    struct cy_options options;
    cy_node_options(&options, 1);
    options.handle_signals = true;
    options.name = name;
    return (void *) (intptr_t) cy_run(&options, one_of_two, NULL);
}

static void
run_two_nodes(void *arg)
{
    sigset_t set;
    pthread_t first, second;
    void *result;
    (void) arg;
    /* The main thread is no core: it must not be the one that the signal ends. */
    sigfillset(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (pthread_create(&first, NULL, run_one_of_two, (void *) "first") != 0 ||
        pthread_create(&second, NULL, run_one_of_two, (void *) "second") != 0)
        _exit(93);
    pthread_join(first, &result);
    if (result != NULL)
        _exit(92);
    pthread_join(second, &result);
    _exit(result != NULL ? 91 : 7);
}

static void
a_signal_stops_all_nodes_of_the_process(void)
{
    CY_OK(cy_test_run_child(&child, run_two_nodes, NULL));
    CU_ASSERT_EQUAL(child.status, 7);
}

static int
be_killed(void *arg)
{
    (void) arg;
    kill(getpid(), SIGTERM);
    return wait_for_ever(NULL);
}

static void
run_without_handling(void *arg)
{
    (void) arg;
    struct cy_options options;
    cy_node_options(&options, 1);
    options.handle_signals = false;
    _exit(cy_run(&options, be_killed, NULL));
}

static void
signals_are_left_alone_if_the_options_say_so(void)
{
    CY_OK(cy_test_run_child(&child, run_without_handling, NULL));
    CU_ASSERT_EQUAL(child.signal, SIGTERM);
}

static int
end_at_once(void *arg)
{
    (void) arg;
    return 0;
}

/* With one descriptor more each time, until it is enough. */
static void
run_with_few_descriptors(void *arg)
{
    int failures = 0, rc = -EMFILE;
    (void) arg;
    for (rlim_t limit = 3; rc == -EMFILE && limit < 40; limit++) {
        struct rlimit few = {limit, 40};
        struct cy_options options;
        setrlimit(RLIMIT_NOFILE, &few);
        cy_node_options(&options, 1);
        options.handle_signals = true;
        rc = cy_run(&options, end_at_once, NULL);
        failures += rc == -EMFILE;
        cy_options_fini(&options);
    }
    _exit(rc == 0 && failures >= 4 ? 7 : 1);
}

static void
too_few_descriptors_are_an_error_at_each_step(void)
{
    CY_OK(cy_test_run_child(&child, run_with_few_descriptors, NULL));
    CU_ASSERT_EQUAL(child.status, 7);
}

CY_TEST_MAIN("runtime.supervisor", CY_TEST(an_idle_node_wakes_at_most_ten_times_a_second),
             CY_TEST(leaves_signals_as_they_were),
             CY_TEST(sigterm_and_sigint_shut_down_gracefully), CY_TEST(sighup_ends_nothing),
             CY_TEST(the_second_signal_ends_at_once_even_if_a_task_hogs),
             CY_TEST(a_task_that_never_leaves_its_core_cannot_stop_the_end),
             CY_TEST(nor_can_it_on_the_only_core),
             CY_TEST(sigquit_prints_the_tasks_of_all_cores),
             CY_TEST(a_core_that_does_not_dump_is_named_by_the_supervisor),
             CY_TEST(a_signal_stops_all_nodes_of_the_process),
             CY_TEST(signals_are_left_alone_if_the_options_say_so),
             CY_TEST(too_few_descriptors_are_an_error_at_each_step))
