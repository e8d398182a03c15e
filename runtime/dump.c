/*
 * dump.c - every task of a core and what it waits for.
 *
 * A core makes the text of its part in memory and writes it in one go, so that what several
 * cores say does not mix and a slow reader sees no half lines.
 */
#include "dump.h"
#include <cycos/impl/channel.h>
#include <cycos/impl/inbox.h>
#include <cycos/impl/io.h>
#include <cycos/impl/node.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const WAITS[CYI_WAITS] = {
    [CYI_WAIT_NOTHING] = "nothing",     [CYI_WAIT_MESSAGE] = "message",
    [CYI_WAIT_SLEEP] = "sleep",         [CYI_WAIT_RESUME] = "resume",
    [CYI_WAIT_ANSWER] = "answer",       [CYI_WAIT_JOIN] = "join",
    [CYI_WAIT_EVENT] = "event",         [CYI_WAIT_LOCK] = "lock",
    [CYI_WAIT_CONDITION] = "condition", [CYI_WAIT_SEMAPHORE] = "semaphore",
    [CYI_WAIT_CHANNEL] = "channel",     [CYI_WAIT_NAME] = "name",
    [CYI_WAIT_READ] = "read",           [CYI_WAIT_WRITE] = "write",
    [CYI_WAIT_STOPPING] = "stopping",   [CYI_WAIT_POOL] = "pool",
    [CYI_WAIT_SPAWN] = "spawn",         [CYI_WAIT_RELOCK] = "relock",
};

static const char *const STATES[] = {
    [CYI_TASK_FREE] = "free",       [CYI_TASK_ENDED] = "ended",     [CYI_TASK_READY] = "ready",
    [CYI_TASK_RUNNING] = "running", [CYI_TASK_WAITING] = "waiting",
};

static const struct {
    uint16_t flag;
    const char *name;
} FLAGS[] = {
    {CYI_TASK_MAIN, "main"},           {CYI_TASK_HANDLER, "handler"},
    {CYI_TASK_DAEMON, "daemon"},       {CYI_TASK_JOINABLE, "joinable"},
    {CYI_TASK_NAMED, "registered"},    {CYI_TASK_SUBSCRIBED, "subscribed"},
    {CYI_TASK_CONGESTED, "congested"}, {CYI_TASK_RESUMED, "resumed"},
    {CYI_TASK_CANCELLED, "cancelled"}, {CYI_TASK_CLEANING, "cleaning"},
};

/* Standard error is of the process, so this is too. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

const char *
cyi_wait_name(const struct cyi_task *task)
{
    if (task->state != CYI_TASK_WAITING)
        return task->state == CYI_TASK_READY ? "its turn" : "nothing";
    return WAITS[task->wait];
}

static double
seconds(cy_time duration)
{
    return (double) duration / (double) CY_SECOND;
}

/* How long it has waited: the record has only 32 bits of the core's clock. */
static cy_time
waited(const struct cyi_task *task, cy_time now)
{
    uint32_t units = (uint32_t) (now >> CYI_SINCE_SHIFT) - task->wait_since;
    /* Set from a clock that was read a moment later than ours. */
    return (int32_t) units < 0 ? 0 : (cy_time) units << CYI_SINCE_SHIFT;
}

static void
format_object(char *text, size_t size, const struct cyi_task *task)
{
    const void *object = task->wait_object;
    if (task->wait == CYI_WAIT_READ || task->wait == CYI_WAIT_WRITE)
        cyi_socket_format(text, size, object);
    else if (task->wait == CYI_WAIT_JOIN || task->wait == CYI_WAIT_ANSWER)
        cy_ref_format(text, size, *(const cy_ref *) object);
    else if (task->wait == CYI_WAIT_NAME)
        snprintf(text, size, "%s", (const char *) object);
    else
        snprintf(text, size, "%p", object);
}

static void
print_wait(const struct cyi_task *task, cy_time now, FILE *out)
{
    char text[CYI_SOCKET_TEXT_MAX];
    fprintf(out, " %-9s", STATES[task->state]);
    if (task->state != CYI_TASK_WAITING) {
        fprintf(out, " %-10s %9s", "", "");
        return;
    }
    fprintf(out, " %-10s %8.3fs", WAITS[task->wait], seconds(waited(task, now)));
    if (cyi_timer_armed(&task->timer))
        fprintf(out, " timeout %.3fs", seconds(task->timer.when - now));
    if (task->wait_object == NULL || task->wait == CYI_WAIT_STOPPING)
        return;
    format_object(text, sizeof text, task);
    fprintf(out, " for %s", text);
}

static void
print_stack(const struct cyi_task *task, FILE *out)
{
    if (task->stack != NULL && task->state != CYI_TASK_ENDED)
        fprintf(out, " stack %.1f/%zuK", (double) cyi_stack_high_water(task->stack) / 1024,
                ((size_t) 1 << task->stack->class) / 1024);
}

static void
print_task(const struct cyi_core *core, const struct cyi_task *task, cy_time now, FILE *out)
{
    char ref[CY_REF_TEXT_MAX];
    cy_ref_format(ref, sizeof ref, cyi_task_ref(core, task));
    fprintf(out, "  %-20s %-24s", task->name, ref);
    print_wait(task, now, out);
    fprintf(out, " mailbox %u/%u", task->queued, task->mailbox_max);
    if (task->promised != 0)
        fprintf(out, "+%u", task->promised);
    print_stack(task, out);
    for (size_t i = 0; i < sizeof FLAGS / sizeof FLAGS[0]; i++) {
        if (task->flags & FLAGS[i].flag)
            fprintf(out, " %s", FLAGS[i].name);
    }
    fputc('\n', out);
}

/* Tasks that are not printed one by one. */
struct group {
    const char *name, *what;
    uint32_t count;
};

struct dump {
    const struct cyi_core *core;
    FILE *out;
    cy_time now;
    uint32_t printed;
    uint32_t group_count, others;
    struct group groups[CYI_DUMP_GROUPS];
};

static void
count_task(struct dump *dump, const struct cyi_task *task)
{
    const char *what =
        task->state == CYI_TASK_WAITING ? WAITS[task->wait] : STATES[task->state];
    for (uint32_t i = 0; i < dump->group_count; i++) {
        struct group *group = &dump->groups[i];
        if (group->what == what &&
            (group->name == task->name || strcmp(group->name, task->name) == 0)) {
            group->count++;
            return;
        }
    }
    if (dump->group_count == CYI_DUMP_GROUPS)
        dump->others++;
    else
        dump->groups[dump->group_count++] = (struct group){task->name, what, 1};
}

static void
visit_task(struct cyi_task *task, void *arg)
{
    struct dump *dump = arg;
    if (dump->printed == CYI_DUMP_TASKS) {
        count_task(dump, task);
        return;
    }
    dump->printed++;
    print_task(dump->core, task, dump->now, dump->out);
}

static void
print_tasks(struct cyi_core *core, cy_time now, FILE *out)
{
    struct dump *dump = calloc(1, sizeof *dump);
    if (dump == NULL)
        return;
    *dump = (struct dump){.core = core, .out = out, .now = now};
    cyi_task_each(core, visit_task, dump);
    for (uint32_t i = 0; i < dump->group_count; i++)
        fprintf(out, "  %-20s and %u more: %s\n", dump->groups[i].name, dump->groups[i].count,
                dump->groups[i].what);
    if (dump->others != 0)
        fprintf(out, "  and %u others\n", dump->others);
    free(dump);
}

static void
print_socket(cy_socket *socket, void *arg)
{
    char text[CYI_SOCKET_TEXT_MAX];
    cyi_socket_format(text, sizeof text, socket);
    fprintf(arg, "  socket %s\n", text);
}

static void
print_channel(const struct cyi_channel_state *state, void *arg)
{
    const struct cyi_channel_counters *n = &state->counters;
    char ref[CY_REF_TEXT_MAX];
    cy_ref_format(ref, sizeof ref, state->channel);
    fprintf(arg,
            "  %s %s subscribers=%u published=%llu dropped=%llu reached=%llu sent=%llu "
            "refused=%llu\n",
            ref, state->name != NULL ? state->name : "", state->subscribers,
            (unsigned long long) n->published, (unsigned long long) n->dropped,
            (unsigned long long) n->reached, (unsigned long long) n->sent,
            (unsigned long long) n->refused);
}

static void
print_counters(const struct cyi_core *core, FILE *out)
{
    const struct cy_core_counters *n = &core->counters;
    const struct {
        const char *name;
        uint64_t count;
    } counters[] = {
        {"turns", n->turns},
        {"switches", n->switches},
        {"spawned", n->spawned},
        {"ended", n->ended},
        {"sent_here", n->sent_here},
        {"sent_across", n->sent_across},
        {"received_across", n->received_across},
        {"refused", n->refused},
        {"lost", n->lost},
        {"timers_fired", n->timers_fired},
        {"sleeps", n->sleeps},
        {"wakeups_sent", n->wakeups_sent},
        {"io_events", n->io_events},
        {"stalls", cyi_pulse_stalls(&core->pulse)},
        {"message_bytes", core->heap.chunk_bytes},
        {"timers", cyi_wheel_count(&core->wheel)},
        {"outboxes", core->inbox->waiting},
        {"stacks", core->stacks.count},
        {"stacks_pooled", core->stacks.pooled},
        {"stacks_unguarded", core->stacks.unguarded},
    };
    fprintf(out, " ");
    for (size_t i = 0; i < sizeof counters / sizeof counters[0]; i++)
        fprintf(out, " %s=%llu", counters[i].name, (unsigned long long) counters[i].count);
    fputc('\n', out);
}

void
cyi_dump_core(struct cyi_core *core, FILE *out)
{
    static const char *const PHASES[] = {"running", "stopping", "terminating", "ended"};
    const struct cyi_node *node = core->node;
    cy_time now = core->os->now(core->os);
    fprintf(out, "cycos: core %u %s, node %08x, process %d, up %.3fs, %s, %u tasks\n",
            core->index, core->name, node->tag, (int) getpid(), seconds(now - node->started),
            PHASES[core->phase], core->tasks.alive);
    print_tasks(core, now, out);
    cyi_io_each(core, print_socket, out);
    if (core->channels != NULL)
        cyi_channels_each(core, print_channel, out);
    print_counters(core, out);
}

void
cyi_dump_write(const char *text, size_t bytes)
{
    pthread_mutex_lock(&lock);
    while (bytes > 0) {
        ssize_t n = write(STDERR_FILENO, text, bytes);
        if (n > 0) {
            text += n;
            bytes -= (size_t) n;
        } else if (n < 0 && errno == EAGAIN) {
            struct pollfd room = {.fd = STDERR_FILENO, .events = POLLOUT};
            poll(&room, 1, -1);
        } else if (n == 0 || errno != EINTR) {
            break;
        }
    }
    pthread_mutex_unlock(&lock);
}

void
cyi_core_dump(struct cyi_core *core)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    /* It takes long with many tasks, but is no stall. */
    cyi_pulse_rest(&core->pulse, true);
    if (out != NULL) {
        cyi_dump_core(core, out);
        if (fclose(out) == 0)
            cyi_dump_write(text, bytes);
        free(text);
    }
    cyi_pulse_rest(&core->pulse, false);
    cyi_pulse_dumped(&core->pulse, core->dumps);
}
