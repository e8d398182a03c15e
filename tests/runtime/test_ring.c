/* test_ring.c - the ring between two cores: order, credit, sizes, wrapping. */
#include "cy_test.h"

#include <cycos/impl/ring.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>

static bool
push(struct cyi_ring *ring, uint64_t value)
{
    struct cyi_slot *slot = cyi_ring_next(ring, 1);
    if (slot == NULL)
        return false;
    slot->tag = (uint32_t) value;
    slot->pointer = (void *) (uintptr_t) value;
    for (int i = 0; i < CYI_SLOT_BODY; i++)
        slot->body[i] = (uint8_t) (value + (uint64_t) i);
    cyi_ring_publish(ring, slot, 1);
    return true;
}

/* True when the oldest slot is there and holds all of this value. */
static bool
pop(struct cyi_ring *ring, uint64_t value)
{
    struct cyi_slot *slot = cyi_ring_peek(ring);
    if (slot == NULL)
        return false;
    bool good = slot->tag == (uint32_t) value && slot->pointer == (void *) (uintptr_t) value;
    for (int i = 0; i < CYI_SLOT_BODY; i++)
        good = good && slot->body[i] == (uint8_t) (value + (uint64_t) i);
    cyi_ring_pop(ring, 1);
    return good;
}

static void
a_fresh_ring_is_empty(void)
{
    for (uint32_t size = CYI_RING_MIN; size <= CYI_RING_MAX; size *= 2) {
        struct cyi_ring *ring = cyi_ring_create(size);
        CU_ASSERT_PTR_NOT_NULL_FATAL(ring);
        CU_ASSERT_PTR_NULL(cyi_ring_peek(ring));
        cyi_ring_free(&ring);
        CU_ASSERT_PTR_NULL(ring);
    }
}

static void
freeing_nothing_is_allowed(void)
{
    struct cyi_ring *none = NULL;
    cyi_ring_free(&none);
    CU_ASSERT_PTR_NULL(none);
}

static void
takes_as_many_as_its_size_and_not_one_more(void)
{
    for (uint32_t size = CYI_RING_MIN; size <= CYI_RING_MAX; size *= 2) {
        struct cyi_ring *ring = cyi_ring_create(size);
        uint32_t wrong = 0;
        for (uint32_t i = 0; i < size; i++)
            wrong += !push(ring, i);
        CU_ASSERT_EQUAL(wrong, 0);
        CU_ASSERT_PTR_NULL(cyi_ring_next(ring, 1));
        for (uint32_t i = 0; i < size; i++)
            wrong += !pop(ring, i);
        CU_ASSERT_EQUAL(wrong, 0);
        CU_ASSERT_PTR_NULL(cyi_ring_peek(ring));
        CU_ASSERT_TRUE(push(ring, 7)); /* what was taken has come back as credit */
        CU_ASSERT_TRUE(pop(ring, 7));
        cyi_ring_free(&ring);
    }
}

static void
a_slot_that_is_not_published_is_not_seen(void)
{
    struct cyi_ring *ring = cyi_ring_create(CYI_RING_MIN);
    struct cyi_slot *slot = cyi_ring_next(ring, 1);
    slot->tag = 1;
    CU_ASSERT_PTR_NULL(cyi_ring_peek(ring));
    CU_ASSERT_PTR_EQUAL(cyi_ring_next(ring, 1), slot);
    cyi_ring_publish(ring, slot, 1);
    CU_ASSERT_PTR_EQUAL(cyi_ring_peek(ring), slot);
    cyi_ring_free(&ring);
}

/* Sequence numbers have 16 bits: both ways of using a ring, far beyond where they wrap. */
static void
positions_wrap_beyond_16_bits(void)
{
    const uint32_t sizes[] = {CYI_RING_MIN, 64, CYI_RING_MAX};
    for (int s = 0; s < 3; s++) {
        struct cyi_ring *ring = cyi_ring_create(sizes[s]);
        uint64_t pushed = 0, popped = 0;
        uint32_t wrong = 0;
        while (pushed < 5 * 65536) {
            while (push(ring, pushed))
                pushed++;
            wrong += pushed - popped > sizes[s];
            for (uint32_t i = 0; i < sizes[s] / 2; i++)
                wrong += !pop(ring, popped++);
        }
        while (popped < pushed)
            wrong += !pop(ring, popped++);
        wrong += cyi_ring_peek(ring) != NULL;
        for (int i = 0; i < 2 * 65536; i++) {
            wrong += !push(ring, pushed++);
            wrong += !pop(ring, popped++);
            wrong += cyi_ring_peek(ring) != NULL;
        }
        CU_ASSERT_EQUAL(wrong, 0);
        cyi_ring_free(&ring);
    }
}

/* Credit comes by eighths: after one of them there is exactly that much room. */
static void
credit_comes_an_eighth_at_a_time(void)
{
    struct cyi_ring *ring = cyi_ring_create(64);
    uint64_t pushed = 0, popped = 0;
    uint32_t wrong = 0;
    while (push(ring, pushed))
        pushed++;
    for (int i = 0; i < 7; i++)
        wrong += !pop(ring, popped++);
    CU_ASSERT_PTR_NULL(cyi_ring_next(ring, 1));
    wrong += !pop(ring, popped++);
    for (int i = 0; i < 8; i++)
        wrong += !push(ring, pushed++);
    CU_ASSERT_PTR_NULL(cyi_ring_next(ring, 1));
    CU_ASSERT_EQUAL(wrong, 0);
    cyi_ring_free(&ring);
}

/* A payload of one to three slots: each byte behind the first slot is the value's. */
static bool
push_long(struct cyi_ring *ring, uint64_t value)
{
    uint32_t count = (uint32_t) (value % CYI_SLOTS_MAX) + 1;
    struct cyi_slot *slot = cyi_ring_next(ring, count);
    if (slot == NULL)
        return false;
    slot->pointer = (void *) (uintptr_t) value;
    for (uint32_t i = 1; i < count; i++)
        memset(cyi_ring_behind(ring, i)->more, (uint8_t) value, CYI_SLOT_MORE);
    cyi_ring_publish(ring, slot, count);
    return true;
}

static bool
pop_long(struct cyi_ring *ring, uint64_t value)
{
    uint32_t count = (uint32_t) (value % CYI_SLOTS_MAX) + 1;
    struct cyi_slot *slot = cyi_ring_peek(ring);
    if (slot == NULL)
        return false;
    bool good = slot->pointer == (void *) (uintptr_t) value;
    for (uint32_t i = 1; i < count; i++) {
        for (int at = 0; at < CYI_SLOT_MORE; at++)
            good = good && cyi_ring_after(ring, i)->more[at] == (uint8_t) value;
    }
    cyi_ring_pop(ring, count);
    return good;
}

/* Bytes of a payload stand where nobody may take them for a sequence number, for many laps. */
static void
a_payload_may_take_several_slots(void)
{
    const uint32_t sizes[] = {CYI_RING_MIN, 64};
    for (int s = 0; s < 2; s++) {
        struct cyi_ring *ring = cyi_ring_create(sizes[s]);
        uint64_t pushed = 0, popped = 0;
        uint32_t wrong = 0;
        while (pushed < 2 * 65536) {
            while (push_long(ring, pushed))
                pushed++;
            for (uint32_t i = 0; i < 1 + pushed % 3 && popped < pushed; i++)
                wrong += !pop_long(ring, popped++);
        }
        while (popped < pushed)
            wrong += !pop_long(ring, popped++);
        wrong += cyi_ring_peek(ring) != NULL;
        for (int i = 0; i < 65536; i++) {
            wrong += !push_long(ring, pushed++);
            wrong += !pop_long(ring, popped++);
            wrong += cyi_ring_peek(ring) != NULL;
        }
        CU_ASSERT_EQUAL(wrong, 0);
        cyi_ring_free(&ring);
    }
}

struct stream {
    struct cyi_ring *ring;
    uint64_t count, wrong;
};

static void *
producer(void *arg)
{
    struct stream *stream = arg;
    for (uint64_t i = 0; i < stream->count;) {
        if (push(stream->ring, i))
            i++;
        else
            sched_yield();
    }
    return NULL;
}

static void
two_threads_keep_order_and_contents(void)
{
    const uint32_t sizes[] = {CYI_RING_MIN, 1024};
    for (int s = 0; s < 2; s++) {
        /* A full ring waits for the other thread, which on a busy machine takes its time. */
        struct stream stream = {.ring = cyi_ring_create(sizes[s]),
                                .count = (uint64_t) cy_test_scale(1000) * sizes[s]};
        pthread_t thread;
        CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, producer, &stream), 0);
        for (uint64_t i = 0; i < stream.count;) {
            if (cyi_ring_peek(stream.ring) == NULL)
                sched_yield();
            else
                stream.wrong += !pop(stream.ring, i++);
        }
        pthread_join(thread, NULL);
        CU_ASSERT_EQUAL(stream.wrong, 0);
        CU_ASSERT_PTR_NULL(cyi_ring_peek(stream.ring));
        cyi_ring_free(&stream.ring);
    }
}

static void
create_and_free(void *arg)
{
    struct cyi_ring *ring = cyi_ring_create(*(const uint32_t *) arg);
    cyi_ring_free(&ring);
}

static void
sizes_beyond_the_limits_are_a_bug(void)
{
    uint32_t sizes[] = {0, CYI_RING_MIN / 2, CYI_RING_MAX * 2, CYI_RING_MIN + 1};
    struct cy_test_child child;
    for (int i = 0; i < 4; i++) {
        CY_OK(cy_test_run_child(&child, create_and_free, &sizes[i]));
        CU_ASSERT_TRUE(cy_test_died_saying(&child, "CYI_RING_MIN"));
        CU_ASSERT_EQUAL(child.signal, SIGABRT);
    }
}

CY_TEST_MAIN("runtime.ring", CY_TEST(a_fresh_ring_is_empty),
             CY_TEST(freeing_nothing_is_allowed),
             CY_TEST(takes_as_many_as_its_size_and_not_one_more),
             CY_TEST(a_slot_that_is_not_published_is_not_seen),
             CY_TEST(positions_wrap_beyond_16_bits), CY_TEST(credit_comes_an_eighth_at_a_time),
             CY_TEST(a_payload_may_take_several_slots),
             CY_TEST(two_threads_keep_order_and_contents),
             CY_TEST(sizes_beyond_the_limits_are_a_bug))
