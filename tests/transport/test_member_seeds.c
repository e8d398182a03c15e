#include "cy_test.h"

#include <cycos/impl/sim.h>
#include <cycos/mailbox.h>
#include <cycos/peer.h>
#include <cycos/run.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Clusters in which, by the seed, nodes hang, crash and begin again, hosts lose power, the
 * network parts, loses and delays. Each node watches peers: what it is told of a core goes
 * from online to offline and back, never twice the same. A while after the last fault everybody
 * knows everybody, by its watch and by its list.
 */

enum { NODES = 8, KNOWN = 512 };

#define FAULTS_BEGIN (2 * CY_SECOND)
#define FAULTS_END   (40 * CY_SECOND)
#define CHECK_AT     (100 * CY_SECOND)
#define END          (101 * CY_SECOND)

static struct {
    struct cyi_sim *sim;
    struct cy_options options[NODES];
    char names[NODES][16];
    struct cyi_node *node[NODES];
    uint32_t count, hosts, checked;
    char complaint[200];
} cluster;

static void
complain(uint32_t node, const char *what, const char *name)
{
    if (cluster.complaint[0] == '\0')
        snprintf(cluster.complaint, sizeof cluster.complaint, "%.3f s: n%u: %s %s",
                 (double) cyi_sim_now(cluster.sim) / 1e9, node, what, name);
}

static bool
same_place(const cy_location *a, const cy_location *b)
{
    return a->port == b->port && memcmp(a->address, b->address, sizeof a->address) == 0;
}

/* Notes a change; it must be one. */
static void
learn(uint32_t node, struct cy_peer *known, uint32_t *count, const struct cy_peer *peer)
{
    cyi_sim_note(cluster.sim, peer->location.port + (peer->online ? UINT64_C(1) << 32 : 0));
    for (uint32_t i = 0; i < *count; i++) {
        if (!same_place(&known[i].location, &peer->location))
            continue;
        if (known[i].online == peer->online)
            complain(node, peer->online ? "again online:" : "again offline:", peer->name);
        known[i] = *peer;
        return;
    }
    if (!peer->online)
        complain(node, "offline and never online:", peer->name);
    if (*count == KNOWN)
        complain(node, "too many peers", "");
    else
        known[(*count)++] = *peer;
}

static uint32_t
online_of(const struct cy_peer *known, uint32_t count)
{
    uint32_t online = 0;
    for (uint32_t i = 0; i < count; i++)
        online += known[i].online;
    return online;
}

static bool
has_name(const struct cy_peer *peers, uint32_t count, const char *name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (peers[i].online && strcmp(peers[i].name, name) == 0)
            return true;
    }
    return false;
}

/* All is well for a long time now. */
static void
check(uint32_t number, const struct cy_peer *known, uint32_t count)
{
    struct cy_peer list[NODES * 4];
    uint32_t n = cy_peer_list(list, NODES * 4), wanted = 0;
    for (uint32_t i = 0; i < cluster.count; i++) {
        for (uint32_t j = 0; j < cluster.options[i].cores; j++) {
            char name[24];
            snprintf(name, sizeof name, "n%u.%u", i, j);
            if (i == number && j == 0)
                continue;
            wanted++;
            if (!has_name(list, n, name))
                complain(number, "does not list", name);
            if (!has_name(known, count, name))
                complain(number, "was not told of", name);
        }
    }
    if (n != wanted)
        complain(number, "lists too many", list[0].name);
    if (online_of(known, count) != wanted)
        complain(number, "was told of too many", list[0].name);
    cluster.checked |= UINT32_C(1) << number;
}

static int
watch_peers(void *arg)
{
    uint32_t number = (uint32_t) (uintptr_t) arg, count = 0;
    struct cy_peer *known = calloc(KNOWN, sizeof *known), peer;
    bool checked = false;
    cy_msg *msg;
    if (cy_peer_watch(cy_self()) != 0)
        complain(number, "cannot watch", "");
    while (cyi_sim_now(cluster.sim) < END) {
        int rc = cy_receive(&msg, cy_after(100 * CY_MILLISECOND));
        if (rc == -ECANCELED)
            break;
        if (rc == 0) {
            if (cy_peer_read(&peer, msg) == 0)
                learn(number, known, &count, &peer);
            cy_msg_free(&msg);
        } else if (!checked && cyi_sim_now(cluster.sim) >= CHECK_AT) {
            check(number, known, count);
            checked = true;
        }
    }
    free(known);
    return 0;
}

static int
log_line(void *arg, enum cy_log_level level, const char *line, size_t bytes)
{
    (void) arg;
    (void) level;
    if (getenv("CY_TEST_VERBOSE") != NULL)
        fprintf(stderr, "%10.6f %.*s", (double) cyi_sim_now(cluster.sim) / 1e9, (int) bytes,
                line);
    return 0;
}

static void
prepare_options(uint32_t number, uint32_t cores)
{
    struct cy_options *options = &cluster.options[number];
    cy_options_init(options);
    snprintf(cluster.names[number], sizeof cluster.names[number], "n%u", number);
    options->name = cluster.names[number];
    options->cores = cores;
    options->network = cy_network();
    options->pin = false;
    options->handle_signals = false;
    options->log_sink = log_line;
    options->log_level = getenv("CY_TEST_VERBOSE") != NULL ? CY_LOG_DEBUG : CY_LOG_ERROR;
}

static void
start(uint32_t number)
{
    cluster.node[number] = NULL;
    if (cyi_sim_node(&cluster.node[number], cluster.sim, number % cluster.hosts,
                     &cluster.options[number], watch_peers, (void *) (uintptr_t) number) != 0)
        complain(number, "cannot start", "");
}

static void
restart(struct cyi_sim *sim, struct cyi_node *node, void *arg)
{
    (void) arg;
    for (uint32_t i = 0; i < cluster.count; i++) {
        if (cluster.node[i] == node) {
            cyi_sim_bury(sim, &cluster.node[i]); /* or the memory of many would gather */
            start(i);
            return;
        }
    }
}

static void
draw_world(uint64_t seed, struct cyi_sim_options *options)
{
    struct cyi_sim_options drawn;
    cyi_sim_options_draw(&drawn, seed);
    *options = (struct cyi_sim_options){.may_crash = true, .turns_max = 50 * 1000 * 1000};
    options->latency_ns_max =
        drawn.latency_ns_max < 20 * CY_MILLISECOND ? drawn.latency_ns_max : 20 * CY_MILLISECOND;
    options->loss_chance = drawn.loss_chance / 4;
    options->duplicate_chance = drawn.duplicate_chance;
    options->clock_error_max = seed % 3 == 0 ? CY_HOUR : 0;
    options->drift_max = seed % 2 == 0 ? 200 : 0;
    if (seed % 4 != 3)
        return;
    /* A world in which nothing can be relied on. */
    options->refuse_chance = drawn.refuse_chance / 4;
    options->reset_chance = drawn.reset_chance / 64;
    options->pause_chance = drawn.pause_chance;
    options->pause_ns_max = drawn.pause_ns_max;
    options->spurious_chance = drawn.spurious_chance;
    options->no_socket_chance = drawn.no_socket_chance / 8;
}

static uint64_t
run_world(uint64_t seed)
{
    struct cyi_sim_options options;
    struct cyi_sim_swarm swarm = {.restart = restart};
    memset(&cluster, 0, sizeof cluster);
    draw_world(seed, &options);
    CY_OK(cyi_sim_create(&cluster.sim, seed, &options));
    cluster.count = 2 + (uint32_t) cyi_sim_below(cluster.sim, NODES - 1);
    cluster.hosts = 1 + (uint32_t) cyi_sim_below(cluster.sim, cluster.count);
    for (uint32_t i = 0; i < cluster.count; i++) {
        prepare_options(i, 1 + (uint32_t) cyi_sim_below(cluster.sim, 3));
        if (cyi_sim_below(cluster.sim, 3) == 0)
            cluster.options[i].tcp_port = 4000 + 10 * i;
        start(i);
    }
    cyi_sim_swarm_draw(&swarm, seed);
    swarm.hosts = (UINT64_C(1) << cluster.hosts) - 1;
    swarm.begin = FAULTS_BEGIN;
    swarm.end = FAULTS_END;
    cyi_sim_swarm(cluster.sim, &swarm);
    CY_OK(cyi_sim_run(cluster.sim, END + CY_MINUTE));
    uint64_t hash = cyi_sim_hash(cluster.sim);
    if (cluster.checked != (UINT32_C(1) << cluster.count) - 1)
        complain(0, "not all have come to the end", "");
    CU_ASSERT_EQUAL(cyi_sim_free(&cluster.sim), 0);
    CU_ASSERT_STRING_EQUAL(cluster.complaint, "");
    if (cluster.complaint[0] != '\0')
        fprintf(stderr, "seed %llu: %s\n", (unsigned long long) seed, cluster.complaint);
    return hash;
}

static void
knows_everybody_when_the_faults_are_over(void)
{
    for (uint64_t seed = 0; cy_test_next_seed(&seed, 40);) {
        uint64_t hash = run_world(seed);
        CU_ASSERT_EQUAL(run_world(seed), hash);
    }
}

CY_TEST_MAIN("transport.member_seeds", CY_TEST(knows_everybody_when_the_faults_are_over))
