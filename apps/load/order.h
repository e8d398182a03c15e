/* order.h - what one generator is told to do. */
#ifndef LOAD_ORDER_H
#define LOAD_ORDER_H

#include "place.h"
#include "settings.h"

/* Lives as long as the generator does, which frees nothing of it. */
struct load_order {
    const struct load_settings *settings;
    struct load_place place;
    cy_ref coordinator;
    uint32_t part, parts;             /* which generator of how many */
    uint32_t first_connection, count; /* its connections, by number */
    uint32_t run;                     /* marks the payloads of this run */
    bool fill;                        /* write all keys first */
    bool hired;                       /* the coordinator may have another clock */
};

/* Makes it the order of that part: with its share of the connections. */
void load_order_share(struct load_order *order, uint32_t part);

#endif
