/* discover_state.h - what the files of discovery share. */
#ifndef CYI_DISCOVER_STATE_H
#define CYI_DISCOVER_STATE_H

#include "discover.h"
#include "member.h"
#include <stdatomic.h>

enum { CYI_DISCOVER_INTERFACES = 64, CYI_DISCOVER_NETWORKS = 64 };

/* A socket and what it is for. */
enum cyi_discover_socket {
    CYI_DISCOVER_SHARED_V4,
    CYI_DISCOVER_SHARED_V6,
    CYI_DISCOVER_OWN_V4, /* on the number of the hub's TCP port: what is for us alone */
    CYI_DISCOVER_OWN_V6,
    CYI_DISCOVER_SOCKETS,
};

struct cyi_discover {
    struct cyi_net *net;
    _Atomic uint32_t sequence;
    cy_socket *sockets[CYI_DISCOVER_SOCKETS];
    struct cyi_limit limit;
    struct cyi_bucket hints, announces, answers, complaints;
    uint16_t port; /* the shared one */
};

/* Where hellos to everybody go (discover_send.c). */
void cyi_discover_broadcast(struct cyi_discover *discover, const uint8_t *hello, size_t size);
/* To the other nodes of this host. */
void cyi_discover_siblings(struct cyi_discover *discover, const uint8_t *hello, size_t size);
/* To one place, from the socket that is ours alone; false when it could not be sent. */
bool cyi_discover_send(struct cyi_discover *discover, const uint8_t *hello, size_t size,
                       const cy_address *to);
/* Hear what is multicast on each interface that has it. */
void cyi_discover_join(struct cyi_discover *discover);

/* The hello with its authentication behind it; its size (discover_hello.c). */
size_t cyi_discover_sign(const struct cyi_net *net, const struct cyi_hello *hello,
                         uint8_t *out);

/* One more, under the lock of the members. `which` is a field of cyi_member_counters. */
#define CYI_DISCOVER_COUNT(discover, which) \
    cyi_members_count_one((discover)->net->members, offsetof(struct cyi_member_counters, which))

#endif
