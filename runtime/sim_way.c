/*
 * sim_way.c - how segments of a simulated connection travel from one end to the other.
 *
 * Tests: tests/runtime/test_sim_fault.c
 */
#include "sim.h"
#include <stdlib.h>

/* As Linux has them: how long it waits before it sends again, and when it gives up. */
#define RETRY_FIRST     (200 * CY_MILLISECOND)
#define RETRY_FIRST_SYN CY_SECOND
#define RETRY_MAX       (120 * CY_SECOND)
#define GIVE_UP_SYN     (127 * CY_SECOND)
#define GIVE_UP         (924 * CY_SECOND)

struct sim_held {
    struct sim_held *next;
    struct sim_event event;
};

void
cyi_sim_link_release(struct sim_link *link)
{
    if (link->end[0] != NULL || link->end[1] != NULL || link->events != 0)
        return;
    cyi_list_remove(&link->all);
    free(link->pipe[0].bytes);
    free(link->pipe[1].bytes);
    free(link);
}

void
cyi_sim_told(struct sim_event *event)
{
    struct sim_link *link = event->what;
    link->events--;
    cyi_sim_link_release(link);
}

static struct sim_pipe *
pipe_of(const struct sim_event *event)
{
    return &((struct sim_link *) event->what)->pipe[event->side];
}

static struct sim_held *
take_held(struct sim_pipe *pipe)
{
    struct sim_held *held = pipe->held;
    if (held != NULL)
        pipe->held = held->next;
    return held;
}

static void
drop_held(struct sim_pipe *pipe)
{
    for (struct sim_held *held; (held = take_held(pipe)) != NULL; free(held))
        cyi_sim_told(&held->event);
}

/* The world ends. What is held goes with the retry, which has kept the link alive. */
static void
drop_retry(struct sim_event *event)
{
    drop_held(pipe_of(event));
    cyi_sim_told(event);
}

static void
perform(struct cyi_sim *sim, struct sim_event *event)
{
    if (event->number < pipe_of(event)->lost_before)
        cyi_sim_told(event);
    else
        event->act(sim, event);
}

static bool
is_blocked(const struct sim_event *event)
{
    const struct sim_link *link = event->what;
    return sim_is_blocked(link->host[event->side], link->host[1 - event->side]);
}

static void retry(struct cyi_sim *sim, struct sim_event *event);

static void
schedule_retry(struct cyi_sim *sim, struct sim_link *link, uint8_t side)
{
    struct sim_event event = {.at = sim->now + link->pipe[side].retry,
                              .fn = retry,
                              .drop = drop_retry,
                              .what = link,
                              .side = side};
    link->events++;
    cyi_sim_event_add(sim, &event);
}

/* Nobody has answered for so long that the sender's end fails. */
static bool
gives_up(struct sim_link *link, uint8_t side)
{
    struct sim_socket *sender = link->end[side];
    bool connecting = sender != NULL && sender->state == SIM_CONNECTING;
    if (link->pipe[side].waited < (connecting ? GIVE_UP_SYN : GIVE_UP))
        return false;
    cyi_sim_tcp_die(sender, -ETIMEDOUT);
    drop_held(&link->pipe[side]);
    return true;
}

static void
retry(struct cyi_sim *sim, struct sim_event *event)
{
    struct sim_pipe *pipe = pipe_of(event);
    pipe->waited += pipe->retry;
    if (!is_blocked(event)) {
        for (struct sim_held *held; (held = take_held(pipe)) != NULL; free(held))
            perform(sim, &held->event);
    } else if (!gives_up(event->what, event->side)) {
        pipe->retry = pipe->retry < RETRY_MAX / 2 ? 2 * pipe->retry : RETRY_MAX;
        schedule_retry(sim, event->what, event->side);
    }
    cyi_sim_told(event);
}

static void
hold(struct cyi_sim *sim, const struct sim_event *event)
{
    struct sim_link *link = event->what;
    struct sim_pipe *pipe = &link->pipe[event->side];
    const struct sim_socket *sender = link->end[event->side];
    struct sim_held *held = cyi_sim_memory(sizeof *held);
    held->event = *event;
    if (pipe->held == NULL) {
        bool connecting = sender != NULL && sender->state == SIM_CONNECTING;
        pipe->held_last = &pipe->held;
        pipe->retry = connecting ? RETRY_FIRST_SYN : RETRY_FIRST;
        pipe->waited = 0;
        schedule_retry(sim, link, event->side);
    }
    *pipe->held_last = held;
    pipe->held_last = &held->next;
}

/* What comes after something that is held waits behind it. */
static void
arrive(struct cyi_sim *sim, struct sim_event *event)
{
    if (pipe_of(event)->held != NULL || is_blocked(event))
        hold(sim, event);
    else
        perform(sim, event);
}

void
cyi_sim_tell(struct cyi_sim *sim, struct sim_link *link, uint8_t from, uint64_t value,
             sim_event_fn *act)
{
    struct sim_pipe *pipe = &link->pipe[from];
    cy_time at = sim->now + cyi_sim_latency(sim, link->host[from], link->host[1 - from]);
    if (at < pipe->last)
        at = pipe->last;
    pipe->last = at;
    link->events++;
    struct sim_event event = {.at = at,
                              .fn = arrive,
                              .drop = cyi_sim_told,
                              .what = link,
                              .act = act,
                              .value = value,
                              .side = from};
    cyi_sim_event_add(sim, &event);
}

void
cyi_sim_way_lose(struct cyi_sim *sim, struct sim_link *link, uint8_t from)
{
    link->pipe[from].lost_before = sim->event_number;
}
