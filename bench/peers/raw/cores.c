/*
 * cores.c - between two cores: a cache line, rings of them, and the kernel's ways to wake.
 *
 * A slot is one cache line whose last word says which message is in it, so that a message
 * costs the transfer of one line.
 *
 *   S1 slot.number   release by who fills it -> acquire by who takes it   the words before it
 *   S2 taken         release by who drains -> acquire by who pours        that slots are free
 *   S3 given         release in pour_batches -> acquire in drain_batches  slots up to there
 */
#include "raw.h"

#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SLOTS = 1024, TELL_EVERY = 256, BATCH = 64 };

struct slot {
    _Alignas(64) uint64_t words[7];
    _Atomic uint64_t number;
};

static struct slot there[SLOTS], back[SLOTS];
static _Alignas(128) _Atomic uint64_t taken;
static _Alignas(128) _Atomic uint64_t given;
static uint64_t total;
static uint64_t slots_used; /* how many of the ring's slots are in turn */

static void
fill(struct slot *slot, uint64_t number)
{
    for (int i = 0; i < 7; i++)
        slot->words[i] = number;
    atomic_store_explicit(&slot->number, number, memory_order_release); /* S1: */
}

/* Whoever receives reads each word, whatever the compiler thinks of that. */
static void
read_words(const struct slot *slot)
{
    for (int i = 0; i < 7; i++)
        __asm__ volatile("" : : "r"(slot->words[i]));
}

static void
take(struct slot *slot, uint64_t number)
{
    while (atomic_load_explicit(&slot->number, memory_order_acquire) != number) /* S1: */
        __builtin_ia32_pause();
    read_words(slot);
}

/* Runs `other` on the second CPU and `here` on the first. */
static double
beside(long count, void *(*other)(void *arg), void (*here)(void))
{
    pthread_t thread;
    memset(there, 0, sizeof there);
    memset(back, 0, sizeof back);
    taken = 0;
    given = 0;
    total = (uint64_t) count;
    pin(other_cpu());
    want("thread", pthread_create(&thread, NULL, other, NULL) == 0);
    pin(0);
    double begin = now_ns();
    here();
    want("join", pthread_join(thread, NULL) == 0);
    return now_ns() - begin;
}

static void *
echo(void *arg)
{
    for (uint64_t i = 1; i <= total; i++) {
        take(&there[i % slots_used], i);
        fill(&back[i % slots_used], i);
    }
    return arg;
}

static void
ask(void)
{
    for (uint64_t i = 1; i <= total; i++) {
        fill(&there[i % slots_used], i);
        take(&back[i % slots_used], i);
    }
}

static double
ping(long count)
{
    return beside(count, echo, ask);
}

/* One line that both write. */
static void *
even(void *arg)
{
    for (uint64_t i = 1; i <= total; i++) {
        take(there, 2 * i - 1);
        fill(there, 2 * i);
    }
    return arg;
}

static void
odd(void)
{
    for (uint64_t i = 1; i <= total; i++) {
        fill(there, 2 * i - 1);
        take(there, 2 * i);
    }
}

static double
one_line(long count)
{
    return beside(count, even, odd);
}

void
raw_pingpong_two(void)
{
    measure("line", NS, one_line);
    slots_used = SLOTS;
    measure("ring", NS, ping);
}

/* A hundred places in turn, every other one on the other core. */
static void
hop(uint64_t first)
{
    for (uint64_t i = first; i <= total; i += 2) {
        take(&there[i % RING_SIZE], i);
        fill(&there[(i + 1) % RING_SIZE], i + 1);
    }
}

static void *
hop_there(void *arg)
{
    hop(2);
    return arg;
}

static void
hop_here(void)
{
    fill(&there[1], 1);
    hop(1);
}

static double
hops(long count)
{
    return beside(count, hop_there, hop_here);
}

void
raw_ring_two(void)
{
    measure("line", NS, hops);
}

static void *
drain(void *arg)
{
    for (uint64_t i = 1; i <= total; i++) {
        take(&there[i % SLOTS], i);
        if (i % TELL_EVERY == 0)
            atomic_store_explicit(&taken, i, memory_order_release); /* S2: */
    }
    return arg;
}

/* Waits until slot `i` is free; `limit` is the last one known to be. */
static uint64_t
await_room(uint64_t i, uint64_t limit)
{
    while (i > limit) {
        limit = atomic_load_explicit(&taken, memory_order_acquire) + SLOTS; /* S2: */
        if (i > limit)
            __builtin_ia32_pause();
    }
    return limit;
}

static void
pour(void)
{
    uint64_t limit = SLOTS;
    for (uint64_t i = 1; i <= total; i++) {
        limit = await_room(i, limit);
        fill(&there[i % SLOTS], i);
    }
}

/* The receiver hears of many slots at once, so the two seldom want the same line. */
static void
pour_batches(void)
{
    uint64_t limit = SLOTS;
    for (uint64_t i = 1; i <= total; i++) {
        limit = await_room(i, limit);
        for (int word = 0; word < 7; word++)
            there[i % SLOTS].words[word] = i;
        if (i % BATCH == 0 || i == total)
            atomic_store_explicit(&given, i, memory_order_release); /* S3: */
    }
}

static void *
drain_batches(void *arg)
{
    for (uint64_t i = 1, known = 0; i <= total; i++) {
        while (known < i) {
            known = atomic_load_explicit(&given, memory_order_acquire); /* S3: */
            if (known < i)
                __builtin_ia32_pause();
        }
        read_words(&there[i % SLOTS]);
        if (i % TELL_EVERY == 0)
            atomic_store_explicit(&taken, i, memory_order_release); /* S2: */
    }
    return arg;
}

static double
stream(long count)
{
    return beside(count, drain, pour);
}

static double
stream_batches(long count)
{
    return beside(count, drain_batches, pour_batches);
}

void
raw_stream(void)
{
    measure("ring", MILLION_PER_SECOND, stream);
    measure("batched", MILLION_PER_SECOND, stream_batches);
}

/* Asleep: who waits is woken by the kernel. */
struct bell {
    int event, epoll;
    _Atomic uint32_t word;
};

static struct bell bells[2];
static void (*ring_bell)(struct bell *bell);
static void (*await_bell)(struct bell *bell);

static void
write_event(struct bell *bell)
{
    want("write", eventfd_write(bell->event, 1) == 0);
}

static void
read_event(struct bell *bell)
{
    eventfd_t value;
    want("read", eventfd_read(bell->event, &value) == 0);
}

static void
read_epoll(struct bell *bell)
{
    struct epoll_event event;
    want("epoll", epoll_wait(bell->epoll, &event, 1, -1) == 1);
    read_event(bell);
}

static void
wake_futex(struct bell *bell)
{
    bell->word = 1;
    syscall(SYS_futex, &bell->word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void
await_futex(struct bell *bell)
{
    while (bell->word == 0)
        syscall(SYS_futex, &bell->word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
    bell->word = 0;
}

static void *
answer_bell(void *arg)
{
    for (uint64_t i = 0; i < total; i++) {
        await_bell(&bells[0]);
        ring_bell(&bells[1]);
    }
    return arg;
}

static void
ask_bell(void)
{
    for (uint64_t i = 0; i < total; i++) {
        ring_bell(&bells[0]);
        await_bell(&bells[1]);
    }
}

static double
wake(long count)
{
    return beside(count, answer_bell, ask_bell);
}

static void
measure_bells(const char *figure, void (*ring)(struct bell *), void (*await)(struct bell *))
{
    ring_bell = ring;
    await_bell = await;
    measure(figure, NS, wake);
}

void
raw_pingpong_asleep(void)
{
    for (int i = 0; i < 2; i++) {
        struct epoll_event event = {.events = EPOLLIN};
        bells[i].event = eventfd(0, 0);
        bells[i].epoll = epoll_create1(0);
        want("epoll", epoll_ctl(bells[i].epoll, EPOLL_CTL_ADD, bells[i].event, &event) == 0);
    }
    measure_bells("eventfd", write_event, read_event);
    measure_bells("epoll", write_event, read_epoll);
    measure_bells("futex", wake_futex, await_futex);
}
