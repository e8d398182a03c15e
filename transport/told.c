/*
 * told.c - full mailboxes of ours that a node was told of, so that it hears when they empty.
 */
#include "link.h"
#include "member.h"

struct told {
    struct cyi_map_node node; /* in link->told */
    uint32_t slot, generation;
    uint64_t left; /* how many bytes may still come */
};

static uint64_t
hash_of(uint32_t slot, uint32_t generation)
{
    return cyi_hash_number((uint64_t) generation << 32 | slot);
}

static struct told *
find(const struct cyi_link *link, uint32_t slot, uint32_t generation)
{
    cyi_map_for_each(node, &link->told, hash_of(slot, generation)) {
        struct told *told = cyi_container_of(node, struct told, node);
        if (told->slot == slot && told->generation == generation)
            return told;
    }
    return NULL;
}

static int
say(struct cyi_link *link, enum cyi_op op, uint32_t slot, uint32_t generation)
{
    uint8_t fixed[8];
    struct cyi_parts parts = {.fixed = fixed, .fixed_size = sizeof fixed};
    cyi_put32(fixed, slot);
    cyi_put32(fixed + 4, generation);
    return cyi_link_put_promised(link, op, 0, &parts);
}

/*
 * What was under way comes, and is taken. How much that may be is known: what the sender's link
 * holds at most, and some more while our word travels. Who does not stop then would fill the
 * memory of this node with messages that nobody reads.
 */
int
cyi_told_check(struct cyi_link *link, uint32_t slot, uint32_t generation, size_t bytes)
{
    if (__builtin_expect(link->told.count == 0, 1))
        return 0;
    struct told *told = find(link, slot, generation);
    if (told == NULL)
        return 0;
    if (bytes > told->left)
        return -EDQUOT;
    told->left -= bytes;
    return 0;
}

/* Without memory nobody is told: the mailbox takes what comes. */
void
cyi_told_full(struct cyi_link *link, uint32_t slot, uint32_t generation)
{
    struct cyi_heap *heap = &link->owner->core->heap;
    if (find(link, slot, generation) != NULL)
        return;
    struct told *told = cyi_heap_take(heap, 0, sizeof *told);
    if (told == NULL)
        return;
    *told =
        (struct told){.slot = slot,
                      .generation = generation,
                      .left = cyi_members_excess(link->owner->net->members, link->home.node)};
    if (cyi_map_insert(&link->told, &told->node, hash_of(slot, generation)) != 0 ||
        say(link, CYI_OP_CONGESTED, slot, generation) != 0) {
        cyi_map_remove(&link->told, &told->node);
        cyi_heap_give(heap, 0, told);
    }
}

/* If the word does not get through for want of memory, it is tried again with the next. */
void
cyi_told_relieved(struct cyi_core *core, uint32_t slot, uint32_t generation)
{
    cyi_list_for_each(at, &cyi_net_core(core)->all) {
        struct cyi_link *link = cyi_container_of(at, struct cyi_link, all);
        struct told *told = find(link, slot, generation);
        if (told == NULL || say(link, CYI_OP_RELIEVED, slot, generation) != 0)
            continue;
        cyi_map_remove(&link->told, &told->node);
        cyi_heap_give(&core->heap, 0, told);
    }
}

static void
forget(struct cyi_map_node *node, void *heap)
{
    cyi_heap_give(heap, 0, cyi_container_of(node, struct told, node));
}

void
cyi_told_forget(struct cyi_link *link)
{
    cyi_map_drain(&link->told, forget, &link->owner->core->heap);
    cyi_map_fini(&link->told);
}
