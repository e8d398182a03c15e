/* bus_request.h - what agents are asked, and what they answer. */
#ifndef KV_BUS_REQUEST_H
#define KV_BUS_REQUEST_H

#include "server.h"

#define KV_TOPIC_TEXT 36 /* bytes of a channel's name in the registry, with the terminator */

enum bus_op {
    BUS_LISTEN,   /* ref: the listener */
    BUS_UNLISTEN, /* likewise */
    BUS_COUNT,    /* how many listen to a name */
    BUS_LIST,     /* kind KV_CHANNELS: all, KV_PATTERNS: those that match; as bulk strings */
    BUS_ADD,      /* from another agent: a pattern is new; ref: its channel */
    BUS_REMOVE,   /* from another agent: it is gone */
};

/* Followed by the name. */
struct bus_request {
    cy_ref ref;
    enum bus_op op;
    enum kv_audience kind;
};

int kv_bus_request_create(cy_msg **out, const struct bus_request *request,
                          struct kv_slice name);

/* The result, 0 or a count or a negative code, that an answer holds, and the text behind it. */
int kv_bus_result(const cy_msg *reply);
struct kv_slice kv_bus_text(const cy_msg *reply);

/* The hash of a name: that of a pattern differs from that of a channel of the same text. */
uint64_t kv_bus_hash(const struct kv_core *core, enum kv_audience kind, struct kv_slice name);

/* Under which name the registry has the cycos channel. */
void kv_bus_topic(const struct kv_core *core, char out[KV_TOPIC_TEXT], struct kv_slice name);

/* The bus of this node alone; the functions of struct kv_world ask the other instances, too. */
int kv_bus_publish_here(struct kv_core *core, struct kv_slice channel, struct kv_slice text,
                        int64_t *out);

/* How many listen to a channel. */
int kv_bus_count_here(struct kv_core *core, struct kv_slice name);

/* Adds the channels that somebody listens to, all or those that match, as bulk strings. */
int kv_bus_list_here(struct kv_core *core, const struct kv_slice *pattern,
                     struct kv_buffer *names);

#endif
