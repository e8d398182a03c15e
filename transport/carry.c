/*
 * carry.c - what came on the data lane is carried out on the tasks of this core.
 *
 * Tests: tests/transport/test_link.c
 */
#include "carry.h"
#include "discover.h"
#include "locate.h"
#include "remote_channel.h"
#include <string.h>

/* A message of what follows the fixed part; a long item becomes its message where it lies. */
cy_msg *
cyi_arrival_message(struct cyi_link *link, struct cyi_arrival *arrival, size_t fixed,
                    uint32_t tag)
{
    struct cyi_core *core = link->owner->core;
    size_t size = arrival->size - fixed;
    cy_msg *msg = arrival->donor;
    if (arrival->cut_short)
        return NULL;
    if (msg != NULL) {
        arrival->donor = NULL;
        memmove(msg->body, arrival->body + fixed, size);
        msg->size = (uint32_t) size;
        msg->tag = tag;
        return msg;
    }
    msg = cyi_msg_take(core, tag, size);
    if (msg != NULL && size > 0)
        memcpy(msg->body, arrival->body + fixed, size);
    return msg;
}

static void
address_message(cy_msg *msg, const struct cyi_link *link, const struct cyi_send *send)
{
    msg->to.slot = send->to_slot;
    msg->to.generation = send->to_generation;
    msg->sender = link->home;
    msg->sender.slot = send->from_slot;
    msg->sender.generation = send->from_generation;
}

static int
arrive_send(struct cyi_link *link, struct cyi_arrival *arrival)
{
    struct cyi_core *core = link->owner->core;
    struct cyi_send send;
    if (cyi_send_read(&send, arrival->body, arrival->size) != 0 || send.tag >= CY_TAG_SYSTEM)
        return -EBADMSG;
    int rc = cyi_told_check(link, send.to_slot, send.to_generation, arrival->size);
    if (rc != 0)
        return rc;
    cy_msg *msg = cyi_arrival_message(link, arrival, CYI_SEND_BYTES, send.tag);
    if (msg == NULL) {
        core->counters.lost++;
        return 0;
    }
    address_message(msg, link, &send);
    cyi_message_arrives(core, msg);
    return 0;
}

static void
refuse_request(struct cyi_link *link, const struct cyi_request_item *item, int error)
{
    struct cyi_return to = {.core = link->owner->core->index,
                            .link = link->number,
                            .slot = item->send.from_slot,
                            .generation = item->send.from_generation,
                            .token = item->token};
    cyi_link_router.answer(link->owner->core, &to, error, 0, NULL);
}

static int
arrive_request(struct cyi_link *link, struct cyi_arrival *arrival)
{
    struct cyi_request_item item;
    if (cyi_request_read(&item, arrival->body, arrival->size) != 0 ||
        item.send.tag >= CY_TAG_SYSTEM)
        return -EBADMSG;
    int rc = cyi_told_check(link, item.send.to_slot, item.send.to_generation, arrival->size);
    if (rc != 0)
        return rc;
    cy_msg *msg = cyi_arrival_message(link, arrival, CYI_REQUEST_BYTES, item.send.tag);
    if (msg == NULL) {
        refuse_request(link, &item, -ENOMEM);
        return 0;
    }
    address_message(msg, link, &item.send);
    msg->token = item.token;
    msg->flags |= arrival->flags & CYI_ITEM_DELIVER ? CYI_MSG_DELIVER : CYI_MSG_CALL;
    cyi_message_arrives(link->owner->core, msg);
    return 0;
}

static int
arrive_answer(struct cyi_link *link, struct cyi_arrival *arrival)
{
    struct cyi_answer_item item;
    cy_msg *msg = NULL;
    if (cyi_answer_read(&item, arrival->body, arrival->size) != 0 || item.tag >= CY_TAG_SYSTEM)
        return -EBADMSG;
    if (arrival->flags & CYI_ITEM_MESSAGE) {
        msg = cyi_arrival_message(link, arrival, CYI_ANSWER_BYTES, item.tag);
        if (msg == NULL)
            item.result = -ENOMEM;
    }
    if (msg != NULL) {
        msg->sender = link->home;
        msg->sender.slot = item.from_slot;
        msg->sender.generation = item.from_generation;
    }
    cyi_request_answered(link, &item, msg);
    return 0;
}

static int
arrive_command(struct cyi_link *link, struct cyi_arrival *arrival)
{
    struct cyi_command_item item;
    if (cyi_command_read(&item, arrival->body, arrival->size) != 0)
        return -EBADMSG;
    cyi_command_arrives(link->owner->core, (enum cyi_command) item.what, item.slot,
                        item.generation);
    return 0;
}

static int
arrive_congestion(struct cyi_link *link, struct cyi_arrival *arrival)
{
    cy_ref task = link->home;
    task.slot = cyi_get32(arrival->body);
    task.generation = cyi_get32(arrival->body + 4);
    cyi_congestion_arrives(link->owner->core, task, arrival->op == CYI_OP_CONGESTED);
    return 0;
}

static int
arrive_watch(struct cyi_link *link, struct cyi_arrival *arrival)
{
    return cyi_watch_carry_out(link, arrival);
}

static int
arrive_announce(struct cyi_link *link, struct cyi_arrival *arrival)
{
    if (link->hub)
        cyi_discover_announce(link->owner->net, link->home.node, arrival->body, arrival->size);
    return 0;
}

static int
arrive_locate(struct cyi_link *link, struct cyi_arrival *arrival)
{
    return cyi_locate_carry_out(link, arrival);
}

static int (*const CARRY[CYI_OP_END])(struct cyi_link *link, struct cyi_arrival *arrival) = {
    [CYI_OP_SEND] = arrive_send,           [CYI_OP_REQUEST] = arrive_request,
    [CYI_OP_ANSWER] = arrive_answer,       [CYI_OP_COMMAND] = arrive_command,
    [CYI_OP_WATCH] = arrive_watch,         [CYI_OP_UNWATCH] = arrive_watch,
    [CYI_OP_EXIT] = arrive_watch,          [CYI_OP_CONGESTED] = arrive_congestion,
    [CYI_OP_RELIEVED] = arrive_congestion, [CYI_OP_ANNOUNCE] = arrive_announce,
    [CYI_OP_LOCATE] = arrive_locate,       [CYI_OP_LOCATED] = arrive_locate,
    [CYI_OP_FORGET] = arrive_locate,       [CYI_OP_FORWARD] = cyi_remote_channel_forward,
};

int
cyi_link_carry_out(struct cyi_link *link, struct cyi_arrival *arrival)
{
    if (arrival->op >= CYI_OP_CHANNEL)
        return cyi_remote_channel_carry_out(link, arrival);
    if (CARRY[arrival->op] != NULL)
        return CARRY[arrival->op](link, arrival);
    return -EBADMSG;
}
