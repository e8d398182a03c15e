#include "cy_test.h"
#include "expiring.h"
#include "store.h"

#include <stdio.h>
#include <stdlib.h>

static struct kv_budget budget;
static struct kv_store store;

#define NOW INT64_C(1000000)

static void
begin(int64_t max)
{
    static const struct kv_seed seed = {5, 6};
    budget = (struct kv_budget){.max = max};
    kv_store_init(&store, &seed, &budget);
}

/* Everything is given back, in the accounts too. */
static void
end(void)
{
    kv_store_flush(&store);
    CU_ASSERT_EQUAL(store.used, 0);
    kv_store_fini(&store);
    CU_ASSERT_EQUAL(kv_budget_used(&budget), 0);
}

static struct kv_key
key_of(const char *text)
{
    return kv_store_key(&store, text, strlen(text));
}

static struct kv_entry **
find(const char *text, int64_t now)
{
    struct kv_key key = key_of(text);
    return kv_store_find(&store, &key, now);
}

static struct kv_entry *
set_bytes(const char *name, const char *at, size_t bytes, bool keep)
{
    struct kv_key key = key_of(name);
    struct kv_value value = {{at, bytes}, NULL};
    return kv_store_set(&store, find(name, NOW), &key, &value, keep);
}

static struct kv_entry *
set(const char *name, const char *text)
{
    return set_bytes(name, text, strlen(text), false);
}

static bool
holds(const char *name, const char *text)
{
    struct kv_entry **link = find(name, NOW);
    char scratch[KV_INTEGER_TEXT_MAX];
    if (link == NULL)
        return text == NULL;
    struct kv_slice value = kv_entry_value(*link, scratch);
    return text != NULL && value.bytes == strlen(text) &&
           memcmp(value.at, text, value.bytes) == 0;
}

static void
keeps_values_of_every_kind(void)
{
    begin(0);
    CU_ASSERT(holds("a", NULL));
    CU_ASSERT_EQUAL(set("a", "text")->kind, KV_VALUE_BYTES);
    CU_ASSERT(holds("a", "text"));
    CU_ASSERT_EQUAL(set("a", "-12345678901")->kind, KV_VALUE_INTEGER);
    CU_ASSERT(holds("a", "-12345678901"));
    CU_ASSERT_EQUAL(set("a", "007")->kind, KV_VALUE_BYTES);
    CU_ASSERT(holds("a", "007"));
    CU_ASSERT_EQUAL(set("a", "")->kind, KV_VALUE_BYTES);
    CU_ASSERT(holds("a", ""));
    end();
}

static void
large_values_get_a_block_of_their_own(void)
{
    char *large = calloc(1, KV_INPLACE_MAX + 1);
    begin(0);
    CU_ASSERT_EQUAL(set_bytes("a", large, KV_INPLACE_MAX, false)->kind, KV_VALUE_BYTES);
    CU_ASSERT_EQUAL(set_bytes("a", large, KV_INPLACE_MAX + 1, false)->kind, KV_VALUE_BLOB);
    CU_ASSERT_EQUAL(set_bytes("a", large, 10, false)->kind, KV_VALUE_BYTES);
    free(large);
    end();
}

static void
takes_a_blob_instead_of_copying_it(void)
{
    begin(0);
    struct kv_blob *blob = kv_blob_create(100000);
    const char *at = blob->at;
    memset(blob->at, 'x', 100000);
    blob->bytes = 100000;
    struct kv_key key = key_of("a");
    struct kv_value value = {{blob->at, blob->bytes}, &blob};
    CU_ASSERT_PTR_NOT_NULL(kv_store_set(&store, NULL, &key, &value, false));
    CU_ASSERT_PTR_NULL(blob);
    CU_ASSERT_PTR_EQUAL(kv_entry_blob(*find("a", NOW))->at, at);
    CU_ASSERT(store.used > 100000);
    end();
}

static void
a_key_expires_after_its_time_and_not_at_it(void)
{
    begin(0);
    set("a", "x");
    CU_ASSERT(kv_store_expire_at(&store, find("a", NOW), NOW + 5));
    CU_ASSERT_PTR_NOT_NULL(find("a", NOW + 5));
    CU_ASSERT_EQUAL(kv_table_count(&store.table), 1);
    CU_ASSERT_PTR_NULL(find("a", NOW + 6));
    CU_ASSERT_EQUAL(kv_table_count(&store.table), 0);
    CU_ASSERT_EQUAL(store.expiring.count, 0);
    end();
}

static void
setting_forgets_the_time_of_expiry_unless_told_to_keep_it(void)
{
    static const char *const values[] = {"short", "12",
                                         "a value that does not fit in the entry"};
    char large[3000] = "";
    begin(0);
    for (size_t i = 0; i < 3; i++) {
        set("a", "x");
        CU_ASSERT(kv_store_expire_at(&store, find("a", NOW), NOW + 5));
        CU_ASSERT_PTR_NOT_NULL(set_bytes("a", values[i], strlen(values[i]), true));
        CU_ASSERT_EQUAL(kv_entry_expires_at(*find("a", NOW)), NOW + 5);
        CU_ASSERT(holds("a", values[i]));
        set("a", values[i]);
        CU_ASSERT_EQUAL(kv_entry_expires_at(*find("a", NOW)), 0);
        CU_ASSERT_EQUAL(store.expiring.count, 0);
    }
    CU_ASSERT(kv_store_expire_at(&store, find("a", NOW), NOW + 5));
    CU_ASSERT_PTR_NOT_NULL(set_bytes("a", large, sizeof large, true));
    CU_ASSERT_EQUAL(kv_entry_expires_at(*find("a", NOW)), NOW + 5);
    CU_ASSERT(kv_store_expire_at(&store, find("a", NOW), 0));
    CU_ASSERT_EQUAL(store.expiring.count, 0);
    end();
}

static void
a_time_of_expiry_does_not_harm_the_value(void)
{
    char large[3000];
    begin(0);
    memset(large, 'y', sizeof large);
    set("text", "hello");
    set("number", "42");
    set_bytes("large", large, sizeof large, false);
    int64_t used = store.used;
    CU_ASSERT(kv_store_expire_at(&store, find("text", NOW), NOW + 1));
    CU_ASSERT(kv_store_expire_at(&store, find("number", NOW), NOW + 1));
    CU_ASSERT(kv_store_expire_at(&store, find("large", NOW), NOW + 1));
    CU_ASSERT(holds("text", "hello"));
    CU_ASSERT(holds("number", "42"));
    CU_ASSERT_EQUAL(kv_entry_blob(*find("large", NOW))->bytes, sizeof large);
    CU_ASSERT(store.used > used && store.used < used + 1000);
    end();
}

static void
extending_keeps_the_text_and_fills_with_zeroes(void)
{
    static const size_t sizes[] = {1, 5, 6, 20, 100, 2000, 2048, 2049, 5000, 100000};
    begin(0);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (int number = 0; number < 2; number++) {
            set("a", number ? "12345" : "hello");
            CU_ASSERT(kv_store_expire_at(&store, find("a", NOW), NOW + 5));
            char *at = kv_store_extend(&store, find("a", NOW), sizes[i]);
            size_t bytes = sizes[i] < 5 ? 5 : sizes[i];
            CU_ASSERT_EQUAL(memcmp(at, number ? "12345" : "hello", 5), 0);
            size_t zeroes = 0;
            for (size_t j = 5; j < bytes; j++)
                zeroes += at[j] == 0;
            CU_ASSERT_EQUAL(zeroes, bytes - 5);
            char scratch[KV_INTEGER_TEXT_MAX];
            CU_ASSERT_EQUAL(kv_entry_value(*find("a", NOW), scratch).bytes, bytes);
            CU_ASSERT_EQUAL(kv_entry_expires_at(*find("a", NOW)), NOW + 5);
        }
    }
    end();
}

static void
renaming_moves_value_and_expiry_over_another_key(void)
{
    char large[3000] = "";
    begin(0);
    set_bytes("a", large, sizeof large, false);
    CU_ASSERT(kv_store_expire_at(&store, find("a", NOW), NOW + 9));
    set("b", "old");
    struct kv_key a = key_of("a");
    struct kv_key b = key_of("b");
    CU_ASSERT(kv_store_rename(&store, &a, &b, NOW));
    CU_ASSERT(holds("a", NULL));
    CU_ASSERT_EQUAL(kv_entry_blob(*find("b", NOW))->bytes, sizeof large);
    CU_ASSERT_EQUAL(kv_entry_expires_at(*find("b", NOW)), NOW + 9);
    CU_ASSERT_EQUAL(kv_table_count(&store.table), 1);
    CU_ASSERT_EQUAL(store.expiring.count, 1);
    end();
}

static void
a_sweep_removes_what_nobody_asks_for(void)
{
    begin(0);
    for (int i = 0; i < 10000; i++) {
        char name[16];
        snprintf(name, sizeof name, "k%d", i);
        set(name, "x");
        CU_ASSERT(kv_store_expire_at(&store, find(name, NOW), NOW + (i % 2 ? 1 : 1000)));
    }
    kv_store_tick(&store, NOW);
    CU_ASSERT_EQUAL(kv_table_count(&store.table), 10000);
    kv_store_tick(&store, NOW + 500);
    CU_ASSERT(kv_table_count(&store.table) < 10000);
    CU_ASSERT(kv_table_count(&store.table) > 5000); /* not all in one tick */
    for (int i = 0; i < 100; i++)
        kv_store_tick(&store, NOW + 500);
    CU_ASSERT_EQUAL(kv_table_count(&store.table), 5000);
    CU_ASSERT_EQUAL(store.counters.expired, 5000);
    CU_ASSERT_EQUAL(store.expiring.count, 5000);
    end();
}

static void
random_keys_have_not_expired(void)
{
    begin(0);
    set("stays", "x");
    set("goes", "x");
    CU_ASSERT(kv_store_expire_at(&store, find("goes", NOW), NOW + 1));
    for (int i = 0; i < 100; i++) {
        struct kv_entry *entry = kv_store_random(&store, NOW + 2);
        CU_ASSERT_EQUAL(memcmp(kv_entry_key(entry), "stays", 5), 0);
    }
    CU_ASSERT_EQUAL(kv_table_count(&store.table), 1);
    kv_store_remove(&store, find("stays", NOW));
    CU_ASSERT_PTR_NULL(kv_store_random(&store, NOW));
    end();
}

static void
flushing_takes_effect_at_once_and_frees_by_and_by(void)
{
    begin(0);
    for (int i = 0; i < 30000; i++) {
        char name[16];
        snprintf(name, sizeof name, "k%d", i);
        set(name, "x");
    }
    kv_store_flush(&store);
    CU_ASSERT_EQUAL(kv_table_count(&store.table), 0);
    CU_ASSERT_EQUAL(store.used, 0);
    CU_ASSERT(kv_store_is_busy(&store));
    set("k1", "new");
    int ticks = 0;
    while (kv_store_is_busy(&store)) {
        kv_store_tick(&store, NOW);
        ticks++;
    }
    CU_ASSERT(ticks >= 3);
    CU_ASSERT(holds("k1", "new"));
    end();
}

static void
is_full_one_byte_past_the_limit(void)
{
    begin(100000);
    CU_ASSERT(!kv_store_is_full(&store));
    set("a", "x");
    budget.max = store.used;
    CU_ASSERT(!kv_store_is_full(&store));
    budget.max = store.used - 1;
    CU_ASSERT(kv_store_is_full(&store));
    kv_store_remove(&store, find("a", NOW));
    budget.max = 100000;
    CU_ASSERT(!kv_store_is_full(&store));
    end();
}

/* Random operations, after which the accounts must be what the entries cost. */
static void
mix(uint64_t seed)
{
    char large[5000] = "";
    for (int i = 0; i < 2000; i++) {
        char name[16];
        uint64_t random = kv_random_next(&seed);
        snprintf(name, sizeof name, "k%d", (int) (random % 97));
        size_t bytes = (random >> 16) % 7 == 0 ? (random >> 20) % 5000 : (random >> 20) % 40;
        struct kv_entry **link = find(name, NOW + i);
        switch ((random >> 8) % 6) {
        case 0:
        case 1:
            (void) set_bytes(name, large, bytes, random % 2);
            break;
        case 2:
            if (link != NULL)
                kv_store_remove(&store, link);
            break;
        case 3:
            if (link != NULL)
                (void) kv_store_expire_at(&store, link, NOW + (int64_t) (random >> 32) % 4000);
            break;
        case 4:
            if (link != NULL)
                (void) kv_store_extend(&store, link, bytes);
            break;
        default:
            kv_store_tick(&store, NOW + i);
        }
    }
}

static void
add_cost(void *arg, struct kv_entry *entry)
{
    int64_t *sum = arg;
    *sum += (int64_t) kv_entry_cost(entry);
    if (entry->kind == KV_VALUE_BLOB)
        *sum += (int64_t) kv_blob_cost(kv_entry_blob(entry));
}

static void
the_accounts_are_right_after_anything(void)
{
    for (uint64_t seed = 0; cy_test_next_seed(&seed, 100);) {
        begin(0);
        mix(seed);
        kv_store_tick(&store, NOW);
        int64_t sum =
            (int64_t) (kv_table_cost(&store.table) + kv_expiring_cost(&store.expiring));
        uint64_t cursor = 0;
        while (store.table.moving)
            kv_store_tick(&store, NOW);
        sum = (int64_t) (kv_table_cost(&store.table) + kv_expiring_cost(&store.expiring));
        do
            cursor = kv_table_scan(&store.table, cursor, add_cost, &sum);
        while (cursor != 0);
        CU_ASSERT_EQUAL(sum, store.used);
        end();
    }
}

CY_TEST_MAIN("kv.store", CY_TEST(keeps_values_of_every_kind),
             CY_TEST(large_values_get_a_block_of_their_own),
             CY_TEST(takes_a_blob_instead_of_copying_it),
             CY_TEST(a_key_expires_after_its_time_and_not_at_it),
             CY_TEST(setting_forgets_the_time_of_expiry_unless_told_to_keep_it),
             CY_TEST(a_time_of_expiry_does_not_harm_the_value),
             CY_TEST(extending_keeps_the_text_and_fills_with_zeroes),
             CY_TEST(renaming_moves_value_and_expiry_over_another_key),
             CY_TEST(a_sweep_removes_what_nobody_asks_for),
             CY_TEST(random_keys_have_not_expired),
             CY_TEST(flushing_takes_effect_at_once_and_frees_by_and_by),
             CY_TEST(is_full_one_byte_past_the_limit),
             CY_TEST(the_accounts_are_right_after_anything))
