/* deliver.c - sending with an answer: the word that it is queued, or a reply. */
#include "task.h"
#include <cycos/impl/channel.h>
#include <cycos/impl/node.h>
#include <cycos/mailbox.h>

int
cy_deliver(cy_ref to, cy_msg **msg, cy_time deadline)
{
    struct cyi_core *core = cyi_current();
    struct cyi_answered answered;
    if (core->sched.current->flags & CYI_TASK_CANCELLED)
        return -ECANCELED;
    if (cy_ref_kind(to) == CY_KIND_CHANNEL)
        return cy_channel_deliver(to, msg, 0, deadline);
    CY_ASSERT(*msg != NULL && ((*msg)->flags & (CYI_MSG_QUEUED | CYI_MSG_FREED)) == 0);
    (*msg)->flags &= CYI_MSG_SHARED;
    if (to.node == core->home.node && to.core == core->index) {
        int sent = cy_send(to, msg);
        return sent == 0 ? 1 : sent;
    }
    (*msg)->token = cyi_await_begin(core).token;
    (*msg)->flags |= CYI_MSG_DELIVER;
    int rc = cyi_send(core, to, *msg);
    if (rc != 0)
        return rc;
    *msg = NULL;
    rc = cyi_await(core, CYI_WAIT_ANSWER, &to, deadline, &answered);
    *msg = answered.msg; /* came back when it was refused */
    return rc == -ETIMEDOUT || rc == -ECANCELED ? 0 : rc;
}

int
cy_call(cy_msg **reply, cy_ref to, cy_msg **msg, cy_time deadline)
{
    struct cyi_core *core = cyi_current();
    struct cyi_answered answered;
    if (core->sched.current->flags & CYI_TASK_CANCELLED)
        return -ECANCELED;
    CY_ASSERT(*msg != NULL && ((*msg)->flags & (CYI_MSG_QUEUED | CYI_MSG_FREED)) == 0);
    (*msg)->token = cyi_await_begin(core).token;
    (*msg)->flags = ((*msg)->flags & CYI_MSG_SHARED) | CYI_MSG_CALL;
    int rc = cyi_send(core, to, *msg);
    if (rc != 0)
        return rc;
    *msg = NULL;
    rc = cyi_await(core, CYI_WAIT_ANSWER, &to, deadline, &answered);
    if (rc == 0 && answered.msg != NULL) {
        *reply = answered.msg;
        return 0;
    }
    if (answered.msg != NULL)
        cyi_msg_drop(core, answered.msg);
    return rc < 0 ? rc : CY_EFRAME; /* another node may answer whatever it likes */
}

int
cy_reply(const cy_msg *request, cy_msg **reply)
{
    struct cyi_core *core = cyi_current();
    struct cyi_return to;
    if ((request->flags & CYI_MSG_CALL) == 0)
        return cy_send(request->sender, reply);
    CY_ASSERT(((*reply)->flags & (CYI_MSG_QUEUED | CYI_MSG_FREED)) == 0);
    if (request->sender.node != core->home.node && (*reply)->tag >= CY_TAG_SYSTEM)
        return -EINVAL;
    if (!cyi_return_of(core, &to, request))
        return CY_ENOPEER;
    (*reply)->flags &= CYI_MSG_SHARED;
    (*reply)->sender = cyi_task_ref(core, core->sched.current);
    cyi_answer(core, to, 0, 0, *reply);
    *reply = NULL;
    return 0;
}
