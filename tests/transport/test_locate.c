#include "locate_world.h"

/* Names that other nodes have, or will have. */

static struct {
    int rc;
    cy_ref ref;
    cy_time at;
} found;

static void
seek(const char *name, const cy_location *location, cy_time patience)
{
    found.ref = CY_NOBODY;
    found.rc = cy_task_locate(&found.ref, name, location, cy_after(patience));
    found.at = cyi_sim_now(world.sim);
}

static void
run(cy_task_fn *first, cy_task_fn *second, cy_task_fn *third, cy_time end)
{
    cy_task_fn *const scripts[] = {first, second, third};
    locate_open(third != NULL ? 3 : 2, scripts, end);
    world_run();
}

static int
idle(void *arg)
{
    (void) arg;
    return 0;
}

static int
has_service(void *arg)
{
    (void) arg;
    hold(1, "service");
    return 0;
}

static int
seeks_at_once(void *arg)
{
    cy_msg *msg;
    (void) arg;
    until(CY_SECOND);
    seek("service", NULL, CY_SECOND);
    WORLD_EQ(found.rc, 0);
    WORLD_EQ(found.ref.node, tag_of(1));
    WORLD_EQ(found.ref.core, 1);
    WORLD_CHECK(found.at < 1010 * MS);
    WORLD_EQ(counters_of(0).asked, 1);
    WORLD_EQ(counters_of(0).answered, 1);
    WORLD_EQ(cy_msg_copy(&msg, 1, "hi", 2), 0);
    WORLD_EQ(cy_deliver(found.ref, &msg, cy_after(CY_SECOND)), 1);
    until(1500 * MS);
    WORLD_EQ(questions_of(0), 0);
    WORLD_EQ(standing_on(1), 0);
    return 0;
}

static void
finds_at_once_what_another_node_has(void)
{
    run(seeks_at_once, has_service, NULL, 3 * CY_SECOND);
}

static int
has_service_later(void *arg)
{
    (void) arg;
    until(2 * CY_SECOND);
    WORLD_EQ(standing_on(1), 1);
    hold(1, "service");
    return 0;
}

static int
seeks_from_core_one(void *arg)
{
    (void) arg;
    seek("service", NULL, 5 * CY_SECOND);
    return 0;
}

static int
seeks_before_it_is_there(void *arg)
{
    (void) arg;
    until(CY_SECOND);
    on_core(1, seeks_from_core_one, NULL);
    WORLD_EQ(found.rc, 0);
    WORLD_EQ(found.ref.node, tag_of(1));
    WORLD_CHECK(found.at >= 2 * CY_SECOND && found.at < 2010 * MS);
    WORLD_EQ(standing_on(1), 0);
    return 0;
}

static void
waits_for_a_name_that_comes_later(void)
{
    run(seeks_before_it_is_there, has_service_later, NULL, 4 * CY_SECOND);
}

static void
start_second(struct cyi_sim *sim, void *arg)
{
    (void) sim;
    (void) arg;
    world_start(1, 1);
}

static int
seeks_before_its_node_is_there(void *arg)
{
    (void) arg;
    until(CY_SECOND);
    seek("service", NULL, 9 * CY_SECOND);
    WORLD_EQ(found.rc, 0);
    WORLD_EQ(found.ref.node, tag_of(1));
    WORLD_CHECK(found.at > 3 * CY_SECOND && found.at < 4 * CY_SECOND);
    return 0;
}

static void
asks_a_node_that_comes_later(void)
{
    cy_task_fn *const scripts[] = {seeks_before_its_node_is_there};
    locate_open(1, scripts, 6 * CY_SECOND);
    world.nodes[1].extra = has_service;
    world_options(1, 2);
    cyi_sim_at(world.sim, 3 * CY_SECOND, start_second, NULL);
    world_run();
}

/* Python's: the first answer of three peers ended the question, whatever it said. */
enum { ROUNDS = 300 };

static int
seeks_many_times(void *arg)
{
    (void) arg;
    until(CY_SECOND);
    for (int i = 0; i < ROUNDS; i++) {
        seek("service", NULL, CY_SECOND);
        WORLD_EQ(found.rc, 0);
        WORLD_EQ(found.ref.node, tag_of(2));
    }
    until(cyi_sim_now(world.sim) + 100 * MS);
    WORLD_EQ(counters_of(0).asked, 2 * ROUNDS);
    WORLD_EQ(counters_of(0).answered, ROUNDS);
    WORLD_EQ(standing_on(1) + standing_on(2) + questions_of(0), 0);
    return 0;
}

static void
who_does_not_have_the_name_does_not_answer(void)
{
    run(seeks_many_times, idle, has_service, 10 * CY_SECOND);
}

static int
has_service_at_two(void *arg)
{
    uint32_t me = (uint32_t) (uintptr_t) arg;
    until(2 * CY_SECOND + (me == 1 ? 500 * MS : 0));
    hold(0, "service");
    return 0;
}

static int
seeks_what_two_will_have(void *arg)
{
    (void) arg;
    until(CY_SECOND);
    seek("service", NULL, 5 * CY_SECOND);
    WORLD_EQ(found.rc, 0);
    WORLD_EQ(found.ref.node, tag_of(2));
    WORLD_CHECK(found.at < 2100 * MS);
    until(3 * CY_SECOND);
    WORLD_EQ(standing_on(1), 0);
    WORLD_EQ(counters_of(1).told, 0);
    return 0;
}

static void
the_first_that_has_the_name_wins_and_the_others_forget(void)
{
    run(seeks_what_two_will_have, has_service_at_two, has_service_at_two, 4 * CY_SECOND);
}

static int
has_service_at_the_same_time(void *arg)
{
    (void) arg;
    until(2 * CY_SECOND);
    hold(0, "service");
    return 0;
}

static int
hears_of_two_at_once(void *arg)
{
    (void) arg;
    until(CY_SECOND);
    seek("service", NULL, 5 * CY_SECOND);
    WORLD_EQ(found.rc, 0);
    WORLD_EQ(found.ref.core, 0);
    until(3 * CY_SECOND);
    WORLD_EQ(counters_of(0).answered, 1);
    WORLD_EQ(counters_of(1).told + counters_of(2).told, 2);
    seek("nobody", NULL, 100 * MS);
    WORLD_EQ(found.rc, -ETIMEDOUT);
    return 0;
}

static void
a_second_answer_is_dropped(void)
{
    run(hears_of_two_at_once, has_service_at_the_same_time, has_service_at_the_same_time,
        4 * CY_SECOND);
}

static int
gives_up(void *arg)
{
    (void) arg;
    until(CY_SECOND);
    seek("service", NULL, 500 * MS);
    WORLD_EQ(found.rc, -ETIMEDOUT);
    WORLD_CHECK(cy_ref_is_nobody(found.ref));
    WORLD_CHECK(found.at >= 1500 * MS && found.at < 1510 * MS);
    until(1600 * MS);
    WORLD_EQ(questions_of(0), 0);
    WORLD_EQ(standing_on(1), 0);
    return 0;
}

static void
forgets_everywhere_at_the_deadline(void)
{
    run(gives_up, idle, NULL, 3 * CY_SECOND);
}

static int
seeks_for_ever(void *arg)
{
    cy_ref ref;
    return cy_task_locate(&ref, arg, NULL, CY_FOREVER);
}

static int
cancels(void *arg)
{
    cy_ref task;
    struct cy_task_options joinable = {.joinable = true, .daemon = true};
    (void) arg;
    until(CY_SECOND);
    WORLD_EQ(cy_task_spawn_on(&task, 1, seeks_for_ever, (void *) "service", &joinable), 0);
    until(1100 * MS);
    WORLD_EQ(standing_on(1), 1);
    WORLD_EQ(cy_terminate(task), 0);
    WORLD_EQ(cy_join(NULL, task, CY_FOREVER), 0);
    until(1200 * MS);
    WORLD_EQ(questions_of(0), 0);
    WORLD_EQ(standing_on(1), 0);
    return 0;
}

static void
forgets_everywhere_when_cancelled(void)
{
    run(cancels, idle, NULL, 3 * CY_SECOND);
}

static int
asks_nobody_now(void *arg)
{
    cy_ref ref = CY_NOBODY;
    (void) arg;
    until(CY_SECOND);
    WORLD_EQ(cy_task_locate(&ref, "service", NULL, CY_NOW), -ETIMEDOUT);
    WORLD_EQ(cy_task_locate(&ref, "no\ntext", NULL, cy_after(MS)), -ETIMEDOUT);
    hold(1, "no\ntext");
    WORLD_EQ(cy_task_locate(&ref, "no\ntext", NULL, cy_after(MS)), 0);
    hold(1, "service");
    WORLD_EQ(cy_task_locate(&ref, "service", NULL, CY_FOREVER), 0);
    WORLD_EQ(ref.node, tag_of(0));
    WORLD_EQ(counters_of(0).asked, 0);
    WORLD_EQ(counters_of(1).told, 0);
    return 0;
}

static void
asks_nobody_where_the_network_cannot_help(void)
{
    run(asks_nobody_now, has_service, NULL, 3 * CY_SECOND);
}

static int
has_a_channel(void *arg)
{
    cy_ref channel;
    (void) arg;
    WORLD_EQ(cy_channel_create(&channel, "news", NULL), 0);
    WORLD_EQ(cy_channel_register(channel, NULL), 0);
    return cy_sleep(CY_HOUR);
}

static int
seeks_a_channel(void *arg)
{
    cy_ref ref = CY_NOBODY;
    (void) arg;
    until(CY_SECOND);
    WORLD_EQ(cy_channel_locate(&ref, "news", NULL, cy_after(CY_SECOND)), 0);
    WORLD_EQ(cy_ref_kind(ref), CY_KIND_CHANNEL);
    WORLD_EQ(ref.node, tag_of(1));
    seek("news", NULL, 100 * MS); /* no task has it */
    WORLD_EQ(found.rc, -ETIMEDOUT);
    return 0;
}

static void
finds_channels_too(void)
{
    run(seeks_a_channel, has_a_channel, NULL, 3 * CY_SECOND);
}

CY_TEST_MAIN("transport.locate", CY_TEST(finds_at_once_what_another_node_has),
             CY_TEST(waits_for_a_name_that_comes_later), CY_TEST(asks_a_node_that_comes_later),
             CY_TEST(who_does_not_have_the_name_does_not_answer),
             CY_TEST(the_first_that_has_the_name_wins_and_the_others_forget),
             CY_TEST(a_second_answer_is_dropped), CY_TEST(forgets_everywhere_at_the_deadline),
             CY_TEST(forgets_everywhere_when_cancelled),
             CY_TEST(asks_nobody_where_the_network_cannot_help), CY_TEST(finds_channels_too))
