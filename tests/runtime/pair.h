/* pair.h - two nodes that the test turns, with a network between them that it holds in hand. */
#ifndef PAIR_H
#define PAIR_H

#include "hand.h"
#include <cycos/impl/msg.h>
#include <cycos/impl/router.h>

/*
 *     pair_open(a_task, NULL, b_task, NULL);    two cores each
 *     pair_run();                               until both have ended
 *     CU_ASSERT_EQUAL(pair_close(), 0);
 *
 * What one node says to the other waits in a queue, and is carried out after each turn of a
 * core, in order; while `held` is set it stays there. When the main task of the first node has
 * ended, the second one is stopped.
 */
enum { PAIR_CORES = 2 };

struct pair {
    struct hand hand[2];
    bool held;       /* nothing arrives */
    bool down;       /* the nodes have lost each other: pair_cut() */
    int refuse;      /* what router calls that may fail say instead; 0: nothing */
    uint32_t queued; /* under way */
    /* What was asked of the network so far. */
    uint32_t sends, answers, commands, forgets, watches, unwatches, notices, congested,
        relieved;
};
extern struct pair pair;

void pair_open(cy_task_fn *first, void *arg, cy_task_fn *second, void *other_arg);
void pair_run(void);
int pair_close(void);

/* In a task: let both nodes do what they can do now. */
void pair_settle(void);

/* In a task: the nodes lose each other; what was under way is gone; and find each other. */
void pair_cut(void);
void pair_mend(void);

/*
 * The second node's main task for most tests: one task that answers each request, and each
 * other message, with a copy of tag plus 1, but for tag 9, which it keeps to itself; and one
 * that has two places in its mailbox and looks at none.
 */
int pair_serve(void *arg);
int pair_hold(void *arg); /* the latter */
extern cy_ref pair_there[2];

/* Such a test, whole. */
void pair_test(cy_task_fn *first);

/* A message with a text. */
cy_msg *pair_made(uint32_t tag, const char *text);

/* pair_network.c: carries out what is under way; before a test, and after it. */
extern const struct cyi_network pair_network;
void pair_carry(void);
void pair_network_begin(void);
void pair_network_end(void);

/* A task of a core of the second node. */
static inline cy_ref
pair_ref(uint16_t core, uint32_t slot, uint32_t generation)
{
    cy_ref ref = pair.hand[1].node->cores[core]->home;
    ref.slot = slot;
    ref.generation = generation;
    return ref;
}

#endif
