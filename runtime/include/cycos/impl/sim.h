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

    /* Clocks of hosts. */
    cy_time clock_error_max; /* the calendar clocks are wrong by so much at most */
    uint32_t drift_max;      /* clocks are too fast or slow by so many millionths at most */

    /* Nodes may crash. The leak sanitizer is told to overlook what their tasks had in hand. */
    bool may_crash;

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
 * A node on one of CYI_SIM_HOSTS hosts. Its addresses are 10.0.0.(host + 1), fd00::(host + 1)
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
 * Call fn(sim, arg) at this time, counted as cyi_sim_now() does it, at once when that has
 * passed; never within a turn of a core.
 */
typedef void cyi_sim_fn(struct cyi_sim *sim, void *arg);
void cyi_sim_at(struct cyi_sim *sim, cy_time at, cyi_sim_fn *fn, void *arg);

/*
 * Let the cores run until every node has ended or crashed and no call of cyi_sim_at() is left:
 * 0. Otherwise -ETIMEDOUT at `until`, -EDEADLK
 * when all sleep and nothing will ever happen, -ELOOP after turns_max.
 */
CY_MUST_CHECK int cyi_sim_run(struct cyi_sim *sim, cy_time until);

/*
 * Nodes that fail. May be called by cyi_sim_at(), between runs, or by tasks of other nodes.
 *
 * crash: the process dies at once. The kernel closes its sockets: whoever is connected sees the
 *   end, or a reset when something was not read. Its names and ports are free for another node.
 * power_off: all nodes of the host die and nobody is told. Nothing gets to the host or from it
 *   until the next node begins there; then what belonged to old connections is reset.
 * hang: the node does not run (SIGSTOP), the kernel still takes connections and bytes for it.
 */
void cyi_sim_crash(struct cyi_sim *sim, struct cyi_node *node);
void cyi_sim_power_off(struct cyi_sim *sim, uint32_t host);
void cyi_sim_hang(struct cyi_sim *sim, struct cyi_node *node);
void cyi_sim_continue(struct cyi_sim *sim, struct cyi_node *node);
/* Neither ended nor crashed. */
bool cyi_sim_runs(struct cyi_sim *sim, const struct cyi_node *node);
bool cyi_sim_crashed(struct cyi_sim *sim, const struct cyi_node *node);
/*
 * Free a node that has crashed; else it can be looked at until the world ends. The next node
 * may get its address: no command that is yet to come may name the one that was buried.
 */
void cyi_sim_bury(struct cyi_sim *sim, struct cyi_node **variable);

/* Sets of hosts: one bit each. */
#define CYI_SIM_ALL        UINT64_MAX
#define CYI_SIM_ONLY(host) (UINT64_C(1) << (host))

/*
 * Nothing gets from these hosts to those any more, but for a host to itself. Datagrams get
 * lost. What is sent by TCP is held and tried again as Linux does it: after 0.2 s and then
 * after longer and longer times; after 127 s connect fails by -ETIMEDOUT, after 924 s who has
 * sent something does. Where nothing is sent nobody notices.
 */
void cyi_sim_block(struct cyi_sim *sim, uint64_t from, uint64_t to);
void cyi_sim_unblock(struct cyi_sim *sim, uint64_t from, uint64_t to);
void cyi_sim_partition(struct cyi_sim *sim, uint64_t some, uint64_t others); /* both ways */
void cyi_sim_heal(struct cyi_sim *sim); /* nothing is blocked any more */

/* Connections between hosts of two sets fail at both ends: how many. */
uint32_t cyi_sim_reset(struct cyi_sim *sim, uint64_t some, uint64_t others);

/*
 * Connections fail at the end of the forgetful hosts only; the others learn of it when they
 * send something. Returns how many.
 */
uint32_t cyi_sim_half_open(struct cyi_sim *sim, uint64_t forgetful, uint64_t others);

/*
 * When so many more bytes have come from a host to another, all connections together, the one
 * that carried the last of them is cut: the rest does not come, both ends fail. Once. 0: the
 * next segment gets lost as a whole. CYI_SIM_NEVER: no cut.
 */
#define CYI_SIM_NEVER UINT64_MAX
void cyi_sim_cut_after(struct cyi_sim *sim, uint32_t from, uint32_t to, uint64_t bytes);

/* So much is added to the latency between hosts of two sets. */
void cyi_sim_delay(struct cyi_sim *sim, uint64_t some, uint64_t others, cy_time delay);

/* New connections have room for so many bytes that these hosts have not read; 0: as drawn. */
void cyi_sim_buffer(struct cyi_sim *sim, uint64_t hosts, uint32_t bytes);

/* Somebody sets the calendar clock of a host ahead, or back. */
void cyi_sim_clock_jump(struct cyi_sim *sim, uint32_t host, cy_time ahead);

/* The disk of a host; all zero is a good one with room for 1 GiB. */
struct cyi_sim_disk {
    uint64_t room;         /* bytes of all files together; 0: 1 GiB */
    uint32_t error_chance; /* per call: -EIO */
    uint32_t short_chance; /* per read and write: less than was asked for */
    bool read_only;
};
void cyi_sim_disk(struct cyi_sim *sim, uint32_t host, const struct cyi_sim_disk *disk);

/*
 * Files of a host as its user sees them, by absolute paths; "/tmp" is there from the beginning.
 * put: makes folders too; what it puts is safe from power failures. get: -ENOENT and so on, or
 * the size, and where the bytes are until something happens. count: names in a folder.
 */
void cyi_sim_file_put(struct cyi_sim *sim, uint32_t host, const char *path, const void *bytes,
                      size_t size);
int64_t cyi_sim_file_get(struct cyi_sim *sim, uint32_t host, const char *path,
                         const uint8_t **bytes);
int cyi_sim_file_count(struct cyi_sim *sim, uint32_t host, const char *path);
void cyi_sim_file_remove(struct cyi_sim *sim, uint32_t host, const char *path);

/* Kinds of faults; crashes and power failures need may_crash. */
enum {
    CYI_SIM_FAULT_PARTITION = 1 << 0,
    CYI_SIM_FAULT_ONE_WAY = 1 << 1,
    CYI_SIM_FAULT_RESET = 1 << 2,
    CYI_SIM_FAULT_HALF_OPEN = 1 << 3,
    CYI_SIM_FAULT_CUT = 1 << 4,
    CYI_SIM_FAULT_SLOW = 1 << 5,
    CYI_SIM_FAULT_CLOCK = 1 << 6,
    CYI_SIM_FAULT_HANG = 1 << 7,
    CYI_SIM_FAULT_CRASH = 1 << 8,
    CYI_SIM_FAULT_POWER = 1 << 9,
    CYI_SIM_FAULT_KINDS = 10,
};

/* Faults that come by chance, one after the other; each is healed after a while. */
struct cyi_sim_swarm {
    uint32_t kinds;    /* any of the above */
    uint64_t hosts;    /* faults befall these */
    cy_time begin;     /* no fault before; counted as cyi_sim_now() does it */
    cy_time end;       /* all is healed by then, all that crashed was restarted */
    cy_time every_max; /* from one fault to the next, at most */
    cy_time lasts_max;
    /* A node is about to crash; after a while it shall be started again, or not. Or NULL. */
    void (*crashed)(struct cyi_sim *sim, struct cyi_node *node, void *arg);
    void (*restart)(struct cyi_sim *sim, struct cyi_node *node, void *arg);
    void *arg;
};

/* Draw kinds, how often and how long from a seed; the rest of *out stays as it is. */
void cyi_sim_swarm_draw(struct cyi_sim_swarm *out, uint64_t seed);

/* Let faults come. Copies *swarm; one swarm per world. */
void cyi_sim_swarm(struct cyi_sim *sim, const struct cyi_sim_swarm *swarm);

/* The simulated time since the world began; hosts' clocks differ from it. */
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
    uint64_t turns, jumps, pauses, segments, datagrams, lost, resets, no_memory, crashes,
        faults;
    uint32_t sockets; /* open now, by the programs */
};
void cyi_sim_count(const struct cyi_sim *sim, struct cyi_sim_counters *out);

#endif
