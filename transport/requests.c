/*
 * requests.c - requests of our tasks that wait for an answer of another node.
 *
 * A request is known by its task and token. It keeps the message of a cy_deliver(), so that
 * who hears that it was surely not delivered has it back. When the link ends, a request whose
 * frame was never sent has surely failed; of any other nothing is known.
 *
 * Tests: tests/sim/test_cluster_messages.c
 */
#include "link.h"
#include "member.h"

struct request {
    struct cyi_map_node node; /* in link->requests */
    uint32_t slot, generation, token;
    uint32_t frame; /* the number of the frame with its last byte */
    cy_msg *msg;    /* of a deliver; else NULL */
};

static uint64_t
hash_of(uint32_t slot, uint32_t token)
{
    return cyi_hash_number((uint64_t) slot << 32 | token);
}

static struct request *
remember(struct cyi_link *link, const struct cyi_return *who)
{
    struct cyi_heap *heap = &link->owner->core->heap;
    struct request *request = cyi_heap_take(heap, 0, sizeof *request);
    if (request == NULL)
        return NULL;
    *request =
        (struct request){.slot = who->slot, .generation = who->generation, .token = who->token};
    if (cyi_map_insert(&link->requests, &request->node,
                       hash_of(request->slot, request->token)) != 0) {
        cyi_heap_give(heap, 0, request);
        return NULL;
    }
    return request;
}

int
cyi_request_put(struct cyi_link *link, const struct cyi_return *who, enum cyi_op op,
                uint8_t flags, const struct cyi_parts *parts, cy_msg *kept)
{
    struct request *request = remember(link, who);
    if (request == NULL)
        return -ENOMEM;
    int rc = cyi_link_put_item(link, op, flags, parts);
    if (rc != 0) {
        cyi_map_remove(&link->requests, &request->node);
        cyi_heap_give(&link->owner->core->heap, 0, request);
        return rc;
    }
    request->frame = link->next_number; /* its last byte stands in the open frame */
    request->msg = kept;
    return 0;
}

int
cyi_request_send(struct cyi_link *link, cy_ref to, cy_msg *msg)
{
    bool deliver = (msg->flags & CYI_MSG_DELIVER) != 0;
    uint8_t fixed[CYI_REQUEST_BYTES];
    struct cyi_parts parts = {fixed, sizeof fixed, cyi_msg_body(msg), msg->size};
    struct cyi_request_item item = {
        .send = {to.slot, to.generation, msg->sender.slot, msg->sender.generation, msg->tag},
        .token = msg->token};
    struct cyi_return who = {
        .slot = msg->sender.slot, .generation = msg->sender.generation, .token = msg->token};
    cyi_request_write(fixed, &item);
    int rc =
        cyi_request_put(link, &who, CYI_OP_REQUEST, deliver ? CYI_ITEM_DELIVER : CYI_ITEM_CALL,
                        &parts, deliver ? msg : NULL);
    if (rc == 0 && !deliver)
        cyi_msg_drop(link->owner->core, msg);
    return rc;
}

/* The task may have gone on long ago. */
static void
finish(struct cyi_link *link, struct request *request, int result, uint64_t value, cy_msg *msg)
{
    struct cyi_core *core = link->owner->core;
    struct cyi_return to = {core->index, 0, request->slot, request->generation, request->token};
    cyi_map_remove(&link->requests, &request->node);
    if (request->msg != NULL && msg == NULL && result < 0) {
        msg = request->msg;
        msg->flags &= CYI_MSG_SHARED;
        request->msg = NULL;
    }
    cyi_answer_arrives(core, &to, result, value, msg);
    if (request->msg != NULL)
        cyi_msg_drop(core, request->msg);
    cyi_heap_give(&core->heap, 0, request);
}

void
cyi_request_answered(struct cyi_link *link, const struct cyi_answer_item *answer, cy_msg *msg)
{
    cyi_map_for_each(node, &link->requests, hash_of(answer->to_slot, answer->token)) {
        struct request *request = cyi_container_of(node, struct request, node);
        if (request->slot == answer->to_slot && request->token == answer->token &&
            request->generation == answer->to_generation) {
            finish(link, request, answer->result, answer->value, msg);
            return;
        }
    }
    if (msg != NULL)
        cyi_msg_drop(link->owner->core, msg);
}

/* The first frame that nobody has seen. */
static uint32_t
first_unsent(const struct cyi_link *link)
{
    const struct cyi_chunk *chunk = link->first;
    while (chunk != NULL && chunk->sent)
        chunk = chunk->next;
    return chunk == NULL || chunk->number == 0 ? link->next_number : chunk->number;
}

/* What is known of the node that it would have gone to. */
static int
why_unsent(const struct cyi_link *link)
{
    cy_address ignored;
    int rc = cyi_members_route(link->owner->net->members, link->home.node, link->home.core, 0,
                               &ignored);
    return rc == -ESRCH ? -ESRCH : CY_ENOPEER;
}

static void
fail(struct cyi_map_node *node, void *arg)
{
    struct cyi_link *link = arg;
    struct request *request = cyi_container_of(node, struct request, node);
    bool sent = cyi_frame_before(request->frame, first_unsent(link));
    int sent_result = request->msg != NULL ? 0 : CY_ENOPEER;
    finish(link, request, sent ? sent_result : why_unsent(link), 0, NULL);
}

void
cyi_requests_fail(struct cyi_link *link)
{
    cyi_map_drain(&link->requests, fail, link);
    cyi_map_fini(&link->requests);
}
