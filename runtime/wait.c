/* wait.c - a task waits, is woken, resumed, cancelled; answers from other cores. */
#include "switch.h"
#include <cycos/impl/node.h>
#include <cycos/impl/router.h>
#include <cycos/impl/time.h>

int
cyi_park(struct cyi_core *core, enum cyi_wait wait, const void *object, cy_time deadline)
{
    struct cyi_task *task = core->sched.current;
    int rc = cyi_park_begin(core, task, wait, object, deadline);
    if (rc != 0)
        return rc;
    bool timed = deadline != CY_FOREVER;
    if (timed) {
        CY_ASSERT(!cyi_timer_armed(&task->timer));
        cyi_wheel_arm(&core->wheel, &task->timer, deadline);
    }
    cyi_switch(core, task);
    if (!timed)
        return task->wait_result;
    cyi_wheel_cancel(&core->wheel, &task->timer);
    return task->wait_result;
}

void
cyi_wake(struct cyi_core *core, struct cyi_task *task, int result)
{
    if (task->state != CYI_TASK_WAITING)
        return;
    cyi_wake_waiting(core, task, result);
}

int
cy_yield(void)
{
    struct cyi_core *core = cyi_current();
    struct cyi_task *task = core->sched.current;
    if ((task->flags & CYI_TASK_CLEANING) == 0) {
        task->state = CYI_TASK_READY;
        cyi_sched_push(&core->sched, task);
        cyi_switch(core, task);
    }
    return task->flags & (CYI_TASK_CANCELLED | CYI_TASK_CLEANING) ? -ECANCELED : 0;
}

int
cy_sleep(cy_time duration)
{
    if (duration <= 0)
        return cy_yield();
    int rc = cyi_park(cyi_current(), CYI_WAIT_SLEEP, NULL, cy_after(duration));
    return rc == -ETIMEDOUT ? 0 : rc;
}

int
cy_suspend(cy_time deadline)
{
    struct cyi_core *core = cyi_current();
    struct cyi_task *task = core->sched.current;
    if ((task->flags & CYI_TASK_CANCELLED) == 0 && task->flags & CYI_TASK_RESUMED) {
        task->flags &= (uint16_t) ~CYI_TASK_RESUMED;
        return 0;
    }
    return cyi_park(core, CYI_WAIT_RESUME, NULL, deadline);
}

/* Names a task of the core that it is posted to. */
struct whom {
    uint32_t slot, generation;
};

static void
resume_here(struct cyi_core *core, const void *args)
{
    const struct whom *whom = args;
    struct cyi_task *task = cyi_task_find(core, whom->slot, whom->generation);
    if (task == NULL)
        return;
    if (task->state == CYI_TASK_WAITING && task->wait == CYI_WAIT_RESUME)
        cyi_wake(core, task, 0);
    else
        task->flags |= CYI_TASK_RESUMED;
}

void
cyi_task_cancel(struct cyi_core *core, struct cyi_task *task)
{
    task->flags |= CYI_TASK_CANCELLED;
    if (task->state == CYI_TASK_WAITING && task->wait < CYI_WAIT_POOL)
        cyi_wake(core, task, -ECANCELED);
}

static void
terminate_here(struct cyi_core *core, const void *args)
{
    const struct whom *whom = args;
    struct cyi_task *task = cyi_task_find(core, whom->slot, whom->generation);
    if (task != NULL)
        cyi_task_cancel(core, task);
}

void
cyi_terminate(struct cyi_core *core, cy_ref task)
{
    struct whom whom = {task.slot, task.generation};
    if (task.core == core->index)
        terminate_here(core, &whom);
    else
        cyi_post_answer(core, task.core, terminate_here, &whom, sizeof whom);
}

static cyi_call_fn *const COMMANDS[] = {
    [CYI_COMMAND_TERMINATE] = terminate_here,
    [CYI_COMMAND_RESUME] = resume_here,
};

void
cyi_command_arrives(struct cyi_core *core, enum cyi_command what, uint32_t slot,
                    uint32_t generation)
{
    struct whom whom = {slot, generation};
    if (what == CYI_COMMAND_FORGET_RESULT)
        cyi_watch_taken(core, slot, generation);
    else if (what < sizeof COMMANDS / sizeof COMMANDS[0])
        COMMANDS[what](core, &whom);
}

static int
do_away(struct cyi_core *core, cy_ref to, enum cyi_command what)
{
    const struct cyi_router *router = core->node->router;
    return router == NULL ? CY_ENOPEER : router->command(core, to, what);
}

/* Do something to a task, wherever it lives. */
static int
do_to(cy_ref to, enum cyi_command what)
{
    struct cyi_core *core = cyi_current();
    struct whom whom = {to.slot, to.generation};
    cyi_call_fn *fn = COMMANDS[what];
    if (cy_ref_kind(to) != CY_KIND_TASK)
        return -ESRCH;
    if (to.node != core->home.node)
        return do_away(core, to, what);
    if (to.core >= core->node->core_count)
        return CY_ENOPEER;
    if (to.core != core->index)
        return cyi_post_call(core, to.core, fn, &whom, sizeof whom);
    if (cyi_task_find(core, to.slot, to.generation) == NULL)
        return -ESRCH;
    fn(core, &whom);
    return 0;
}

int
cy_resume(cy_ref task)
{
    return do_to(task, CYI_COMMAND_RESUME);
}

int
cy_terminate(cy_ref task)
{
    return do_to(task, CYI_COMMAND_TERMINATE);
}

struct cyi_return
cyi_await_begin(struct cyi_core *core)
{
    struct cyi_task *task = core->sched.current;
    task->answer = NULL;
    task->answer_value = 0;
    return (struct cyi_return){core->index, 0, task->slot, task->generation, ++task->token};
}

int
cyi_await(struct cyi_core *core, enum cyi_wait wait, const void *object, cy_time deadline,
          struct cyi_answered *out)
{
    struct cyi_task *task = core->sched.current;
    int rc = cyi_park(core, wait, object, deadline);
    ++task->token; /* an answer that comes now is late */
    if (out != NULL)
        *out = (struct cyi_answered){task->answer_value, task->answer};
    else if (task->answer != NULL)
        cyi_msg_drop(core, task->answer);
    task->answer = NULL;
    return rc;
}

struct answer {
    struct cyi_return to;
    int32_t result;
    uint64_t value;
    cy_msg *msg;
};
_Static_assert(sizeof(struct answer) <= CYI_POST_INLINE, "an answer travels in one slot");

static void
answer_away(struct cyi_core *core, const struct answer *answer)
{
    const struct cyi_router *router = core->node->router;
    if (router != NULL)
        router->answer(core, &answer->to, answer->result, answer->value, answer->msg);
    else if (answer->msg != NULL)
        cyi_msg_drop(core, answer->msg);
}

static void
answer_here(struct cyi_core *core, const void *args)
{
    const struct answer *answer = args;
    if (__builtin_expect(answer->to.link != 0, 0)) {
        answer_away(core, answer);
        return;
    }
    struct cyi_task *task = cyi_task_find(core, answer->to.slot, answer->to.generation);
    if (task != NULL && task->state == CYI_TASK_WAITING && task->token == answer->to.token) {
        task->answer = answer->msg;
        task->answer_value = answer->value;
        cyi_wake(core, task, answer->result);
    } else if (answer->msg != NULL) {
        cyi_msg_drop(core, answer->msg);
    }
}

void
cyi_answer(struct cyi_core *core, struct cyi_return to, int result, uint64_t value, cy_msg *msg)
{
    struct answer answer = {to, result, value, msg};
    if (to.core == core->index)
        answer_here(core, &answer);
    else
        cyi_post_answer(core, to.core, answer_here, &answer, sizeof answer);
}

/*
 * May an answer from another node end this wait? In the others memory is lent to another core
 * of this node, or a value is expected that nobody elsewhere can know.
 */
static bool
open_to_others(const struct cyi_core *core, const struct cyi_task *task)
{
    if (task->wait == CYI_WAIT_ANSWER)
        return ((const cy_ref *) task->wait_object)->node != core->home.node;
    return task->wait == CYI_WAIT_CHANNEL || task->wait == CYI_WAIT_NAME;
}

void
cyi_answer_arrives(struct cyi_core *core, const struct cyi_return *to, int result,
                   uint64_t value, cy_msg *msg)
{
    struct cyi_task *task = cyi_task_find(core, to->slot, to->generation);
    struct answer answer = {*to, result, value, msg};
    answer.to.link = 0;
    if (msg != NULL)
        msg->flags &= CYI_MSG_SHARED;
    if (task != NULL && open_to_others(core, task))
        answer_here(core, &answer);
    else if (msg != NULL)
        cyi_msg_drop(core, msg);
}
