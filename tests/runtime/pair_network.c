/* pair_network.c - the network between two nodes that the test turns. */
#include "pair.h"

#include <stdlib.h>
#include <string.h>

/* A request whose sender waits, or a watch of it. */
struct pending {
    struct cyi_list link;
    struct cyi_core *core;
    uint32_t slot, generation, token;
    cy_msg *msg;  /* of a deliver */
    cy_msg *note; /* of a watch */
    uint32_t id;
};

/* A watch at the watched task's side. */
struct foreign {
    struct cyi_list link;
    struct cyi_foreign_watch watch;
    uint32_t id;
    struct cyi_core *core, *back;
};

/* A sender of a node that was told of a full mailbox. */
struct told {
    struct cyi_list link;
    struct cyi_core *core, *sender;
    uint32_t slot, generation;
};

enum op { SEND, ANSWER, COMMAND, WATCH, UNWATCH, EXIT, NOTICE, FULL };

/* One thing that is under way to a core. */
struct item {
    struct cyi_list link;
    enum op op;
    struct cyi_core *to;
    cy_ref from; /* who sent, whose end, whose mailbox */
    uint32_t slot, generation, token, tag;
    int32_t result;
    uint64_t value;
    bool flag; /* of a watch: join; of FULL: full; of ANSWER: has a message */
    uint8_t flags;
    enum cyi_command what;
    enum cy_exit_reason reason;
    uint32_t id; /* of a watch */
    uint32_t size;
    uint8_t bytes[];
};

static struct cyi_list items, requests, watches, foreigns, tolds;

static struct cyi_core *
core_of(cy_ref ref)
{
    for (int i = 0; i < 2; i++) {
        struct cyi_node *node = pair.hand[i].node;
        if (node != NULL && node->tag == ref.node && ref.core < node->core_count)
            return node->cores[ref.core];
    }
    return NULL;
}

static struct item *
make(enum op op, struct cyi_core *to, const void *bytes, size_t size)
{
    struct item *item = calloc(1, sizeof *item + size);
    CY_CHECK(item != NULL && to != NULL);
    item->op = op;
    item->to = to;
    item->size = (uint32_t) size;
    if (size > 0)
        memcpy(item->bytes, bytes, size);
    cyi_list_append(&items, &item->link);
    pair.queued++;
    return item;
}

static struct item *
make_for(enum op op, cy_ref to, const void *bytes, size_t size)
{
    struct item *item = make(op, core_of(to), bytes, size);
    item->slot = to.slot;
    item->generation = to.generation;
    return item;
}

/* Whether a call is refused: by the test, or because there is no way. */
static int
refused(cy_ref to)
{
    if (pair.refuse != 0)
        return pair.refuse;
    return pair.down || core_of(to) == NULL ? CY_ENOPEER : 0;
}

static void
put_message(cy_ref to, const cy_msg *msg)
{
    struct item *item = make_for(SEND, to, cyi_msg_body(msg), msg->size);
    item->from = msg->sender;
    item->tag = msg->tag;
    item->token = msg->token;
    item->flags = msg->flags & (CYI_MSG_CALL | CYI_MSG_DELIVER);
}

static struct pending *
put_pending(struct cyi_list *list, struct cyi_core *core)
{
    static uint32_t last_id;
    struct pending *pending = calloc(1, sizeof *pending);
    pending->core = core;
    pending->id = ++last_id;
    cyi_list_append(list, &pending->link);
    return pending;
}

static int
pair_send(struct cyi_core *core, cy_ref to, cy_msg *msg)
{
    int rc = refused(to);
    if (rc != 0)
        return rc;
    pair.sends++;
    put_message(to, msg);
    if (msg->flags & (CYI_MSG_CALL | CYI_MSG_DELIVER)) {
        struct pending *request = put_pending(&requests, core);
        request->slot = msg->sender.slot;
        request->generation = msg->sender.generation;
        request->token = msg->token;
        request->msg = msg->flags & CYI_MSG_DELIVER ? msg : NULL;
    }
    if ((msg->flags & CYI_MSG_DELIVER) == 0)
        cyi_msg_drop(core, msg);
    return 0;
}

static int
pair_send_bytes(struct cyi_core *core, cy_ref to, uint32_t tag, const void *body, size_t size)
{
    int rc = refused(to);
    if (rc != 0)
        return rc;
    pair.sends++;
    struct item *item = make_for(SEND, to, body, size);
    item->tag = tag;
    item->from = cyi_task_ref(core, core->sched.current);
    return 0;
}

/* Two nodes: a link is named by the core of the other one. */
static uint16_t
pair_link(struct cyi_core *core, cy_ref sender)
{
    (void) core;
    return pair.down ? 0 : (uint16_t) (sender.core + 1);
}

static struct cyi_core *
other_end(const struct cyi_core *core, uint16_t link)
{
    struct cyi_node *other = pair.hand[core->node == pair.hand[0].node].node;
    return other->cores[link - 1];
}

static void
pair_answer(struct cyi_core *core, const struct cyi_return *to, int result, uint64_t value,
            cy_msg *msg)
{
    pair.answers++;
    CY_CHECK_EQ(to->core, core->index);
    if (!pair.down) {
        struct item *item =
            make(ANSWER, other_end(core, to->link), msg == NULL ? NULL : cyi_msg_body(msg),
                 msg == NULL ? 0 : msg->size);
        item->slot = to->slot;
        item->generation = to->generation;
        item->token = to->token;
        item->result = result;
        item->value = value;
        item->flag = msg != NULL;
        item->tag = msg == NULL ? 0 : msg->tag;
        item->from = msg == NULL ? CY_NOBODY : msg->sender;
    }
    if (msg != NULL)
        cyi_msg_drop(core, msg);
}

static int
pair_command(struct cyi_core *core, cy_ref to, enum cyi_command what)
{
    (void) core;
    int rc = refused(to);
    if (rc != 0)
        return rc;
    pair.commands++;
    pair.forgets += what == CYI_COMMAND_FORGET_RESULT;
    make_for(COMMAND, to, NULL, 0)->what = what;
    return 0;
}

static int
pair_watch(struct cyi_core *core, cy_ref target, bool join, cy_msg *note)
{
    int rc = refused(target);
    if (rc != 0)
        return rc;
    pair.watches++;
    struct pending *watch = put_pending(&watches, core);
    watch->note = note;
    struct item *item = make_for(WATCH, target, NULL, 0);
    item->flag = join;
    item->id = watch->id;
    item->from = core->home;
    return 0;
}

static void
end_pending(struct pending *pending)
{
    cyi_list_remove(&pending->link);
    free(pending);
}

static void
pair_unwatch(struct cyi_core *core, cy_ref target, const cy_msg *note)
{
    (void) core;
    pair.unwatches++;
    cyi_list_for_each_safe(link, &watches) {
        struct pending *watch = cyi_container_of(link, struct pending, link);
        if (watch->note != note)
            continue;
        if (!pair.down)
            make_for(UNWATCH, target, NULL, 0)->id = watch->id;
        end_pending(watch);
        return;
    }
    CY_CHECK(pair.down && "unwatched what is not watched");
}

static void
put_end(struct item *item, const struct cyi_ended *how)
{
    item->reason = how->reason;
    item->result = how->code;
}

static void
pair_notify(struct cyi_core *core, cy_ref watcher, cy_ref ended, const struct cyi_ended *how)
{
    (void) core;
    pair.notices++;
    if (pair.down)
        return;
    struct item *item = make_for(NOTICE, watcher, how->value, how->value_bytes);
    item->from = ended;
    put_end(item, how);
}

static void
put_full(const struct told *told, bool full)
{
    struct item *item = make(FULL, told->sender, NULL, 0);
    item->from = told->core->home;
    item->from.slot = told->slot;
    item->from.generation = told->generation;
    item->flag = full;
}

static void
pair_congested(struct cyi_core *core, cy_ref from, uint32_t slot, uint32_t generation)
{
    pair.congested++;
    struct told *told = calloc(1, sizeof *told);
    *told = (struct told){
        .core = core, .sender = core_of(from), .slot = slot, .generation = generation};
    cyi_list_append(&tolds, &told->link);
    put_full(told, true);
}

static void
pair_relieved(struct cyi_core *core, uint32_t slot, uint32_t generation)
{
    pair.relieved++;
    cyi_list_for_each_safe(link, &tolds) {
        struct told *told = cyi_container_of(link, struct told, link);
        if (told->core != core || told->slot != slot || told->generation != generation)
            continue;
        if (!pair.down)
            put_full(told, false);
        cyi_list_remove(link);
        free(told);
    }
}

static const struct cyi_router ROUTER = {
    .send = pair_send,
    .send_bytes = pair_send_bytes,
    .link = pair_link,
    .answer = pair_answer,
    .command = pair_command,
    .watch = pair_watch,
    .unwatch = pair_unwatch,
    .notify = pair_notify,
    .congested = pair_congested,
    .relieved = pair_relieved,
};

/* A message that has come, on the core it is for. */
static cy_msg *
arrived(const struct item *item)
{
    cy_msg *msg = cyi_msg_take(item->to, item->tag, item->size);
    memcpy(cyi_msg_body(msg), item->bytes, item->size);
    msg->sender = item->from;
    msg->to.slot = item->slot;
    msg->to.generation = item->generation;
    msg->token = item->token;
    msg->flags = item->flags;
    return msg;
}

/* Only what was asked for is answered. */
static void
carry_answer(const struct item *item)
{
    struct cyi_return to = {item->to->index, 0, item->slot, item->generation, item->token};
    cyi_list_for_each_safe(link, &requests) {
        struct pending *request = cyi_container_of(link, struct pending, link);
        if (request->core != item->to || request->slot != item->slot ||
            request->generation != item->generation || request->token != item->token)
            continue;
        cy_msg *msg = item->flag ? arrived(item) : NULL;
        if (request->msg != NULL && item->result >= 0)
            cyi_msg_drop(item->to, request->msg);
        else if (request->msg != NULL)
            msg = request->msg;
        end_pending(request);
        cyi_answer_arrives(item->to, &to, item->result, item->value, msg);
        return;
    }
}

static void
foreign_ended(struct cyi_core *core, struct cyi_foreign_watch *self,
              const struct cyi_ended *how)
{
    struct foreign *foreign = cyi_container_of(self, struct foreign, watch);
    CY_CHECK(core == foreign->core);
    if (!pair.down) {
        struct item *item = make(EXIT, foreign->back, how->value, how->value_bytes);
        item->id = foreign->id;
        put_end(item, how);
    }
    cyi_list_remove(&foreign->link);
    free(foreign);
}

static void
carry_watch(const struct item *item)
{
    struct foreign *foreign = calloc(1, sizeof *foreign);
    foreign->watch.ended = foreign_ended;
    foreign->id = item->id;
    foreign->core = item->to;
    foreign->back = core_of(item->from);
    cyi_list_append(&foreigns, &foreign->link);
    cyi_foreign_watch(item->to, &foreign->watch, item->slot, item->generation);
}

static void
carry_unwatch(const struct item *item)
{
    cyi_list_for_each_safe(link, &foreigns) {
        struct foreign *foreign = cyi_container_of(link, struct foreign, link);
        if (foreign->id != item->id)
            continue;
        cyi_foreign_unwatch(item->to, &foreign->watch);
        cyi_list_remove(link);
        free(foreign);
    }
}

/* The watcher may have ended, or given up, meanwhile. */
static void
carry_exit(const struct item *item)
{
    struct cyi_ended how = {item->reason, item->result, item->bytes, item->size};
    cyi_list_for_each_safe(link, &watches) {
        struct pending *watch = cyi_container_of(link, struct pending, link);
        if (watch->id != item->id)
            continue;
        cy_msg *note = watch->note;
        end_pending(watch);
        cyi_watch_ends(item->to, note, &how);
        return;
    }
}

static void
carry_out(const struct item *item)
{
    struct cyi_ended how = {item->reason, item->result, item->bytes, item->size};
    switch (item->op) {
    case SEND:
        cyi_message_arrives(item->to, arrived(item));
        break;
    case ANSWER:
        carry_answer(item);
        break;
    case COMMAND:
        cyi_command_arrives(item->to, item->what, item->slot, item->generation);
        break;
    case WATCH:
        carry_watch(item);
        break;
    case UNWATCH:
        carry_unwatch(item);
        break;
    case EXIT:
        carry_exit(item);
        break;
    case NOTICE:
        cyi_notice_arrives(item->to, item->slot, item->generation, item->from, &how);
        break;
    case FULL:
        cyi_congestion_arrives(item->to, item->from, item->flag);
        break;
    }
}

static struct item *
pop_item(void)
{
    struct cyi_list *link = cyi_list_pop(&items);
    if (link == NULL)
        return NULL;
    pair.queued--;
    return cyi_container_of(link, struct item, link);
}

void
pair_carry(void)
{
    struct cyi_core *self = cyi_self;
    struct item *item;
    while (!pair.held && (item = pop_item()) != NULL) {
        cyi_core_enter(item->to);
        carry_out(item);
        free(item);
    }
    cyi_core_enter(self);
}

static void
drop_items(void)
{
    struct item *item;
    while ((item = pop_item()) != NULL)
        free(item);
}

void
pair_cut(void)
{
    struct cyi_core *self = cyi_self;
    struct cyi_list *link;
    struct cyi_ended lost = {.reason = CY_EXIT_NODE_DOWN};
    pair.down = true;
    drop_items();
    while ((link = cyi_list_pop(&foreigns)) != NULL) {
        struct foreign *foreign = cyi_container_of(link, struct foreign, link);
        cyi_core_enter(foreign->core);
        cyi_foreign_unwatch(foreign->core, &foreign->watch);
        free(foreign);
    }
    while ((link = cyi_list_pop(&requests)) != NULL) {
        struct pending *request = cyi_container_of(link, struct pending, link);
        struct cyi_return to = {request->core->index, 0, request->slot, request->generation,
                                request->token};
        cyi_core_enter(request->core);
        cyi_answer_arrives(request->core, &to, CY_ENOPEER, 0, request->msg);
        free(request);
    }
    while ((link = cyi_list_pop(&watches)) != NULL) {
        struct pending *watch = cyi_container_of(link, struct pending, link);
        cyi_core_enter(watch->core);
        cyi_watch_ends(watch->core, watch->note, &lost);
        free(watch);
    }
    while ((link = cyi_list_pop(&tolds)) != NULL)
        free(cyi_container_of(link, struct told, link));
    for (int i = 0; i < 2 * PAIR_CORES; i++) {
        struct cyi_node *node = pair.hand[i % 2].node;
        cyi_core_enter(node->cores[i / 2]);
        cyi_congestion_forget(node->cores[i / 2], pair.hand[1 - i % 2].node->tag);
    }
    cyi_core_enter(self);
}

void
pair_mend(void)
{
    pair.down = false;
}

static int
open_network(struct cyi_node *node, char *why, size_t size)
{
    (void) why;
    (void) size;
    node->router = &ROUTER;
    node->net = &pair;
    return 0;
}

/* Watches stay: what is left of the tasks calls them back. */
static void
leave_network(struct cyi_node *node)
{
    struct cyi_list *link;
    pair.down = true;
    drop_items();
    while ((link = cyi_list_pop(&requests)) != NULL) {
        struct pending *request = cyi_container_of(link, struct pending, link);
        cyi_core_enter(request->core);
        if (request->msg != NULL)
            cyi_msg_drop(request->core, request->msg);
        free(request);
    }
    while ((link = cyi_list_pop(&tolds)) != NULL)
        free(cyi_container_of(link, struct told, link));
    cyi_core_enter(node->cores[0]);
}

static void
close_network(struct cyi_node *node)
{
    CY_CHECK(node->net == &pair);
}

const struct cyi_network pair_network = {
    .open = open_network, .leave = leave_network, .close = close_network};

void
pair_network_begin(void)
{
    struct cyi_list *lists[] = {&items, &requests, &watches, &foreigns, &tolds};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        cyi_list_init(lists[i]);
}

void
pair_network_end(void)
{
    drop_items();
    CU_ASSERT_TRUE(cyi_list_empty(&requests));
    CU_ASSERT_TRUE(cyi_list_empty(&watches));
    CU_ASSERT_TRUE(cyi_list_empty(&foreigns));
    CU_ASSERT_TRUE(cyi_list_empty(&tolds));
}
