/* channel_subscribe.c - subscribing and unsubscribing: the calls, and the owner's part. */
#include "channel.h"
#include <string.h>

/* What asks the channel's core, of this node, to do something. */
struct request {
    struct cyi_return who;
    struct cyi_place subscriber;
    uint32_t slot, generation;
};
_Static_assert(sizeof(struct request) <= CYI_POST_INLINE, "it travels in one slot");

/* The same with a subscriber of another node: its whole reference is the message's body. */
struct request_away {
    cy_msg *msg;
    struct cyi_return who;
    uint32_t slot, generation;
};
_Static_assert(sizeof(struct request_away) <= CYI_POST_INLINE, "it travels in one slot");

static cy_ref
ref_at(const struct cyi_core *core, struct cyi_place place)
{
    cy_ref ref = core->node->cores[place.core]->home;
    ref.slot = place.slot;
    ref.generation = place.generation;
    return ref;
}

static int
check_subscriber(const struct cyi_core *core, cy_ref subscriber)
{
    if (cy_ref_kind(subscriber) != CY_KIND_TASK && cy_ref_kind(subscriber) != CY_KIND_CHANNEL)
        return -ESRCH;
    if (cyi_is_away(core, subscriber))
        return core->node->router == NULL ? CY_ENOPEER : 0;
    return subscriber.core >= core->node->core_count ? CY_ENOPEER : 0;
}

int
cyi_channel_subscribe(struct cyi_core *core, struct cyi_channel *channel, cy_ref subscriber,
                      struct cyi_return who)
{
    struct cyi_place self = cyi_channel_place(core, channel);
    struct cyi_place place = cyi_place_of(core, subscriber);
    int rc = check_subscriber(core, subscriber);
    if (rc != 0)
        return rc;
    if (!cyi_place_is_channel(place) || cyi_channel_member(core->channels, self, place) != NULL)
        return cyi_channel_admit(core, channel, subscriber, who, false);
    rc = cyi_channel_may_admit(core, channel, place);
    if (rc == 0)
        rc = cyi_channel_connect(core, channel, subscriber, who);
    return rc != 0 ? rc : cyi_channel_admit(core, channel, subscriber, who, true);
}

int
cyi_channel_unsubscribe(struct cyi_core *core, struct cyi_channel *channel, cy_ref subscriber)
{
    return cyi_channel_expel(core, channel, cyi_place_of(core, subscriber));
}

static int
subscribe(struct cyi_core *core, const struct request *request, cy_ref subscriber)
{
    struct cyi_channel *channel = cyi_channel_find(core, request->slot, request->generation);
    if (channel == NULL)
        return -ESRCH;
    return cyi_channel_subscribe(core, channel, subscriber, request->who);
}

static int
unsubscribe(struct cyi_core *core, const struct request *request, cy_ref subscriber)
{
    struct cyi_channel *channel = cyi_channel_find(core, request->slot, request->generation);
    if (channel == NULL)
        return -ESRCH;
    return cyi_channel_unsubscribe(core, channel, subscriber);
}

typedef int request_fn(struct cyi_core *core, const struct request *request, cy_ref subscriber);

static void
carry_out(struct cyi_core *core, const struct request *request, cy_ref subscriber,
          request_fn *fn)
{
    int rc = fn(core, request, subscriber);
    if (rc != CYI_PENDING)
        cyi_answer(core, request->who, rc, 0, NULL);
}

static void
carry_out_away(struct cyi_core *core, const struct request_away *away, request_fn *fn)
{
    struct request request = {away->who, {0}, away->slot, away->generation};
    cy_ref subscriber;
    memcpy(&subscriber, away->msg->body, sizeof subscriber);
    cyi_msg_drop(core, away->msg);
    carry_out(core, &request, subscriber, fn);
}

static void
subscribe_here(struct cyi_core *core, const void *args)
{
    const struct request *request = args;
    carry_out(core, request, ref_at(core, request->subscriber), subscribe);
}

static void
unsubscribe_here(struct cyi_core *core, const void *args)
{
    const struct request *request = args;
    carry_out(core, request, ref_at(core, request->subscriber), unsubscribe);
}

static void
subscribe_away_here(struct cyi_core *core, const void *args)
{
    carry_out_away(core, args, subscribe);
}

static void
unsubscribe_away_here(struct cyi_core *core, const void *args)
{
    carry_out_away(core, args, unsubscribe);
}

/* One of the two things that can be asked for. */
struct ask {
    request_fn *fn;
    cyi_call_fn *post, *post_away;
    enum cyi_channel_verb verb;
};
static const struct ask SUBSCRIBE = {subscribe, subscribe_here, subscribe_away_here,
                                     CYI_CHANNEL_SUBSCRIBE};
static const struct ask UNSUBSCRIBE = {unsubscribe, unsubscribe_here, unsubscribe_away_here,
                                       CYI_CHANNEL_UNSUBSCRIBE};

static int
post(struct cyi_core *core, const struct ask *ask, uint16_t to, const struct request *request,
     cy_ref subscriber)
{
    struct request_away away = {
        .who = request->who, .slot = request->slot, .generation = request->generation};
    if (!cyi_is_away(core, subscriber))
        return cyi_post_call(core, to, ask->post, request, sizeof *request);
    away.msg = cyi_msg_take(core, 0, sizeof subscriber);
    if (away.msg == NULL)
        return -ENOMEM;
    memcpy(away.msg->body, &subscriber, sizeof subscriber);
    int rc = cyi_post_call(core, to, ask->post_away, &away, sizeof away);
    if (rc != 0)
        cyi_msg_drop(core, away.msg);
    return rc;
}

static int
ask_away(struct cyi_core *core, const struct ask *ask, cy_ref channel, cy_ref subscriber,
         struct cyi_return who)
{
    struct cyi_channel_word word = {.verb = ask->verb,
                                    .slot = channel.slot,
                                    .generation = channel.generation,
                                    .who = who,
                                    .subscriber = subscriber};
    return core->node->router->channel(core, channel, &word, NULL);
}

static int
ask_owner(struct cyi_core *core, const struct ask *ask, cy_ref channel, cy_ref subscriber)
{
    struct request request = {cyi_await_begin(core), cyi_place_of(core, subscriber),
                              channel.slot, channel.generation};
    int rc;
    if (cyi_is_away(core, channel))
        rc = ask_away(core, ask, channel, subscriber, request.who);
    else if (channel.core != core->index)
        rc = post(core, ask, channel.core, &request, subscriber);
    else if ((rc = ask->fn(core, &request, subscriber)) != CYI_PENDING)
        return rc;
    return rc < 0 ? rc : CYI_PENDING;
}

static int
do_to(const struct ask *ask, cy_ref channel, cy_ref subscriber, cy_time deadline)
{
    struct cyi_core *core = cyi_current();
    int rc = cyi_channel_check(core, channel);
    if (rc == 0)
        rc = check_subscriber(core, subscriber);
    if (rc != 0)
        return rc;
    rc = ask_owner(core, ask, channel, subscriber);
    if (rc != CYI_PENDING)
        return rc;
    rc = cyi_await(core, CYI_WAIT_CHANNEL, NULL, deadline, NULL);
    return rc > 0 ? 0 : rc; /* another node may answer whatever it likes */
}

int
cy_channel_subscribe(cy_ref channel, cy_ref subscriber, cy_time deadline)
{
    return do_to(&SUBSCRIBE, channel, subscriber, deadline);
}

int
cy_channel_unsubscribe(cy_ref channel, cy_ref subscriber, cy_time deadline)
{
    return do_to(&UNSUBSCRIBE, channel, subscriber, deadline);
}
