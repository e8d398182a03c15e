#include "cy_test.h"
#include "split.h"

#include <pthread.h>
#include <sched.h>

enum { STAY = 20000, STEPS = 64, READERS = 2 };

static struct cyi_split split;

static uint64_t
hash_of(uint64_t number)
{
    return (number + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

static uint32_t
count_of(uint64_t hash)
{
    uint32_t count = 0;
    cyi_split_for_each(node, &split, hash) count += node->hash == hash;
    return count;
}

static void
nodes_are_found_until_they_are_removed(void)
{
    /* The first three share their bucket, the next two their hash. */
    static const uint64_t hashes[] = {7, 7 + CYI_SPLIT_FIRST, UINT64_C(1) << 63 | 7, 8, 8,
                                      0, UINT64_MAX};
    enum { N = sizeof hashes / sizeof *hashes };
    struct cyi_split_node nodes[N];
    CY_OK(cyi_split_init(&split));
    for (int i = 0; i < N; i++) {
        nodes[i].hash = hashes[i];
        CU_ASSERT_EQUAL(count_of(hashes[i]), hashes[i] == 8 && i == 4);
        cyi_split_insert(&split, &nodes[i]);
    }
    for (int i = 0; i < N; i++)
        CU_ASSERT_EQUAL(count_of(hashes[i]), hashes[i] == 8 ? 2 : 1);
    for (int i = 0; i < N; i++) {
        cyi_split_remove(&split, &nodes[i]);
        CU_ASSERT_EQUAL(count_of(hashes[i]), hashes[i] == 8 && i == 3);
        for (int j = i + 1; j < N; j++)
            CU_ASSERT_TRUE(count_of(hashes[j]) > 0);
    }
    CU_ASSERT_EQUAL(split.count, 0);
    cyi_split_fini(&split);
}

/* Half as many nodes as buckets are not too many, one more is. */
static void
it_grows_by_a_few_buckets_at_a_time(void)
{
    static struct cyi_split_node nodes[CYI_SPLIT_FIRST];
    CY_OK(cyi_split_init(&split));
    for (uint32_t i = 0; i < CYI_SPLIT_FIRST; i++) {
        uint32_t made = split.made;
        nodes[i].hash = hash_of(i);
        cyi_split_insert(&split, &nodes[i]);
        CU_ASSERT_TRUE(split.made - made <= 4);
        if (split.count == CYI_SPLIT_FIRST / 2)
            CU_ASSERT_EQUAL(split.made, CYI_SPLIT_FIRST);
        if (split.count == CYI_SPLIT_FIRST / 2 + 1)
            CU_ASSERT_TRUE(split.made > CYI_SPLIT_FIRST);
        for (uint32_t j = 0; j <= i; j += 37)
            CU_ASSERT_EQUAL(count_of(hash_of(j)), 1);
    }
    CU_ASSERT_EQUAL(cyi_split_buckets(&split), 2 * CYI_SPLIT_FIRST);
    cyi_split_fini(&split);
}

/* As many as there can be, and then one more. */
static void
it_stops_growing_at_its_limit(void)
{
    enum { N = CYI_SPLIT_MAX / 2 + 2 };
    long wrong = 0;
    static struct cyi_split_node nodes[N];
    CY_OK(cyi_split_init(&split));
    for (uint32_t i = 0; i < N; i++) {
        nodes[i].hash = hash_of(i);
        cyi_split_insert(&split, &nodes[i]);
    }
    CU_ASSERT_EQUAL(cyi_split_buckets(&split), CYI_SPLIT_MAX);
    CU_ASSERT_EQUAL(split.made, CYI_SPLIT_MAX);
    for (uint32_t i = 0; i < N; i++)
        wrong += count_of(hash_of(i)) != 1;
    CU_ASSERT_EQUAL(wrong, 0);
    cyi_split_fini(&split);
}

static atomic_uint there, looked, missed;
static atomic_bool stop;

/* What has been added is found, whatever comes, goes and grows meanwhile. */
static void *
look(void *arg)
{
    uint32_t seed = *(const uint32_t *) arg;
    while (!stop) {
        uint32_t count = there;
        seed = seed * 1664525 + 1013904223;
        if (count != 0 && count_of(hash_of((seed >> 8) % count)) != 1)
            missed++;
        looked++;
    }
    return NULL;
}

/* Under the thread sanitizer, each access of the readers and of the writer is seen here. */
static void
what_stays_is_found_while_others_come_and_go(void)
{
    static struct cyi_split_node stay[STAY], come[STAY];
    pthread_t readers[READERS];
    uint32_t seeds[READERS] = {1, 2};
    CY_OK(cyi_split_init(&split));
    for (int i = 0; i < READERS; i++)
        CY_OK(pthread_create(&readers[i], NULL, look, &seeds[i]));
    while (looked == 0)
        sched_yield();
    for (uint32_t i = 0; i < STAY; i++) {
        stay[i].hash = hash_of(i);
        cyi_split_insert(&split, &stay[i]);
        there = i + 1;
        /* Never twice the same node: readers may still be at it. */
        come[i].hash = hash_of(STAY + i % STEPS);
        cyi_split_insert(&split, &come[i]);
        if (i >= STEPS / 2)
            cyi_split_remove(&split, &come[i - STEPS / 2]);
    }
    stop = true;
    for (int i = 0; i < READERS; i++)
        CY_OK(pthread_join(readers[i], NULL));
    CU_ASSERT_EQUAL(missed, 0);
    CU_ASSERT_EQUAL(split.count, STAY + STEPS / 2);
    CU_ASSERT_TRUE(cyi_split_buckets(&split) >= STAY);
    cyi_split_fini(&split);
}

CY_TEST_MAIN("registry.split", CY_TEST(nodes_are_found_until_they_are_removed),
             CY_TEST(it_grows_by_a_few_buckets_at_a_time),
             CY_TEST(it_stops_growing_at_its_limit),
             CY_TEST(what_stays_is_found_while_others_come_and_go))
