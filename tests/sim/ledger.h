/*
 * ledger.h - every message between the nodes of a cluster is booked; at the end the books must
 * balance.
 *
 * Parties are tasks that send to each other in all ways: one by one and in bulk, small and in
 * parts, with and without an answer. What a party receives must have been sent to it, once, in
 * order and whole. At the end a message was received, or refused to its sender, or it is lost:
 * then one of the two nodes has crashed, or one has declared the other dead meanwhile, and the
 * loss was counted.
 */
#ifndef LEDGER_H
#define LEDGER_H

#include "seeds.h"

#include <net.h>

enum { LEDGER_INSTANCES = 64, LEDGER_PARTIES = 128 };

/* What the parties do; drawn by ledger_prepare(), to be changed after it. */
struct ledger_plan {
    uint32_t parties;   /* of each node */
    uint32_t messages;  /* each party sends about so many */
    uint32_t burst_max; /* of them in a row */
    uint32_t size_max;  /* bytes of a message, of any magnitude */
    uint64_t bytes;     /* all parties together send about so many in messages beyond 1 KiB */
    cy_time pause_max;  /* between two things that a party does */
    cy_time stop_at;    /* nobody sends any more; counted as cyi_sim_now() does it */
    cy_time end_at;     /* all must have come */
    uint32_t buffer_bytes; /* of each connection */
    bool no_memory;        /* there may be too little: not every loss is said to the sender */
    cy_task_fn *companion; /* started on each node beside the parties, with its instance */
};

/* One life of a node. */
struct ledger_instance {
    struct cyi_node *node;
    uint32_t slot; /* in world.node */
    uint8_t incarnation[16];
    bool crashed, closed;            /* closed: the books are */
    uint64_t lost;                   /* as it has counted them itself */
    uint32_t life[LEDGER_INSTANCES]; /* how often it has declared others dead */
};

enum ledger_state {
    LEDGER_OPEN,    /* the sender waits for the answer, or it has given up: all is possible */
    LEDGER_SENT,    /* accepted */
    LEDGER_QUEUED,  /* the sender knows that it has arrived */
    LEDGER_REFUSED, /* the sender knows that it has not */
};

struct ledger_pair {
    uint8_t *entries; /* enum ledger_state, and LEDGER_HEARD */
    uint32_t count, max, heard;
};

struct ledger_party {
    cy_ref ref;
    uint32_t instance;
};

struct ledger {
    struct ledger_plan plan;
    struct cyi_net_setup setup[SEEDS_NODES];
    struct ledger_instance instances[LEDGER_INSTANCES];
    struct ledger_party parties[LEDGER_PARTIES];
    struct ledger_pair pairs[LEDGER_PARTIES][LEDGER_PARTIES];
    uint32_t instance_count, party_count;
    uint64_t sent, received, refused, unknown, missing, replies;
};

/* The state of a program begins with one. */
static inline struct ledger *
ledger(void)
{
    return world.state;
}

/* To be called by prepare(), main and check of a program. */
void ledger_prepare(uint32_t nodes_min, uint32_t nodes_max);
int ledger_main(void *number);
void ledger_check(void);

/* For swarm.crashed and before cyi_sim_crash(). */
void ledger_crashed(struct cyi_sim *sim, struct cyi_node *node, void *arg);

/* The instance of the running task. */
struct ledger_instance *ledger_self(void);
/* Could a session between these two be over: a crash, or the word of one of them? */
bool ledger_parted(const struct ledger_instance *a, const struct ledger_instance *b);

/* What has happened in all worlds of this program, for people: CY_TEST_VERBOSE. */
void ledger_print(const char *what);

#endif
