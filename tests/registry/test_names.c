#include "cy_node.h"
#include "names.h"
#include <cycos/impl/core.h>

enum { MAX = 100, CORES = 2, SEEKERS = 30 };

static const struct cyi_hash_key hash_key = {{1, 2}};
static struct cyi_names *names;

static struct cyi_key
key_of(const char *name)
{
    return cyi_key_make(&hash_key, CY_KIND_TASK, name, strlen(name));
}

static struct cyi_key
numbered(char *buffer, size_t size, int number)
{
    snprintf(buffer, size, "name-%d", number);
    return key_of(buffer);
}

static cy_ref
owner(uint32_t slot)
{
    cy_ref ref = cy_self();
    ref.slot = (uint32_t) CY_KIND_TASK << 28 | slot;
    ref.generation = 3;
    return ref;
}

static int
wait_for(const struct cyi_key *key, cy_ref *out, cy_time deadline)
{
    struct cyi_search search = {.key = key, .core = CYI_CORE_ANY};
    return cyi_names_wait(names, cyi_self, &search, out, deadline);
}

/* The names of a node that nobody else uses. */
static int
with_names(cy_task_fn *fn, uint32_t cores)
{
    int left;
    CY_OK(cyi_names_create(&names, &hash_key, MAX));
    int rc = cy_node_run(cores, fn, NULL);
    left = (int) cyi_names_seekers(names);
    CU_ASSERT_EQUAL(left, 0);
    cyi_names_free(&names);
    CU_ASSERT_PTR_NULL(names);
    cyi_names_free(&names);
    return rc;
}

static int
unique_body(void *arg)
{
    struct cyi_key key = key_of("alice");
    struct cyi_core *core = cyi_self;
    cy_ref ref = CY_NOBODY;
    (void) arg;
    CY_CHECK_EQ(cyi_names_remove(names, &key, owner(1)), -ENOENT);
    CY_CHECK_EQ(cyi_names_add(names, core, &key, owner(1)), 0);
    CY_CHECK_EQ(cyi_names_add(names, core, &key, owner(1)), 0);
    CY_CHECK_EQ(cyi_names_add(names, core, &key, owner(2)), -EEXIST);
    CY_CHECK_EQ(cyi_names_count(names), 1);
    CY_CHECK(cyi_names_lookup(names, &key, &ref) && cy_ref_equal(ref, owner(1)));
    CY_CHECK_EQ(cyi_names_remove(names, &key, owner(2)), -ENOENT);
    CY_CHECK_EQ(cyi_names_remove(names, &key, owner(1)), 0);
    CY_CHECK(!cyi_names_lookup(names, &key, &ref));
    CY_CHECK_EQ(cyi_names_add(names, core, &key, owner(2)), 0);
    return 0; /* the name is left to the end */
}

static void
a_name_has_one_owner(void)
{
    CU_ASSERT_EQUAL(with_names(unique_body, 1), 0);
}

static int
limit_body(void *arg)
{
    char name[32];
    struct cyi_core *core = cyi_self;
    (void) arg;
    for (int i = 0; i <= MAX; i++) {
        struct cyi_key key = numbered(name, sizeof name, i);
        CY_CHECK_EQ(cyi_names_add(names, core, &key, owner(1)), i < MAX ? 0 : -ENOBUFS);
    }
    struct cyi_key first = numbered(name, sizeof name, 0);
    CY_CHECK_EQ(cyi_names_add(names, core, &first, owner(1)), 0);
    CY_CHECK_EQ(cyi_names_remove(names, &first, owner(1)), 0);
    struct cyi_key last = numbered(name, sizeof name, MAX);
    CY_CHECK_EQ(cyi_names_add(names, core, &last, owner(1)), 0);
    CY_CHECK_EQ(cyi_names_count(names), MAX);
    return 0;
}

static void
there_are_max_names_and_no_more(void)
{
    CU_ASSERT_EQUAL(with_names(limit_body, 1), 0);
}

static int
forget_body(void *arg)
{
    char name[32];
    cy_ref ref;
    (void) arg;
    for (int i = 0; i < MAX; i++) {
        struct cyi_key key = numbered(name, sizeof name, i);
        CY_CHECK_EQ(cyi_names_add(names, cyi_self, &key, owner(i % 2 == 0 ? 1 : 2)), 0);
    }
    cyi_names_forget(names, owner(3));
    CY_CHECK_EQ(cyi_names_count(names), MAX);
    cyi_names_forget(names, owner(1));
    CY_CHECK_EQ(cyi_names_count(names), MAX / 2);
    for (int i = 0; i < MAX; i++) {
        struct cyi_key key = numbered(name, sizeof name, i);
        CY_CHECK_EQ(cyi_names_lookup(names, &key, &ref), i % 2);
    }
    return 0;
}

static void
all_names_of_an_owner_are_forgotten_and_no_others(void)
{
    CU_ASSERT_EQUAL(with_names(forget_body, 1), 0);
}

static int results[SEEKERS];
static cy_ref found[SEEKERS];

/* Seekers with even numbers want one name, the others another. */
static int
seek(void *arg)
{
    int me = (int) (size_t) arg;
    struct cyi_key key = key_of(me % 2 == 0 ? "even" : "odd");
    results[me] = wait_for(&key, &found[me], CY_FOREVER);
    return 0;
}

static void
spawn_seekers(cy_ref *tasks)
{
    struct cy_task_options joinable = {.joinable = true};
    for (int i = 0; i < SEEKERS; i++) {
        results[i] = 1;
        found[i] = CY_NOBODY;
        CY_CHECK_EQ(cy_task_spawn_named(&tasks[i], (uint16_t) (i / 2 % CORES), seek,
                                        (void *) (size_t) i, "seeker", &joinable),
                    0);
    }
    while (cyi_names_seekers(names) < SEEKERS)
        CY_CHECK_EQ(cy_sleep(CY_MICROSECOND), 0);
}

static int
seek_body(void *arg)
{
    static cy_ref tasks[SEEKERS];
    struct cyi_key even = key_of("even"), odd = key_of("odd");
    (void) arg;
    spawn_seekers(tasks);
    CY_CHECK_EQ(cyi_names_add(names, cyi_self, &even, owner(4)), 0);
    for (int i = 0; i < SEEKERS; i += 2)
        CY_CHECK_EQ(cy_join(NULL, tasks[i], CY_FOREVER), 0);
    CY_CHECK_EQ(cyi_names_seekers(names), SEEKERS / 2);
    CY_CHECK_EQ(cyi_names_add(names, cyi_self, &odd, owner(5)), 0);
    for (int i = 1; i < SEEKERS; i += 2)
        CY_CHECK_EQ(cy_join(NULL, tasks[i], CY_FOREVER), 0);
    for (int i = 0; i < SEEKERS; i++) {
        CY_CHECK_EQ(results[i], 0);
        CY_CHECK(cy_ref_equal(found[i], owner(i % 2 == 0 ? 4 : 5)));
    }
    return 0;
}

static void
all_who_seek_a_name_hear_of_it(void)
{
    CU_ASSERT_EQUAL(with_names(seek_body, CORES), 0);
}

/* The first of a ring leaves, so another one must stand for it in the map. */
static int
leave_body(void *arg)
{
    static cy_ref tasks[SEEKERS];
    static const int order[] = {0, 4, 2, 28, 1, 29, 15};
    struct cyi_key even = key_of("even"), odd = key_of("odd");
    bool stopped[SEEKERS] = {false};
    uint32_t left = SEEKERS;
    (void) arg;
    spawn_seekers(tasks);
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        CY_CHECK_EQ(cy_terminate(tasks[order[i]]), 0);
        CY_CHECK_EQ(cy_join(NULL, tasks[order[i]], CY_FOREVER), 0);
        CY_CHECK_EQ(results[order[i]], -ECANCELED);
        stopped[order[i]] = true;
        CY_CHECK_EQ(cyi_names_seekers(names), --left);
    }
    CY_CHECK_EQ(cyi_names_add(names, cyi_self, &even, owner(4)), 0);
    CY_CHECK_EQ(cyi_names_add(names, cyi_self, &odd, owner(5)), 0);
    for (int i = 0; i < SEEKERS; i++) {
        if (stopped[i])
            continue;
        CY_CHECK_EQ(cy_join(NULL, tasks[i], CY_FOREVER), 0);
        CY_CHECK_EQ(results[i], 0);
    }
    CY_CHECK_EQ(cyi_names_seekers(names), 0);
    return 0;
}

static void
who_stops_seeking_is_forgotten_and_the_others_are_not(void)
{
    CU_ASSERT_EQUAL(with_names(leave_body, CORES), 0);
}

static int
time_out_body(void *arg)
{
    struct cyi_key key = key_of("nobody"), there = key_of("there");
    cy_ref ref = owner(9);
    (void) arg;
    CY_CHECK_EQ(wait_for(&key, &ref, CY_NOW), -ETIMEDOUT);
    CY_CHECK_EQ(wait_for(&key, &ref, cy_after(CY_MICROSECOND)), -ETIMEDOUT);
    CY_CHECK(cy_ref_equal(ref, owner(9)));
    CY_CHECK_EQ(cyi_names_add(names, cyi_self, &there, owner(1)), 0);
    CY_CHECK_EQ(wait_for(&there, &ref, CY_NOW), 0);
    CY_CHECK(cy_ref_equal(ref, owner(1)));
    return 0;
}

static void
seeking_ends_at_the_deadline(void)
{
    CU_ASSERT_EQUAL(with_names(time_out_body, 1), 0);
}

struct seen {
    uint32_t times[MAX], visits;
};

static void
see(const struct cyi_key *key, cy_ref ref, void *arg)
{
    struct seen *seen = arg;
    int number;
    CY_CHECK_EQ(sscanf(key->name, "name-%d", &number), 1);
    CY_CHECK_EQ(key->kind, CY_KIND_TASK);
    CY_CHECK_EQ(ref.generation, 3);
    seen->times[number]++;
    seen->visits++;
}

/* All names of one owner are in one place, those of others are not. */
static int
scan_body(void *arg)
{
    char name[32];
    uint64_t cursor = 0;
    struct seen none = {{0}, 0};
    (void) arg;
    CY_CHECK(!cyi_names_scan(names, &cursor, 10, see, &none));
    CY_CHECK_EQ(none.visits, 0);
    for (int i = 0; i < MAX; i++) {
        struct cyi_key key = numbered(name, sizeof name, i);
        CY_CHECK_EQ(cyi_names_add(names, cyi_self, &key, owner(i % 2 == 0 ? 1 : (uint32_t) i)),
                    0);
    }
    for (uint32_t max = 1; max <= MAX + 1; max++) {
        struct seen seen = {{0}, 0};
        uint32_t before = 0, wrong = 0;
        while (cyi_names_scan(names, &cursor, max, see, &seen) && seen.visits - before <= max)
            before = seen.visits;
        for (int i = 0; i < MAX; i++)
            wrong += seen.times[i] != 1;
        CY_CHECK_EQ(wrong, 0);
        CY_CHECK_EQ(cursor, 0);
    }
    return 0;
}

static void
a_scan_visits_each_name_once_whatever_the_page(void)
{
    CU_ASSERT_EQUAL(with_names(scan_body, 1), 0);
}

CY_TEST_MAIN("registry.names", CY_TEST(a_name_has_one_owner),
             CY_TEST(there_are_max_names_and_no_more),
             CY_TEST(all_names_of_an_owner_are_forgotten_and_no_others),
             CY_TEST(all_who_seek_a_name_hear_of_it),
             CY_TEST(who_stops_seeking_is_forgotten_and_the_others_are_not),
             CY_TEST(seeking_ends_at_the_deadline),
             CY_TEST(a_scan_visits_each_name_once_whatever_the_page))
