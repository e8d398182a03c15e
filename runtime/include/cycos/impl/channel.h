/* cycos/impl/channel.h - channels, for the other parts of the runtime and for the registry. */
#ifndef CYCOS_IMPL_CHANNEL_H
#define CYCOS_IMPL_CHANNEL_H

#include <cycos/channel.h>
#include <stdbool.h>

struct cyi_core;

enum {
    CYI_CHANNELS_MAX = 1 << 20,        /* open at once, per core */
    CYI_CHANNEL_HOPS_MAX = 16,         /* from node to node, by channels that feed channels */
    CYI_CHANNEL_GUESTS_MAX = 1024,     /* deliveries of one core elsewhere that wait here */
    CYI_CHANNEL_GUEST_BYTES = 4 << 20, /* of their messages */
};

/* Is there such a channel on this core? */
bool cyi_channel_exists(struct cyi_core *core, uint32_t slot, uint32_t generation);

/*
 * Hand a message, its sender filled in, to the subscribers of a channel of this core that
 * exists. Takes the message in any case. Returns the number of tasks of this core that got it,
 * plus the subscribers on other cores and nodes to whom it is under way.
 */
int cyi_channel_publish(struct cyi_core *core, uint32_t slot, uint32_t generation, cy_msg *msg);

/* A task with CYI_TASK_SUBSCRIBED, or a channel, of this core has ended. */
void cyi_channel_subscriber_gone(struct cyi_core *core, uint32_t slot, uint32_t generation);

/*
 * The name a channel of this core was created with, or NULL when there is no such channel.
 * From now on its end is told to the node's extensions, as that of a named task.
 */
const char *cyi_channel_named(struct cyi_core *core, uint32_t slot, uint32_t generation);

/* What a channel has counted. */
struct cyi_channel_counters {
    uint64_t published; /* messages that came */
    uint64_t dropped;   /* of those: by the transform */
    uint64_t reached;   /* tasks of this core that got one */
    uint64_t sent;      /* subscribers of other cores and nodes to whom one was sent */
    uint64_t forwarded; /* to other nodes: one for each that has subscribers */
    uint64_t refused;   /* one that did not fit into a mailbox or onto the way */
};

/* False when there is no such channel on this core. */
bool cyi_channel_count(struct cyi_core *core, cy_ref channel, struct cyi_channel_counters *out);

/* How many channels of other nodes have subscribers whom this core serves. */
uint32_t cyi_channel_proxies(const struct cyi_core *core);

/* For dumps: each channel of this core. The name is good during the visit. */
struct cyi_channel_state {
    cy_ref channel;
    const char *name;
    uint32_t subscribers;
    struct cyi_channel_counters counters;
};
void cyi_channels_each(struct cyi_core *core,
                       void (*visit)(const struct cyi_channel_state *state, void *arg),
                       void *arg);

/* After the last turn of every core. */
void cyi_channels_fini(struct cyi_core *core);

#endif
