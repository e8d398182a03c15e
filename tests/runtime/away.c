/* away.c - a node whose network is the test. */
#include "away.h"

#include <string.h>

struct away away;

static int
say(struct cyi_core *core, cy_ref to, const struct cyi_channel_word *word, cy_msg *msg)
{
    struct away_said *said = &away.said[away.said_count];
    (void) core;
    if (away.refuse != 0)
        return away.refuse;
    CY_CHECK(away.said_count++ < AWAY_MAX);
    *said = (struct away_said){.to = to, .word = *word};
    if (msg == NULL)
        return 0;
    said->size = msg->size;
    if (word->verb == CYI_CHANNEL_REPLY) {
        said->count = msg->size / (uint32_t) sizeof(cy_ref);
        memcpy(said->refs, cyi_msg_body(msg),
               msg->size < sizeof said->refs ? msg->size : sizeof said->refs);
    }
    if (word->verb == CYI_CHANNEL_DELIVER)
        away.kept = msg;
    return 0;
}

static void
answer(struct cyi_core *core, const struct cyi_return *to, int result, uint64_t value,
       cy_msg *msg)
{
    (void) value;
    CY_CHECK(away.answer_count < AWAY_MAX);
    away.answers[away.answer_count++] = (struct away_answer){*to, result};
    if (msg != NULL)
        cyi_msg_drop(core, msg);
}

static const struct cyi_router ROUTER = {.channel = say, .answer = answer};

static int
open_network(struct cyi_node *node, char *why, size_t size)
{
    (void) why;
    (void) size;
    node->router = &ROUTER;
    return 0;
}

static void
ignore(struct cyi_node *node)
{
    (void) node;
}

static const struct cyi_network NETWORK = {
    .open = open_network, .leave = ignore, .close = ignore};

static void
run(uint32_t cores, cy_task_fn *test)
{
    struct cy_options options;
    memset(&away, 0, sizeof away);
    cy_node_options(&options, cores);
    options.network = &NETWORK;
    CU_ASSERT_EQUAL(cy_node_run_with(&options, test, NULL), 0);
}

void
away_run(cy_task_fn *test)
{
    run(1, test);
}

void
away_run_two(cy_task_fn *test)
{
    run(2, test);
}

cy_ref
away_ref(uint32_t node, uint16_t core, enum cy_kind kind, uint32_t number)
{
    return (cy_ref){.address = {[10] = 0xff, 0xff, 10, 0, 0, (uint8_t) node},
                    .port = 4000,
                    .core = core,
                    .node = node,
                    .slot = (uint32_t) kind << 28 | number,
                    .generation = 1};
}

const struct away_said *
away_next(enum cyi_channel_verb verb)
{
    static const struct away_said nothing;
    CY_CHECK(away.said_seen < away.said_count);
    if (away.said_seen == away.said_count)
        return &nothing;
    const struct away_said *said = &away.said[away.said_seen++];
    CY_CHECK_EQ(said->word.verb, verb);
    return said;
}

int
away_answered(void)
{
    CY_CHECK(away.answer_seen < away.answer_count);
    const struct away_answer *answered = &away.answers[away.answer_seen++];
    CY_CHECK_EQ(answered->to.link, AWAY_LINK);
    return answered->result;
}

void
away_silent(void)
{
    CY_CHECK_EQ(away.said_count, away.said_seen);
    CY_CHECK_EQ(away.answer_count, away.answer_seen);
}

void
away_settle(void)
{
    uint64_t turn = cyi_self->counters.turns;
    while (cyi_self->counters.turns < turn + 3)
        cy_yield();
    cy_node_settle();
}

struct cyi_channel_word
away_word(enum cyi_channel_verb verb, cy_ref channel)
{
    return (struct cyi_channel_word){.verb = verb,
                                     .slot = channel.slot,
                                     .generation = channel.generation,
                                     .who = {.core = cyi_self->index,
                                             .link = AWAY_LINK,
                                             .slot = (uint32_t) CY_KIND_TASK << 28 | 5,
                                             .generation = 1,
                                             .token = 1}};
}

void
away_hear(cy_ref from, const struct cyi_channel_word *word)
{
    cyi_channel_word_arrives(cyi_self, from, word, NULL);
}

void
away_hear_message(cy_ref from, const struct cyi_channel_word *word, uint32_t number)
{
    cy_msg *msg = cyi_msg_take(cyi_self, AWAY_TAG, sizeof number);
    memcpy(msg->body, &number, sizeof number);
    msg->sender = from;
    cyi_channel_word_arrives(cyi_self, from, word, msg);
}

void
away_reply(const struct away_said *said, int result, const cy_ref *refs, uint32_t count)
{
    struct cyi_channel_word word = {
        .verb = CYI_CHANNEL_REPLY, .number = said->word.number, .result = result};
    cy_msg *msg = NULL;
    if (count > 0) {
        msg = cyi_msg_take(cyi_self, 0, count * sizeof *refs);
        memcpy(msg->body, refs, count * sizeof *refs);
    }
    cyi_channel_word_arrives(cyi_self, said->to, &word, msg);
}

cy_ref
away_channel(const char *name)
{
    cy_ref channel = CY_NOBODY;
    CY_CHECK_EQ(cy_channel_create(&channel, name, NULL), 0);
    return channel;
}

static int
hear(void *arg)
{
    struct away_ear *ear = arg;
    cy_msg *msg;
    while (cy_receive(&msg, CY_FOREVER) == 0) {
        memcpy(&ear->last, cy_msg_body(msg), sizeof ear->last);
        ear->sender = cy_msg_sender(msg);
        ear->got++;
        cy_msg_free(&msg);
    }
    return 0;
}

cy_ref
away_ear(struct away_ear *ear)
{
    struct cy_task_options daemon = {.daemon = true};
    cy_ref task = CY_NOBODY;
    memset(ear, 0, sizeof *ear);
    CY_CHECK_EQ(cy_task_spawn(&task, hear, ear, &daemon), 0);
    return task;
}

static int
do_subscribe(void *arg)
{
    struct away_call *call = arg;
    call->result = cy_channel_subscribe(call->channel, call->subscriber, call->deadline);
    call->done = true;
    return 0;
}

static int
do_deliver(void *arg)
{
    struct away_call *call = arg;
    CY_CHECK_EQ(cy_msg_copy(&call->msg, AWAY_TAG, &call->n, sizeof call->n), 0);
    call->result = cy_channel_deliver(call->channel, &call->msg, call->n, call->deadline);
    CY_CHECK((call->msg != NULL) == (call->result < 0));
    cy_msg_free(&call->msg);
    call->done = true;
    return 0;
}

static void
begin(struct away_call *call, cy_task_fn *fn)
{
    CY_CHECK_EQ(cy_task_spawn(&call->task, fn, call, NULL), 0);
    cy_node_settle();
}

void
away_subscribe(struct away_call *call, cy_ref channel, cy_ref subscriber)
{
    *call = (struct away_call){
        .channel = channel, .subscriber = subscriber, .deadline = CY_FOREVER};
    begin(call, do_subscribe);
}

void
away_deliver(struct away_call *call, cy_ref channel, uint32_t n, cy_time deadline)
{
    *call = (struct away_call){.channel = channel, .n = n, .deadline = deadline};
    begin(call, do_deliver);
}

void
away_expect(const struct away_call *call, int result)
{
    cy_node_settle();
    CY_CHECK(call->done);
    CY_CHECK_EQ(call->result, result);
}
