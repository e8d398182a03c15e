/* session.h - one client: bytes in, commands run, bytes out. Knows no socket. */
#ifndef KV_SESSION_H
#define KV_SESSION_H

#include "names.h"
#include "pipeline.h"

#define KV_OUT_STEP ((size_t) 256 << 10) /* output beyond this is drained before going on */
#define KV_VERSION  "7.0.15"             /* of Redis, whose answers these are */

struct kv_session;

enum kv_audience { KV_CHANNELS, KV_PATTERNS };

/*
 * What sessions need of the world. Functions may suspend the calling task; nothing else does.
 * Those that return int return 0 or a count, or a negative code, upon which the session closes.
 */
struct kv_world {
    /* Unix time in milliseconds. */
    int64_t (*now)(void *world);
    /*
     * Sends each part's request from part->begin on, with its flags, to its shard, waits for
     * the replies, appends them to part->replies, and moves begin and waiting on by what has
     * been run; clears the flags.
     */
    int (*exchange)(void *world, struct kv_session *session, struct kv_pipeline *pipeline);
    /* Takes output off session->out when much has gathered. */
    int (*drain)(void *world, struct kv_session *session);
    /* Listens to a channel or to those that match a pattern, or stops. In effect on return. */
    int (*listen)(void *world, struct kv_session *session, enum kv_audience kind,
                  struct kv_slice name);
    int (*unlisten)(void *world, struct kv_session *session, enum kv_audience kind,
                    struct kv_slice name);
    /* Returns the number of receivers in *out. */
    int (*publish)(void *world, struct kv_session *session, struct kv_slice channel,
                   struct kv_slice text, int64_t *out);
    /* PUBSUB CHANNELS, NUMSUB, NUMPAT: writes the reply. */
    int (*describe)(void *world, struct kv_session *session, struct kv_request *request);
};

/* A line of CONFIG GET. */
struct kv_setting_text {
    const char *name;
    char text[64];
};

/* What is the same on all cores and never changes. */
struct kv_config {
    struct kv_command_index commands;
    struct kv_seed seed;
    uint16_t shards;
    const struct kv_setting_text *settings; /* for CONFIG GET */
    uint32_t setting_count;
    int64_t started_ms;
    int64_t maxmemory;
    uint16_t port;
    struct kv_budget *budget;
};

/* What all sessions of a core share. */
struct kv_site {
    const struct kv_config *config;
    const struct kv_world *ops;
    void *world; /* their first argument */
    struct kv_shard *shard;
    uint16_t self; /* its number */
    uint64_t next_id;
    struct kv_pipeline *pool;
};

void kv_site_fini(struct kv_site *site);

struct kv_session {
    struct kv_site *site;
    void *connection; /* for the world */
    struct kv_parser parser;
    struct kv_buffer out;
    struct kv_pipeline *pipeline; /* NULL: no other shard is waited for */
    int64_t now;
    uint64_t id;
    int resp;
    bool closing; /* when what is in `out` has been sent */
    struct kv_names channels, patterns;
    char name[128];
    char peer[64];
};

void kv_session_init(struct kv_session *session, struct kv_site *site, void *connection);
void kv_session_fini(struct kv_session *session);

/*
 * Runs what has been received by kv_parser_space() and kv_parser_received(). Replies are in
 * `out`; when `closing` is set the connection ends once they have been sent.
 */
void kv_session_run(struct kv_session *session);

/* For the functions that serve a request. */

/* Waits for all that is under way; false when the session has failed and is closing. */
bool kv_session_settle(struct kv_session *session);

/* Runs one command on one shard and waits; the reply is good until the next call. */
bool kv_session_ask(struct kv_session *session, uint16_t shard, struct kv_request *request,
                    struct kv_slice *reply);

/* The pipeline, made if there is none; NULL, and the session closing, without memory. */
struct kv_pipeline *kv_session_pipeline(struct kv_session *session);

/* Exchanges what has been added without slots; false when the session is closing. */
bool kv_session_exchange(struct kv_session *session);

/* Which shard a key is on. */
uint16_t kv_session_shard(const struct kv_session *session, const struct kv_arg *key);

/* Ends a session for want of memory or of a shard. */
void kv_session_fail(struct kv_session *session);

/* A word behind CLIENT, CONFIG and so on. */
struct kv_subcommand {
    const char *name; /* lower case; NULL ends a list */
    kv_session_fn *serve;
    int arity; /* as in struct kv_command, both words counted */
};

/* Runs the one that the request names, or says what is wrong. */
void kv_serve_subcommand(struct kv_session *session, struct kv_request *request,
                         const struct kv_subcommand *subcommands);

/* Stops listening to anything, without a reply; false when that failed. */
bool kv_session_unlisten_all(struct kv_session *session);

static inline uint64_t
kv_session_subscriptions(const struct kv_session *session)
{
    return session->channels.count + session->patterns.count;
}

#endif
