/* batch.h - commands on their way to another shard, all those of one turn in one message. */
#ifndef KV_BATCH_H
#define KV_BATCH_H

#include "command.h"

/*
 * Within one process: a batch carries pointers to blobs, which it owns. Layout, each part
 * aligned to 8 bytes: a head per command, and per argument its size and its bytes, or its size
 * with the top bit set and the blob's address.
 */

#define KV_BATCH_AHEAD 32 /* commands that kv_batch_fetch() looks at */

/* Adds a command; takes the blobs of its arguments. out->failed tells of want of memory. */
void kv_batch_add(struct kv_buffer *out, struct kv_request *request, int resp);

/*
 * The same in steps, for a command that is put together from parts of another: so many
 * arguments must be added between begin, whose result end wants to have, and end. Nothing else
 * may be added to the batch meanwhile. @hash is that of the first key, or NULL.
 */
size_t kv_batch_begin(struct kv_buffer *out, const struct kv_command *command, int resp,
                      uint32_t argc);
void kv_batch_argument(struct kv_buffer *out, struct kv_arg *arg);
void kv_batch_end(struct kv_buffer *out, size_t begin, const uint64_t *hash);

/* Fetches what the next commands will look for; see kv_table_fetch_bucket(). */
void kv_batch_fetch(const char *at, const char *end, const struct kv_table *table);

/* Where the arguments of a command that is read are put. All zero is an empty one. */
struct kv_argv {
    struct kv_arg *at;
    uint32_t capacity;
};
void kv_argv_free(struct kv_argv *argv);

/*
 * Reads the command at *at into call->command, resp, argv and argc and moves *at behind it.
 * The blobs are the caller's then. False when memory ran out: nothing happened.
 */
bool kv_batch_read(const char **at, struct kv_call *call, struct kv_argv *argv);

/* Frees the blobs of the arguments that nobody took. */
void kv_batch_release(struct kv_call *call);

/* Frees the blobs of a batch that will not be read. */
void kv_batch_discard(const char *at, const char *end);

/*
 * Between processes a batch has the same layout without blobs, in one piece of memory, and is
 * nothing but bytes until kv_batch_check() has looked at them. (Integers are little-endian, as
 * in memory.)
 */

/* What the next command is, without reading it; moves *at behind it. */
const struct kv_command *kv_batch_next(const char **at, uint32_t *argc);

/* Bytes that the next commands take when packed: as many as fit into `max`, said in *count. */
size_t kv_batch_measure(const char *at, const char *end, size_t max, uint32_t *count);

/* Writes so many packed commands into `out`, which has room; blobs stay where they are. */
void kv_batch_pack(char *out, const char *at, uint32_t count);

/* Passes over the next commands and frees their blobs. */
void kv_batch_skip(const char **at, uint32_t count);

/* Are these bytes of another process so many commands that a shard may run? */
bool kv_batch_check(const char *at, const char *end, uint32_t count);

#endif
