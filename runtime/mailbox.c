/*
 * mailbox.c - sending to tasks and channels, and receiving.
 *
 * A mailbox is a plain queue that only the task's own core touches. Messages of applications
 * count against its limit; exit messages have their places promised when the watch begins, so
 * that data never crowds them out, yet all stay in one order.
 */
#include "switch.h"
#include <cycos/impl/channel.h>
#include <cycos/impl/node.h>
#include <cycos/impl/router.h>
#include <cycos/mailbox.h>

bool
cyi_mailbox_full(struct cyi_core *core, const struct cyi_task *task)
{
    if (__builtin_expect(task->queued < task->mailbox_max, 1))
        return false;
    core->counters.refused++;
    return true;
}

static inline void
put(struct cyi_core *core, struct cyi_task *task, cy_msg *msg)
{
    msg->flags |= CYI_MSG_QUEUED;
    if (__builtin_expect((msg->flags & CYI_MSG_PROMISED) == 0, 1))
        task->queued++;
    cyi_msg_append(&task->last, msg);
    if (task->state == CYI_TASK_WAITING && task->wait == CYI_WAIT_MESSAGE)
        cyi_wake_waiting(core, task, 0);
}

void
cyi_mailbox_put(struct cyi_core *core, struct cyi_task *task, cy_msg *msg)
{
    put(core, task, msg);
}

bool
cyi_return_of(struct cyi_core *core, struct cyi_return *out, const cy_msg *msg)
{
    cy_ref who = msg->sender;
    *out = (struct cyi_return){who.core, 0, who.slot, who.generation, msg->token};
    if (__builtin_expect(who.node == core->home.node, 1))
        return true;
    out->core = core->index;
    out->link = core->node->router == NULL ? 0 : core->node->router->link(core, who);
    return out->link != 0;
}

/* The answer goes nowhere if the sender's node is gone. */
static void
answer_sender(struct cyi_core *core, const cy_msg *msg, int result, cy_msg *back)
{
    struct cyi_return to;
    if (cyi_return_of(core, &to, msg))
        cyi_answer(core, to, result, 0, back);
}

void
cyi_request_failed(struct cyi_core *core, cy_msg *msg, int error)
{
    if (msg->flags & CYI_MSG_DELIVER && msg->sender.node == core->home.node) {
        /* Surely not delivered: the sender gets its message back. */
        msg->flags &= (uint8_t) ~CYI_MSG_QUEUED;
        answer_sender(core, msg, error, msg);
        return;
    }
    /* On another node the sender's link has kept it. */
    if (msg->flags & (CYI_MSG_CALL | CYI_MSG_DELIVER))
        answer_sender(core, msg, error, NULL);
    else
        core->counters.lost++;
    cyi_msg_drop(core, msg);
}

void
cyi_mailbox_drop(struct cyi_core *core, struct cyi_task *task)
{
    while (task->first != NULL) {
        cy_msg *msg = task->first;
        task->first = msg->next;
        if (msg->flags & CYI_MSG_PROMISED)
            cyi_msg_drop(core, msg);
        else
            cyi_request_failed(core, msg, -ESRCH);
    }
    task->last = &task->first;
    task->queued = task->promised = 0;
}

/* Published by cy_send(); cy_deliver() asks the channel's core itself (channel_deliver.c). */
static void
arrive_at_channel(struct cyi_core *core, cy_msg *msg)
{
    if (!cyi_channel_exists(core, msg->to.slot, msg->to.generation)) {
        cyi_request_failed(core, msg, -ESRCH);
        return;
    }
    msg->flags &= (uint8_t) ~CYI_MSG_QUEUED;
    cyi_channel_publish(core, msg->to.slot, msg->to.generation, msg);
}

void
cyi_mailbox_arrive(struct cyi_core *core, uint16_t from, cy_msg *msg)
{
    bool wanted = msg->flags & CYI_MSG_DELIVER;
    core->counters.received_across++;
    if (msg->to.slot >> 28 == CY_KIND_CHANNEL) {
        arrive_at_channel(core, msg);
        return;
    }
    struct cyi_task *task = cyi_task_find(core, msg->to.slot, msg->to.generation);
    if (task == NULL) {
        cyi_request_failed(core, msg, -ESRCH);
        return;
    }
    bool full = task->queued >= task->mailbox_max;
    if (full && wanted) {
        core->counters.refused++;
        cyi_request_failed(core, msg, -EAGAIN);
        return;
    }
    /* What was under way when the mailbox filled is not lost; the sender hears to stop. */
    if (full && msg->sender.node == core->home.node)
        cyi_congestion_tell(core, task, from);
    else if (full)
        cyi_congestion_tell_away(core, task, msg->sender);
    msg->flags &= (uint8_t) ~CYI_MSG_DELIVER;
    cyi_mailbox_put(core, task, msg);
    if (wanted)
        answer_sender(core, msg, 1, NULL); /* it is there until the task's next turn */
}

void
cyi_message_arrives(struct cyi_core *core, cy_msg *msg)
{
    msg->flags &= CYI_MSG_SHARED | CYI_MSG_CALL | CYI_MSG_DELIVER;
    /* Whoever pretends to be one of us, or the system itself, gets no answer. */
    if (msg->sender.node == core->home.node || msg->tag >= CY_TAG_SYSTEM) {
        core->counters.lost++;
        cyi_msg_drop(core, msg);
        return;
    }
    msg->flags |= CYI_MSG_QUEUED;
    cyi_mailbox_arrive(core, core->index, msg);
}

static int
refuse_congested(struct cyi_core *core)
{
    core->counters.refused++;
    return -EAGAIN;
}

/* Refuse what can be refused without asking the recipient's core. */
static int
check_way(struct cyi_core *core, cy_ref to)
{
    enum cy_kind kind = cy_ref_kind(to);
    if (kind != CY_KIND_TASK && kind != CY_KIND_CHANNEL)
        return -ESRCH;
    if (to.core >= core->node->core_count)
        return CY_ENOPEER;
    return cyi_congestion_known(core, to) ? refuse_congested(core) : 0;
}

/* The same for another node. What the system tells a task stays on the task's node. */
static int
check_way_out(struct cyi_core *core, cy_ref to, uint32_t tag)
{
    enum cy_kind kind = cy_ref_kind(to);
    if (kind != CY_KIND_TASK && kind != CY_KIND_CHANNEL)
        return -ESRCH;
    if (core->node->router == NULL)
        return CY_ENOPEER;
    if (tag >= CY_TAG_SYSTEM)
        return -EINVAL;
    return cyi_congestion_known_away(core, to) ? refuse_congested(core) : 0;
}

/* These two stay out of the way of what is sent on this node. */
__attribute__((noinline)) static int
send_away(struct cyi_core *core, const cy_ref *to, cy_msg *msg)
{
    int rc = check_way_out(core, *to, msg->tag);
    if (rc == 0 && (rc = core->node->router->send(core, *to, msg)) == 0)
        core->counters.sent_across++;
    return rc;
}

__attribute__((noinline)) static int
send_bytes_away(struct cyi_core *core, cy_ref to, uint32_t tag, const void *body, size_t size)
{
    int rc = check_way_out(core, to, tag);
    if (rc == 0 && size > CY_MSG_MAX)
        rc = -EMSGSIZE;
    if (rc == 0 && (rc = core->node->router->send_bytes(core, to, tag, body, size)) == 0)
        core->counters.sent_across++;
    return rc;
}

__attribute__((noinline)) static int
send_across(struct cyi_core *core, const cy_ref *to, cy_msg *msg)
{
    if (__builtin_expect(to->node != core->home.node, 0))
        return send_away(core, to, msg);
    int rc = check_way(core, *to);
    if (rc != 0)
        return rc;
    msg->to.slot = to->slot;
    msg->to.generation = to->generation;
    msg->flags |= CYI_MSG_QUEUED; /* from here on freeing it is a bug */
    if ((rc = cyi_post_msg(core, to->core, msg)) == 0)
        core->counters.sent_across++;
    else
        msg->flags &= (uint8_t) ~CYI_MSG_QUEUED;
    return rc;
}

/* To a channel of this core; the number of recipients. */
__attribute__((noinline)) static int
send_to_channel(struct cyi_core *core, const cy_ref *to, cy_msg *msg)
{
    if (!cyi_channel_exists(core, to->slot, to->generation))
        return -ESRCH;
    int rc = cyi_channel_publish(core, to->slot, to->generation, msg);
    return rc < 0 ? rc : 0;
}

/*
 * The reference stays where the caller has it: a copy is made of 16-byte stores, from which
 * the loads that follow are slow.
 */
static inline int
send_to(struct cyi_core *core, const cy_ref *to, cy_msg *msg)
{
    cyi_ref_write(&msg->sender, core, core->sched.current);
    if (__builtin_expect(to->node != core->home.node || to->core != core->index, 0))
        return send_across(core, to, msg);
    struct cyi_task *task = cyi_task_find(core, to->slot, to->generation);
    if (__builtin_expect(task == NULL, 0))
        return send_to_channel(core, to, msg);
    if (cyi_mailbox_full(core, task))
        return -EAGAIN;
    core->counters.sent_here++;
    put(core, task, msg);
    return 0;
}

int
cyi_send(struct cyi_core *core, cy_ref to, cy_msg *msg)
{
    return send_to(core, &to, msg);
}

int
cy_send(cy_ref to, cy_msg **msg)
{
    struct cyi_core *core = cyi_current();
    CY_ASSERT(*msg != NULL && ((*msg)->flags & (CYI_MSG_QUEUED | CYI_MSG_FREED)) == 0);
    (*msg)->flags &= CYI_MSG_SHARED;
    int rc = send_to(core, &to, *msg);
    if (rc == 0)
        *msg = NULL;
    return rc;
}

int
cy_send_bytes(cy_ref to, uint32_t tag, const void *body, size_t size)
{
    struct cyi_core *core = cyi_current();
    if (__builtin_expect(to.node != core->home.node, 0))
        return send_bytes_away(core, to, tag, body, size);
    if (to.core != core->index && size <= CYI_POST_BODY_MAX) {
        if (tag >= CY_TAG_SYSTEM)
            return -EINVAL;
        int rc = check_way(core, to);
        if (rc == 0 && (rc = cyi_post_bytes(core, to, tag, body, size)) == 0)
            core->counters.sent_across++;
        return rc;
    }
    cy_msg *msg;
    int rc = cy_msg_copy(&msg, tag, body, size);
    if (rc == 0 && (rc = send_to(core, &to, msg)) != 0)
        cy_msg_free(&msg);
    return rc;
}

/* Wait for ever: what servers do between messages. */
static inline int
park_for_ever(struct cyi_core *core, struct cyi_task *task)
{
    int rc = cyi_park_begin(core, task, CYI_WAIT_MESSAGE, NULL, CY_FOREVER);
    if (rc != 0)
        return rc;
    cyi_switch(core, task);
    return task->wait_result;
}

static __attribute__((noinline)) int
receive_parked(struct cyi_core *core, cy_msg **out, cy_time deadline)
{
    struct cyi_task *task = core->sched.current;
    do {
        int rc = deadline == CY_FOREVER ? park_for_ever(core, task)
                                        : cyi_park(core, CYI_WAIT_MESSAGE, NULL, deadline);
        if (rc != 0)
            return rc;
    } while (task->first == NULL);
    *out = cyi_mailbox_take(core, task);
    return 0;
}

int
cy_receive(cy_msg **out, cy_time deadline)
{
    struct cyi_core *core = cyi_current();
    struct cyi_task *task = core->sched.current;
    if (task->first == NULL)
        return receive_parked(core, out, deadline);
    if (__builtin_expect(task->flags & (CYI_TASK_CANCELLED | CYI_TASK_CLEANING), 0))
        return -ECANCELED;
    *out = cyi_mailbox_take(core, task);
    return 0;
}

int
cy_receive_if(cy_msg **out, cy_match_fn *match, void *arg, cy_time deadline)
{
    struct cyi_core *core = cyi_current();
    struct cyi_task *task = core->sched.current;
    cy_msg **at = &task->first;
    if (task->flags & (CYI_TASK_CANCELLED | CYI_TASK_CLEANING))
        return -ECANCELED;
    for (;;) {
        for (cy_msg *msg; (msg = *at) != NULL; at = &msg->next) {
            if (!match(msg, arg))
                continue;
            *at = msg->next;
            if (task->last == &msg->next)
                task->last = at;
            cyi_mailbox_taken(core, task, msg);
            *out = msg;
            return 0;
        }
        int rc = cyi_park(core, CYI_WAIT_MESSAGE, NULL, deadline);
        if (rc != 0)
            return rc;
    }
}

static bool
has_tag(const cy_msg *msg, void *arg)
{
    return msg->tag == *(const uint32_t *) arg;
}

int
cy_receive_tag(cy_msg **out, uint32_t tag, cy_time deadline)
{
    return cy_receive_if(out, has_tag, &tag, deadline);
}

uint32_t
cy_mailbox_count(void)
{
    struct cyi_task *task = cyi_current()->sched.current;
    uint32_t count = task->queued;
    if (task->promised != 0) {
        count = 0;
        for (const cy_msg *msg = task->first; msg != NULL; msg = msg->next)
            count++;
    }
    return count;
}
