#include "cy_test.h"
#include "hash.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>

static const struct kv_seed seed = {3, 4};

/* The key of a number, in memory that the next call uses again. */
static struct kv_slice
key_of(uint32_t number)
{
    static char text[16];
    return (struct kv_slice){text, (size_t) snprintf(text, sizeof text, "key:%u", number)};
}

static uint32_t
hash_of(uint32_t number)
{
    struct kv_slice key = key_of(number);
    return (uint32_t) kv_hash(&seed, key.at, key.bytes);
}

static bool
put(struct kv_table *table, uint32_t number)
{
    struct kv_entry *entry = kv_entry_create(key_of(number), hash_of(number), 8, false);
    return entry != NULL && kv_table_insert(table, entry);
}

static struct kv_entry **
find(struct kv_table *table, uint32_t number)
{
    uint32_t hash = hash_of(number);
    return kv_table_find(table, key_of(number), hash);
}

static void
take_out(struct kv_table *table, uint32_t number)
{
    struct kv_entry **link = find(table, number);
    kv_entry_free(kv_table_unlink(table, link));
}

static void
drain(struct kv_table *table)
{
    while (!kv_table_drain(table, 100))
        continue;
    CU_ASSERT_EQUAL(kv_table_count(table), 0);
}

static void
finds_every_key_while_it_grows_and_shrinks(void)
{
    struct kv_table table = {0};
    for (uint32_t i = 0; i < 5000; i++) {
        CU_ASSERT_PTR_NULL(find(&table, i));
        CU_ASSERT(put(&table, i));
        CU_ASSERT_PTR_NOT_NULL(find(&table, i / 2));
    }
    CU_ASSERT_EQUAL(kv_table_count(&table), 5000);
    for (uint32_t i = 0; i < 4990; i++) {
        take_out(&table, i);
        kv_table_step(&table, 1);
        CU_ASSERT_PTR_NULL(find(&table, i));
        CU_ASSERT_PTR_NOT_NULL(find(&table, 4999));
    }
    while (table.moving || table.new.count > 64)
        kv_table_step(&table, 100);
    for (uint32_t i = 4990; i < 5000; i++)
        CU_ASSERT_PTR_NOT_NULL(find(&table, i));
    drain(&table);
}

static void
moves_a_bounded_number_of_buckets_per_call(void)
{
    struct kv_table table = {0};
    for (uint32_t i = 0; i < 4096; i++)
        CU_ASSERT(put(&table, i));
    while (!table.moving)
        CU_ASSERT(put(&table, 4096));
    size_t moved = table.moved;
    CU_ASSERT_PTR_NOT_NULL(find(&table, 7));
    CU_ASSERT(table.moved - moved <= 10);
    CU_ASSERT(table.moved > moved);
    drain(&table);
}

struct visits {
    uint8_t seen[40000];
};

static void
visit(void *arg, struct kv_entry *entry)
{
    struct visits *visits = arg;
    char text[16] = "";
    memcpy(text, kv_entry_key(entry), entry->key_bytes);
    visits->seen[atoi(text + 4)] = 1;
}

/* A scan during which other keys come and go; keys 0 to 999 are there all the time. */
static bool
scan_sees_all(uint64_t run_seed)
{
    static struct visits visits;
    struct kv_table table = {0};
    uint64_t random = run_seed;
    uint64_t cursor = 0;
    uint32_t highest = 1000;
    uint32_t lowest = 1000;

    memset(&visits, 0, sizeof visits);
    for (uint32_t i = 0; i < 1000; i++)
        (void) put(&table, i);
    do {
        cursor = kv_table_scan(&table, cursor, visit, &visits);
        uint32_t changes = (uint32_t) (kv_random_next(&random) % 60);
        bool grow = kv_random_next(&random) % 3 != 0;
        for (uint32_t i = 0; i < changes; i++) {
            if (grow && highest < 30000)
                (void) put(&table, highest++);
            else if (lowest < highest)
                take_out(&table, lowest++);
        }
        kv_table_step(&table, kv_random_next(&random) % 50);
    } while (cursor != 0);
    int missed = 0;
    for (uint32_t i = 0; i < 1000; i++)
        missed += visits.seen[i] == 0;
    while (!kv_table_drain(&table, 1000))
        continue;
    return missed == 0;
}

static void
a_scan_misses_nothing_whatever_happens_between_its_steps(void)
{
    for (uint64_t run_seed = 0; cy_test_next_seed(&run_seed, 200);)
        CU_ASSERT(scan_sees_all(run_seed));
}

static void
a_scan_of_a_table_at_rest_visits_each_once(void)
{
    struct kv_table table = {0};
    static struct visits visits;
    for (uint32_t i = 0; i < 1000; i++)
        CU_ASSERT(put(&table, i));
    while (table.moving)
        kv_table_step(&table, 100);
    uint64_t cursor = 0;
    size_t steps = 0;
    do {
        cursor = kv_table_scan(&table, cursor, visit, &visits);
        steps++;
    } while (cursor != 0);
    CU_ASSERT_EQUAL(steps, table.new.count);
    drain(&table);
}

static void
any_cursor_is_harmless(void)
{
    struct kv_table table = {0};
    static struct visits visits;
    CU_ASSERT_EQUAL(kv_table_scan(&table, 77, visit, &visits), 0);
    for (uint32_t i = 0; i < 100; i++)
        CU_ASSERT(put(&table, i));
    CU_ASSERT(kv_table_scan(&table, UINT64_MAX, visit, &visits) < table.new.count);
    drain(&table);
}

static void
random_entries_are_equally_likely(void)
{
    struct kv_table table = {0};
    int drawn[200] = {0};
    uint64_t random = 42;
    CU_ASSERT_PTR_NULL(kv_table_random(&table, &random));
    for (uint32_t i = 0; i < 200; i++)
        CU_ASSERT(put(&table, i));
    for (int i = 0; i < 200000; i++) {
        char text[16] = "";
        struct kv_entry *entry = kv_table_random(&table, &random);
        memcpy(text, kv_entry_key(entry), entry->key_bytes);
        drawn[atoi(text + 4)]++;
    }
    for (int i = 0; i < 200; i++) /* 1000 expected, standard deviation 32 */
        CU_ASSERT(drawn[i] > 800 && drawn[i] < 1200);
    drain(&table);
}

static void
finds_the_one_entry_of_an_almost_empty_table(void)
{
    struct kv_table table = {0};
    uint64_t random = 1;
    for (uint32_t i = 0; i < 20000; i++)
        CU_ASSERT(put(&table, i));
    for (uint32_t i = 1; i < 20000; i++)
        take_out(&table, i);
    struct kv_entry *entry = kv_table_random(&table, &random);
    CU_ASSERT_EQUAL(memcmp(kv_entry_key(entry), "key:0", 5), 0);
    drain(&table);
}

static void
drains_a_few_entries_at_a_time(void)
{
    struct kv_table table = {0};
    for (uint32_t i = 0; i < 1000; i++)
        CU_ASSERT(put(&table, i));
    int calls = 0;
    while (!kv_table_drain(&table, 50))
        calls++;
    CU_ASSERT(calls >= 20);
    CU_ASSERT(kv_table_drain(&table, 1));
}

static void
an_entry_has_the_room_that_was_asked_for(void)
{
    for (size_t room = 0; room < 200; room++) {
        struct kv_slice key = {"abc", room % 4};
        struct kv_entry *entry = kv_entry_create(key, 5, room, room % 2 == 0);
        CU_ASSERT(entry->capacity >= room && entry->capacity >= 8);
        CU_ASSERT(entry->capacity < room + 24);
        CU_ASSERT_EQUAL((uintptr_t) kv_entry_place(entry) % 8, 0);
        memset(kv_entry_place(entry), 'x', entry->capacity);
        CU_ASSERT_EQUAL(memcmp(kv_entry_key(entry), "abc", key.bytes), 0);
        CU_ASSERT(kv_entry_cost(entry) % 16 == 0);
        kv_entry_free(entry);
    }
}

CY_TEST_MAIN("kv.table", CY_TEST(finds_every_key_while_it_grows_and_shrinks),
             CY_TEST(moves_a_bounded_number_of_buckets_per_call),
             CY_TEST(a_scan_misses_nothing_whatever_happens_between_its_steps),
             CY_TEST(a_scan_of_a_table_at_rest_visits_each_once),
             CY_TEST(any_cursor_is_harmless), CY_TEST(random_entries_are_equally_likely),
             CY_TEST(finds_the_one_entry_of_an_almost_empty_table),
             CY_TEST(drains_a_few_entries_at_a_time),
             CY_TEST(an_entry_has_the_room_that_was_asked_for))
