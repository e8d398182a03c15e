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
 *
 * Row I1 is that of inbox.c's table:
 *   I1  inbox.in[]  release when a pair first talks -> acquire here  the ring
 */
#include "task.h"
#include <cycos/impl/inbox.h>
#include <cycos/impl/node.h>
#include <string.h>

struct notice {
    uint32_t slot, generation;
    uint16_t core;
};

/* Its place in the core's list; congested_count when it is not there. */
static uint32_t
find(const struct cyi_core *core, uint16_t on, uint32_t slot, uint32_t generation)
{
    uint32_t i = 0;
    for (; i < core->congested_count; i++) {
        const struct cyi_congested *c = &core->congested[i];
        if (c->slot == slot && c->generation == generation && c->core == on)
            break;
    }
    return i;
}

bool
cyi_congestion_known(const struct cyi_core *core, cy_ref to)
{
    const struct cyi_inbox *inbox = core->inbox;
    if (__builtin_expect((core->congested_count | inbox->congested) == 0, 1))
        return false;
    return inbox->outbox[to.core].congested != 0 ||
           find(core, to.core, to.slot, to.generation) < core->congested_count;
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
        (struct cyi_congested){notice->slot, notice->generation, notice->core};
}

static void
over_here(struct cyi_core *core, const void *args)
{
    const struct notice *notice = args;
    uint32_t at = find(core, notice->core, notice->slot, notice->generation);
    if (at < core->congested_count) {
        core->congested[at] = core->congested[--core->congested_count];
        return;
    }
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

void
cyi_congestion_over(struct cyi_core *core, struct cyi_task *task)
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
    task->flags &= (uint16_t) ~CYI_TASK_CONGESTED;
}
