/* raw.c - round trips and a stream between two bare threads; see raw.h. */
#include "raw.h"
#include <cycos/time.h>
#include <pthread.h>
#include <sched.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

enum { SLOTS = 1024, CREDIT = SLOTS / 8 };

struct slot {
    alignas(64) uint64_t body[7];
    _Atomic uint64_t sequence;
};
struct way {
    struct slot slots[SLOTS];
    alignas(64) _Atomic uint64_t credit;
};

struct pair {
    alignas(64) _Atomic uint64_t line;
    struct way there, back;
    int event_there, event_back;
    uint64_t count;
    cpu_set_t cpus[2];
};

static void
need(bool holds)
{
    if (holds)
        return;
    perror("raw");
    exit(1);
}

#if defined(__x86_64__)
#define RELAX() __builtin_ia32_pause()
#else
#define RELAX() (void) 0
#endif

static uint64_t
await(_Atomic uint64_t *word, uint64_t value)
{
    uint64_t seen;
    while ((seen = atomic_load_explicit(word, memory_order_acquire)) < value)
        RELAX();
    return seen;
}

static void
put(struct way *way, uint64_t at)
{
    struct slot *slot = &way->slots[at % SLOTS];
    for (int i = 0; i < 7; i++)
        slot->body[i] = at;
    atomic_store_explicit(&slot->sequence, at + 1, memory_order_release);
}

static uint64_t
take(struct way *way, uint64_t at)
{
    struct slot *slot = &way->slots[at % SLOTS];
    await(&slot->sequence, at + 1);
    if (at % CREDIT == 0)
        atomic_store_explicit(&way->credit, at, memory_order_release);
    return slot->body[0];
}

static void *
line_back(void *arg)
{
    struct pair *pair = arg;
    for (uint64_t i = 0; i < pair->count; i++) {
        await(&pair->line, 2 * i + 1);
        atomic_store_explicit(&pair->line, 2 * i + 2, memory_order_release);
    }
    return NULL;
}

static void
line_there(struct pair *pair)
{
    for (uint64_t i = 0; i < pair->count; i++) {
        atomic_store_explicit(&pair->line, 2 * i + 1, memory_order_release);
        await(&pair->line, 2 * i + 2);
    }
}

static void *
slots_back(void *arg)
{
    struct pair *pair = arg;
    for (uint64_t i = 0; i < pair->count; i++)
        put(&pair->back, take(&pair->there, i));
    return NULL;
}

static void
slots_there(struct pair *pair)
{
    for (uint64_t i = 0; i < pair->count; i++) {
        put(&pair->there, i);
        take(&pair->back, i);
    }
}

static void *
stream_taken(void *arg)
{
    struct pair *pair = arg;
    for (uint64_t i = 0; i < pair->count; i++)
        take(&pair->there, i);
    return NULL;
}

static void
stream_put(struct pair *pair)
{
    uint64_t limit = SLOTS;
    for (uint64_t i = 0; i < pair->count; i++) {
        if (i == limit)
            limit = await(&pair->there.credit, i + 1 - SLOTS) + SLOTS;
        put(&pair->there, i);
    }
}

static void *
eventfd_back(void *arg)
{
    struct pair *pair = arg;
    uint64_t one;
    for (uint64_t i = 0; i < pair->count; i++) {
        need(read(pair->event_there, &one, sizeof one) == sizeof one);
        need(write(pair->event_back, &one, sizeof one) == sizeof one);
    }
    return NULL;
}

static void
eventfd_there(struct pair *pair)
{
    uint64_t one = 1;
    for (uint64_t i = 0; i < pair->count; i++) {
        need(write(pair->event_there, &one, sizeof one) == sizeof one);
        need(read(pair->event_back, &one, sizeof one) == sizeof one);
    }
}

/* The first two CPUs that we may use: those of cores 0 and 1. */
static void
choose_cpus(struct pair *pair, const cpu_set_t *all)
{
    size_t found = 0;
    for (size_t cpu = 0; cpu < CPU_SETSIZE && found < 2; cpu++) {
        if (CPU_ISSET(cpu, all))
            CPU_SET(cpu, &pair->cpus[found++]);
    }
    need(CPU_COUNT(&pair->cpus[1]) == 1);
}

/* The caller's thread is one of the pool, which are nicer than the cores': not so ours. */
static void
be_like_the_cores(void)
{
    (void) !setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, (id_t) getpid()));
}

struct side {
    struct pair *pair;
    void (*there)(struct pair *pair);
    void *(*back)(void *pair);
    double ns;
};

static void *
measure_back(void *arg)
{
    struct side *side = arg;
    be_like_the_cores();
    return side->back(side->pair);
}

static void *
measure_there(void *arg)
{
    struct side *side = arg;
    be_like_the_cores();
    cy_time start = cy_now();
    side->there(side->pair);
    side->ns = (double) (cy_now() - start) / (double) side->pair->count;
    return NULL;
}

static double
run(void *(*back)(void *), void (*there)(struct pair *), int count)
{
    struct pair *pair = aligned_alloc(64, sizeof *pair);
    struct side side = {pair, there, back, 0};
    pthread_t threads[2];
    pthread_attr_t attr;
    cpu_set_t all;
    need(pair != NULL && sched_getaffinity(getpid(), sizeof all, &all) == 0);
    memset(pair, 0, sizeof *pair);
    choose_cpus(pair, &all);
    pair->count = (uint64_t) count;
    pair->event_there = eventfd(0, EFD_CLOEXEC);
    pair->event_back = eventfd(0, EFD_CLOEXEC);
    for (int i = 0; i < 2; i++) {
        pthread_attr_init(&attr);
        pthread_attr_setaffinity_np(&attr, sizeof pair->cpus[i], &pair->cpus[i]);
        need(pthread_create(&threads[i], &attr, i == 0 ? measure_there : measure_back, &side) ==
             0);
        pthread_attr_destroy(&attr);
    }
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    close(pair->event_there);
    close(pair->event_back);
    free(pair);
    return side.ns;
}

double
raw_line(int count)
{
    return run(line_back, line_there, count);
}

double
raw_slots(int count)
{
    return run(slots_back, slots_there, count);
}

double
raw_stream(int count)
{
    return 1e3 / run(stream_taken, stream_put, count);
}

double
raw_eventfd(int count)
{
    return run(eventfd_back, eventfd_there, count);
}
