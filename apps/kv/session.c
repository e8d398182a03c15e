/*
 * session.c - one client: bytes in, commands run, bytes out.
 *
 * A command whose keys are on this core's shard runs at once and writes into the output. One
 * for another shard is put into that shard's batch; from then on, until the batches have been
 * exchanged, replies are collected beside the output and put in order afterwards. Batches are
 * exchanged when the receive buffer has been used up, so one message per shard carries all
 * commands of one read.
 *
 * Order: commands of one connection that touch the same key run in the order in which they
 * came. Commands on keys of different shards may overlap, as if from different connections,
 * within one read. MSETNX, RENAME, SCAN and the like wait for all that came before.
 */
#include "session.h"

#include <stdlib.h>

#define ALL_SHARDS     UINT16_MAX
#define AHEAD_MAX      32                 /* commands that are parsed before the first is run */
#define AHEAD_KEYS_MAX 256                /* keys in them that are hashed and fetched */
#define BATCH_MAX      ((size_t) 1 << 20) /* bytes or replies under way before an exchange */

void
kv_session_init(struct kv_session *session, struct kv_site *site, void *connection)
{
    *session = (struct kv_session){.site = site, .connection = connection, .resp = 2};
    session->id = site->next_id;
    site->next_id += site->config->shards; /* unique in the node, without asking the others */
}

static void
return_pipeline(struct kv_session *session)
{
    if (session->pipeline == NULL)
        return;
    kv_pipeline_clear(session->pipeline);
    session->pipeline->next = session->site->pool;
    session->site->pool = session->pipeline;
    session->pipeline = NULL;
}

void
kv_session_fini(struct kv_session *session)
{
    return_pipeline(session);
    kv_parser_free(&session->parser);
    kv_buffer_free(&session->out);
    kv_names_free(&session->channels);
    kv_names_free(&session->patterns);
}

void
kv_site_fini(struct kv_site *site)
{
    while (site->pool != NULL) {
        struct kv_pipeline *pipeline = site->pool;
        site->pool = pipeline->next;
        kv_pipeline_free(&pipeline);
    }
}

void
kv_session_fail(struct kv_session *session)
{
    session->closing = true;
    if (session->pipeline != NULL)
        kv_pipeline_clear(session->pipeline);
}

struct kv_pipeline *
kv_session_pipeline(struct kv_session *session)
{
    struct kv_site *site = session->site;
    if (session->pipeline != NULL)
        return session->pipeline;
    session->pipeline = site->pool;
    if (site->pool != NULL)
        site->pool = site->pool->next;
    else
        session->pipeline = kv_pipeline_create(site->config->shards);
    if (session->pipeline == NULL)
        kv_session_fail(session);
    return session->pipeline;
}

uint16_t
kv_session_shard(const struct kv_session *session, const struct kv_arg *key)
{
    const struct kv_config *config = session->site->config;
    return kv_shard_of(kv_hash(&config->seed, key->at, key->bytes), config->shards);
}

bool
kv_session_exchange(struct kv_session *session)
{
    struct kv_site *site = session->site;
    struct kv_pipeline *pipeline = session->pipeline;

    if (!kv_pipeline_failed(pipeline) &&
        site->ops->exchange(site->world, session, pipeline) >= 0 &&
        !kv_pipeline_failed(pipeline))
        return true;
    kv_session_fail(session);
    return false;
}

bool
kv_session_settle(struct kv_session *session)
{
    struct kv_site *site = session->site;
    bool complete = session->pipeline == NULL || kv_pipeline_is_empty(session->pipeline);

    while (!complete) {
        if (!kv_session_exchange(session))
            return false;
        session->now = site->ops->now(site->world);
        complete = kv_pipeline_collect(session->pipeline, &session->out);
        if (session->out.used >= KV_OUT_STEP && site->ops->drain(site->world, session) < 0) {
            kv_session_fail(session);
            return false;
        }
    }
    return_pipeline(session);
    return true;
}

bool
kv_session_ask(struct kv_session *session, uint16_t shard, struct kv_request *request,
               struct kv_slice *reply)
{
    struct kv_pipeline *pipeline = kv_session_pipeline(session);
    if (pipeline == NULL)
        return false;
    struct kv_part *part = &pipeline->part[shard];
    kv_batch_add(&part->request, request, session->resp);
    part->waiting++;
    if (!kv_session_exchange(session))
        return false;
    *reply = kv_part_take(part);
    return true;
}

/* Runs a command on this core's shard, now. */
static void
run_here(struct kv_session *session, struct kv_request *request)
{
    struct kv_call call = {
        .store = &session->site->shard->store,
        .out = request->out,
        .command = request->command,
        .argv = request->argv,
        .argc = request->argc,
        .hashes = request->hashes,
        .resp = session->resp,
        .now = session->now,
    };
    kv_call_run(&call);
}

/* May a command run on this core's shard now? Not if commands for it wait in the batch. */
static bool
is_free_here(const struct kv_session *session)
{
    const struct kv_site *site = session->site;
    return site->shard->holder == 0 &&
           (session->pipeline == NULL || session->pipeline->part[site->self].waiting == 0);
}

static void
run_on(struct kv_session *session, uint16_t shard, struct kv_request *request)
{
    if (shard == session->site->self && is_free_here(session)) {
        run_here(session, request);
        return;
    }
    struct kv_pipeline *pipeline = kv_session_pipeline(session);
    if (pipeline != NULL)
        kv_pipeline_add(pipeline, shard, request, session->resp);
}

/* The shard of the key that an argument holds. */
static uint16_t
shard_of_key(const struct kv_session *session, const struct kv_request *request, uint32_t index)
{
    if (request->hashes == NULL)
        return kv_session_shard(session, &request->argv[index]);
    uint32_t place = (index - 1) / (uint32_t) request->command->key_step;
    return kv_shard_of(request->hashes[place], session->site->config->shards);
}

/* The shards of a command's keys; returns the one that has them all, or ALL_SHARDS. */
static uint16_t
shards_of_keys(struct kv_session *session, struct kv_request *request, struct kv_buffer *out)
{
    uint32_t step = (uint32_t) request->command->key_step;
    uint32_t last = request->command->last_key < 0 ? request->argc - 1
                                                   : (uint32_t) request->command->last_key;
    uint16_t first = shard_of_key(session, request, 1);
    bool same = true;

    for (uint32_t i = 1; i <= last; i += step) {
        uint16_t shard = shard_of_key(session, request, i);
        same = same && shard == first;
        kv_buffer_append(out, &shard, sizeof shard);
    }
    return same ? first : ALL_SHARDS;
}

static void
run_spread(struct kv_session *session, struct kv_request *request)
{
    struct kv_pipeline *pipeline = kv_session_pipeline(session);
    struct kv_buffer shards = {0};

    if (pipeline == NULL)
        return;
    uint16_t shard = shards_of_keys(session, request, &shards);
    /* A key without its value makes no parts: whatever shard it is on says what is wrong. */
    if ((request->argc - 1) % (uint32_t) request->command->key_step != 0)
        shard = session->site->self;
    if (shard != ALL_SHARDS)
        run_on(session, shard, request);
    else if (shards.failed)
        kv_session_fail(session);
    else
        kv_pipeline_spread(pipeline, (const uint16_t *) (const void *) shards.at, request,
                           session->resp);
    kv_buffer_free(&shards);
}

/* Commands that take several steps, unless one shard can do it all. */
static void
run_apart(struct kv_session *session, struct kv_request *request)
{
    uint16_t shard = ALL_SHARDS;

    if ((request->argc - 1) % 2 != 0 && request->command->key_step == 2)
        shard = session->site->self; /* an error */
    else if (request->command->key_step > 0) {
        struct kv_buffer shards = {0};
        shard = shards_of_keys(session, request, &shards);
        kv_buffer_free(&shards);
    }
    if (shard != ALL_SHARDS) {
        run_on(session, shard, request);
    } else if (kv_session_settle(session)) {
        request->out = &session->out;
        request->command->serve(session, request);
        return_pipeline(session);
    }
}

static void
run_with_keys(struct kv_session *session, struct kv_request *request)
{
    switch (request->command->scope) {
    case KV_ON_KEY:
        run_on(session, shard_of_key(session, request, 1), request);
        break;
    case KV_BY_KEY_SUM:
    case KV_BY_KEY_OK:
    case KV_BY_KEY_ARRAY:
        run_spread(session, request);
        break;
    case KV_APART:
        run_apart(session, request);
        break;
    default:
        if (kv_session_pipeline(session) != NULL)
            kv_pipeline_add_all(session->pipeline, request, session->resp);
        break;
    }
}

static void
reply_unknown(struct kv_request *request)
{
    char arguments[160];
    size_t used = 0;
    const struct kv_arg *name = &request->argv[0];

    arguments[0] = '\0';
    for (uint32_t i = 1; i < request->argc && used < 128; i++) {
        size_t room = 128 - used;
        size_t bytes = strnlen(request->argv[i].at,
                               request->argv[i].bytes < room ? request->argv[i].bytes : room);
        arguments[used++] = '\'';
        memcpy(arguments + used, request->argv[i].at, bytes);
        used += bytes;
        memcpy(arguments + used, "' ", 3);
        used += 2;
    }
    kv_reply_errorf(request->out, "ERR unknown command '%.*s', with args beginning with: %s",
                    (int) (name->bytes < 128 ? name->bytes : 128), name->at, arguments);
}

/* Browsers are made to post to other servers: as Redis does, do not even answer. */
static bool
is_http(const struct kv_arg *name)
{
    return kv_arg_is(name, "post") || kv_arg_is(name, "host:");
}

/* Says what is wrong with a command before it is run; false when nothing is. */
static bool
refuse(struct kv_session *session, struct kv_request *request)
{
    const struct kv_command *command = request->command;

    if (command == NULL) {
        session->closing = is_http(&request->argv[0]);
        if (!session->closing)
            reply_unknown(request);
    } else if (!kv_command_arity_ok(command, request->argc)) {
        kv_reply_errorf(request->out, "ERR wrong number of arguments for '%s' command",
                        command->name);
    } else if (session->resp == 2 && (command->flags & KV_PUBSUB) == 0 &&
               kv_session_subscriptions(session) > 0) {
        kv_reply_errorf(request->out,
                        "ERR Can't execute '%s': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING "
                        "/ QUIT / RESET are allowed in this context",
                        command->name);
    } else {
        return false;
    }
    return true;
}

/* Is something under way, so that replies must wait their turn? */
static bool
is_waiting(const struct kv_session *session)
{
    return session->pipeline != NULL && !kv_pipeline_is_empty(session->pipeline);
}

static void
dispatch(struct kv_session *session, struct kv_request *request)
{
    const struct kv_config *config = session->site->config;
    const struct kv_command *command = request->command;

    if (refuse(session, request))
        return;
    if (command->scope == KV_ON_CONNECTION) {
        command->serve(session, request);
        if ((command->flags & KV_BARRIER) != 0)
            return_pipeline(session);
    } else if (config->shards > 1) {
        run_with_keys(session, request);
    } else {
        run_here(session, request);
    }
}

static void
run_command(struct kv_session *session, struct kv_request *request)
{
    session->site->shard->traffic.commands++;
    if (request->command != NULL && (request->command->flags & KV_BARRIER) != 0 &&
        !kv_session_settle(session))
        return;
    request->out = &session->out;
    if (!is_waiting(session)) {
        dispatch(session, request);
        return;
    }
    struct kv_buffer *local = &session->pipeline->local;
    size_t mark = local->used;
    request->out = local;
    dispatch(session, request);
    if (session->pipeline != NULL && request->out == local)
        kv_pipeline_speak(session->pipeline, mark);
}

/* Has so much gathered that it must go on its way before more is run? */
static bool
is_full(const struct kv_session *session)
{
    if (session->out.used >= KV_OUT_STEP)
        return true;
    if (session->pipeline == NULL)
        return false;
    size_t bytes = session->pipeline->local.used;
    for (uint16_t i = 0; i < session->pipeline->shards; i++)
        bytes += session->pipeline->part[i].request.used;
    return bytes >= BATCH_MAX;
}

static void
relieve(struct kv_session *session)
{
    struct kv_site *site = session->site;
    if (!kv_session_settle(session))
        return;
    if (session->out.used >= KV_OUT_STEP && site->ops->drain(site->world, session) < 0)
        kv_session_fail(session);
}

/* Commands that have been parsed but not run, so that their keys can be fetched together. */
struct ahead {
    struct kv_request request[AHEAD_MAX];
    uint32_t first[AHEAD_MAX]; /* where its arguments begin in the parser's list */
    uint32_t count;
    uint64_t hashes[AHEAD_KEYS_MAX];
    uint32_t keys;
};

/* Hashes the keys of a command and asks for their buckets, where they are on this shard. */
static void
look_at_keys(struct kv_session *session, struct ahead *ahead, struct kv_request *request)
{
    const struct kv_command *command = request->command;
    const struct kv_config *config = session->site->config;
    uint32_t step = (uint32_t) command->key_step;
    uint32_t last = command->last_key < 0 ? request->argc - 1 : (uint32_t) command->last_key;

    if (step == 0 || request->argc <= last || last / step >= AHEAD_KEYS_MAX - ahead->keys)
        return;
    request->hashes = &ahead->hashes[ahead->keys];
    for (uint32_t i = 1; i <= last; i += step) {
        uint64_t hash = kv_hash(&config->seed, request->argv[i].at, request->argv[i].bytes);
        ahead->hashes[ahead->keys++] = hash;
        if (kv_shard_of(hash, config->shards) == session->site->self)
            kv_table_fetch_bucket(&session->site->shard->store.table, (uint32_t) hash);
    }
}

/* Parses the commands that have arrived, up to a limit; says why it stopped. */
static enum kv_parse
look_ahead(struct kv_session *session, struct ahead *ahead)
{
    struct kv_parser *parser = &session->parser;
    enum kv_parse result = KV_PARSE_COMMAND;

    ahead->count = ahead->keys = 0;
    while (ahead->count < AHEAD_MAX && ahead->keys < AHEAD_KEYS_MAX / 2) {
        result = kv_parser_next(parser);
        if (result != KV_PARSE_COMMAND)
            break;
        struct kv_request *request = &ahead->request[ahead->count];
        struct kv_arg *argv = kv_parser_argv(parser);
        *request = (struct kv_request){
            .command =
                kv_command_lookup(&session->site->config->commands, argv[0].at, argv[0].bytes),
            .argv = argv,
            .argc = parser->argc,
        };
        ahead->first[ahead->count++] = parser->first;
        if (request->command != NULL)
            look_at_keys(session, ahead, request);
    }
    for (uint32_t i = 0; i < ahead->keys; i++)
        if (kv_shard_of(ahead->hashes[i], session->site->config->shards) == session->site->self)
            kv_table_fetch_entry(&session->site->shard->store.table,
                                 (uint32_t) ahead->hashes[i]);
    return result;
}

static void
run_ahead(struct kv_session *session, struct ahead *ahead)
{
    for (uint32_t i = 0; i < ahead->count && !session->closing; i++) {
        ahead->request[i].argv = session->parser.args + ahead->first[i];
        run_command(session, &ahead->request[i]);
        if (is_full(session))
            relieve(session);
    }
    kv_parser_release(&session->parser);
}

void
kv_session_run(struct kv_session *session)
{
    enum kv_parse result = KV_PARSE_COMMAND;
    struct ahead ahead;

    session->now = session->site->ops->now(session->site->world);
    while (result == KV_PARSE_COMMAND && !session->closing) {
        result = look_ahead(session, &ahead);
        run_ahead(session, &ahead);
    }
    if (kv_session_settle(session) && result == KV_PARSE_ERROR && !session->closing) {
        kv_reply_error(&session->out, session->parser.error);
        session->closing = true;
    }
    if (session->out.failed)
        kv_session_fail(session);
}
