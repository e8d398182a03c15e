#include "locate_world.h"
#include <stdlib.h>

/* Nodes and tasks that end while somebody seeks their names. */

static void
run(cy_task_fn *first, cy_task_fn *second, cy_task_fn *third, cy_time end)
{
    cy_task_fn *const scripts[] = {first, second, third};
    locate_open(third != NULL ? 3 : 2, scripts, end);
}

static int
idle(void *arg)
{
    (void) arg;
    return 0;
}

static void
crash(struct cyi_sim *sim, void *arg)
{
    cyi_sim_crash(sim, world.nodes[(uintptr_t) arg].node);
}

static int
has_it_at_three(void *arg)
{
    (void) arg;
    until(3 * CY_SECOND);
    hold(0, "service");
    return 0;
}

static int
outlives_who_was_asked(void *arg)
{
    cy_ref ref = CY_NOBODY;
    (void) arg;
    until(CY_SECOND);
    WORLD_EQ(cy_task_locate(&ref, "service", NULL, cy_after(9 * CY_SECOND)), 0);
    WORLD_EQ(ref.node, tag_of(2));
    WORLD_CHECK(cyi_sim_now(world.sim) >= 3 * CY_SECOND);
    return 0;
}

static void
a_node_that_crashes_while_asked_is_no_answer(void)
{
    run(outlives_who_was_asked, idle, has_it_at_three, 4 * CY_SECOND);
    cyi_sim_at(world.sim, 2 * CY_SECOND, crash, (void *) 1);
    world_run();
}

static int
seeks_service(void *arg)
{
    cy_ref ref;
    (void) arg;
    return cy_task_locate(&ref, "service", NULL, CY_FOREVER);
}

static int
seeks_and_dies(void *arg)
{
    struct cy_task_options daemon = {.daemon = true};
    (void) arg;
    until(CY_SECOND);
    WORLD_EQ(cy_task_spawn_on(NULL, 1, seeks_service, NULL, &daemon), 0);
    return 0;
}

static int
outlives_who_has_asked(void *arg)
{
    (void) arg;
    until(1500 * MS);
    WORLD_EQ(standing_on(1), 1);
    until(3 * CY_SECOND);
    WORLD_EQ(standing_on(1), 0);
    hold(1, "service"); /* nobody to tell */
    WORLD_EQ(counters_of(1).told, 0);
    return 0;
}

static void
questions_of_a_node_that_crashes_are_forgotten(void)
{
    run(seeks_and_dies, outlives_who_has_asked, NULL, 5 * CY_SECOND);
    cyi_sim_at(world.sim, 2 * CY_SECOND, crash, (void *) 0);
    world_run();
}

/* Python's: names of tasks that had ended were found for ever, and could not be taken again. */
static cy_ref first_owner, second_owner;

static int
passes_a_name_on(void *arg)
{
    (void) arg;
    first_owner = hold_for(0, "service", 500 * MS);
    until(3 * CY_SECOND);
    WORLD_EQ(standing_on(1), 1);
    second_owner = hold(0, "service");
    return 0;
}

static int
seeks_what_was_passed_on(void *arg)
{
    cy_msg *msg;
    cy_ref ref = CY_NOBODY;
    (void) arg;
    until(400 * MS);
    WORLD_EQ(cy_task_locate(&ref, "service", NULL, cy_after(100 * MS)), 0);
    WORLD_CHECK(cy_ref_equal(ref, first_owner));
    until(CY_SECOND);
    WORLD_EQ(cy_msg_copy(&msg, 1, NULL, 0), 0);
    WORLD_EQ(cy_deliver(ref, &msg, cy_after(CY_SECOND)), -ESRCH);
    cy_msg_free(&msg);
    WORLD_EQ(cy_task_locate(&ref, "service", NULL, cy_after(100 * MS)), -ETIMEDOUT);
    WORLD_EQ(cy_task_locate(&ref, "service", NULL, cy_after(9 * CY_SECOND)), 0);
    WORLD_CHECK(cy_ref_equal(ref, second_owner));
    WORLD_CHECK(!cy_ref_equal(ref, first_owner));
    return 0;
}

static void
a_name_of_a_task_that_has_ended_is_gone(void)
{
    run(seeks_what_was_passed_on, passes_a_name_on, NULL, 5 * CY_SECOND);
    world_run();
}

/* It has the name for less time than the hub takes to look. */
static int
has_it_for_a_moment(void *arg)
{
    (void) arg;
    WORLD_EQ(cy_task_register("service"), 0);
    WORLD_EQ(cy_task_unregister("service"), 0);
    return 0;
}

static int
flickers(void *arg)
{
    (void) arg;
    until(2 * CY_SECOND);
    for (uint16_t core = 0; core < 2; core++)
        on_core(core, has_it_for_a_moment, NULL);
    until(3 * CY_SECOND);
    WORLD_EQ(standing_on(1), 1);
    WORLD_EQ(counters_of(1).told, 0);
    second_owner = hold(1, "service");
    return 0;
}

static int
waits_until_it_is_there_to_stay(void *arg)
{
    cy_ref ref = CY_NOBODY;
    (void) arg;
    until(CY_SECOND);
    WORLD_EQ(cy_task_locate(&ref, "service", NULL, CY_FOREVER), 0);
    WORLD_CHECK(cy_ref_equal(ref, second_owner));
    return 0;
}

static void
what_is_gone_again_when_the_hub_looks_is_not_told(void)
{
    run(waits_until_it_is_there_to_stay, flickers, NULL, 5 * CY_SECOND);
    world_run();
}

/* The whole network ends while everybody seeks. */
static int
seeks_for_ever(void *arg)
{
    cy_ref ref;
    char name[16];
    snprintf(name, sizeof name, "name-%u", (unsigned) (uintptr_t) arg % 10);
    WORLD_EQ(cy_task_locate(&ref, name, NULL, CY_FOREVER), -ECANCELED);
    return 0;
}

static int
leaves_seekers_behind(void *arg)
{
    struct cy_task_options daemon = {.daemon = true};
    (void) arg;
    until(CY_SECOND);
    for (uint32_t i = 0; i < 100; i++)
        WORLD_EQ(cy_task_spawn_on(NULL, i % 2, seeks_for_ever, (void *) (uintptr_t) i, &daemon),
                 0);
    until(1500 * MS);
    WORLD_EQ(questions_of(0), 10);
    WORLD_EQ(standing_on(1), 10);
    return 0;
}

static void
a_node_ends_with_questions_of_its_own_and_of_others(void)
{
    run(leaves_seekers_behind, leaves_seekers_behind, NULL, 3 * CY_SECOND);
    world_run();
}

/* A cut is no end: what was asked before it is answered after it. */
static void
cut(struct cyi_sim *sim, void *arg)
{
    (void) arg;
    CU_ASSERT_TRUE(cyi_sim_reset(sim, CYI_SIM_ONLY(0), CYI_SIM_ONLY(1)) > 0);
}

static int
outlives_a_cut(void *arg)
{
    cy_ref ref = CY_NOBODY;
    (void) arg;
    until(CY_SECOND);
    WORLD_EQ(cy_task_locate(&ref, "service", NULL, cy_after(9 * CY_SECOND)), 0);
    WORLD_EQ(counters_of(0).asked, 1);
    return 0;
}

static void
a_question_outlives_a_cut(void)
{
    run(outlives_a_cut, has_it_at_three, NULL, 5 * CY_SECOND);
    cyi_sim_at(world.sim, 2 * CY_SECOND, cut, NULL);
    world_run();
}

/* Silent for so long that both give each other up: when they meet again, it is asked again. */
static void
part(struct cyi_sim *sim, void *arg)
{
    (void) arg;
    cyi_sim_partition(sim, CYI_SIM_ONLY(0), CYI_SIM_ONLY(1));
}

static void
heal(struct cyi_sim *sim, void *arg)
{
    (void) arg;
    cyi_sim_heal(sim);
}

static int
has_it_meanwhile(void *arg)
{
    (void) arg;
    until(8 * CY_SECOND);
    WORLD_EQ(standing_on(1), 0);
    hold(0, "service");
    return 0;
}

static int
outlives_a_partition(void *arg)
{
    cy_ref ref = CY_NOBODY;
    (void) arg;
    until(CY_SECOND);
    WORLD_EQ(cy_task_locate(&ref, "service", NULL, cy_after(60 * CY_SECOND)), 0);
    WORLD_CHECK(cyi_sim_now(world.sim) >= 15 * CY_SECOND);
    WORLD_EQ(counters_of(0).asked, 2);
    return 0;
}

static void
a_question_outlives_a_partition(void)
{
    run(outlives_a_partition, has_it_meanwhile, NULL, 40 * CY_SECOND);
    cyi_sim_at(world.sim, 2 * CY_SECOND, part, NULL);
    cyi_sim_at(world.sim, 15 * CY_SECOND, heal, NULL);
    world_run();
}

CY_TEST_MAIN("transport.locate_end", CY_TEST(a_node_that_crashes_while_asked_is_no_answer),
             CY_TEST(questions_of_a_node_that_crashes_are_forgotten),
             CY_TEST(a_name_of_a_task_that_has_ended_is_gone),
             CY_TEST(what_is_gone_again_when_the_hub_looks_is_not_told),
             CY_TEST(a_node_ends_with_questions_of_its_own_and_of_others),
             CY_TEST(a_question_outlives_a_cut), CY_TEST(a_question_outlives_a_partition))
