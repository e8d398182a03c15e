/* trio_channel.h - channels and those who listen to them, on three simulated nodes. */
#ifndef TRIO_CHANNEL_H
#define TRIO_CHANNEL_H

#include "trio.h"
#include <cycos/impl/channel.h>
#include <string.h>

enum { TRIO_TAG = 7, TRIO_SPOTS = 6 };

/* Where a task or a channel shall be: two for each node. */
struct trio_spot {
    uint32_t node;
    uint16_t core;
};
extern const struct trio_spot trio_spots[TRIO_SPOTS];

cy_ref trio_channel_with(struct trio_spot spot, struct cy_channel_options *options);
cy_ref trio_channel_at(struct trio_spot spot);

/* A task that counts what it gets, and what is not in order or not by its maker. */
struct trio_ear {
    uint32_t got, wrong, last;
    cy_ref publisher;
};
cy_ref trio_ear_at(struct trio_spot spot, struct trio_ear *ear);

/* With a number that rises with each. */
cy_msg *trio_message(size_t size);
/* cy_channel_deliver() of one; for nobody in particular and for ever. */
int trio_deliver(cy_ref channel, uint32_t n, cy_time deadline);
int trio_reach(cy_ref channel);
void trio_subscribe(cy_ref channel, cy_ref subscriber);
void trio_unsubscribe(cy_ref channel, cy_ref subscriber);
void trio_stop(cy_ref task);
/* Let all that is under way arrive. */
void trio_settle(void);
/* Proxies on all nodes. */
uint32_t trio_proxies_left(void);

#endif
