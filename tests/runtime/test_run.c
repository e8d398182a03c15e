/* test_run.c - cy_run(): status, shutdown, several nodes, bad beginnings. */
#include "cy_node.h"
#include "sanitizer.h"

#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static int
return_it(void *arg)
{
    return *(int *) arg;
}

static void
the_status_is_what_main_returned(void)
{
    for (int code = 0; code <= 255; code += 51)
        CU_ASSERT_EQUAL(cy_node_run(1, return_it, &code), code);
}

static void
log_into(char *text, const char *line, size_t bytes)
{
    size_t used = strlen(text);
    if (used + bytes < 4096)
        memcpy(text + used, line, bytes + 1);
}

/* One writer at a time: the lines that a test is about come from one core only. */
static int
keep_line(void *arg, enum cy_log_level level, const char *line, size_t bytes)
{
    (void) level;
    log_into(arg, line, bytes);
    return 0;
}

static int
stubborn(void *arg)
{
    int rounds = 0;
    (void) arg;
    while (rounds >= 0)
        rounds += cy_yield() == 1;
    return 0;
}

static int
leave_stubborn(void *arg)
{
    (void) arg;
    CY_CHECK_EQ(cy_task_spawn(NULL, stubborn, NULL, NULL), 0);
    cy_shutdown(0);
    return 5;
}

static void
who_ignores_the_end_is_left_behind_and_named(void)
{
    static char text[4096 + CY_LOG_LINE_MAX];
    struct cy_options options;
    cy_node_options(&options, 1);
    text[0] = '\0';
    options.log_sink = keep_line;
    options.log_arg = text;
    CU_ASSERT_EQUAL(cy_node_run_with(&options, leave_stubborn, NULL), CY_EXIT_INCOMPLETE);
    const char *line = strstr(text, "shutdown.left");
    CU_ASSERT_PTR_NOT_NULL_FATAL(line);
    CU_ASSERT_PTR_NOT_NULL(strstr(line, "task=stubborn"));
    CU_ASSERT_PTR_NULL(strstr(text, "node.leaked"));
}

static int
finish_when_stopping(void *arg)
{
    CY_CHECK_EQ(cy_wait_stopping(CY_FOREVER), 0);
    CY_CHECK(cy_stopping());
    CY_CHECK_EQ(cy_yield(), 0); /* the grace: nothing is cancelled */
    CY_CHECK_EQ(cy_wait_stopping(CY_NOW), 0);
    *(bool *) arg = true;
    return 0;
}

static int
stop_gracefully(void *arg)
{
    bool *finished = arg;
    CY_CHECK_EQ(cy_wait_stopping(CY_NOW), -ETIMEDOUT);
    CY_CHECK_EQ(cy_wait_stopping(cy_after(1)), -ETIMEDOUT);
    for (uint16_t core = 0; core < 2; core++)
        CY_CHECK_EQ(cy_task_spawn_on(NULL, core, finish_when_stopping, &finished[core], NULL),
                    0);
    cy_node_settle();
    cy_shutdown(CY_HOUR);
    return 0;
}

static void
tasks_finish_by_themselves_within_the_grace(void)
{
    bool finished[2] = {false, false};
    CU_ASSERT_EQUAL(cy_node_run(2, stop_gracefully, finished), 0);
    CU_ASSERT_TRUE(finished[0] && finished[1]);
}

static int
wait_in_vain(void *arg)
{
    (void) arg;
    CY_CHECK_EQ(cy_wait_stopping(CY_FOREVER), -ECANCELED);
    return 0;
}

static int
cancel_a_waiter(void *arg)
{
    cy_ref there;
    struct cy_task_options joinable = {.joinable = true};
    (void) arg;
    CY_CHECK_EQ(cy_task_spawn(&there, wait_in_vain, NULL, &joinable), 0);
    cy_yield();
    CY_CHECK_EQ(cy_terminate(there), 0);
    CY_CHECK_EQ(cy_join(NULL, there, CY_FOREVER), 0);
    return 0;
}

static void
waiting_for_the_end_can_be_cancelled(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, cancel_a_waiter, NULL), 0);
}

enum { NODES = 2 };

/* Two nodes of one process; the threads that run them meet here. */
static pthread_barrier_t meeting;
static cy_ref mains[NODES];

static int
meet_the_other(void *arg)
{
    int me = *(int *) arg;
    cy_msg *msg;
    mains[me] = cy_self();
    pthread_barrier_wait(&meeting);
    cy_ref other = mains[1 - me];
    CY_CHECK_EQ(cy_send_bytes(other, 1, "x", 1), CY_ENOPEER);
    CY_CHECK_EQ(cy_msg_create(&msg, 1, 100), 0);
    CY_CHECK_EQ(cy_send(other, &msg), CY_ENOPEER);
    CY_CHECK_EQ(cy_deliver(other, &msg, CY_FOREVER), CY_ENOPEER);
    cy_msg_free(&msg);
    CY_CHECK_EQ(cy_resume(other), CY_ENOPEER);
    CY_CHECK_EQ(cy_terminate(other), CY_ENOPEER);
    CY_CHECK(!cy_task_alive(other));
    for (uint16_t core = 0; core < cy_core_count(); core++)
        CY_CHECK_EQ(cy_task_spawn_on(NULL, core, return_it, arg, NULL), 0);
    cy_node_settle();
    pthread_barrier_wait(&meeting);
    return 10 + me;
}

static int node_numbers[NODES] = {0, 1}, node_status[NODES];

static void *
run_a_node(void *arg)
{
    int *me = arg;
    struct cy_options options;
    cy_node_options(&options, 2);
    node_status[*me] = cy_run(&options, meet_the_other, me);
    return NULL;
}

static void
two_nodes_live_in_one_process(void)
{
    pthread_t threads[NODES];
    cy_node_begin_checks();
    pthread_barrier_init(&meeting, NULL, NODES);
    for (int i = 0; i < NODES; i++)
        CU_ASSERT_EQUAL_FATAL(pthread_create(&threads[i], NULL, run_a_node, &node_numbers[i]),
                              0);
    for (int i = 0; i < NODES; i++) {
        pthread_join(threads[i], NULL);
        CU_ASSERT_EQUAL(node_status[i], 10 + i);
    }
    pthread_barrier_destroy(&meeting);
    CU_ASSERT_FALSE(cy_ref_equal(mains[0], mains[1]));
    cy_node_assert_checks();
}

static long
count_entries(const char *folder)
{
    long count = 0;
    DIR *dir = opendir(folder);
    while (dir != NULL && readdir(dir) != NULL)
        count++;
    if (dir != NULL)
        closedir(dir);
    return count;
}

static long
count_mappings(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    long count = 0;
    for (int c; maps != NULL && (c = getc(maps)) != EOF;)
        count += c == '\n';
    if (maps != NULL)
        fclose(maps);
    return count;
}

static int
use_a_bit_of_all(void *arg)
{
    cy_ref there;
    for (uint16_t core = 0; core < cy_core_count(); core++) {
        CY_CHECK_EQ(cy_task_spawn_on(&there, core, return_it, arg, NULL), 0);
        CY_CHECK_EQ(cy_sleep(CY_MICROSECOND), 0);
        (void) !cy_send_bytes(there, 1, "late", 4);
    }
    cy_node_settle();
    return *(int *) arg;
}

/* The first ones are left out: libraries take what they keep. */
static void
many_nodes_one_after_the_other_leave_nothing(void)
{
    long threads = 0, mappings = 0;
    int status = 3;
    for (long i = 0; i < 10 + cy_test_scale(200); i++) {
        CU_ASSERT_EQUAL(cy_node_run(1 + (uint32_t) i % 3, use_a_bit_of_all, &status), 3);
        if (i == 9) {
            threads = count_entries("/proc/self/task");
            mappings = count_mappings();
        }
    }
    CU_ASSERT_EQUAL(count_entries("/proc/self/task"), threads);
    CU_ASSERT_TRUE(CYI_ASAN || CYI_TSAN || count_mappings() <= mappings + 20);
}

static void
a_bad_option_is_named(void)
{
    struct cy_options options;
    int code = 0;
    cy_node_options(&options, 1);
    options.tasks_max = 3;
    CY_FAILS(cy_run(&options, return_it, &code), -EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(options.error, "tasks-max"));
    cy_node_options(&options, 1);
    options.stack_bytes = 1;
    CY_FAILS(cy_run(&options, return_it, &code), -EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(options.error, "stack"));
}

/* In children: what belongs to the process. */
static void
run_with(struct cy_options *options, cy_task_fn *fn)
{
    int rc = cy_run(options, fn, NULL);
    printf("cy_run: %d\n", rc);
}

static int
say_where(void *arg)
{
    cpu_set_t set;
    (void) arg;
    CY_CHECK_EQ(sched_getaffinity(0, sizeof set, &set), 0);
    printf("cores %d, pinned to %d\n", cy_core_count(), CPU_COUNT(&set));
    return 0;
}

static void
run_on_some_cpus(void *arg)
{
    int wanted = *(int *) arg, have = 0;
    struct cy_options options;
    cpu_set_t all, some;
    CPU_ZERO(&some);
    if (sched_getaffinity(0, sizeof all, &all) != 0)
        return;
    for (size_t cpu = 0; cpu < CPU_SETSIZE && have < wanted; cpu++) {
        if (CPU_ISSET(cpu, &all)) {
            CPU_SET(cpu, &some);
            have++;
        }
    }
    if (sched_setaffinity(0, sizeof some, &some) != 0)
        return;
    cy_node_options(&options, 0);
    options.pin = true;
    run_with(&options, say_where);
}

static void
no_number_of_cores_means_the_affinity_mask(void)
{
    struct cy_test_child child;
    cpu_set_t all;
    char want[64];
    CU_ASSERT_EQUAL(sched_getaffinity(0, sizeof all, &all), 0);
    for (int wanted = 1; wanted <= 2 && wanted <= CPU_COUNT(&all); wanted++) {
        CY_OK(cy_test_run_child(&child, run_on_some_cpus, &wanted));
        snprintf(want, sizeof want, "cores %d, pinned to 1\n", wanted);
        CU_ASSERT_PTR_NOT_NULL(strstr(child.output, want));
        CU_ASSERT_PTR_NOT_NULL(strstr(child.output, "cy_run: 0\n"));
    }
}

static int
say_run(void *arg)
{
    (void) arg;
    printf("main runs\n");
    return 0;
}

/* A user of whom no process runs; only who may become that user can have just one thread. */
enum { LONELY_USER = 53917 };

static void
run_without_threads(void *arg)
{
    rlim_t threads = *(const rlim_t *) arg;
    struct rlimit limit = {threads, threads};
    struct cy_options options;
    cy_node_options(&options, 4);
    if (getuid() == 0 && setuid(LONELY_USER) != 0)
        printf("skipped: no change of user\n");
    else if (setrlimit(RLIMIT_NPROC, &limit) != 0)
        printf("skipped: no limit\n");
    else
        run_with(&options, say_run);
}

static void
without_all_threads_no_task_runs(void)
{
    struct cy_test_child child;
    char want[32];
    snprintf(want, sizeof want, "cy_run: %d\n", -EAGAIN);
    for (rlim_t threads = 1; threads <= 3; threads++) {
        CY_OK(cy_test_run_child(&child, run_without_threads, &threads));
        if (strstr(child.output, "skipped") != NULL)
            printf("%s", child.output);
        else
            CU_ASSERT_PTR_NOT_NULL(strstr(child.output, want));
        CU_ASSERT_PTR_NULL(strstr(child.output, "main runs"));
    }
}

static void
run_without_descriptors(void *arg)
{
    rlim_t more = *(const rlim_t *) arg;
    struct cy_options options;
    int next = dup(0);
    struct rlimit limit = {(rlim_t) next + more, (rlim_t) next + more};
    close(next);
    cy_node_options(&options, 2);
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
        run_with(&options, say_run);
}

static void
without_descriptors_no_task_runs(void)
{
    struct cy_test_child child;
    char want[32];
    snprintf(want, sizeof want, "cy_run: %d\n", -EMFILE);
    /* Two for each core, and at least one for the thread that called. */
    for (rlim_t more = 0; more < 5; more++) {
        CY_OK(cy_test_run_child(&child, run_without_descriptors, &more));
        CU_ASSERT_PTR_NOT_NULL(strstr(child.output, want));
        CU_ASSERT_PTR_NULL(strstr(child.output, "main runs"));
    }
}

static void
run_without_memory(void *arg)
{
    struct cy_options options;
    (void) arg;
    cy_node_options(&options, 2);
    int rc = cy_test_starve() ? cy_run(&options, say_run, NULL) : -ENOMEM;
    dprintf(STDOUT_FILENO, rc == -ENOMEM ? "no memory" : "another error");
    _exit(0);
}

static void
without_memory_no_task_runs(void)
{
    struct cy_test_child child;
    CY_OK(cy_test_run_child(&child, run_without_memory, NULL));
    CU_ASSERT_STRING_EQUAL(child.output, "no memory");
}

static int
run_inside(void *arg)
{
    struct cy_options options;
    (void) arg;
    cy_node_options(&options, 1);
    return cy_run(&options, say_run, NULL);
}

static void
nest(void *arg)
{
    struct cy_options options;
    (void) arg;
    cy_node_options(&options, 1);
    run_with(&options, run_inside);
}

static void
a_task_cannot_run_a_node(void)
{
    struct cy_test_child child;
    CY_OK(cy_test_run_child(&child, nest, NULL));
    CU_ASSERT_TRUE(cy_test_died_saying(&child, "cy_run() in a task"));
}

static int
ask_about_the_node(void *arg)
{
    struct cy_core_counters counters;
    uint8_t a[32] = {0}, b[32] = {0};
    (void) arg;
    CY_CHECK_EQ(cy_core_count(), 3);
    CY_CHECK_EQ(cy_core_index(), 0);
    CY_CHECK(strcmp(cy_core_name(), "web.0") == 0);
    cy_random(a, sizeof a);
    cy_random(b, sizeof b);
    CY_CHECK(memcmp(a, b, sizeof a) != 0);
    cy_core_read_counters(&counters);
    CY_CHECK_EQ(counters.tasks, 1);
    CY_CHECK_EQ(counters.spawned, 1);
    CY_CHECK_EQ(counters.ended, 0);
    CY_CHECK_EQ(counters.stacks, 1);
    CY_CHECK_EQ(counters.stacks_pooled, 0);
    CY_CHECK(counters.turns > 0);
    return 0;
}

static void
a_task_can_ask_about_its_node(void)
{
    struct cy_options options;
    cy_node_options(&options, 3);
    options.name = "web";
    CU_ASSERT_EQUAL(cy_node_run_with(&options, ask_about_the_node, NULL), 0);
}

/* Children first: the thread sanitizer wants no fork after this process had threads. */
CY_TEST_MAIN("runtime.run", CY_TEST(no_number_of_cores_means_the_affinity_mask),
             CY_TEST(without_all_threads_no_task_runs),
             CY_TEST(without_descriptors_no_task_runs), CY_TEST(without_memory_no_task_runs),
             CY_TEST(a_task_cannot_run_a_node), CY_TEST(the_status_is_what_main_returned),
             CY_TEST(who_ignores_the_end_is_left_behind_and_named),
             CY_TEST(tasks_finish_by_themselves_within_the_grace),
             CY_TEST(waiting_for_the_end_can_be_cancelled),
             CY_TEST(two_nodes_live_in_one_process),
             CY_TEST(many_nodes_one_after_the_other_leave_nothing),
             CY_TEST(a_bad_option_is_named), CY_TEST(a_task_can_ask_about_its_node))
