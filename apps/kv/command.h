/* command.h - the commands: what they are called, where they run, what they do to a shard. */
#ifndef KV_COMMAND_H
#define KV_COMMAND_H

#include "reply.h"
#include "resp.h"
#include "store.h"

/* Where a command runs, and how the replies of several shards become one. */
enum kv_scope {
    KV_ON_CONNECTION, /* by the session */
    KV_ON_KEY,        /* on the shard of its one key */
    KV_BY_KEY_SUM,    /* on the shards of its keys: integers are added up */
    KV_BY_KEY_OK,     /* "OK" if all say so */
    KV_BY_KEY_ARRAY,  /* elements in the order of the keys */
    KV_ON_ALL_SUM,    /* on all shards */
    KV_ON_ALL_OK,
    KV_ON_ALL_ARRAY,
    KV_APART, /* several steps, when nothing else of this connection is under way */
};

enum {
    KV_WRITE = 1,       /* changes keys */
    KV_READ = 2,        /* reads keys */
    KV_DENY_OOM = 4,    /* refused while the memory cap is exceeded */
    KV_FAST = 8,        /* takes constant time, or logarithmic */
    KV_PUBSUB = 16,     /* allowed to a RESP2 connection that subscribes */
    KV_ADMIN = 32,      /* about the server */
    KV_EXPIRES_AT = 64, /* EXPIRE and its kin: the argument is a point in time */
    KV_BARRIER = 128,   /* waits for the replies to what was sent before */
    KV_INTERNAL = 256   /* not for clients */
};

struct kv_command;

/* One command on its way through one shard. */
struct kv_call {
    struct kv_store *store;
    struct kv_buffer *out;
    const struct kv_command *command;
    struct kv_arg *argv; /* argv[0] is the name */
    uint32_t argc;
    const uint64_t *hashes; /* of the keys, in their order; NULL: not known yet */
    int resp;               /* protocol version, 2 or 3 */
    int64_t now;            /* Unix time in milliseconds */
};

typedef void kv_command_fn(struct kv_call *call);

struct kv_session;

/* One command on its way through a session; the reply goes to `out`. */
struct kv_request {
    const struct kv_command *command;
    struct kv_arg *argv;
    uint32_t argc;
    const uint64_t *hashes; /* as in struct kv_call */
    struct kv_buffer *out;
};

typedef void kv_session_fn(struct kv_session *session, struct kv_request *request);

struct kv_command {
    const char *name;   /* lower case */
    kv_command_fn *run; /* on a shard; NULL for KV_ON_CONNECTION */
    kv_session_fn
        *serve; /* by the session: KV_ON_CONNECTION, and KV_APART with several shards */
    const char *summary;
    int arity; /* arguments with the name; negative: at least so many */
    enum kv_scope scope;
    unsigned flags;
    int first_key, last_key, key_step; /* as in the reply to COMMAND; 0: no keys */
};

/* Finds commands by name; made once, then only read. */
struct kv_command_index {
    uint8_t slots[256]; /* number of the command plus one */
    uint64_t words[128][2];
};

extern const struct kv_command kv_commands[];
extern const uint32_t kv_command_count;

void kv_command_index_init(struct kv_command_index *index);

/* Upper or lower case; NULL when there is no such command. */
const struct kv_command *kv_command_lookup(const struct kv_command_index *index,
                                           const char *name, size_t bytes);

/* The one of this name that is for the program itself, or for clients; it must be there. */
const struct kv_command *kv_command_named(const char *name);

static inline uint32_t
kv_command_number(const struct kv_command *command)
{
    return (uint32_t) (command - kv_commands);
}

static inline bool
kv_command_arity_ok(const struct kv_command *command, uint32_t argc)
{
    int64_t arity = command->arity;
    return arity >= 0 ? argc == arity : argc >= -arity;
}

/* Runs a command, whose arity is right, on a shard: refuses it if memory is short. */
void kv_call_run(struct kv_call *call);

/* Is the argument this word, whatever the case of its letters? */
bool kv_arg_is(const struct kv_arg *arg, const char *lower_case_word);

/* Reads an integer argument, or replies that it is none and returns false. */
bool kv_call_integer(struct kv_call *call, int64_t *out, uint32_t index);

/* The key that an argument holds. */
static inline struct kv_key
kv_call_key(const struct kv_call *call, uint32_t index)
{
    const struct kv_arg *arg = &call->argv[index];
    if (call->hashes == NULL)
        return kv_store_key(call->store, arg->at, arg->bytes);
    uint32_t place = (index - 1) / (uint32_t) call->command->key_step;
    return (struct kv_key){{arg->at, arg->bytes}, call->hashes[place]};
}

#define KV_ERR_SYNTAX      "ERR syntax error"
#define KV_ERR_NOT_INTEGER "ERR value is not an integer or out of range"
#define KV_ERR_OOM         "OOM command not allowed when used memory > 'maxmemory'."
#define KV_ERR_NO_KEY      "ERR no such key"

/* clang-format off */
#define KV_COMMANDS(X)                                                               \
    X(append) X(dbsize) X(decr) X(decrby) X(del) X(exists) X(expire) X(flush) X(get) \
    X(getdel) X(getex) X(getrange) X(getset) X(incr) X(incrby) X(incrbyfloat)        \
    X(keys) X(mget) X(mset) X(msetnx) X(persist) X(psetex) X(randomkey) X(rename)    \
    X(renamenx) X(scan) X(set) X(setex) X(setnx) X(setrange) X(statistics) X(strlen) \
    X(ttl) X(type)

#define KV_SERVICES(X)                                                           \
    X(auth) X(client) X(command) X(config) X(echo) X(hello) X(info) X(msetnx)    \
    X(ping) X(publish) X(pubsub) X(quit) X(randomkey) X(rename) X(reset) X(scan) \
    X(select) X(subscribe) X(time) X(unsubscribe)
/* clang-format on */

#define KV_DECLARE_RUN(name)   kv_command_fn kv_run_##name;
#define KV_DECLARE_SERVE(name) kv_session_fn kv_serve_##name;
KV_COMMANDS(KV_DECLARE_RUN)
KV_SERVICES(KV_DECLARE_SERVE)

#endif
