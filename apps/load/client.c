/* client.c - one connection's side of the talk: requests out, replies in, no I/O. */
#include "client.h"

#include <cycos/base.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER_MIN = 4096, READ_MIN = 16384 };

int
load_buffer_reserve(struct load_buffer *buffer, size_t bytes)
{
    if (buffer->size - buffer->used >= bytes)
        return 0;
    size_t size = buffer->size == 0 ? BUFFER_MIN : buffer->size;
    while (size - buffer->used < bytes)
        size *= 2;
    char *data = realloc(buffer->data, size);
    if (data == NULL)
        return -ENOMEM;
    buffer->data = data;
    buffer->size = size;
    return 0;
}

void
load_buffer_fini(struct load_buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct load_buffer){NULL, 0, 0};
}

static void
answered(void *arg, const struct load_request *request, const struct load_reply *reply)
{
    struct load_client *client = arg;
    load_recorder_answered(client->recorder, request, reply);
    if (request->operation == LOAD_GET && reply->kind != LOAD_ERROR)
        client->recorder->counters.faults.stale +=
            load_keyspace_stale(client->space, request, reply);
    else if (request->operation == LOAD_SET && reply->kind == LOAD_OK)
        load_keyspace_set(client->space, request);
}

int
load_client_init(struct load_client *client, const struct load_client_shared *shared,
                 struct load_keyspace *space, uint32_t id)
{
    const struct load_settings *settings = shared->settings;
    uint32_t depth = settings->pipeline;
    memset(client, 0, sizeof *client);
    client->settings = settings;
    client->commands = shared->commands;
    client->zipf = shared->zipf;
    client->recorder = shared->recorder;
    client->run = shared->run;
    client->space = space;
    client->id = id;
    client->until_tag = settings->flags.tag_every;
    client->frames = (struct load_frame_reader){.run = shared->run,
                                                .min_bytes = settings->sizes.min_bytes,
                                                .max_bytes = settings->sizes.max_bytes};
    load_random_seed(&client->random, settings->seed, (uint64_t) id + 1);
    int rc = load_ledger_init(
        &client->ledger, depth < LOAD_FILL_DEPTH ? LOAD_FILL_DEPTH : depth, answered, client);
    return rc != 0 ? rc : load_buffer_reserve(&client->in, READ_MIN);
}

void
load_client_fini(struct load_client *client)
{
    load_ledger_fini(&client->ledger);
    load_buffer_fini(&client->out);
    load_buffer_fini(&client->in);
}

uint32_t
load_client_room(const struct load_client *client)
{
    uint32_t outstanding = load_ledger_outstanding(&client->ledger);
    uint32_t depth = client->settings->pipeline;
    return outstanding < depth ? depth - outstanding : 0;
}

static struct load_request *
push(struct load_client *client, enum load_operation operation, uint32_t key)
{
    if (++client->version == 0) /* 0 means "never written" to the keyspace */
        client->version = 1;
    struct load_request *request = load_ledger_push(&client->ledger);
    *request =
        (struct load_request){.operation = operation, .key = key, .version = client->version};
    client->unstamped++;
    return request;
}

static void
write_proof(const struct load_client *client, char *payload, size_t size,
            const struct load_request *request)
{
    const struct load_proof proof = {client->run, request->key, request->version};
    load_proof_write(payload, size, &proof);
}

static void
put_set(struct load_client *client, uint32_t key, size_t bytes, int64_t intended_ns)
{
    char *payload, *at = client->out.data + client->out.used;
    struct load_request *request = push(client, LOAD_SET, key);
    request->intended_ns = intended_ns;
    client->out.used =
        (size_t) (load_put_set(client->commands, at, key, bytes, &payload) - client->out.data);
    write_proof(client, payload, bytes, request);
}

static void
put_tag(struct load_client *client, int64_t intended_ns)
{
    char *payload, *at = client->out.data + client->out.used;
    struct load_request *request = push(client, LOAD_TAG, LOAD_KEY_TAG);
    request->intended_ns = intended_ns;
    client->out.used =
        (size_t) (load_put_echo(at, LOAD_PROOF_BYTES, &payload) - client->out.data);
    write_proof(client, payload, LOAD_PROOF_BYTES, request);
}

static void
put_get(struct load_client *client, uint32_t key, int64_t intended_ns)
{
    char *at = client->out.data + client->out.used;
    push(client, LOAD_GET, key)->intended_ns = intended_ns;
    client->out.used = (size_t) (load_put_get(client->commands, at, key) - client->out.data);
}

static void
put_frame(struct load_client *client, size_t bytes, int64_t intended_ns)
{
    struct load_request *request = push(client, LOAD_TAG, client->id);
    request->intended_ns = intended_ns;
    const struct load_proof proof = {client->run, request->key, request->version};
    load_frame_write(client->out.data + client->out.used, bytes, &proof);
    client->out.used += bytes;
}

static uint32_t
pick_key(struct load_client *client)
{
    const struct load_keyspace *space = client->space;
    uint64_t index = client->zipf != NULL ? load_zipf_next(client->zipf, &client->random)
                                          : load_random_below(&client->random, space->count);
    /* The zipf is made for the largest share of keys that a connection has. */
    return space->first + (uint32_t) (index < space->count ? index : index % space->count);
}

/* One request in --tag-every is an ECHO: its reply shows where the sequence stands. */
static bool
tag_is_due(struct load_client *client)
{
    if (client->settings->flags.tag_every == 0 || --client->until_tag > 0)
        return false;
    client->until_tag = client->settings->flags.tag_every;
    return true;
}

int
load_client_request(struct load_client *client, int64_t intended_ns)
{
    const struct load_settings *settings = client->settings;
    int rc = load_buffer_reserve(&client->out, settings->sizes.max_bytes + LOAD_COMMAND_MAX);
    if (rc != 0)
        return rc;
    if (settings->target.protocol == LOAD_TCP)
        put_frame(client, load_sizes_next(&settings->sizes, &client->random), intended_ns);
    else if (tag_is_due(client))
        put_tag(client, intended_ns);
    else if (load_random_unit(&client->random) < settings->read_share)
        put_get(client, pick_key(client), intended_ns);
    else
        put_set(client, pick_key(client), load_sizes_next(&settings->sizes, &client->random),
                intended_ns);
    return 0;
}

int
load_client_fill(struct load_client *client)
{
    const struct load_sizes *sizes = &client->settings->sizes;
    while (client->fill_next < client->fill_end && load_ledger_room(&client->ledger) > 0) {
        int rc = load_buffer_reserve(&client->out, sizes->max_bytes + LOAD_COMMAND_MAX);
        if (rc != 0)
            return rc;
        put_set(client, client->fill_next++, load_sizes_next(sizes, &client->random), 0);
    }
    return 0;
}

bool
load_client_filled(const struct load_client *client)
{
    return client->fill_next == client->fill_end &&
           load_ledger_outstanding(&client->ledger) == 0;
}

void
load_client_stamp(struct load_client *client, int64_t now_ns)
{
    struct load_ledger *ledger = &client->ledger;
    for (; client->unstamped > 0; client->unstamped--) {
        struct load_request *request =
            &ledger->ring[(ledger->tail - client->unstamped) & ledger->mask];
        request->sent_ns = now_ns;
        load_recorder_sent(client->recorder, request->intended_ns, now_ns);
    }
}

static void
take_payload(const struct load_client *client, struct load_reply *reply,
             const struct load_proof *proof)
{
    reply->kind = LOAD_VALUE;
    reply->key = proof->key;
    reply->version = proof->version;
    reply->ours = proof->run == client->run;
}

static void
take_resp(const struct load_client *client, const struct load_resp *resp,
          struct load_reply *reply)
{
    struct load_proof proof;
    reply->kind = LOAD_DAMAGED;
    if (resp->type == '$' && load_proof_read(&proof, resp->text, resp->size) == 0)
        take_payload(client, reply, &proof);
    else if (resp->type == '+' && resp->size == 2 && memcmp(resp->text, "OK", 2) == 0)
        reply->kind = LOAD_OK;
    else if (resp->type == '_')
        reply->kind = LOAD_NIL;
    else if (resp->type == '-')
        reply->kind = LOAD_ERROR;
}

/* Bytes used up, or -EPROTO. Values of an earlier run may be longer than ours. */
static long
feed_resp(struct load_client *client, int64_t now_ns)
{
    enum { FOREIGN_MAX = 1 << 20 };
    const struct load_buffer *in = &client->in;
    size_t max = client->settings->sizes.max_bytes, at = 0;
    struct load_resp resp;
    struct load_reply reply = {.at_ns = now_ns};
    for (;;) {
        long used = load_resp_parse(&resp, in->data + at, in->used - at,
                                    max < FOREIGN_MAX ? FOREIGN_MAX : max);
        if (used < 0)
            return -EPROTO;
        if (used == 0)
            break;
        at += (size_t) used;
        take_resp(client, &resp, &reply);
        load_ledger_reply(&client->ledger, &reply);
    }
    if (resp.need > in->used - at &&
        load_buffer_reserve(&client->in, resp.need - (in->used - at)) != 0)
        return -EPROTO;
    return (long) at;
}

static long
feed_frames(struct load_client *client, int64_t now_ns)
{
    const struct load_buffer *in = &client->in;
    struct load_reply reply = {.at_ns = now_ns};
    struct load_proof proof;
    size_t at = 0, used;
    for (;;) {
        enum load_frame frame =
            load_frame_read(&client->frames, in->data + at, in->used - at, &used, &proof);
        if (frame == LOAD_FRAME_NONE)
            return (long) at;
        at += used;
        if (frame == LOAD_FRAME_SKIPPED)
            continue;
        reply.kind = LOAD_DAMAGED;
        if (frame == LOAD_FRAME_INTACT)
            take_payload(client, &reply, &proof);
        load_ledger_reply(&client->ledger, &reply);
    }
}

/* The ledger finds faults on its own; they are counted where all the others are. */
static void
collect_faults(struct load_client *client)
{
    load_faults_add(&client->recorder->counters.faults, &client->ledger.faults);
    memset(&client->ledger.faults, 0, sizeof client->ledger.faults);
}

int
load_client_feed(struct load_client *client, int64_t now_ns)
{
    long used = client->settings->target.protocol == LOAD_TCP ? feed_frames(client, now_ns)
                                                              : feed_resp(client, now_ns);
    if (used < 0) {
        const struct load_reply damaged = {.at_ns = now_ns, .kind = LOAD_DAMAGED};
        load_ledger_reply(&client->ledger, &damaged);
        client->in.used = 0;
        collect_faults(client);
        return (int) used;
    }
    client->in.used -= (size_t) used;
    memmove(client->in.data, client->in.data + used, client->in.used);
    collect_faults(client);
    return load_buffer_reserve(&client->in, READ_MIN / 2);
}

void
load_client_disconnected(struct load_client *client)
{
    /* What was never written cannot be lost. */
    client->ledger.tail -= client->unstamped;
    load_ledger_close(&client->ledger);
    collect_faults(client);
    client->in.used = client->out.used = 0;
    client->unstamped = 0;
    client->frames.in_damage = false;
    if (client->space != NULL && !client->space->shared)
        load_keyspace_forget(client->space);
}
