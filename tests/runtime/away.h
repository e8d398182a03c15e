/*
 * away.h - a node with a network that the test is: it sees each word about a channel that is
 * said to other nodes, and says what they would say.
 */
#ifndef AWAY_H
#define AWAY_H

#include "cy_node.h"
#include <cycos/channel.h>
#include <cycos/impl/channel.h>
#include <cycos/impl/core.h>
#include <cycos/impl/msg.h>
#include <cycos/impl/node.h>
#include <cycos/impl/router.h>
#include <cycos/sync.h>

enum { AWAY_LINK = 9, AWAY_TAG = 7, AWAY_MAX = 2048 };

struct away_said {
    cy_ref to;
    struct cyi_channel_word word;
    uint32_t size, count; /* of the message; references in it */
    cy_ref refs[4];
};

struct away_answer {
    struct cyi_return to;
    int result;
};

struct away {
    int refuse; /* what the router says instead of 0 */
    struct away_said said[AWAY_MAX];
    uint32_t said_count, said_seen;
    struct away_answer answers[AWAY_MAX];
    uint32_t answer_count, answer_seen;
    cy_msg *kept; /* of the last delivery */
};
extern struct away away;

/* Run a node of one core, or of two, whose main task is the test. */
void away_run(cy_task_fn *test);
void away_run_two(cy_task_fn *test);

/* Some task or channel of another node. */
cy_ref away_ref(uint32_t node, uint16_t core, enum cy_kind kind, uint32_t number);
/* The oldest word that nobody has looked at: it must be one of these. */
const struct away_said *away_next(enum cyi_channel_verb verb);
/* The same of answers to requests that came over AWAY_LINK. */
int away_answered(void);
/* Nothing more was said. */
void away_silent(void);

/* Let happen what happens at once, and what happens at the core's next turns. */
void away_settle(void);

/* A word about a channel, from a task of `from` if it asks. */
struct cyi_channel_word away_word(enum cyi_channel_verb verb, cy_ref channel);
void away_hear(cy_ref from, const struct cyi_channel_word *word);
void away_hear_message(cy_ref from, const struct cyi_channel_word *word, uint32_t number);
/* The reply to what was said. */
void away_reply(const struct away_said *said, int result, const cy_ref *refs, uint32_t count);

/* A channel of this core; a task of this core that counts what it gets. */
cy_ref away_channel(const char *name);
struct away_ear {
    uint32_t got, last;
    cy_ref sender;
};
cy_ref away_ear(struct away_ear *ear);

/* cy_channel_subscribe() in a task of its own. */
struct away_call {
    cy_ref channel, subscriber;
    cy_msg *msg;
    uint32_t n;
    cy_time deadline;
    int result;
    bool done;
    cy_ref task;
};
void away_subscribe(struct away_call *call, cy_ref channel, cy_ref subscriber);
/* The same of cy_channel_deliver(). */
void away_deliver(struct away_call *call, cy_ref channel, uint32_t n, cy_time deadline);
/* It is over, with this result. */
void away_expect(const struct away_call *call, int result);

#endif
