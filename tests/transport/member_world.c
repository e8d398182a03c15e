/* member_world.c - a few simulated nodes that note who comes and who goes. */
#include "member_world.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct member_world world;

static char names[WORLD_NODES][8];

void
world_check(bool holds, const char *text, int line)
{
    if (holds)
        return;
    world.failures++;
    fprintf(stderr, "line %d: check failed: %s\n", line, text);
}

static int
note_log(void *arg, enum cy_log_level level, const char *line, size_t bytes)
{
    (void) arg;
    (void) level;
    if (getenv("CY_TEST_VERBOSE") != NULL)
        fprintf(stderr, "%10.6f %.*s", (double) cyi_sim_now(world.sim) / 1e9, (int) bytes,
                line);
    if (world.logged + bytes < sizeof world.log) {
        memcpy(world.log + world.logged, line, bytes);
        world.logged += bytes;
    }
    return 0;
}

void
world_open(cy_time end)
{
    static const struct cyi_sim_options friendly = {.may_crash = true};
    memset(&world, 0, sizeof world);
    CY_OK(cyi_sim_create(&world.sim, cy_test_seed(), &friendly));
    world.end = end;
    for (uint32_t i = 0; i < WORLD_NODES; i++) {
        snprintf(names[i], sizeof names[i], "n%u", i);
        world_options(i, 1);
    }
}

struct cy_options *
world_options(uint32_t number, uint32_t cores)
{
    struct cy_options *options = &world.nodes[number].options;
    cy_options_init(options);
    options->cores = cores;
    options->name = names[number];
    options->network = cy_network();
    options->pin = false;
    options->handle_signals = false;
    options->log_sink = note_log;
    options->log_level = getenv("CY_TEST_VERBOSE") != NULL ? CY_LOG_DEBUG : CY_LOG_INFO;
    return options;
}

static void
note(uint32_t node, const cy_msg *msg)
{
    struct cy_peer peer;
    if (cy_msg_tag(msg) != CY_TAG_PEER)
        return;
    WORLD_CHECK(cy_peer_read(&peer, msg) == 0);
    WORLD_CHECK(world.count < WORLD_EVENTS);
    if (world.count < WORLD_EVENTS)
        world.events[world.count++] = (struct world_event){node, cyi_sim_now(world.sim), peer};
}

static int
run_extra(void *arg)
{
    struct world_node *self = &world.nodes[(uintptr_t) arg];
    int rc = self->extra(arg);
    self->finished = true;
    return rc;
}

static int
main_task(void *arg)
{
    uint32_t number = (uint32_t) (uintptr_t) arg;
    const struct world_node *self = &world.nodes[number];
    struct cy_task_options daemon = {.daemon = true};
    cy_msg *msg;
    if (self->extra != NULL)
        WORLD_CHECK(cy_task_spawn(NULL, run_extra, arg, &daemon) == 0);
    if (!self->silent)
        WORLD_CHECK(cy_peer_watch(cy_self()) == 0);
    cy_time end = self->end != 0 ? self->end : world.end;
    while (cyi_sim_now(world.sim) < end) {
        int rc = cy_receive(&msg, cy_after(20 * CY_MILLISECOND));
        if (rc == -ECANCELED)
            break;
        if (rc != 0)
            continue;
        note(number, msg);
        cy_msg_free(&msg);
    }
    return 0;
}

void
world_start(uint32_t number, uint32_t host)
{
    struct world_node *self = &world.nodes[number];
    CY_OK(cyi_sim_node(&self->node, world.sim, host, &self->options, main_task,
                       (void *) (uintptr_t) number));
}

void
world_run(void)
{
    CY_OK(cyi_sim_run(world.sim, world.end + 10 * CY_SECOND));
    CU_ASSERT_EQUAL(world.failures, 0);
    for (uint32_t i = 0; i < WORLD_NODES; i++)
        CU_ASSERT_TRUE(world.nodes[i].extra == NULL || world.nodes[i].finished);
    CU_ASSERT_EQUAL(cyi_sim_free(&world.sim), 0);
}

static bool
matches(const struct world_event *event, uint32_t node, const char *name, bool online)
{
    return event->node == node && strcmp(event->peer.name, name) == 0 &&
           event->peer.online == online;
}

uint32_t
world_count(uint32_t node, const char *name, bool online)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < world.count; i++)
        n += matches(&world.events[i], node, name, online);
    return n;
}

cy_time
world_first(uint32_t node, const char *name, bool online)
{
    for (uint32_t i = 0; i < world.count; i++) {
        if (matches(&world.events[i], node, name, online))
            return world.events[i].at;
    }
    return CY_FOREVER;
}

cy_time
world_last(uint32_t node, const char *name, bool online)
{
    cy_time last = CY_FOREVER;
    for (uint32_t i = 0; i < world.count; i++) {
        if (matches(&world.events[i], node, name, online))
            last = world.events[i].at;
    }
    return last;
}

bool
world_online(uint32_t node, const char *name)
{
    bool online = false;
    for (uint32_t i = 0; i < world.count; i++) {
        if (world.events[i].node == node && strcmp(world.events[i].peer.name, name) == 0)
            online = world.events[i].peer.online;
    }
    return online;
}
