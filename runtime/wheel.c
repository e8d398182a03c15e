/*
 * wheel.c - the timer wheel's way through time; what it is and promises: cycos/impl/wheel.h.
 *
 * Nothing happens tick by tick: bitmaps of occupied slots lead from one slot that needs
 * attention to the next, so a jump of the clock costs no more than what is due.
 */
#include <cycos/impl/wheel.h>
#include <string.h>

/* The last tick, that of CY_FOREVER rounded up, has a slot. */
_Static_assert(CYI_WHEEL_TICK_BITS + CYI_WHEEL_LEVELS * CYI_WHEEL_SLOT_BITS >= 64,
               "the levels reach the end of time");

#define TICK_NEVER INT64_MAX

/* Takes the first timer out of a list; NULL when the list is empty. */
static struct cyi_timer *
pop(struct cyi_list *list)
{
    struct cyi_list *link = cyi_list_first(list);
    if (link == NULL)
        return NULL;
    cyi_list_cut(link);
    link->next = NULL;
    return cyi_container_of(link, struct cyi_timer, link);
}

void
cyi_wheel_init(struct cyi_wheel *wheel, cy_time now)
{
    memset(wheel, 0, sizeof *wheel);
    wheel->tick = now > 0 ? now >> CYI_WHEEL_TICK_BITS : 0;
    wheel->soonest = TICK_NEVER;
    cyi_list_init(&wheel->due);
    cyi_list_init(&wheel->cascade);
    for (int level = 0; level < CYI_WHEEL_LEVELS; level++)
        for (int slot = 0; slot < CYI_WHEEL_SLOTS; slot++)
            cyi_list_init(&wheel->slots[level][slot]);
}

/* The first slot of a level that holds a timer, or -1. Clears the bits of those that do not. */
static int
first_occupied(struct cyi_wheel *wheel, int level)
{
    for (int word = 0; word < CYI_WHEEL_SLOTS / 64; word++) {
        uint64_t *bits = &wheel->occupied[level][word];
        for (; *bits != 0; *bits &= *bits - 1) {
            int slot = word * 64 + __builtin_ctzll(*bits);
            if (!cyi_list_empty(&wheel->slots[level][slot]))
                return slot;
        }
    }
    return -1;
}

/* The slot to look at next (W1) and its first tick; false when all are empty. */
static bool
find_next(struct cyi_wheel *wheel, int *level, int *slot, int64_t *start)
{
    for (*level = 0; *level < CYI_WHEEL_LEVELS; ++*level) {
        *slot = first_occupied(wheel, *level);
        if (*slot < 0)
            continue;
        int shift = *level * CYI_WHEEL_SLOT_BITS;
        int64_t above = wheel->tick >> shift >> CYI_WHEEL_SLOT_BITS;
        *start = ((above << CYI_WHEEL_SLOT_BITS) + *slot) << shift;
        return true;
    }
    return false;
}

/* Goes to the next slot that starts by `target`, or to target itself when there is none. */
static bool
advance(struct cyi_wheel *wheel, int64_t target)
{
    int level, slot;
    int64_t start;
    bool found = target >= wheel->soonest && find_next(wheel, &level, &slot, &start);
    if (found)
        wheel->soonest = start;
    else if (target >= wheel->soonest)
        wheel->soonest = TICK_NEVER;
    if (target < wheel->soonest) {
        /* W1 holds: all bytes that matter change below the first occupied slot. */
        if (target > wheel->tick)
            wheel->tick = target;
        return false;
    }
    wheel->tick = start;
    cyi_list_splice(level == 0 ? &wheel->due : &wheel->cascade, &wheel->slots[level][slot]);
    wheel->occupied[level][slot / 64] &= ~(UINT64_C(1) << slot % 64);
    return true;
}

/* Files timers anew, as many as the budget allows. */
static void
file_anew(struct cyi_wheel *wheel, int *budget)
{
    while (*budget > 0) {
        struct cyi_timer *timer = pop(&wheel->cascade);
        if (timer == NULL)
            return;
        cyi_wheel_file(wheel, timer);
        --*budget;
    }
}

struct cyi_timer *
cyi_wheel_expire(struct cyi_wheel *wheel, cy_time now)
{
    int64_t target = now >> CYI_WHEEL_TICK_BITS;
    int budget = CYI_WHEEL_BATCH;
    for (;;) {
        /* What is due comes first: nothing in the cascade is earlier. */
        struct cyi_timer *timer = pop(&wheel->due);
        if (timer != NULL) {
            wheel->count--;
            return timer;
        }
        file_anew(wheel, &budget);
        if (!cyi_list_empty(&wheel->due))
            continue;
        /* W1 allows to go on only when each timer is in its place. */
        if (!cyi_list_empty(&wheel->cascade) || !advance(wheel, target))
            return NULL;
    }
}

cy_time
cyi_wheel_next(struct cyi_wheel *wheel)
{
    int level, slot;
    int64_t start;
    if (!cyi_list_empty(&wheel->due) || !cyi_list_empty(&wheel->cascade))
        return wheel->tick << CYI_WHEEL_TICK_BITS;
    if (wheel->count == 0 || !find_next(wheel, &level, &slot, &start))
        return CY_FOREVER;
    wheel->soonest = start;
    return start > CY_FOREVER >> CYI_WHEEL_TICK_BITS ? CY_FOREVER
                                                     : start << CYI_WHEEL_TICK_BITS;
}
