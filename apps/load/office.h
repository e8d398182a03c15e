/* office.h - what all senders of a core share: the recipient, and who looks after it. */
#ifndef LOAD_OFFICE_H
#define LOAD_OFFICE_H

#include "line.h"

struct load_sender;

/*
 * A clerk, a task, hears when the recipient ends, or is told so by a sender that was refused;
 * then it looks for one of the same name again, and the senders wait until there is one.
 */
struct load_office {
    struct load_group *group;
    struct load_recipient recipient;
    uint32_t run;
    uint32_t life; /* how often a recipient was found */
    bool seeking;
    cy_ref clerk;
    uint32_t mark_every, streams; /* at one time, of all generators */
    uint32_t count, busy;         /* senders, and those that have not ended */
    struct load_sender *senders;
};

/* Starts the clerk. As cy_task_spawn(). */
int load_office_open(struct load_office *office);

/* The recipient of that life is gone. */
void load_office_lose(struct load_office *office, uint32_t life);

/* No recipient is wanted any more: ends the clerk. */
void load_office_close(struct load_office *office);

/* A sender is about to end; with the last one the clerk goes home. */
void load_office_leave(struct load_office *office);

#endif
