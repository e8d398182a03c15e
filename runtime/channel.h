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
 *
 * Of another node, one core has a stand-in for the channel, its proxy: a channel like others,
 * but that its subscribers come from the owner and its messages too. The owner has the members
 * of that node as its own, and knows the node as an outpost. So a message crosses over once
 * per node, and goes on from there as above.
 *
 *     channel "news" .away --> member, member of outpost B     proxy of "news" .here, .away
 *                    .outposts --> B
 */
#ifndef CYI_CHANNEL_H
#define CYI_CHANNEL_H

#include <cycos/impl/channel.h>
#include <cycos/impl/hash.h>
#include <cycos/impl/map.h>
#include <cycos/impl/msg.h>
#include <cycos/impl/node.h>
#include <cycos/impl/router.h>

/* Names a task or channel. */
struct cyi_place {
    uint32_t slot, generation;
    uint16_t core;
    uint32_t node; /* its tag; 0: this node */
};

/* Another node with subscribers of a channel: stays when they leave, so that it is one way. */
struct cyi_outpost {
    struct cyi_list link; /* in channel->outposts */
    cy_ref home;          /* the core with the proxy */
    uint32_t members;
};

/* What a channel that stands in for one of another node has besides. */
struct cyi_proxy {
    struct cyi_map_node node; /* in channels->proxies */
    cy_ref origin;
    struct cyi_channel *channel;
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
    struct cyi_outpost *outpost; /* NULL: of this node */
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
    struct cyi_list outposts;
    struct cyi_proxy *proxy; /* NULL: a channel of its own */
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
    struct cyi_hash_key hash_key; /* the node's, for places */
    struct cyi_map members;       /* by channel and subscriber */
    struct cyi_map by_subscriber; /* those of this core */
    struct cyi_map branches;      /* of channels of other cores */
    struct cyi_map deliveries;    /* that wait for other cores' counts, by number */
    uint64_t delivery_number;
    uint16_t member_serial;
    struct cyi_map proxies;  /* by origin */
    struct cyi_map question; /* to other nodes, by number (channel_question.c) */
    struct cyi_list asked;   /* the same, the oldest first */
    uint64_t question_number;
    uint32_t searches;        /* under way (channel_search.c) */
    struct cyi_map guests;    /* who of other nodes has messages wait here, by link */
    struct cyi_task stand_in; /* the current "task" while a transform runs */
};

static inline struct cyi_place
cyi_place_of(const struct cyi_core *core, cy_ref ref)
{
    uint32_t node = ref.node == core->home.node ? 0 : ref.node;
    return (struct cyi_place){ref.slot, ref.generation, ref.core, node};
}

static inline bool
cyi_place_equal(struct cyi_place a, struct cyi_place b)
{
    return a.slot == b.slot && a.generation == b.generation && a.core == b.core &&
           a.node == b.node;
}

/* Other nodes say what subscribes and which channel there is to be one for. */
static inline uint64_t
cyi_place_hash(const struct cyi_hash_key *key, struct cyi_place place)
{
    uint64_t number = (uint64_t) place.generation << 32 | place.slot;
    uint64_t where = (uint64_t) place.node << 16 | place.core;
    return cyi_hash_secretly(key, cyi_hash_secretly(key, number) ^ where);
}

static inline struct cyi_place
cyi_channel_place(const struct cyi_core *core, const struct cyi_channel *channel)
{
    return (struct cyi_place){channel->slot, channel->generation, core->index, 0};
}

static inline bool
cyi_place_is_channel(struct cyi_place place)
{
    return place.slot >> 28 == CY_KIND_CHANNEL;
}

static inline bool
cyi_is_away(const struct cyi_core *core, cy_ref ref)
{
    return ref.node != core->home.node;
}

/* channel.c */
struct cyi_channels *cyi_channels_of(struct cyi_core *core); /* NULL without memory */
struct cyi_channel *cyi_channel_find(struct cyi_core *core, uint32_t slot, uint32_t generation);
/* -ENOMEM, -EAGAIN too many. The name is copied. */
CY_MUST_CHECK int cyi_channel_open(struct cyi_core *core, const char *name,
                                   struct cyi_channel **out);
void cyi_channel_end(struct cyi_core *core, struct cyi_channel *channel);
/* Can it be a channel, and one that can be reached? -ESRCH, CY_ENOPEER. */
CY_MUST_CHECK int cyi_channel_check(const struct cyi_core *core, cy_ref channel);

/* channel_table.c: -EAGAIN at the limit, -ENOMEM. put() fills in slot and generation. */
CY_MUST_CHECK int cyi_channel_table_put(struct cyi_channel_table *table,
                                        struct cyi_channel *channel);
void cyi_channel_table_take(struct cyi_channel_table *table, struct cyi_channel *channel);
struct cyi_channel *cyi_channel_table_at(const struct cyi_channel_table *table, uint32_t slot,
                                         uint32_t generation);

/*
 * channel_subscribe.c: the calls of applications, and what they come to on the channel's core.
 * CYI_PENDING: `who` will be answered.
 */
enum { CYI_PENDING = 1 };
CY_MUST_CHECK int cyi_channel_subscribe(struct cyi_core *core, struct cyi_channel *channel,
                                        cy_ref subscriber, struct cyi_return who);
CY_MUST_CHECK int cyi_channel_unsubscribe(struct cyi_core *core, struct cyi_channel *channel,
                                          cy_ref subscriber);

/*
 * channel_members.c: on the channel's core. A channel has its edge in the graph before it is
 * admitted (`connected`): admit() makes it the member's, or takes it out again.
 */
struct cyi_member *cyi_channel_member(const struct cyi_channels *channels,
                                      struct cyi_place channel, struct cyi_place subscriber);
CY_MUST_CHECK int cyi_channel_may_admit(struct cyi_core *core,
                                        const struct cyi_channel *channel,
                                        struct cyi_place subscriber);
CY_MUST_CHECK int cyi_channel_admit(struct cyi_core *core, struct cyi_channel *channel,
                                    cy_ref subscriber, struct cyi_return who, bool connected);
CY_MUST_CHECK int cyi_channel_expel(struct cyi_core *core, struct cyi_channel *channel,
                                    struct cyi_place subscriber);
void cyi_channel_expel_all(struct cyi_core *core, struct cyi_channel *channel);
/* All whom an outpost has. */
void cyi_channel_expel_outpost(struct cyi_core *core, struct cyi_channel *channel,
                               const struct cyi_outpost *outpost);
void cyi_channel_confirm(struct cyi_core *core, struct cyi_channel *channel,
                         struct cyi_member *member);
/* The owner's record of a subscription ends; nobody is told. */
void cyi_channel_member_end(struct cyi_core *core, struct cyi_channel *channel,
                            struct cyi_member *member);
struct cyi_branch *cyi_channel_branch(struct cyi_core *core, struct cyi_place channel);
void cyi_channel_members_fini(struct cyi_channels *channels);

/*
 * channel_graph.c: which channel feeds which, in the whole node, and of other nodes those that
 * ours feed: `away` refers to those, else it is NULL. -ELOOP, -ENOMEM.
 */
CY_MUST_CHECK int cyi_channel_graph_add(struct cyi_node *node, struct cyi_place from,
                                        struct cyi_place to, const cy_ref *away);
void cyi_channel_graph_remove(struct cyi_node *node, struct cyi_place from,
                              struct cyi_place to);
/*
 * The channels of other nodes to which this one leads: how many, or -ENOBUFS more than max,
 * -ELOOP it leads to `target`.
 */
CY_MUST_CHECK int cyi_channel_graph_reach(struct cyi_node *node, struct cyi_place from,
                                          struct cyi_place target, cy_ref *out, uint32_t max);

/* Whom to tell how many a message has reached: a delivery of another core, or a task. */
struct cyi_report {
    struct cyi_return task;
    uint64_t delivery; /* its number; 0: the task */
    uint16_t core;
};

/* channel_publish.c: the number of tasks reached, or -EINPROGRESS: it will be reported. */
int cyi_channel_publish_counted(struct cyi_core *core, const struct cyi_channel *channel,
                                cy_msg *msg, const struct cyi_report *report);
/* What has come from the channel's owner. Nobody counts if report is NULL. */
int cyi_channel_publish_proxy(struct cyi_core *core, const struct cyi_channel *proxy,
                              cy_msg *msg, const struct cyi_report *report);
void cyi_channel_publish_fini(struct cyi_channels *channels);

/* Somebody waits until there are n subscribers. */
struct cyi_channel_wait {
    struct cyi_list link; /* in channel->waits */
    struct cyi_return who;
    uint32_t n;
    cy_msg *msg; /* of a task of another node: to be published then; else NULL */
};

/* channel_deliver.c: let go on who waits for as many subscribers, or all with an error. */
void cyi_channel_waits_check(struct cyi_core *core, struct cyi_channel *channel);
void cyi_channel_waits_end(struct cyi_core *core, struct cyi_channel *channel, int error);
void cyi_channel_waits_fini(struct cyi_core *core, struct cyi_channel *channel);
void cyi_channel_wait_end(struct cyi_core *core, struct cyi_channel_wait *wait, int result);

/* channel_guest.c: deliveries of other nodes. deliver_for() takes msg. */
void cyi_channel_deliver_for(struct cyi_core *core, const struct cyi_channel_word *word,
                             cy_msg *msg);
void cyi_channel_recall_for(struct cyi_core *core, const struct cyi_channel_word *word);
/* There are enough subscribers for some that wait: they are published at the next turn. */
void cyi_channel_guests_check(struct cyi_core *core, const struct cyi_channel *channel);
/* It waits no longer: drops its message, if that is still there. */
void cyi_channel_guest_leaves(struct cyi_core *core, struct cyi_channel_wait *wait);
void cyi_channel_guests_lost(struct cyi_core *core, struct cyi_channel *channel, uint16_t link);
void cyi_channel_guests_fini(struct cyi_channels *channels);

/*
 * channel_question.c: what other nodes are asked. An answer comes exactly once, but not at the
 * node's end, when only memory is given back: a question is the first member of a block of
 * malloc(). CY_ENOPEER: the other node is gone.
 */
enum { CYI_QUESTIONS_MAX = 1 << 16 };
struct cyi_question {
    struct cyi_map_node node; /* in channels->question */
    struct cyi_list link;     /* in channels->asked */
    uint64_t number;
    struct cyi_place peer; /* node and core */
    void (*answered)(struct cyi_core *core, struct cyi_question *self, int result,
                     const cy_msg *refs); /* to be freed */
};
/* Borrows msg. -EAGAIN, -ENOMEM and what router.channel() says: then it was not asked. */
CY_MUST_CHECK int cyi_question_ask(struct cyi_core *core, cy_ref to,
                                   struct cyi_question *question, struct cyi_channel_word *word,
                                   cy_msg *msg);
void cyi_question_answered(struct cyi_core *core, cy_ref from,
                           const struct cyi_channel_word *word, const cy_msg *refs);
void cyi_questions_lost(struct cyi_core *core, cy_ref peer);
void cyi_questions_fini(struct cyi_channels *channels);
/*
 * Answer a task, or a question of another node: for these `who` has no generation, and the
 * number in slot and token. Takes msg.
 */
void cyi_channel_answer(struct cyi_core *core, struct cyi_return who, int result, cy_msg *msg);
/* Say a word to another node; counted lost if that fails. */
void cyi_channel_tell(struct cyi_core *core, cy_ref to, const struct cyi_channel_word *word);

/*
 * channel_search.c: would a channel that subscribes close a circle? 0 no, and there is an edge
 * for it in the graph; -ELOOP; CYI_PENDING: other nodes are asked, then it is admitted, and
 * `who` is answered.
 */
enum { CYI_SEARCHES_MAX = 64, CYI_SEARCH_CHANNELS = 512 };
CY_MUST_CHECK int cyi_channel_connect(struct cyi_core *core, struct cyi_channel *channel,
                                      cy_ref subscriber, struct cyi_return who);

/* channel_outpost.c: the owner's side of subscribers on other nodes. */
CY_MUST_CHECK int cyi_outpost_get(struct cyi_outpost **out, struct cyi_channel *channel,
                                  cy_ref subscriber);
CY_MUST_CHECK int cyi_outpost_join(struct cyi_core *core, struct cyi_channel *channel,
                                   struct cyi_member *member, struct cyi_return who);
void cyi_outpost_part(struct cyi_core *core, const struct cyi_channel *channel,
                      const struct cyi_outpost *outpost, struct cyi_place subscriber);
void cyi_outposts_drop(struct cyi_core *core, struct cyi_channel *channel);
void cyi_outposts_lost(struct cyi_core *core, struct cyi_channel *channel, cy_ref peer);
void cyi_outposts_fini(struct cyi_channel *channel);
cy_ref cyi_outpost_ref(const struct cyi_outpost *outpost, struct cyi_place subscriber);

/* channel_proxy.c: the side of the subscribers. */
void cyi_proxy_join(struct cyi_core *core, cy_ref from, const struct cyi_channel_word *word);
void cyi_proxy_part(struct cyi_core *core, cy_ref from, const struct cyi_channel_word *word);
void cyi_proxy_drop(struct cyi_core *core, cy_ref from, const struct cyi_channel_word *word);
void cyi_proxy_forward(struct cyi_core *core, cy_ref from, const struct cyi_channel_word *word,
                       cy_msg *msg);
/* A subscriber of this node has ended, and is no member any more. */
void cyi_proxy_left(struct cyi_core *core, struct cyi_channel *proxy,
                    struct cyi_place subscriber);
/* End it if nobody is left. */
void cyi_proxy_tidy(struct cyi_core *core, struct cyi_channel *proxy);
void cyi_proxies_lost(struct cyi_core *core, cy_ref peer);
void cyi_proxy_free(struct cyi_core *core, struct cyi_channel *proxy);

#endif
