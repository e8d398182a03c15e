#include "seeds.h"

/*
 * Each core has a room with a lock, a semaphore, an event and a buffer guarded by conditions.
 * Tasks use them with deadlines and are terminated at any moment; no grant may get lost.
 */

enum { ROOMS = 4, TASKS_MAX = 40, PERMITS_MAX = 3, BUFFER = 3, ITEMS_MAX = 40 };

struct room {
    struct cy_lock lock;
    uint32_t inside;
    uint64_t asked, latest; /* tickets of those who asked for the lock; the last that got it */
    struct cy_semaphore semaphore;
    uint32_t permits, passed;
    struct cy_event event;
    uint64_t sets;
    struct cy_lock buffer_lock;
    struct cy_condition not_full, not_empty;
    uint32_t buffered, produced, consumed, to_produce, to_consume;
    uint32_t items[BUFFER];
};

struct state {
    struct room rooms[ROOMS];
    cy_ref tasks[TASKS_MAX];
    bool done[TASKS_MAX];
    uint32_t left;
};

static struct state *
state(void)
{
    return world.state;
}

static struct room *
room(void)
{
    return &state()->rooms[cy_core_index()];
}

static void
use_lock(void)
{
    struct room *r = room();
    uint64_t ticket = ++r->asked;
    int rc = cy_lock_acquire(&r->lock, draw_deadline(5 * CY_MILLISECOND));
    EXPECT(rc == 0 || rc == -ETIMEDOUT || rc == -ECANCELED);
    if (rc != 0)
        return;
    EXPECT_EQ(r->inside, 0);
    EXPECT(ticket > r->latest);
    r->latest = ticket;
    r->inside++;
    EXPECT_EQ(cy_lock_acquire(&r->lock, CY_FOREVER), -EDEADLK);
    if (one_in(2))
        cy_yield();
    if (one_in(2))
        cy_sleep(draw_time(CY_MILLISECOND));
    r->inside--;
    cy_lock_release(&r->lock);
    note(ticket);
}

static void
use_semaphore(void)
{
    struct room *r = room();
    int rc = cy_semaphore_acquire(&r->semaphore, draw_deadline(5 * CY_MILLISECOND));
    EXPECT(rc == 0 || rc == -ETIMEDOUT || rc == -ECANCELED);
    if (rc != 0)
        return;
    EXPECT(r->passed < r->permits);
    r->passed++;
    cy_sleep(draw_time(CY_MILLISECOND));
    r->passed--;
    EXPECT_EQ(cy_semaphore_release(&r->semaphore), 0);
}

static void
use_event(void)
{
    struct room *r = room();
    if (one_in(3)) {
        cy_event_set(&r->event);
        r->sets++;
        if (one_in(2))
            cy_event_clear(&r->event);
        return;
    }
    uint64_t sets = r->sets;
    bool was_set = r->event.set;
    cy_time deadline = cy_after(draw_time(5 * CY_MILLISECOND));
    int rc = cy_event_wait(&r->event, deadline);
    EXPECT(rc == 0 || rc == -ECANCELED || (rc == -ETIMEDOUT && cy_now() >= deadline));
    EXPECT(rc != 0 || was_set || r->sets > sets);
    EXPECT(!was_set || rc != -ETIMEDOUT);
}

static int
user(void *arg)
{
    bool *done = arg;
    for (uint32_t n = draw(30); n > 0; n--) {
        switch (draw(3)) {
        case 0:
            use_lock();
            break;
        case 1:
            use_semaphore();
            break;
        default:
            use_event();
            break;
        }
        if (one_in(4) && cy_yield() == -ECANCELED && one_in(2))
            break;
    }
    *done = true;
    state()->left--;
    return 0;
}

/* Waits while the buffer is full or empty. False: terminated; then somebody else is told. */
static bool
await(struct cy_condition *condition, uint32_t bad, const uint32_t *left)
{
    while (room()->buffered == bad && *left > 0) {
        int rc = cy_condition_wait(condition, &room()->buffer_lock,
                                   draw_deadline(10 * CY_MILLISECOND));
        EXPECT(rc == 0 || rc == -ETIMEDOUT || rc == -ECANCELED);
        if (rc == -ECANCELED)
            return false;
        if (rc == -ETIMEDOUT && one_in(2))
            cy_yield();
    }
    return true;
}

/* A task that was woken but cannot go on passes the signal on, as everywhere. */
static void
pass_on(struct cy_condition *condition)
{
    if (one_in(2))
        cy_condition_signal(condition);
    else
        cy_condition_broadcast(condition);
}

static bool
is_cancelled(void)
{
    return cyi_self->sched.current->flags & CYI_TASK_CANCELLED;
}

static int
producer(void *arg)
{
    struct room *r = room();
    bool going_on = true;
    while (going_on && r->to_produce > 0) {
        if (cy_lock_acquire(&r->buffer_lock, CY_FOREVER) != 0)
            break;
        going_on = await(&r->not_full, BUFFER, &r->to_produce);
        if (going_on && r->to_produce > 0) {
            r->to_produce--;
            r->items[r->produced % BUFFER] = r->produced;
            r->produced++;
            r->buffered++;
            cy_condition_signal(&r->not_empty);
        }
        if (!going_on || r->to_produce == 0)
            pass_on(&r->not_full);
        cy_lock_release(&r->buffer_lock);
        if (one_in(4))
            cy_sleep(draw_time(CY_MILLISECOND));
        going_on = going_on && !is_cancelled();
    }
    *(bool *) arg = true;
    state()->left--;
    return 0;
}

static int
consumer(void *arg)
{
    struct room *r = room();
    bool going_on = true;
    while (going_on && r->to_consume > 0) {
        if (cy_lock_acquire(&r->buffer_lock, CY_FOREVER) != 0)
            break;
        going_on = await(&r->not_empty, 0, &r->to_consume);
        if (going_on && r->to_consume > 0) {
            EXPECT_EQ(r->items[r->consumed % BUFFER], r->consumed);
            r->to_consume--;
            r->consumed++;
            r->buffered--;
            cy_condition_signal(&r->not_full);
        }
        if (!going_on || r->to_consume == 0)
            pass_on(&r->not_empty);
        cy_lock_release(&r->buffer_lock);
        if (one_in(4))
            cy_yield();
        going_on = going_on && !is_cancelled();
    }
    *(bool *) arg = true;
    state()->left--;
    return 0;
}

/* The last of each kind that works in a room is never terminated. */
static void
spawn(uint32_t i, cy_task_fn *fn, uint16_t on)
{
    while (cy_task_spawn_on(&state()->tasks[i], on, fn, &state()->done[i], NULL) != 0)
        cy_sleep(CY_MILLISECOND);
    state()->left++;
}

static uint32_t
spawn_all(void)
{
    uint32_t n = 0;
    for (uint16_t on = 0; on < cy_core_count(); on++) {
        struct room *r = &state()->rooms[on];
        r->permits = draw_between(1, PERMITS_MAX);
        cy_semaphore_init(&r->semaphore, r->permits);
        r->to_produce = r->to_consume = draw(ITEMS_MAX);
        spawn(n++, producer, on);
        spawn(n++, consumer, on);
    }
    for (uint32_t more = draw(TASKS_MAX - n); more > 0; more--) {
        cy_task_fn *const kinds[] = {user, user, producer, consumer};
        spawn(n++, kinds[draw(4)], (uint16_t) draw(cy_core_count()));
    }
    return n;
}

static int
keep_house(void *arg)
{
    uint32_t fixed = 2 * (uint32_t) cy_core_count();
    uint32_t n = spawn_all();
    (void) arg;
    while (state()->left > 0) {
        cy_sleep(draw_time(10 * CY_MILLISECOND));
        uint32_t which = fixed + draw(n - fixed + 1);
        if (one_in(2) && which < n && !state()->done[which])
            (void) !cy_terminate(state()->tasks[which]);
    }
    return 0;
}

static void
check(void)
{
    for (uint32_t i = 0; i < ROOMS; i++) {
        const struct room *r = &state()->rooms[i];
        EXPECT_EQ(r->lock.owner, 0);
        EXPECT_EQ(r->buffer_lock.owner, 0);
        EXPECT_EQ(r->semaphore.count, r->permits);
        EXPECT(r->lock.waiters.first == NULL && r->semaphore.waiters.first == NULL);
        EXPECT(r->not_full.waiters.first == NULL && r->not_empty.waiters.first == NULL);
        EXPECT_EQ(r->buffered, 0);
    }
}

static void
no_grant_is_lost(void)
{
    static const struct seeds_program program = {sizeof(struct state), NULL, keep_house, check};
    seeds_run(&program, 1000);
}

CY_TEST_MAIN("sim.sync", CY_TEST(no_grant_is_lost))
