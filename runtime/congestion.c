/*
 * congestion.c - a full mailbox makes the senders of other cores stop.
 *
 * A sender on another core cannot see the mailbox. So the first message that finds it full is
 * still taken, and the sender's core is told; from then on cy_send() there says -EAGAIN, until
 * the mailbox is half empty or its task is gone. Nothing is lost; what can pile up beyond the
 * limit is what was under way: a ring and an outbox. (The sender's ring is held back until the
 * notice has arrived, or who sends without a pause would fill it again and again meanwhile.)
 *
 * A core keeps a short list of full mailboxes. Those that find no place in it are only counted
 * per core, and while there is one, nothing goes to that core's tasks. Each mailbox tells each
 * core once that it is full and once that it is not, in this order, so the counts add up.
 * Those of other nodes are counted per node; beyond so many nodes they are not remembered, and
 * what is sent to them is taken there.
 *
 * Row I1 is that of inbox.c's table:
 *   I1  inbox.in[]  release when a pair first talks -> acquire here  the ring
 */
#include "task.h"
#include <cycos/impl/inbox.h>
#include <cycos/impl/node.h>
#include <cycos/impl/router.h>
#include <string.h>

/* Cores of other nodes that were told; the last to send is most often the next. */
struct cyi_told_away {
    struct cyi_told_away *next, **at; /* in the core's list */
    uint32_t count, max, last;
    struct {
        uint32_t node;
        uint16_t core;
    } who[];
};
enum { TOLD_FIRST = 4 };

struct notice {
    uint32_t slot, generation;
    uint16_t core;
};

static struct cyi_congested
of_here(const struct cyi_core *core, uint16_t on, uint32_t slot, uint32_t generation)
{
    return (struct cyi_congested){slot, generation, core->home.node, on};
}

static struct cyi_congested
of_ref(cy_ref task)
{
    return (struct cyi_congested){task.slot, task.generation, task.node, task.core};
}

/* Its place in the core's list; congested_count when it is not there. */
static uint32_t
find(const struct cyi_core *core, struct cyi_congested what)
{
    uint32_t i = 0;
    for (; i < core->congested_count; i++) {
        const struct cyi_congested *c = &core->congested[i];
        if (c->slot == what.slot && c->generation == what.generation && c->core == what.core &&
            c->node == what.node)
            break;
    }
    return i;
}

/* Take one out of the list; false when it is not there. */
static bool
strike(struct cyi_core *core, struct cyi_congested what)
{
    uint32_t at = find(core, what);
    if (at == core->congested_count)
        return false;
    core->congested[at] = core->congested[--core->congested_count];
    return true;
}

bool
cyi_congestion_known(const struct cyi_core *core, cy_ref to)
{
    const struct cyi_inbox *inbox = core->inbox;
    if (__builtin_expect((core->congested_count | inbox->congested) == 0, 1))
        return false;
    return inbox->outbox[to.core].congested != 0 ||
           find(core, of_here(core, to.core, to.slot, to.generation)) < core->congested_count;
}

/* The count of another node, or NULL. */
static struct cyi_congested_node *
find_node(const struct cyi_core *core, uint32_t node)
{
    for (uint32_t i = 0; i < core->congested_nodes_count; i++) {
        if (core->congested_nodes[i].node == node)
            return (struct cyi_congested_node *) (uintptr_t) &core->congested_nodes[i];
    }
    return NULL;
}

bool
cyi_congestion_known_away(const struct cyi_core *core, cy_ref to)
{
    if (__builtin_expect((core->congested_count | core->congested_nodes_count) == 0, 1))
        return false;
    return find_node(core, to.node) != NULL || find(core, of_ref(to)) < core->congested_count;
}

static void
count_node(struct cyi_core *core, uint32_t node)
{
    struct cyi_congested_node *counted = find_node(core, node);
    if (counted == NULL && core->congested_nodes_count < CYI_CONGESTED_NODES_MAX) {
        counted = &core->congested_nodes[core->congested_nodes_count++];
        *counted = (struct cyi_congested_node){node, 0};
    }
    if (counted != NULL)
        counted->count++;
}

static void
forget_node(struct cyi_core *core, struct cyi_congested_node *counted)
{
    *counted = core->congested_nodes[--core->congested_nodes_count];
}

void
cyi_congestion_arrives(struct cyi_core *core, cy_ref task, bool full)
{
    struct cyi_congested what = of_ref(task);
    if (full && find(core, what) < core->congested_count)
        return;
    if (full && core->congested_count < CYI_CONGESTED_MAX) {
        core->congested[core->congested_count++] = what;
    } else if (full) {
        count_node(core, task.node);
    } else if (!strike(core, what)) {
        struct cyi_congested_node *counted = find_node(core, task.node);
        if (counted != NULL && --counted->count == 0)
            forget_node(core, counted);
    }
}

/* Should it come back, it has to be told again. */
static void
untell(struct cyi_told_away *told, uint32_t node)
{
    for (uint32_t i = told->count; i > 0; i--) {
        if (told->who[i - 1].node == node)
            told->who[i - 1] = told->who[--told->count];
    }
    told->last = 0;
}

void
cyi_congestion_forget(struct cyi_core *core, uint32_t node)
{
    struct cyi_congested_node *counted = find_node(core, node);
    if (counted != NULL)
        forget_node(core, counted);
    for (uint32_t i = core->congested_count; i > 0; i--) {
        if (core->congested[i - 1].node == node)
            core->congested[i - 1] = core->congested[--core->congested_count];
    }
    for (struct cyi_told_away *told = core->told_away; told != NULL; told = told->next)
        untell(told, node);
}

static void
full_here(struct cyi_core *core, const void *args)
{
    const struct notice *notice = args;
    if (core->inbox->out[notice->core] != NULL)
        cyi_ring_heard(core->inbox->out[notice->core]);
    if (core->congested_count == CYI_CONGESTED_MAX) {
        core->inbox->outbox[notice->core].congested++;
        core->inbox->congested++;
        return;
    }
    core->congested[core->congested_count++] =
        of_here(core, notice->core, notice->slot, notice->generation);
}

static void
over_here(struct cyi_core *core, const void *args)
{
    const struct notice *notice = args;
    if (strike(core, of_here(core, notice->core, notice->slot, notice->generation)))
        return;
    core->inbox->outbox[notice->core].congested--;
    core->inbox->congested--;
}

void
cyi_congestion_tell(struct cyi_core *core, struct cyi_task *task, uint16_t sender)
{
    struct cyi_extra *extra = cyi_task_extra(core, task);
    uint16_t cores = core->node->core_count;
    if (extra == NULL)
        return;
    if (extra->told == NULL) {
        extra->told = cyi_heap_take(&core->heap, cyi_heap_class(cores), cores);
        if (extra->told == NULL)
            return;
        memset(extra->told, 0, cores);
        task->flags |= CYI_TASK_CONGESTED;
    }
    if (extra->told[sender])
        return;
    extra->told[sender] = 1;
    /* I1: it was there when the message came. */
    struct cyi_ring *ring =
        atomic_load_explicit(&core->inbox->in[sender], memory_order_acquire);
    if (ring != NULL)
        cyi_ring_tell(ring);
    struct notice notice = {task->slot, task->generation, core->index};
    cyi_post_answer(core, sender, full_here, &notice, sizeof notice);
}

static size_t
told_bytes(uint32_t max)
{
    const struct cyi_told_away *told = NULL;
    return sizeof *told + max * sizeof told->who[0];
}

static bool
was_told(struct cyi_told_away *told, cy_ref sender)
{
    for (uint32_t i = 0, at; i < told->count; i++) {
        at = told->last + i < told->count ? told->last + i : told->last + i - told->count;
        if (told->who[at].node != sender.node || told->who[at].core != sender.core)
            continue;
        told->last = at;
        return true;
    }
    return false;
}

static void
give_told(struct cyi_core *core, struct cyi_told_away *told)
{
    if (told == NULL)
        return;
    *told->at = told->next;
    if (told->next != NULL)
        told->next->at = told->at;
    cyi_heap_give(&core->heap, cyi_heap_class(told_bytes(told->max)), told);
}

static void
enlist(struct cyi_core *core, struct cyi_told_away *told)
{
    told->next = core->told_away;
    told->at = &core->told_away;
    if (told->next != NULL)
        told->next->at = &told->next;
    core->told_away = told;
}

/* Room for one more; false without memory. */
static bool
grow_told(struct cyi_core *core, struct cyi_extra *extra)
{
    struct cyi_told_away *old = extra->told_away;
    if (old != NULL && old->count < old->max)
        return true;
    uint32_t max = old == NULL ? TOLD_FIRST : 2 * old->max;
    size_t bytes = told_bytes(max);
    struct cyi_told_away *told = cyi_heap_take(&core->heap, cyi_heap_class(bytes), bytes);
    if (told == NULL)
        return false;
    *told = (struct cyi_told_away){.max = max};
    if (old != NULL) {
        memcpy(told->who, old->who, old->count * sizeof old->who[0]);
        told->count = old->count;
    }
    give_told(core, old);
    enlist(core, told);
    extra->told_away = told;
    return true;
}

void
cyi_congestion_tell_away(struct cyi_core *core, struct cyi_task *task, cy_ref sender)
{
    struct cyi_extra *extra = cyi_task_extra(core, task);
    if (extra == NULL || (extra->told_away != NULL && was_told(extra->told_away, sender)) ||
        !grow_told(core, extra))
        return;
    struct cyi_told_away *told = extra->told_away;
    told->who[told->count].node = sender.node;
    told->who[told->count].core = sender.core;
    told->last = told->count++;
    task->flags |= CYI_TASK_CONGESTED;
    core->node->router->congested(core, sender, task->slot, task->generation);
}

static void
over_away(struct cyi_core *core, const struct cyi_task *task)
{
    struct cyi_extra *extra = task->extra;
    give_told(core, extra->told_away);
    extra->told_away = NULL;
    core->node->router->relieved(core, task->slot, task->generation);
}

static void
over_across(struct cyi_core *core, const struct cyi_task *task)
{
    struct cyi_extra *extra = task->extra;
    uint16_t cores = core->node->core_count;
    struct notice notice = {task->slot, task->generation, core->index};
    for (uint16_t i = 0; i < cores; i++) {
        if (extra->told[i])
            cyi_post_answer(core, i, over_here, &notice, sizeof notice);
    }
    cyi_heap_give(&core->heap, cyi_heap_class(cores), extra->told);
    extra->told = NULL;
}

void
cyi_congestion_over(struct cyi_core *core, struct cyi_task *task)
{
    if (task->extra->told != NULL)
        over_across(core, task);
    if (task->extra->told_away != NULL)
        over_away(core, task);
    task->flags &= (uint16_t) ~CYI_TASK_CONGESTED;
}
