/* ask.h - what ask_client asks ask_server. */
#ifndef ASK_H
#define ASK_H

#include "example.h"

/* A reference is a plain value: it travels like any other bytes, to any node. */
struct question {
    cy_ref reply_to;
    int64_t number;
};

#endif
