/*
 * sim_event.c - what is under way in the simulated world: a heap of events.
 *
 * Events of one time happen in the order in which they were made.
 *
 * Tests: tests/runtime/test_sim_net.c
 */
#include "sim.h"
#include <cycos/impl/time.h>
#include <stdlib.h>

void *
cyi_sim_memory(size_t bytes)
{
    void *memory = calloc(1, bytes);
    CY_ASSERT(memory != NULL);
    return memory;
}

static bool
earlier(const struct sim_event *a, const struct sim_event *b)
{
    return a->at < b->at || (a->at == b->at && a->number < b->number);
}

static void
swap(struct sim_event *a, struct sim_event *b)
{
    struct sim_event t = *a;
    *a = *b;
    *b = t;
}

void
cyi_sim_event_add(struct cyi_sim *sim, const struct sim_event *event)
{
    if (sim->event_count == sim->event_room) {
        sim->event_room = sim->event_room * 2 + 64;
        sim->events = realloc(sim->events, sim->event_room * sizeof *sim->events);
        CY_ASSERT(sim->events != NULL);
    }
    uint32_t at = sim->event_count++;
    sim->events[at] = *event;
    sim->events[at].number = sim->event_number++;
    while (at > 0 && earlier(&sim->events[at], &sim->events[(at - 1) / 2])) {
        swap(&sim->events[at], &sim->events[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
}

static struct sim_event
take_first(struct cyi_sim *sim)
{
    struct sim_event first = sim->events[0];
    sim->events[0] = sim->events[--sim->event_count];
    for (uint32_t at = 0, child; (child = 2 * at + 1) < sim->event_count; at = child) {
        if (child + 1 < sim->event_count &&
            earlier(&sim->events[child + 1], &sim->events[child]))
            child++;
        if (!earlier(&sim->events[child], &sim->events[at]))
            break;
        swap(&sim->events[child], &sim->events[at]);
    }
    return first;
}

cy_time
cyi_sim_event_next(const struct cyi_sim *sim)
{
    return sim->event_count == 0 ? CY_FOREVER : sim->events[0].at;
}

void
cyi_sim_events_run(struct cyi_sim *sim)
{
    while (sim->event_count != 0 && sim->events[0].at <= sim->now) {
        struct sim_event event = take_first(sim);
        event.fn(sim, &event);
    }
}

void
cyi_sim_events_drop(struct cyi_sim *sim)
{
    while (sim->event_count != 0) {
        struct sim_event event = take_first(sim);
        event.drop(&event);
    }
}

cy_time
cyi_sim_latency(struct cyi_sim *sim, const struct sim_host *from, const struct sim_host *to)
{
    cy_time max = sim->options.latency_ns_max;
    if (max == 0)
        max = 50 * CY_MICROSECOND;
    return sim->delay[from->index][to->index] + 1 +
           (cy_time) sim_below(&sim->world, (uint64_t) max);
}

struct command {
    cyi_sim_fn *fn;
    void *arg;
};

static void
run_command(struct cyi_sim *sim, struct sim_event *event)
{
    struct command *command = event->what;
    sim->commands--;
    command->fn(sim, command->arg);
    free(command);
}

static void
drop_command(struct sim_event *event)
{
    free(event->what);
}

void
cyi_sim_at(struct cyi_sim *sim, cy_time at, cyi_sim_fn *fn, void *arg)
{
    struct command *command = cyi_sim_memory(sizeof *command);
    *command = (struct command){fn, arg};
    struct sim_event event = {.at = cyi_time_add(CYI_SIM_START, at),
                              .fn = run_command,
                              .drop = drop_command,
                              .what = command};
    sim->commands++;
    cyi_sim_event_add(sim, &event);
}
