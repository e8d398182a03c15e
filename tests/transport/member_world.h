/* member_world.h - a few simulated nodes that note who comes and who goes. */
#ifndef CY_MEMBER_WORLD_H
#define CY_MEMBER_WORLD_H

#include "cy_test.h"
#include <cycos/impl/sim.h>
#include <cycos/mailbox.h>
#include <cycos/peer.h>
#include <cycos/run.h>
#include <cycos/task.h>

enum { WORLD_NODES = 8, WORLD_EVENTS = 512 };

struct world_event {
    uint32_t node; /* which has noted it */
    cy_time at;
    struct cy_peer peer;
};

struct world_node {
    struct cy_options options;
    struct cyi_node *node;
    cy_task_fn *extra; /* runs beside the one that notes; or NULL */
    bool finished;     /* `extra` has returned; world_run() asserts it */
    bool silent;       /* notes nothing */
    cy_time end;       /* when its main task returns, if not with all others */
};

struct member_world {
    struct cyi_sim *sim;
    struct world_node nodes[WORLD_NODES];
    struct world_event events[WORLD_EVENTS];
    uint32_t count;
    cy_time end; /* when the main tasks return */
    int failures;
    char log[1 << 16]; /* what all nodes have logged, as far as there is room */
    size_t logged;
};
extern struct member_world world;

/* An empty world that ends at this time. */
void world_open(cy_time end);
/* Options of a node that nobody has started yet: cores named "n0.0" and so on. */
struct cy_options *world_options(uint32_t number, uint32_t cores);
/* Start it on a host. */
void world_start(uint32_t number, uint32_t host);
/* Run to the end; asserts that nothing leaked and that no task's check failed. */
void world_run(void);

/* How many times that node has noted it of a core; when the first and the last were. */
uint32_t world_count(uint32_t node, const char *name, bool online);
cy_time world_first(uint32_t node, const char *name, bool online);
cy_time world_last(uint32_t node, const char *name, bool online);
/* What it knew of a core at the end: was it online? */
bool world_online(uint32_t node, const char *name);

/* Between a and b nothing passes from now on; and so on: for cyi_sim_at(). */
#define WORLD_CHECK(condition) world_check((condition), #condition, __LINE__)
void world_check(bool holds, const char *text, int line);

#endif
