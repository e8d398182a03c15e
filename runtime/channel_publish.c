/*
 * channel_publish.c - from one message to many.
 *
 * A channel that subscribes to a channel of the same core does not deepen the stack: what it
 * gets waits in a queue until the one before it has been served. So nothing of the application
 * runs while a list of subscribers is walked, but for the transform, which runs before.
 *
 * Who counts the recipients has a record while other cores have not answered. Those name it
 * by number: an answer that comes too late finds nothing.
 */
#include "channel.h"
#include "task.h"

#include <stdlib.h>

struct cyi_delivery {
    struct cyi_map_node node; /* in channels->deliveries */
    uint64_t number;
    uint32_t pending; /* cores that have not answered */
    uint32_t reached;
    struct cyi_report report;
};

/* One message on its way through the channels of this core. */
struct work {
    cy_msg *first, **last; /* for channels of this core, by msg->to */
    uint32_t reached, sent;
    const struct cyi_report *report; /* NULL: nobody counts */
    struct cyi_delivery *delivery;   /* from the first other core on */
};

/* What crosses over to a core with subscribers. */
struct relay {
    cy_msg *msg;
    uint64_t delivery;         /* 0: nobody counts */
    uint32_t slot, generation; /* the channel */
    uint16_t core;
};

struct count {
    uint64_t delivery;
    uint32_t reached;
};

static void
work_begin(struct work *work, const struct cyi_report *report)
{
    *work = (struct work){.last = &work->first, .report = report};
    work->last = &work->first;
}

static void
work_push(struct work *work, uint32_t slot, uint32_t generation, cy_msg *msg)
{
    msg->to.slot = slot;
    msg->to.generation = generation;
    cyi_msg_append(&work->last, msg);
}

static cy_msg *
work_pop(struct work *work)
{
    cy_msg *msg = work->first;
    if (msg != NULL && (work->first = msg->next) == NULL)
        work->last = &work->first;
    return msg;
}

/* A subscriber that can take a message. */
struct target {
    const struct cyi_member *member;
    struct cyi_task *task; /* NULL: a channel */
};

static bool
aim(struct cyi_core *core, struct target *out, const struct cyi_member *member)
{
    uint32_t slot = member->subscriber.slot, generation = member->subscriber.generation;
    *out = (struct target){.member = member};
    if (slot >> 28 == CY_KIND_CHANNEL)
        return true;
    out->task = cyi_task_find(core, slot, generation);
    return out->task != NULL && !cyi_mailbox_full(core, out->task);
}

static void
hand_over(struct cyi_core *core, struct work *work, const struct target *target, cy_msg *msg)
{
    if (target->task == NULL) {
        work_push(work, target->member->subscriber.slot, target->member->subscriber.generation,
                  msg);
        return;
    }
    core->counters.sent_here++;
    work->reached++;
    cyi_mailbox_put(core, target->task, msg);
}

/* A message that is published has its hops in the place of a token. */
static int
share(struct cyi_core *core, cy_msg **out, cy_msg *msg)
{
    int rc = cyi_msg_share(core, out, msg);
    if (rc == 0)
        (*out)->token = msg->token;
    return rc;
}

/*
 * To each subscriber of a branch, in order; the last one gets the message itself. Returns how
 * many could not take it.
 */
static uint32_t
fan_out(struct cyi_core *core, struct work *work, const struct cyi_branch *branch, cy_msg *msg)
{
    struct target held = {0}, next;
    uint32_t refused = 0;
    cyi_list_for_each(link, &branch->members) {
        cy_msg *twin;
        if (!aim(core, &next, cyi_container_of(link, struct cyi_member, link))) {
            refused++;
            continue;
        }
        if (held.member != NULL && share(core, &twin, msg) == 0)
            hand_over(core, work, &held, twin);
        else if (held.member != NULL)
            refused++;
        held = next;
    }
    if (held.member != NULL)
        hand_over(core, work, &held, msg);
    else
        cyi_msg_drop(core, msg);
    return refused;
}

/* The record that collects other cores' counts; 0 when nobody counts. */
static uint64_t
delivery_of(struct cyi_core *core, struct work *work)
{
    struct cyi_channels *channels = core->channels;
    if (work->report == NULL)
        return 0;
    if (work->delivery == NULL) {
        struct cyi_delivery *delivery = calloc(1, sizeof *delivery);
        if (delivery == NULL)
            return 0;
        delivery->number = ++channels->delivery_number;
        delivery->report = *work->report;
        if (cyi_map_insert(&channels->deliveries, &delivery->node,
                           cyi_hash_number(delivery->number)) != 0) {
            free(delivery);
            return 0;
        }
        work->delivery = delivery;
    }
    return work->delivery->number;
}

static void relay_here(struct cyi_core *core, const void *args);

static int
relay_to(struct cyi_core *core, struct work *work, const struct cyi_channel *channel,
         uint16_t to, cy_msg *msg)
{
    struct relay relay = {.delivery = delivery_of(core, work),
                          .slot = channel->slot,
                          .generation = channel->generation,
                          .core = core->index};
    int rc = share(core, &relay.msg, msg);
    if (rc != 0)
        return rc;
    rc = cyi_post_call(core, to, relay_here, &relay, sizeof relay);
    if (rc != 0)
        cyi_msg_drop(core, relay.msg);
    else if (work->delivery != NULL)
        work->delivery->pending++;
    return rc;
}

/* One message to each other core that has subscribers. */
static void
relay_all(struct cyi_core *core, struct work *work, struct cyi_channel *channel, cy_msg *msg)
{
    for (uint16_t i = 0; channel->away_count != NULL && i < core->node->core_count; i++) {
        uint32_t members = channel->away_count[i];
        if (members == 0)
            continue;
        if (relay_to(core, work, channel, i, msg) == 0) {
            core->counters.sent_across++;
            channel->counters.sent += members;
            work->sent += members;
        } else {
            core->counters.refused += members;
            channel->counters.refused += members;
        }
    }
}

/* A node that counts how many of its own a message has reached. */
struct forward {
    struct cyi_question question;
    uint64_t delivery;
};

static void add_count(struct cyi_core *core, uint64_t number, uint32_t reached);

/* If it is gone, nobody knows how many of its own had it: at least none. */
static void
forward_counted(struct cyi_core *core, struct cyi_question *self, int result,
                const cy_msg *refs)
{
    struct forward *forward = (struct forward *) self;
    (void) refs;
    add_count(core, forward->delivery, result > 0 ? (uint32_t) result : 0);
    free(forward);
}

static int
forward_counting(struct cyi_core *core, struct work *work, cy_ref to,
                 struct cyi_channel_word *word, cy_msg *msg)
{
    struct forward *forward = calloc(1, sizeof *forward);
    if (forward == NULL)
        return -ENOMEM;
    forward->question.answered = forward_counted;
    forward->delivery = delivery_of(core, work);
    int rc = forward->delivery == 0 ? -ENOMEM
                                    : cyi_question_ask(core, to, &forward->question, word, msg);
    if (rc == 0)
        work->delivery->pending++;
    else
        free(forward);
    return rc;
}

static int
forward_to(struct cyi_core *core, struct work *work, const struct cyi_channel *channel,
           cy_ref to, cy_msg *msg)
{
    struct cyi_channel_word word = {.verb = CYI_CHANNEL_FORWARD,
                                    .slot = channel->slot,
                                    .generation = channel->generation,
                                    .n = msg->token + 1};
    if (msg->token >= CYI_CHANNEL_HOPS_MAX)
        return -ELOOP;
    if (core->node->router == NULL || msg->tag >= CY_TAG_SYSTEM)
        return CY_ENOPEER;
    if (work->report != NULL)
        return forward_counting(core, work, to, &word, msg);
    return core->node->router->channel(core, to, &word, msg);
}

/* One message to each other node that has subscribers. */
static void
forward_all(struct cyi_core *core, struct work *work, struct cyi_channel *channel, cy_msg *msg)
{
    cyi_list_for_each(link, &channel->outposts) {
        const struct cyi_outpost *outpost = cyi_container_of(link, struct cyi_outpost, link);
        if (outpost->members == 0)
            continue;
        if (forward_to(core, work, channel, outpost->home, msg) == 0) {
            core->counters.sent_across++;
            channel->counters.forwarded++;
            channel->counters.sent += outpost->members;
            work->sent += outpost->members;
        } else {
            core->counters.refused += outpost->members;
            channel->counters.refused += outpost->members;
        }
    }
}

/*
 * Runs the transform as a task that cannot suspend, whose name and reference are the
 * channel's: the publisher's own state must not change under it, and a message from another
 * core has no task at all. Returns the channel, or NULL when the transform has closed it.
 */
static struct cyi_channel *
transform(struct cyi_core *core, struct cyi_channel *channel, cy_msg **msg)
{
    uint32_t slot = channel->slot, generation = channel->generation;
    cy_ref sender = (*msg)->sender;
    uint32_t hops = (*msg)->token;
    struct cyi_task *current = core->sched.current;
    struct cyi_task outer = core->channels->stand_in;
    core->channels->stand_in = (struct cyi_task){.slot = slot,
                                                 .generation = generation,
                                                 .state = CYI_TASK_RUNNING,
                                                 .flags = CYI_TASK_CLEANING,
                                                 .name = channel->name,
                                                 .core = core->index};
    core->channels->stand_in.stack = current == NULL ? NULL : current->stack;
    core->sched.current = &core->channels->stand_in;
    channel->transforming = true;
    channel->transform(channel->transform_arg, msg);
    core->sched.current = current;
    core->channels->stand_in = outer;
    if (*msg != NULL) {
        CY_ASSERT(((*msg)->flags & (CYI_MSG_QUEUED | CYI_MSG_FREED)) == 0);
        (*msg)->flags &= CYI_MSG_SHARED;
        (*msg)->sender = sender;
        (*msg)->token = hops;
    }
    channel = cyi_channel_find(core, slot, generation);
    if (channel != NULL)
        channel->transforming = false;
    return channel;
}

static void
publish_one(struct cyi_core *core, struct work *work, cy_msg *msg)
{
    struct cyi_channel *channel = cyi_channel_find(core, msg->to.slot, msg->to.generation);
    if (channel == NULL || channel->transforming) {
        /* Closed on the way, or the transform has sent to its own channel. */
        core->counters.lost++;
        cyi_msg_drop(core, msg);
        return;
    }
    msg->flags &= CYI_MSG_SHARED;
    channel->counters.published++;
    if (channel->transform != NULL) {
        channel = transform(core, channel, &msg);
        if (channel == NULL || msg == NULL) {
            if (channel != NULL)
                channel->counters.dropped++;
            if (msg != NULL)
                cyi_msg_drop(core, msg);
            return;
        }
    }
    uint32_t before = work->reached;
    relay_all(core, work, channel, msg);
    forward_all(core, work, channel, msg);
    channel->counters.refused += fan_out(core, work, &channel->here, msg);
    channel->counters.reached += work->reached - before;
}

/* The number of tasks reached, or -EINPROGRESS when other cores will say. */
static int
work_run(struct cyi_core *core, struct work *work)
{
    cy_msg *msg;
    while ((msg = work_pop(work)) != NULL)
        publish_one(core, work, msg);
    if (work->delivery == NULL)
        return (int) work->reached;
    work->delivery->reached += work->reached;
    if (work->delivery->pending > 0)
        return -EINPROGRESS;
    int reached = (int) work->delivery->reached; /* no core could be asked */
    cyi_map_remove(&core->channels->deliveries, &work->delivery->node);
    free(work->delivery);
    return reached;
}

static void counted(struct cyi_core *core, const void *args);

static void
report(struct cyi_core *core, const struct cyi_report *to, uint32_t reached)
{
    struct count count = {.delivery = to->delivery, .reached = reached};
    if (to->delivery == 0)
        cyi_channel_answer(core, to->task, (int) reached, NULL);
    else
        cyi_post_answer(core, to->core, counted, &count, sizeof count);
}

static void
add_count(struct cyi_core *core, uint64_t number, uint32_t reached)
{
    struct cyi_map_node *node =
        cyi_map_first(&core->channels->deliveries, cyi_hash_number(number));
    if (node == NULL) /* the hash is one to one */
        return;
    struct cyi_delivery *delivery = cyi_container_of(node, struct cyi_delivery, node);
    delivery->reached += reached;
    if (--delivery->pending > 0)
        return;
    cyi_map_remove(&core->channels->deliveries, node);
    report(core, &delivery->report, delivery->reached);
    free(delivery);
}

/* Another core has served its subscribers. */
static void
counted(struct cyi_core *core, const void *args)
{
    const struct count *count = args;
    if (core->channels != NULL)
        add_count(core, count->delivery, count->reached);
}

/* A message for the subscribers that a channel of another core has here. */
static void
relay_here(struct cyi_core *core, const void *args)
{
    struct relay relay = *(const struct relay *) args;
    struct cyi_place channel = {relay.slot, relay.generation, relay.core, 0};
    struct cyi_report to = {.delivery = relay.delivery, .core = relay.core};
    const struct cyi_branch *branch = cyi_channel_branch(core, channel);
    struct work work;
    work_begin(&work, relay.delivery == 0 ? NULL : &to);
    core->counters.received_across++;
    if (branch == NULL)
        cyi_msg_drop(core, relay.msg);
    else
        fan_out(core, &work, branch, relay.msg);
    int reached = work_run(core, &work);
    if (relay.delivery != 0 && reached >= 0)
        report(core, &to, (uint32_t) reached);
}

int
cyi_channel_publish(struct cyi_core *core, uint32_t slot, uint32_t generation, cy_msg *msg)
{
    struct work work;
    work_begin(&work, NULL);
    msg->token = 0;
    work_push(&work, slot, generation, msg);
    int reached = work_run(core, &work);
    return reached + (int) work.sent;
}

int
cyi_channel_publish_proxy(struct cyi_core *core, const struct cyi_channel *proxy, cy_msg *msg,
                          const struct cyi_report *report)
{
    struct work work;
    work_begin(&work, report);
    work_push(&work, proxy->slot, proxy->generation, msg);
    return work_run(core, &work);
}

int
cyi_channel_publish_counted(struct cyi_core *core, const struct cyi_channel *channel,
                            cy_msg *msg, const struct cyi_report *report)
{
    msg->token = 0;
    return cyi_channel_publish_proxy(core, channel, msg, report);
}

static void
free_delivery(struct cyi_map_node *node, void *arg)
{
    (void) arg;
    free(cyi_container_of(node, struct cyi_delivery, node));
}

void
cyi_channel_publish_fini(struct cyi_channels *channels)
{
    cyi_map_drain(&channels->deliveries, free_delivery, NULL);
    cyi_map_fini(&channels->deliveries);
}
