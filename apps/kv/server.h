/* server.h - the server of one node: a shard, an agent and listeners on every core. */
#ifndef KV_SERVER_H
#define KV_SERVER_H

#include "bus.h"
#include "flags.h"
#include "parcel.h"

#include <cycos/io.h>
#include <cycos/run.h>
#include <cycos/task.h>

enum {
    KV_TAG_BATCH = 1, /* to a shard: struct kv_errand */
    KV_TAG_DONE,      /* back from it: empty */
    KV_TAG_LISTENING, /* to main: the result of listening on another core */
    KV_TAG_BUS,       /* to an agent: struct bus_request and a name */
    KV_TAG_MESSAGE,   /* to a listener: what somebody published */
    KV_TAG_LOST,      /* to who waits for another instance: one is gone; empty */
    KV_TAG_JOINED,    /* to main: a core has found an instance, or one has found us; empty */

    /* These come from other instances, too. */
    KV_TAG_PARCEL, /* to a shard: struct kv_parcel */
    KV_TAG_ANSWER, /* back from it: struct kv_answer */
    KV_TAG_HELLO,  /* to a gate: struct kv_hello; and back: struct kv_welcome */
    KV_TAG_MET,    /* to a gate: a core of another instance has found us; struct kv_hello */
    KV_TAG_POST,   /* to a publisher: struct kv_post; and back: a result and names */
};

/*
 * A part of a pipeline on its way to a shard. It stays where it is: whoever sent it waits for
 * the answer, and until then the shard alone touches it.
 */
struct kv_errand {
    struct kv_part *part;
    uint64_t holder; /* as in struct kv_pipeline */
};

/* An errand or a parcel that waits for the shard to be let go, and who sent it. */
struct kv_deferred {
    struct kv_errand errand; /* without a part: it is a parcel */
    cy_ref sender;
    cy_msg *parcel;
};

/* An exchange that waits, on the stack of the task that does. */
struct kv_exchange {
    struct kv_exchange *next, *previous;
    struct kv_pipeline *pipeline;
    cy_ref waiter;
    uint32_t here; /* errands that are under way to cores of this node */
    uint32_t away; /* parcels that are under way to other instances */
};

struct kv_connection;
struct kv_peer;

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

    uint16_t index;                /* of the core; site.self is that of the shard */
    struct kv_peer *peers;         /* the instances, as this core sees them; NULL: no cluster */
    struct kv_exchange *exchanges; /* a list */
    struct kv_replies scratch;     /* to a parcel */
    uint64_t next_parcel;          /* its id */
    cy_time held_until;            /* the shard, by a session of another instance */
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
    cy_ref *shards;     /* the task of each core's shard */
    cy_ref *agents;     /* of its part of the bus */
    cy_ref *publishers; /* for other instances */
    struct kv_core *core;

    uint32_t node;       /* this one, as in struct cy_ref */
    uint64_t cluster_id; /* see kv_cluster_id() */
    cy_ref main;         /* the main task */
    bool has_seed;       /* core 0 alone looks at these two */
    bool has_shards;
};

/* What world a core's sessions live in. */
extern const struct kv_world kv_server_world;

/* The main task; its argument is a struct kv_server whose flags are set, the rest zero. */
int kv_server_main(void *arg);

/* Frees everything, after the node has ended. */
void kv_server_fini(struct kv_server *server);

/* Unix time in milliseconds, as of this turn of the core's loop. */
int64_t kv_core_now(const struct kv_core *core);

/* Did a task of this node send it? All others are strangers, as far as memory is concerned. */
static inline bool
kv_core_sent(const struct kv_core *core, const cy_msg *msg)
{
    return cy_msg_sender(msg).node == core->server->node;
}

/* The exchange of struct kv_world; @arg is the struct kv_core. */
int kv_core_exchange(void *arg, struct kv_session *session, struct kv_pipeline *pipeline);

/* Sends a few bytes however full the way is; gives up only when this task is terminated. */
int kv_send_surely(cy_ref to, uint32_t tag, const void *body, size_t bytes);

/* errand.c: */

/* The handler that runs batches for others; @arg is the struct kv_core. */
void kv_shard_handler(void *arg, cy_msg **msg);

/* Runs an errand on this core's shard, unless somebody else holds it: then it did nothing. */
bool kv_errand_try(struct kv_core *core, const struct kv_errand *errand);

/* Runs what has waited for the shard, until somebody holds it again. */
void kv_shard_run_deferred(struct kv_core *core);

/* An instance has ended: its sessions hold nothing any more, and nobody waits for answers. */
void kv_shard_forget(struct kv_core *core, uint16_t instance);

/* Takes the shard from a session of another instance that has held it for too long. */
void kv_shard_look_at_holder(struct kv_core *core);

#endif
