/*
 * result.c - what a joinable task leaves: kept until somebody has joined.
 *
 * A monitor that begins meanwhile is told, and the result stays. The result of an owned task
 * stays until the owner has it forgotten, so that who joins does not take it from others.
 *
 * Tests: tests/runtime/test_watch.c, tests/rti/test_result.c
 */
#include "watch.h"

void
cyi_note_set_value(cy_msg *msg, cy_msg *value)
{
    struct cyi_note *note = cyi_note_of(msg);
    if (value == NULL || (value->flags & CYI_MSG_SHARED) == 0)
        return;
    note->value = cyi_msg_shared(value);
    note->value_bytes = value->size;
    msg->size = value->size;
    msg->flags |= CYI_MSG_SHARED;
    cyi_shared_hold(note->value);
}

bool
cyi_watch_joinable(struct cyi_core *core, struct cyi_task *task)
{
    struct cyi_extra *extra = cyi_task_extra(core, task);
    cy_ref self = cyi_task_ref(core, task);
    if (extra != NULL)
        extra->result = cyi_note_make(core, CYI_NOTE_RESULT, self, self);
    return extra != NULL && extra->result != NULL;
}

/* True when it is to be kept: nobody has joined yet, as far as we know. */
bool
cyi_watch_keep(struct cyi_core *core, struct cyi_task *task, enum cy_exit_reason reason,
               bool joined)
{
    struct cyi_extra *extra = task->extra;
    if (extra == NULL || extra->result == NULL)
        return false;
    joined &= extra->owner == NULL;
    if (joined || (task->flags & CYI_TASK_JOINABLE) == 0) {
        cyi_msg_drop(core, extra->result);
        extra->result = NULL;
        return false;
    }
    cyi_note_of(extra->result)->reason = (uint8_t) reason;
    cyi_note_of(extra->result)->code = task->exit_code;
    cyi_note_set_value(extra->result, extra->exit_value);
    return true;
}

void
cyi_watch_forget(struct cyi_core *core, struct cyi_task *ended)
{
    cyi_msg_drop(core, ended->extra->result);
    cyi_task_release(core, ended);
}

/* Which task has ended and was joined. */
struct joined {
    uint32_t slot, generation;
};

void
cyi_watch_joined(struct cyi_core *core, struct cyi_task *ended)
{
    struct cyi_owner *owner = ended->extra->owner;
    if (owner != NULL)
        owner->told(core, owner);
    else
        cyi_watch_forget(core, ended);
}

/* An ended task with its result, or NULL. */
static struct cyi_task *
find(struct cyi_core *core, uint32_t slot, uint32_t generation)
{
    struct cyi_task *ended = cyi_task_find_ended(core, slot, generation);
    return ended == NULL || ended->extra == NULL || ended->extra->result == NULL ? NULL : ended;
}

void
cyi_watch_taken(struct cyi_core *core, uint32_t slot, uint32_t generation)
{
    struct cyi_task *ended = find(core, slot, generation);
    if (ended != NULL)
        cyi_watch_joined(core, ended);
}

cy_msg *
cyi_watch_result(struct cyi_core *core, uint32_t slot, uint32_t generation)
{
    const struct cyi_task *ended = find(core, slot, generation);
    return ended == NULL ? NULL : ended->extra->result;
}

void
cyi_watch_told(struct cyi_core *core, uint32_t slot, uint32_t generation)
{
    const struct cyi_task *ended = find(core, slot, generation);
    struct cyi_owner *owner = ended == NULL ? NULL : ended->extra->owner;
    if (owner != NULL)
        owner->told(core, owner);
}

static void
taken_here(struct cyi_core *core, const void *args)
{
    const struct joined *which = args;
    cyi_watch_taken(core, which->slot, which->generation);
}

static void
forget_here(struct cyi_core *core, const void *args)
{
    const struct joined *which = args;
    struct cyi_task *ended = find(core, which->slot, which->generation);
    if (ended != NULL)
        cyi_watch_forget(core, ended);
}

void
cyi_result_forget(struct cyi_core *core, cy_ref ended)
{
    struct joined which = {ended.slot, ended.generation};
    cyi_post_answer(core, ended.core, forget_here, &which, sizeof which);
}

void
cyi_watch_say_taken(struct cyi_core *core, cy_ref ended)
{
    struct joined which = {ended.slot, ended.generation};
    if (ended.node != core->home.node)
        cyi_watch_taken_away(core, ended);
    else
        cyi_post_answer(core, ended.core, taken_here, &which, sizeof which);
}
