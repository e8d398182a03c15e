/*
 * member_table.h - the record of a member, for the files of the membership only.
 *
 * The lock guards the maps, the list and what of a record other cores may ask for. Any core may
 * add a record, only the hub takes one out: so the hub keeps pointers without the lock, and
 * the others none at all. What is marked as the hub's is not under the lock.
 *
 * What the membership wants of links goes through struct cyi_member_way, so that the states can
 * be tested without a connection.
 */
#ifndef CYI_MEMBER_TABLE_H
#define CYI_MEMBER_TABLE_H

#include "member.h"
#include "net.h"
#include <cycos/impl/list.h>
#include <cycos/impl/map.h>
#include <cycos/sync.h>
#include <pthread.h>

enum {
    CYI_MEMBER_ADDRESSES = CYI_WIRE_ADDRESSES + 1, /* and one that only worked */
    CYI_MEMBERS_GONE_MAX = 4096,
    CYI_MEMBERS_UNMET_MAX = 1024, /* that have ended before anybody here has met them */
    CYI_MEMBERS_HEARD_MAX = 256,  /* of which there is no intro yet */
    CYI_MEMBER_REFUSED = 3,       /* connections refused in a row: nobody is there any more */
    CYI_MEMBER_WITNESSES = 3,     /* who are asked about a silent node */
    CYI_MEMBER_PROBES_MAX = 32,   /* tasks that dial nodes which are not online */
    CYI_MEMBER_TRIES = 5,         /* rounds through the addresses of a hello */
    CYI_MEMBER_HOSTS_MAX = 1024,
    CYI_WATCHERS_MAX = 1024,
    CYI_WATCHER_QUEUE_MAX = 32768, /* messages that a watcher may leave unread */
};

#define CYI_MEMBER_STALL   (500 * CY_MILLISECOND) /* so late we are the ones who hang */
#define CYI_MEMBER_LEAVE   (200 * CY_MILLISECOND) /* from a goodbye to the end */
#define CYI_MEMBER_REVIVE  (2 * CY_SECOND)        /* older hellos of the dead do not count */
#define CYI_MEMBER_RETRY   CY_SECOND              /* the first retry; doubles up to the last */
#define CYI_MEMBER_RETRIES (10 * CY_SECOND)
#define CYI_MEMBER_FORGET  CY_HOUR         /* so long lost is as good as gone */
#define CYI_MEMBER_PROBE   (5 * CY_SECOND) /* for one dial of a node that is not online */

/* Up to which lives a core has ended its links with a member. */
struct cyi_member_seen {
    uint32_t ours, theirs;
};

struct cyi_member {
    struct cyi_map_node by_incarnation, by_tag;
    struct cyi_list link; /* in members->all, or members->gone, the oldest first */
    uint8_t incarnation[16];
    uint32_t tag;
    enum cyi_member_state state;
    uint32_t life_ours, life_theirs; /* who has declared whom dead, how often */
    struct cyi_member_seen *seen;    /* by each core of ours */

    /* From the intro; a member that was only heard of has one port, its hub's. */
    uint16_t core_count;
    uint16_t *ports;
    uint8_t home[16]; /* as in references to its tasks */
    char name[CYI_WIRE_NAME_MAX + 1];
    uint8_t address_count, preferred; /* preferred: worked last */
    uint8_t addresses[CYI_MEMBER_ADDRESSES][16];
    bool stream;       /* links to it are to be kept, by cy_peer_add() */
    bool reported;     /* watchers were told that it is online */
    bool met_again;    /* the hub has not yet seen that it is met, anew */
    bool introduced;   /* an intro was read, ever */
    uint8_t floods;    /* how often it went on sending to full mailboxes */
    uint8_t dialled;   /* the address that the hub's link was sent to last */
    uint64_t hello_ms; /* of the newest hello, with its sequence */
    uint32_t hello_sequence;

    /* The hub's. */
    uint32_t told_ours, told_theirs; /* the lives when it was reported */
    bool connected;                  /* the hub link has a connection */
    bool suspected, vouched;         /* others were asked; one has heard it */
    bool probing;                    /* a task dials it */
    uint32_t refused;                /* in a row, at the preferred address */
    uint32_t failures;               /* of probes, in a row */
    cy_time heard_at;                /* with what we slept ourselves added */
    cy_time ping_at, retry_at, leave_at;
    cy_time retry_ns;
    cy_time gone_at;
};

/* A task of this node that watches peers. */
struct cyi_watcher {
    struct cyi_list link;
    uint16_t core;
    uint32_t slot, generation;
    bool fresh; /* the hub has not told it yet who is online */
};

/* All nodes of a host are to be streamed, or not. */
struct cyi_member_host {
    struct cyi_list link;
    uint8_t address[16];
    bool stream;
};

/* What a core keeps for its own tasks. */
struct cyi_member_core {
    struct cyi_waitlist waiting; /* for a change */
    uint32_t waiters;            /* under the lock */
};

struct cyi_member_way {
    /* The link between the hubs: make it if need be, dial if it has no connection. */
    int (*dial)(struct cyi_core *core, const struct cyi_member *member);
    /* An item on its control lane; dropped when it has no connection. */
    void (*control)(struct cyi_core *core, uint32_t tag, enum cyi_op op, const void *body,
                    size_t size);
    /* An item on its data lane. */
    int (*put)(struct cyi_core *core, uint32_t tag, enum cyi_op op, const void *body,
               size_t size);
    /* Cut its connection, if it has one: who wants another dials. */
    void (*cut)(struct cyi_core *core, uint32_t tag);
    /* End the links of this core with a node. */
    void (*end)(struct cyi_core *core, uint32_t tag);
    void (*stream)(struct cyi_core *core, uint32_t tag, uint16_t peer_cores, bool stream);
    /* A connection for nothing but to meet who is there; suspends. */
    int (*meet)(struct cyi_core *core, const cy_address *address, struct cyi_intro *out,
                cy_time deadline);
};
extern const struct cyi_member_way cyi_member_links;

struct cyi_members {
    struct cyi_net *net;
    const struct cyi_member_way *way;
    pthread_mutex_t lock;
    struct cyi_map by_incarnation, by_tag;
    struct cyi_list all;  /* whatever is not gone */
    struct cyi_list gone; /* tombstones */
    uint32_t count, heard_count, gone_count;
    uint32_t unmet[CYI_MEMBERS_UNMET_MAX]; /* their tags; the newest takes the oldest's place */
    uint32_t unmet_next;
    struct cyi_list watchers;
    uint32_t watcher_count;
    struct cyi_list hosts; /* of cy_peer_add() for all of a host: what follows from it later */
    uint32_t host_count;
    struct cyi_member_core *cores;
    struct cyi_member_counters counters; /* under the lock */

    /* The hub's. */
    struct cyi_waitlist keeper;
    uint32_t probes;          /* tasks that dial */
    struct cyi_member **scan; /* room for a copy of `all` */
    uint32_t scan_max, scanned;
    cyi_members_changed_fn *changed;
    void *changed_arg;
};

/* The lock held. */
struct cyi_member *cyi_member_known(const struct cyi_members *members,
                                    const uint8_t *incarnation);
/* The one of this tag that lives; else one that is gone; else NULL. */
struct cyi_member *cyi_member_tagged(const struct cyi_members *members, uint32_t tag);
CY_MUST_CHECK int cyi_member_add(struct cyi_member **out, struct cyi_members *members,
                                 const uint8_t *incarnation);
/* On the hub. */
void cyi_member_remove(struct cyi_members *members, struct cyi_member *member);
/* Put an address into the list, as the preferred one or not; a full list forgets its last. */
void cyi_member_note_address(struct cyi_member *member, const uint8_t *address, bool preferred);
void cyi_member_location(cy_location *out, const struct cyi_member *member, uint16_t core);
bool cyi_member_has_address(const struct cyi_member *member, const uint8_t *address);

static inline struct cyi_core *
cyi_members_hub(const struct cyi_members *members)
{
    return members->net->node->cores[0];
}

/* What other cores may change at any time, as it was a moment ago. */
struct cyi_member_look {
    enum cyi_member_state state;
    uint32_t ours, theirs; /* lives */
    bool met_again;
    bool at_preferred; /* the hub has dialled where it worked last */
};

/* On the hub, without the lock (member_state.c). */
struct cyi_member_look cyi_member_look(struct cyi_members *members,
                                       const struct cyi_member *member);
/* NULL: nobody has that tag; then *look is untouched. It may be NULL. */
struct cyi_member *cyi_members_of(struct cyi_members *members, uint32_t tag,
                                  struct cyi_member_look *look);
void cyi_member_lost(struct cyi_members *members, struct cyi_member *member, const char *why);
void cyi_member_gone(struct cyi_members *members, struct cyi_member *member, const char *why);
/* A node of a new incarnation is where this one was. */
void cyi_member_replaced(struct cyi_members *members, const uint8_t *incarnation);
/* An intro of it was read that says something new: what watchers know is to follow. */
void cyi_member_news(struct cyi_members *members, const uint8_t *incarnation);
void cyi_members_wake_keeper(struct cyi_members *members);
/*
 * On each core of the node: end the links with it that began before the present lives. On
 * `core`, the caller's, at once; on the others when they come to it, or meet it themselves.
 */
void cyi_member_end_links(struct cyi_members *members, struct cyi_core *core,
                          const uint8_t *incarnation);

/* One pass of the keeper (probe.c): does what is due, says when to look again. */
cy_time cyi_members_turn(struct cyi_members *members, cy_time now);
/* The keeper was so late: everybody gets that time. */
void cyi_members_forgive(struct cyi_members *members, cy_time late);

/* Tell watchers and whoever waits (watchers.c). On the hub. */
void cyi_watchers_tell(struct cyi_members *members, const struct cyi_member *member,
                       bool online);
/* Wait on this core until something about the members has changed; the lock held, and again. */
CY_MUST_CHECK int cyi_members_wait(struct cyi_members *members, struct cyi_core *core,
                                   cy_time deadline);
/* Wake those. On the hub. */
void cyi_members_changed(struct cyi_members *members);

/* Fill in a peer: core `core` of a member; of this node (peer.c). */
void cyi_peer_of_member(struct cy_peer *out, const struct cyi_member *member, uint16_t core);
void cyi_peer_of_core(struct cy_peer *out, const struct cyi_core *core);
/* A message about a peer, made on `core`; NULL without memory. */
struct cy_msg *cyi_peer_message(struct cyi_core *core, const struct cy_peer *peer);

/* Does this member's host have a rule? The lock held (member_add.c). */
void cyi_member_apply_host(const struct cyi_members *members, struct cyi_member *member);

/* The peers that the options name (member_add.c): a daemon task for each. */
void cyi_members_add_peers(struct cyi_members *members);

#endif
