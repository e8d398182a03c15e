/*
 * watch_away.c - watches between tasks of different nodes.
 *
 * The note of a watch stays on the watcher's core; the network knows it by its address and
 * says when the watch is over. The watcher keeps a record of it, of a join as well, so that
 * its own end finds it whatever became of the other node. At the watched task hangs a note of
 * its own, which stands for the record that the network keeps there.
 *
 * Tests: tests/runtime/test_router_watch.c
 */
#include "watch.h"

#include <cycos/impl/router.h>

void
cyi_unwatch_away(struct cyi_core *core, cy_ref target, cy_msg *note)
{
    const struct cyi_router *router = core->node->router;
    if (router != NULL)
        router->unwatch(core, target, note);
    cyi_msg_drop(core, note);
}

void
cyi_watch_taken_away(struct cyi_core *core, cy_ref ended)
{
    const struct cyi_router *router = core->node->router;
    /* Should it fail, the result is kept there until its node ends. */
    if (router != NULL && router->command(core, ended, CYI_COMMAND_FORGET_RESULT) != 0)
        core->counters.lost++;
}

/* The value that has come with it; without memory it is lost, but not the end itself. */
static void
set_value(struct cyi_core *core, cy_msg *msg, const struct cyi_ended *how)
{
    struct cyi_note *note = cyi_note_of(msg);
    if (how->value_bytes == 0)
        return;
    note->value = cyi_shared_make(core, how->value, how->value_bytes);
    if (note->value == NULL) {
        core->counters.lost++;
        return;
    }
    note->value_bytes = msg->size = (uint32_t) how->value_bytes;
    msg->flags |= CYI_MSG_SHARED;
}

/* Another node's word: only its reasons that we know, and a failed watch has an error. */
static void
fill_in(struct cyi_core *core, cy_msg *msg, const struct cyi_ended *how)
{
    struct cyi_note *note = cyi_note_of(msg);
    note->reason = (uint8_t) how->reason;
    note->code = how->code;
    if (how->reason < CY_EXIT_NODE_DOWN) {
        set_value(core, msg, how);
    } else if (how->reason == CY_EXIT_NO_TASK) {
        note->code = how->code < 0 ? how->code : -ESRCH;
    } else {
        note->reason = CY_EXIT_NODE_DOWN;
        note->code = CY_ENOPEER;
    }
}

void
cyi_watch_watcher(const cy_msg *note, uint32_t *slot, uint32_t *generation)
{
    *slot = cyi_note_of(note)->watcher_slot;
    *generation = cyi_note_of(note)->watcher_generation;
}

void
cyi_watch_ends(struct cyi_core *core, cy_msg *msg, const struct cyi_ended *how)
{
    struct cyi_note *note = cyi_note_of(msg);
    fill_in(core, msg, how);
    if (note->kind == CYI_NOTE_JOIN_KEPT) /* a monitor's is dropped where it arrives */
        cyi_watch_drop(core, note->record);
    cyi_note_arrives(core, msg);
}

void
cyi_notice_arrives(struct cyi_core *core, uint32_t slot, uint32_t generation, cy_ref ended,
                   const struct cyi_ended *how)
{
    struct cyi_task *task = cyi_task_find(core, slot, generation);
    if (task == NULL)
        return;
    cy_msg *msg = cyi_note_make(core, CYI_NOTE_NOTIFY, cyi_task_ref(core, task), ended);
    if (msg == NULL) {
        core->counters.lost++;
        return;
    }
    fill_in(core, msg, how);
    cyi_note_arrives(core, msg);
}

/* An end as it travels: the value is that of a message, which may be NULL. */
static struct cyi_ended
ended_with(enum cy_exit_reason reason, int code, const cy_msg *value)
{
    struct cyi_ended how = {.reason = reason, .code = code};
    if (value != NULL && value->flags & CYI_MSG_SHARED) {
        how.value = cyi_msg_body(value);
        how.value_bytes = value->size;
    }
    return how;
}

static void
end_foreign(struct cyi_core *core, struct cyi_foreign_watch *watch, enum cy_exit_reason reason,
            int code, const cy_msg *value)
{
    struct cyi_ended how = ended_with(reason, code, value);
    watch->note = NULL;
    watch->ended(core, watch, &how); /* which may free it */
}

void
cyi_watch_tell_away(struct cyi_core *core, const struct cyi_task *task, cy_msg *msg,
                    enum cy_exit_reason reason)
{
    const struct cyi_router *router = core->node->router;
    const struct cyi_note *note = cyi_note_of(msg);
    const cy_msg *value = task->extra->exit_value;
    if (note->kind == CYI_NOTE_FOREIGN) {
        end_foreign(core, note->foreign, reason, task->exit_code, value);
    } else if (router != NULL) {
        struct cyi_ended how = ended_with(reason, task->exit_code, value);
        router->notify(core, msg->sender, cyi_task_ref(core, task), &how);
    }
    cyi_msg_drop(core, msg);
}

/* Of a task that may have ended, and whose result is kept to be joined. */
static void
watch_ended(struct cyi_core *core, struct cyi_foreign_watch *watch, uint32_t slot,
            uint32_t generation)
{
    const cy_msg *result = cyi_watch_result(core, slot, generation);
    if (result == NULL) {
        end_foreign(core, watch, CY_EXIT_NO_TASK, -ESRCH, NULL);
        return;
    }
    const struct cyi_note *note = cyi_note_of(result);
    end_foreign(core, watch, note->reason, note->code, result);
    cyi_watch_told(core, slot, generation);
}

void
cyi_foreign_watch(struct cyi_core *core, struct cyi_foreign_watch *watch, uint32_t slot,
                  uint32_t generation)
{
    struct cyi_task *task = cyi_task_find(core, slot, generation);
    if (task == NULL) {
        watch_ended(core, watch, slot, generation);
        return;
    }
    cy_ref watched = cyi_task_ref(core, task);
    cy_msg *msg = cyi_task_extra(core, task) == NULL
                      ? NULL
                      : cyi_note_make(core, CYI_NOTE_FOREIGN, CY_NOBODY, watched);
    if (msg == NULL) {
        end_foreign(core, watch, CY_EXIT_NO_TASK, -ENOMEM, NULL);
        return;
    }
    cyi_note_of(msg)->foreign = watch;
    watch->note = msg;
    cyi_list_append(&task->extra->watchers, &cyi_note_of(msg)->link);
}

void
cyi_foreign_unwatch(struct cyi_core *core, struct cyi_foreign_watch *watch)
{
    if (watch->note == NULL)
        return;
    cyi_list_remove(&cyi_note_of(watch->note)->link);
    cyi_msg_drop(core, watch->note);
    watch->note = NULL;
}
