/*
 * line.h - the lines of a core to its target: the seam between pace and protocol.
 *
 * A generator knows when a request is due; a kind of target knows what a request is, how it
 * goes there and what proves that it was done. A line is a connection, or a sender of messages.
 * Lines run in tasks of their own, on the core of their generator.
 */
#ifndef LOAD_LINE_H
#define LOAD_LINE_H

#include "order.h"
#include "recorder.h"

enum load_phase {
    LOAD_PHASE_SETUP,   /* connecting, filling keys */
    LOAD_PHASE_RUNNING, /* requests are made */
    LOAD_PHASE_DRAINING /* no new ones; what is outstanding is awaited, then lines end */
};

/* What the lines of one core share with their generator. */
struct load_group {
    const struct load_settings *settings;
    struct load_place place;
    struct load_recorder recorder;
    enum load_phase phase;
    bool closed_loop;
    cy_ref generator;
    uint32_t unready;     /* lines that are not set up yet */
    uint32_t tasks;       /* that still run */
    int error;            /* the first one of the set-up */
    bool generator_waits; /* for room on any line */
    void *lines;          /* what open() has made */
};

struct load_kind {
    /* Where is the target? In a task. @error says it for people when the result is not 0. */
    int (*find)(struct load_place *out, const struct load_settings *settings, char *error,
                size_t size);

    /* Makes order->count lines and starts their tasks; they end by themselves while draining.
     * Whatever comes of it, close() must be called when no task is left. */
    int (*open)(struct load_group *group, const struct load_order *order);
    void (*close)(struct load_group *group);

    /* Can this line take one more request now? If so, take one. */
    bool (*room)(const struct load_group *group, uint32_t line);
    int (*request)(struct load_group *group, uint32_t line, int64_t due_ns);

    /* The phase has become LOAD_PHASE_RUNNING, in a closed loop. */
    void (*top_up)(struct load_group *group, uint32_t line, int64_t now_ns);
    /* The phase has become LOAD_PHASE_DRAINING. */
    void (*drain)(struct load_group *group, uint32_t line);
    /* What has not come by now is not awaited any more. */
    void (*give_up)(struct load_group *group, uint32_t line);
};

const struct load_kind *load_kind_of(const struct load_settings *settings);

/* For lines: something has changed that the generator may be waiting for. */
void load_group_tell(struct load_group *group);
/* One more line is set up. */
void load_group_ready(struct load_group *group);
/* A target that does not even let a line be set up is not worth a run. */
void load_group_fail(struct load_group *group, int error);
/* A line has room for a request. */
void load_group_room(struct load_group *group);
/* The calling task is about to end. */
void load_group_leave(struct load_group *group);
/* Are no more requests wanted? */
bool load_group_over(const struct load_group *group);

#endif
