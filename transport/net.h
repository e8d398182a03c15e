/* net.h - the network of a node, composed of the slices of its modules. */
#ifndef CYI_NET_H
#define CYI_NET_H

#include "file_store.h"
#include "secret.h"
#include "wire.h"
#include <cycos/impl/core.h>
#include <cycos/impl/list.h>
#include <cycos/impl/map.h>
#include <cycos/impl/node.h>
#include <cycos/impl/router.h>
#include <cycos/io.h>
#include <cycos/sync.h>

struct cyi_link;
struct cyi_members;
struct cyi_discover;
struct cyi_locates;
struct cyi_tls_context;

/* What links, probes and hellos are to keep to; set from the options, shortened by tests. */
struct cyi_net_limits {
    cy_time handshake_ns;       /* 5 s: from the first byte to the intro */
    uint32_t handshakes_max;    /* 256 pending per core */
    uint32_t handshakes_source; /* 16 of them from one address */
    uint32_t window_bytes;      /* 16 MiB: what a peer may send beyond what was acknowledged */
    uint64_t queue_bytes;       /* 32 MiB: unsent and unacknowledged per link */
    uint64_t excess_bytes;      /* 48 MiB: what a link may bring to a mailbox told as full */
    cy_time ack_ns;             /* 20 ms: an acknowledgement waits so long for company */
    cy_time idle_ns;            /* 2 s: then an idle connection closes, unless it streams */
    cy_time redial_ns;          /* 5 ms, doubling, with jitter */
    cy_time redial_max_ns;      /* 2 s */
    cy_time cross_ns;           /* 1.5 s: for a first dial; so long the right one of two wins */
    cy_time stall_ns;           /* 9 s without an acknowledgement: then another connection */
    cy_time probe_ns;           /* 500 ms between probes of a node */
    cy_time dead_ns;            /* 4.25 s of silence */
    uint32_t peers_max;         /* 4096 nodes */
    uint32_t questions_max;     /* 65536 names sought by this node, and by each other here */
    cy_time file_idle_ns;       /* 30 s: so long a transfer may stand still */
    cy_time file_linger_ns;     /* 2 s: a connection for files stays open for the next one */
    uint32_t file_piece_bytes;  /* CYI_FILE_PIECE, and no more: what one job handles */
    uint32_t file_window_bytes; /* 8 MiB on the way; both ends have the same */
    uint32_t file_serves_max;   /* 128 connections for files that others have made, per core */
    uint32_t file_sends_max;    /* 64 files on their way out per core */
    struct cyi_file_limits files;
};

/* What a node's cores share. The hub's things are touched by core 0 only. */
struct cyi_net {
    struct cyi_node *node;
    struct cyi_net_limits limits;
    struct cyi_secrets *secrets;
    bool aes;                    /* is this node good at AES-GCM? */
    struct cyi_tls_context *tls; /* of new connections; under node->lock; NULL: without TLS */
    struct cyi_members *members;
    struct cyi_discover *discover; /* the hub's */
    struct cyi_locates *locates;   /* locate.c */
    struct cyi_file_store files;
    uint8_t address_count; /* what we say of ourselves */
    uint8_t addresses[CYI_WIRE_ADDRESSES][16];
    struct cyi_net_core *cores; /* one per core */
};

enum { CYI_LISTENERS_MAX = 16, CYI_LINKS_MAX = 65535, CYI_RECEIVE_BYTES = 512 << 10 };

struct cyi_net_counters {
    uint64_t frames_sent, frames_received, bytes_sent, bytes_received;
    uint64_t items_sent, items_received;
    uint64_t lost;    /* messages that a link took and could not bring over */
    uint64_t refused; /* at a link's limit */
    uint64_t resent;  /* frames, after a cut */
    uint64_t dials, accepts, cuts;
    uint64_t bad_secret, bad_handshake, bad_frame, handshakes_refused;
    uint64_t tls;     /* handshakes of TLS that went well */
    uint64_t bad_tls; /* no certificate, or none that is accepted; TLS on one side only */
    uint64_t files_sent, files_received; /* complete */
    uint64_t file_bytes_sent, file_bytes_received;
    uint64_t files_refused; /* by this node, with an error */
};

struct cyi_net_core {
    struct cyi_net *net;
    struct cyi_core *core;
    cy_socket *listeners[CYI_LISTENERS_MAX];
    uint32_t listener_count;
    uint16_t port;
    struct cyi_map links;       /* by tag and core of the other end */
    struct cyi_list all;        /* links, the oldest first */
    struct cyi_list active;     /* links with something to write, or to acknowledge */
    struct cyi_link **numbered; /* by link->number: CYI_LINKS_MAX + 1 places, [0] unused */
    uint16_t last_number;
    struct cyi_list parting;    /* connections that wait for the goodbye only */
    struct cyi_list pending;    /* connections whose peer has not introduced itself */
    struct cyi_list file_lines; /* connections for files that nobody uses now (file_dial.c) */
    uint32_t file_line_count;
    struct cy_semaphore file_gate; /* one by one, so much per turn (file_pace.c) */
    uint64_t file_turn;            /* the turn whose work this is */
    size_t file_turn_bytes;
    struct cyi_list file_buffers;   /* in use (file_buffer.c) */
    bool file_lines_watched;        /* a task closes them in time */
    uint32_t file_serves;           /* connections of others for files */
    uint32_t file_sends;            /* under way */
    struct cy_semaphore file_dials; /* how many more may be under way */
    uint8_t *receive;               /* CYI_RECEIVE_BYTES, of whoever reads right now */
    struct cyi_net_counters counters;
    cy_ref control;        /* the task that tells of this core (control.c); maybe nobody */
    cy_time shake_at;      /* no step of a TLS handshake for a stranger before */
    cy_time complained_at; /* when the last refusal was logged */
    uint32_t unsaid;       /* refusals since */
};

static inline struct cyi_net_core *
cyi_net_core(const struct cyi_core *core)
{
    return core->net;
}

/*
 * For tests: a network like cy_network(), but with limits and secrets of its own.
 *
 *     struct cyi_net_setup setup;
 *     cyi_net_setup_init(&setup);
 *     setup.limits.idle_ns = ...;
 *     options.network = &setup.network;     to be kept as long as the node
 */
struct cyi_net_setup {
    struct cyi_network network;
    struct cyi_net_limits limits;
    const struct cyi_tls_files *tls; /* NULL: what the options say */
    const char *const *passwords;    /* likewise */
    uint32_t password_count;
    int cost_log2; /* of scrypt, for the passwords */
    bool no_aes;   /* as on a processor without instructions for it */
};
void cyi_net_setup_init(struct cyi_net_setup *out);

/*
 * net_tls.c: the certificate of a node. load: at its start, if it is to have one. reload: while
 * it runs; what is wrong is told to the log and changes nothing. The setup may be NULL.
 */
CY_MUST_CHECK int cyi_net_load_tls(struct cyi_net *net, const struct cyi_net_setup *setup,
                                   char *why, size_t why_size);
void cyi_net_reload_tls(struct cyi_net *net, const struct cyi_net_setup *setup);
/* What new connections use; a user of it, or NULL: no TLS. Any thread. */
struct cyi_tls_context *cyi_net_tls(struct cyi_net *net);

/* The address of a node as it is written in hellos and references. */
void cyi_address_to_wire(uint8_t *out, const cy_address *address);
void cyi_address_from_wire(cy_address *out, const uint8_t *in, uint16_t port);
bool cyi_address_is_loopback(const uint8_t *wire);

#endif
