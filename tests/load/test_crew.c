/* test_crew.c - workers that are found, hired, busy, lost; on other cores of one node. */
#include "assignment.h"
#include "coordinator.h"
#include "cy_node.h"
#include "hire.h"
#include "peer.h"
#include "worker.h"

#include <arpa/inet.h>
#include <cycos/peer.h>
#include <cycos/registry.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Each core is a peer of the others, so that one node is network enough. */
enum { CORES = 2 };

static struct load_flags flags;
static struct load_settings settings;
static struct load_job job;
static struct load_worker worker;
static struct peer peer;
static char target[60];

static uint32_t
free_udp_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    CU_ASSERT_EQUAL(bind(fd, (struct sockaddr *) &address, size), 0);
    CU_ASSERT_EQUAL(getsockname(fd, (struct sockaddr *) &address, &size), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static int
run(cy_task_fn *fn)
{
    static const char *const loopback[] = {"127.0.0.1"};
    struct cy_options options;
    cy_node_options(&options, CORES);
    options.network = cy_network();
    options.node = (struct cy_option_list){loopback, 1};
    options.udp_port = free_udp_port();
    peer_start(&peer, PEER_ECHO);
    snprintf(target, sizeof target, "tcp://127.0.0.1:%u", peer.port);
    int rc = cy_node_run_with(&options, fn, NULL);
    peer_stop(&peer);
    return rc;
}

static void
set_flags(uint32_t workers)
{
    load_flags_init(&flags);
    flags.connections = 2;
    flags.progress = false;
    flags.warmup = "0s";
    flags.duration_ns = 100 * CY_MILLISECOND;
    flags.timeout_ns = 20 * CY_SECOND;
    flags.workers = workers;
    flags.rate = "1000"; /* 100 in all, and each of them is sent */
    flags.drop_after_ns = CY_HOUR;
}

static int
load(void)
{
    char error[300] = "";
    memset(&job, 0, sizeof job);
    CY_CHECK_EQ(load_settings_make(&settings, &flags, target, error, sizeof error), 0);
    job.settings = &settings;
    return load_coordinate(&job);
}

static cy_ref
start_worker(void)
{
    cy_ref control;
    memset(&worker, 0, sizeof worker);
    CY_CHECK_EQ(cy_task_spawn_on(NULL, 1, load_work, &worker, NULL), 0);
    CY_CHECK_EQ(cy_task_locate(&control, LOAD_WORKER_NAME, NULL, CY_FOREVER), 0);
    return control;
}

static int
end(void)
{
    cy_shutdown(20 * CY_SECOND);
    return 0;
}

/* What the worker says to somebody who would hire it. */
static struct load_hire_answer
ask(cy_ref control, uint32_t version)
{
    const struct load_hire_ask ask = {version, sizeof(struct load_msg_done)};
    struct load_hire_answer answer = {.error = 99};
    cy_msg *msg = NULL, *reply = NULL;
    CY_CHECK_EQ(cy_msg_copy(&msg, LOAD_HIRE_ASK, &ask, sizeof ask), 0);
    CY_CHECK_EQ(cy_call(&reply, control, &msg, CY_FOREVER), 0);
    CY_CHECK_EQ(cy_msg_size(reply), sizeof answer);
    memcpy(&answer, cy_msg_body(reply), sizeof answer);
    cy_msg_free(&reply);
    return answer;
}

static void
release(cy_ref control)
{
    CY_CHECK_EQ(cy_send_bytes(control, LOAD_HIRE_RELEASE, NULL, 0), 0);
}

static int
load_by_a_worker(void *arg)
{
    (void) arg;
    start_worker();
    CY_CHECK_EQ(load(), 0);
    return end();
}

static void
a_worker_makes_the_load_and_its_name_is_told(void)
{
    set_flags(1);
    CU_ASSERT_EQUAL(run(load_by_a_worker), 0);
    CU_ASSERT_TRUE_FATAL(job.has_result);
    const struct load_result *r = &job.result;
    CU_ASSERT_EQUAL(r->core_count, 2);
    CU_ASSERT_EQUAL(r->cores[0].counters.sent, 50);
    CU_ASSERT_EQUAL(r->cores[1].counters.sent, 50);
    CU_ASSERT_EQUAL(r->total.sent, 100);
    CU_ASSERT_EQUAL(r->corrected->total, 100);
    CU_ASSERT_PTR_NOT_NULL(strstr(r->cores[0].node, "127.0.0.1:"));
    CU_ASSERT_EQUAL(load_result_missing(r), 0);
    CU_ASSERT_EQUAL(r->seconds_done, 1);
    CU_ASSERT_EQUAL(load_faults_sum(&r->total.faults), 0);
    load_result_fini(&job.result);
}

static void
a_search_hires_once_and_orders_for_each_trial(void)
{
    set_flags(1);
    flags.find_max = true;
    flags.slo = "p99<1ns"; /* nothing can meet it */
    flags.rate = "20";
    flags.trial_ns = 50 * CY_MILLISECOND;
    flags.warmup = "0s";
    CU_ASSERT_EQUAL(run(load_by_a_worker), 0);
    CU_ASSERT_TRUE_FATAL(job.has_result);
    CU_ASSERT_EQUAL(job.result.trial_count, 4); /* 20 and 10, each a second time */
    load_result_fini(&job.result);
}

static int
load_with_too_few(void *arg)
{
    (void) arg;
    cy_ref control = start_worker();
    CY_CHECK_EQ(load(), 3);
    CY_CHECK_EQ(ask(control, LOAD_HIRE_VERSION).error, 0); /* it was let go */
    return end();
}

static void
too_few_workers_are_said_and_let_go(void)
{
    set_flags(2);
    flags.timeout_ns = CY_SECOND;
    CU_ASSERT_EQUAL(run(load_with_too_few), 0);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(job.error, "--workers 2: within 1s 1 were found free, 0 busy, 0 of"));
}

static int
load_while_it_is_busy(void *arg)
{
    (void) arg;
    cy_ref control = start_worker();
    CY_CHECK_EQ(ask(control, LOAD_HIRE_VERSION).error, 0);
    CY_CHECK_EQ(load(), 3);
    CY_CHECK_EQ(ask(control, LOAD_HIRE_VERSION).error, -EBUSY);
    return end();
}

static void
a_busy_worker_is_passed_over(void)
{
    set_flags(1);
    flags.timeout_ns = CY_SECOND;
    CU_ASSERT_EQUAL(run(load_while_it_is_busy), 0);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(job.error, "--workers 1: within 1s 0 were found free, 1 busy"));
}

static cy_ref hired;

/* Hires it, and lets it go by a word or by ending. */
static int
hire_for_a_while(void *arg)
{
    CY_CHECK_EQ(ask(hired, LOAD_HIRE_VERSION).error, 0);
    CY_CHECK_EQ(cy_resume(*(const cy_ref *) arg), 0);
    CY_CHECK_EQ(cy_sleep(300 * CY_MILLISECOND), 0);
    return 0;
}

static int
load_when_it_is_free_again(void *arg)
{
    cy_ref self = cy_self();
    (void) arg;
    hired = start_worker();
    CY_CHECK_EQ(cy_task_spawn(NULL, hire_for_a_while, &self, NULL), 0);
    CY_CHECK_EQ(cy_suspend(CY_FOREVER), 0);
    CY_CHECK_EQ(load(), 0);
    return end();
}

static void
a_worker_whose_coordinator_ends_is_free_again_and_asked_again(void)
{
    set_flags(1);
    CU_ASSERT_EQUAL(run(load_when_it_is_free_again), 0);
    CU_ASSERT_TRUE_FATAL(job.has_result);
    CU_ASSERT_EQUAL(job.result.corrected->total, 100);
    load_result_fini(&job.result);
}

/* What the worker says to an order. */
static struct load_staff
order(cy_ref control, cy_msg *msg)
{
    struct load_staff staff = {.error = 99};
    cy_msg *reply = NULL;
    CY_CHECK_EQ(cy_call(&reply, control, &msg, CY_FOREVER), 0);
    CY_CHECK_EQ(cy_msg_size(reply), sizeof staff);
    memcpy(&staff, cy_msg_body(reply), sizeof staff);
    cy_msg_free(&reply);
    return staff;
}

static cy_msg *
make_order(const char *where, uint32_t count, uint32_t parts)
{
    struct load_assignment assignment = {
        .flags = flags, .first = 0, .count = count, .parts = parts};
    cy_msg *msg = NULL;
    snprintf(assignment.target, sizeof assignment.target, "%s", where);
    CY_CHECK_EQ(load_assignment_write(&msg, &assignment, LOAD_HIRE_ORDER), 0);
    return msg;
}

static int
give_wrong_orders(void *arg)
{
    cy_msg *msg = NULL;
    (void) arg;
    cy_ref control = start_worker();
    CY_CHECK_EQ(ask(control, LOAD_HIRE_VERSION + 1).error, -EPROTONOSUPPORT);
    CY_CHECK_EQ(order(control, make_order(target, 1, 1)).error, -EPERM);
    CY_CHECK_EQ(ask(control, LOAD_HIRE_VERSION).error, 0);
    CY_CHECK_EQ(cy_msg_copy(&msg, LOAD_HIRE_ORDER, "x", 1), 0);
    CY_CHECK_EQ(order(control, msg).error, -EBADMSG);
    flags.connections = CORES + 1;
    CY_CHECK_EQ(order(control, make_order(target, CORES + 1, CORES + 1)).error, -EBADMSG);
    flags.connections = 1;
    CY_CHECK_EQ(order(control, make_order(target, 2, 2)).error, -EBADMSG);
    struct load_staff staff = order(control, make_order("http://a", 1, 1));
    CY_CHECK_EQ(staff.error, -EINVAL);
    CY_CHECK(strstr(staff.text, "http://a: no target") != NULL);
    flags.timeout_ns = 20 * CY_MILLISECOND;
    staff = order(control, make_order("task://nobody", 1, 1));
    CY_CHECK_EQ(staff.error, -ETIMEDOUT);
    CY_CHECK(strstr(staff.text, "cannot find task://nobody") != NULL);
    release(control);
    CY_CHECK_EQ(ask(control, LOAD_HIRE_VERSION).error, 0);
    return end();
}

static void
wrong_orders_are_refused_and_the_worker_stays(void)
{
    set_flags(0);
    CU_ASSERT_EQUAL(run(give_wrong_orders), 0);
}

static int
find_the_name_taken(void *arg)
{
    (void) arg;
    CY_CHECK_EQ(cy_task_register(LOAD_WORKER_NAME), 0);
    cy_ref second;
    const struct cy_task_options joinable = {.joinable = true};
    memset(&worker, 0, sizeof worker);
    CY_CHECK_EQ(cy_task_spawn(&second, load_work, &worker, &joinable), 0);
    CY_CHECK_EQ(cy_join(NULL, second, CY_FOREVER), 0);
    return 0;
}

static void
one_node_is_one_worker(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, find_the_name_taken, NULL), 0);
    CU_ASSERT_STRING_EQUAL(worker.error, "cannot be a worker: File exists");
}

CY_TEST_MAIN("load.crew", CY_TEST(a_worker_makes_the_load_and_its_name_is_told),
             CY_TEST(a_search_hires_once_and_orders_for_each_trial),
             CY_TEST(too_few_workers_are_said_and_let_go),
             CY_TEST(a_busy_worker_is_passed_over),
             CY_TEST(a_worker_whose_coordinator_ends_is_free_again_and_asked_again),
             CY_TEST(wrong_orders_are_refused_and_the_worker_stays),
             CY_TEST(one_node_is_one_worker))
