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
#include <cycos/impl/view.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Standard error is of the process, so this is too. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static double
seconds(cy_time duration)
{
    return (double) duration / (double) CY_SECOND;
}

static void
print_wait(const struct cyi_task_view *view, FILE *out)
{
    fprintf(out, " %-9s", view->state);
    if (view->wait == NULL) {
        fprintf(out, " %-10s %9s", "", "");
        return;
    }
    fprintf(out, " %-10s %8.3fs", view->wait, seconds(view->waited));
    if (view->timeout != CY_FOREVER)
        fprintf(out, " timeout %.3fs", seconds(view->timeout));
    if (view->object[0] != '\0')
        fprintf(out, " for %s", view->object);
}

static void
print_task(const struct cyi_core *core, const struct cyi_task *task, cy_time now, FILE *out)
{
    struct cyi_task_view view;
    char ref[CY_REF_TEXT_MAX];
    cyi_task_view(&view, core, task, now);
    cy_ref_format(ref, sizeof ref, view.ref);
    fprintf(out, "  %-20s %-24s", view.name, ref);
    print_wait(&view, out);
    fprintf(out, " mailbox %u/%u", view.queued, view.mailbox_max);
    if (view.promised != 0)
        fprintf(out, "+%u", view.promised);
    if (view.stack_bytes != 0)
        fprintf(out, " stack %.1f/%zuK", (double) view.stack_used / 1024,
                view.stack_bytes / 1024);
    for (unsigned i = 0; i < view.flag_count; i++)
        fprintf(out, " %s", view.flags[i]);
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
    const char *what = cyi_task_does(task);
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

int
cyi_core_dump_text(struct cyi_core *core, char **text, size_t *bytes)
{
    char *made = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&made, &size);
    if (out == NULL)
        return -ENOMEM;
    /* It takes long with many tasks, but is no stall. */
    cyi_pulse_rest(&core->pulse, true);
    cyi_dump_core(core, out);
    cyi_pulse_rest(&core->pulse, false);
    if (fclose(out) != 0) {
        free(made);
        return -ENOMEM;
    }
    *text = made;
    *bytes = size;
    return 0;
}

void
cyi_core_dump(struct cyi_core *core)
{
    char *text = NULL;
    size_t bytes = 0;
    if (cyi_core_dump_text(core, &text, &bytes) == 0) {
        cyi_pulse_rest(&core->pulse, true); /* nor is a terminal that takes nothing */
        cyi_dump_write(text, bytes);
        cyi_pulse_rest(&core->pulse, false);
        free(text);
    }
    cyi_pulse_dumped(&core->pulse, core->dumps);
}
