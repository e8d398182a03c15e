/*
 * sim.h - the parts of the simulated world that its files share.
 *
 * sim.c has the clock and the scheduler, sim_node.c nodes and their crashes, sim_event.c what
 * is under way, sim_os.c the tables behind the os seam, sim_net.c descriptors and ports,
 * sim_name.c addresses, sim_way.c how segments travel, sim_tcp.c connections, sim_udp.c
 * datagrams, sim_file.c and sim_disk.c files, sim_fault.c what a program may do to the network,
 * sim_swarm.c that by chance.
 */
#ifndef CYI_SIM_H
#define CYI_SIM_H

#include <cycos/impl/list.h>
#include <cycos/impl/sim.h>

#define CYI_SIM_START (1000 * CY_SECOND) /* a clock that begins at zero would hide mistakes */

/* A stream of pseudo-random numbers: splitmix64. */
struct sim_random {
    uint64_t state;
};

static inline uint64_t
sim_draw(struct sim_random *random)
{
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* 0 to bound - 1. */
static inline uint64_t
sim_below(struct sim_random *random, uint64_t bound)
{
    return (uint64_t) ((unsigned __int128) sim_draw(random) * bound >> 64);
}

/* A value between 1 and max whose magnitude is what varies. */
static inline int64_t
sim_magnitude(struct sim_random *random, int64_t max)
{
    int bits = 64 - __builtin_clzll((uint64_t) max);
    int64_t value = (int64_t) 1 << sim_below(random, (uint64_t) bits);
    value += (int64_t) sim_below(random, (uint64_t) value);
    return value < max ? value : max;
}

static inline bool
sim_chance(struct sim_random *random, uint32_t chance)
{
    return chance != 0 && (sim_draw(random) & (CYI_SIM_CERTAIN - 1)) < chance;
}

/* An address with a port; IPv4 is mapped into IPv6. */
struct sim_name {
    uint8_t address[16];
    uint16_t port;
};

static inline bool
sim_is_v4(const struct sim_name *name)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    return memcmp(name->address, mapped, sizeof mapped) == 0;
}

/* 0.0.0.0 or :: */
static inline bool
sim_is_any(const struct sim_name *name)
{
    static const uint8_t zero[16];
    return memcmp(name->address, zero, 10) == 0 && memcmp(name->address + 12, zero, 4) == 0;
}

static inline bool
sim_is_loopback(const struct sim_name *name)
{
    static const uint8_t one[16] = {[15] = 1};
    return (sim_is_v4(name) && name->address[12] == 127) ||
           memcmp(name->address, one, sizeof one) == 0;
}

struct sim_host {
    struct cyi_os os; /* first: the host is the node's os */
    struct cyi_sim *sim;
    struct cyi_list bound; /* sockets that have a local name */
    uint32_t index;
    uint8_t addresses;     /* CYI_SIM_V4, CYI_SIM_V6 */
    bool off;              /* without power: nothing gets out or in */
    uint32_t buffer;       /* bytes that its ends of new connections receive; 0: as drawn */
    cy_time ahead;         /* of the simulated time */
    cy_time realtime;      /* the same of the calendar clock */
    int64_t drift;         /* so many millionths are both too fast */
    struct sim_disk *disk; /* sim_file.c; NULL until somebody looks */
};

/* Where a core sleeps. */
struct cyi_reactor {
    struct cyi_sim *sim;
    const struct sim_host *host;
    struct cyi_list ready; /* sockets with an edge that was not yet told */
    cy_time until;         /* when it sleeps: how long */
    bool asleep, woken;
    int32_t slot; /* in the world's cores; -1: none, a test's */
};

enum { SIM_GROUPS = 4 };

enum sim_state { SIM_FRESH, SIM_LISTENING, SIM_CONNECTING, SIM_CONNECTED, SIM_DEAD };

struct sim_socket {
    struct cyi_list ready;              /* in its reactor's list */
    struct cyi_list queue;              /* a listener's head, or the member that waits in it */
    struct cyi_list bound;              /* of its host's that have a local name */
    struct sim_datagram *first, **last; /* of a datagram socket */
    struct cyi_reactor *reactor;
    void *token;
    struct sim_host *host;
    const struct cyi_node *node; /* who has the descriptor; NULL: a test */
    struct sim_link *link;       /* of a stream */
    struct sim_name local;
    int fd; /* -1: not yet accepted */
    int error;
    uint32_t queued, backlog;           /* connections, or bytes of datagrams */
    struct sim_name groups[SIM_GROUPS]; /* that it has joined */
    uint8_t group_count;
    uint8_t state, side;
    bool datagram, v6, v6_only, reuse_port, reuse_address, broadcast;
    bool multicast_within; /* it chose loopback for multicast, where there is none */
    bool blocked;          /* a write found no room: who makes room must tell */
};

/* What is under way from one end of a connection to the other. Positions only grow. */
struct sim_pipe {
    uint8_t *bytes;
    uint32_t capacity;
    uint64_t written, arrived, taken, acknowledged;
    cy_time last; /* when the latest thing sent arrives: nothing overtakes it */
    struct sim_held *held, **held_last; /* what came while the way was blocked, in order */
    cy_time retry, waited;              /* until it is tried again; how long it was held */
    uint64_t lost_before;               /* events with smaller numbers never arrive */
    bool fin_sent, fin_arrived;
    bool cut; /* the rest is lost */
};

/* A connection. pipe[i] leads away from end[i]. Lives while an end or an event has it. */
struct sim_link {
    struct cyi_list all; /* of the world */
    struct sim_socket *end[2];
    struct sim_pipe pipe[2];
    struct sim_name name[2];
    struct sim_host *host[2];
    uint32_t events, tries;
    bool reset_sent[2];
};

struct sim_event;
typedef void sim_event_fn(struct cyi_sim *sim, struct sim_event *event);

struct sim_event {
    cy_time at;
    uint64_t number; /* the order of making, among those of one time */
    sim_event_fn *fn;
    void (*drop)(struct sim_event *event); /* the world ends before it happens */
    void *what;                            /* a link, a datagram, a command */
    sim_event_fn *act;                     /* what arrives by a link */
    uint64_t value;
    uint8_t side;
};

struct sim_core {
    struct cyi_core *core;
    struct cyi_reactor *reactor; /* the core's */
    cy_time paused_until;
    bool hung; /* does not run until it is continued */
    bool done;
};

struct sim_node {
    struct cyi_node *node;
    struct sim_host *host;
    const struct sim_fault *fault; /* that took its power */
    bool crashed;
};

struct cyi_sim {
    struct cyi_sim_options options;
    struct cyi_sim_counters counters;
    struct sim_random schedule, world, clocks, faults, program, bytes, disks;
    uint64_t hash;
    cy_time now;
    struct sim_host hosts[CYI_SIM_HOSTS];
    uint64_t blocked[CYI_SIM_HOSTS]; /* [from]: a bit for each host that it cannot reach */
    uint64_t cut_after[CYI_SIM_HOSTS][CYI_SIM_HOSTS]; /* [from][to]: bytes + 1, 0: not */
    cy_time delay[CYI_SIM_HOSTS][CYI_SIM_HOSTS];
    struct cyi_list links;
    struct sim_fault *fault; /* the latest that the swarm has made */
    struct cyi_sim_swarm swarm;
    struct sim_node *nodes; /* all that there ever were */
    uint32_t node_count, node_room;
    struct sim_core cores[CYI_SIM_CORES];
    cy_time due[CYI_SIM_CORES]; /* when each may have a turn, by sim_core_changed() */
    uint32_t core_count, alive; /* of those: not done */
    struct sim_event *events;   /* a heap: the earliest first */
    uint32_t event_count, event_room;
    uint64_t event_number;
    uint32_t commands;           /* of those: the program's */
    struct sim_socket **sockets; /* by descriptor */
    uint32_t socket_room;
    struct sim_socket crashed; /* stands where a node that crashed had a socket */
    uint32_t socket_lowest;    /* descriptors below this one are taken */
    struct sim_open **opens;   /* of files, by descriptor */
    uint32_t open_count;       /* ever */
    uint64_t flow_salt;        /* which socket of a shared port gets a flow */
};

/* The tables of a simulated host (sim_os.c). */
void cyi_sim_host_init(struct sim_host *host, struct cyi_sim *sim, uint32_t index);

/* The last core of a node has made its last turn: the goodbye, and its sockets close. */
void cyi_sim_node_ended(struct cyi_node *node);

/* Frees all nodes (sim_node.c): the blocks that they leaked, but for those that crashed. */
uint64_t cyi_sim_nodes_free(struct cyi_sim *sim);

void cyi_sim_swarm_free(struct cyi_sim *sim);

/* Events (sim_event.c). Memory for them must not run out: a simulation is a test. */
void cyi_sim_event_add(struct cyi_sim *sim, const struct sim_event *event);
cy_time cyi_sim_event_next(const struct cyi_sim *sim);
void cyi_sim_events_run(struct cyi_sim *sim);
void cyi_sim_events_drop(struct cyi_sim *sim);
void *cyi_sim_memory(size_t bytes); /* zeroed */
cy_time cyi_sim_latency(struct cyi_sim *sim, const struct sim_host *from,
                        const struct sim_host *to);

/* Addresses (sim_name.c). */
enum sim_scope { SIM_UNICAST, SIM_BROADCAST, SIM_BROADCAST_WITHIN, SIM_MULTICAST };
enum sim_scope cyi_sim_scope(const struct sim_name *name);
int cyi_sim_name_read(struct sim_name *out, const struct sim_socket *socket,
                      const struct sockaddr *from, socklen_t size);
void cyi_sim_name_write(const struct sim_name *name, const struct sim_socket *socket,
                        struct sockaddr *out, socklen_t *size);
/* Whether the host is on the network by addresses of this kind. */
bool cyi_sim_on_network(const struct sim_host *host, const struct sim_name *name);
bool cyi_sim_may_bind(const struct sim_host *host, const struct sim_name *name, bool datagram);
/* The name that the other side sees; takes a port if there is none. */
int cyi_sim_socket_source(struct sim_name *out, struct sim_socket *socket,
                          const struct sim_name *to);
/* The host that has the address, as `from` sees it; NULL when no way leads there. */
struct sim_host *cyi_sim_host_of(struct sim_host *from, const struct sim_name *to);
int cyi_sim_host_interfaces(const struct sim_host *host, struct cyi_interface *out, int max);

/* Sockets and their ports (sim_net.c). */
struct sim_socket *cyi_sim_socket_of(struct cyi_os *os, int fd);
struct sim_socket *cyi_sim_socket_make(struct sim_host *host, bool datagram, bool v6);
int cyi_sim_socket_number(struct cyi_sim *sim, struct sim_socket *socket);
void cyi_sim_socket_forget(struct cyi_sim *sim, struct sim_socket *socket);
/* Take the next socket away from a node that is no more; NULL: none left. *from begins at 0. */
struct sim_socket *cyi_sim_socket_orphan(struct cyi_sim *sim, const struct cyi_node *node,
                                         uint32_t *from);
int cyi_sim_socket_bind(struct sim_socket *socket, const struct sim_name *name);
bool cyi_sim_name_clashes(const struct sim_socket *socket, const struct sim_name *name,
                          bool listening);
/* Who gets what comes to a name: of those who share it, the same one for each sender. */
struct sim_socket *cyi_sim_socket_find(struct sim_host *host, const struct sim_name *to,
                                       const struct sim_name *from, bool datagram);
/* By the wildcard address or by this very one. */
bool cyi_sim_socket_hears(const struct sim_socket *socket, const struct sim_name *name);
/* Something may have become ready: tell the reactor, if there is one. */
void cyi_sim_socket_edge(struct sim_socket *socket);

/* Something in which a core, its reactor or its pauses say when it may have a turn. */
static inline void
sim_core_changed(struct cyi_sim *sim, int32_t slot)
{
    if (slot < 0)
        return;
    const struct sim_core *core = &sim->cores[slot];
    const struct cyi_reactor *reactor = core->reactor;
    bool awake = !reactor->asleep || reactor->woken || !cyi_list_empty(&reactor->ready);
    cy_time at = awake ? 0 : reactor->until;
    if (at < core->paused_until)
        at = core->paused_until;
    sim->due[slot] = core->hung || core->done ? CY_FOREVER : at;
}

/* Nothing gets through from the one to the other. */
static inline bool
sim_is_blocked(const struct sim_host *from, const struct sim_host *to)
{
    return from->off || to->off || (from->sim->blocked[from->index] >> to->index & 1) != 0;
}

/*
 * How things travel on a connection (sim_way.c): in order, as TCP sees to it. While the way is
 * blocked they are held and tried again after longer and longer times, and given up at last.
 * act() ends with cyi_sim_told(), which may free the link.
 */
void cyi_sim_tell(struct cyi_sim *sim, struct sim_link *link, uint8_t from, uint64_t value,
                  sim_event_fn *act);
void cyi_sim_told(struct sim_event *event);
void cyi_sim_link_release(struct sim_link *link);
/* What this side has sent and is under way gets lost. */
void cyi_sim_way_lose(struct cyi_sim *sim, struct sim_link *link, uint8_t from);

/* The end fails, with what has arrived still to be read; NULL: it is closed already. */
void cyi_sim_tcp_die(struct sim_socket *socket, int error);
void cyi_sim_tcp_reset(struct cyi_sim *sim, struct sim_link *link, uint8_t from, int error);
/* As when the power goes: nobody is told. */
void cyi_sim_tcp_vanish(struct cyi_sim *sim, struct sim_socket *socket);

/* What it is ready for now: CYI_READABLE... (sim_tcp.c, sim_udp.c). */
uint32_t cyi_sim_tcp_ready(const struct sim_socket *socket);
uint32_t cyi_sim_udp_ready(const struct sim_socket *socket);

/* The calls of the os seam on streams (sim_tcp.c) and datagrams (sim_udp.c). */
int cyi_sim_tcp_listen(struct sim_socket *socket, int backlog);
int cyi_sim_tcp_accept(struct sim_socket *listener, struct sockaddr *from, socklen_t *size);
int cyi_sim_tcp_connect(struct sim_socket *socket, const struct sim_name *to);
ssize_t cyi_sim_tcp_read(struct sim_socket *socket, void *buffer, size_t size);
ssize_t cyi_sim_tcp_writev(struct sim_socket *socket, const struct iovec *parts, int count);
int cyi_sim_tcp_shutdown_write(struct sim_socket *socket);
void cyi_sim_tcp_close(struct cyi_sim *sim, struct sim_socket *socket);
void cyi_sim_udp_close(struct sim_socket *socket);
ssize_t cyi_sim_udp_receive(struct sim_socket *socket, struct iovec *into,
                            struct sockaddr *from, socklen_t *from_size);
int cyi_sim_udp_join(struct sim_socket *socket, const struct sim_name *group,
                     uint32_t interface);
int cyi_sim_udp_multicast_interface(struct sim_socket *socket, uint32_t interface);
ssize_t cyi_sim_udp_send(struct sim_socket *socket, const struct iovec *bytes,
                         const struct sim_name *to);

#endif
