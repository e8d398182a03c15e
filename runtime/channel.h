/*
 * channel.h - the records behind channels, shared by the channel_*.c files.
 *
 * A channel belongs to one core, its owner, which alone says who is subscribed. Subscribers of
 * the same core stand in the channel's own branch. Those of another core are members there
 * too, without a place in the branch; their core mirrors them in a branch of its own, so that
 * a message crosses over once per core, however many subscribers it has there. Rings between
 * cores keep their order, so a mirror changes before the messages that must see the change.
 *
 *        owner, core 0                                      core 1
 *     channel "news" .here --> member, member                branch of "news" --> member,
 *                    .away --> member, member                                     member
 *                    .away_count[1] = 2
 */
#ifndef CYI_CHANNEL_H
#define CYI_CHANNEL_H

#include <cycos/impl/channel.h>
#include <cycos/impl/map.h>
#include <cycos/impl/msg.h>
#include <cycos/impl/node.h>

/* Names a task or channel of this node. */
struct cyi_place {
    uint32_t slot, generation;
    uint16_t core;
};

/* Subscribers of one channel that live on this core, in the order of subscription. */
struct cyi_branch {
    struct cyi_map_node node; /* in channels->branches, if the channel is another core's */
    struct cyi_place channel;
    struct cyi_list members;
    uint32_t count;
};

/* One subscription. */
struct cyi_member {
    struct cyi_map_node pair; /* in channels->members */
    struct cyi_map_node own;  /* in channels->by_subscriber, if the subscriber is ours */
    struct cyi_list link;     /* in branch->members or channel->away */
    struct cyi_branch *branch;
    struct cyi_place channel, subscriber;
    uint16_t serial; /* tells it from an earlier subscription of the same two */
    bool confirmed;  /* the subscriber's core knows it */
};

struct cyi_channel {
    uint32_t slot, generation;
    bool named, subscribed, transforming;
    char name[CY_CHANNEL_NAME_MAX + 1];
    cy_transform_fn *transform;
    void *transform_arg;
    struct cyi_branch here;
    struct cyi_list away;
    uint32_t *away_count;  /* per core; NULL until the first */
    uint32_t count, max;   /* members */
    uint32_t confirmed;    /* of those, in effect everywhere */
    struct cyi_list waits; /* for more subscribers */
    struct cyi_channel_counters counters;
};

/* The places of channels, with generations that tell their occupants apart. */
struct cyi_channel_slot {
    struct cyi_channel *channel; /* NULL: free */
    uint32_t generation;
    uint32_t next_free; /* index + 1 */
};
struct cyi_channel_table {
    struct cyi_channel_slot *slots;
    uint32_t count, capacity, open, max;
    uint32_t free; /* index + 1; 0: none */
};

/* What a core knows of channels. */
struct cyi_channels {
    struct cyi_channel_table table;
    struct cyi_map members;       /* by channel and subscriber */
    struct cyi_map by_subscriber; /* those of this core */
    struct cyi_map branches;      /* of channels of other cores */
    struct cyi_map deliveries;    /* that wait for other cores' counts, by number */
    uint64_t delivery_number;
    uint16_t member_serial;
    struct cyi_task stand_in; /* the current "task" while a transform runs */
};

static inline struct cyi_place
cyi_place_of(cy_ref ref)
{
    return (struct cyi_place){ref.slot, ref.generation, ref.core};
}

static inline bool
cyi_place_equal(struct cyi_place a, struct cyi_place b)
{
    return a.slot == b.slot && a.generation == b.generation && a.core == b.core;
}

static inline uint64_t
cyi_place_hash(struct cyi_place place)
{
    uint64_t number = (uint64_t) place.generation << 32 | place.slot;
    return cyi_hash_number(number ^ (uint64_t) place.core << 48);
}

static inline struct cyi_place
cyi_channel_place(const struct cyi_core *core, const struct cyi_channel *channel)
{
    return (struct cyi_place){channel->slot, channel->generation, core->index};
}

/* channel.c */
struct cyi_channels *cyi_channels_of(struct cyi_core *core); /* NULL without memory */
struct cyi_channel *cyi_channel_find(struct cyi_core *core, uint32_t slot, uint32_t generation);
/* Can it be a channel of this node? -ESRCH, CY_ENOPEER. */
CY_MUST_CHECK int cyi_channel_check(const struct cyi_core *core, cy_ref channel);

/* channel_table.c: -EAGAIN at the limit, -ENOMEM. put() fills in slot and generation. */
CY_MUST_CHECK int cyi_channel_table_put(struct cyi_channel_table *table,
                                        struct cyi_channel *channel);
void cyi_channel_table_take(struct cyi_channel_table *table, struct cyi_channel *channel);
struct cyi_channel *cyi_channel_table_at(const struct cyi_channel_table *table, uint32_t slot,
                                         uint32_t generation);

/* channel_members.c: on the channel's core. CYI_PENDING: `who` will be answered. */
enum { CYI_PENDING = 1 };
CY_MUST_CHECK int cyi_channel_admit(struct cyi_core *core, struct cyi_channel *channel,
                                    struct cyi_place subscriber, struct cyi_return who);
CY_MUST_CHECK int cyi_channel_expel(struct cyi_core *core, struct cyi_channel *channel,
                                    struct cyi_place subscriber);
void cyi_channel_expel_all(struct cyi_core *core, struct cyi_channel *channel);
struct cyi_branch *cyi_channel_branch(struct cyi_core *core, struct cyi_place channel);
void cyi_channel_members_fini(struct cyi_channels *channels);

/* channel_graph.c: which channel feeds which, in the whole node. -ELOOP, -ENOMEM. */
CY_MUST_CHECK int cyi_channel_graph_add(struct cyi_node *node, struct cyi_place from,
                                        struct cyi_place to);
void cyi_channel_graph_remove(struct cyi_node *node, struct cyi_place from,
                              struct cyi_place to);

/* Whom to tell how many a message has reached: a delivery of another core, or a task. */
struct cyi_report {
    struct cyi_return task;
    uint64_t delivery; /* its number; 0: the task */
    uint16_t core;
};

/* channel_publish.c: the number of tasks reached, or -EINPROGRESS: it will be reported. */
int cyi_channel_publish_counted(struct cyi_core *core, const struct cyi_channel *channel,
                                cy_msg *msg, const struct cyi_report *report);
void cyi_channel_publish_fini(struct cyi_channels *channels);

/* channel_deliver.c: let go on who waits for as many subscribers, or all with an error. */
void cyi_channel_waits_check(struct cyi_core *core, struct cyi_channel *channel);
void cyi_channel_waits_end(struct cyi_core *core, struct cyi_channel *channel, int error);
void cyi_channel_waits_fini(struct cyi_channel *channel);

#endif
