/*
 * router.c - what the runtime wants of tasks on other nodes becomes items of links.
 *
 * Tests: tests/transport/test_link.c
 */
#include "link.h"
#include "remote_channel.h"
#include <string.h>

static int
send_small(struct cyi_link *link, const struct cyi_send *send, const void *body, size_t size)
{
    int error = 0;
    uint8_t *at = cyi_link_put(link, CYI_OP_SEND, 0, CYI_SEND_BYTES + size, &error);
    if (at == NULL)
        return error;
    at = cyi_send_write(at, send);
    if (size > 0)
        memcpy(at, body, size);
    return 0;
}

static int
send_any(struct cyi_link *link, const struct cyi_send *send, const void *body, size_t size)
{
    uint8_t fixed[CYI_SEND_BYTES];
    struct cyi_parts parts = {fixed, sizeof fixed, body, size};
    if (size <= CYI_ITEM_MAX - CYI_SEND_BYTES)
        return send_small(link, send, body, size);
    cyi_send_write(fixed, send);
    return cyi_link_put_item(link, CYI_OP_SEND, 0, &parts);
}

/* Messages of the system mean something on their own node only. */
static int
route_send(struct cyi_core *core, cy_ref to, cy_msg *msg)
{
    struct cyi_link *link;
    if (msg->tag >= CY_TAG_SYSTEM)
        return -EINVAL;
    int rc = cyi_link_get(&link, core, to);
    if (rc != 0)
        return rc;
    if (msg->flags & (CYI_MSG_DELIVER | CYI_MSG_CALL))
        return cyi_request_send(link, to, msg);
    struct cyi_send send = {to.slot, to.generation, msg->sender.slot, msg->sender.generation,
                            msg->tag};
    rc = send_any(link, &send, cyi_msg_body(msg), msg->size);
    if (rc == 0)
        cyi_msg_drop(core, msg);
    return rc;
}

static int
route_send_bytes(struct cyi_core *core, cy_ref to, uint32_t tag, const void *body, size_t size)
{
    const struct cyi_task *me = core->sched.current;
    struct cyi_link *link;
    if (tag >= CY_TAG_SYSTEM)
        return -EINVAL;
    if (size > CY_MSG_MAX)
        return -EMSGSIZE;
    int rc = cyi_link_get(&link, core, to);
    if (rc != 0)
        return rc;
    struct cyi_send send = {to.slot, to.generation, me->slot, me->generation, tag};
    return send_any(link, &send, body, size);
}

static uint16_t
route_link(struct cyi_core *core, cy_ref sender)
{
    const struct cyi_link *link = cyi_link_find(core, sender.node, sender.core);
    return link == NULL ? 0 : link->number;
}

static int
say_answer(struct cyi_link *link, struct cyi_answer_item *item, const cy_msg *msg)
{
    uint8_t fixed[CYI_ANSWER_BYTES], flags = 0;
    struct cyi_parts parts = {.fixed = fixed, .fixed_size = sizeof fixed};
    if (msg != NULL) {
        flags = CYI_ITEM_MESSAGE;
        parts.body = cyi_msg_body(msg);
        parts.size = msg->size;
        item->from_slot = msg->sender.slot;
        item->from_generation = msg->sender.generation;
        item->tag = msg->tag;
    }
    cyi_answer_write(fixed, item);
    return cyi_link_put_promised(link, CYI_OP_ANSWER, flags, &parts);
}

/* Without memory for a reply, whoever waits for it gets at least that. */
static void
route_answer(struct cyi_core *core, const struct cyi_return *to, int result, uint64_t value,
             cy_msg *msg)
{
    struct cyi_link *link = cyi_link_numbered(core, to->link);
    struct cyi_answer_item item = {.to_slot = to->slot,
                                   .to_generation = to->generation,
                                   .token = to->token,
                                   .result = result,
                                   .value = value};
    int rc = link == NULL ? CY_ENOPEER : say_answer(link, &item, msg);
    if (rc == -ENOMEM && msg != NULL) {
        item.from_slot = item.from_generation = item.tag = 0;
        item.result = -ENOMEM;
        rc = say_answer(link, &item, NULL);
    }
    core->counters.lost += rc != 0;
    if (msg != NULL)
        cyi_msg_drop(core, msg);
}

static int
route_command(struct cyi_core *core, cy_ref to, enum cyi_command what)
{
    struct cyi_command_item item = {what, to.slot, to.generation};
    struct cyi_link *link;
    int rc = cyi_link_get(&link, core, to);
    if (rc != 0)
        return rc;
    uint8_t fixed[CYI_COMMAND_BYTES];
    struct cyi_parts parts = {.fixed = fixed, .fixed_size = sizeof fixed};
    cyi_command_write(fixed, &item);
    if (what == CYI_COMMAND_FORGET_RESULT) /* or the result is kept for ever */
        return cyi_link_put_promised(link, CYI_OP_COMMAND, 0, &parts);
    return cyi_link_put_item(link, CYI_OP_COMMAND, 0, &parts);
}

static int
route_watch(struct cyi_core *core, cy_ref target, bool join, cy_msg *note)
{
    struct cyi_link *link;
    int rc = cyi_link_get(&link, core, target);
    return rc != 0 ? rc : cyi_watch_begin(link, target, join, note);
}

static void
route_unwatch(struct cyi_core *core, cy_ref target, const cy_msg *note)
{
    struct cyi_link *link = cyi_link_find(core, target.node, target.core);
    if (link != NULL)
        cyi_watch_cancel(link, target, note);
}

static void
route_notify(struct cyi_core *core, cy_ref watcher, cy_ref ended, const struct cyi_ended *how)
{
    struct cyi_exit_item item = {.watcher_slot = watcher.slot,
                                 .watcher_generation = watcher.generation,
                                 .task_slot = ended.slot,
                                 .task_generation = ended.generation,
                                 .reason = how->reason,
                                 .code = how->code};
    uint8_t fixed[CYI_EXIT_BYTES];
    struct cyi_parts parts = {fixed, sizeof fixed, how->value, how->value_bytes};
    struct cyi_link *link;
    int rc = cyi_link_get(&link, core, watcher);
    cyi_exit_write(fixed, &item);
    if (rc == 0)
        rc = cyi_link_put_promised(link, CYI_OP_EXIT, CYI_ITEM_NOTIFY, &parts);
    core->counters.lost += rc != 0;
}

static void
route_congested(struct cyi_core *core, cy_ref from, uint32_t slot, uint32_t generation)
{
    struct cyi_link *link = cyi_link_find(core, from.node, from.core);
    if (link != NULL)
        cyi_told_full(link, slot, generation);
}

const struct cyi_router cyi_link_router = {
    .send = route_send,
    .send_bytes = route_send_bytes,
    .link = route_link,
    .answer = route_answer,
    .command = route_command,
    .watch = route_watch,
    .unwatch = route_unwatch,
    .notify = route_notify,
    .congested = route_congested,
    .relieved = cyi_told_relieved,
    .channel = cyi_remote_channel_say,
};
