/* locate_world.c - nodes that seek names of each other. */
#include "locate_world.h"
#include <stdio.h>

void
locate_open(uint32_t count, cy_task_fn *const *scripts, cy_time end)
{
    world_open(end);
    for (uint32_t i = 0; i < count; i++) {
        world_options(i, 2);
        world.nodes[i].extra = scripts[i];
        world_start(i, i);
    }
}

void
until(cy_time at)
{
    cy_time now = cyi_sim_now(world.sim);
    if (at > now)
        WORLD_EQ(cy_sleep(at - now), 0);
}

void
on_core(uint16_t core, cy_task_fn *fn, void *arg)
{
    cy_ref task;
    struct cy_task_options joinable = {.joinable = true, .daemon = true};
    WORLD_EQ(cy_task_spawn_on(&task, core, fn, arg, &joinable), 0);
    WORLD_EQ(cy_join(NULL, task, CY_FOREVER), 0);
}

struct holding {
    const char *name;
    cy_time duration;
    cy_ref starter;
};

static int
holds(void *arg)
{
    struct holding holding = *(struct holding *) arg;
    WORLD_EQ(cy_task_register(holding.name), 0);
    WORLD_EQ(cy_resume(holding.starter), 0);
    (void) !cy_sleep(holding.duration);
    return 0;
}

cy_ref
hold_for(uint16_t core, const char *name, cy_time duration)
{
    cy_ref task = CY_NOBODY;
    struct holding holding = {name, duration, cy_self()};
    struct cy_task_options daemon = {.daemon = true};
    WORLD_EQ(cy_task_spawn_on(&task, core, holds, &holding, &daemon), 0);
    WORLD_EQ(cy_suspend(CY_FOREVER), 0);
    return task;
}

cy_ref
hold(uint16_t core, const char *name)
{
    return hold_for(core, name, CY_HOUR);
}

struct cyi_net *
net_of(uint32_t node)
{
    return world.nodes[node].node->net;
}

struct cyi_locate_counters
counters_of(uint32_t node)
{
    return net_of(node)->locates->counters;
}

uint32_t
tag_of(uint32_t node)
{
    return world.nodes[node].node->tag;
}

cy_location
location_of(uint32_t node, uint16_t core)
{
    return cy_ref_location(world.nodes[node].node->cores[core]->home);
}

uint32_t
questions_of(uint32_t node)
{
    return net_of(node)->locates->count;
}

static void
add_standing(struct cyi_link *link, void *arg)
{
    uint32_t *sum = arg;
    *sum += link->standing.count;
}

uint32_t
standing_on(uint32_t node)
{
    uint32_t sum = 0;
    cyi_links_each(world.nodes[node].node->cores[0], add_standing, &sum);
    return sum;
}

void
world_equal(long long a, long long b, const char *text, int line)
{
    char full[256];
    snprintf(full, sizeof full, "%s (%lld and %lld)", text, a, b);
    world_check(a == b, full, line);
}
