/* cycos/peer.h - the network: cores of other nodes, how they are found and watched. */
#ifndef CYCOS_PEER_H
#define CYCOS_PEER_H

#include <cycos/address.h>
#include <cycos/location.h>
#include <cycos/msg.h>
#include <cycos/options.h>
#include <cycos/time.h>
#include <stdbool.h>

CY_BEGIN_DECLS

/*
 *     struct cy_options options;
 *     cy_options_init(&options);
 *     options.network = cy_network();      from here on a node among others
 *     ...
 *     cy_run(&options, main_task, NULL);
 *
 * Then nodes that share a UDP port (and a secret, if there is one) find each other; each core
 * of theirs is a peer, the other cores of the own node are too. References to tasks and
 * channels lead anywhere; cy_task_locate() and cy_channel_locate() ask everybody.
 */
struct cyi_network;

/**
 * cy_network - what to put into options.network
 *
 * Context:   any thread; suspends: no; blocks: no
 * Ownership: static
 * Errors:    none
 * Since:     0.1
 */
const struct cyi_network *cy_network(void);

#define CY_PEER_NAME_MAX 63 /* bytes, without the terminator */

/**
 * cy_location_resolve - the location of a host, by name or numeric address
 * @out:      receives it; untouched on failure
 * @host:     a name or an address
 * @port:     TCP; 0 for the whole host
 * @deadline: absolute
 *
 * Context:   a task; suspends: while a name is looked up; blocks: no
 * Ownership: copies
 * Errors:    as cy_address_resolve()
 * Since:     0.1
 */
CY_MUST_CHECK int cy_location_resolve(cy_location *out, const char *host, uint16_t port,
                                      cy_time deadline);

/**
 * cy_location_format - print a location as "1.2.3.4:80" or "[::1]:80"
 * @text:     receives the text, always terminated
 * @size:     bytes at @text; CY_LOCATION_TEXT_MAX is always enough
 * @location: what to print
 *
 * Context:   any thread; suspends: no; blocks: no
 * Ownership: copies
 * Errors:    none; returns the length
 * Since:     0.1
 */
int cy_location_format(char *text, size_t size, const cy_location *location);

/**
 * cy_self_location - where the caller's core is reached
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: copies
 * Errors:    none; all zero in a node without a network
 * Since:     0.1
 */
cy_location cy_self_location(void);

/**
 * cy_ref_location - where the core is reached that a reference leads to
 * @ref: of a task or channel
 *
 * Context:   any thread; suspends: no; blocks: no
 * Ownership: copies
 * Errors:    none
 * Since:     0.1
 */
cy_location cy_ref_location(cy_ref ref);

/* A core that we know. */
struct cy_peer {
    cy_location location;
    char name[CY_PEER_NAME_MAX + 1]; /* such as "web.0"; its location when it has none */
    bool online;
};

/**
 * cy_peer_list - the peers that are online now
 * @out: receives up to @n of them
 * @n:   room at @out
 *
 * Returns how many there are, which may be more than @n. The caller's own core is not one of
 * them; the other cores of its node are.
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: copies
 * Errors:    none; 0 in a node without a network
 * Since:     0.1
 */
uint32_t cy_peer_list(struct cy_peer *out, uint32_t n);

/**
 * cy_peer_locate - find the core of a name, waiting for it to come
 * @out:      receives its location; untouched on failure
 * @name:     of a core, such as "web.0"; of a node with one core also "web"
 * @deadline: absolute
 *
 * Context:   a task; suspends: until there is such a peer; blocks: no
 * Ownership: copies
 * Errors:    -ETIMEDOUT, -ECANCELED, -EINVAL, -ENAMETOOLONG, CY_ENOPEER no network
 * Since:     0.1
 */
CY_MUST_CHECK int cy_peer_locate(cy_location *out, const char *name, cy_time deadline);

/* All zero is the default of everything. */
struct cy_peer_options {
    uint16_t udp_port; /* where its host listens; 0: the own one */
    bool stream;       /* keep connections to it when they are idle */
    bool broadcast;    /* let it announce us on its network */
};

/**
 * cy_peer_add - contact a peer that discovery does not find, or change how we talk to it
 * @location: of a core; with port 0, of a host: each core of each node there
 * @options:  or NULL
 * @deadline: absolute
 *
 * With a port it returns when that peer is online. Without one it returns when a first node
 * of that host is; the others follow by themselves. Doing so again changes nothing but
 * options->stream.
 *
 * Context:   a task; suspends: yes; blocks: no
 * Ownership: copies
 * Errors:    -ECONNREFUSED, -EHOSTUNREACH, -ENETUNREACH, -ETIMEDOUT, -ECANCELED, CY_EAUTH the
 *            secrets differ, CY_ECERT and CY_EREJECTED the certificates do, CY_EEXPIRED,
 *            CY_EEARLY, CY_EPLAIN and CY_ETLS only one of the nodes has one, CY_ENOPEER no
 *            network, -EINVAL, -ENOBUFS this node streams to 1024 hosts, -ENOMEM
 * Since:     0.1
 */
CY_MUST_CHECK int cy_peer_add(const cy_location *location,
                              const struct cy_peer_options *options, cy_time deadline);

/**
 * cy_peer_watch - let a task know when peers come and go
 * @task: of this node; CY_NOBODY ends all watches of this node's tasks
 *
 * The task gets a message with CY_TAG_PEER for each peer that is online now, then for each
 * change, in order; cy_peer_read() reads it. These messages have their place whatever else is
 * in the mailbox. A task that ends is forgotten.
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: nothing
 * Errors:    -ESRCH no such task, -EINVAL a task of another node, -ENOBUFS too many watches,
 *            -ENOMEM, CY_ENOPEER no network
 * Since:     0.1
 */
CY_MUST_CHECK int cy_peer_watch(cy_ref task);

/**
 * cy_peer_read - what a message with CY_TAG_PEER says
 * @out: receives it; untouched on failure
 * @msg: the message
 *
 * Context:   the owner of @msg; suspends: no; blocks: no
 * Ownership: copies
 * Errors:    -EINVAL another tag
 * Since:     0.1
 */
CY_MUST_CHECK int cy_peer_read(struct cy_peer *out, const cy_msg *msg);

CY_END_DECLS

#endif
