#include "seeds.h"

#include <cycos/channel.h>
#include <cycos/io.h>
#include <cycos/registry.h>
#include <string.h>

/*
 * Tasks wait for all there is to wait for, with messages, answers and exits under way, when
 * the node ends: by a shutdown at any moment, or because the main task returns.
 */

enum { TASKS_MAX = 40 };

struct state {
    cy_ref refs[TASKS_MAX * 4];
    uint32_t count;
    struct cy_lock locks[SEEDS_NODES * 4];
    struct cy_event events[SEEDS_NODES * 4];
    cy_ref channel;
    bool stubborn, by_shutdown;
};

static struct state *
state(void)
{
    return world.state;
}

/* What is left behind is reported, as it should be. */
static int
say_nothing(void *arg, enum cy_log_level level, const char *line, size_t bytes)
{
    (void) arg;
    (void) level;
    EXPECT(line[bytes - 1] == '\n');
    return 0;
}

static void
prepare(void)
{
    state()->by_shutdown = one_in(2);
    state()->stubborn = one_in(10);
    if (state()->stubborn) {
        world.may_lose_tasks = true;
        world.sim_options.turn_ns_max = 100 * CY_MICROSECOND;
        for (int i = 0; i < SEEDS_NODES; i++)
            world.options[i].log_sink = say_nothing;
    }
    world.nodes = one_in(4) ? 2 : 1;
    if (one_in(4))
        world.sim_options.no_memory_chance = draw_scarcity();
}

/* Locks and events belong to one core. */
static uint32_t
place(void)
{
    return (cyi_self->node == world.node[1] ? 4U : 0) + cy_core_index();
}

static cy_ref
somebody(void)
{
    return state()->count == 0 ? cy_self() : state()->refs[draw(state()->count)];
}

static void
remember(cy_ref ref)
{
    if (state()->count < sizeof state()->refs / sizeof *state()->refs)
        state()->refs[state()->count++] = ref;
}

static int any_task(void *arg);
static void any_handler(void *arg, cy_msg **msg);

static int
spawn_one(void)
{
    struct cy_task_options options = {.daemon = !state()->by_shutdown || one_in(2),
                                      .joinable = one_in(3),
                                      .monitor = one_in(3)};
    uint16_t on = (uint16_t) draw(cy_core_count());
    cy_ref ref;
    int rc = one_in(3) ? cy_handler_spawn_on(&ref, on, any_handler, NULL, &options)
                       : cy_task_spawn_on(&ref, on, any_task, NULL, &options);
    if (rc == 0)
        remember(ref);
    return rc == -ECANCELED ? rc : 0;
}

static int
send_something(void)
{
    cy_msg *msg = NULL;
    int rc = cy_msg_create(&msg, 1, draw(300));
    if (rc != 0)
        return 0;
    memset(cy_msg_body(msg), 0, cy_msg_size(msg));
    if (one_in(4)) {
        rc = cy_exit_value(&msg);
    } else if (one_in(3)) {
        rc = cy_deliver(somebody(), &msg, draw_deadline(CY_SECOND));
    } else if (one_in(2)) {
        cy_msg *reply = NULL;
        rc = cy_call(&reply, somebody(), &msg, cy_after(draw_time(CY_SECOND)));
        cy_msg_free(&reply);
    } else {
        rc = cy_send(somebody(), &msg);
    }
    cy_msg_free(&msg);
    return rc;
}

static int
receive_something(void)
{
    cy_msg *msg, *reply;
    int rc = cy_receive(&msg, one_in(2) ? CY_FOREVER : cy_after(draw_time(CY_SECOND)));
    if (rc != 0)
        return rc;
    if (one_in(2) && cy_msg_tag(msg) == 1 && cy_msg_copy(&reply, 1, "yes", 3) == 0) {
        (void) !cy_reply(msg, &reply);
        cy_msg_free(&reply);
    }
    cy_msg_free(&msg);
    return 0;
}

static int
use_lock(void)
{
    struct cy_lock *lock = &state()->locks[place()];
    int rc = cy_lock_acquire(lock, draw_deadline(CY_SECOND));
    if (rc != 0)
        return rc;
    rc = cy_sleep(draw_time(CY_SECOND));
    cy_lock_release(lock);
    return rc;
}

static int
use_channel(void)
{
    cy_msg *msg;
    cy_time deadline = draw_deadline(CY_SECOND);
    switch (draw(4)) {
    case 0:
        return cy_channel_subscribe(state()->channel, somebody(), deadline);
    case 1:
        return cy_channel_unsubscribe(state()->channel, somebody(), deadline);
    default:
        break;
    }
    int rc = cy_msg_create(&msg, 1, 0);
    if (rc != 0)
        return 0;
    rc = cy_channel_deliver(state()->channel, &msg, draw(3), deadline);
    cy_msg_free(&msg);
    return rc;
}

static int
use_name(void)
{
    const char *const names[] = {"red", "green", "blue"};
    cy_ref ref;
    if (one_in(3))
        return cy_task_register(names[draw(3)]);
    return cy_task_locate(&ref, names[draw(3)], NULL, draw_deadline(CY_SECOND));
}

static int
use_socket(void)
{
    cy_address any;
    cy_socket *listener, *stream;
    EXPECT_EQ(cy_address_parse(&any, "0.0.0.0", 0), 0);
    int rc = cy_tcp_listen(&listener, &any, NULL);
    if (rc != 0)
        return rc;
    rc = cy_tcp_accept(&stream, listener, draw_deadline(CY_SECOND));
    if (one_in(2)) /* else the node closes it at its end */
        cy_close(&listener);
    return rc;
}

static int
act(void)
{
    switch (draw(16)) {
    case 0:
    case 1:
        return spawn_one();
    case 2:
        return cy_sleep(draw_time(CY_MINUTE));
    case 3:
        return cy_join(NULL, somebody(), draw_deadline(CY_SECOND));
    case 4:
        return cy_monitor(somebody());
    case 5:
        return cy_notify(somebody());
    case 6:
        return cy_suspend(draw_deadline(CY_SECOND));
    case 7:
        return use_lock();
    case 8:
        return cy_event_wait(&state()->events[place()], draw_deadline(CY_SECOND));
    case 9:
        return use_channel();
    case 10:
        return use_name();
    case 11:
        return use_socket();
    case 12:
        return cy_wait_stopping(draw_deadline(CY_SECOND));
    case 13:
        return receive_something();
    default:
        return send_something();
    }
}

static int
any_task(void *arg)
{
    (void) arg;
    int rc = 0;
    for (uint32_t n = draw(30); n > 0 && rc != -ECANCELED; n--)
        rc = act();
    while (state()->stubborn && one_in(2))
        cy_yield();
    while (state()->stubborn && rc == -ECANCELED && one_in(20))
        cy_suspend(CY_FOREVER) == 0 ? 0 : cy_yield();
    return 0;
}

static void
any_handler(void *arg, cy_msg **msg)
{
    (void) arg;
    (void) msg;
    act();
    if (one_in(10))
        cy_handler_exit(0);
}

static int
never_end(void *arg)
{
    while (arg == NULL)
        cy_yield();
    return 0;
}

static int
end_some_time(void *arg)
{
    (void) arg;
    if (cy_core_index() == 0 && cy_ref_is_nobody(state()->channel) &&
        cy_channel_create(&state()->channel, "news", NULL) != 0)
        return 0;
    for (uint32_t n = draw(TASKS_MAX); n > 0; n--)
        spawn_one();
    cy_sleep(draw_time(one_in(2) ? CY_MILLISECOND : CY_SECOND));
    if (state()->stubborn)
        (void) !cy_task_spawn(NULL, never_end, NULL, NULL);
    if (state()->by_shutdown || state()->stubborn)
        cy_shutdown(one_in(4) ? 0 : draw_time(10 * CY_SECOND));
    if (one_in(2))
        cy_shutdown(draw_time(10 * CY_SECOND));
    return 0;
}

static void
every_node_ends_and_gives_everything_back(void)
{
    static const struct seeds_program program = {sizeof(struct state), prepare, end_some_time,
                                                 NULL};
    seeds_run(&program, 1000);
}

static int
end_at_once(void *arg)
{
    (void) arg;
    return 0;
}

static int
deliver_to_nobody(void *arg)
{
    cy_msg *msg;
    int rc = cy_msg_create(&msg, 1, 10);
    EXPECT_EQ(rc, 0);
    rc = cy_deliver(*(const cy_ref *) arg, &msg, CY_FOREVER);
    EXPECT(rc == 0 || rc == -ESRCH);
    cy_msg_free(&msg);
    return 0;
}

/* More answers than the ring has room for, when their askers have just been terminated. */
static int
leave_with_answers_under_way(void *arg)
{
    static cy_ref whom;
    (void) arg;
    EXPECT_EQ(cy_task_spawn_on(&whom, 1, end_at_once, NULL, NULL), 0);
    EXPECT_EQ(cy_join(NULL, whom, cy_after(CY_SECOND)) == -EDEADLK, false);
    for (int i = 0; i < 30; i++)
        EXPECT_EQ(cy_task_spawn(NULL, deliver_to_nobody, &whom, NULL), 0);
    cy_yield();
    cy_shutdown(0);
    return 0;
}

static void
prepare_tiny_rings(void)
{
    world.options[0].cores = 2;
    world.options[0].outbox_max = 1000;
    world.sim_options = (struct cyi_sim_options){
        .ring_size = 8, .pause_chance = CYI_SIM_CERTAIN / 4, .pause_ns_max = CY_SECOND};
}

static void
what_nobody_waits_for_any_more_is_given_back(void)
{
    static const struct seeds_program program = {.prepare = prepare_tiny_rings,
                                                 .main = leave_with_answers_under_way};
    seeds_run(&program, 200);
}

static int
sleep_until_cancelled(void *arg)
{
    (void) arg;
    EXPECT_EQ(cy_sleep(CY_FOREVER), -ECANCELED);
    return 0;
}

static int
leave_sleepers(void *arg)
{
    (void) arg;
    for (int i = 0; i < 10; i++) {
        uint16_t on = (uint16_t) draw(cy_core_count());
        EXPECT_EQ(cy_task_spawn_on(NULL, on, sleep_until_cancelled, NULL, NULL), 0);
    }
    cy_sleep(10 * CY_MILLISECOND);
    cy_shutdown(100 * CY_MILLISECOND);
    return 0;
}

static void
prepare_calm(void)
{
    world.options[0].outbox_max = 1000;
    world.sim_options = (struct cyi_sim_options){0};
}

/* The grace passes, because they do not end by themselves; then they end, and so do we. */
static void
check_haste(void)
{
    EXPECT(cyi_sim_now(world.sim) >= 110 * CY_MILLISECOND);
    EXPECT(cyi_sim_now(world.sim) < 120 * CY_MILLISECOND);
}

static void
the_end_comes_when_the_last_task_has_ended(void)
{
    static const struct seeds_program program = {
        .prepare = prepare_calm, .main = leave_sleepers, .check = check_haste};
    seeds_run(&program, 20);
}

CY_TEST_MAIN("sim.shutdown", CY_TEST(every_node_ends_and_gives_everything_back),
             CY_TEST(what_nobody_waits_for_any_more_is_given_back),
             CY_TEST(the_end_comes_when_the_last_task_has_ended))
