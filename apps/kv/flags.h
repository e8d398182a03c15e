/* flags.h - what the server can be told on the command line, in the environment, in a file. */
#ifndef KV_FLAGS_H
#define KV_FLAGS_H

#include "session.h"

#include <cycos/options.h>

struct kv_flags {
    struct cy_option_list bind; /* addresses to serve on */
    uint32_t port;              /* 0: any that is free */
    uint32_t maxclients;        /* of the node */
    uint64_t maxmemory;         /* bytes of keys and values; 0: no cap */
    uint64_t output_limit;      /* bytes that wait for one client */
    const char *timeout_text;   /* NULL: never */
    cy_time timeout;            /* a client that says nothing for so long is closed; 0: never */
    cy_time output_timeout;     /* so is one beyond the output limit that takes nothing */
    const char *cluster_name;   /* instances of one cluster have the same */
    uint32_t cluster_size;      /* how many there are; 1: no cluster, no network */
    uint32_t cluster_index;     /* which one this is */
    cy_time cluster_timeout;    /* for the answer of another instance */
};

#define KV_CLUSTER_NAME_MAX 32  /* bytes */
#define KV_INSTANCES_MAX    256 /* in a cluster */

#define KV_CONFIG_COUNT 12 /* lines of CONFIG GET */

/* The options for cy_options_parse_with(); fills in the defaults. */
void kv_flags_init(struct kv_flags *flags, struct cy_option_set *set);

/* To be called after parsing: works out what texts mean. What is wrong, or NULL. */
const char *kv_flags_finish(struct kv_flags *flags);

/* What CONFIG GET says, with the names that Redis has for it. */
void kv_flags_describe(const struct kv_flags *flags, uint16_t port,
                       struct kv_setting_text out[KV_CONFIG_COUNT]);

#endif
