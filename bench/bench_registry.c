/*
 * bench_registry.c - looking names up, alone and while another core changes them.
 *
 * `registry.lookup` finds one of so many names per call, in an order that no prefetcher
 * guesses. `registry.lookup_contended` is the same while a task of a second core registers
 * and unregisters names as fast as it can. Lookups are measured in CPU time of the thread,
 * which is the same on a busy machine.
 */
#include <cycos/registry.h>
#include <cycos/run.h>

#include <stdalign.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { NAMES_MAX = 100000, LOOKUPS = 2000000, CHANGES = 100000, RUNS = 5, NAME_BYTES = 24 };
enum { ORDER = 65536, PAUSE = 4096 };

static char names[NAMES_MAX][NAME_BYTES];

/* What the other core writes; alone, or its neighbours go to and fro with it. */
static struct {
    alignas(256) atomic_long changes;
    atomic_bool churning;
    alignas(256) char end;
} other;

static void
check(const char *what, int rc)
{
    if (rc >= 0)
        return;
    fprintf(stderr, "bench_registry: %s: %s\n", what, cy_strerror(rc));
    exit(1);
}

struct figure {
    double median, least, most;
};

static int
compare(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static struct figure
measure(double (*run)(int count), int count)
{
    double ns[RUNS];
    for (int i = 0; i < RUNS; i++)
        ns[i] = run(count);
    qsort(ns, RUNS, sizeof *ns, compare);
    return (struct figure){ns[RUNS / 2], ns[0], ns[RUNS - 1]};
}

static cy_time
cpu_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * CY_SECOND + now.tv_nsec;
}

/* Waits while too many names that were given up cannot be freed yet. */
static void
take_name(const char *name)
{
    int rc;
    while ((rc = cy_task_register(name)) == -ENOBUFS)
        check("sleep", cy_sleep(CY_MILLISECOND));
    check("register", rc);
}

static double
look_up(int count)
{
    cy_ref found;
    static uint32_t order[ORDER];
    for (uint32_t i = 0, at = 1; i < ORDER; i++) {
        at = at * 1664525 + 1013904223;
        order[i] = (at >> 8) % (uint32_t) count;
    }
    cy_time start = cpu_time();
    for (long i = 0; i < LOOKUPS; i++) {
        check("lookup", cy_task_lookup(&found, names[order[i % ORDER]]));
        if (i % PAUSE == 0)
            cy_yield(); /* so that what the other core gave up can be freed */
    }
    return (double) (cpu_time() - start) / LOOKUPS;
}

static double
change(int count)
{
    (void) count;
    cy_time start = cy_now();
    for (long i = 0; i < CHANGES; i++) {
        take_name("changing");
        check("unregister", cy_task_unregister("changing"));
        if (i % 256 == 0)
            cy_yield();
    }
    return (double) (cy_now() - start) / CHANGES;
}

static int
churn(void *arg)
{
    (void) arg;
    while (other.churning) {
        for (int i = 0; i < 100; i++) {
            take_name("churned");
            check("unregister", cy_task_unregister("churned"));
            other.changes++;
        }
        cy_yield();
    }
    return 0;
}

static void
print(const char *bench, int count, struct figure figure)
{
    printf("{\"bench\":\"registry.%s\",\"names\":%d,\"ns\":%.1f,\"ns_min\":%.1f,"
           "\"ns_max\":%.1f}\n",
           bench, count, figure.median, figure.least, figure.most);
}

static void
contended(int count)
{
    cy_ref churner;
    struct cy_task_options joinable = {.joinable = true};
    other.churning = true;
    check("spawn", cy_task_spawn_on(&churner, 1, churn, NULL, &joinable));
    long before = other.changes;
    cy_time start = cy_now();
    print("lookup_contended", count, measure(look_up, count));
    double seconds = (double) (cy_now() - start) / (double) CY_SECOND;
    long changed = other.changes - before;
    other.churning = false;
    check("join", cy_join(NULL, churner, CY_FOREVER));
    printf("{\"bench\":\"registry.changes_meanwhile\",\"names\":%d,\"per_second\":%.0f}\n",
           count, (double) changed / seconds);
}

static int
bench(void *arg)
{
    static const int counts[] = {10, 1000, NAMES_MAX};
    int registered = 0;
    (void) arg;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        for (; registered < counts[i]; registered++) {
            snprintf(names[registered], NAME_BYTES, "task-%d", registered);
            take_name(names[registered]);
        }
        check("sleep", cy_sleep(100 * CY_MILLISECOND)); /* the table grows in the background */
        print("lookup", counts[i], measure(look_up, counts[i]));
        contended(counts[i]);
        print("register_unregister", counts[i], measure(change, counts[i]));
    }
    return 0;
}

int
main(void)
{
    struct cy_options options;
    cy_options_init(&options);
    options.cores = 2;
    options.stall_ns = 0;
    int rc = cy_run(&options, bench, NULL);
    check("cy_run", rc);
    cy_options_fini(&options);
    return rc;
}
