/* bench_wheel.c - arming, cancelling and expiring with a million timers alive. */
#include <cycos/impl/wheel.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TIMERS = 1000000, RUNS = 7 };

/* A timer as it lies in a task: the neighbour is two cache lines away. */
struct object {
    struct cyi_timer timer;
    char rest[128 - sizeof(struct cyi_timer)];
};

static struct cyi_wheel wheel;
static struct object *objects;
static uint32_t *order;

static double
now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double) ts.tv_sec * 1e9 + (double) ts.tv_nsec;
}

static uint64_t
random_next(void)
{
    static uint64_t state = 88172645463325252U;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void
shuffle(void)
{
    for (uint32_t i = TIMERS - 1; i > 0; i--) {
        uint32_t j = (uint32_t) (random_next() % (i + 1)), swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
}

static int
compare(const void *a, const void *b)
{
    double x = *(const double *) a, y = *(const double *) b;
    return (x > y) - (x < y);
}

/* One JSON line: the median and the range of all runs, in nanoseconds per operation. */
static void
report(const char *bench, const char *how, double *ns)
{
    qsort(ns, RUNS, sizeof *ns, compare);
    printf("{\"bench\":\"%s\",\"order\":\"%s\",\"timers\":%d,\"ns\":%.2f,\"ns_min\":%.2f,"
           "\"ns_max\":%.2f}\n",
           bench, how, TIMERS, ns[RUNS / 2], ns[0], ns[RUNS - 1]);
}

/* From 1 to 7.5 s, spread over some hundred slots. */
static cy_time
deadline(uint32_t i)
{
    return CY_SECOND + (cy_time) (i % 100000) * (1 << CYI_WHEEL_TICK_BITS);
}

static double
arm_all(void)
{
    double start = now_ns();
    for (uint32_t i = 0; i < TIMERS; i++)
        cyi_wheel_arm(&wheel, &objects[order[i]].timer, deadline(i));
    return (now_ns() - start) / TIMERS;
}

static double
cancel_all(void)
{
    double start = now_ns();
    for (uint32_t i = 0; i < TIMERS; i++)
        cyi_wheel_cancel(&wheel, &objects[order[i]].timer);
    return (now_ns() - start) / TIMERS;
}

static double
expire_all(void)
{
    double start = now_ns();
    uint32_t fired = 0;
    for (cy_time now = 0; cyi_wheel_count(&wheel) > 0; now += CY_MILLISECOND)
        while (cyi_wheel_expire(&wheel, now) != NULL)
            fired++;
    if (fired != TIMERS)
        abort();
    return (now_ns() - start) / TIMERS;
}

static void
arm_cancel(const char *how, void (*reorder)(void))
{
    double arm[RUNS], cancel[RUNS];
    for (int run = 0; run < RUNS; run++) {
        cyi_wheel_init(&wheel, 0);
        arm[run] = arm_all();
        if (reorder != NULL)
            reorder();
        cancel[run] = cancel_all();
    }
    report("wheel.arm", how, arm);
    report("wheel.cancel", how, cancel);
}

/* One timer that is set and cleared around every request: all in the first-level cache. */
static void
hot_pair(void)
{
    double pair[RUNS];
    cyi_wheel_init(&wheel, 0);
    for (int run = 0; run < RUNS; run++) {
        double start = now_ns();
        for (uint32_t i = 0; i < TIMERS; i++) {
            cyi_wheel_arm(&wheel, &objects[0].timer, deadline(i));
            cyi_wheel_cancel(&wheel, &objects[0].timer);
        }
        pair[run] = (now_ns() - start) / TIMERS;
    }
    report("wheel.arm_cancel", "one", pair);
}

static void
expire(const char *how)
{
    double ns[RUNS];
    for (int run = 0; run < RUNS; run++) {
        cyi_wheel_init(&wheel, 0);
        arm_all();
        ns[run] = expire_all();
    }
    report("wheel.expire", how, ns);
}

int
main(void)
{
    objects = malloc(TIMERS * sizeof *objects);
    order = malloc(TIMERS * sizeof *order);
    if (objects == NULL || order == NULL)
        return 1;
    memset(objects, 0, TIMERS * sizeof *objects); /* page faults now, not in the first run */
    for (uint32_t i = 0; i < TIMERS; i++)
        order[i] = i;
    hot_pair();
    arm_cancel("address", NULL);
    expire("address");
    shuffle();
    arm_cancel("random", shuffle);
    expire("random");
    free(objects);
    free(order);
    return 0;
}
