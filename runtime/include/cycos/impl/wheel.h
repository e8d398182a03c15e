/*
 * cycos/impl/wheel.h - hierarchical timer wheel; arming and cancelling cost a few nanoseconds.
 *
 * Time is cut into ticks of 2^16 ns. A timer lies in the slot that its tick selects at the
 * level of the highest byte in which that tick differs from the wheel's present tick. So level
 * 0 holds the ticks up to the next multiple of 256, one per slot; level 1 the rest up to the
 * next multiple of 65536, 256 per slot; and so on: six levels reach the end of cy_time. When
 * the present tick comes to a slot above level 0, its timers are filed anew, each into a lower
 * level (a cascade), so one timer moves five times at most.
 *
 * Invariant W1: at level l, an occupied slot agrees with the present tick in all bytes above l
 *               and is greater in byte l. So the first occupied slot of the lowest level that
 *               has one is the next to look at, and nothing ever wraps around.
 * Invariant W2: `soonest` is at most the first tick of any occupied slot.
 *
 * Guarantees: G1 no timer fires before its time. G2 it fires at most a tick late, plus what the
 * caller waits until it calls. G3 different ticks fire in ascending order; a timer that is
 * armed for a time that has passed counts as of the present tick. G4 within a tick the order is
 * that of arming, unless a cascade of more than CYI_WHEEL_BATCH timers is under way.
 *
 * A slot is a circular list: removal has no branch and needs no slot, and appending at the tail
 * costs what a push at the head would.
 * The wheel must not be moved in memory. One thread at a time.
 */
#ifndef CYCOS_IMPL_WHEEL_H
#define CYCOS_IMPL_WHEEL_H

#include <cycos/impl/list.h>
#include <cycos/time.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CYI_WHEEL_TICK_BITS = 16,
    CYI_WHEEL_SLOT_BITS = 8,
    CYI_WHEEL_SLOTS = 1 << CYI_WHEEL_SLOT_BITS,
    CYI_WHEEL_LEVELS = 6,
    CYI_WHEEL_BATCH = 1024, /* most timers that one call of expire() files anew */
};

/* All zero: not armed. An armed timer must be neither moved nor freed. */
struct cyi_timer {
    struct cyi_list link; /* next is NULL: not armed */
    cy_time when;
};

struct cyi_wheel {
    int64_t tick;            /* never negative; all up to here is in `due` or has fired */
    int64_t soonest;         /* W2 */
    size_t count;            /* armed timers */
    struct cyi_list due;     /* to fire now */
    struct cyi_list cascade; /* to be filed anew; of the present tick or later */
    /* A bit for each slot that holds a timer, and for some that have held one. */
    uint64_t occupied[CYI_WHEEL_LEVELS][CYI_WHEEL_SLOTS / 64];
    struct cyi_list slots[CYI_WHEEL_LEVELS][CYI_WHEEL_SLOTS];
};

void cyi_wheel_init(struct cyi_wheel *wheel, cy_time now);

/*
 * Takes out one timer whose time has come, or returns NULL when there is none, or when enough
 * timers have been filed anew for one call: then cyi_wheel_next() lies in the past. A time
 * before that of an earlier call counts as that one.
 */
struct cyi_timer *cyi_wheel_expire(struct cyi_wheel *wheel, cy_time now);

/*
 * When to call expire() again: at most the time at which the next timer is due (rounded up to
 * its tick), perhaps earlier, for a cascade. CY_FOREVER when nothing will ever fire.
 */
cy_time cyi_wheel_next(struct cyi_wheel *wheel);

static inline bool
cyi_timer_armed(const struct cyi_timer *timer)
{
    return timer->link.next != NULL;
}

static inline size_t
cyi_wheel_count(const struct cyi_wheel *wheel)
{
    return wheel->count;
}

/* Puts an unlinked timer where its time belongs. */
static inline void
cyi_wheel_file(struct cyi_wheel *wheel, struct cyi_timer *timer)
{
    /* Rounded up (G1), in a way that cannot overflow. */
    int64_t tick = (timer->when >> CYI_WHEEL_TICK_BITS) +
                   ((timer->when & ((1 << CYI_WHEEL_TICK_BITS) - 1)) != 0);
    if (tick <= wheel->tick) {
        cyi_list_append(&wheel->due, &timer->link);
        return;
    }
    unsigned byte = (63U - (unsigned) __builtin_clzll((uint64_t) (tick ^ wheel->tick))) / 8;
    /* Neither tick is negative and the levels reach the last one; the compiler cannot know. */
    if (byte >= CYI_WHEEL_LEVELS)
        __builtin_unreachable();
    unsigned shift = byte * CYI_WHEEL_SLOT_BITS;
    int64_t start = tick >> shift;
    unsigned slot = (unsigned) start & (CYI_WHEEL_SLOTS - 1);
    start <<= shift;
    if (start < wheel->soonest)
        wheel->soonest = start;
    /* Most often the bit is there: stores wait in line behind those that miss the cache. */
    uint64_t *word = &wheel->occupied[byte][slot / 64];
    if ((*word >> slot % 64 & 1) == 0)
        *word |= UINT64_C(1) << slot % 64;
    cyi_list_append(&wheel->slots[byte][slot], &timer->link);
}

/* Disarms a timer, if it is armed. */
static inline void
cyi_wheel_cancel(struct cyi_wheel *wheel, struct cyi_timer *timer)
{
    if (!cyi_timer_armed(timer))
        return;
    cyi_list_cut(&timer->link);
    timer->link.next = NULL;
    wheel->count--;
}

/*
 * Makes a timer fire at the first expire() whose time is `when` or later. CY_FOREVER is armed
 * but never fires. The timer must not be armed; we do not look, for then we only write to it,
 * and nothing waits for its line to come from memory: with a million timers alive in random
 * order that takes a third of the time.
 */
static inline void
cyi_wheel_arm(struct cyi_wheel *wheel, struct cyi_timer *timer, cy_time when)
{
    timer->when = when;
    wheel->count++;
    cyi_wheel_file(wheel, timer);
}

#endif
