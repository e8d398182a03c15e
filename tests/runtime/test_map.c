#include "cy_test.h"
#include <cycos/impl/hash.h>
#include <cycos/impl/list.h>
#include <cycos/impl/map.h>

#include <stdio.h>
#include <stdlib.h>

struct item {
    struct cyi_map_node node;
    uint32_t key;
};

static struct cyi_map map;

static struct item *
item_of(struct cyi_map_node *node)
{
    return cyi_container_of(node, struct item, node);
}

static struct item *
find(uint32_t key)
{
    cyi_map_for_each(node, &map, cyi_hash_number(key)) {
        if (item_of(node)->key == key)
            return item_of(node);
    }
    return NULL;
}

static void
an_empty_map_finds_nothing(void)
{
    struct item never = {.key = 1};
    CU_ASSERT_PTR_NULL(find(1));
    cyi_map_remove(&map, &never.node);
    CU_ASSERT_EQUAL(map.count, 0);
    cyi_map_fini(&map);
}

static void
what_was_inserted_is_found_until_it_is_removed(void)
{
    enum { N = 100000 };
    struct item *items = calloc(N, sizeof *items);
    long wrong = 0;
    for (uint32_t i = 0; i < N; i++) {
        items[i].key = i;
        wrong += find(i) != NULL;
        wrong += cyi_map_insert(&map, &items[i].node, cyi_hash_number(i)) != 0;
    }
    CU_ASSERT_EQUAL(map.count, N);
    for (uint32_t i = 0; i < N; i++)
        wrong += find(i) != &items[i];
    for (uint32_t i = 0; i < N; i += 2)
        cyi_map_remove(&map, &items[i].node);
    for (uint32_t i = 0; i < N; i++)
        wrong += find(i) != (i % 2 == 0 ? NULL : &items[i]);
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_EQUAL(map.count, N / 2);
    cyi_map_remove(&map, &items[0].node);
    CU_ASSERT_EQUAL(map.count, N / 2);
    cyi_map_fini(&map);
    free(items);
}

static void
members_of_one_hash_are_visited_newest_first(void)
{
    enum { N = 100 };
    struct item same[N], other[N];
    for (uint32_t i = 0; i < N; i++) { /* the others make the map grow meanwhile */
        same[i].key = i;
        CY_OK(cyi_map_insert(&map, &same[i].node, 42));
        CY_OK(cyi_map_insert(&map, &other[i].node, cyi_hash_number(i)));
    }
    uint32_t expect = N, wrong = 0;
    cyi_map_for_each(node, &map, 42) {
        wrong += item_of(node)->key != --expect;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_EQUAL(expect, 0);
    cyi_map_fini(&map);
}

static void
count_one(struct cyi_map_node *node, void *arg)
{
    long *sum = arg;
    sum[0]++;
    sum[1] += item_of(node)->key;
    free(item_of(node));
}

static void
drain_hands_out_each_member_once(void)
{
    enum { N = 1000 };
    long sum[2] = {0, 0};
    for (uint32_t i = 0; i < N; i++) {
        struct item *item = malloc(sizeof *item);
        item->key = i;
        CY_OK(cyi_map_insert(&map, &item->node, cyi_hash_number(i)));
    }
    cyi_map_drain(&map, count_one, sum);
    CU_ASSERT_EQUAL(sum[0], N);
    CU_ASSERT_EQUAL(sum[1], N * (N - 1) / 2);
    CU_ASSERT_EQUAL(map.count, 0);
    cyi_map_fini(&map);
}

/* The longest chain of a filled map says whether a hash spreads. */
static long
longest_chain(void)
{
    long longest = 0;
    for (uint32_t s = 0, size = CYI_MAP_FIRST; map.segments[s] != NULL; s++) {
        for (uint32_t i = 0; i < size; i++) {
            long length = 0;
            for (struct cyi_map_node *n = map.segments[s][i]; n != NULL; n = n->next)
                length++;
            longest = length > longest ? length : longest;
        }
        size = s == 0 ? CYI_MAP_FIRST : size * 2;
    }
    return longest;
}

static void
hashes_spread_names_and_numbers(void)
{
    static const struct cyi_hash_key hash_key = {{0x1122334455667788, 0x99aabbccddeeff00}};
    enum { N = 65536 };
    struct item *items = calloc(N, sizeof *items);
    for (uint32_t i = 0; i < N; i++)
        CY_OK(cyi_map_insert(&map, &items[i].node, cyi_hash_number((uint64_t) i << 32)));
    CU_ASSERT_TRUE(longest_chain() < 16);
    cyi_map_fini(&map);
    for (uint32_t i = 0; i < N; i++) {
        char name[32];
        int size = snprintf(name, sizeof name, "connection-%u", i);
        uint64_t hash = cyi_hash_name(&hash_key, name, (size_t) size);
        CY_OK(cyi_map_insert(&map, &items[i].node, hash));
    }
    CU_ASSERT_TRUE(longest_chain() < 16);
    cyi_map_fini(&map);
    for (uint32_t i = 0; i < N; i++)
        CY_OK(cyi_map_insert(&map, &items[i].node, cyi_hash_secretly(&hash_key, i << 13)));
    CU_ASSERT_TRUE(longest_chain() < 16);
    cyi_map_fini(&map);
    free(items);
}

enum { SCANNED = 5000 };

struct scan {
    uint8_t seen[SCANNED];
    uint32_t left; /* until it stops */
};

static bool
see(struct cyi_map_node *node, void *arg)
{
    struct scan *scan = arg;
    if (scan->left == 0)
        return false;
    scan->left--;
    scan->seen[item_of(node)->key]++;
    return true;
}

static void
insert_some(struct item *items, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        items[i].key = i;
        CY_OK(cyi_map_insert(&map, &items[i].node, cyi_hash_number(i)));
    }
}

/* Members that are there from the beginning, while others come between any two steps. */
static void
a_scan_visits_each_member_once_while_the_map_grows(void)
{
    for (uint32_t first = 0; first < 80; first += 7) {
        struct item *items = calloc(SCANNED, sizeof *items);
        struct scan scan = {.left = UINT32_MAX};
        uint32_t cursor = 0, wrong = 0, there = first;
        insert_some(items, 0, first);
        bool more = true;
        while (more) {
            more = cyi_map_scan(&map, &cursor, see, &scan);
            uint32_t next = there + there % 23 + 1;
            insert_some(items, there, next < SCANNED ? next : SCANNED);
            there = next < SCANNED ? next : SCANNED;
        }
        for (uint32_t i = 0; i < SCANNED; i++)
            wrong += i < first ? scan.seen[i] != 1 : scan.seen[i] > 1;
        CU_ASSERT_EQUAL(wrong, 0);
        CU_ASSERT_EQUAL(cursor, 0);
        cyi_map_fini(&map);
        free(items);
    }
}

static void
a_scan_that_stops_stays_at_its_bucket(void)
{
    struct item items[8];
    struct scan scan = {.left = 2};
    uint32_t cursor = 0;
    CU_ASSERT_FALSE(cyi_map_scan(&map, &cursor, see, &scan));
    for (uint32_t i = 0; i < 3; i++) {
        items[i].key = i;
        CY_OK(cyi_map_insert(&map, &items[i].node, 0));
    }
    CU_ASSERT_TRUE(cyi_map_scan(&map, &cursor, see, &scan));
    CU_ASSERT_EQUAL(cursor, 0);
    CU_ASSERT_EQUAL(scan.seen[0] + scan.seen[1] + scan.seen[2], 2);
    scan.left = 3;
    CU_ASSERT_TRUE(cyi_map_scan(&map, &cursor, see, &scan));
    CU_ASSERT_NOT_EQUAL(cursor, 0);
    CU_ASSERT_EQUAL(scan.left, 0);
    cyi_map_fini(&map);
}

CY_TEST_MAIN("runtime.map", CY_TEST(an_empty_map_finds_nothing),
             CY_TEST(what_was_inserted_is_found_until_it_is_removed),
             CY_TEST(members_of_one_hash_are_visited_newest_first),
             CY_TEST(drain_hands_out_each_member_once),
             CY_TEST(hashes_spread_names_and_numbers),
             CY_TEST(a_scan_visits_each_member_once_while_the_map_grows),
             CY_TEST(a_scan_that_stops_stays_at_its_bucket))
