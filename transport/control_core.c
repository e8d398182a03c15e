/*
 * control_core.c - what a core has counted, and its links, for those who ask.
 *
 * Tests: tests/transport/test_control.c
 */
#include "control.h"
#include "link.h"

#define COUNT(of, field)    \
    {                       \
#field, (of)->field \
    }
enum { NAME_BYTES = 64 };

static void
put_counters(cy_value_writer *w)
{
    struct cy_core_counters counters;
    const struct cy_core_counters *n = &counters;
    cy_core_read_counters(&counters);
    const struct cyi_named_count counts[] = {
        COUNT(n, turns),           COUNT(n, switches),      COUNT(n, spawned),
        COUNT(n, ended),           COUNT(n, sent_here),     COUNT(n, sent_across),
        COUNT(n, received_across), COUNT(n, refused),       COUNT(n, lost),
        COUNT(n, timers_fired),    COUNT(n, sleeps),        COUNT(n, wakeups_sent),
        COUNT(n, io_events),       COUNT(n, stalls),        COUNT(n, tasks),
        COUNT(n, stacks),          COUNT(n, stacks_pooled), COUNT(n, message_bytes),
        COUNT(n, idle_ns),
    };
    cyi_control_put_counts(w, "counters", counts, sizeof counts / sizeof counts[0]);
}

static void
put_network(cy_value_writer *w, const struct cyi_net_counters *n)
{
    const struct cyi_named_count counts[] = {
        COUNT(n, frames_sent),
        COUNT(n, frames_received),
        COUNT(n, bytes_sent),
        COUNT(n, bytes_received),
        COUNT(n, items_sent),
        COUNT(n, items_received),
        COUNT(n, lost),
        COUNT(n, refused),
        COUNT(n, resent),
        COUNT(n, dials),
        COUNT(n, accepts),
        COUNT(n, cuts),
        COUNT(n, bad_secret),
        COUNT(n, bad_handshake),
        COUNT(n, bad_frame),
        COUNT(n, handshakes_refused),
        COUNT(n, tls),
        COUNT(n, bad_tls),
        COUNT(n, files_sent),
        COUNT(n, files_received),
        COUNT(n, file_bytes_sent),
        COUNT(n, file_bytes_received),
        COUNT(n, files_refused),
    };
    _Static_assert(sizeof counts / sizeof counts[0] == sizeof *n / sizeof(uint64_t),
                   "whatever is counted is told");
    cyi_control_put_counts(w, "network", counts, sizeof counts / sizeof counts[0]);
}

static void
put_mailboxes(cy_value_writer *w, const struct cyi_core *core)
{
    const struct cyi_task *deepest = NULL;
    uint64_t queued = 0;
    uint32_t places = core->tasks.count;
    if (places > CY_CONTROL_WALK_MAX)
        places = CY_CONTROL_WALK_MAX;
    for (uint32_t i = 0; i < places; i++) {
        const struct cyi_task *task = cyi_task_at(core, i);
        if (task == NULL)
            continue;
        queued += task->queued;
        if (task->queued > 0 && (deepest == NULL || task->queued > deepest->queued))
            deepest = task;
    }
    cy_value_put_text(w, "mailboxes");
    cy_value_put_map(w, 4);
    cyi_control_put_uint(w, "queued", queued);
    cyi_control_put_uint(w, "deepest", deepest != NULL ? deepest->queued : 0);
    cyi_control_put_text(w, "deepest_task", deepest != NULL ? deepest->name : "");
    cyi_control_put_bool(w, "complete", places == core->tasks.count);
}

static void
put_link_sums(cy_value_writer *w, const struct cyi_net_core *owner)
{
    uint64_t queued = 0, connected = 0;
    uint32_t looks = 0;
    cyi_list_for_each(at, &owner->all) {
        const struct cyi_link *link = cyi_container_of(at, struct cyi_link, all);
        queued += link->queued_bytes;
        connected += link->connection != NULL;
        if (++looks == CY_CONTROL_WALK_MAX)
            break;
    }
    const struct cyi_named_count counts[] = {
        {"count", owner->links.count}, {"connected", connected}, {"queued_bytes", queued}};
    cyi_control_put_counts(w, "links", counts, sizeof counts / sizeof counts[0]);
}

int
cyi_control_counters(struct cyi_core *core, const struct cyi_question *question,
                     cy_value_writer *w)
{
    const struct cyi_net_core *owner = cyi_net_core(core);
    cyi_control_begin(w, core, question, 6);
    cyi_control_put_text(w, "name", core->name);
    cyi_control_put_uint(w, "up_ns",
                         (uint64_t) (core->os->now(core->os) - core->node->started));
    put_counters(w);
    put_network(w, &owner->counters);
    put_mailboxes(w, core);
    put_link_sums(w, owner);
    return 0;
}

static const char *
state_of(const struct cyi_link *link)
{
    if (link->connection != NULL)
        return "connected";
    if (link->dialling || link->accepting)
        return "dialling";
    return cyi_link_wanted(link) ? "waiting" : "idle";
}

static void
put_link(cy_value_writer *w, const struct cyi_link *link)
{
    cy_value_put_map(w, 14);
    cyi_control_put_uint(w, "number", link->number);
    cyi_control_put_location(w, "peer", link->home);
    cyi_control_put_uint(w, "node", link->home.node);
    cyi_control_put_uint(w, "core", link->home.core);
    cyi_control_put_text(w, "state", state_of(link));
    cyi_control_put_bool(w, "hub", link->hub);
    cyi_control_put_bool(w, "stream", link->stream || link->peer_stream);
    cyi_control_put_uint(w, "queued_bytes", link->queued_bytes);
    cyi_control_put_uint(w, "flying_bytes", link->flying_bytes);
    cyi_control_put_uint(w, "bytes_sent", link->traffic.bytes_sent);
    cyi_control_put_uint(w, "bytes_received", link->traffic.bytes_received);
    cyi_control_put_uint(w, "frames_sent", link->traffic.frames_sent);
    cyi_control_put_uint(w, "frames_received", link->traffic.frames_received);
    cyi_control_put_uint(w, "dials", link->dials);
}

/* The cursor is a link's number, which it keeps. */
int
cyi_control_links(struct cyi_core *core, const struct cyi_question *question,
                  cy_value_writer *w)
{
    const struct cyi_net_core *owner = cyi_net_core(core);
    const struct cyi_link *links[CY_CONTROL_PAGE_MAX];
    uint64_t at = question->from > 0 ? question->from : 1;
    uint32_t count = 0, looks = 0;
    for (; at <= CYI_LINKS_MAX && count < question->max && looks < CY_CONTROL_WALK_MAX;
         at++, looks++) {
        if (owner->numbered[at] != NULL)
            links[count++] = owner->numbered[at];
    }
    bool more = at <= CYI_LINKS_MAX && owner->links.count > count;
    cyi_control_begin(w, core, question, 2);
    cyi_control_put_next(w, more ? at : 0);
    cy_value_put_text(w, "links");
    cy_value_put_list(w, count);
    for (uint32_t i = 0; i < count; i++)
        put_link(w, links[i]);
    return 0;
}
