/*
 * discover.h - finding nodes: hellos by datagram over one port that all nodes of a host share.
 *
 * Discovery grants nothing: whoever hears a valid hello of a node that it does not know dials
 * it, and the handshake decides. All of it runs on the hub, but for two calls that say so.
 */
#ifndef CYI_DISCOVER_H
#define CYI_DISCOVER_H

#include "net.h"

enum {
    CYI_UDP_PORT = 51350, /* what option 0 means */
    CYI_LIMIT_SOURCES = 256,
    CYI_LIMIT_SOURCE_RATE = 200, /* hellos per second from one address */
    CYI_LIMIT_SOURCE_BURST = 500,
    CYI_LIMIT_RATE = 2000, /* from all together */
    CYI_LIMIT_BURST = 4000,
    CYI_LIMIT_RARE_RATE = 5, /* of what needs not be often: hints, announcements */
    CYI_LIMIT_RARE_BURST = 20,
};

/* A token bucket: zeroed, it is full. */
struct cyi_bucket {
    uint64_t used; /* in millionths of a token */
    cy_time at;
};
/* May one more pass? */
bool cyi_bucket_take(struct cyi_bucket *bucket, cy_time now, uint32_t rate, uint32_t burst);

/* A bucket for each address that hellos come from; few share one, if there are very many. */
struct cyi_limit {
    struct cyi_bucket all;
    struct {
        uint8_t address[16];
        struct cyi_bucket bucket;
    } sources[CYI_LIMIT_SOURCES];
    struct cyi_hash_key hash_key;
};
bool cyi_limit_pass(struct cyi_limit *limit, cy_time now, const uint8_t *address);

struct cyi_discover;
CY_MUST_CHECK int cyi_discover_create(struct cyi_discover **out, struct cyi_net *net);
void cyi_discover_free(struct cyi_discover **freed);

/* The daemon task: opens the sockets, says hello now and then. Takes the struct cyi_net. */
int cyi_discover_keep(void *arg);

/*
 * On any core: a signed datagram of this node into CYI_HELLO_MAX bytes; its size. An ANSWER has
 * at most `size_max` bytes, by naming fewer addresses.
 */
size_t cyi_discover_hello(struct cyi_net *net, enum cyi_hello_kind kind, size_t size_max,
                          uint8_t *out);

/*
 * In a task of any core: ask a host, from a port that was not used before, to tell all of its
 * nodes of us. Errors as cy_udp_open() and cy_send_to().
 */
CY_MUST_CHECK int cyi_discover_call(struct cyi_core *core, struct cyi_net *net,
                                    const cy_address *to);

/* A datagram has come; on the shared port, or on our own. */
void cyi_discover_take(struct cyi_discover *discover, const uint8_t *in, size_t size,
                       const cy_address *source);

/* An item CYI_OP_ANNOUNCE of a member: say its hello again to our network. */
void cyi_discover_announce(struct cyi_net *net, uint32_t tag, const uint8_t *in, size_t size);

#endif
