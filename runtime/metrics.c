/*
 * metrics.c - what a core counts, and asking all cores for it.
 *
 * Tests: tests/runtime/test_metrics.c
 */
#include "metrics_text.h"
#include "task.h"
#include <cycos/impl/inbox.h>
#include <cycos/impl/io.h>
#include <cycos/impl/metrics.h>
#include <cycos/impl/node.h>
#include <cycos/mailbox.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { TAG_SAMPLE = 1 };

/* What a core is asked, and answers: then `metrics` values follow. */
struct sample {
    uint32_t sets, metrics;
    uint16_t core;
};

/* clang-format off */
#define COUNTER(name, help) {name, help, NULL, CYI_METRIC_COUNTER, false, false}
#define GAUGE(name, help)   {name, help, NULL, CYI_METRIC_GAUGE, false, false}
static const struct cyi_metric metrics[] = {
    COUNTER("cycos_turns_total", "Turns of the core's loop."),
    COUNTER("cycos_switches_total", "Times that a task was run."),
    COUNTER("cycos_tasks_spawned_total", "Tasks that have begun."),
    COUNTER("cycos_tasks_ended_total", "Tasks that have ended."),
    {"cycos_messages_sent_total", "Messages sent to tasks of this node.", "to=\"own_core\"",
     CYI_METRIC_COUNTER, false, false},
    {"cycos_messages_sent_total", NULL, "to=\"other_core\"", CYI_METRIC_COUNTER, false, false},
    COUNTER("cycos_messages_received_total", "Messages that came from other cores."),
    COUNTER("cycos_messages_refused_total", "Messages refused, as there was no room."),
    COUNTER("cycos_messages_lost_total",
            "Messages lost, as the receiver or the way to it was gone."),
    COUNTER("cycos_timers_fired_total", "Deadlines that have passed while a task waited."),
    COUNTER("cycos_sleeps_total", "Times that the core had nothing to do and slept."),
    COUNTER("cycos_wakeups_sent_total", "Times that the core has woken another one."),
    COUNTER("cycos_io_events_total", "Events of sockets."),
    COUNTER("cycos_stalls_total", "Times that a task has held up the core for too long."),
    {"cycos_idle_seconds_total", "Time in which the core had nothing to do.", NULL,
     CYI_METRIC_COUNTER, true, false},
    GAUGE("cycos_tasks", "Tasks alive."),
    GAUGE("cycos_mailbox_messages", "Messages that wait in the mailboxes of all tasks."),
    GAUGE("cycos_mailbox_longest_messages", "Messages in the longest of the mailboxes."),
    GAUGE("cycos_outbox_messages", "Messages that wait for room on the way to other cores."),
    GAUGE("cycos_timers", "Tasks that wait with a deadline."),
    GAUGE("cycos_sockets", "Open sockets, listeners included."),
    GAUGE("cycos_stacks", "Stacks that have memory."),
    GAUGE("cycos_stacks_pooled", "Stacks that have memory and no task."),
    GAUGE("cycos_message_memory_bytes", "Memory taken for messages and small records."),
    {"cycos_uptime_seconds", "Time since the start of the node.", NULL, CYI_METRIC_GAUGE, true,
     true},
};
/* clang-format on */

/* Counted by the task below, which looks at the tasks a few at a time. */
struct mailboxes {
    uint64_t messages, longest;
};

static void
measure(struct cyi_core *core, const struct mailboxes *mailboxes, uint64_t *values)
{
    struct cy_core_counters n;
    cy_core_read_counters(&n);
    const uint64_t all[] = {
        n.turns,
        n.switches,
        n.spawned,
        n.ended,
        n.sent_here,
        n.sent_across,
        n.received_across,
        n.refused,
        n.lost,
        n.timers_fired,
        n.sleeps,
        n.wakeups_sent,
        n.io_events,
        n.stalls,
        n.idle_ns,
        n.tasks,
        mailboxes->messages,
        mailboxes->longest,
        core->inbox->waiting,
        cyi_wheel_count(&core->wheel),
        core->io != NULL ? cyi_io_count(core) : 0,
        n.stacks,
        n.stacks_pooled,
        n.message_bytes,
        (uint64_t) (core->os->now(core->os) - core->node->started),
    };
    _Static_assert(sizeof all / sizeof *all == sizeof metrics / sizeof *metrics,
                   "a value for each metric");
    memcpy(values, all, sizeof all);
}

/* measure() is called for it with the mailboxes. */
const struct cyi_metric_set cyi_metrics_own = {
    .metrics = metrics,
    .count = sizeof metrics / sizeof *metrics,
};

static int
add_locked(struct cyi_metric_sets *sets, const struct cyi_metric_set *set)
{
    for (uint32_t i = 0; i < sets->count; i++)
        if (sets->sets[i] == set)
            return 0;
    if (sets->count == CYI_METRIC_SETS_MAX || set->count > CYI_METRICS_MAX - sets->metrics)
        return -ENOBUFS;
    sets->sets[sets->count++] = set;
    sets->metrics += set->count;
    return 0;
}

int
cyi_metrics_add(struct cyi_node *node, const struct cyi_metric_set *set)
{
    pthread_mutex_lock(&node->lock);
    int rc = add_locked(&node->metric_sets, &cyi_metrics_own); /* always the first */
    if (rc == 0)
        rc = add_locked(&node->metric_sets, set);
    pthread_mutex_unlock(&node->lock);
    return rc;
}

/* A million tasks take a while to look at: others get their turn between two chunks. */
static int
look_at_mailboxes(struct mailboxes *out, const struct cyi_core *core)
{
    *out = (struct mailboxes){0};
    for (uint32_t i = 0; i < core->tasks.count; i++) {
        const struct cyi_task *task =
            &core->tasks.chunks[i / CYI_TASK_CHUNK][i % CYI_TASK_CHUNK];
        if (i % CYI_TASK_CHUNK == CYI_TASK_CHUNK - 1 && cy_yield() != 0)
            return -ECANCELED;
        if (task->state <= CYI_TASK_ENDED)
            continue;
        out->messages += task->queued;
        if (out->longest < task->queued)
            out->longest = task->queued;
    }
    return 0;
}

static int
answer(const cy_msg *request, struct sample sample, const struct cyi_metric_sets *sets)
{
    struct cyi_core *core = cyi_current();
    struct mailboxes mailboxes;
    cy_msg *msg;
    if (look_at_mailboxes(&mailboxes, core) != 0)
        return -ECANCELED;
    sample.core = core->index;
    size_t bytes = sizeof sample + sample.metrics * sizeof(uint64_t);
    if (cy_msg_create(&msg, TAG_SAMPLE, bytes) != 0)
        return 0; /* without memory we are as good as down */
    uint64_t values[CYI_METRICS_MAX];
    measure(core, &mailboxes, values);
    for (uint32_t i = 1, row = cyi_metrics_own.count; i < sample.sets;
         row += sets->sets[i++]->count)
        sets->sets[i]->measure(core, values + row);
    uint8_t *body = cy_msg_body(msg);
    memcpy(body, &sample, sizeof sample);
    memcpy(body + sizeof sample, values, sample.metrics * sizeof *values);
    if (cy_reply(request, &msg) != 0)
        cy_msg_free(&msg);
    return 0;
}

static void
copy_sets(struct cyi_metric_sets *out, struct cyi_node *node)
{
    pthread_mutex_lock(&node->lock);
    *out = node->metric_sets;
    pthread_mutex_unlock(&node->lock);
}

/* Of the sets that there are, has the question the first ones? */
static bool
is_question(const struct sample *sample, const struct cyi_metric_sets *sets)
{
    uint32_t rows = 0;
    if (sample->sets == 0 || sample->sets > sets->count)
        return false;
    for (uint32_t i = 0; i < sample->sets; i++)
        rows += sets->sets[i]->count;
    return rows == sample->metrics;
}

/* Is it from a task of this node, and of this size at least? */
static bool
is_ours(const struct cyi_core *core, const cy_msg *msg, size_t size)
{
    return cy_msg_sender(msg).node == core->home.node && cy_msg_size(msg) >= size;
}

int
cyi_metrics_sample(void *arg)
{
    const struct cyi_core *core = cyi_current();
    struct cyi_metric_sets sets;
    struct sample sample;
    cy_msg *msg;
    int rc;
    (void) arg;
    while ((rc = cy_receive(&msg, CY_FOREVER)) == 0) {
        copy_sets(&sets, core->node);
        if (is_ours(core, msg, sizeof sample)) {
            memcpy(&sample, cy_msg_body(msg), sizeof sample);
            rc = is_question(&sample, &sets) ? answer(msg, sample, &sets) : 0;
        }
        cy_msg_free(&msg);
        if (rc != 0)
            break;
    }
    return 0;
}

/* The memory of one request. */
struct collection {
    struct cyi_metric_sets sets;
    uint16_t core_count, missing;
    bool *up;
    uint64_t *values;
};

static int
open_collection(struct collection *c, struct cyi_node *node)
{
    copy_sets(&c->sets, node);
    c->core_count = node->core_count;
    c->missing = 0;
    c->up = calloc(c->core_count, sizeof *c->up);
    c->values = calloc((size_t) c->core_count * c->sets.metrics, sizeof *c->values);
    return c->up == NULL || c->values == NULL ? -ENOMEM : 0;
}

static void
close_collection(struct collection *c)
{
    free(c->up);
    free(c->values);
}

static void
ask_all(struct collection *c, const struct cyi_metrics *service)
{
    struct sample question = {.sets = c->sets.count, .metrics = c->sets.metrics};
    for (uint16_t i = 0; i < c->core_count; i++) {
        if (cy_send_bytes(service->samplers[i], TAG_SAMPLE, &question, sizeof question) == 0)
            c->missing++;
    }
}

static void
note(struct collection *c, const struct cyi_core *core, const cy_msg *msg)
{
    struct sample sample;
    size_t bytes = c->sets.metrics * sizeof *c->values;
    if (!is_ours(core, msg, sizeof sample + bytes))
        return;
    memcpy(&sample, cy_msg_body(msg), sizeof sample);
    if (sample.core >= c->core_count || sample.metrics != c->sets.metrics || c->up[sample.core])
        return;
    c->up[sample.core] = true;
    c->missing--;
    memcpy(&c->values[(size_t) sample.core * c->sets.metrics],
           (const uint8_t *) cy_msg_body(msg) + sizeof sample, bytes);
}

static int
gather(struct collection *c, cy_time deadline)
{
    const struct cyi_core *core = cyi_current();
    cy_msg *msg;
    int rc = 0;
    while (c->missing > 0 && (rc = cy_receive(&msg, deadline)) == 0) {
        note(c, core, msg);
        cy_msg_free(&msg);
    }
    return rc == -ETIMEDOUT ? 0 : rc;
}

static void
write_node(FILE *out, const struct cyi_node *node)
{
    static const struct cyi_metric info = {
        .name = "cycos_node_info",
        .help = "The node: its name, and what tells it from the one before it.",
        .type = CYI_METRIC_GAUGE,
    };
    cyi_metric_write_head(out, &info);
    fprintf(out, "%s{name=", info.name);
    cyi_metric_write_quoted(out, node->options->name != NULL ? node->options->name : "");
    fprintf(out, ",incarnation=\"");
    for (size_t i = 0; i < sizeof node->incarnation; i++)
        fprintf(out, "%02x", node->incarnation[i]);
    fprintf(out, "\"} 1\n");
}

static int
write_all(char **out, size_t *bytes, const struct collection *c, const struct cyi_node *node)
{
    const struct cyi_metrics_table table = {&c->sets, c->core_count, c->up, c->values};
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    if (file == NULL)
        return -ENOMEM;
    write_node(file, node);
    cyi_metrics_write(file, &table);
    bool failed = ferror(file) != 0;
    if (fclose(file) != 0 || failed) {
        free(text);
        return -ENOMEM;
    }
    *out = text;
    *bytes = size;
    return 0;
}

int
cyi_metrics_collect(char **out, size_t *bytes, struct cyi_metrics *service)
{
    struct collection c;
    int rc = open_collection(&c, service->node);
    if (rc == 0) {
        ask_all(&c, service);
        rc = gather(&c, cy_after(service->limits.sample_ns));
    }
    if (rc == 0)
        rc = write_all(out, bytes, &c, service->node);
    close_collection(&c);
    return rc;
}
