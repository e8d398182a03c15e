/* bus.h - PUBLISH and SUBSCRIBE on cycos channels. */
#ifndef KV_BUS_H
#define KV_BUS_H

#include "session.h"

#include <cycos/msg.h>

/*
 * Each name that somebody listens to has a cycos channel on the core that its hash chooses;
 * each pattern has one on core 0. The channel of a name is found in the registry, by a hash of
 * the name. Of patterns every core has a list, which is complete before PSUBSCRIBE is
 * answered. An agent per core makes and closes the channels, one request after the other.
 *
 * Each instance of a cluster has such a bus for its own clients. Publishing asks the publishers
 * of all other instances to publish there, too, and adds up how many got it (post.c).
 */
struct kv_bus {
    struct kv_names topics;   /* names whose channels are here; on core 0 patterns, too */
    struct kv_names patterns; /* of the whole node */
};

void kv_bus_fini(struct kv_bus *bus);

/* The agent's task; its argument is the struct kv_core. */
int kv_bus_agent(void *arg);

/* The task that publishes what other instances post; its argument is the struct kv_core. */
int kv_publisher(void *arg);

/* The functions of struct kv_world; @arg is the struct kv_core. */
int kv_bus_listen(void *arg, struct kv_session *session, enum kv_audience kind,
                  struct kv_slice name);
int kv_bus_unlisten(void *arg, struct kv_session *session, enum kv_audience kind,
                    struct kv_slice name);
int kv_bus_publish(void *arg, struct kv_session *session, struct kv_slice channel,
                   struct kv_slice text, int64_t *out);
int kv_bus_describe(void *arg, struct kv_session *session, struct kv_request *request);

/* What a listener gets. */
struct kv_published {
    bool by_pattern;
    struct kv_slice pattern, channel, text;
};
void kv_published_read(struct kv_published *out, const cy_msg *msg);

#endif
