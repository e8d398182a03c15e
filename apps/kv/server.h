/* server.h - the server of one node: a shard, an agent and listeners on every core. */
#ifndef KV_SERVER_H
#define KV_SERVER_H

#include "bus.h"
#include "flags.h"

#include <cycos/io.h>
#include <cycos/run.h>
#include <cycos/task.h>

enum {
    KV_TAG_BATCH = 1, /* to a shard: struct kv_errand */
    KV_TAG_DONE,      /* back from it: empty */
    KV_TAG_LISTENING, /* to main: the result of listening on another core */
    KV_TAG_BUS,       /* to an agent: struct bus_request and a name */
    KV_TAG_MESSAGE,   /* to a listener: what somebody published */
};

/*
 * A part of a pipeline on its way to a shard. It stays where it is: whoever sent it waits for
 * the answer, and until then the shard alone touches it.
 */
struct kv_errand {
    struct kv_part *part;
    uint64_t holder; /* as in struct kv_pipeline */
};

/* An errand that waits for the shard to be let go, and who sent it. */
struct kv_deferred {
    struct kv_errand errand;
    cy_ref sender;
};

struct kv_connection;

/* What belongs to one core. Only that core's thread touches it while the node runs. */
struct kv_core {
    _Alignas(64) struct kv_server *server;
    struct kv_shard shard;
    struct kv_site site;
    struct kv_bus bus;
    struct kv_connection *clients; /* a list */
    struct kv_buffer deferred;     /* struct kv_deferred, first come first served */
    struct kv_pipeline *orphans;   /* their owners were terminated while they waited */
    int64_t wall_offset_ns;        /* from the monotonic clock to Unix time */
};

/* What cores share: after the start only the budgets change. */
struct kv_server {
    struct kv_flags flags;
    struct kv_config config;
    struct kv_setting_text settings[KV_CONFIG_COUNT];
    struct kv_budget memory;
    struct kv_budget clients;
    uint16_t port; /* that was found to be free */
    uint16_t cores;
    cy_ref *shards; /* the task of each core's shard */
    cy_ref *agents; /* of its part of the bus */
    struct kv_core *core;
};

/* What world a core's sessions live in. */
extern const struct kv_world kv_server_world;

/* The main task; its argument is a struct kv_server whose flags are set, the rest zero. */
int kv_server_main(void *arg);

/* Frees everything, after the node has ended. */
void kv_server_fini(struct kv_server *server);

/* Unix time in milliseconds, as of this turn of the core's loop. */
int64_t kv_core_now(const struct kv_core *core);

/* The exchange of struct kv_world; @arg is the struct kv_core. */
int kv_core_exchange(void *arg, struct kv_session *session, struct kv_pipeline *pipeline);

/* The handler that runs batches for other cores; @arg is the struct kv_core. */
void kv_shard_handler(void *arg, cy_msg **msg);

#endif
