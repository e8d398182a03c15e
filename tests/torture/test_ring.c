#include "fleet.h"

#include <cycos/impl/ring.h>
#include <sched.h>
#include <string.h>

/* One thread fills a ring, another empties it: whole slots, each once, in order. */

enum { SLOTS = 5 * 1000 * 1000 };

struct both {
    struct cyi_ring *ring;
    uint64_t count;
};

static void
fill(struct cyi_slot *slot, uint64_t number)
{
    slot->tag = (uint32_t) number;
    slot->from_slot = (uint32_t) (number * 3);
    slot->kind = (uint8_t) number;
    for (size_t i = 0; i < CYI_SLOT_BODY; i += sizeof number)
        memcpy(slot->body + i, &number, sizeof number);
}

static bool
is_whole(const struct cyi_slot *slot, uint64_t number)
{
    bool same = slot->tag == (uint32_t) number && slot->from_slot == (uint32_t) (number * 3) &&
                slot->kind == (uint8_t) number;
    for (size_t i = 0; i < CYI_SLOT_BODY; i += sizeof number)
        same &= memcmp(slot->body + i, &number, sizeof number) == 0;
    return same;
}

static uint32_t
slots_of(uint64_t number)
{
    return (uint32_t) (number % CYI_SLOTS_MAX) + 1;
}

static bool
goes_on(const struct cyi_ring *ring, uint64_t number)
{
    bool same = true;
    for (uint32_t more = 1; more < slots_of(number); more++) {
        const uint8_t *bytes = cyi_ring_after(ring, more)->more;
        same &= bytes[0] == (uint8_t) number && bytes[CYI_SLOT_MORE - 1] == (uint8_t) number;
    }
    return same;
}

static void *
produce(void *arg)
{
    struct both *both = arg;
    for (uint64_t i = 0; i < both->count; i++) {
        struct cyi_slot *slot;
        uint32_t count = slots_of(i);
        while ((slot = cyi_ring_next(both->ring, count)) == NULL)
            sched_yield();
        fill(slot, i);
        for (uint32_t more = 1; more < count; more++)
            memset(cyi_ring_behind(both->ring, more)->more, (int) (i & 0xff), CYI_SLOT_MORE);
        cyi_ring_publish(both->ring, slot, count);
    }
    return NULL;
}

static uint64_t
consume(struct both *both)
{
    uint64_t good = 0;
    for (uint64_t i = 0; i < both->count; i++) {
        struct cyi_slot *slot;
        while ((slot = cyi_ring_peek(both->ring)) == NULL)
            sched_yield();
        good += is_whole(slot, i) && goes_on(both->ring, i);
        cyi_ring_pop(both->ring, slots_of(i));
    }
    return good;
}

static void
run(uint32_t size, long count)
{
    pthread_t producer;
    struct both both = {cyi_ring_create(size), (uint64_t) cy_test_scale(count)};
    CU_ASSERT_PTR_NOT_NULL_FATAL(both.ring);
    CY_OK(pthread_create(&producer, NULL, produce, &both));
    CU_ASSERT_EQUAL(consume(&both), both.count);
    CY_OK(pthread_join(producer, NULL));
    CU_ASSERT_PTR_NULL(cyi_ring_peek(both.ring));
    cyi_ring_free(&both.ring);
}

static void
a_small_ring_keeps_every_slot(void)
{
    run(CYI_RING_MIN, SLOTS / 100); /* each eight of them wait for the other thread */
}

static void
a_usual_ring_keeps_every_slot(void)
{
    run(1024, SLOTS);
}

static void
a_large_ring_keeps_every_slot(void)
{
    run(CYI_RING_MAX, SLOTS);
}

CY_TEST_MAIN("torture.ring", CY_TEST(a_small_ring_keeps_every_slot),
             CY_TEST(a_usual_ring_keeps_every_slot), CY_TEST(a_large_ring_keeps_every_slot))
