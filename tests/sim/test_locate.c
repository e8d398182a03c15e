#include "names.h"
#include "seeds.h"

#include <cycos/impl/core.h>
#include <cycos/peer.h>
#include <cycos/registry.h>
#include <string.h>

/*
 * Tasks of several nodes have names for a while and seek those of others, anywhere or at a
 * place, while by the seed hosts are cut off, hang, crash and begin again. Whatever is found
 * had the name. When the faults are over everybody finds what everybody has, nobody finds what
 * nobody has, and no question is left.
 */

enum { NODES_MAX = 5, NAMES = 6, OWNERS = 4096, WORKERS = 4 };

#define FAULTS_END (30 * CY_SECOND)
#define QUIET      (90 * CY_SECOND)
#define PATIENCE   (60 * CY_SECOND)
#define SETTLED    (170 * CY_SECOND)
#define END        (180 * CY_SECOND)

struct owner {
    cy_ref ref;
    uint32_t name;
};

struct state {
    struct owner owners[OWNERS];
    uint32_t count, found, checked;
};

static struct state *
state(void)
{
    return world.state;
}

static cy_time
now(void)
{
    return cyi_sim_now(world.sim);
}

static void
prepare(void)
{
    struct cyi_sim_options *o = &world.sim_options;
    o->may_crash = true;
    o->refuse_chance = 0; /* means that the other one has ended */
    o->jump_chance = 0;
    if (o->buffer_max != 0 && o->buffer_max < 4096)
        o->buffer_max = 4096;
    if (o->latency_ns_max > 20 * CY_MILLISECOND)
        o->latency_ns_max = 20 * CY_MILLISECOND;
    world.nodes = draw_between(2, NODES_MAX);
    world.hosts = draw_between(1, world.nodes);
    for (uint32_t i = 0; i < world.nodes; i++) {
        world.options[i].network = cy_network();
        world.options[i].cores = draw_between(1, 3);
    }
    cyi_sim_swarm_draw(&world.swarm, world.seed);
    world.swarm.begin = CY_SECOND;
    world.swarm.end = FAULTS_END;
}

static void
name_of(char *out, size_t size, uint32_t which)
{
    snprintf(out, size, "name-%u", which);
}

static bool
note_owner(uint32_t name)
{
    if (state()->count == OWNERS)
        return false;
    state()->owners[state()->count++] = (struct owner){cy_self(), name};
    return true;
}

static bool
was_owner(cy_ref ref, uint32_t name)
{
    for (uint32_t i = state()->count; i-- > 0;) {
        const struct owner *owner = &state()->owners[i];
        if (owner->name == name && cy_ref_equal(owner->ref, ref))
            return true;
    }
    return false;
}

/* Names vanish by being given up, or with their task. */
static int
have(void *arg)
{
    uint32_t which = (uint32_t) (uintptr_t) arg;
    char name[16];
    name_of(name, sizeof name, which);
    if (!note_owner(which) || cy_task_register(name) != 0)
        return 0;
    int rc = cy_sleep(draw_time(3 * CY_SECOND));
    if (rc == 0 && one_in(2))
        EXPECT_EQ(cy_task_unregister(name), 0);
    return 0;
}

static void
begin_to_have(void)
{
    cy_ref task;
    uint32_t which = draw(NAMES);
    uint16_t core = (uint16_t) draw(cy_core_count());
    int rc = cy_task_spawn_on(&task, core, have, (void *) (uintptr_t) which, NULL);
    EXPECT(rc == 0 || rc == -ENOMEM || rc == -EAGAIN || rc == -ECANCELED);
}

static cy_location
some_place(void)
{
    struct cyi_node *node = world.node[draw(world.nodes)];
    cy_location place = cy_self_location();
    if (!cyi_sim_crashed(world.sim, node) && node->net != NULL)
        place = cy_ref_location(node->cores[draw(node->core_count)]->home);
    if (one_in(4))
        place.port = 0;
    return place;
}

static void
seek(void)
{
    cy_ref ref = CY_NOBODY;
    char name[16];
    uint32_t which = draw(NAMES);
    cy_location place = some_place();
    bool anywhere = one_in(2);
    name_of(name, sizeof name, which);
    int rc = cy_task_locate(&ref, name, anywhere ? NULL : &place,
                            one_in(6) ? CY_NOW : cy_after(draw_time(4 * CY_SECOND)));
    EXPECT(rc == 0 || rc == -ETIMEDOUT || rc == -ECANCELED);
    EXPECT((rc == 0) == !cy_ref_is_nobody(ref));
    note((uint64_t) rc);
    if (rc != 0)
        return;
    state()->found++;
    EXPECT(was_owner(ref, which));
    EXPECT(anywhere || memcmp(ref.address, place.address, sizeof ref.address) == 0);
    EXPECT(anywhere || place.port == 0 || ref.port == place.port);
}

static int
work(void *arg)
{
    (void) arg;
    while (now() < FAULTS_END) {
        if (one_in(3))
            begin_to_have();
        else
            seek();
        if (cy_sleep(draw_time(CY_SECOND)) != 0)
            return 0;
    }
    return 0;
}

/* Until then all links are mended, and whoever had a name has given it up. */
static void
seek_all(uint32_t me)
{
    cy_ref ref;
    char name[16];
    for (uint32_t i = 0; i < world.nodes; i++) {
        name_of(name, sizeof name, NAMES + i);
        int rc = cy_task_locate(&ref, name, NULL, cy_after(PATIENCE));
        EXPECT_EQ(rc, 0);
        EXPECT(rc != 0 || ref.node == world.node[i]->tag);
        cy_location place = cy_ref_location(ref);
        EXPECT_EQ(cy_task_locate(&ref, name, &place, cy_after(PATIENCE)), 0);
    }
    name_of(name, sizeof name, me % NAMES);
    EXPECT_EQ(cy_task_locate(&ref, name, NULL, cy_after(CY_SECOND)), -ETIMEDOUT);
}

static void
wait_until(cy_time at)
{
    while (now() < at)
        (void) !cy_sleep(CY_SECOND);
}

static int
live(void *arg)
{
    uint32_t me = seeds_number(cyi_self->node);
    char name[16];
    (void) arg;
    for (int i = 0; i < WORKERS; i++) {
        uint16_t core = (uint16_t) draw(cy_core_count());
        (void) !cy_task_spawn_on(NULL, core, work, NULL, NULL);
    }
    wait_until(QUIET);
    name_of(name, sizeof name, NAMES + me);
    EXPECT_EQ(cy_task_register(name), 0);
    seek_all(me);
    state()->checked++;
    wait_until(SETTLED);
    EXPECT_EQ(cyi_names_seekers(cyi_names_of(cyi_self->node)), 0);
    wait_until(END);
    note(state()->found);
    return 0;
}

static void
check(void)
{
    EXPECT_EQ(state()->checked, world.nodes);
}

static void
what_is_found_had_the_name_and_in_the_end_all_are_found(void)
{
    static const struct seeds_program program = {sizeof(struct state), prepare, live, check};
    seeds_run(&program, 100);
}

CY_TEST_MAIN("sim.locate", CY_TEST(what_is_found_had_the_name_and_in_the_end_all_are_found))
