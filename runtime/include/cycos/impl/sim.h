/*
 * cycos/impl/sim.h - a world made of one seed: clock, scheduler, network, memory.
 *
 * All cores of one or more nodes run in the calling thread, one turn at a time; the seed says
 * whose turn it is, how long it takes, what the network does to each byte and which allocation
 * fails. The same seed gives the same run, whatever the addresses and the time of day:
 * cyi_sim_hash() tells. When every core sleeps, the clock jumps to the next event.
 *
 * Programs under simulation must not depend on addresses either, and must not block.
 */
#ifndef CYCOS_IMPL_SIM_H
#define CYCOS_IMPL_SIM_H

#include <cycos/impl/node.h>

struct cyi_sim;

enum { CYI_SIM_CERTAIN = 1 << 16, CYI_SIM_HOSTS = 64, CYI_SIM_CORES = 128 };

/* What the world may do. Chances are out of CYI_SIM_CERTAIN; all zero is a friendly world. */
struct cyi_sim_options {
    /* Scheduling. */
    cy_time turn_ns_max;      /* a turn takes up to so long; 0: 10 us */
    uint32_t pause_chance;    /* per turn: the core does not run for a while */
    cy_time pause_ns_max;     /* so long at most */
    uint32_t jump_chance;     /* per turn: the clock leaps ahead */
    cy_time jump_ns_max;      /* so far at most */
    uint32_t spurious_chance; /* per turn: a sleeping core wakes for nothing */

    /* Limits of cores; 0: as they come. */
    uint32_t ring_size;     /* slots between two cores, a power of two */
    uint32_t turn_switches; /* tasks that one turn runs at most */
    uint32_t front_streak;  /* of those, woken ones that may jump the queue */

    uint32_t no_memory_chance; /* per turn: an allocation in it fails */

    /* Network. */
    cy_time latency_ns_max;    /* of a segment, an acknowledgement, a datagram; 0: 50 us */
    uint32_t buffer_max;       /* bytes of a connection's buffer, 1 to this; 0: 64 KiB */
    uint32_t segment_max;      /* bytes that arrive at once, 1 to this; 0: all */
    uint32_t refuse_chance;    /* a connection is refused although somebody listens */
    uint32_t reset_chance;     /* per segment: the connection breaks */
    uint32_t loss_chance;      /* of a datagram */
    uint32_t duplicate_chance; /* of a datagram */
    uint32_t no_socket_chance; /* -EMFILE where a descriptor is made */

    uint64_t turns_max; /* of all cores together; 0: 10 million */
};

/* Draw which faults there are, and how strong, from a seed: each seed another mix. */
void cyi_sim_options_draw(struct cyi_sim_options *out, uint64_t seed);

/* An empty world. The options are copied; NULL: drawn from the seed. */
CY_MUST_CHECK int cyi_sim_create(struct cyi_sim **out, uint64_t seed,
                                 const struct cyi_sim_options *options);

/* Ends the world and all its nodes. Returns blocks that were never given back. */
uint64_t cyi_sim_free(struct cyi_sim **variable);

/*
 * A node on one of CYI_SIM_HOSTS hosts, whose addresses are 10.0.0.(host + 1), fd00::(host + 1)
 * and loopback. The options are kept, not copied. The node is the simulator's.
 */
CY_MUST_CHECK int cyi_sim_node(struct cyi_node **out, struct cyi_sim *sim, uint32_t host,
                               struct cy_options *options, cy_task_fn *main, void *arg);

/*
 * Which addresses a host has beside loopback: both kinds unless this is called, 0 for none. All
 * hosts are on one network by their interface CYI_SIM_INTERFACE; it carries broadcasts to
 * 10.0.0.255 and 255.255.255.255 and multicasts. 127.255.255.255 stays within a host.
 */
enum { CYI_SIM_V4 = 1, CYI_SIM_V6 = 2, CYI_SIM_INTERFACE = 2 };
void cyi_sim_addresses(struct cyi_sim *sim, uint32_t host, uint32_t kinds);

/*
 * Let the cores run until every node has ended: 0. Otherwise -ETIMEDOUT at `until`, -EDEADLK
 * when all sleep and nothing will ever happen, -ELOOP after turns_max.
 */
CY_MUST_CHECK int cyi_sim_run(struct cyi_sim *sim, cy_time until);

/* The simulated time since the world began; hosts' clocks differ by a constant. */
cy_time cyi_sim_now(const struct cyi_sim *sim);

/* For programs that choose by the seed: any number; one below a bound, which is not 0. */
uint64_t cyi_sim_random(struct cyi_sim *sim);
uint64_t cyi_sim_below(struct cyi_sim *sim, uint64_t bound);
/* True as often as the chance says. */
bool cyi_sim_chance(struct cyi_sim *sim, uint32_t chance);

/* Put something that the program has seen into the hash. */
void cyi_sim_note(struct cyi_sim *sim, uint64_t what);

/* Of all that has happened so far. */
uint64_t cyi_sim_hash(const struct cyi_sim *sim);

/* What has happened so far, for tests. */
struct cyi_sim_counters {
    uint64_t turns, jumps, pauses, segments, datagrams, lost, resets, no_memory;
    uint32_t sockets; /* open now, by the programs */
};
void cyi_sim_count(const struct cyi_sim *sim, struct cyi_sim_counters *out);

#endif
