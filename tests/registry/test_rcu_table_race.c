/*
 * The table without what surrounds it: no lock, no grace period, nothing freed before the end.
 * So the thread sanitizer sees every access of readers and of the writer, which the lock that
 * stands for RCU in its build would hide from it.
 */
#include "cy_test.h"
#include <cycos/impl/rcu.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static struct cyi_rcu_record *removed;

/* Until nobody reads any more. */
static void
keep(struct cyi_rcu_record *record, void (*fn)(struct cyi_rcu_record *self))
{
    record->fn = fn;
    record->reserved[0] = removed;
    removed = record;
}

static void
free_kept(void)
{
    struct cyi_rcu_record *record;
    while ((record = removed) != NULL) {
        removed = record->reserved[0];
        record->fn(record);
    }
}

#define cyi_rcu_read_lock()      ((void) 0)
#define cyi_rcu_read_unlock()    ((void) 0)
#define cyi_rcu_update_begin()   ((void) 0)
#define cyi_rcu_update_end()     ((void) 0)
#define cyi_rcu_call(record, fn) keep(record, fn)
#define cyi_rcu_barrier()        free_kept()
#define cyi_key_equal            race_key_equal
#define cyi_table_create         race_table_create
#define cyi_table_free           race_table_free
#define cyi_table_lookup         race_table_lookup
#define cyi_table_find           race_table_find
#define cyi_table_add            race_table_add
#define cyi_table_remove         race_table_remove
#define cyi_table_buckets        race_table_buckets
#include "rcu_table.c"

enum { STAY = 5000, COME_AND_GO = 64, READERS = 2 };

static const struct cyi_hash_key hash_key = {{3, 4}};
static struct cyi_table *table;
static atomic_uint there, looked, missed, wrong;
static atomic_bool stop;

static struct cyi_key
key_of(char *name, size_t size, const char *what, uint32_t number)
{
    int length = snprintf(name, size, "%s-%u", what, number);
    return cyi_key_make(&hash_key, CY_KIND_TASK, name, (size_t) length);
}

/* What has been added is found, whatever comes, goes and grows meanwhile. */
static void *
look(void *arg)
{
    uint32_t seed = *(const uint32_t *) arg;
    char name[32];
    while (!stop) {
        cy_ref ref;
        uint32_t count = there;
        if (count == 0)
            continue;
        uint32_t at = (seed = seed * 1664525 + 1013904223) % count;
        struct cyi_key key = key_of(name, sizeof name, "stays", at);
        if (!cyi_table_lookup(table, &key, &ref))
            missed++;
        else if (ref.slot != at || ref.node != at)
            wrong++;
        key = key_of(name, sizeof name, "comes", at % COME_AND_GO);
        if (cyi_table_lookup(table, &key, &ref) && ref.slot != ref.node)
            wrong++;
        looked++;
    }
    return NULL;
}

static void
toggle(struct cyi_entry **entry, uint32_t at, uint32_t round)
{
    char name[32];
    struct cyi_key key = key_of(name, sizeof name, "comes", at);
    if (*entry != NULL) {
        cyi_table_remove(table, *entry);
        *entry = NULL;
        return;
    }
    CY_OK(cyi_table_add(table, entry, &key, (cy_ref){.slot = round, .node = round}));
}

static void
what_stays_is_found_while_others_come_and_the_table_grows(void)
{
    static struct cyi_entry *stay[STAY], *come[COME_AND_GO];
    uint32_t seeds[READERS] = {1, 2}, added = 0;
    pthread_t readers[READERS];
    char name[32];
    CY_OK(cyi_table_create(&table, UINT32_MAX));
    uint32_t before = cyi_table_buckets(table);
    for (int i = 0; i < READERS; i++)
        CY_OK(pthread_create(&readers[i], NULL, look, &seeds[i]));
    for (uint32_t i = 0; added < STAY; i++) {
        toggle(&come[i % COME_AND_GO], i % COME_AND_GO, i);
        /* The first of them waits for the readers, or they would come when all is done. */
        while (added == 1 && looked == 0)
            sched_yield();
        struct cyi_key key = key_of(name, sizeof name, "stays", added);
        CY_OK(cyi_table_add(table, &stay[added], &key, (cy_ref){.slot = added, .node = added}));
        there = ++added;
    }
    stop = true;
    for (int i = 0; i < READERS; i++)
        CY_OK(pthread_join(readers[i], NULL));
    CU_ASSERT_EQUAL(missed, 0);
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_TRUE(cyi_table_buckets(table) > 4 * before);
    for (uint32_t i = 0; i < STAY; i++)
        cyi_table_remove(table, stay[i]);
    for (uint32_t i = 0; i < COME_AND_GO; i++)
        if (come[i] != NULL)
            cyi_table_remove(table, come[i]);
    cyi_table_free(&table);
}

CY_TEST_MAIN("registry.rcu_table_race",
             CY_TEST(what_stays_is_found_while_others_come_and_the_table_grows))
