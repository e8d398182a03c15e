/*
 * cycos/impl/pulse.h - what a core lets other threads see of its progress.
 *
 * Each word has one writer, so a rise is a load and a store: no locked instruction. Readers
 * want to know whether a core goes on, not exactly how far it is.
 *
 * Synchronisation:
 *   P1  pulse.beats    relaxed in beat -> relaxed in the supervisor  progress; orders nothing
 *   P2  pulse.resting  relaxed in rest -> relaxed in the supervisor  likewise
 *   P3  pulse.dumps    relaxed; the dump itself does not pass between threads
 *   P4  pulse.stalls   relaxed in the supervisor -> relaxed in the counters
 */
#ifndef CYCOS_IMPL_PULSE_H
#define CYCOS_IMPL_PULSE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct cyi_pulse {
    _Atomic uint64_t beats;  /* turns and switches of the core */
    _Atomic bool resting;    /* asleep in its reactor, or its thread has ended */
    _Atomic uint32_t dumps;  /* of the node's requests: done by the core */
    _Atomic uint64_t stalls; /* found by the supervisor */
};

/* The core has come to a point at which others get their turn. */
static inline void
cyi_pulse_beat(struct cyi_pulse *pulse)
{
    /* P1: only the core itself writes. */
    uint64_t beats = atomic_load_explicit(&pulse->beats, memory_order_relaxed);
    /* P1: as above. */
    atomic_store_explicit(&pulse->beats, beats + 1, memory_order_relaxed);
}

static inline void
cyi_pulse_rest(struct cyi_pulse *pulse, bool resting)
{
    /* P2: whoever reads the old value is a moment early. */
    atomic_store_explicit(&pulse->resting, resting, memory_order_relaxed);
}

static inline void
cyi_pulse_dumped(struct cyi_pulse *pulse, uint32_t dumps)
{
    /* P3: the supervisor waits for it, or gives up. */
    atomic_store_explicit(&pulse->dumps, dumps, memory_order_relaxed);
}

static inline uint64_t
cyi_pulse_stalls(const struct cyi_pulse *pulse)
{
    /* P4: a count. */
    return atomic_load_explicit(&pulse->stalls, memory_order_relaxed);
}

#endif
