/*
 * channel_deliver.c - publishing with an answer: wait for subscribers, count who was reached.
 *
 * The channel's core alone knows how many subscribers there are, so it is handed the message
 * together with the number it must find. If there are too few, the message comes back, and
 * its owner waits to be told that there are enough: thus a message is never left with a
 * channel for longer than it takes to publish it, and who gives up still has it.
 *
 * From another node the message comes along and stays, because the way is long and its sender
 * keeps a copy: it is published when there are enough subscribers, at most once, and dropped
 * when the sender calls it back (channel_guest.c). If that comes too late, the sender does not
 * say that nobody got it, but that it does not know.
 */
#include "channel.h"

#include <stdlib.h>

enum { TOO_FEW = -EBUSY };

/* What asks another core to wait, or to forget it. */
struct wait_request {
    struct cyi_return who;
    uint32_t slot, generation, n;
};

struct publish_request {
    cy_msg *msg;
    struct cyi_return who;
    uint32_t slot, generation, n;
};
_Static_assert(sizeof(struct publish_request) <= CYI_POST_INLINE, "it travels in one slot");

void
cyi_channel_wait_end(struct cyi_core *core, struct cyi_channel_wait *wait, int result)
{
    cyi_list_remove(&wait->link);
    if (wait->msg != NULL)
        cyi_channel_guest_leaves(core, wait);
    cyi_answer(core, wait->who, result, 0, NULL);
    free(wait);
}

void
cyi_channel_waits_check(struct cyi_core *core, struct cyi_channel *channel)
{
    bool guests = false;
    cyi_list_for_each_safe(link, &channel->waits) {
        struct cyi_channel_wait *wait = cyi_container_of(link, struct cyi_channel_wait, link);
        if (wait->n > channel->confirmed)
            continue;
        if (wait->msg == NULL)
            cyi_channel_wait_end(core, wait, 0);
        else
            guests = true;
    }
    if (guests)
        cyi_channel_guests_check(core, channel);
}

void
cyi_channel_waits_end(struct cyi_core *core, struct cyi_channel *channel, int error)
{
    cyi_list_for_each_safe(link, &channel->waits) {
        cyi_channel_wait_end(core, cyi_container_of(link, struct cyi_channel_wait, link),
                             error);
    }
}

void
cyi_channel_waits_fini(struct cyi_core *core, struct cyi_channel *channel)
{
    cyi_list_for_each_safe(link, &channel->waits) {
        struct cyi_channel_wait *wait = cyi_container_of(link, struct cyi_channel_wait, link);
        if (wait->msg != NULL)
            cyi_msg_drop(core, wait->msg);
        free(wait);
    }
}

/* 0: there are enough. CYI_PENDING: `who` will be answered. */
static int
begin_wait(struct cyi_core *core, const struct wait_request *request)
{
    struct cyi_channel *channel = cyi_channel_find(core, request->slot, request->generation);
    if (channel == NULL)
        return -ESRCH;
    if (request->n <= channel->confirmed)
        return 0;
    struct cyi_channel_wait *wait = malloc(sizeof *wait);
    if (wait == NULL)
        return -ENOMEM;
    *wait = (struct cyi_channel_wait){.who = request->who, .n = request->n};
    cyi_list_append(&channel->waits, &wait->link);
    return CYI_PENDING;
}

static void
wait_here(struct cyi_core *core, const void *args)
{
    const struct wait_request *request = args;
    int rc = begin_wait(core, request);
    if (rc != CYI_PENDING)
        cyi_answer(core, request->who, rc, 0, NULL);
}

static void
forget_here(struct cyi_core *core, const void *args)
{
    const struct wait_request *request = args;
    struct cyi_channel *channel = cyi_channel_find(core, request->slot, request->generation);
    if (channel == NULL)
        return;
    cyi_list_for_each_safe(link, &channel->waits) {
        struct cyi_channel_wait *wait = cyi_container_of(link, struct cyi_channel_wait, link);
        if (!cyi_return_equal(&wait->who, &request->who))
            continue;
        cyi_list_remove(link);
        free(wait);
    }
}

/* Waits until the channel has n subscribers. */
static int
wait_for(struct cyi_core *core, cy_ref channel, uint32_t n, cy_time deadline)
{
    struct wait_request request = {cyi_await_begin(core), channel.slot, channel.generation, n};
    bool here = channel.core == core->index;
    int rc = here ? begin_wait(core, &request)
                  : cyi_post_call(core, channel.core, wait_here, &request, sizeof request);
    if (rc < 0 || (here && rc == 0))
        return rc;
    rc = cyi_await(core, CYI_WAIT_CHANNEL, NULL, deadline, NULL);
    if (rc != -ETIMEDOUT && rc != -ECANCELED)
        return rc;
    if (here)
        forget_here(core, &request);
    else
        cyi_post_answer(core, channel.core, forget_here, &request, sizeof request);
    return rc;
}

/* The message is taken when the result is a count or -EINPROGRESS. */
static int
publish(struct cyi_core *core, const struct publish_request *request)
{
    struct cyi_channel *channel = cyi_channel_find(core, request->slot, request->generation);
    struct cyi_report report = {.task = request->who};
    if (channel == NULL)
        return -ESRCH;
    if (channel->confirmed < request->n)
        return TOO_FEW;
    return cyi_channel_publish_counted(core, channel, request->msg, &report);
}

static void
publish_here(struct cyi_core *core, const void *args)
{
    const struct publish_request *request = args;
    core->counters.received_across++;
    int rc = publish(core, request);
    if (rc != -EINPROGRESS)
        cyi_answer(core, request->who, rc, 0, rc < 0 ? request->msg : NULL);
}

/* Publish if there are n subscribers. The message comes back when it was not. */
static int
try_publish(struct cyi_core *core, cy_ref channel, cy_msg **msg, uint32_t n, cy_time deadline)
{
    struct cyi_answered answered;
    struct publish_request request = {*msg, cyi_await_begin(core), channel.slot,
                                      channel.generation, n};
    bool here = channel.core == core->index;
    (*msg)->flags &= CYI_MSG_SHARED;
    (*msg)->sender = cyi_task_ref(core, core->sched.current);
    int rc = here ? publish(core, &request)
                  : cyi_post_call(core, channel.core, publish_here, &request, sizeof request);
    if (rc < 0 && rc != -EINPROGRESS)
        return rc;
    *msg = NULL;
    if (here && rc >= 0)
        return rc;
    core->counters.sent_across += !here;
    rc = cyi_await(core, CYI_WAIT_CHANNEL, NULL, deadline, &answered);
    *msg = answered.msg;
    return rc == -ETIMEDOUT || rc == -ECANCELED ? 0 : rc;
}

/* Nobody says that it was not published but the owner, or the link if it never went out. */
static int
deliver_away(struct cyi_core *core, cy_ref channel, cy_msg **msg, uint32_t n, cy_time deadline)
{
    const struct cyi_router *router = core->node->router;
    struct cyi_answered answered;
    struct cyi_channel_word word = {.verb = CYI_CHANNEL_DELIVER,
                                    .slot = channel.slot,
                                    .generation = channel.generation,
                                    .who = cyi_await_begin(core),
                                    .n = n};
    if ((*msg)->tag >= CY_TAG_SYSTEM)
        return -EINVAL;
    (*msg)->flags &= CYI_MSG_SHARED;
    (*msg)->sender = cyi_task_ref(core, core->sched.current);
    int rc = router->channel(core, channel, &word, *msg);
    if (rc != 0)
        return rc;
    core->counters.sent_across++;
    rc = cyi_await(core, CYI_WAIT_CHANNEL, NULL, deadline, &answered);
    *msg = answered.msg;
    if (rc < 0 && *msg != NULL)
        return rc;
    word.verb = CYI_CHANNEL_RECALL;
    if (rc == -ETIMEDOUT || rc == -ECANCELED)
        cyi_channel_tell(core, channel, &word);
    if (*msg != NULL)
        cy_msg_free(msg);
    return rc < 0 ? 0 : rc;
}

int
cy_channel_deliver(cy_ref channel, cy_msg **msg, uint32_t n, cy_time deadline)
{
    struct cyi_core *core = cyi_current();
    CY_ASSERT(*msg != NULL && ((*msg)->flags & (CYI_MSG_QUEUED | CYI_MSG_FREED)) == 0);
    if (core->sched.current->flags & (CYI_TASK_CANCELLED | CYI_TASK_CLEANING))
        return -ECANCELED;
    int rc = cyi_channel_check(core, channel);
    if (rc == 0 && cyi_is_away(core, channel))
        return deliver_away(core, channel, msg, n, deadline);
    while (rc == 0) {
        rc = try_publish(core, channel, msg, n, deadline);
        if (rc != TOO_FEW)
            return rc;
        rc = wait_for(core, channel, n, deadline);
        if (rc == -ETIMEDOUT) {
            cy_msg_free(msg);
            return 0;
        }
    }
    return rc;
}
