/* place.h - where a target is. */
#ifndef LOAD_PLACE_H
#define LOAD_PLACE_H

#include <cycos/address.h>
#include <cycos/ref.h>
#include <stdbool.h>
#include <stdint.h>

/* A task or a channel that somebody on the network has. */
struct load_recipient {
    cy_ref ref;
    uint32_t readers; /* that keep books of what reaches them; 0: it keeps none */
    cy_ref keeper;    /* a task that lives as long as the books, if there are any */
};

/* Which of the two counts follows from the protocol. */
struct load_place {
    cy_address address;
    struct load_recipient recipient;
};

#endif
