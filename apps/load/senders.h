/* senders.h - targets that are reached by messages: task:// and channel://. */
#ifndef LOAD_SENDERS_H
#define LOAD_SENDERS_H

#include "line.h"

extern const struct load_kind load_senders;

#endif
