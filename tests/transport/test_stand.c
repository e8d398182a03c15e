#include "locate_world.h"
#include <stdlib.h>

/* Limits of questions, and peers that say what is not true. */

enum { MAX = 4, SEEKERS = 1000 };

static void
open_two(cy_task_fn *first, cy_task_fn *second, cy_time end)
{
    cy_task_fn *const scripts[] = {first, second};
    locate_open(2, scripts, end);
}

static uint32_t found_count;

static int
seeks_with_others(void *arg)
{
    cy_ref ref = CY_NOBODY;
    (void) arg;
    WORLD_EQ(cy_task_locate(&ref, "service", NULL, cy_after(9 * CY_SECOND)), 0);
    WORLD_EQ(ref.node, tag_of(1));
    found_count++;
    return 0;
}

static int
seeks_a_thousandfold(void *arg)
{
    struct cy_task_options daemon = {.daemon = true};
    (void) arg;
    until(CY_SECOND);
    for (uint32_t i = 0; i < SEEKERS; i++)
        WORLD_EQ(cy_task_spawn_on(NULL, i % 2, seeks_with_others, NULL, &daemon), 0);
    until(1500 * MS);
    WORLD_EQ(questions_of(0), 1);
    WORLD_EQ(counters_of(0).asked, 1);
    WORLD_EQ(standing_on(1), 1);
    until(3 * CY_SECOND);
    WORLD_EQ(found_count, SEEKERS);
    WORLD_EQ(counters_of(0).asked, 1);
    WORLD_EQ(questions_of(0), 0);
    return 0;
}

static int
has_it_at_two(void *arg)
{
    (void) arg;
    until(2 * CY_SECOND);
    hold(1, "service");
    return 0;
}

static void
a_thousand_seekers_are_one_question(void)
{
    found_count = 0;
    open_two(seeks_a_thousandfold, has_it_at_two, 4 * CY_SECOND);
    world_run();
}

static int
seeks_twice(void *arg)
{
    cy_ref ref = CY_NOBODY;
    (void) arg;
    for (int i = 0; i < 2; i++)
        WORLD_EQ(cy_task_locate(&ref, "service", NULL, cy_after(9 * CY_SECOND)), 0);
    WORLD_CHECK(cyi_sim_now(world.sim) < 2100 * MS);
    found_count++;
    return 0;
}

/* So many that some seek again before the hub has said that the question is over. */
static int
seeks_in_a_row(void *arg)
{
    struct cy_task_options daemon = {.daemon = true};
    (void) arg;
    until(CY_SECOND);
    for (uint32_t i = 0; i < SEEKERS; i++)
        WORLD_EQ(cy_task_spawn_on(NULL, i % 2, seeks_twice, NULL, &daemon), 0);
    until(3 * CY_SECOND);
    WORLD_EQ(found_count, SEEKERS);
    WORLD_EQ(questions_of(0), 0);
    WORLD_EQ(standing_on(1), 0);
    return 0;
}

static void
who_seeks_again_asks_again(void)
{
    found_count = 0;
    open_two(seeks_in_a_row, has_it_at_two, 4 * CY_SECOND);
    world_run();
}

static const char *const NAMES[] = {"a", "b", "c", "d", "e", "f"};

static int results[6];
static cy_time found_at[6];

static int
seeks_one(void *arg)
{
    cy_ref ref = CY_NOBODY;
    uintptr_t which = (uintptr_t) arg;
    results[which] = cy_task_locate(&ref, NAMES[which], NULL, cy_after(9 * CY_SECOND));
    found_at[which] = cyi_sim_now(world.sim);
    return 0;
}

static void
seek_some(uint32_t first, uint32_t end)
{
    struct cy_task_options daemon = {.daemon = true};
    for (uint32_t i = first; i < end; i++) {
        results[i] = 1;
        WORLD_EQ(cy_task_spawn_on(NULL, i % 2, seeks_one, (void *) (uintptr_t) i, &daemon), 0);
    }
    until(cyi_sim_now(world.sim) + 100 * MS);
}

static int
seeks_too_many(void *arg)
{
    (void) arg;
    net_of(0)->limits.questions_max = MAX;
    until(CY_SECOND);
    seek_some(0, MAX);
    WORLD_EQ(questions_of(0), MAX);
    seek_some(MAX, MAX + 1);
    WORLD_EQ(results[MAX], -ENOBUFS);
    WORLD_EQ(questions_of(0), MAX);
    for (int i = 0; i < MAX; i++)
        WORLD_EQ(results[i], 1);
    until(3 * CY_SECOND); /* "a" is there now, and has made room */
    WORLD_EQ(results[0], 0);
    seek_some(MAX, MAX + 1);
    WORLD_EQ(results[MAX], 1);
    WORLD_EQ(questions_of(0), MAX);
    return 0;
}

static int
has_a_at_two(void *arg)
{
    (void) arg;
    until(2 * CY_SECOND);
    hold(0, "a");
    return 0;
}

static void
a_node_has_so_many_questions_and_no_more(void)
{
    open_two(seeks_too_many, has_a_at_two, 5 * CY_SECOND);
    world_run();
}

static int
is_refused(void *arg)
{
    (void) arg;
    until(CY_SECOND);
    seek_some(0, MAX);
    WORLD_EQ(standing_on(1), MAX);
    WORLD_EQ(counters_of(1).refused, 0);
    seek_some(MAX, 6); /* "e" has to wait, "f" is there */
    WORLD_EQ(standing_on(1), MAX);
    WORLD_EQ(results[MAX], 1);
    WORLD_EQ(results[5], 0);
    WORLD_CHECK(counters_of(1).refused >= 1);
    until(6 * CY_SECOND);
    WORLD_EQ(results[0], 0);
    WORLD_EQ(results[MAX], 0); /* found when "a" had made room */
    WORLD_CHECK(found_at[MAX] >= 3 * CY_SECOND);
    WORLD_EQ(standing_on(1), 3);
    WORLD_EQ(questions_of(0), 3);
    return 0;
}

static int
has_a_then_e(void *arg)
{
    (void) arg;
    net_of(1)->limits.questions_max = MAX;
    hold(1, "f");
    until(2 * CY_SECOND);
    hold(0, "a");
    until(3 * CY_SECOND);
    WORLD_EQ(standing_on(1), MAX);
    until(4 * CY_SECOND);
    hold(0, "e");
    return 0;
}

static void
so_many_questions_of_a_node_stand_and_the_next_is_asked_again(void)
{
    open_two(is_refused, has_a_then_e, 7 * CY_SECOND);
    world_run();
}

/* While "e" is refused, "f" finds room; when all from "e" on are asked again, it stands. */
static int
is_asked_twice(void *arg)
{
    (void) arg;
    until(CY_SECOND);
    seek_some(0, MAX + 1);
    WORLD_CHECK(counters_of(1).refused >= 1);
    until(1600 * MS);
    seek_some(MAX + 1, 6);
    WORLD_EQ(standing_on(1), 2); /* "d" and "f" */
    until(3 * CY_SECOND);
    WORLD_EQ(standing_on(1), 3);
    WORLD_EQ(questions_of(0), 3);
    WORLD_EQ(counters_of(1).refused, 1);
    return 0;
}

static int
makes_room(void *arg)
{
    (void) arg;
    net_of(1)->limits.questions_max = MAX;
    until(1500 * MS);
    for (int i = 0; i < 3; i++)
        hold(0, NAMES[i]);
    return 0;
}

static void
what_stands_already_stands_once(void)
{
    open_two(is_asked_twice, makes_room, 4 * CY_SECOND);
    world_run();
}

/* Node 1 lies. */
static void
lie(cy_ref ref, uint32_t id)
{
    int error;
    struct cyi_link *link = cyi_link_find(world.nodes[1].node->cores[0], tag_of(0), 0);
    WORLD_CHECK(link != NULL);
    uint8_t *at = cyi_link_put(link, CYI_OP_LOCATED, 0, 4 + CYI_REF_BYTES, &error);
    cyi_put32(at, id);
    cyi_wire_put_ref(at + 4, ref);
}

static uint64_t
bad_frames(uint32_t node)
{
    return net_of(node)->cores[0].counters.bad_frame;
}

static cy_ref
some_task(uint32_t node, enum cy_kind kind)
{
    cy_ref ref = world.nodes[node].node->cores[1]->home;
    ref.slot = (uint32_t) kind << 28 | 3;
    return ref;
}

static int
lies(void *arg)
{
    cy_ref mine = some_task(1, CY_KIND_TASK), alien = mine;
    (void) arg;
    until(2 * CY_SECOND);
    WORLD_EQ(standing_on(1), 1);
    alien.node++;
    lie(alien, 1); /* speaks for a third node */
    until(3 * CY_SECOND);
    WORLD_EQ(bad_frames(0), 1);
    lie(some_task(0, CY_KIND_TASK), 1); /* for the one that asks */
    until(4 * CY_SECOND);
    WORLD_EQ(bad_frames(0), 2);
    lie(some_task(1, CY_KIND_CHANNEL), 1); /* another kind */
    until(5 * CY_SECOND);
    WORLD_EQ(bad_frames(0), 3);
    lie(mine, 2); /* nobody has asked that */
    until(6 * CY_SECOND);
    WORLD_EQ(results[0], 1);
    lie(mine, 1); /* who would know */
    until(7 * CY_SECOND);
    WORLD_EQ(results[0], 0);
    lie(mine, 1); /* late */
    until(8 * CY_SECOND);
    WORLD_EQ(bad_frames(0), 3);
    return 0;
}

static int
is_lied_to(void *arg)
{
    (void) arg;
    until(CY_SECOND);
    seek_some(0, 1);
    until(8 * CY_SECOND);
    WORLD_EQ(questions_of(0), 0);
    return 0;
}

static void
a_node_speaks_for_itself_alone(void)
{
    open_two(is_lied_to, lies, 9 * CY_SECOND);
    world_run();
}

static int
lies_about_the_core(void *arg)
{
    cy_ref mine = some_task(1, CY_KIND_TASK);
    (void) arg;
    until(2 * CY_SECOND);
    WORLD_EQ(standing_on(1), 1);
    lie(mine, 1); /* of core 1 */
    until(3 * CY_SECOND);
    WORLD_EQ(results[0], 1);
    mine.core = 0;
    lie(mine, 1);
    until(4 * CY_SECOND);
    WORLD_EQ(results[0], 0);
    return 0;
}

static int
seeks_on_core_zero(void *arg)
{
    cy_ref ref = CY_NOBODY;
    (void) arg;
    until(CY_SECOND);
    cy_location there = location_of(1, 0);
    results[0] = 1;
    results[0] = cy_task_locate(&ref, "a", &there, cy_after(9 * CY_SECOND));
    WORLD_EQ(ref.core, 0);
    return 0;
}

static void
an_answer_from_the_wrong_place_is_none(void)
{
    open_two(seeks_on_core_zero, lies_about_the_core, 5 * CY_SECOND);
    world_run();
}

/* Over a link that is not between hubs, nobody asks. */
static int
asks_by_the_wrong_link(void *arg)
{
    int error;
    struct cyi_link *link;
    struct cyi_locate_item item = {.id = 1, .kind = CY_KIND_TASK, .core = CYI_CORE_ANY};
    (void) arg;
    until(CY_SECOND);
    WORLD_EQ(cyi_link_get(&link, cyi_self, some_task(1, CY_KIND_TASK)), 0);
    uint8_t *at = cyi_link_put(link, CYI_OP_LOCATE, 0, CYI_LOCATE_BYTES + 1, &error);
    cyi_locate_write(at, &item)[0] = 'a';
    until(2 * CY_SECOND);
    WORLD_EQ(net_of(1)->cores[1].counters.bad_frame, 1);
    WORLD_EQ(standing_on(1), 0);
    return 0;
}

static int
idle(void *arg)
{
    (void) arg;
    return 0;
}

static void
only_hubs_are_asked(void)
{
    open_two(asks_by_the_wrong_link, idle, 3 * CY_SECOND);
    world_run();
}

CY_TEST_MAIN("transport.stand", CY_TEST(a_thousand_seekers_are_one_question),
             CY_TEST(a_node_has_so_many_questions_and_no_more),
             CY_TEST(so_many_questions_of_a_node_stand_and_the_next_is_asked_again),
             CY_TEST(what_stands_already_stands_once), CY_TEST(who_seeks_again_asks_again),
             CY_TEST(a_node_speaks_for_itself_alone),
             CY_TEST(an_answer_from_the_wrong_place_is_none), CY_TEST(only_hubs_are_asked))
