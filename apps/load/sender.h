/* sender.h - a task that sends payloads, one after the other, and has them proved. */
#ifndef LOAD_SENDER_H
#define LOAD_SENDER_H

#include "office.h"
#include "random.h"
#include "stream.h"

#include <cycos/mailbox.h>

struct load_sender {
    struct load_office *office;
    cy_ref task;
    struct load_sender *next; /* of those of its line that have nothing to do */
    struct load_sender **idle;
    bool asked;     /* there is a request, and it was due then: */
    int64_t due_ns; /* in an open loop */
    struct load_random random;
    struct load_stream stream;
    uint32_t life; /* of the recipient that the stream goes to */
};

/* Starts its task, which ends by itself in the phase of draining. As cy_task_spawn(). */
int load_sender_start(struct load_sender *sender);
void load_sender_fini(struct load_sender *sender);

/* Something has changed that it may be waiting for. */
void load_sender_wake(struct load_sender *sender);
/* The same, while it may be waiting for its readers. */
void load_sender_nudge(struct load_sender *sender);

#endif
