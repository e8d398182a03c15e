/*
 * command_table.c - every command: its name, its scope, its arguments.
 * Tests: tests/kv/test_command.c
 */
#include "command.h"

/* clang-format off */
#define SERVE(name, fn, arity, flags, summary) \
    {name, NULL, kv_serve_##fn, summary, arity, KV_ON_CONNECTION, flags, 0, 0, 0}
#define KEY(name, fn, arity, flags, summary) \
    {name, kv_run_##fn, NULL, summary, arity, KV_ON_KEY, flags, 1, 1, 1}
#define KEYS(name, fn, arity, scope, flags, step, summary) \
    {name, kv_run_##fn, NULL, summary, arity, scope, flags, 1, -1, step}
#define ALL(name, fn, arity, scope, flags, summary) \
    {name, kv_run_##fn, NULL, summary, arity, scope, flags, 0, 0, 0}
#define APART(name, run, serve, arity, flags, last_key, step, summary) \
    {name, kv_run_##run, kv_serve_##serve, summary, arity, KV_APART, flags, (step) != 0, \
     last_key, step}

enum {
    READ = KV_READ,
    READ_FAST = KV_READ | KV_FAST,
    WRITE = KV_WRITE,
    WRITE_FAST = KV_WRITE | KV_FAST,
    STORE = KV_WRITE | KV_DENY_OOM, /* takes memory */
    STORE_FAST = STORE | KV_FAST,
    PUBSUB = KV_PUBSUB | KV_BARRIER,
};

const struct kv_command kv_commands[] = {
    /* The most frequent first: their lines of the table stay in the cache. */
    KEY("get", get, 2, READ_FAST, "Returns the string value of a key."),
    KEY("set", set, -3, STORE, "Sets the string value of a key."),
    KEY("incr", incr, 2, STORE_FAST, "Increments an integer by one."),
    SERVE("ping", ping, -1, KV_FAST | KV_PUBSUB, "Returns the server's liveliness response."),
    KEYS("mset", mset, -3, KV_BY_KEY_OK, STORE, 2, "Sets several keys."),
    KEYS("mget", mget, -2, KV_BY_KEY_ARRAY, READ_FAST, 1, "Returns several values."),
    KEYS("del", del, -2, KV_BY_KEY_SUM, WRITE, 1, "Deletes keys."),

    KEY("append", append, 3, STORE_FAST, "Appends to a value."),
    KEY("decr", decr, 2, STORE_FAST, "Decrements an integer by one."),
    KEY("decrby", decrby, 3, STORE_FAST, "Decrements an integer."),
    KEY("getdel", getdel, 2, WRITE_FAST, "Returns a value and deletes its key."),
    KEY("getex", getex, -2, WRITE_FAST, "Returns a value, sets its expiration."),
    KEY("getrange", getrange, 4, READ, "Returns a part of a value."),
    KEY("substr", getrange, 4, READ, "Returns a part of a value."),
    KEY("getset", getset, 3, STORE_FAST, "Sets a value, returns the old."),
    KEY("incrby", incrby, 3, STORE_FAST, "Increments an integer."),
    KEY("incrbyfloat", incrbyfloat, 3, STORE_FAST, "Increments a number."),
    KEY("psetex", psetex, 4, STORE, "Sets a value that expires, in ms."),
    KEY("setex", setex, 4, STORE, "Sets a value that expires, in seconds."),
    KEY("setnx", setnx, 3, STORE_FAST, "Sets a value if there is none."),
    KEY("setrange", setrange, 4, STORE, "Overwrites a part of a value."),
    KEY("strlen", strlen, 2, READ_FAST, "Returns the length of a value."),

    KEY("expire", expire, -3, WRITE_FAST, "Sets the expiration in seconds."),
    KEY("pexpire", expire, -3, WRITE_FAST, "Sets the expiration in ms."),
    KEY("expireat", expire, -3, WRITE_FAST | KV_EXPIRES_AT, "Expiration at a Unix time."),
    KEY("pexpireat", expire, -3, WRITE_FAST | KV_EXPIRES_AT, "Expiration at Unix ms."),
    KEY("ttl", ttl, 2, READ_FAST, "Returns the expiration in seconds."),
    KEY("pttl", ttl, 2, READ_FAST, "Returns the expiration in ms."),
    KEY("expiretime", ttl, 2, READ_FAST | KV_EXPIRES_AT, "Expiration as Unix time."),
    KEY("pexpiretime", ttl, 2, READ_FAST | KV_EXPIRES_AT, "Expiration as Unix ms."),
    KEY("persist", persist, 2, WRITE_FAST, "Removes the expiration."),
    KEY("type", type, 2, READ_FAST, "Returns the type of a key's value."),

    KEYS("exists", exists, -2, KV_BY_KEY_SUM, READ_FAST, 1, "Counts keys that exist."),
    KEYS("touch", exists, -2, KV_BY_KEY_SUM, READ_FAST, 1, "Counts keys that exist."),
    KEYS("unlink", del, -2, KV_BY_KEY_SUM, WRITE_FAST, 1, "Deletes keys."),
    APART("msetnx", msetnx, msetnx, -3, STORE, -1, 2, "Sets keys if none of them exists."),
    APART("rename", rename, rename, 3, WRITE, 2, 1, "Renames a key."),
    APART("renamenx", renamenx, rename, 3, WRITE_FAST, 2, 1, "Renames to a key that is free."),

    ALL("dbsize", dbsize, 1, KV_ON_ALL_SUM, READ_FAST, "Counts the keys."),
    ALL("flushall", flush, -1, KV_ON_ALL_OK, WRITE, "Removes all keys."),
    ALL("flushdb", flush, -1, KV_ON_ALL_OK, WRITE, "Removes all keys."),
    ALL("keys", keys, 2, KV_ON_ALL_ARRAY, READ, "Returns the keys that match a pattern."),
    APART("scan", scan, scan, -2, READ, 0, 0, "Iterates over the keys."),
    APART("randomkey", randomkey, randomkey, 1, READ, 0, 0, "Returns a random key."),
    ALL("statistics", statistics, 1, KV_ON_ALL_ARRAY, KV_INTERNAL, "For INFO."),
    KEY("put", set, -3, WRITE | KV_INTERNAL, "SET that is not refused, for RENAME."),
    KEYS("putall", mset, -3, KV_BY_KEY_OK, WRITE | KV_INTERNAL, 2, "Likewise, for MSETNX."),
    KEYS("vacant", exists, -2, KV_BY_KEY_SUM, STORE | KV_INTERNAL, 1, "Before putall."),

    SERVE("auth", auth, -2, KV_FAST, "Authenticates the connection."),
    SERVE("client", client, -2, KV_ADMIN, "Commands about the connection."),
    SERVE("command", command, -1, KV_ADMIN, "Information about the commands."),
    SERVE("config", config, -2, KV_ADMIN, "Returns the configuration."),
    SERVE("echo", echo, 2, KV_FAST, "Returns the given string."),
    SERVE("hello", hello, -1, KV_FAST, "Handshake with the server."),
    SERVE("info", info, -1, KV_ADMIN | KV_BARRIER, "Returns information and statistics."),
    SERVE("quit", quit, -1, KV_FAST | KV_PUBSUB, "Closes the connection."),
    SERVE("reset", reset, 1, KV_FAST | PUBSUB, "Resets the connection."),
    SERVE("select", select, 2, KV_FAST, "Changes the selected database."),
    SERVE("time", time, 1, KV_FAST, "Returns the server time."),

    SERVE("publish", publish, 3, KV_FAST | KV_BARRIER, "Posts a message to a channel."),
    SERVE("pubsub", pubsub, -2, KV_ADMIN | KV_BARRIER, "Information about channels."),
    SERVE("subscribe", subscribe, -2, PUBSUB, "Listens for messages of channels."),
    SERVE("unsubscribe", unsubscribe, -1, PUBSUB, "Stops listening to channels."),
    SERVE("psubscribe", subscribe, -2, PUBSUB, "Listens to channels that match patterns."),
    SERVE("punsubscribe", unsubscribe, -1, PUBSUB, "Stops listening to patterns."),
};
/* clang-format on */

const uint32_t kv_command_count = sizeof kv_commands / sizeof kv_commands[0];
