#include "cy_test.h"
#include "rcu_table.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { NAMES = 64, READERS = 2, PENDING_MAX = 1000000 };

static const struct cyi_hash_key hash_key = {{1, 2}};
static struct cyi_table *table;

static struct cyi_key
key_of(const char *name)
{
    return cyi_key_make(&hash_key, CY_KIND_TASK, name, strlen(name));
}

/* A reference in which each field says the same number: a torn one is seen. */
static cy_ref
ref_of(uint32_t number)
{
    cy_ref ref = {.node = number, .slot = number, .generation = number};
    memcpy(ref.address, &number, sizeof number);
    return ref;
}

static bool
is_torn(cy_ref ref)
{
    uint32_t number;
    memcpy(&number, ref.address, sizeof number);
    return ref.node != number || ref.slot != number || ref.generation != number;
}

static void
begin(void)
{
    cyi_rcu_register();
    CY_OK(cyi_table_create(&table, PENDING_MAX));
}

static void
end(void)
{
    cyi_table_free(&table);
    CU_ASSERT_PTR_NULL(table);
    cyi_table_free(&table);
    cyi_rcu_unregister();
}

static void
a_name_is_found_until_it_is_removed(void)
{
    struct cyi_key key = key_of("alice"), other = key_of("alicf");
    struct cyi_key as_channel = cyi_key_make(&hash_key, CY_KIND_CHANNEL, "alice", 5);
    struct cyi_entry *entry;
    cy_ref ref = ref_of(1);
    begin();
    CU_ASSERT_FALSE(cyi_table_lookup(table, &key, &ref));
    CU_ASSERT_EQUAL(ref.slot, 1);
    CY_OK(cyi_table_add(table, &entry, &key, ref_of(7)));
    CU_ASSERT_STRING_EQUAL(entry->name, "alice");
    CU_ASSERT_TRUE(cyi_table_lookup(table, &key, &ref));
    CU_ASSERT_EQUAL(ref.slot, 7);
    CU_ASSERT_PTR_EQUAL(cyi_table_find(table, &key), entry);
    CU_ASSERT_FALSE(cyi_table_lookup(table, &other, &ref));
    CU_ASSERT_FALSE(cyi_table_lookup(table, &as_channel, &ref));
    cyi_table_remove(table, entry);
    CU_ASSERT_FALSE(cyi_table_lookup(table, &key, &ref));
    CU_ASSERT_PTR_NULL(cyi_table_find(table, &key));
    end();
}

static void
names_of_each_length_differ_by_kind_and_byte(void)
{
    char name[UINT8_MAX];
    struct cyi_entry *entries[UINT8_MAX + 1];
    cy_ref ref;
    long wrong = 0;
    memset(name, 'x', sizeof name);
    begin();
    for (uint32_t size = 0; size <= UINT8_MAX; size++) {
        struct cyi_key key = cyi_key_make(&hash_key, CY_KIND_TASK, name, size);
        wrong += cyi_table_lookup(table, &key, &ref);
        CY_OK(cyi_table_add(table, &entries[size], &key, ref_of(size)));
    }
    for (uint32_t size = 0; size <= UINT8_MAX; size++) {
        struct cyi_key key = cyi_key_make(&hash_key, CY_KIND_TASK, name, size);
        wrong += !cyi_table_lookup(table, &key, &ref) || ref.slot != size;
        key = cyi_key_make(&hash_key, CY_KIND_CHANNEL, name, size);
        wrong += cyi_table_lookup(table, &key, &ref);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    for (uint32_t size = 0; size <= UINT8_MAX; size++)
        cyi_table_remove(table, entries[size]);
    end();
}

/* What the other thread of the table has been asked for is done. */
static void
settle(void)
{
    cyi_rcu_offline();
    cyi_rcu_barrier();
    cyi_rcu_online();
}

static void
it_grows_with_the_names(void)
{
    enum { N = 50000 };
    static struct cyi_entry *entries[N];
    char name[32];
    cy_ref ref;
    long wrong = 0;
    begin();
    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < N; i++) {
            if (i == N - 1)
                settle(); /* so that the last one finds it at rest, and too small perhaps */
            snprintf(name, sizeof name, "name-%u", i);
            struct cyi_key key = key_of(name);
            wrong += cyi_table_add(table, &entries[i], &key, ref_of(i)) != 0;
            cyi_rcu_quiescent();
        }
        settle();
        CU_ASSERT_TRUE(cyi_table_buckets(table) >= N);
        for (uint32_t i = 0; i < N; i++) {
            snprintf(name, sizeof name, "name-%u", i);
            struct cyi_key key = key_of(name);
            wrong += !cyi_table_lookup(table, &key, &ref) || ref.slot != i;
        }
        for (uint32_t i = 0; i < N; i++) {
            cyi_table_remove(table, entries[i]);
            cyi_rcu_quiescent();
        }
    }
    CU_ASSERT_EQUAL(wrong, 0);
    end();
}

static atomic_bool stop, in_the_way;

/* Registered, online, and never quiescent. */
static void *
stand_in_the_way(void *arg)
{
    cyi_rcu_register();
    in_the_way = true;
    while (!stop)
        sched_yield();
    cyi_rcu_unregister();
    return arg;
}

/* A thread that does not let go holds up what is freed; what waits is bounded. */
static void
what_cannot_be_freed_is_bounded(void)
{
    pthread_t thread;
    struct cyi_key key = key_of("again");
    struct cyi_entry *entry;
    cyi_rcu_register();
    stop = in_the_way = false;
    CY_OK(pthread_create(&thread, NULL, stand_in_the_way, NULL));
    while (!in_the_way)
        sched_yield();
    CY_OK(cyi_table_create(&table, 10));
    int added = 0;
    while (added < 1000 && cyi_table_add(table, &entry, &key, ref_of(1)) == 0) {
        cyi_table_remove(table, entry);
        added++;
    }
    /* The lock back end frees at once. */
    CU_ASSERT_TRUE(added == 10 || added == 1000);
    if (added == 10)
        CY_FAILS(cyi_table_add(table, &entry, &key, ref_of(1)), -ENOBUFS);
    stop = true;
    CY_OK(pthread_join(thread, NULL));
    settle();
    CY_OK(cyi_table_add(table, &entry, &key, ref_of(1)));
    cyi_table_remove(table, entry);
    end();
}

static atomic_long torn, found;

static void *
read_on(void *arg)
{
    char name[32];
    cyi_rcu_register();
    for (uint32_t i = 0; !stop; i++) {
        cy_ref ref;
        snprintf(name, sizeof name, "name-%u", i % NAMES);
        struct cyi_key key = key_of(name);
        if (cyi_table_lookup(table, &key, &ref)) {
            found++;
            torn += is_torn(ref) || ref.slot % NAMES != i % NAMES;
        }
        cyi_rcu_quiescent();
        if (i % 64 == 0) {
            cyi_rcu_offline();
            sched_yield();
            cyi_rcu_online();
        }
    }
    cyi_rcu_unregister();
    return arg;
}

static void
readers_see_a_whole_entry_or_none(void)
{
    pthread_t readers[READERS];
    struct cyi_entry *entries[NAMES] = {NULL};
    char name[32];
    long rounds = cy_test_scale(50000);
    begin();
    stop = false;
    torn = found = 0;
    for (int i = 0; i < READERS; i++)
        CY_OK(pthread_create(&readers[i], NULL, read_on, NULL));
    for (uint32_t i = 0; i < rounds || found == 0; i++) {
        uint32_t at = i * 7 % NAMES;
        snprintf(name, sizeof name, "name-%u", at);
        struct cyi_key key = key_of(name);
        if (entries[at] != NULL)
            cyi_table_remove(table, entries[at]);
        entries[at] = NULL;
        if (i % 3 != 0)
            CY_OK(cyi_table_add(table, &entries[at], &key, ref_of(i / NAMES * NAMES + at)));
        cyi_rcu_quiescent();
    }
    cyi_rcu_offline();
    stop = true;
    for (int i = 0; i < READERS; i++)
        CY_OK(pthread_join(readers[i], NULL));
    cyi_rcu_online();
    for (int i = 0; i < NAMES; i++) {
        if (entries[i] != NULL)
            cyi_table_remove(table, entries[i]);
    }
    CU_ASSERT_EQUAL(torn, 0);
    CU_ASSERT_TRUE(found > 0);
    end();
}

CY_TEST_MAIN("registry.rcu_table", CY_TEST(a_name_is_found_until_it_is_removed),
             CY_TEST(names_of_each_length_differ_by_kind_and_byte),
             CY_TEST(it_grows_with_the_names), CY_TEST(what_cannot_be_freed_is_bounded),
             CY_TEST(readers_see_a_whole_entry_or_none))
