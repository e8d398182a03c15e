/*
 * watches.c - monitors and joins between nodes.
 *
 * Ours are kept until their end has come; if the link ends first, that is the end: node down.
 * Theirs hang at our tasks until these end, or until nobody wants to know any more.
 */
#include "link.h"

/* One of ours, of a task there. */
struct watch {
    struct cyi_map_node node; /* in link->watches, by the task */
    uint32_t id, slot, generation;
    cy_msg *note;
};

/* One of theirs, of a task here. */
struct foreign {
    struct cyi_map_node node; /* in link->foreign_watches, by id */
    struct cyi_foreign_watch watch;
    struct cyi_link *link;
    uint32_t id, slot, generation;
};

static uint64_t
hash_of(uint32_t slot, uint32_t generation)
{
    return cyi_hash_number((uint64_t) generation << 32 | slot);
}

int
cyi_watch_begin(struct cyi_link *link, cy_ref target, bool join, cy_msg *note)
{
    struct cyi_heap *heap = &link->owner->core->heap;
    struct watch *watch = cyi_heap_take(heap, 0, sizeof *watch);
    int error = -ENOMEM;
    if (watch == NULL)
        return error;
    *watch = (struct watch){.id = ++link->watch_id,
                            .slot = target.slot,
                            .generation = target.generation,
                            .note = note};
    struct cyi_watch_item item = {.id = watch->id,
                                  .kind = join ? CYI_WATCH_JOIN : CYI_WATCH_MONITOR,
                                  .target_slot = target.slot,
                                  .target_generation = target.generation};
    cyi_watch_watcher(note, &item.watcher_slot, &item.watcher_generation);
    if (cyi_map_insert(&link->watches, &watch->node, hash_of(watch->slot, watch->generation)) ==
        0) {
        uint8_t *at = cyi_link_put(link, CYI_OP_WATCH, 0, CYI_WATCH_BYTES, &error);
        if (at != NULL) {
            cyi_watch_write(at, &item);
            return 0;
        }
    }
    cyi_map_remove(&link->watches, &watch->node);
    cyi_heap_give(heap, 0, watch);
    return error;
}

/* If there is no memory to say so, its end will find nobody. */
static void
say_unwatch(struct cyi_link *link, uint32_t id)
{
    uint8_t fixed[4];
    struct cyi_parts parts = {.fixed = fixed, .fixed_size = sizeof fixed};
    cyi_put32(fixed, id);
    (void) !cyi_link_put_promised(link, CYI_OP_UNWATCH, 0, &parts);
}

void
cyi_watch_cancel(struct cyi_link *link, cy_ref target, const cy_msg *note)
{
    cyi_map_for_each(node, &link->watches, hash_of(target.slot, target.generation)) {
        struct watch *watch = cyi_container_of(node, struct watch, node);
        if (watch->note != note)
            continue;
        say_unwatch(link, watch->id);
        cyi_map_remove(&link->watches, node);
        cyi_heap_give(&link->owner->core->heap, 0, watch);
        return;
    }
}

static void
end(struct cyi_link *link, struct watch *watch, const struct cyi_ended *how)
{
    struct cyi_core *core = link->owner->core;
    cy_msg *note = watch->note;
    cyi_map_remove(&link->watches, &watch->node);
    cyi_heap_give(&core->heap, 0, watch);
    cyi_watch_ends(core, note, how);
}

static void
ended_there(struct cyi_link *link, const struct cyi_exit_item *item,
            const struct cyi_ended *how)
{
    cyi_map_for_each(node, &link->watches, hash_of(item->task_slot, item->task_generation)) {
        struct watch *watch = cyi_container_of(node, struct watch, node);
        if (watch->id == item->id && watch->slot == item->task_slot &&
            watch->generation == item->task_generation) {
            end(link, watch, how);
            return;
        }
    }
}

static int
arrive_exit(struct cyi_link *link, const struct cyi_arrival *arrival)
{
    struct cyi_exit_item item;
    if (cyi_exit_read(&item, arrival->body, arrival->size) != 0)
        return -EBADMSG;
    struct cyi_ended how = {.reason = (enum cy_exit_reason) item.reason,
                            .code = item.code,
                            .value = arrival->body + CYI_EXIT_BYTES,
                            .value_bytes =
                                arrival->cut_short ? 0 : arrival->size - CYI_EXIT_BYTES};
    cy_ref task = link->home;
    task.slot = item.task_slot;
    task.generation = item.task_generation;
    if (arrival->flags & CYI_ITEM_NOTIFY)
        cyi_notice_arrives(link->owner->core, item.watcher_slot, item.watcher_generation, task,
                           &how);
    else
        ended_there(link, &item, &how);
    return 0;
}

static void
forget_foreign(struct foreign *foreign)
{
    struct cyi_link *link = foreign->link;
    cyi_map_remove(&link->foreign_watches, &foreign->node);
    cyi_heap_give(&link->owner->core->heap, cyi_heap_class(sizeof *foreign), foreign);
}

/* Without memory for the value its end is told without; without any, they hear nothing. */
static void
say_exit(struct cyi_link *link, const struct cyi_exit_item *item, const struct cyi_ended *how)
{
    uint8_t fixed[CYI_EXIT_BYTES];
    struct cyi_parts parts = {fixed, sizeof fixed, how->value, how->value_bytes};
    cyi_exit_write(fixed, item);
    int rc = cyi_link_put_promised(link, CYI_OP_EXIT, 0, &parts);
    parts.size = 0;
    if (rc != 0)
        rc = cyi_link_put_promised(link, CYI_OP_EXIT, 0, &parts);
    link->owner->core->counters.lost += rc != 0;
}

static void
ended_here(struct cyi_core *core, struct cyi_foreign_watch *self, const struct cyi_ended *how)
{
    struct foreign *foreign = cyi_container_of(self, struct foreign, watch);
    struct cyi_exit_item item = {.id = foreign->id,
                                 .task_slot = foreign->slot,
                                 .task_generation = foreign->generation,
                                 .reason = how->reason,
                                 .code = how->code};
    (void) core;
    say_exit(foreign->link, &item, how);
    forget_foreign(foreign);
}

static struct foreign *
new_foreign(struct cyi_link *link, const struct cyi_watch_item *item)
{
    struct cyi_heap *heap = &link->owner->core->heap;
    uint8_t class = cyi_heap_class(sizeof(struct foreign));
    struct foreign *foreign = cyi_heap_take(heap, class, sizeof *foreign);
    if (foreign == NULL)
        return NULL;
    *foreign = (struct foreign){.link = link,
                                .watch = {.ended = ended_here},
                                .id = item->id,
                                .slot = item->target_slot,
                                .generation = item->target_generation};
    if (cyi_map_insert(&link->foreign_watches, &foreign->node, cyi_hash_number(item->id)) == 0)
        return foreign;
    cyi_heap_give(heap, class, foreign);
    return NULL;
}

/* As for a task of this node: there may be one, but no memory for its watchers. */
static int
arrive_watch(struct cyi_link *link, const struct cyi_arrival *arrival)
{
    static const struct cyi_ended none = {.reason = CY_EXIT_NO_TASK, .code = -ENOMEM};
    struct cyi_watch_item item;
    if (cyi_watch_read(&item, arrival->body, arrival->size) != 0)
        return -EBADMSG;
    struct foreign *foreign = new_foreign(link, &item);
    struct cyi_exit_item refused = {.id = item.id,
                                    .task_slot = item.target_slot,
                                    .task_generation = item.target_generation,
                                    .reason = none.reason,
                                    .code = none.code};
    if (foreign != NULL)
        cyi_foreign_watch(link->owner->core, &foreign->watch, item.target_slot,
                          item.target_generation);
    else
        say_exit(link, &refused, &none);
    return 0;
}

static int
arrive_unwatch(struct cyi_link *link, const struct cyi_arrival *arrival)
{
    uint32_t id = cyi_get32(arrival->body);
    cyi_map_for_each(node, &link->foreign_watches, cyi_hash_number(id)) {
        struct foreign *foreign = cyi_container_of(node, struct foreign, node);
        if (foreign->id != id)
            continue;
        cyi_foreign_unwatch(link->owner->core, &foreign->watch);
        forget_foreign(foreign);
        break;
    }
    return 0;
}

int
cyi_watch_carry_out(struct cyi_link *link, const struct cyi_arrival *arrival)
{
    switch (arrival->op) {
    case CYI_OP_WATCH:
        return arrive_watch(link, arrival);
    case CYI_OP_UNWATCH:
        return arrive_unwatch(link, arrival);
    default:
        return arrive_exit(link, arrival);
    }
}

static void
node_down(struct cyi_map_node *node, void *arg)
{
    struct cyi_ended how = {.reason = CY_EXIT_NODE_DOWN, .code = CY_ENOPEER};
    end(arg, cyi_container_of(node, struct watch, node), &how);
}

static void
drop_foreign(struct cyi_map_node *node, void *arg)
{
    struct cyi_link *link = arg;
    struct foreign *foreign = cyi_container_of(node, struct foreign, node);
    cyi_foreign_unwatch(link->owner->core, &foreign->watch);
    forget_foreign(foreign);
}

void
cyi_watches_fail(struct cyi_link *link)
{
    cyi_map_drain(&link->watches, node_down, link);
    cyi_map_fini(&link->watches);
    cyi_map_drain(&link->foreign_watches, drop_foreign, link);
    cyi_map_fini(&link->foreign_watches);
}
