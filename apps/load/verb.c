/*
 * verb.c - the ways in which a payload goes to a task or a channel.
 * Tests: tests/load/test_senders.c
 */
#include "verb.h"
#include "talk.h"

#include <cycos/channel.h>
#include <cycos/mailbox.h>
#include <errno.h>

/* What it means that a payload was not taken. */
static enum load_outcome
outcome_of(int rc)
{
    switch (rc) {
    case -EAGAIN:
        return LOAD_FULL;
    case -ESRCH:
    case CY_ENOPEER:
        return LOAD_GONE;
    case -ECANCELED:
        return LOAD_CANCELED;
    default:
        return LOAD_REFUSED;
    }
}

static enum load_outcome
do_send(const struct load_settings *settings, cy_ref to, cy_msg **msg, cy_msg **answer)
{
    (void) settings;
    (void) answer;
    int rc = cy_send(to, msg);
    return rc == 0 ? LOAD_DONE : outcome_of(rc);
}

static enum load_outcome
do_deliver(const struct load_settings *settings, cy_ref to, cy_msg **msg, cy_msg **answer)
{
    cy_time deadline = cy_after(settings->flags.timeout_ns);
    uint32_t wanted = 1;
    int rc;
    (void) answer;
    if (settings->target.protocol == LOAD_CHANNEL) {
        wanted = settings->flags.subscribers;
        rc = cy_channel_deliver(to, msg, wanted, deadline);
    } else {
        rc = cy_deliver(to, msg, deadline);
    }
    if (rc < 0)
        return outcome_of(rc);
    if (rc == 0)
        return LOAD_UNANSWERED;
    return (uint32_t) rc < wanted ? LOAD_PART : LOAD_DONE;
}

static enum load_outcome
do_call(const struct load_settings *settings, cy_ref to, cy_msg **msg, cy_msg **answer)
{
    int rc = cy_call(answer, to, msg, cy_after(settings->flags.timeout_ns));
    if (rc == 0)
        return LOAD_DONE;
    if (*msg != NULL || rc == -ECANCELED)
        return outcome_of(rc);
    return outcome_of(rc) == LOAD_GONE ? LOAD_LEFT : LOAD_UNANSWERED;
}

enum load_outcome
load_verb_do(const struct load_settings *settings, cy_ref to, cy_msg **msg, cy_msg **answer)
{
    switch (settings->verb) {
    case LOAD_VERB_SEND:
        return do_send(settings, to, msg, answer);
    case LOAD_VERB_DELIVER:
        return do_deliver(settings, to, msg, answer);
    case LOAD_VERB_CALL:
        break;
    }
    return do_call(settings, to, msg, answer);
}

uint32_t
load_verb_tag(enum load_verb verb)
{
    return verb == LOAD_VERB_CALL ? LOAD_TALK_ASK : LOAD_TALK_NOTE;
}
