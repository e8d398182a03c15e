/* senders.h - targets that are reached by messages: task:// and channel://. */
#ifndef LOAD_SENDERS_H
#define LOAD_SENDERS_H

#include "line.h"

extern const struct load_kind load_senders;

/*
 * After how many payloads of a stream its readers are asked what came, at most 1000. Twice as
 * many may wait to be booked: of all senders together 32768, which is less than a mailbox
 * takes, so that nothing is lost for want of a pause, and 128 MiB; but of each sender two.
 */
uint32_t load_mark_every(const struct load_settings *settings);

#endif
