#include "metrics_node.h"

#include <cycos/impl/task.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOON cy_after(30 * CY_SECOND)

/* The value of a line that begins so; -1: there is none. */
static long long
value_of(const char *text, const char *begin)
{
    char line[128];
    snprintf(line, sizeof line, "\n%s ", begin);
    const char *found = strstr(text, line);
    return found == NULL ? -1 : strtoll(found + strlen(line), NULL, 10);
}

static char *
collect(void)
{
    char *text = NULL;
    size_t bytes = 0;
    CY_CHECK_EQ(cyi_metrics_collect(&text, &bytes, cyi_self->node->metrics), 0);
    CY_CHECK(text != NULL && strlen(text) == bytes && text[bytes - 1] == '\n');
    return text;
}

static int
idle(void *arg)
{
    (void) arg;
    return cy_wait_stopping(CY_FOREVER);
}

static int
look_at_three_cores(void *arg)
{
    cy_ref task;
    (void) arg;
    for (uint16_t i = 0; i < 3; i++)
        for (uint16_t j = 0; j <= i; j++)
            CY_CHECK_EQ(cy_task_spawn_on(&task, i, idle, NULL, NULL), 0);
    char *text = collect();
    CY_CHECK_EQ(value_of(text, "cycos_core_up{core=\"0\"}"), 1);
    CY_CHECK_EQ(value_of(text, "cycos_core_up{core=\"2\"}"), 1);
    /* With the one that answers; and main. */
    CY_CHECK_EQ(value_of(text, "cycos_tasks{core=\"0\"}"), 3);
    CY_CHECK_EQ(value_of(text, "cycos_tasks{core=\"1\"}"), 3);
    CY_CHECK_EQ(value_of(text, "cycos_tasks{core=\"2\"}"), 4);
    CY_CHECK_EQ(value_of(text, "cycos_tasks_spawned_total{core=\"2\"}"), 4);
    CY_CHECK_EQ(value_of(text, "cycos_tasks{core=\"3\"}"), -1);
    CY_CHECK(value_of(text, "cycos_messages_sent_total{core=\"0\",to=\"other_core\"}") >= 2);
    CY_CHECK(value_of(text, "cycos_uptime_seconds") >= 0);
    CY_CHECK(strstr(text, "cycos_node_info{name=\"it\",incarnation=\"") != NULL);
    free(text);
    cy_shutdown(0);
    return 0;
}

static void
each_core_shows_its_own_numbers(void)
{
    run_metrics_node(3, look_at_three_cores);
}

enum { MANY = 3 * CYI_TASK_CHUNK + 7 };

/* More tasks than are looked at in one go, of which the last has mail. */
static int
count_mail(void *arg)
{
    cy_ref task;
    (void) arg;
    for (int i = 0; i < MANY; i++)
        CY_CHECK_EQ(cy_task_spawn(&task, idle, NULL, NULL), 0);
    for (int i = 0; i < 5; i++)
        CY_CHECK_EQ(cy_send_bytes(task, 1, "x", 1), 0);
    CY_CHECK_EQ(cy_send_bytes(cy_self(), 1, "x", 1), 0);
    char *text = collect();
    cy_msg *msg;
    CY_CHECK_EQ(value_of(text, "cycos_mailbox_longest_messages{core=\"0\"}"), 5);
    CY_CHECK(value_of(text, "cycos_mailbox_messages{core=\"0\"}") >= 5);
    CY_CHECK_EQ(value_of(text, "cycos_mailbox_messages{core=\"1\"}"), 0);
    CY_CHECK_EQ(value_of(text, "cycos_tasks{core=\"0\"}"), MANY + 2);
    free(text);
    while (cy_receive(&msg, CY_NOW) == 0)
        cy_msg_free(&msg);
    cy_shutdown(0);
    return 0;
}

static void
adds_up_the_mailboxes_of_many_tasks(void)
{
    run_metrics_node(2, count_mail);
}

static atomic_bool hanging, let_go;

static int
hang(void *arg)
{
    (void) arg;
    atomic_store(&hanging, true);
    while (!atomic_load(&let_go))
        continue;
    return 0;
}

static int
look_past_one_that_hangs(void *arg)
{
    (void) arg;
    cyi_self->node->metrics->limits.sample_ns = CY_MILLISECOND;
    CY_CHECK_EQ(cy_task_spawn_on(NULL, 1, hang, NULL, NULL), 0);
    while (!atomic_load(&hanging))
        cy_yield();
    char *text = collect();
    CY_CHECK_EQ(value_of(text, "cycos_core_up{core=\"1\"}"), 0);
    CY_CHECK_EQ(value_of(text, "cycos_tasks{core=\"1\"}"), -1);
    free(text);
    atomic_store(&let_go, true);
    cyi_self->node->metrics->limits.sample_ns = 30 * CY_SECOND;
    text = collect(); /* the answer to the first question comes too, as late as it is */
    CY_CHECK_EQ(value_of(text, "cycos_core_up{core=\"1\"}"), 1);
    free(text);
    return 0;
}

static void
a_core_that_hangs_is_said_to_be_down(void)
{
    atomic_store(&hanging, false);
    atomic_store(&let_go, false);
    run_metrics_node(2, look_past_one_that_hangs);
}

static void
measure_one(struct cyi_core *core, uint64_t *values)
{
    values[0] = 100u + core->index;
}

static const struct cyi_metric one[] = {
    {"own_total", "Of a test.", NULL, CYI_METRIC_COUNTER, false, false}};
static const struct cyi_metric_set own[CYI_METRIC_SETS_MAX + 1] = {
    {one, 1, measure_one}, {one, 1, measure_one}, {one, 1, measure_one},
    {one, 1, measure_one}, {one, 1, measure_one}, {one, 1, measure_one},
    {one, 1, measure_one}, {one, 1, measure_one}, {one, 1, measure_one},
};

static int
show_own(void *arg)
{
    struct cyi_node *node = cyi_self->node;
    (void) arg;
    CY_CHECK_EQ(cyi_metrics_add(node, &own[0]), 0);
    CY_CHECK_EQ(cyi_metrics_add(node, &own[0]), 0);
    CY_CHECK_EQ(node->metric_sets.count, 2);
    char *text = collect();
    CY_CHECK_EQ(value_of(text, "own_total{core=\"0\"}"), 100);
    CY_CHECK_EQ(value_of(text, "own_total{core=\"1\"}"), 101);
    free(text);
    /* One is the runtime's. */
    for (int i = 1; i < CYI_METRIC_SETS_MAX - 1; i++)
        CY_CHECK_EQ(cyi_metrics_add(node, &own[i]), 0);
    CY_CHECK_EQ(cyi_metrics_add(node, &own[CYI_METRIC_SETS_MAX]), -ENOBUFS);
    text = collect();
    CY_CHECK_EQ(value_of(text, "own_total{core=\"1\"}"), 101);
    free(text);
    return 0;
}

static void
components_add_sets_up_to_a_limit(void)
{
    run_metrics_node(2, show_own);
}

static int
add_many_rows(void *arg)
{
    static struct cyi_metric_set set;
    struct cyi_node *node = cyi_self->node;
    uint32_t room = CYI_METRICS_MAX - node->metric_sets.metrics;
    (void) arg;
    set.count = room + 1;
    CY_CHECK_EQ(cyi_metrics_add(node, &set), -ENOBUFS);
    set.count = room;
    CY_CHECK_EQ(cyi_metrics_add(node, &set), 0);
    CY_CHECK_EQ(node->metric_sets.metrics, CYI_METRICS_MAX);
    return 0;
}

static void
bounds_the_rows_of_all_sets(void)
{
    run_metrics_node(1, add_many_rows);
}

/* As metrics.c asks. */
struct question {
    uint32_t sets, metrics;
    uint16_t core;
};

static bool
is_answered(const void *question, size_t size)
{
    cy_msg *msg;
    CY_CHECK_EQ(cy_send_bytes(cyi_self->node->metrics->samplers[0], 1, question, size), 0);
    for (int i = 0; i < 10; i++)
        cy_yield();
    if (cy_receive(&msg, CY_NOW) != 0)
        return false;
    cy_msg_free(&msg);
    return true;
}

static int
ask_nonsense(void *arg)
{
    struct question good = {.sets = 1, .metrics = cyi_metrics_own.count}, bad;
    (void) arg;
    CY_CHECK(is_answered(&good, sizeof good));
    CY_CHECK(!is_answered(&good, sizeof good - 1));
    CY_CHECK(!is_answered("", 0));
    bad = good;
    bad.sets = 0;
    CY_CHECK(!is_answered(&bad, sizeof bad));
    bad.sets = 2;
    CY_CHECK(!is_answered(&bad, sizeof bad));
    bad.sets = UINT32_MAX;
    CY_CHECK(!is_answered(&bad, sizeof bad));
    bad = good;
    bad.metrics++;
    CY_CHECK(!is_answered(&bad, sizeof bad));
    CY_CHECK(is_answered(&good, sizeof good));
    return 0;
}

static void
a_question_that_is_none_gets_no_answer(void)
{
    run_metrics_node(1, ask_nonsense);
}

/* What an application sends to the task that asks is not taken for an answer. */
static int
collect_among_junk(void *arg)
{
    struct question low = {.sets = 1, .metrics = 1, .core = 0},
                    high = {.sets = 1, .metrics = cyi_metrics_own.count, .core = 7};
    static uint8_t body[sizeof low + CYI_METRICS_MAX * sizeof(uint64_t)];
    (void) arg;
    CY_CHECK_EQ(cy_send_bytes(cy_self(), 1, "junk", 4), 0);
    memcpy(body, &low, sizeof low);
    CY_CHECK_EQ(cy_send_bytes(cy_self(), 1, body, sizeof body), 0);
    memcpy(body, &high, sizeof high);
    CY_CHECK_EQ(cy_send_bytes(cy_self(), 1, body, sizeof body), 0);
    char *text = collect();
    CY_CHECK(value_of(text, "cycos_tasks{core=\"0\"}") > 0);
    CY_CHECK(value_of(text, "cycos_tasks{core=\"1\"}") > 0);
    free(text);
    return 0;
}

static void
only_an_answer_is_taken_for_one(void)
{
    run_metrics_node(2, collect_among_junk);
}

static int
collect_when_terminated(void *arg)
{
    char *text;
    size_t bytes;
    (void) arg;
    CY_CHECK_EQ(cy_terminate(cy_self()), 0);
    CY_CHECK_EQ(cyi_metrics_collect(&text, &bytes, cyi_self->node->metrics), -ECANCELED);
    return 0;
}

static void
the_end_of_a_node_ends_a_request(void)
{
    run_metrics_node(1, collect_when_terminated);
}

static int
nothing(void *arg)
{
    (void) arg;
    CY_CHECK(cyi_self->node->metrics == NULL);
    CY_CHECK_EQ(cyi_self->tasks.alive, 1);
    return 0;
}

static void
a_node_without_the_port_has_no_task_for_it(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, nothing, NULL), 0);
}

CY_TEST_MAIN("runtime.metrics", CY_TEST(each_core_shows_its_own_numbers),
             CY_TEST(adds_up_the_mailboxes_of_many_tasks),
             CY_TEST(a_core_that_hangs_is_said_to_be_down),
             CY_TEST(components_add_sets_up_to_a_limit), CY_TEST(bounds_the_rows_of_all_sets),
             CY_TEST(a_question_that_is_none_gets_no_answer),
             CY_TEST(only_an_answer_is_taken_for_one),
             CY_TEST(the_end_of_a_node_ends_a_request),
             CY_TEST(a_node_without_the_port_has_no_task_for_it))
