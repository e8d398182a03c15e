/* verb.h - the ways in which a payload goes to a task or a channel. */
#ifndef LOAD_VERB_H
#define LOAD_VERB_H

#include "settings.h"

#include <cycos/msg.h>
#include <cycos/time.h>

enum load_outcome {
    LOAD_DONE,       /* sent; with an acknowledgement or an answer if the verb has one */
    LOAD_PART,       /* fewer subscribers of a channel got it than were asked for */
    LOAD_FULL,       /* not sent: try again later */
    LOAD_GONE,       /* not sent: there is no such recipient any more */
    LOAD_LEFT,       /* sent, but the recipient was lost before it answered */
    LOAD_UNANSWERED, /* sent; no answer came in time */
    LOAD_REFUSED,    /* not sent, and trying again will not help */
    LOAD_CANCELED,   /* this task is to end */
};

/*
 * Sends *@msg as the settings say. It is moved when it was sent; else the caller keeps it.
 * With LOAD_VERB_CALL and LOAD_DONE the caller owns *@answer, else that is untouched.
 */
enum load_outcome load_verb_do(const struct load_settings *settings, cy_ref to, cy_msg **msg,
                               cy_msg **answer);

/* The tag that the message must have. */
uint32_t load_verb_tag(enum load_verb verb);

#endif
