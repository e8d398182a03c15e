/*
 * watch.c - who wants to know of a task's end: monitor, notify, join.
 *
 * A watch is a note: the exit message itself, made when the watch begins. It hangs at the
 * watched task, on that task's core, until the end; then it is filled in and goes to the
 * watcher. So the end of a task needs no memory, and exactly one message comes per watch.
 * The watcher keeps a record of each monitor, so that its own end calls the note back.
 */
#include "watch.h"

#include <cycos/impl/router.h>

cy_msg *
cyi_note_make(struct cyi_core *core, enum cyi_note_kind kind, cy_ref watcher, cy_ref watched)
{
    cy_msg *msg = cyi_msg_take(core, CY_TAG_EXIT, sizeof(struct cyi_note));
    if (msg == NULL)
        return NULL;
    msg->sender = watched;
    msg->size = 0; /* the body, for who reads it as one, is the value */
    *cyi_note_of(msg) = (struct cyi_note){.kind = (uint8_t) kind,
                                          .watcher_slot = watcher.slot,
                                          .watcher_generation = watcher.generation,
                                          .watcher_core = watcher.core};
    return msg;
}

void
cyi_watch_drop(struct cyi_core *core, struct cyi_watch *record)
{
    cyi_list_remove(&record->link);
    cyi_heap_give(&core->heap, 0, record);
}

/* From here on the message may be sent on, with another sender. */
static void
arrived(cy_msg *msg)
{
    cyi_note_of(msg)->task = msg->sender;
}

/* Does it still wait for this note? Also when its deadline came first, but not yet its turn. */
static bool
joins(const struct cyi_task *task, const struct cyi_note *note)
{
    return task->token == note->token && task->wait == CYI_WAIT_JOIN &&
           (task->state == CYI_TASK_WAITING || task->state == CYI_TASK_READY);
}

static bool
join_arrives(struct cyi_core *core, struct cyi_task *task, cy_msg *msg)
{
    const struct cyi_note *note = cyi_note_of(msg);
    if (!joins(task, note) || task->answer != NULL) {
        cyi_msg_drop(core, msg);
        return false;
    }
    if (note->kind == CYI_NOTE_JOIN_KEPT && note->reason < CY_EXIT_NODE_DOWN)
        cyi_watch_say_taken(core, msg->sender);
    arrived(msg);
    task->answer = msg;
    task->wait_result = 0; /* if it is ready already */
    cyi_wake(core, task, 0);
    return true;
}

bool
cyi_note_arrives(struct cyi_core *core, cy_msg *msg)
{
    struct cyi_note *note = cyi_note_of(msg);
    struct cyi_task *task = cyi_task_find(core, note->watcher_slot, note->watcher_generation);
    msg->flags &= (uint8_t) ~CYI_MSG_RUN;
    if (task == NULL) {
        cyi_msg_drop(core, msg);
        return false;
    }
    if (note->kind == CYI_NOTE_JOIN || note->kind == CYI_NOTE_JOIN_KEPT)
        return join_arrives(core, task, msg);
    if (note->kind == CYI_NOTE_NOTIFY && task->promised >= 2 * CYI_PROMISED_MAX) {
        core->counters.lost++;
        cyi_msg_drop(core, msg);
        return false;
    }
    if (note->kind == CYI_NOTE_MONITOR)
        cyi_watch_drop(core, note->record);
    else
        task->promised++;
    arrived(msg);
    msg->flags |= CYI_MSG_PROMISED;
    cyi_mailbox_put(core, task, msg);
    return true;
}

static void
note_here(struct cyi_core *core, cy_msg *msg)
{
    cyi_note_arrives(core, msg);
}

/* On the watched task's core: fill the note in and send it. True: somebody here has it. */
static bool
fire(struct cyi_core *core, cy_msg *msg, enum cy_exit_reason reason, int code, cy_msg *value)
{
    struct cyi_note *note = cyi_note_of(msg);
    note->reason = (uint8_t) reason;
    note->code = code;
    cyi_note_set_value(msg, value);
    if (note->watcher_core == core->index)
        return cyi_note_arrives(core, msg);
    if (note->kind == CYI_NOTE_JOIN)
        note->kind = CYI_NOTE_JOIN_KEPT;
    msg->run = note_here;
    msg->flags |= CYI_MSG_RUN;
    cyi_post_promised(core, note->watcher_core, msg);
    return false;
}

/* There is a task, but no memory for its watchers. */
static void
refuse(struct cyi_core *core, cy_msg *msg)
{
    core->watches_refused++;
    fire(core, msg, CY_EXIT_NO_TASK, -ENOMEM, NULL);
}

/* On the watched task's core: a watch begins. */
static void
watch_here(struct cyi_core *core, cy_msg *msg)
{
    cy_ref to = msg->sender;
    struct cyi_task *task = cyi_task_find(core, to.slot, to.generation);
    msg->flags &= (uint8_t) ~CYI_MSG_RUN;
    if (task != NULL && cyi_task_extra(core, task) != NULL) {
        cyi_list_append(&task->extra->watchers, &cyi_note_of(msg)->link);
        return;
    }
    if (task != NULL) {
        refuse(core, msg);
        return;
    }
    cy_msg *result = cyi_watch_result(core, to.slot, to.generation);
    if (result == NULL) {
        fire(core, msg, CY_EXIT_NO_TASK, -ESRCH, NULL);
        return;
    }
    const struct cyi_note *note = cyi_note_of(result);
    fire(core, msg, note->reason, note->code, result);
    cyi_watch_told(core, to.slot, to.generation);
}

/* What its core or node will say, comes later; on failure the note is still the caller's. */
static int
begin(struct cyi_core *core, cy_msg *msg)
{
    cy_ref target = msg->sender;
    if (target.node != core->home.node) {
        bool join = cyi_note_of(msg)->kind != CYI_NOTE_MONITOR;
        return core->node->router->watch(core, target, join, msg);
    }
    if (target.core == core->index) {
        watch_here(core, msg);
        return 0;
    }
    msg->run = watch_here;
    msg->flags |= CYI_MSG_RUN;
    cyi_post_promised(core, target.core, msg);
    return 0;
}

/* Which watch to call back. */
struct callback {
    uint32_t slot, generation; /* of the watched task */
    uint32_t watcher_slot, watcher_generation;
    uint32_t token;
    cy_msg *note; /* only to compare, until we know that it hangs here */
};

/*
 * A watched task that lives has all its notes hanging at it, because a watch comes before its
 * own calling back; but for those that had to return at once for want of memory. If there
 * ever was such a one on this core, look.
 */
static bool
hangs(const struct cyi_core *core, const struct cyi_task *task, const struct callback *which)
{
    if (__builtin_expect(core->watches_refused == 0, 1))
        return true;
    cyi_list_for_each(link, &task->extra->watchers) {
        if (cyi_note_msg(link) == which->note)
            return true;
    }
    return false;
}

static void
unwatch_here(struct cyi_core *core, const void *args)
{
    const struct callback *which = args;
    struct cyi_task *task = cyi_task_find(core, which->slot, which->generation);
    if (task == NULL || task->extra == NULL || !hangs(core, task, which))
        return;
    struct cyi_note *note = cyi_note_of(which->note);
    CY_ASSERT(note->token == which->token && note->watcher_slot == which->watcher_slot &&
              note->watcher_generation == which->watcher_generation);
    cyi_list_remove(&note->link);
    cyi_msg_drop(core, which->note);
}

static void
unwatch(struct cyi_core *core, struct cyi_task *watcher, cy_ref target, uint32_t token,
        cy_msg *note)
{
    struct callback which = {
        target.slot, target.generation, watcher->slot, watcher->generation, token, note};
    if (target.node != core->home.node)
        cyi_unwatch_away(core, target, note);
    else if (target.core != core->index)
        cyi_post_answer(core, target.core, unwatch_here, &which, sizeof which);
    else
        unwatch_here(core, &which);
}

/* The watcher's side of a note; false without memory. */
static bool
make_record(struct cyi_core *core, struct cyi_task *watcher, cy_msg *msg, cy_ref target)
{
    struct cyi_extra *extra = cyi_task_extra(core, watcher);
    struct cyi_watch *record =
        extra == NULL ? NULL : cyi_heap_take(&core->heap, 0, sizeof *record);
    if (record == NULL)
        return false;
    cyi_note_of(msg)->record = record;
    record->note = msg;
    record->target = target;
    cyi_list_append(&extra->watches, &record->link);
    return true;
}

static cy_msg *
prepare(struct cyi_core *core, struct cyi_task *watcher)
{
    cy_ref self = cyi_task_ref(core, watcher);
    cy_msg *msg = cyi_note_make(core, CYI_NOTE_MONITOR, self, CY_NOBODY);
    if (msg == NULL)
        return NULL;
    if (!make_record(core, watcher, msg, CY_NOBODY)) {
        cyi_msg_drop(core, msg);
        return NULL;
    }
    watcher->promised++;
    return msg;
}

static void
abandon(struct cyi_core *core, struct cyi_task *watcher, cy_msg *note)
{
    watcher->promised--;
    cyi_watch_drop(core, cyi_note_of(note)->record);
    cyi_msg_drop(core, note);
}

cy_msg *
cyi_watch_prepare(struct cyi_core *core)
{
    return prepare(core, core->sched.current);
}

void
cyi_watch_abandon(struct cyi_core *core, cy_msg *note)
{
    abandon(core, core->sched.current, note);
}

void
cyi_watch_attach(struct cyi_core *core, struct cyi_task *task, cy_msg *note)
{
    note->sender = cyi_task_ref(core, task);
    if (cyi_task_extra(core, task) != NULL)
        cyi_list_append(&task->extra->watchers, &cyi_note_of(note)->link);
    else
        refuse(core, note);
}

void
cyi_watch_target(struct cyi_core *core, const cy_msg *note, cy_ref target)
{
    /*
     * The note may have come back already, and its record gone with it: look, do not touch. If
     * it is there, it is the last: the spawner waited, so it has begun no other watch, and what
     * others have begun for it stands in front.
     */
    struct cyi_list *link = cyi_list_last(&core->sched.current->extra->watches);
    if (link == NULL)
        return;
    struct cyi_watch *record = cyi_container_of(link, struct cyi_watch, link);
    if (record->note == note && cy_ref_is_nobody(record->target))
        record->target = target;
}

/* Is there a way to the core of that task? */
static bool
reachable(const struct cyi_core *core, cy_ref task)
{
    if (task.node == core->home.node)
        return task.core < core->node->core_count;
    return core->node->router != NULL && !cy_ref_is_nobody(task);
}

int
cyi_monitor_for(struct cyi_core *core, struct cyi_task *watcher, cy_ref target)
{
    if (!reachable(core, target))
        return CY_ENOPEER;
    if (watcher->promised >= CYI_PROMISED_MAX)
        return -EAGAIN;
    cy_msg *msg = prepare(core, watcher);
    if (msg == NULL)
        return -ENOMEM;
    struct cyi_watch *record = cyi_note_of(msg)->record;
    record->target = target;
    /* In front: the last may be that of a spawn that the watcher waits for. */
    cyi_list_remove(&record->link);
    cyi_list_prepend(&watcher->extra->watches, &record->link);
    msg->sender = target;
    int rc = begin(core, msg);
    if (rc != 0)
        abandon(core, watcher, msg);
    return rc;
}

int
cy_monitor(cy_ref task)
{
    struct cyi_core *core = cyi_current();
    return cyi_monitor_for(core, core->sched.current, task);
}

int
cy_notify(cy_ref task)
{
    struct cyi_core *core = cyi_current();
    struct cyi_task *me = core->sched.current;
    bool away = task.node != core->home.node;
    if (!reachable(core, task))
        return CY_ENOPEER;
    if (cy_ref_kind(task) != CY_KIND_TASK)
        return -ESRCH;
    if (!away && task.core == core->index &&
        cyi_task_find(core, task.slot, task.generation) == NULL)
        return -ESRCH;
    if (cyi_task_extra(core, me) == NULL)
        return -ENOMEM;
    cy_msg *msg = away ? cyi_note_make(core, CYI_NOTE_NOTIFY_AWAY, task, task)
                       : cyi_note_make(core, CYI_NOTE_NOTIFY, task, cyi_task_ref(core, me));
    if (msg == NULL)
        return -ENOMEM;
    cyi_list_append(&me->extra->watchers, &cyi_note_of(msg)->link);
    return 0;
}

/* Join a task of this core. True when `msg` has the result already. */
static bool
join_here(struct cyi_core *core, cy_msg *msg, int *error)
{
    cy_ref to = msg->sender;
    struct cyi_task *task = cyi_task_find(core, to.slot, to.generation);
    struct cyi_task *ended = cyi_task_find_ended(core, to.slot, to.generation);
    if (ended != NULL) {
        const struct cyi_note *result = cyi_note_of(ended->extra->result);
        cyi_note_of(msg)->reason = result->reason;
        cyi_note_of(msg)->code = result->code;
        cyi_note_set_value(msg, ended->extra->result);
        arrived(msg);
        cyi_watch_joined(core, ended);
        return true;
    }
    *error = task == NULL ? -ESRCH : cyi_task_extra(core, task) == NULL ? -ENOMEM : 0;
    if (*error == 0)
        cyi_list_append(&task->extra->watchers, &cyi_note_of(msg)->link);
    return false;
}

enum { JOINING = 1 };

/* Ask the task's core. JOINING, or the note is in `answered`, or freed with an error. */
static int
begin_join(struct cyi_core *core, cy_msg *msg, struct cyi_answered *answered)
{
    cy_ref task = msg->sender;
    int error = 0;
    if (task.node != core->home.node) {
        cyi_note_of(msg)->kind = CYI_NOTE_JOIN_KEPT;
        error = make_record(core, core->sched.current, msg, task) ? begin(core, msg) : -ENOMEM;
        if (error != 0 && cyi_note_of(msg)->record != NULL)
            cyi_watch_drop(core, cyi_note_of(msg)->record);
    } else if (task.core != core->index) {
        error = begin(core, msg);
    } else if (join_here(core, msg, &error)) {
        answered->msg = msg;
        return 0;
    }
    if (error == 0)
        return JOINING;
    cyi_msg_drop(core, msg);
    return error;
}

/* Nobody waits any more: call the note back. */
static void
give_up(struct cyi_core *core, cy_ref task, uint32_t token, cy_msg *msg)
{
    if (task.node != core->home.node)
        cyi_watch_drop(core, cyi_note_of(msg)->record);
    unwatch(core, core->sched.current, task, token, msg);
}

/* Wait for the note to come back, in answered->msg. */
static int
await_note(struct cyi_core *core, cy_msg *msg, cy_time deadline, struct cyi_answered *answered)
{
    cy_ref task = msg->sender;
    uint32_t token = cyi_note_of(msg)->token;
    int rc = begin_join(core, msg, answered);
    if (rc != JOINING)
        return rc;
    rc = cyi_await(core, CYI_WAIT_JOIN, &task, deadline, answered);
    if (rc != 0) {
        give_up(core, task, token, msg);
        return rc;
    }
    const struct cyi_note *note = cyi_note_of(answered->msg);
    if (note->reason < CY_EXIT_NODE_DOWN)
        return 0;
    rc = note->code;
    cyi_msg_drop(core, answered->msg);
    return rc;
}

int
cy_join(cy_msg **exit, cy_ref task, cy_time deadline)
{
    struct cyi_core *core = cyi_current();
    struct cyi_task *me = core->sched.current;
    cy_ref self = cyi_task_ref(core, me);
    struct cyi_answered answered;
    if (cy_ref_equal(self, task))
        return -EDEADLK;
    if (cy_ref_kind(task) != CY_KIND_TASK)
        return -ESRCH;
    if (!reachable(core, task))
        return CY_ENOPEER;
    if (me->flags & (CYI_TASK_CANCELLED | CYI_TASK_CLEANING))
        return -ECANCELED;
    cy_msg *msg = cyi_note_make(core, CYI_NOTE_JOIN, self, task);
    if (msg == NULL)
        return -ENOMEM;
    cyi_note_of(msg)->token = cyi_await_begin(core).token;
    int rc = await_note(core, msg, deadline, &answered);
    if (rc != 0)
        return rc;
    if (exit != NULL)
        *exit = answered.msg;
    else
        cyi_msg_drop(core, answered.msg);
    return 0;
}

int
cy_exit_read(struct cy_exit *out, const cy_msg *msg)
{
    if (msg->tag != CY_TAG_EXIT)
        return -EINVAL;
    const struct cyi_note *note = cyi_note_of(msg);
    out->task = note->task;
    out->reason = (enum cy_exit_reason) note->reason;
    out->code = note->code;
    out->value = note->value != NULL ? note->value->bytes : NULL;
    out->value_bytes = note->value_bytes;
    return 0;
}

/* Does somebody who wants to know the end learn it by this note? */
static bool
tells(const struct cyi_note *note)
{
    return note->kind != CYI_NOTE_NOTIFY && note->kind != CYI_NOTE_NOTIFY_AWAY;
}

bool
cyi_watch_ended(struct cyi_core *core, struct cyi_task *task, enum cy_exit_reason reason)
{
    struct cyi_extra *extra = task->extra;
    struct cyi_list *link;
    bool joined = false, told = false;
    /* First: a task may watch itself, and then both lists have the note. */
    while (extra != NULL && (link = cyi_list_first(&extra->watches)) != NULL) {
        struct cyi_watch *record = cyi_container_of(link, struct cyi_watch, link);
        unwatch(core, task, record->target, 0, record->note);
        cyi_watch_drop(core, record);
    }
    while (extra != NULL && (link = cyi_list_pop(&extra->watchers)) != NULL) {
        cy_msg *msg = cyi_note_msg(link);
        told |= tells(cyi_note_of(msg));
        if (cyi_note_of(msg)->kind >= CYI_NOTE_NOTIFY_AWAY) {
            cyi_watch_tell_away(core, task, msg, reason);
            continue;
        }
        bool join = cyi_note_of(msg)->kind == CYI_NOTE_JOIN;
        joined |= fire(core, msg, reason, task->exit_code, extra->exit_value) && join;
    }
    bool keep = cyi_watch_keep(core, task, reason, joined);
    if (extra != NULL && extra->exit_value != NULL) {
        cyi_msg_drop(core, extra->exit_value);
        extra->exit_value = NULL;
    }
    if (keep && extra != NULL && extra->owner != NULL)
        extra->owner->ended(core, extra->owner, extra->result->size, told);
    return keep;
}
