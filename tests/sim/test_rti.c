/*
 * test_rti.c - tasks that nodes start at each other, while connections are cut and nodes fail.
 *
 * Each call has a number, which its task notes. A call starts its task once or not at all; if
 * the caller was told that it runs, it has run, and if he was refused, it has not. Every call
 * comes to an end, a result is not lost while both nodes live, and a monitor tells of it once.
 * In a second kind of world there is too little memory now and then.
 */
#include "ledger.h"

#include <cycos/rti.h>
#include <stdlib.h>
#include <string.h>

enum { CALLS = 4000, IMMORTAL = 7, TAG_VALUE = 5 };

struct call {
    cy_ref task;
    uint8_t from, to; /* instances */
    uint8_t runs, monitors, exits;
    bool accepted, refused; /* as the caller was told */
    bool condemned, ended;
};

struct method {
    cy_ref ref;
    bool made, ends_with_node;
};

struct state {
    struct ledger ledger;
    struct method methods[LEDGER_INSTANCES];
    struct call calls[CALLS];
    uint32_t count;
    uint64_t refused, unknown, joins, downs;
};

static struct {
    uint64_t calls, refused, unknown, joins, downs, parted;
} sums;

static struct state *
state(void)
{
    return world.state;
}

static uint8_t
number_of(const struct ledger_instance *instance)
{
    return (uint8_t) (instance - ledger()->instances);
}

static bool
sending(void)
{
    return cyi_sim_now(world.sim) < ledger()->plan.stop_at;
}

/* Is there an excuse? */
static bool
scarce(int rc)
{
    return ledger()->plan.no_memory && rc == -ENOMEM;
}

/* Could these two have lost each other? */
static bool
parted(const struct call *call)
{
    const struct ledger_instance *a = &ledger()->instances[call->from];
    const struct ledger_instance *b = &ledger()->instances[call->to];
    return ledger_parted(a, b) || a->lost > 0 || b->lost > 0;
}

/* What is started. */

static int
code_of(uint32_t id)
{
    return 1 + (int) (id % 100);
}

static int
work(cy_args_reader *args)
{
    cy_value_writer w;
    cy_msg *value;
    uint64_t id = CALLS;
    cy_ref caller = CY_NOBODY;
    cy_args_get_uint(args, "id", &id);
    cy_args_get_ref(args, "caller", &caller);
    EXPECT_EQ(cy_args_end(args), 0);
    EXPECT(cy_ref_equal(caller, cy_rti_caller()));
    if (id >= CALLS)
        return 0;
    struct call *call = &state()->calls[id];
    call->runs++;
    note(id);
    cy_value_writer_init_msg(&w, TAG_VALUE);
    cy_value_put_uint(&w, id);
    int rc = cy_value_finish_msg(&w, &value);
    if (rc == 0 && (rc = cy_exit_value(&value)) != 0)
        cy_msg_free(&value);
    EXPECT(rc == 0 || scarce(rc));
    if (id % IMMORTAL == 0)
        EXPECT(cy_sleep(CY_HOUR) == -ECANCELED);
    else if (one_in(2))
        (void) !cy_sleep(draw_time(CY_SECOND));
    call->ended = true;
    return code_of((uint32_t) id);
}

static void
make_method(const struct ledger_instance *self)
{
    struct method *method = &state()->methods[number_of(self)];
    struct cy_rti_options options = {.result_ns = CY_HOUR,
                                     .results_max = CALLS,
                                     .signature = one_in(2) ? "id:uint caller:ref" : NULL,
                                     .tasks_max = one_in(3) ? draw_between(1, 5) : 0,
                                     .spread = one_in(2),
                                     .end_with_node = one_in(2)};
    method->ends_with_node = options.end_with_node;
    int rc = cy_rti_create(&method->ref, work, &options);
    EXPECT(rc == 0 || scarce(rc));
    method->made = rc == 0;
}

/* Who starts them. */

static void
check_exit(uint32_t id, const struct cy_exit *exit)
{
    const struct call *call = &state()->calls[id];
    cy_value_reader r;
    uint64_t value = CALLS;
    if (exit->reason == CY_EXIT_NODE_DOWN) {
        state()->downs++; /* whether rightly so shows at the end */
        return;
    }
    if (exit->reason == CY_EXIT_NO_TASK && scarce(exit->code))
        return;
    EXPECT(exit->reason != CY_EXIT_NO_TASK);
    EXPECT_EQ(call->runs, 1);
    EXPECT_EQ(exit->code, code_of(id));
    if (exit->value_bytes == 0 && ledger()->plan.no_memory)
        return;
    EXPECT_EQ(cy_value_reader_init(&r, exit->value, exit->value_bytes), 0);
    EXPECT_EQ(cy_value_get_uint(&r, &value), 0);
    EXPECT_EQ(value, id);
    if (exit->reason == CY_EXIT_TERMINATED)
        EXPECT(call->condemned || !sending() || state()->methods[call->to].ends_with_node);
}

static uint32_t
call_of(cy_ref task)
{
    uint32_t id = 0;
    while (id < state()->count && !cy_ref_equal(state()->calls[id].task, task))
        id++;
    return id;
}

static int
hear_for(cy_time duration)
{
    cy_time until = cy_after(duration);
    cy_msg *msg;
    int rc;
    while ((rc = cy_receive(&msg, until)) == 0) {
        struct cy_exit exit;
        EXPECT_EQ(cy_exit_read(&exit, msg), 0);
        uint32_t id = call_of(exit.task);
        EXPECT(id < state()->count);
        if (id < state()->count) {
            check_exit(id, &exit);
            state()->calls[id].exits++;
        }
        note((uint64_t) exit.reason << 32 | id);
        cy_msg_free(&msg);
    }
    return rc == -ETIMEDOUT ? 0 : rc;
}

static void
join(uint32_t id, cy_time patience)
{
    struct call *call = &state()->calls[id];
    struct cy_exit exit;
    cy_msg *msg;
    int rc = cy_join(&msg, call->task, cy_after(patience));
    EXPECT(rc == 0 || rc == -ETIMEDOUT || rc == -ECANCELED || rc == CY_ENOPEER ||
           rc == -EAGAIN || rc == -ESRCH || scarce(rc));
    if (rc == -ESRCH)
        EXPECT(ledger()->instances[call->to].crashed);
    if (rc != 0)
        return;
    EXPECT_EQ(cy_exit_read(&exit, msg), 0);
    check_exit(id, &exit);
    state()->joins++;
    cy_msg_free(&msg);
}

static void
follow(uint32_t id)
{
    struct call *call = &state()->calls[id];
    if (one_in(4))
        (void) !hear_for(draw_time(2 * CY_SECOND)); /* it may have ended long before */
    if (id % IMMORTAL == 0 && one_in(2)) {
        call->condemned = true;
        int rc = cy_terminate(call->task);
        EXPECT(rc == 0 || rc == -EAGAIN || rc == -ESRCH || rc == CY_ENOPEER || scarce(rc));
    }
    if (one_in(2)) {
        int rc = cy_monitor(call->task);
        EXPECT(rc == 0 || rc == -EAGAIN || rc == -ESRCH || rc == CY_ENOPEER || scarce(rc));
        if (rc == 0)
            call->monitors++;
    } else if (id % IMMORTAL != 0 || call->condemned) {
        join(id, draw_time(5 * CY_SECOND));
    }
}

static void
judge(struct call *call, int rc)
{
    call->accepted = rc == 0;
    call->refused =
        rc == -EAGAIN || rc == -ENOBUFS || rc == -EINVAL || rc == -EACCES || rc == -ENOENT;
    state()->refused += call->refused;
    state()->unknown += !call->accepted && !call->refused;
    EXPECT(call->accepted || call->refused || rc == -ETIMEDOUT || rc == CY_ENOPEER ||
           rc == -ECANCELED || scarce(rc));
    EXPECT(rc != -EINVAL && rc != -EACCES);
    EXPECT(rc != -ENOENT || !sending() || ledger()->instances[call->to].crashed);
}

static void
start_one(const struct ledger_instance *self)
{
    uint8_t to = (uint8_t) draw(ledger()->instance_count);
    if (!state()->methods[to].made || state()->count == CALLS)
        return;
    uint32_t id = state()->count++;
    struct call *call = &state()->calls[id];
    bool wanted = !one_in(5);
    cy_args args;
    call->from = number_of(self);
    call->to = to;
    cy_args_init(&args);
    cy_args_put_ref(&args, "caller", cy_self());
    cy_args_put_uint(&args, one_in(2) ? "id" : NULL, id);
    int rc = cy_rti_call(wanted ? &call->task : NULL, state()->methods[to].ref, &args,
                         cy_after(draw_time(10 * CY_SECOND)));
    cy_args_fini(&args);
    note((uint64_t) (uint32_t) rc << 32 | id);
    judge(call, rc);
    if (rc == 0 && wanted)
        follow(id);
}

static int
call_others(void *arg)
{
    const struct ledger_instance *self = arg;
    while (sending() && world.complaint[0] == '\0') {
        start_one(self);
        if (hear_for(draw_time(300 * CY_MILLISECOND)) != 0)
            return 0;
    }
    while (cyi_sim_now(world.sim) < ledger()->plan.end_at && hear_for(CY_SECOND) == 0)
        continue;
    return 0;
}

static int
people(void *arg)
{
    struct ledger_instance *self = arg;
    uint32_t callers = draw_between(1, 4);
    make_method(self);
    for (uint32_t i = 0; i < callers; i++) {
        int rc =
            cy_task_spawn_on(NULL, (uint16_t) draw(cy_core_count()), call_others, self, NULL);
        EXPECT(rc == 0 || scarce(rc));
    }
    return 0;
}

static void
prepare(void)
{
    ledger_prepare(2, 4);
    struct ledger_plan *plan = &ledger()->plan;
    plan->parties = draw(2);
    plan->companion = people;
    plan->messages = 20;
    plan->stop_at = 7 * CY_SECOND;
    plan->end_at = 30 * CY_SECOND;
    world.sim_options.jump_chance = 0;
    world.sim_options.may_crash = true;
    cyi_sim_swarm_draw(&world.swarm, world.seed);
    if (one_in(3))
        world.swarm.kinds = 0;
    world.swarm.end = plan->stop_at;
    world.swarm.every_max = 8 * CY_SECOND + draw_time(60 * CY_SECOND);
    world.swarm.lasts_max = 10 * CY_SECOND;
}

static void
prepare_scarce(void)
{
    prepare();
    world.sim_options.no_memory_chance = draw_scarcity() / 16;
    ledger()->plan.no_memory = true;
}

static void
check_call(uint32_t id)
{
    const struct call *call = &state()->calls[id];
    bool from_lives = !ledger()->instances[call->from].crashed;
    bool to_lives = !ledger()->instances[call->to].crashed;
    EXPECT(call->runs <= 1);
    EXPECT(!call->refused || call->runs == 0);
    EXPECT(!call->accepted || call->runs == 1 || !to_lives);
    EXPECT(call->ended || call->runs == 0 || !to_lives);
    if (!from_lives)
        return;
    if (id % IMMORTAL != 0 || !to_lives)
        EXPECT_EQ(call->exits, call->monitors);
    EXPECT(call->exits <= call->monitors);
    sums.parted += parted(call);
}

static void
check(void)
{
    ledger_check();
    for (uint32_t id = 0; id < state()->count; id++)
        check_call(id);
    if (state()->downs > 0) {
        bool any = false;
        for (uint32_t id = 0; id < state()->count; id++)
            any |= parted(&state()->calls[id]);
        EXPECT(any);
    }
    sums.calls += state()->count;
    sums.refused += state()->refused;
    sums.unknown += state()->unknown;
    sums.joins += state()->joins;
    sums.downs += state()->downs;
}

static void
print_sums(void)
{
    ledger_print("rti");
    if (getenv("CY_TEST_VERBOSE") != NULL)
        printf("calls %llu, refused %llu, unknown %llu, joins %llu, nodes down %llu, parted "
               "%llu\n",
               (unsigned long long) sums.calls, (unsigned long long) sums.refused,
               (unsigned long long) sums.unknown, (unsigned long long) sums.joins,
               (unsigned long long) sums.downs, (unsigned long long) sums.parted);
}

static void
a_call_starts_its_task_once_or_not_at_all(void)
{
    static const struct seeds_program program = {sizeof(struct state), prepare, ledger_main,
                                                 check};
    seeds_run(&program, 100);
    print_sums();
}

static void
the_same_holds_without_memory(void)
{
    static const struct seeds_program program = {sizeof(struct state), prepare_scarce,
                                                 ledger_main, check};
    seeds_run(&program, 50);
    print_sums();
}

CY_TEST_MAIN("sim.rti", CY_TEST(a_call_starts_its_task_once_or_not_at_all),
             CY_TEST(the_same_holds_without_memory))
