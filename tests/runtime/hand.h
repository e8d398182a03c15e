/* hand.h - a node whose cores the test turns: by hand in its own thread, or by threads. */
#ifndef HAND_H
#define HAND_H

#include "cy_node.h"
#include <cycos/impl/inbox.h>
#include <cycos/impl/node.h>

/*
 *     struct hand hand;
 *     hand_open(&hand, 2, main_task, NULL);
 *     hand.node->...                            change what no option says
 *     hand_run(&hand);                          or single turns before
 *     CU_ASSERT_EQUAL(hand_close(&hand), 0);
 *
 * By hand, nothing happens on a core but in its turns: while a task of one core runs, the
 * others stand still. Such a core never sleeps; cyi_inbox_sleep() shows what would happen.
 */
struct hand {
    struct cy_options options;
    struct cyi_node *node;
    uint32_t left_behind; /* how many tasks may be left at the end */
};

/* As cy_node_run() does it. */
void hand_open(struct hand *hand, uint32_t cores, cy_task_fn *main, void *arg);
/* With options that are filled in already, by cy_node_options(). */
void hand_open_with(struct hand *hand, cy_task_fn *main, void *arg);

/* One turn of one core. */
void hand_turn(struct hand *hand, uint16_t core);

/* Turns of all cores, one after the other, until the node has ended. */
void hand_run(struct hand *hand);

/* The same with a thread per core; they sleep when there is nothing to do. */
void hand_run_threads(struct hand *hand);

/* Assert that all checks held and nothing leaked; the exit status. */
int hand_close(struct hand *hand);

#endif
