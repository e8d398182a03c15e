/* cluster.h - the other instances that share the keys: finding and watching them. */
#ifndef KV_CLUSTER_H
#define KV_CLUSTER_H

#include "server.h"

#include <cycos/registry.h>

/*
 * Each instance has a gate, a task that is registered as NAME.INDEX. Whoever comes to it says
 * hello and learns the seed of the cluster and the shards of the instance. Every core of every
 * instance does so with every other one, lets it know that it has met it, and watches its gate,
 * which lives as long as it does.
 *
 * The seed: an instance that starts asks the others for it. Only when all of them have said
 * that they have none does instance 0 make one up: so no two seeds are ever in use together,
 * and an instance that is started again finds the keys of the others where they are.
 */

/* An instance as one core sees it. */
struct kv_peer {
    bool up;
    uint32_t life; /* how often it has come */
    uint32_t node; /* as in struct cy_ref */
    cy_ref *shards;
    cy_ref *publishers;
};

#define KV_CLUSTER_VERSION UINT32_C(1)
#define KV_CLUSTER_SHARDS  4096 /* at most, of all instances */

/* Little-endian, without padding. */
struct kv_hello {
    uint32_t version;
    uint16_t index; /* of who says it */
    uint16_t size;  /* of the cluster */
    uint16_t cores;
    uint16_t unused[3];
    uint64_t commands; /* a hash of the table: batches have numbers of commands */
};

enum kv_greeting {
    KV_GREETING_NO_SEED, /* come again */
    KV_GREETING_SEED,    /* here is the seed; for the shards come again */
    KV_GREETING_SHARDS,  /* here are also the shards: cores refs, then cores publishers */
    KV_GREETING_DIFFERS, /* your options are not ours */
    KV_GREETING_TAKEN,   /* somebody else has your index */
};

struct kv_welcome {
    uint16_t greeting;
    uint16_t size, cores, unused;
    struct kv_seed seed;
};

/* What this instance says of itself. */
struct kv_hello kv_cluster_hello(const struct kv_server *server);

/* The name of an instance's gate. */
void kv_cluster_name(const struct kv_server *server, uint16_t index, char out[CY_NAME_MAX + 1]);

/* Finds the gate of an instance, and says hello. The body of *out is a struct kv_welcome. */
int kv_cluster_greet(struct kv_server *server, uint16_t index, cy_ref *gate, cy_msg **out,
                     cy_time deadline);

/* Opens this instance's gate, and gets the seed into the server's configuration. */
int kv_cluster_join(struct kv_server *server);

/*
 * Starts looking for the other instances on every core. Returns when every core of this one
 * has found all others, and every core of theirs has found this one.
 */
int kv_cluster_gather(struct kv_server *server);

/* The task of the gate; its argument is the struct kv_server. */
int kv_gate(void *arg);

/* The task that keeps an eye on an instance, for one core; frees its argument. */
struct kv_member {
    struct kv_core *core;
    uint16_t index;
};
int kv_member(void *arg);

/* Makes and frees the list of instances of a core. */
int kv_cluster_init_core(struct kv_core *core);
void kv_cluster_fini_core(struct kv_core *core);

#endif
