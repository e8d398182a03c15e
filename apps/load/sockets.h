/* sockets.h - targets that are reached by connections: kv:// and tcp://. */
#ifndef LOAD_SOCKETS_H
#define LOAD_SOCKETS_H

#include "line.h"

extern const struct load_kind load_sockets;

#endif
