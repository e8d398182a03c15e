#include "cy_test.h"
#include <cycos/impl/wheel.h>

#include <stdlib.h>
#include <string.h>

#define TICK ((cy_time) 1 << CYI_WHEEL_TICK_BITS)

static struct cyi_wheel wheel;

/* xorshift64*: small, and the same everywhere. */
static uint64_t
random_next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

static uint64_t
random_below(uint64_t *state, uint64_t bound)
{
    return random_next(state) % bound;
}

/* The first moment at which a timer may fire: its tick, rounded up. */
static cy_time
round_up(cy_time when)
{
    if (when <= 0)
        return 0;
    return when > CY_FOREVER - TICK ? CY_FOREVER : (when + TICK - 1) / TICK * TICK;
}

/* Calls expire() until it is really done, as the loop of a core does over several turns. */
static struct cyi_timer *
expire(cy_time now)
{
    struct cyi_timer *timer;
    do
        timer = cyi_wheel_expire(&wheel, now);
    while (timer == NULL && cyi_wheel_next(&wheel) <= now);
    return timer;
}

static void
an_empty_wheel_waits_forever(void)
{
    cyi_wheel_init(&wheel, 12345);
    CU_ASSERT_PTR_NULL(expire(CY_HOUR));
    CU_ASSERT_EQUAL(cyi_wheel_next(&wheel), CY_FOREVER);
    CU_ASSERT_EQUAL(cyi_wheel_count(&wheel), 0);
}

static void
a_zeroed_timer_is_not_armed(void)
{
    struct cyi_timer timer = {0};
    cyi_wheel_init(&wheel, 0);
    CU_ASSERT_FALSE(cyi_timer_armed(&timer));
    cyi_wheel_cancel(&wheel, &timer);
    CU_ASSERT_FALSE(cyi_timer_armed(&timer));
    CU_ASSERT_EQUAL(cyi_wheel_count(&wheel), 0);
    CU_ASSERT_EQUAL(sizeof timer, 24);
}

/* At distances around each boundary between levels. */
static void
fires_neither_early_nor_more_than_a_tick_late(void)
{
    static const cy_time starts[] = {0,    1,          TICK - 1,
                                     TICK, 255 * TICK, INT64_C(0x123456789abcdef)};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        for (int shift = 0; shift < 55; shift++) {
            for (int off = -1; off <= 1; off++) {
                struct cyi_timer timer = {0};
                cy_time when = starts[i] + ((cy_time) 2 << shift) + off;
                cyi_wheel_init(&wheel, starts[i]);
                cyi_wheel_arm(&wheel, &timer, when);
                CU_ASSERT_PTR_NULL(expire(when - 1));
                CU_ASSERT_TRUE(cyi_wheel_next(&wheel) <= round_up(when));
                CU_ASSERT_PTR_EQUAL(expire(when + TICK - 1), &timer);
                CU_ASSERT_FALSE(cyi_timer_armed(&timer));
                CU_ASSERT_EQUAL(cyi_wheel_next(&wheel), CY_FOREVER);
            }
        }
    }
}

static void
a_time_that_has_passed_fires_at_the_next_call(void)
{
    static const cy_time times[] = {INT64_MIN, -1, 0, CY_SECOND - 1, CY_SECOND};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        struct cyi_timer timer = {0};
        cyi_wheel_init(&wheel, CY_SECOND);
        CU_ASSERT_PTR_NULL(expire(CY_SECOND + TICK));
        cyi_wheel_arm(&wheel, &timer, times[i]);
        CU_ASSERT_TRUE(cyi_wheel_next(&wheel) <= CY_SECOND + TICK);
        CU_ASSERT_PTR_EQUAL(cyi_wheel_expire(&wheel, CY_SECOND + TICK), &timer);
    }
}

static void
forever_is_armed_but_never_fires(void)
{
    struct cyi_timer timer = {0}, last = {0};
    cyi_wheel_init(&wheel, CY_SECOND);
    cyi_wheel_arm(&wheel, &timer, CY_FOREVER);
    CU_ASSERT_TRUE(cyi_timer_armed(&timer));
    CU_ASSERT_PTR_NULL(expire(CY_FOREVER - 1));
    CU_ASSERT_EQUAL(cyi_wheel_next(&wheel), CY_FOREVER);
    /* The last time that has a tick of its own does fire. */
    cyi_wheel_init(&wheel, CY_SECOND);
    cyi_wheel_arm(&wheel, &last, CY_FOREVER - TICK + 1);
    CU_ASSERT_PTR_NULL(expire(CY_FOREVER - TICK));
    CU_ASSERT_PTR_EQUAL(expire(CY_FOREVER - TICK + 1), &last);
}

static void
cancel_is_idempotent_and_exact(void)
{
    struct cyi_timer timers[3] = {{.when = 0}};
    cyi_wheel_init(&wheel, 0);
    for (int i = 0; i < 3; i++)
        cyi_wheel_arm(&wheel, &timers[i], 5 * TICK);
    CU_ASSERT_EQUAL(cyi_wheel_count(&wheel), 3);
    cyi_wheel_cancel(&wheel, &timers[1]);
    cyi_wheel_cancel(&wheel, &timers[1]);
    CU_ASSERT_EQUAL(cyi_wheel_count(&wheel), 2);
    CU_ASSERT_PTR_EQUAL(expire(CY_SECOND), &timers[0]);
    CU_ASSERT_PTR_EQUAL(expire(CY_SECOND), &timers[2]);
    CU_ASSERT_PTR_NULL(expire(CY_SECOND));
    CU_ASSERT_EQUAL(cyi_wheel_count(&wheel), 0);
}

static void
cancelled_timers_cause_no_wake_up(void)
{
    struct cyi_timer timers[500];
    memset(timers, 0, sizeof timers);
    cyi_wheel_init(&wheel, 0);
    for (int i = 0; i < 500; i++)
        cyi_wheel_arm(&wheel, &timers[i], (cy_time) (i + 1) * 7 * TICK);
    for (int i = 0; i < 499; i++)
        cyi_wheel_cancel(&wheel, &timers[i]);
    /* 3500 = 13 * 256 + 172: level 1, filed anew when its block of 256 ticks begins. */
    CU_ASSERT_EQUAL(cyi_wheel_next(&wheel), (cy_time) 13 * 256 * TICK);
    cyi_wheel_cancel(&wheel, &timers[499]);
    CU_ASSERT_EQUAL(cyi_wheel_next(&wheel), CY_FOREVER);
}

static void
arming_again_changes_the_time(void)
{
    struct cyi_timer timer = {0};
    cyi_wheel_init(&wheel, 0);
    cyi_wheel_arm(&wheel, &timer, CY_HOUR);
    cyi_wheel_cancel(&wheel, &timer);
    cyi_wheel_arm(&wheel, &timer, 2 * TICK);
    CU_ASSERT_EQUAL(cyi_wheel_count(&wheel), 1);
    CU_ASSERT_PTR_EQUAL(expire(2 * TICK), &timer);
    cyi_wheel_arm(&wheel, &timer, 4 * TICK);
    cyi_wheel_cancel(&wheel, &timer);
    cyi_wheel_arm(&wheel, &timer, 6 * TICK);
    CU_ASSERT_PTR_NULL(expire(5 * TICK));
    CU_ASSERT_PTR_EQUAL(expire(6 * TICK), &timer);
    CU_ASSERT_PTR_NULL(expire(CY_HOUR));
}

static void
one_tick_keeps_the_order_of_arming(void)
{
    enum { N = 100 };
    struct cyi_timer timers[N];
    memset(timers, 0, sizeof timers);
    cyi_wheel_init(&wheel, 0);
    /* The first half comes down from level 2, the second is armed when the tick is near. */
    for (int i = 0; i < N / 2; i++)
        cyi_wheel_arm(&wheel, &timers[i], 100000 * TICK);
    CU_ASSERT_PTR_NULL(expire(99999 * TICK));
    for (int i = N / 2; i < N; i++)
        cyi_wheel_arm(&wheel, &timers[i], 100000 * TICK);
    for (int i = 0; i < N; i++)
        CU_ASSERT_PTR_EQUAL(expire(100000 * TICK), &timers[i]);
}

static void
the_loop_over_expired_timers_may_cancel_and_arm(void)
{
    struct cyi_timer a = {0}, b = {0}, c = {0};
    cyi_wheel_init(&wheel, 0);
    cyi_wheel_arm(&wheel, &a, 3 * TICK);
    cyi_wheel_arm(&wheel, &b, 3 * TICK);
    cyi_wheel_arm(&wheel, &c, 9 * TICK);
    CU_ASSERT_PTR_EQUAL(expire(20 * TICK), &a);
    cyi_wheel_cancel(&wheel, &b);        /* due already, yet not fired */
    cyi_wheel_arm(&wheel, &a, 5 * TICK); /* has passed, but before c */
    CU_ASSERT_PTR_EQUAL(expire(20 * TICK), &a);
    cyi_wheel_arm(&wheel, &b, CY_NOW); /* has passed: at the present tick, 5 */
    cyi_wheel_arm(&wheel, &a, 21 * TICK);
    CU_ASSERT_PTR_EQUAL(expire(20 * TICK), &b);
    CU_ASSERT_PTR_EQUAL(expire(20 * TICK), &c);
    CU_ASSERT_PTR_NULL(expire(20 * TICK));
    CU_ASSERT_EQUAL(cyi_wheel_next(&wheel), 21 * TICK);
}

/* After an idle time that no expire() has told it about, arming still works. */
static void
a_wheel_that_lags_behind_fires_in_time(void)
{
    struct cyi_timer timer = {0};
    cyi_wheel_init(&wheel, 0);
    cyi_wheel_arm(&wheel, &timer, 10 * CY_HOUR + CY_MILLISECOND);
    CU_ASSERT_PTR_NULL(expire(10 * CY_HOUR));
    CU_ASSERT_PTR_EQUAL(expire(10 * CY_HOUR + CY_MILLISECOND + TICK), &timer);
}

static void
a_start_before_zero_counts_as_zero(void)
{
    struct cyi_timer timer = {0};
    cyi_wheel_init(&wheel, INT64_MIN);
    cyi_wheel_arm(&wheel, &timer, TICK);
    CU_ASSERT_PTR_NULL(expire(-1));
    CU_ASSERT_PTR_NULL(expire(TICK - 1));
    CU_ASSERT_PTR_EQUAL(expire(TICK), &timer);
}

static void
a_clock_that_goes_back_is_ignored(void)
{
    struct cyi_timer timer = {0};
    cyi_wheel_init(&wheel, CY_SECOND);
    cyi_wheel_arm(&wheel, &timer, 2 * CY_SECOND);
    CU_ASSERT_PTR_NULL(expire(CY_SECOND + CY_MILLISECOND));
    CU_ASSERT_PTR_NULL(expire(0));
    CU_ASSERT_PTR_NULL(expire(-1));
    CU_ASSERT_PTR_EQUAL(expire(2 * CY_SECOND + TICK), &timer);
}

/* Filing anew is cut into batches: past the limit of one call the caller is told. */
static void
a_large_cascade_is_done_in_batches(void)
{
    static struct cyi_timer timers[CYI_WHEEL_BATCH + 1];
    for (int more = 0; more <= 1; more++) {
        memset(timers, 0, sizeof timers);
        cyi_wheel_init(&wheel, 0);
        for (int i = 0; i < CYI_WHEEL_BATCH + more; i++)
            cyi_wheel_arm(&wheel, &timers[i], 300 * TICK);
        struct cyi_timer *first = cyi_wheel_expire(&wheel, 256 * TICK);
        CU_ASSERT_PTR_NULL(first);
        CU_ASSERT_EQUAL(cyi_wheel_next(&wheel), (more ? 256 : 300) * TICK);
        /* Cancelling and arming in between, in the list that waits as well. */
        cyi_wheel_cancel(&wheel, &timers[CYI_WHEEL_BATCH + more - 1]);
        for (int i = 0; i < CYI_WHEEL_BATCH + more - 1; i++)
            CU_ASSERT_PTR_EQUAL(expire(300 * TICK), &timers[i]);
        CU_ASSERT_PTR_NULL(expire(CY_HOUR));
    }
}

/* Nothing may fire, nor time go on, before the last of the cascade is in its place. */
static void
a_cascade_in_batches_keeps_the_order_of_time(void)
{
    static struct cyi_timer timers[2 * CYI_WHEEL_BATCH + 1];
    enum { LAST = 2 * CYI_WHEEL_BATCH };
    memset(timers, 0, sizeof timers);
    cyi_wheel_init(&wheel, 0);
    for (int i = 0; i < LAST; i++)
        cyi_wheel_arm(&wheel, &timers[i], 300 * TICK);
    cyi_wheel_arm(&wheel, &timers[LAST], 257 * TICK);
    CU_ASSERT_PTR_NULL(cyi_wheel_expire(&wheel, 400 * TICK));
    CU_ASSERT_PTR_NULL(cyi_wheel_expire(&wheel, 400 * TICK));
    CU_ASSERT_PTR_EQUAL(cyi_wheel_expire(&wheel, 400 * TICK), &timers[LAST]);
    for (int i = 0; i < LAST; i++)
        CU_ASSERT_PTR_EQUAL(cyi_wheel_expire(&wheel, 400 * TICK), &timers[i]);
    CU_ASSERT_PTR_NULL(cyi_wheel_expire(&wheel, 400 * TICK));
}

/*
 * The wheel against a sorted list, under seeds. The model fires in the order of (tick, order of
 * arming), where a time that has passed counts as of the tick of the last call or firing.
 */
enum { MODEL_TIMERS = 64, MODEL_STEPS = 300 };

struct model {
    struct cyi_timer timers[MODEL_TIMERS];
    bool armed[MODEL_TIMERS];
    cy_time due[MODEL_TIMERS]; /* rounded up */
    uint64_t order[MODEL_TIMERS];
    uint64_t sequence;
    cy_time now, present;
};

static void
model_arm(struct model *m, unsigned i, cy_time when)
{
    cy_time due = round_up(when);
    m->armed[i] = true;
    m->due[i] = due > m->present ? due : m->present;
    m->order[i] = m->sequence++;
    cyi_wheel_cancel(&wheel, &m->timers[i]);
    cyi_wheel_arm(&wheel, &m->timers[i], when);
}

static int
model_first(const struct model *m)
{
    int best = -1;
    for (int i = 0; i < MODEL_TIMERS; i++) {
        if (!m->armed[i])
            continue;
        if (best < 0 || m->due[i] < m->due[best] ||
            (m->due[i] == m->due[best] && m->order[i] < m->order[best]))
            best = i;
    }
    return best;
}

/* Mostly near, sometimes anywhere up to the end of time; many in one tick. */
static cy_time
model_when(struct model *m, uint64_t *seed)
{
    uint64_t span = UINT64_C(1) << random_below(seed, random_below(seed, 8) == 0 ? 62 : 34);
    cy_time when = m->now - 3 * TICK + (cy_time) random_below(seed, span);
    return random_below(seed, 2) == 0 ? when / (4 * TICK) * (4 * TICK) : when;
}

static void
model_change(struct model *m, uint64_t *seed)
{
    unsigned i = (unsigned) random_below(seed, MODEL_TIMERS);
    if (random_below(seed, 3) == 0) {
        m->armed[i] = false;
        cyi_wheel_cancel(&wheel, &m->timers[i]);
    } else {
        model_arm(m, i, model_when(m, seed));
    }
}

static void
model_advance(struct model *m, uint64_t *seed)
{
    cy_time step = (cy_time) random_below(seed, UINT64_C(1) << random_below(seed, 40));
    cy_time next = cyi_wheel_next(&wheel);
    /* Sometimes exactly to where the wheel wants to be called, as the loop does. */
    m->now = random_below(seed, 2) == 0 && next != CY_FOREVER && next > m->now ? next
                                                                               : m->now + step;
}

/* Fires all that is due; true when the wheel did the same in the same order. */
static bool
model_expire(struct model *m, uint64_t *seed)
{
    for (;;) {
        int i = model_first(m);
        bool due = i >= 0 && m->due[i] <= m->now;
        struct cyi_timer *timer = expire(m->now);
        if (timer != (due ? &m->timers[i] : NULL))
            return false;
        m->present = due ? m->due[i] : m->now / TICK * TICK;
        if (!due)
            return true;
        m->armed[i] = false;
        if (random_below(seed, 3) == 0)
            model_change(m, seed);
    }
}

static bool
model_agrees(const struct model *m)
{
    size_t count = 0;
    for (int i = 0; i < MODEL_TIMERS; i++) {
        count += m->armed[i];
        if (m->armed[i] != cyi_timer_armed(&m->timers[i]))
            return false;
    }
    int first = model_first(m);
    cy_time next = cyi_wheel_next(&wheel);
    return count == cyi_wheel_count(&wheel) &&
           (first < 0 ? next == CY_FOREVER : next <= m->due[first]);
}

static bool
run_against_the_model(uint64_t seed)
{
    static struct model m;
    uint64_t state = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
    memset(&m, 0, sizeof m);
    m.now = (cy_time) random_below(&state, UINT64_C(1) << random_below(&state, 56));
    m.present = m.now / TICK * TICK;
    cyi_wheel_init(&wheel, m.now);
    for (int step = 0; step < MODEL_STEPS; step++) {
        for (uint64_t n = random_below(&state, 8); n > 0; n--)
            model_change(&m, &state);
        if (!model_agrees(&m))
            return false;
        model_advance(&m, &state);
        if (!model_expire(&m, &state) || !model_agrees(&m))
            return false;
    }
    return true;
}

static void
agrees_with_a_sorted_list_under_all_seeds(void)
{
    for (uint64_t seed = 0; cy_test_next_seed(&seed, 1000);)
        CU_ASSERT_TRUE(run_against_the_model(seed));
}

CY_TEST_MAIN("runtime.wheel", CY_TEST(an_empty_wheel_waits_forever),
             CY_TEST(a_zeroed_timer_is_not_armed),
             CY_TEST(fires_neither_early_nor_more_than_a_tick_late),
             CY_TEST(a_time_that_has_passed_fires_at_the_next_call),
             CY_TEST(forever_is_armed_but_never_fires), CY_TEST(cancel_is_idempotent_and_exact),
             CY_TEST(cancelled_timers_cause_no_wake_up), CY_TEST(arming_again_changes_the_time),
             CY_TEST(one_tick_keeps_the_order_of_arming),
             CY_TEST(the_loop_over_expired_timers_may_cancel_and_arm),
             CY_TEST(a_wheel_that_lags_behind_fires_in_time),
             CY_TEST(a_start_before_zero_counts_as_zero),
             CY_TEST(a_clock_that_goes_back_is_ignored),
             CY_TEST(a_large_cascade_is_done_in_batches),
             CY_TEST(a_cascade_in_batches_keeps_the_order_of_time),
             CY_TEST(agrees_with_a_sorted_list_under_all_seeds))
