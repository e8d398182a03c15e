/* batch.h - commands on their way to another shard, all those of one turn in one message. */
#ifndef KV_BATCH_H
#define KV_BATCH_H

#include "command.h"

/*
 * Within one process: a batch carries pointers to blobs, which it owns. Layout, each part
 * aligned to 8 bytes: a head per command, and per argument its size and its bytes, or its size
 * with the top bit set and the blob's address.
 */

/* Adds a command; takes the blobs of its arguments. out->failed tells of want of memory. */
void kv_batch_add(struct kv_buffer *out, const struct kv_command *command, int resp,
                  struct kv_arg *argv, uint32_t argc);

/*
 * The same in two steps, for a command that is put together from parts of another: so many
 * arguments must be added behind the head.
 */
void kv_batch_begin(struct kv_buffer *out, const struct kv_command *command, int resp,
                    uint32_t argc);
void kv_batch_argument(struct kv_buffer *out, struct kv_arg *arg);

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

#endif
