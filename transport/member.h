/*
 * member.h - the nodes that this node knows, and whether they live.
 *
 * One table per node, under a lock, because any core may meet a node or ask for its address;
 * what happens to a member is decided on the hub (core 0) alone. A member is met when an intro
 * of it has been read: only then its addresses are believed. It is online while the link
 * between the hubs stands or is being mended; then its cores are peers.
 */
#ifndef CYI_MEMBER_H
#define CYI_MEMBER_H

#include "wire.h"
#include <cycos/address.h>
#include <cycos/impl/name.h>
#include <cycos/peer.h>

struct cyi_core;
struct cyi_link;
struct cyi_net;
struct cyi_members;

enum cyi_member_state {
    CYI_MEMBER_HEARD,  /* somebody says so in a hello: dial it to see */
    CYI_MEMBER_MET,    /* an intro was read; the link between the hubs is to be made */
    CYI_MEMBER_ONLINE, /* that link stands, or is being mended */
    CYI_MEMBER_LOST,   /* silent for too long: tried again now and then */
    CYI_MEMBER_GONE,   /* its process has ended: references to it are stale for good */
};

CY_MUST_CHECK int cyi_members_create(struct cyi_members **out, struct cyi_net *net);
void cyi_members_free(struct cyi_members **freed);

/*
 * Where core `core` of the node with this tag is to be dialled; `attempt` counts up, so that
 * each of its addresses has its turn. -ENOENT never heard of, -ESRCH it has ended, CY_ENOPEER
 * it is lost.
 */
CY_MUST_CHECK int cyi_members_route(struct cyi_members *members, uint32_t tag, uint16_t core,
                                    uint32_t attempt, cy_address *out);

/*
 * On any core: where a reference says that the node with this tag is, another one has proved
 * to be. So a node that nobody here has met has ended: cyi_members_route() will say so, until
 * it is met, or until it has been so with many more.
 */
void cyi_members_unmet(struct cyi_members *members, uint32_t tag, const uint8_t *incarnation);

/*
 * How many bytes a link from this node may bring to a mailbox after we have said that it is
 * full. Less for who did not stop before: sixteen times less each time.
 */
uint64_t cyi_members_excess(struct cyi_members *members, uint32_t tag);
/* On any core: it has brought more. Its sessions end, as if it had not been heard for long. */
void cyi_members_flooded(struct cyi_core *core, uint32_t tag);

/* Which core of that node a location means; CYI_CORE_ANY all of it, CYI_CORE_NONE no core. */
uint32_t cyi_members_core_at(struct cyi_members *members, uint32_t tag,
                             const cy_location *location);

/* How often we have declared this node dead. */
uint32_t cyi_members_life(struct cyi_members *members, const uint8_t *incarnation);

/*
 * On any core: an intro was read on a connection that comes from, or led to, `address`; to be
 * called before the connection becomes a link's, because it may end links of this core.
 *
 * When it returns 0, the node is known, cyi_members_route() leads to it, and no link of this
 * core with it is left of a session that either side has declared over: if the intro says that
 * it has declared us dead more often than we knew, or our hub has declared it dead, those of
 * this core have been ended, those of the other cores are under way to it. Each core ends its
 * links once for each such change and before it can get to know of a newer session, so that no
 * link of a newer session is ended by mistake. What watchers have to know follows on the hub.
 *
 * CY_ESELF it is this node itself; -EEXIST its tag is that of another node that lives; -ENOBUFS
 * too many peers; -ENOMEM; -EBADMSG it has said something else of itself before.
 */
CY_MUST_CHECK int cyi_members_meet(struct cyi_members *members, struct cyi_core *core,
                                   const struct cyi_intro *intro, const cy_address *address);

/* Are links to this node to be kept when they are idle? */
bool cyi_members_stream(struct cyi_members *members, uint32_t tag);

/* Does a hello tell us anything? */
enum cyi_hello_age {
    CYI_HELLO_FRESH,
    CYI_HELLO_HINT, /* of another time and an unknown node: replayed, or its clock is wrong */
    CYI_HELLO_OLD,  /* not newer than what this node has said before */
};
enum cyi_hello_age cyi_members_hello_age(struct cyi_members *members,
                                         const struct cyi_hello *hello, uint64_t now_ms);

/*
 * On the hub: a hello of a node, valid. True when there was news in it: the node is not online.
 */
bool cyi_members_hear(struct cyi_members *members, const struct cyi_hello *hello,
                      const cy_address *source);

/* On the hub: the link to the other hub has a connection; has lost it (`error` says how). */
void cyi_members_link_up(struct cyi_members *members, struct cyi_link *link);
void cyi_members_link_down(struct cyi_members *members, struct cyi_link *link, int error);
/* The dial of a link has failed: -ECONNREFUSED, -ETIMEDOUT..., -ESRCH another node is there. */
void cyi_members_dial_failed(struct cyi_members *members, struct cyi_link *link, int error);
/* On the hub: something was received on a hub link; a control item of membership came. */
void cyi_members_alive(struct cyi_members *members, struct cyi_link *link);
void cyi_members_control(struct cyi_members *members, struct cyi_link *link,
                         const struct cyi_item *item);

/* The hub's daemon task: dials, probes, declares. Takes the struct cyi_net. */
int cyi_members_keep(void *arg);

/* Calls visit for each node online, under no lock: of a copy. For locate and dumps. */
struct cyi_member_view {
    uint8_t incarnation[16];
    uint32_t tag;
    enum cyi_member_state state;
    uint16_t core_count;
    char name[CYI_WIRE_NAME_MAX + 1];
};
void cyi_members_each(struct cyi_members *members,
                      void (*visit)(const struct cyi_member_view *view, void *arg), void *arg);

/* Called on the hub when a node has come (watchers know already) or gone. One for a node. */
typedef void cyi_members_changed_fn(void *arg, uint32_t tag, bool online);
void cyi_members_on_change(struct cyi_members *members, cyi_members_changed_fn *fn, void *arg);

struct cyi_member_counters {
    uint64_t online, offline; /* nodes, as they were reported */
    uint64_t suspected, vouched;
    uint64_t flooded;       /* nodes that went on sending to full mailboxes */
    uint64_t bad_secret;    /* nodes that we dialled and that do not have ours */
    uint64_t peers_refused; /* at a limit */
    uint64_t hellos_sent, hellos_received, hellos_bad, hellos_foreign, hellos_limited,
        hellos_old, relayed, answered, announced;
};
void cyi_members_count(struct cyi_members *members, struct cyi_member_counters *out);
/* One more of the counter at that offset. */
void cyi_members_count_one(struct cyi_members *members, size_t which);

#endif
