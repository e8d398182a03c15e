/* client.h - one connection's side of the talk: requests out, replies in, no I/O. */
#ifndef LOAD_CLIENT_H
#define LOAD_CLIENT_H

#include "frame.h"
#include "keyspace.h"
#include "recorder.h"
#include "resp.h"

/* Bytes to be written, or bytes that were read: used up at the front, filled at the end. */
struct load_buffer {
    char *data;
    size_t used, size;
};

/* Room for so many bytes more; -ENOMEM leaves the buffer as it was. */
int load_buffer_reserve(struct load_buffer *buffer, size_t bytes);
void load_buffer_fini(struct load_buffer *buffer);

struct load_client {
    const struct load_settings *settings;
    const struct load_commands *commands;
    const struct load_zipf *zipf; /* of the keys; NULL: uniform */
    struct load_recorder *recorder;
    struct load_keyspace *space; /* of this connection, or shared by those of its core */
    struct load_ledger ledger;
    struct load_random random;
    struct load_frame_reader frames;
    struct load_buffer out, in;
    uint32_t id, run;
    uint32_t version;   /* of the latest request; never 0 */
    uint32_t unstamped; /* requests whose sending has no time yet */
    uint32_t until_tag;
    uint32_t fill_next, fill_end; /* keys still to be written before the run */
};

/* What all clients of a core have in common. */
struct load_client_shared {
    const struct load_settings *settings;
    const struct load_commands *commands;
    const struct load_zipf *zipf;
    struct load_recorder *recorder;
    uint32_t run;
};

/* While keys are filled in, so many requests are outstanding, whatever the pipeline is. */
enum { LOAD_FILL_DEPTH = 64 };

/* -ENOMEM. @space is borrowed; for a tcp target it is not used. */
int load_client_init(struct load_client *client, const struct load_client_shared *shared,
                     struct load_keyspace *space, uint32_t id);
void load_client_fini(struct load_client *client);

/* How many requests may be sent now. */
uint32_t load_client_room(const struct load_client *client);

/* Appends the next request of the mix to client->out. -ENOMEM. Only while there is room. */
int load_client_request(struct load_client *client, int64_t intended_ns);

/* Appends SETs of the keys to be filled while there is room; 0 when nothing is left. */
int load_client_fill(struct load_client *client);
bool load_client_filled(const struct load_client *client);

/* What lies in client->out is written now. */
void load_client_stamp(struct load_client *client, int64_t now_ns);

/*
 * Reads the replies in client->in. -EPROTO: what came cannot be told apart any more, and the
 * connection is of no further use; that counts as one corrupted reply.
 */
int load_client_feed(struct load_client *client, int64_t now_ns);

/* The connection is closed: what is unanswered is lost; the next one starts afresh. */
void load_client_disconnected(struct load_client *client);

#endif
