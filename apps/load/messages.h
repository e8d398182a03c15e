/* messages.h - what generators and their coordinator tell each other. */
#ifndef LOAD_MESSAGES_H
#define LOAD_MESSAGES_H

#include "result.h"

#include <cycos/mailbox.h>

enum {
    LOAD_MSG_READY = 1, /* to the coordinator: connected and filled, or not */
    LOAD_MSG_START,     /* to a generator */
    LOAD_MSG_SECOND,    /* to the coordinator, about each second */
    LOAD_MSG_STOP,      /* to a generator: end early; no body */
    LOAD_MSG_DONE,      /* to the coordinator: the last word */
    LOAD_MSG_INTERRUPT, /* to the coordinator: somebody wants the program to end; no body */
    LOAD_MSG_FOUND,     /* to the coordinator: the reference of a worker */
};

struct load_msg_ready {
    uint32_t part;
    int error; /* 0, or why a connection could not be made */
};

/* Of the schedule. On another node the clock is another: there it is so long after this. */
struct load_msg_start {
    int64_t start_ns, ahead_ns;
};

/* Behind it: the corrected histogram of the second, packed. */
struct load_msg_second {
    uint32_t part, index;
    uint64_t completed, late, dropped, errors, faults;
};

/* Behind it: the corrected histogram, packed, and then the raw one. */
struct load_msg_done {
    uint32_t part, connections;
    uint32_t readers; /* of the recipient's books */
    uint32_t stopped; /* it was told to end before its time */
    double busy;
    struct load_counters counters;
    uint64_t corrected_bytes;
};

/* -ENOMEM, and as cy_send(). For the last word a full way is waited for. */
int load_send_second(cy_ref to, const struct load_msg_second *head,
                     const struct load_histogram *corrected);
int load_send_done(cy_ref to, struct load_msg_done *head,
                   const struct load_histogram *corrected, const struct load_histogram *raw);

/* Adds what a message holds. -EBADMSG. */
int load_read_second(const cy_msg *msg, struct load_msg_second *head,
                     struct load_histogram *corrected);
int load_read_done(const cy_msg *msg, struct load_msg_done *head,
                   struct load_histogram *corrected, struct load_histogram *raw);

#endif
