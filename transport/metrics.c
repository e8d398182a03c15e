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
/* Each counter of a core's network has a row; its field, its name, its help. */
#define CORE_COUNTERS(ROW) \
    ROW(frames_sent, "frames_sent", "Frames written to links.") \
    ROW(frames_received, "frames_received", "Frames read from links.") \
    ROW(resent, "frames_resent", "Frames written again after a cut.") \
    ROW(bytes_sent, "sent_bytes", "Bytes of frames written to links.") \
    ROW(bytes_received, "received_bytes", "Bytes of frames read from links.") \
    ROW(items_sent, "items_sent", "Messages and other items put into frames.") \
    ROW(items_received, "items_received", "Messages and other items read from frames.") \
    ROW(lost, "messages_lost", \
        "Messages that a link had taken and could not bring over.") \
    ROW(refused, "messages_refused", "Messages refused at the limit of a link.") \
    ROW(dials, "dials", "Connections that this core has tried to make.") \
    ROW(accepts, "accepts", "Connections that others have made to this core.") \
    ROW(cuts, "cuts", "Connections that broke.") \
    ROW(bad_frame, "frames_malformed", "Frames that no node would write.") \
    ROW(bad_handshake, "handshakes_failed", \
        "Connections of others that ended before they had shown who they are.") \
    ROW(handshakes_refused, "handshakes_refused", \
        "Connections of others that were closed at once, as there were too many.") \
    ROW(bad_secret, "secrets_wrong", \
        "Connections whose other side does not have the secret.") \
    ROW(tls, "tls_handshakes", "Handshakes of TLS that went well.") \
    ROW(bad_tls, "tls_failed", \
        "Connections without a certificate that both sides accept, or TLS on one side only.") \
    ROW(files_sent, "files_sent", "Files that were sent whole.") \
    ROW(files_received, "files_received", "Files that were received whole.") \
    ROW(file_bytes_sent, "file_sent_bytes", "Bytes of files sent.") \
    ROW(file_bytes_received, "file_received_bytes", "Bytes of files received.") \
    ROW(files_refused, "files_refused", "Requests of peers about files that were refused.")

/* Likewise of the node's knowledge of others. */
#define NODE_COUNTERS(ROW) \
    ROW(online, "nodes_came", "Times that another node came online.") \
    ROW(offline, "nodes_went", "Times that another node went offline.") \
    ROW(suspected, "nodes_suspected", "Times that another node was silent for too long.") \
    ROW(vouched, "nodes_vouched", \
        "Times that a third node said that a silent one is alive.") \
    ROW(flooded, "nodes_flooded", \
        "Times that another node went on sending to full mailboxes.") \
    ROW(bad_secret, "nodes_secret_wrong", \
        "Nodes that this one has dialled and that do not have its secret.") \
    ROW(peers_refused, "nodes_refused", "Nodes not taken, as there were too many.") \
    ROW(hellos_sent, "hellos_sent", "Datagrams of discovery sent.") \
    ROW(hellos_received, "hellos_received", "Datagrams of discovery received.") \
    ROW(hellos_bad, "hellos_malformed", "Datagrams that no node would send.") \
    ROW(hellos_foreign, "hellos_foreign", "Datagrams of nodes with another secret.") \
    ROW(hellos_limited, "hellos_limited", "Datagrams dropped, as there were too many.") \
    ROW(hellos_old, "hellos_old", "Datagrams dropped, as they were not new.") \
    ROW(relayed, "hellos_relayed", "Datagrams passed on.") \
    ROW(answered, "hellos_answered", "Datagrams answered.") \
    ROW(announced, "hellos_announced", "Nodes announced for others on this network.")

#define OF_CORE(field, name, help) \
    {"cycos_network_" name "_total", help, NULL, CYI_METRIC_COUNTER, false, false},
#define OF_NODE(field, name, help) \
    {"cycos_network_" name "_total", help, NULL, CYI_METRIC_COUNTER, false, true},
#define GAUGE(name, help) {name, help, NULL, CYI_METRIC_GAUGE, false, false}
#define NODE(name, help)  {name, help, NULL, CYI_METRIC_GAUGE, false, true}
static const struct cyi_metric metrics[] = {
    CORE_COUNTERS(OF_CORE)
    NODE_COUNTERS(OF_NODE)
    GAUGE("cycos_network_links", "Links to cores of other nodes."),
    GAUGE("cycos_network_links_connected", "Links that have a connection."),
    GAUGE("cycos_network_queued_bytes", "Memory of what is unsent or not acknowledged."),
    NODE("cycos_network_nodes_online", "Other nodes that are online."),
    NODE("cycos_network_peers_online", "Cores of other nodes that are online."),
    NODE("cycos_network_nodes_known", "Other nodes that are known, online or not."),
};

#define ONE(field, name, help) +1
_Static_assert(sizeof(struct cyi_net_counters) == (CORE_COUNTERS(ONE)) * sizeof(uint64_t),
               "a metric for each counter of a core");
_Static_assert(sizeof(struct cyi_member_counters) == (NODE_COUNTERS(ONE)) * sizeof(uint64_t),
               "a metric for each counter of a node");
/* clang-format on */

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

#define VALUE_OF_CORE(field, name, help) n->field,
#define VALUE_OF_NODE(field, name, help) members.field,
static void
measure(struct cyi_core *core, uint64_t *values)
{
    const struct cyi_net_core *owner = cyi_net_core(core);
    const struct cyi_net_counters *n = &owner->counters;
    struct links links = {0};
    cyi_links_each(core, add_link, &links);
    struct nodes nodes = count_nodes(owner);
    struct cyi_member_counters members = {0};
    if (core->index == 0 && owner->net->members != NULL)
        cyi_members_count(owner->net->members, &members);
    /* clang-format off */
    const uint64_t all[] = {
        CORE_COUNTERS(VALUE_OF_CORE)
        NODE_COUNTERS(VALUE_OF_NODE)
        owner->links.count,
        links.connected,
        links.queued_bytes,
        nodes.online,
        nodes.peers,
        nodes.known,
    };
    /* clang-format on */
    _Static_assert(sizeof all / sizeof *all == sizeof metrics / sizeof *metrics,
                   "a value for each metric");
    memcpy(values, all, sizeof all);
}

const struct cyi_metric_set cyi_net_metrics = {
    .metrics = metrics,
    .count = sizeof metrics / sizeof *metrics,
    .measure = measure,
};
