/*
 * apart.c - commands that several shards must carry out as one: MSETNX, RENAME, RENAMENX,
 * and those that go from shard to shard: SCAN, RANDOMKEY.
 *
 * MSETNX and RENAME hold the shards that they need: a shard that is held runs the commands of
 * nobody else, who wait a little. Everybody takes shards in the order of their numbers, so no
 * two can wait for each other. The hold ends with the last batch, so nobody sees half of the
 * change.
 */
#include "session.h"

static int64_t
integer_of(struct kv_slice reply)
{
    int64_t value = 0;
    if (reply.bytes > 3)
        (void) kv_integer_read(&value, reply.at + 1, reply.bytes - 3);
    return value;
}

static bool
is_error(struct kv_slice reply)
{
    return reply.at[0] == '-';
}

/* The content of a bulk string; of anything else nothing. */
static struct kv_slice
bulk_of(struct kv_slice reply)
{
    const char *line = memchr(reply.at, '\n', reply.bytes);
    size_t head = (size_t) (line + 1 - reply.at);
    if (reply.at[0] != '$' || reply.bytes < head + 2)
        return (struct kv_slice){"", 0};
    return (struct kv_slice){line + 1, reply.bytes - head - 2};
}

/* Adds an argument that stays the session's: its bytes are copied, blob or not. */
static void
add_copy(struct kv_part *part, struct kv_slice text)
{
    struct kv_arg copy = {text.at, text.bytes, NULL};
    kv_batch_argument(&part->request, &copy);
}

static void
begin(struct kv_part *part, const char *command, uint32_t argc)
{
    part->open = kv_batch_begin(&part->request, kv_command_named(command), 2, argc);
    add_copy(part, (struct kv_slice){command, strlen(command)});
    part->waiting++;
}

static void
finish(struct kv_part *part)
{
    kv_batch_end(&part->request, part->open, NULL);
}

/* One command with one argument, a key. */
static void
add_key_command(struct kv_part *part, const char *command, const struct kv_arg *key)
{
    begin(part, command, 2);
    add_copy(part, (struct kv_slice){key->at, key->bytes});
    finish(part);
}

/* Has the next exchange take a shard before, or give it back after, what it runs there. */
static void
hold(struct kv_session *session, uint16_t shard)
{
    session->pipeline->holder = session->id;
    session->pipeline->part[shard].flags |= KV_HOLD;
    session->pipeline->part[shard].held = true;
}

static void
release(struct kv_session *session, uint16_t shard)
{
    session->pipeline->part[shard].flags |= KV_RELEASE;
}

/* The exchange that gives all shards back has succeeded. */
static void
nothing_held(struct kv_session *session)
{
    for (uint16_t i = 0; i < session->pipeline->shards; i++)
        session->pipeline->part[i].held = false;
}

/* Gives back what is still held, whatever happened, without running anything more. */
static void
release_all(struct kv_session *session)
{
    struct kv_site *site = session->site;
    bool any = false;

    if (session->pipeline == NULL)
        return; /* the node goes down */
    for (uint16_t i = 0; i < session->pipeline->shards; i++) {
        if (!session->pipeline->part[i].held)
            continue;
        release(session, i);
        any = true;
    }
    if (any && site->ops->exchange(site->world, session, session->pipeline) < 0)
        kv_session_fail(session);
    nothing_held(session);
    session->pipeline->holder = 0;
}

/* Adds the pairs of one shard, or only their keys; returns how many there are. */
static uint32_t
add_pairs(struct kv_session *session, struct kv_request *request, uint16_t shard, bool values)
{
    struct kv_part *part = &session->pipeline->part[shard];
    uint32_t count = 0;

    for (uint32_t i = 1; i < request->argc; i += 2)
        count += kv_session_shard(session, &request->argv[i]) == shard;
    if (count == 0)
        return 0;
    begin(part, values ? "putall" : "vacant", 1 + (values ? 2 * count : count));
    for (uint32_t i = 1; i < request->argc; i += 2) {
        if (kv_session_shard(session, &request->argv[i]) != shard)
            continue;
        add_copy(part, (struct kv_slice){request->argv[i].at, request->argv[i].bytes});
        if (values)
            kv_batch_argument(&part->request, &request->argv[i + 1]);
    }
    finish(part);
    return count;
}

/*
 * Takes the shards of all keys, one after the other, until a key turns out to exist, or a shard
 * to be full or out of reach: then replies and returns false.
 */
static bool
hold_absent(struct kv_session *session, struct kv_request *request)
{
    for (uint16_t shard = 0; shard < session->pipeline->shards; shard++) {
        if (add_pairs(session, request, shard, false) == 0)
            continue;
        hold(session, shard);
        if (!kv_session_exchange(session))
            return false;
        struct kv_slice reply = kv_part_take(&session->pipeline->part[shard]);
        if (is_error(reply))
            kv_buffer_append(request->out, reply.at, reply.bytes);
        else if (integer_of(reply) > 0)
            kv_reply_integer(request->out, 0);
        else
            continue;
        return false;
    }
    return true;
}

/* Sets all pairs on the shards that are held, and gives these back. */
static void
set_absent(struct kv_session *session, struct kv_request *request)
{
    struct kv_pipeline *pipeline = session->pipeline;
    struct kv_slice result = {":1\r\n", 4};

    for (uint16_t shard = 0; shard < pipeline->shards; shard++)
        if (add_pairs(session, request, shard, true) > 0)
            release(session, shard);
    if (!kv_session_exchange(session))
        return;
    for (uint16_t shard = 0; shard < pipeline->shards; shard++) {
        if (!pipeline->part[shard].held)
            continue;
        struct kv_slice reply = kv_part_take(&pipeline->part[shard]);
        if (is_error(reply))
            result = reply;
    }
    kv_buffer_append(request->out, result.at, result.bytes);
    if (!is_error(result))
        nothing_held(session);
}

void
kv_serve_msetnx(struct kv_session *session, struct kv_request *request)
{
    if (kv_session_pipeline(session) == NULL)
        return;
    if (hold_absent(session, request))
        set_absent(session, request);
    release_all(session);
}

/* A key on its way from one shard to another. */
struct renaming {
    const struct kv_arg *key[2]; /* from, to */
    uint16_t shard[2];
    bool exists[2];
    struct kv_slice error; /* of a shard that is out of reach; NULL: none */
};

/* The next reply of a shard; false when it is an error. */
static bool
take(struct kv_part *part, struct renaming *renaming, struct kv_slice *out)
{
    *out = kv_part_take(part);
    if (!is_error(*out))
        return true;
    renaming->error = *out;
    return false;
}

/* Takes both shards, the lower number first, and looks for the keys. */
static bool
hold_both(struct kv_session *session, struct renaming *renaming)
{
    struct kv_slice reply;

    int lower = renaming->shard[0] < renaming->shard[1] ? 0 : 1;

    for (int i = 0; i < 2; i++) {
        int which = i == 0 ? lower : 1 - lower;
        struct kv_part *part = &session->pipeline->part[renaming->shard[which]];
        add_key_command(part, "exists", renaming->key[which]);
        hold(session, renaming->shard[which]);
        if (!kv_session_exchange(session) || !take(part, renaming, &reply))
            return false;
        renaming->exists[which] = integer_of(reply) > 0;
    }
    return true;
}

/* Sets the new name to the value and the expiry that the old one has. */
static bool
copy_over(struct kv_session *session, struct renaming *renaming)
{
    struct kv_part *from = &session->pipeline->part[renaming->shard[0]];
    struct kv_part *to = &session->pipeline->part[renaming->shard[1]];
    struct kv_slice value, expiry, done;

    /* One by one: a value may be so long that its reply fills an answer. */
    add_key_command(from, "pexpiretime", renaming->key[0]);
    if (!kv_session_exchange(session) || !take(from, renaming, &expiry))
        return false;
    int64_t at_ms = integer_of(expiry);
    add_key_command(from, "get", renaming->key[0]);
    if (!kv_session_exchange(session) || !take(from, renaming, &value))
        return false;
    value = bulk_of(value);

    begin(to, "put", at_ms > 0 ? 5 : 3);
    add_copy(to, (struct kv_slice){renaming->key[1]->at, renaming->key[1]->bytes});
    add_copy(to, value);
    if (at_ms > 0) {
        char text[KV_INTEGER_TEXT_MAX];
        add_copy(to, (struct kv_slice){"pxat", 4});
        add_copy(to, (struct kv_slice){text, kv_integer_write(text, at_ms)});
    }
    finish(to);
    return kv_session_exchange(session) && take(to, renaming, &done);
}

/* Removes the old name and gives back both shards. */
static bool
remove_old(struct kv_session *session, struct renaming *renaming)
{
    struct kv_part *from = &session->pipeline->part[renaming->shard[0]];
    struct kv_slice done;

    add_key_command(from, "del", renaming->key[0]);
    release(session, renaming->shard[0]);
    release(session, renaming->shard[1]);
    if (!kv_session_exchange(session) || !take(from, renaming, &done))
        return false;
    nothing_held(session);
    return true;
}

/* With both shards held; false when a shard said an error, or the session is closing. */
static bool
rename_held(struct kv_session *session, struct kv_request *request, struct renaming *renaming)
{
    bool only_absent = request->command->name[6] != '\0';

    if (!renaming->exists[0]) {
        kv_reply_error(request->out, KV_ERR_NO_KEY);
    } else if (only_absent && renaming->exists[1]) {
        kv_reply_integer(request->out, 0);
    } else {
        if (!copy_over(session, renaming) || !remove_old(session, renaming))
            return false;
        if (only_absent)
            kv_reply_integer(request->out, 1);
        else
            kv_reply_ok(request->out);
    }
    return true;
}

/* RENAME and RENAMENX of keys that are on different shards. */
void
kv_serve_rename(struct kv_session *session, struct kv_request *request)
{
    struct renaming renaming = {.key = {&request->argv[1], &request->argv[2]}};

    if (kv_session_pipeline(session) == NULL)
        return;
    for (int i = 0; i < 2; i++)
        renaming.shard[i] = kv_session_shard(session, renaming.key[i]);
    bool done = hold_both(session, &renaming) && rename_held(session, request, &renaming);
    if (!done && renaming.error.at != NULL)
        kv_buffer_append(request->out, renaming.error.at, renaming.error.bytes);
    release_all(session);
}

/*
 * The cursor that a client sees is the shard's cursor times the number of shards, plus the
 * number of the shard; when a shard is through, the next one begins with its cursor 0.
 */
void
kv_serve_scan(struct kv_session *session, struct kv_request *request)
{
    uint16_t shards = session->site->config->shards;
    uint64_t cursor = 0;
    char text[KV_INTEGER_TEXT_MAX];

    /* A cursor that is none is any shard's to complain about. */
    if (kv_cursor_read(&cursor, request->argv[1].at, request->argv[1].bytes)) {
        request->argv[1].at = text;
        request->argv[1].bytes = kv_unsigned_write(text, cursor / shards);
    }
    uint16_t shard = (uint16_t) (cursor % shards);
    struct kv_slice reply;
    if (!kv_session_ask(session, shard, request, &reply))
        return;
    if (is_error(reply)) {
        kv_buffer_append(request->out, reply.at, reply.bytes);
        return;
    }
    /* "*2\r\n$<n>\r\n<cursor>\r\n" and the keys, which are passed on. */
    const char *end = reply.at + reply.bytes;
    const char *at = (const char *) memchr(reply.at + 4, '\n', reply.bytes - 4) + 1;
    const char *line_end = memchr(at, '\r', (size_t) (end - at));
    (void) kv_cursor_read(&cursor, at, (size_t) (line_end - at));
    if (cursor != 0)
        cursor = cursor * shards + shard;
    else
        cursor = (shard + 1U) % shards;
    kv_reply_array(request->out, 2);
    kv_reply_bulk(request->out, text, kv_unsigned_write(text, cursor));
    kv_buffer_append(request->out, line_end + 2, (size_t) (end - line_end) - 2);
}

/* Draws a shard, each with the chance that its share of the keys gives it. */
static bool
draw_shard(struct kv_session *session, struct kv_request *request, uint16_t *out,
           int64_t *total)
{
    struct kv_pipeline *pipeline = kv_session_pipeline(session);
    int64_t sizes = 0;

    if (pipeline == NULL)
        return false;
    for (uint16_t i = 0; i < pipeline->shards; i++) {
        begin(&pipeline->part[i], "dbsize", 1);
        finish(&pipeline->part[i]);
    }
    if (!kv_session_exchange(session))
        return false;
    uint64_t random = kv_random_next(&session->site->shard->store.random_state);
    *out = 0;
    /* One key at a time takes the place of the one drawn so far: fair without a list. */
    for (uint16_t i = 0; i < pipeline->shards; i++) {
        struct kv_slice reply = kv_part_take(&pipeline->part[i]);
        if (is_error(reply)) {
            kv_buffer_append(request->out, reply.at, reply.bytes);
            return false;
        }
        int64_t size = integer_of(reply);
        if (size < 0 || sizes > INT64_MAX - size)
            size = 0;
        sizes += size;
        if (sizes > 0 && (int64_t) (random % (uint64_t) sizes) < size)
            *out = i;
        random = kv_random_next(&session->site->shard->store.random_state);
    }
    *total = sizes;
    return true;
}

void
kv_serve_randomkey(struct kv_session *session, struct kv_request *request)
{
    int64_t total;
    uint16_t shard;

    /* A shard whose keys have all expired says null, and has none any more the next time. */
    while (draw_shard(session, request, &shard, &total)) {
        struct kv_slice reply;
        if (total == 0) {
            kv_reply_null(request->out, session->resp);
            return;
        }
        if (!kv_session_ask(session, shard, request, &reply))
            return;
        if (is_error(reply) || (reply.at[0] == '$' && reply.at[1] != '-')) {
            kv_buffer_append(request->out, reply.at, reply.bytes);
            return;
        }
    }
}
