/*
 * metrics.c - what the network of a core counts, for those who watch the node.
 *
 * Tests: tests/transport/test_metrics.c
 */
#include "metrics.h"
#include "link.h"
#include "member_table.h"
#include <string.h>

/* clang-format off */
#define COUNTER(name, help) {name, help, NULL, CYI_METRIC_COUNTER, false, false}
#define GAUGE(name, help)   {name, help, NULL, CYI_METRIC_GAUGE, false, false}
#define NODE(name, help)    {name, help, NULL, CYI_METRIC_GAUGE, false, true}
static const struct cyi_metric metrics[] = {
    COUNTER("cycos_network_frames_sent_total", "Frames written to links."),
    COUNTER("cycos_network_frames_received_total", "Frames read from links."),
    COUNTER("cycos_network_frames_resent_total", "Frames written again after a cut."),
    COUNTER("cycos_network_sent_bytes_total", "Bytes of frames written to links."),
    COUNTER("cycos_network_received_bytes_total", "Bytes of frames read from links."),
    COUNTER("cycos_network_items_sent_total", "Messages and other items put into frames."),
    COUNTER("cycos_network_items_received_total", "Messages and other items read from frames."),
    COUNTER("cycos_network_messages_lost_total",
            "Messages that a link had taken and could not bring over."),
    COUNTER("cycos_network_messages_refused_total", "Messages refused at the limit of a link."),
    COUNTER("cycos_network_dials_total", "Connections that this core has tried to make."),
    COUNTER("cycos_network_accepts_total", "Connections that others have made to this core."),
    COUNTER("cycos_network_cuts_total", "Connections that broke."),
    COUNTER("cycos_network_frames_malformed_total", "Frames that no node would write."),
    COUNTER("cycos_network_handshakes_failed_total",
            "Connections of others that ended before they had shown who they are."),
    COUNTER("cycos_network_handshakes_refused_total",
            "Connections of others that were closed at once, as there were too many."),
    COUNTER("cycos_network_secrets_wrong_total",
            "Connections whose other side does not have the secret."),
    COUNTER("cycos_network_tls_total", "Handshakes of TLS that went well."),
    COUNTER("cycos_network_tls_failed_total",
            "Connections without an accepted certificate, or with TLS on one side only."),
    COUNTER("cycos_network_files_sent_total", "Files sent whole."),
    COUNTER("cycos_network_files_received_total", "Files received whole."),
    COUNTER("cycos_network_files_refused_total", "Files of others refused, with an error."),
    COUNTER("cycos_network_file_sent_bytes_total", "Bytes of files sent."),
    COUNTER("cycos_network_file_received_bytes_total", "Bytes of files received."),
    GAUGE("cycos_network_links", "Links to cores of other nodes."),
    GAUGE("cycos_network_links_connected", "Links that have a connection."),
    GAUGE("cycos_network_queued_bytes", "Memory of what is unsent or not acknowledged."),
    NODE("cycos_network_nodes_online", "Other nodes that are online."),
    NODE("cycos_network_peers_online", "Cores of other nodes that are online."),
    NODE("cycos_network_nodes_known", "Other nodes that are known, online or not."),
};
/* clang-format on */

/* Links and nodes, which are counted when somebody asks. */
enum { GAUGES = 6 };
_Static_assert(sizeof metrics / sizeof *metrics ==
                   sizeof(struct cyi_net_counters) / sizeof(uint64_t) + GAUGES,
               "whatever is counted is shown");

struct links {
    uint64_t connected, queued_bytes;
};

static void
add_link(struct cyi_link *link, void *arg)
{
    struct links *links = arg;
    links->connected += link->connection != NULL;
    links->queued_bytes += link->queued_bytes;
}

struct nodes {
    uint64_t online, peers, known;
};

/* The table is the whole node's, so core 0 looks at it for all. */
static struct nodes
count_nodes(const struct cyi_net_core *owner)
{
    struct cyi_members *members = owner->net->members;
    struct nodes nodes = {0};
    if (owner->core->index != 0 || members == NULL)
        return nodes;
    pthread_mutex_lock(&members->lock);
    cyi_list_for_each(at, &members->all) {
        const struct cyi_member *member = cyi_container_of(at, struct cyi_member, link);
        nodes.known++;
        nodes.online += member->reported;
        nodes.peers += member->reported ? member->core_count : 0;
    }
    pthread_mutex_unlock(&members->lock);
    return nodes;
}

static void
measure(struct cyi_core *core, uint64_t *values)
{
    const struct cyi_net_core *owner = cyi_net_core(core);
    const struct cyi_net_counters *n = &owner->counters;
    struct links links = {0};
    cyi_links_each(core, add_link, &links);
    struct nodes nodes = count_nodes(owner);
    const uint64_t all[] = {
        n->frames_sent,
        n->frames_received,
        n->resent,
        n->bytes_sent,
        n->bytes_received,
        n->items_sent,
        n->items_received,
        n->lost,
        n->refused,
        n->dials,
        n->accepts,
        n->cuts,
        n->bad_frame,
        n->bad_handshake,
        n->handshakes_refused,
        n->bad_secret,
        n->tls,
        n->bad_tls,
        n->files_sent,
        n->files_received,
        n->files_refused,
        n->file_bytes_sent,
        n->file_bytes_received,
        owner->links.count,
        links.connected,
        links.queued_bytes,
        nodes.online,
        nodes.peers,
        nodes.known,
    };
    _Static_assert(sizeof all / sizeof *all == sizeof metrics / sizeof *metrics,
                   "a value for each metric");
    memcpy(values, all, sizeof all);
}

const struct cyi_metric_set cyi_net_metrics = {
    .metrics = metrics,
    .count = sizeof metrics / sizeof *metrics,
    .measure = measure,
};
