/*
 * msg.c - messages: memory, bodies, sharing.
 *
 * Synchronisation (every atomic access below names its row):
 *   S1  shared.users  relaxed add in hold, acq_rel sub in drop -> the last user frees
 */
#include "sanitizer.h"
#include <cycos/impl/msg.h>
#include <string.h>

cy_msg *
cyi_msg_take(struct cyi_core *core, uint32_t tag, size_t size)
{
    size_t bytes = sizeof(cy_msg) + size;
    uint8_t class = cyi_heap_class(bytes);
    cy_msg *msg = cyi_heap_take(&core->heap, class, bytes);
    if (__builtin_expect(msg == NULL, 0))
        return NULL;
    msg->next = NULL;
    msg->size = (uint32_t) size;
    msg->tag = tag;
    msg->token = 0;
    msg->home = core->index;
    msg->class = class;
    msg->flags = 0;
    return msg;
}

void
cyi_block_give(struct cyi_core *core, uint16_t home, uint8_t class, void *block)
{
    if (home == core->index || class == CYI_HEAP_BIG || CYI_ASAN)
        cyi_heap_give(&core->heap, class, block);
    else
        cyi_post_return(core, home, class, block);
}

void
cyi_shared_hold(struct cyi_shared *shared)
{
    /* S1: one more user; whoever adds holds one itself, so nothing can vanish. */
    atomic_fetch_add_explicit(&shared->users, 1, memory_order_relaxed);
}

static void
shared_drop(struct cyi_core *core, struct cyi_shared *shared)
{
    /* S1: the reads of all users come before the reuse of the block. */
    if (atomic_fetch_sub_explicit(&shared->users, 1, memory_order_acq_rel) == 1)
        cyi_block_give(core, shared->home, shared->class, shared);
}

void
cyi_msg_drop(struct cyi_core *core, cy_msg *msg)
{
    if (msg->flags & CYI_MSG_SHARED)
        shared_drop(core, cyi_msg_shared(msg));
    msg->flags = CYI_MSG_FREED;
    cyi_block_give(core, msg->home, msg->class, msg);
}

struct cyi_shared *
cyi_shared_make(struct cyi_core *core, const void *bytes, size_t size)
{
    size_t all = sizeof(struct cyi_shared) + size;
    uint8_t class = cyi_heap_class(all);
    struct cyi_shared *shared = cyi_heap_take(&core->heap, class, all);
    if (shared == NULL)
        return NULL;
    /* S1: nobody else can see it yet. */
    atomic_init(&shared->users, 1);
    shared->home = core->index;
    shared->class = class;
    if (size > 0)
        memcpy(shared->bytes, bytes, size);
    return shared;
}

int
cyi_msg_freeze(struct cyi_core *core, cy_msg *msg)
{
    if (msg->flags & CYI_MSG_SHARED)
        return 0;
    struct cyi_shared *shared = cyi_shared_make(core, msg->body, msg->size);
    if (shared == NULL)
        return -ENOMEM;
    *(struct cyi_shared **) (void *) msg->body = shared;
    msg->flags |= CYI_MSG_SHARED;
    return 0;
}

int
cyi_msg_share(struct cyi_core *core, cy_msg **out, cy_msg *msg)
{
    bool small = msg->size <= CYI_MSG_INLINE && (msg->flags & CYI_MSG_SHARED) == 0;
    if (!small && cyi_msg_freeze(core, msg) != 0)
        return -ENOMEM;
    cy_msg *twin = cyi_msg_take(core, msg->tag, small ? msg->size : sizeof(void *));
    if (twin == NULL)
        return -ENOMEM;
    twin->size = msg->size;
    twin->sender = msg->sender;
    /* All of it, whatever the size: an exit message has a note there (watch.c). */
    memcpy(twin->body, msg->body, CYI_MSG_INLINE);
    if (!small) {
        cyi_shared_hold(cyi_msg_shared(msg));
        twin->flags = CYI_MSG_SHARED;
    }
    *out = twin;
    return 0;
}

int
cy_msg_create(cy_msg **out, uint32_t tag, size_t size)
{
    if (size > CY_MSG_MAX)
        return -EMSGSIZE;
    if (tag >= CY_TAG_SYSTEM)
        return -EINVAL;
    cy_msg *msg = cyi_msg_take(cyi_current(), tag, size);
    if (msg == NULL)
        return -ENOMEM;
    msg->sender = CY_NOBODY;
    *out = msg;
    return 0;
}

int
cy_msg_copy(cy_msg **out, uint32_t tag, const void *body, size_t size)
{
    int rc = cy_msg_create(out, tag, size);
    if (rc == 0 && size != 0)
        memcpy((*out)->body, body, size);
    return rc;
}

int
cy_msg_share(cy_msg **out, cy_msg *msg)
{
    return cyi_msg_share(cyi_current(), out, msg);
}

void
cy_msg_free(cy_msg **msg)
{
    if (*msg == NULL)
        return;
    CY_ASSERT(((*msg)->flags & CYI_MSG_QUEUED) == 0 && "message freed after it was sent");
    CY_ASSERT(((*msg)->flags & CYI_MSG_FREED) == 0 && "message freed twice");
    cyi_msg_drop(cyi_current(), *msg);
    *msg = NULL;
}

void *
cy_msg_body(const cy_msg *msg)
{
    return cyi_msg_body(msg);
}

size_t
cy_msg_size(const cy_msg *msg)
{
    return msg->size;
}

void
cy_msg_truncate(cy_msg *msg, size_t size)
{
    CY_ASSERT(size <= msg->size);
    msg->size = (uint32_t) size;
}

uint32_t
cy_msg_tag(const cy_msg *msg)
{
    return msg->tag;
}

void
cy_msg_set_tag(cy_msg *msg, uint32_t tag)
{
    CY_ASSERT(tag < CY_TAG_SYSTEM && msg->tag < CY_TAG_SYSTEM);
    msg->tag = tag;
}

cy_ref
cy_msg_sender(const cy_msg *msg)
{
    return msg->sender;
}
