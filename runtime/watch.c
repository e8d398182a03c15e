/*
 * watch.c - who wants to know of a task's end: monitor, notify, join.
 *
 * A watch is a note: the exit message itself, made when the watch begins. It hangs at the
 * watched task, on that task's core, until the end; then it is filled in and goes to the
 * watcher. So the end of a task needs no memory, and exactly one message comes per watch.
 * The watcher keeps a record of each monitor, so that its own end calls the note back.
 */
#include "task.h"
#include <cycos/impl/node.h>

/*
 * The result of a joinable task is forgotten when a join has got it, not when it was sent: the
 * deadline of a join on another core may pass while the note is on its way. Such a note is a
 * JOIN_KEPT, and who takes it says so.
 */
enum kind { MONITOR, JOIN, JOIN_KEPT, NOTIFY, RESULT };

/* The watcher's side of a monitor. */
struct cyi_watch {
    struct cyi_list link;
    cy_ref target;
    cy_msg *note;
};

/* What the body of an exit message holds. On its way the watched task is the sender. */
struct note {
    struct cyi_shared *value; /* first: where CYI_MSG_SHARED looks for it */
    union {
        struct {
            struct cyi_list link;     /* in the watched task's watchers */
            struct cyi_watch *record; /* of a monitor */
            uint32_t watcher_slot, watcher_generation;
            uint32_t token; /* of a join */
            uint16_t watcher_core;
        };
        cy_ref task; /* watched: once it has arrived, as it may be sent on */
    };
    uint8_t kind, reason;
    int32_t code;
    uint32_t value_bytes;
};
_Static_assert(sizeof(struct note) <= CYI_MSG_INLINE, "a note fits the smallest message");

static struct note *
note_of(const cy_msg *msg)
{
    return (struct note *) (uintptr_t) msg->body;
}

static cy_msg *
msg_of(struct cyi_list *link)
{
    struct note *note = cyi_container_of(link, struct note, link);
    return cyi_container_of((uint8_t *) note, struct cy_msg, body);
}

/* A note that tells `watcher`, a task of this core. */
static cy_msg *
make_note(struct cyi_core *core, enum kind kind, cy_ref watcher, cy_ref watched)
{
    cy_msg *msg = cyi_msg_take(core, CY_TAG_EXIT, sizeof(struct note));
    if (msg == NULL)
        return NULL;
    msg->sender = watched;
    msg->size = 0; /* the body, for who reads it as one, is the value */
    *note_of(msg) = (struct note){.kind = (uint8_t) kind,
                                  .watcher_slot = watcher.slot,
                                  .watcher_generation = watcher.generation,
                                  .watcher_core = watcher.core};
    return msg;
}

static void
drop_record(struct cyi_core *core, struct cyi_watch *record)
{
    cyi_list_remove(&record->link);
    cyi_heap_give(&core->heap, 0, record);
}

/* From here on the message may be sent on, with another sender. */
static void
arrived(cy_msg *msg)
{
    note_of(msg)->task = msg->sender;
}

/* Which task has ended and was joined. */
struct joined {
    uint32_t slot, generation;
};

void
cyi_watch_taken(struct cyi_core *core, uint32_t slot, uint32_t generation)
{
    struct cyi_task *ended = cyi_task_find_ended(core, slot, generation);
    if (ended != NULL && ended->extra != NULL && ended->extra->result != NULL)
        cyi_watch_forget(core, ended);
}

static void
forget_here(struct cyi_core *core, const void *args)
{
    const struct joined *which = args;
    cyi_watch_taken(core, which->slot, which->generation);
}

/* Does it still wait for this note? Also when its deadline came first, but not yet its turn. */
static bool
joins(const struct cyi_task *task, const struct note *note)
{
    return task->token == note->token && task->wait == CYI_WAIT_JOIN &&
           (task->state == CYI_TASK_WAITING || task->state == CYI_TASK_READY);
}

static bool
join_arrives(struct cyi_core *core, struct cyi_task *task, cy_msg *msg)
{
    const struct note *note = note_of(msg);
    if (!joins(task, note) || task->answer != NULL) {
        cyi_msg_drop(core, msg);
        return false;
    }
    if (note->kind == JOIN_KEPT && note->reason != CY_EXIT_NO_TASK) {
        struct joined which = {msg->sender.slot, msg->sender.generation};
        cyi_post_answer(core, msg->sender.core, forget_here, &which, sizeof which);
    }
    arrived(msg);
    task->answer = msg;
    task->wait_result = 0; /* if it is ready already */
    cyi_wake(core, task, 0);
    return true;
}

/* On the watcher's core: the note has come. True when somebody took it. */
static bool
note_arrives(struct cyi_core *core, cy_msg *msg)
{
    struct note *note = note_of(msg);
    struct cyi_task *task = cyi_task_find(core, note->watcher_slot, note->watcher_generation);
    msg->flags &= (uint8_t) ~CYI_MSG_RUN;
    if (task == NULL) {
        cyi_msg_drop(core, msg);
        return false;
    }
    if (note->kind == JOIN || note->kind == JOIN_KEPT)
        return join_arrives(core, task, msg);
    if (note->kind == NOTIFY && task->promised >= 2 * CYI_PROMISED_MAX) {
        core->counters.lost++;
        cyi_msg_drop(core, msg);
        return false;
    }
    if (note->kind == MONITOR)
        drop_record(core, note->record);
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
    note_arrives(core, msg);
}

static void
set_value(struct note *note, cy_msg *msg, cy_msg *value)
{
    if (value == NULL || (value->flags & CYI_MSG_SHARED) == 0)
        return;
    note->value = cyi_msg_shared(value);
    note->value_bytes = value->size;
    msg->size = value->size;
    msg->flags |= CYI_MSG_SHARED;
    cyi_shared_hold(note->value);
}

/* On the watched task's core: fill the note in and send it. True: somebody here has it. */
static bool
fire(struct cyi_core *core, cy_msg *msg, enum cy_exit_reason reason, int code, cy_msg *value)
{
    struct note *note = note_of(msg);
    note->reason = (uint8_t) reason;
    note->code = code;
    set_value(note, msg, value);
    if (note->watcher_core == core->index)
        return note_arrives(core, msg);
    if (note->kind == JOIN)
        note->kind = JOIN_KEPT;
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
        cyi_list_append(&task->extra->watchers, &note_of(msg)->link);
        return;
    }
    if (task != NULL) {
        refuse(core, msg);
        return;
    }
    struct cyi_task *ended = cyi_task_find_ended(core, to.slot, to.generation);
    if (ended == NULL || note_of(msg)->kind != JOIN) {
        fire(core, msg, CY_EXIT_NO_TASK, -ESRCH, NULL);
        return;
    }
    const struct note *result = note_of(ended->extra->result);
    fire(core, msg, result->reason, result->code, ended->extra->result);
}

static void
begin(struct cyi_core *core, cy_msg *msg)
{
    uint16_t there = msg->sender.core;
    if (there == core->index) {
        watch_here(core, msg);
        return;
    }
    msg->run = watch_here;
    msg->flags |= CYI_MSG_RUN;
    cyi_post_promised(core, there, msg);
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
        if (msg_of(link) == which->note)
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
    struct note *note = note_of(which->note);
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
    if (target.core != core->index)
        cyi_post_answer(core, target.core, unwatch_here, &which, sizeof which);
    else
        unwatch_here(core, &which);
}

cy_msg *
cyi_watch_prepare(struct cyi_core *core)
{
    struct cyi_task *task = core->sched.current;
    struct cyi_extra *extra = cyi_task_extra(core, task);
    struct cyi_watch *record = cyi_heap_take(&core->heap, 0, sizeof *record);
    cy_msg *msg = make_note(core, MONITOR, cyi_task_ref(core, task), CY_NOBODY);
    if (extra == NULL || record == NULL || msg == NULL) {
        if (record != NULL)
            cyi_heap_give(&core->heap, 0, record);
        if (msg != NULL)
            cyi_msg_drop(core, msg);
        return NULL;
    }
    note_of(msg)->record = record;
    record->note = msg;
    record->target = CY_NOBODY;
    cyi_list_append(&extra->watches, &record->link);
    task->promised++;
    return msg;
}

void
cyi_watch_abandon(struct cyi_core *core, cy_msg *note)
{
    core->sched.current->promised--;
    drop_record(core, note_of(note)->record);
    cyi_msg_drop(core, note);
}

void
cyi_watch_attach(struct cyi_core *core, struct cyi_task *task, cy_msg *note)
{
    note->sender = cyi_task_ref(core, task);
    if (cyi_task_extra(core, task) != NULL)
        cyi_list_append(&task->extra->watchers, &note_of(note)->link);
    else
        refuse(core, note);
}

void
cyi_watch_target(struct cyi_core *core, const cy_msg *note, cy_ref target)
{
    /*
     * The note may have come back already, and its record gone with it: look, do not touch. If
     * it is there, it is the last: the spawner waited, so it has begun no other watch.
     */
    struct cyi_list *link = cyi_list_last(&core->sched.current->extra->watches);
    if (link == NULL)
        return;
    struct cyi_watch *record = cyi_container_of(link, struct cyi_watch, link);
    if (record->note == note && cy_ref_is_nobody(record->target))
        record->target = target;
}

int
cy_monitor(cy_ref task)
{
    struct cyi_core *core = cyi_current();
    if (task.node != core->home.node || task.core >= core->node->core_count)
        return CY_ENOPEER;
    if (core->sched.current->promised >= CYI_PROMISED_MAX)
        return -EAGAIN;
    cy_msg *msg = cyi_watch_prepare(core);
    if (msg == NULL)
        return -ENOMEM;
    note_of(msg)->record->target = task;
    msg->sender = task;
    begin(core, msg);
    return 0;
}

int
cy_notify(cy_ref task)
{
    struct cyi_core *core = cyi_current();
    struct cyi_task *me = core->sched.current;
    if (task.node != core->home.node || task.core >= core->node->core_count)
        return CY_ENOPEER;
    if (cy_ref_kind(task) != CY_KIND_TASK)
        return -ESRCH;
    if (task.core == core->index && cyi_task_find(core, task.slot, task.generation) == NULL)
        return -ESRCH;
    if (cyi_task_extra(core, me) == NULL)
        return -ENOMEM;
    cy_msg *msg = make_note(core, NOTIFY, task, cyi_task_ref(core, me));
    if (msg == NULL)
        return -ENOMEM;
    cyi_list_append(&me->extra->watchers, &note_of(msg)->link);
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
        const struct note *result = note_of(ended->extra->result);
        note_of(msg)->reason = result->reason;
        note_of(msg)->code = result->code;
        set_value(note_of(msg), msg, ended->extra->result);
        arrived(msg);
        cyi_watch_forget(core, ended);
        return true;
    }
    *error = task == NULL ? -ESRCH : cyi_task_extra(core, task) == NULL ? -ENOMEM : 0;
    if (*error == 0)
        cyi_list_append(&task->extra->watchers, &note_of(msg)->link);
    return false;
}

/* Wait for the note to come back, in answered->msg. */
static int
await_note(struct cyi_core *core, cy_msg *msg, cy_time deadline, struct cyi_answered *answered)
{
    cy_ref task = msg->sender;
    uint32_t token = note_of(msg)->token;
    int error = 0;
    if (task.core != core->index) {
        begin(core, msg);
    } else if (join_here(core, msg, &error)) {
        answered->msg = msg;
        return 0;
    } else if (error != 0) {
        cyi_msg_drop(core, msg);
        return error;
    }
    int rc = cyi_await(core, CYI_WAIT_JOIN, &task, deadline, answered);
    if (rc != 0) {
        unwatch(core, core->sched.current, task, token, msg);
        return rc;
    }
    const struct note *note = note_of(answered->msg);
    if (note->reason != CY_EXIT_NO_TASK)
        return 0;
    error = note->code;
    cyi_msg_drop(core, answered->msg);
    return error;
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
    if (task.node != core->home.node || task.core >= core->node->core_count)
        return CY_ENOPEER;
    if (me->flags & (CYI_TASK_CANCELLED | CYI_TASK_CLEANING))
        return -ECANCELED;
    cy_msg *msg = make_note(core, JOIN, self, task);
    if (msg == NULL)
        return -ENOMEM;
    note_of(msg)->token = cyi_await_begin(core).token;
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
    const struct note *note = note_of(msg);
    out->task = note->task;
    out->reason = (enum cy_exit_reason) note->reason;
    out->code = note->code;
    out->value = note->value != NULL ? note->value->bytes : NULL;
    out->value_bytes = note->value_bytes;
    return 0;
}

bool
cyi_watch_joinable(struct cyi_core *core, struct cyi_task *task)
{
    struct cyi_extra *extra = cyi_task_extra(core, task);
    cy_ref self = cyi_task_ref(core, task);
    if (extra != NULL)
        extra->result = make_note(core, RESULT, self, self);
    return extra != NULL && extra->result != NULL;
}

/* True when it is to be kept: nobody has joined yet, as far as we know. */
static bool
keep_result(struct cyi_core *core, struct cyi_task *task, enum cy_exit_reason reason,
            bool joined)
{
    struct cyi_extra *extra = task->extra;
    if (extra == NULL || extra->result == NULL)
        return false;
    if (joined || (task->flags & CYI_TASK_JOINABLE) == 0) {
        cyi_msg_drop(core, extra->result);
        extra->result = NULL;
        return false;
    }
    note_of(extra->result)->reason = (uint8_t) reason;
    note_of(extra->result)->code = task->exit_code;
    set_value(note_of(extra->result), extra->result, extra->exit_value);
    return true;
}

bool
cyi_watch_ended(struct cyi_core *core, struct cyi_task *task, enum cy_exit_reason reason)
{
    struct cyi_extra *extra = task->extra;
    struct cyi_list *link;
    bool joined = false;
    /* First: a task may watch itself, and then both lists have the note. */
    while (extra != NULL && (link = cyi_list_first(&extra->watches)) != NULL) {
        struct cyi_watch *record = cyi_container_of(link, struct cyi_watch, link);
        unwatch(core, task, record->target, 0, record->note);
        drop_record(core, record);
    }
    while (extra != NULL && (link = cyi_list_pop(&extra->watchers)) != NULL) {
        cy_msg *msg = msg_of(link);
        bool join = note_of(msg)->kind == JOIN;
        joined |= fire(core, msg, reason, task->exit_code, extra->exit_value) && join;
    }
    bool keep = keep_result(core, task, reason, joined);
    if (extra != NULL && extra->exit_value != NULL) {
        cyi_msg_drop(core, extra->exit_value);
        extra->exit_value = NULL;
    }
    return keep;
}

void
cyi_watch_forget(struct cyi_core *core, struct cyi_task *ended)
{
    cyi_msg_drop(core, ended->extra->result);
    cyi_task_release(core, ended);
}
