/* test_node.c - making a node, its phases, its end, what is left behind. */
#include "hand.h"

#include <string.h>

static int
nothing(void *arg)
{
    (void) arg;
    return 0;
}

static int
return_it(void *arg)
{
    return *(int *) arg;
}

static void
the_status_is_what_main_returned(void)
{
    static const struct {
        int code, status;
    } WANT[] = {{0, 0}, {1, 1}, {255, 255}, {256, 255}, {-1, 255}, {-256, 255}, {-125, 255}};
    for (size_t i = 0; i < sizeof WANT / sizeof *WANT; i++) {
        struct hand hand;
        int code = WANT[i].code;
        hand_open(&hand, 1, return_it, &code);
        hand_run(&hand);
        CU_ASSERT_EQUAL(hand_close(&hand), WANT[i].status);
    }
}

/* How main ends after the shutdown has begun. */
static int
stop_and_return(void *arg)
{
    int code = *(int *) arg;
    cy_shutdown(CY_HOUR);
    for (int i = 0; i < 1000; i++)
        cy_yield(); /* several turns: the core has followed */
    CY_CHECK(cy_stopping());
    return code;
}

static void
main_may_still_say_its_status_during_the_grace(void)
{
    static const struct {
        int code, status;
    } WANT[] = {{0, 0}, {7, 7}, {-ECANCELED, 0}, {-EIO, 255}};
    for (size_t i = 0; i < sizeof WANT / sizeof *WANT; i++) {
        struct hand hand;
        int code = WANT[i].code;
        hand_open(&hand, 1, stop_and_return, &code);
        hand_run(&hand);
        CU_ASSERT_EQUAL(hand_close(&hand), WANT[i].status);
    }
}

static int
wait_to_be_terminated(void *arg)
{
    (void) arg;
    cy_shutdown(0);
    CY_CHECK_EQ(cy_suspend(CY_FOREVER), -ECANCELED);
    return 9;
}

static void
a_main_that_was_terminated_has_no_say(void)
{
    struct hand hand;
    hand_open(&hand, 1, wait_to_be_terminated, NULL);
    hand_run(&hand);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
}

static cy_time
stop_at(const struct hand *hand)
{
    return atomic_load(&hand->node->stop_at);
}

static int
phase(const struct hand *hand)
{
    return atomic_load(&hand->node->phase);
}

static void
a_second_shutdown_can_only_shorten_the_grace(void)
{
    struct hand hand;
    hand_open(&hand, 1, nothing, NULL);
    CU_ASSERT_EQUAL(stop_at(&hand), CY_FOREVER);
    cyi_node_stop(hand.node, CY_FOREVER);
    CU_ASSERT_EQUAL(phase(&hand), CYI_PHASE_STOPPING);
    CU_ASSERT_EQUAL(stop_at(&hand), CY_FOREVER);
    cyi_node_stop(hand.node, CY_HOUR);
    cy_time hour = stop_at(&hand);
    CU_ASSERT_TRUE(hour < CY_FOREVER);
    cyi_node_stop(hand.node, 2 * CY_HOUR);
    CU_ASSERT_EQUAL(stop_at(&hand), hour);
    cyi_node_stop(hand.node, -1);
    CU_ASSERT_TRUE(stop_at(&hand) < hour);
    hand_run(&hand);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
}

static int
stay(void *arg)
{
    (void) arg;
    CY_CHECK_EQ(cy_suspend(CY_FOREVER), -ECANCELED);
    return 0;
}

static void
a_shutdown_cannot_shorten_the_last_second(void)
{
    struct hand hand;
    hand_open(&hand, 1, stay, NULL);
    hand_turn(&hand, 0);
    cyi_node_stop(hand.node, 0);
    cy_time before = cy_now();
    hand_turn(&hand, 0);
    CU_ASSERT_EQUAL(phase(&hand), CYI_PHASE_TERMINATE);
    cy_time last = stop_at(&hand);
    cyi_node_stop(hand.node, 0);
    CU_ASSERT_EQUAL(stop_at(&hand), last);
    CU_ASSERT_TRUE(last >= before + CY_SECOND);
    hand_run(&hand);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
}

static int
shut_and_spawn(void *arg)
{
    struct cy_task_options daemon = {.daemon = true};
    (void) arg;
    CY_CHECK(!cy_stopping());
    cy_shutdown(CY_HOUR);
    CY_CHECK(cy_stopping());
    /* In the same turn, before any core has followed. */
    CY_CHECK_EQ(cy_task_spawn(NULL, nothing, NULL, NULL), -EAGAIN);
    CY_CHECK_EQ(cy_task_spawn(NULL, nothing, NULL, &daemon), -EAGAIN);
    CY_CHECK_EQ(cy_task_spawn_on(NULL, 1, nothing, NULL, NULL), -EAGAIN);
    return 0;
}

static void
no_task_starts_once_the_shutdown_has_begun(void)
{
    struct hand hand;
    hand_open(&hand, 2, shut_and_spawn, NULL);
    hand_run(&hand);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
}

/* Does not end when it is cancelled. */
static int
ignore_the_end(void *arg)
{
    int rounds = 0;
    (void) arg;
    while (rounds >= 0)
        rounds += cy_yield() == 1;
    return 0;
}

static void
clean_up(void *arg)
{
    (void) arg;
    CY_CHECK(false); /* nobody runs the clean-ups of who is left behind */
}

/* Takes a bit of everything that the runtime keeps for a task, then stays. */
static int
collect(void *arg)
{
    cy_ref other = *(cy_ref *) arg;
    cy_msg *value;
    for (int i = 0; i < 3; i++)
        CY_CHECK_EQ(cy_defer(clean_up, NULL), 0);
    CY_CHECK_EQ(cy_msg_copy(&value, 1, "value", 5), 0);
    CY_CHECK_EQ(cy_exit_value(&value), 0);
    CY_CHECK_EQ(cy_monitor(other), 0);
    CY_CHECK_EQ(cy_notify(other), 0);
    CY_CHECK_EQ(cy_monitor(cy_self()), 0);
    return ignore_the_end(NULL);
}

static int
join_it(void *arg)
{
    cy_msg *exit;
    CY_CHECK_EQ(cy_join(&exit, *(cy_ref *) arg, CY_FOREVER), -ECANCELED);
    return 0;
}

static cy_ref left[2];

static int
leave_body(void *arg)
{
    struct cy_task_options options = {
        .name = "left behind", .joinable = true, .mailbox_max = 2};
    (void) arg;
    left[0] = cy_self();
    for (uint16_t core = 0; core < 2; core++)
        CY_CHECK_EQ(cy_task_spawn_on(&left[core], core, collect, &left[0], &options), 0);
    for (uint16_t core = 0; core < 2; core++) {
        CY_CHECK_EQ(cy_task_spawn(NULL, join_it, &left[core], NULL), 0);
        CY_CHECK_EQ(cy_monitor(left[core]), 0);
        for (int i = 0; i < 2; i++)
            CY_CHECK_EQ(cy_send_bytes(left[core], 1, "four", 4), 0);
    }
    /* On core 1 it goes on until we hear that it is full. */
    while (cy_send_bytes(left[1], 1, "more", 4) == 0)
        cy_node_settle();
    cy_shutdown(0);
    return 0;
}

static void
who_is_left_behind_gives_back_what_is_ours(void)
{
    struct hand hand;
    hand_open(&hand, 2, leave_body, NULL);
    hand.left_behind = 2;
    while (phase(&hand) != CYI_PHASE_TERMINATE) {
        hand_turn(&hand, 0);
        hand_turn(&hand, 1);
    }
    for (int i = 0; i < 10; i++) {
        hand_turn(&hand, 0);
        hand_turn(&hand, 1);
    }
    atomic_store(&hand.node->stop_at, CY_NOW); /* the last second is over */
    hand_run(&hand);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
}

static void
a_node_that_never_ran_can_be_freed(void)
{
    struct hand hand;
    hand_open(&hand, 3, nothing, NULL);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
}

static int extension_made, extension_ended;
static cy_ref extension_heard, extension_lost;

static int
fail_to_make(struct cyi_extension *out, const struct cyi_node *node)
{
    (void) node;
    out->data = &extension_made; /* half made: not to be used */
    return -ENOMEM;
}

static void
hear(struct cyi_core *core, void *data, cy_ref ref)
{
    (void) core;
    CY_CHECK(data == &extension_made);
    extension_heard = ref;
}

static void
hear_of_peer(struct cyi_core *core, void *data, cy_ref peer)
{
    (void) core;
    CY_CHECK(data == &extension_made);
    extension_lost = peer;
}

static void
end_extension(void *data)
{
    CU_ASSERT_PTR_EQUAL(data, &extension_made);
    extension_ended++;
}

static int
make(struct cyi_extension *out, const struct cyi_node *node)
{
    (void) node;
    extension_made++;
    *out = (struct cyi_extension){
        .data = &extension_made, .gone = hear, .lost = hear_of_peer, .fini = end_extension};
    return 0;
}

static void
an_extension_is_made_once_and_told_of_each_end(void)
{
    struct hand hand;
    cy_ref ref = {.node = 1, .slot = 2};
    extension_made = extension_ended = 0;
    hand_open(&hand, 1, nothing, NULL);
    struct cyi_node *node = hand.node;
    CU_ASSERT_PTR_NULL(cyi_node_extend(node, CYI_EXTENSION_REGISTRY, fail_to_make));
    cyi_node_gone(node->cores[0], ref);
    CU_ASSERT_TRUE(cy_ref_is_nobody(extension_heard));
    for (int i = 0; i < 2; i++)
        CU_ASSERT_PTR_EQUAL(cyi_node_extend(node, CYI_EXTENSION_REGISTRY, make),
                            &extension_made);
    CU_ASSERT_EQUAL(extension_made, 1);
    cyi_node_gone(node->cores[0], ref);
    CU_ASSERT_TRUE(cy_ref_equal(extension_heard, ref));
    ref.node = 2;
    cyi_node_lost(node->cores[0], ref);
    CU_ASSERT_TRUE(cy_ref_equal(extension_lost, ref));
    hand_run(&hand);
    CU_ASSERT_EQUAL(extension_ended, 0);
    CU_ASSERT_EQUAL(hand_close(&hand), 0);
    CU_ASSERT_EQUAL(extension_ended, 1);
}

/* A world whose random numbers begin with zeros, and whose n-th reactor cannot be opened. */
static struct cyi_os odd_os;
static struct cyi_reactor_ops odd_reactor;
static int zeros, reactors_left;

static void
odd_random(struct cyi_os *os, void *buffer, size_t size)
{
    if (zeros-- > 0)
        memset(buffer, 0, size);
    else
        cyi_os_linux()->random(os, buffer, size);
}

static int
odd_open(struct cyi_os *os, struct cyi_reactor **out)
{
    return reactors_left-- > 0 ? cyi_os_linux()->reactor->open(os, out) : -EMFILE;
}

static struct cyi_os *
make_odd_os(int zero_count, int reactor_count)
{
    odd_os = *cyi_os_linux();
    odd_reactor = *odd_os.reactor;
    odd_reactor.open = odd_open;
    odd_os.reactor = &odd_reactor;
    odd_os.random = odd_random;
    zeros = zero_count;
    reactors_left = reactor_count;
    return &odd_os;
}

static void
a_node_that_cannot_be_made_leaves_nothing(void)
{
    struct cy_options options;
    struct cyi_node *node = NULL;
    cy_node_options(&options, 3);
    for (int reactors = 0; reactors < 3; reactors++) {
        CY_FAILS(cyi_node_create(&node, &options, make_odd_os(0, reactors)), -EMFILE);
        CU_ASSERT_PTR_NULL(node);
    }
}

static void
the_tag_of_a_node_is_never_zero(void)
{
    struct cy_options options;
    struct cyi_node *node;
    cy_node_options(&options, 1);
    CY_OK(cyi_node_create(&node, &options, make_odd_os(3, 1)));
    CU_ASSERT_NOT_EQUAL(node->tag, 0);
    CU_ASSERT_TRUE(zeros < 0);
    CU_ASSERT_EQUAL(cyi_node_free(&node), 0);
}

static void
bad_options_are_refused_by_name(void)
{
    struct cy_options options;
    struct cyi_node *node = NULL;
    cy_node_options(&options, CY_CORES_MAX + 1);
    CY_FAILS(cyi_node_create(&node, &options, cyi_os_linux()), -EINVAL);
    CU_ASSERT_PTR_NULL(node);
    CU_ASSERT_PTR_NOT_NULL(strstr(options.error, "cores"));
}

CY_TEST_MAIN("runtime.node", CY_TEST(the_status_is_what_main_returned),
             CY_TEST(main_may_still_say_its_status_during_the_grace),
             CY_TEST(a_main_that_was_terminated_has_no_say),
             CY_TEST(a_second_shutdown_can_only_shorten_the_grace),
             CY_TEST(a_shutdown_cannot_shorten_the_last_second),
             CY_TEST(no_task_starts_once_the_shutdown_has_begun),
             CY_TEST(who_is_left_behind_gives_back_what_is_ours),
             CY_TEST(a_node_that_never_ran_can_be_freed),
             CY_TEST(an_extension_is_made_once_and_told_of_each_end),
             CY_TEST(a_node_that_cannot_be_made_leaves_nothing),
             CY_TEST(the_tag_of_a_node_is_never_zero), CY_TEST(bad_options_are_refused_by_name))
