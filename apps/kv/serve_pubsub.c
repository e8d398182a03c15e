/*
 * serve_pubsub.c - SUBSCRIBE and its kin, PUBLISH.
 * Tests: tests/kv/test_session.c
 */
#include "session.h"

#include <errno.h>

static struct kv_slice
text_of(const struct kv_arg *arg)
{
    return (struct kv_slice){arg->at, arg->bytes};
}

static bool
is_about_patterns(const struct kv_request *request)
{
    return request->command->name[0] == 'p';
}

/* "subscribe", the name (or null), and to how many the client listens now. */
static void
confirm(struct kv_session *session, struct kv_request *request, const struct kv_slice *name)
{
    kv_reply_push(request->out, session->resp, 3);
    kv_reply_text(request->out, request->command->name);
    if (name != NULL)
        kv_reply_bulk(request->out, name->at, name->bytes);
    else
        kv_reply_null(request->out, session->resp);
    kv_reply_integer(request->out, (int64_t) kv_session_subscriptions(session));
}

static uint64_t
hash_of(const struct kv_session *session, struct kv_slice name)
{
    return kv_hash(&session->site->config->seed, name.at, name.bytes);
}

static bool
listen_to(struct kv_session *session, enum kv_audience kind, struct kv_slice name)
{
    struct kv_site *site = session->site;
    struct kv_names *names = kind == KV_PATTERNS ? &session->patterns : &session->channels;
    uint64_t hash = hash_of(session, name);

    if (kv_names_find(names, name, hash) != NULL)
        return true;
    struct kv_name *added = kv_names_add(names, name, hash);
    if (added == NULL)
        return false;
    if (site->ops->listen(site->world, session, kind, name) >= 0)
        return true;
    kv_names_remove(names, added);
    return false;
}

/* SUBSCRIBE, PSUBSCRIBE. */
void
kv_serve_subscribe(struct kv_session *session, struct kv_request *request)
{
    enum kv_audience kind = is_about_patterns(request) ? KV_PATTERNS : KV_CHANNELS;

    for (uint32_t i = 1; i < request->argc; i++) {
        struct kv_slice name = text_of(&request->argv[i]);
        if (!listen_to(session, kind, name)) {
            kv_session_fail(session);
            return;
        }
        confirm(session, request, &name);
    }
}

/* Stops listening to a name that is on the list, and takes it off. */
static bool
unlisten(struct kv_session *session, enum kv_audience kind, struct kv_name *name)
{
    struct kv_site *site = session->site;
    struct kv_slice text = {name->at, name->bytes};
    int result = site->ops->unlisten(site->world, session, kind, text);
    kv_names_remove(kind == KV_PATTERNS ? &session->patterns : &session->channels, name);
    return result >= 0;
}

static void
unsubscribe_all(struct kv_session *session, struct kv_request *request, enum kv_audience kind)
{
    struct kv_names *names = kind == KV_PATTERNS ? &session->patterns : &session->channels;

    if (names->count == 0)
        confirm(session, request, NULL);
    while (names->count > 0 && !session->closing) {
        /* The name is gone when it is written, so it is copied first. */
        struct kv_buffer copy = {0};
        kv_buffer_append(&copy, names->first->at, names->first->bytes);
        struct kv_slice text = {copy.at, copy.used};
        if (!unlisten(session, kind, names->first) || copy.failed)
            kv_session_fail(session);
        else
            confirm(session, request, &text);
        kv_buffer_free(&copy);
    }
}

/* UNSUBSCRIBE, PUNSUBSCRIBE. */
void
kv_serve_unsubscribe(struct kv_session *session, struct kv_request *request)
{
    enum kv_audience kind = is_about_patterns(request) ? KV_PATTERNS : KV_CHANNELS;
    struct kv_names *names = kind == KV_PATTERNS ? &session->patterns : &session->channels;

    if (request->argc == 1)
        unsubscribe_all(session, request, kind);
    for (uint32_t i = 1; i < request->argc; i++) {
        struct kv_slice text = text_of(&request->argv[i]);
        struct kv_name *name = kv_names_find(names, text, hash_of(session, text));
        if (name != NULL && !unlisten(session, kind, name)) {
            kv_session_fail(session);
            return;
        }
        confirm(session, request, &text);
    }
}

bool
kv_session_unlisten_all(struct kv_session *session)
{
    bool done = true;
    while (session->channels.count > 0)
        done = unlisten(session, KV_CHANNELS, session->channels.first) && done;
    while (session->patterns.count > 0)
        done = unlisten(session, KV_PATTERNS, session->patterns.first) && done;
    return done;
}

void
kv_serve_publish(struct kv_session *session, struct kv_request *request)
{
    struct kv_site *site = session->site;
    int64_t receivers = 0;
    int result = site->ops->publish(site->world, session, text_of(&request->argv[1]),
                                    text_of(&request->argv[2]), &receivers);
    if (result == -EMSGSIZE)
        kv_reply_error(request->out, "ERR message is too long to be published");
    else if (result < 0)
        kv_reply_error(request->out, "ERR message could not be published");
    else
        kv_reply_integer(request->out, receivers);
}

static void
describe(struct kv_session *session, struct kv_request *request)
{
    struct kv_site *site = session->site;
    if (site->ops->describe(site->world, session, request) < 0)
        kv_session_fail(session);
}

void
kv_serve_pubsub(struct kv_session *session, struct kv_request *request)
{
    static const struct kv_subcommand subcommands[] = {{"channels", describe, -2},
                                                       {"numsub", describe, -2},
                                                       {"numpat", describe, 2},
                                                       {NULL, NULL, 0}};
    kv_serve_subcommand(session, request, subcommands);
}
