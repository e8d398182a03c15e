/*
 * link_pair.h - two simulated nodes with two cores each, and a server on the other one.
 *
 * A test runs on node 0; the server on core 1 of node 1 counts what comes. That core is no hub,
 * so the link to it may be idle.
 */
#ifndef CY_LINK_PAIR_H
#define CY_LINK_PAIR_H

#include "link.h"
#include "member_world.h"

enum { PAIR_TAG = 7 };

struct link_pair {
    struct cyi_net_setup setup[2];
    cy_ref server;
    uint32_t got, misplaced; /* messages; those that are not the next one, or not as sent */
    uint32_t last_tag;
    size_t last_size;
};
extern struct link_pair pair;

/* A world that ends at this time, with two nodes that nobody has started yet. */
void pair_open(cy_time end, cy_task_fn *test);
/* Run it; asserts that each message came whole, once and in order. */
void pair_run(void);

/* Of node 1: what starts the server, and the server. */
int pair_start_server(void *arg);
int pair_serve(void *arg);

/* In the test. */

/* Until each hub knows the other, and there is a server. */
void pair_wait_for_peers(void);
/* Until the server has got so many. */
void pair_wait_for(uint32_t count);
/* A message for the server, which counts them from 1. */
cy_msg *pair_message(uint32_t number, size_t size);
int pair_send(uint32_t number, size_t size);
/* From this core to the server. */
struct cyi_link *pair_link(void);
struct cyi_net_counters *pair_counters(void);

#endif
