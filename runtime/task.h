/* task.h - what the runtime's own modules know of tasks beyond cycos/impl/task.h. */
#ifndef CYI_TASK_H
#define CYI_TASK_H

#include <cycos/impl/msg.h>

/* A clean-up that waits for the task's end. */
struct cyi_defer {
    struct cyi_defer *next;
    void (*fn)(void *arg);
    void *arg;
};

/* What few tasks have; one smallest block. */
struct cyi_extra {
    struct cyi_list watchers; /* notes of those who want to know of our end (watch.c) */
    struct cyi_list watches;  /* our own records of whom we watch (watch.c) */
    struct cyi_defer *defers;
    cy_msg *exit_value;
    cy_msg *result; /* of a joinable task: the note for who joins, when it has ended */
    uint8_t *told;  /* a byte per core: was told that the mailbox is full */
    struct cyi_told_away *told_away; /* the same of cores of other nodes */
    struct cyi_owner *owner;
    void *next_fn, *next_state; /* of the handler that it becomes */
};

/* How a task is to begin. On the spawner's stack, which waits while another core reads it. */
struct cyi_spawn {
    void *fn, *arg;
    const char *name;     /* static, unless own_name */
    const char *own_name; /* to be copied; or NULL */
    uint32_t mailbox_max;
    uint16_t flags;
    uint8_t stack_class;
    cy_msg *note; /* the spawner's watch, or NULL (watch.c) */
    struct cyi_owner *owner;
};

/* Start a task on this core. */
int cyi_task_start(struct cyi_core *core, struct cyi_task **out, const struct cyi_spawn *spawn);

/* An ended task that waits to be joined, or NULL. */
struct cyi_task *cyi_task_find_ended(struct cyi_core *core, uint32_t slot, uint32_t generation);

/* Run a task on the current stack, until it ends or (a handler) its mailbox is empty. */
void cyi_task_run(struct cyi_core *core, struct cyi_task *task);

/* Give a task without a stack one; false without memory. */
bool cyi_sched_bind(struct cyi_core *core, struct cyi_task *task);

/* The task's extra record, made if it has none; NULL without memory. */
struct cyi_extra *cyi_task_extra(struct cyi_core *core, struct cyi_task *task);

/* Forget an ended task for good: its slot may be used again. */
void cyi_task_release(struct cyi_core *core, struct cyi_task *task);

/* At the node's end: forget a task that has not ended. */
void cyi_task_abandon(struct cyi_core *core, struct cyi_task *task);

/* cyi_wake() of a task that surely waits. */
static inline void
cyi_wake_waiting(struct cyi_core *core, struct cyi_task *task, int result)
{
    task->state = CYI_TASK_READY;
    task->wait_result = result;
    cyi_sched_push_woken(&core->sched, task);
}

void cyi_tasks_init(struct cyi_tasks *tasks, uint32_t max);
void cyi_tasks_fini(struct cyi_core *core);

/* Watchers (watch.c): tell all who asked; true when the record must stay to be joined. */
bool cyi_watch_ended(struct cyi_core *core, struct cyi_task *task, enum cy_exit_reason reason);

/* Take the memory for a joinable task's result before it starts; false without memory. */
bool cyi_watch_joinable(struct cyi_core *core, struct cyi_task *task);

/* A watch for a task that is yet to be spawned; then its target; or its end. */
cy_msg *cyi_watch_prepare(struct cyi_core *core);
void cyi_watch_attach(struct cyi_core *core, struct cyi_task *task, cy_msg *note);
void cyi_watch_target(struct cyi_core *core, const cy_msg *note, cy_ref target);
void cyi_watch_abandon(struct cyi_core *core, cy_msg *note);
/* Whoever joined an ended task has its result: it is forgotten, or its owner is told. */
void cyi_watch_taken(struct cyi_core *core, uint32_t slot, uint32_t generation);
/* Forget the result of an ended task that nobody joined. */
void cyi_watch_forget(struct cyi_core *core, struct cyi_task *ended);

/* Messages of a task's mailbox (mailbox.c). */
void cyi_mailbox_arrive(struct cyi_core *core, uint16_t from, cy_msg *msg);
void cyi_mailbox_drop(struct cyi_core *core, struct cyi_task *task);

/* Other cores that were told of a full mailbox: tell them that it has room, or is no more. */
void cyi_congestion_over(struct cyi_core *core, struct cyi_task *task);
/* Tell the core that sent to a full mailbox; once each. It may belong to another node. */
void cyi_congestion_tell(struct cyi_core *core, struct cyi_task *task, uint16_t sender);
void cyi_congestion_tell_away(struct cyi_core *core, struct cyi_task *task, cy_ref sender);
/* Was this core told that the mailbox of a task of another core, or node, is full? */
bool cyi_congestion_known(const struct cyi_core *core, cy_ref to);
bool cyi_congestion_known_away(const struct cyi_core *core, cy_ref to);

/* A request whose answer will never come, because of `error`: tells its sender, frees it. */
void cyi_request_failed(struct cyi_core *core, cy_msg *msg, int error);

/* A message has left the mailbox: it is the application's now. */
static inline void
cyi_mailbox_taken(struct cyi_core *core, struct cyi_task *task, cy_msg *msg)
{
    msg->flags &= (uint8_t) ~CYI_MSG_QUEUED;
    if (__builtin_expect(msg->flags & CYI_MSG_PROMISED, 0))
        task->promised--;
    else
        task->queued--;
    if (__builtin_expect(task->flags & CYI_TASK_CONGESTED, 0) &&
        task->queued <= task->mailbox_max / 2)
        cyi_congestion_over(core, task);
}

static inline cy_msg *
cyi_mailbox_take(struct cyi_core *core, struct cyi_task *task)
{
    cy_msg *msg = task->first;
    task->first = msg->next;
    if (task->first == NULL)
        task->last = &task->first;
    cyi_mailbox_taken(core, task, msg);
    return msg;
}

#endif
