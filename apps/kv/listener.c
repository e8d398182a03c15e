/*
 * listener.c - the task that gets what a client has subscribed to.
 * Tests: tests/kv/test_server.py
 */
#include "connection.h"

#include <cycos/log.h>
#include <cycos/mailbox.h>

/* Does the client still listen to this? It may have stopped while the message was waiting. */
static bool
is_wanted(const struct kv_session *session, const struct kv_published *published)
{
    const struct kv_names *names =
        published->by_pattern ? &session->patterns : &session->channels;
    struct kv_slice name = published->by_pattern ? published->pattern : published->channel;
    uint64_t hash = kv_hash(&session->site->config->seed, name.at, name.bytes);
    return kv_names_find(names, name, hash) != NULL;
}

static void
push(struct kv_connection *connection, const cy_msg *msg)
{
    struct kv_session *session = &connection->session;
    struct kv_buffer *out = &session->out;
    struct kv_published published;

    kv_published_read(&published, msg);
    if (!is_wanted(session, &published))
        return;
    kv_reply_push(out, session->resp, published.by_pattern ? 4 : 3);
    kv_reply_text(out, published.by_pattern ? "pmessage" : "message");
    if (published.by_pattern)
        kv_reply_bulk(out, published.pattern.at, published.pattern.bytes);
    kv_reply_bulk(out, published.channel.at, published.channel.bytes);
    kv_reply_bulk(out, published.text.at, published.text.bytes);
}

/* Nobody waits for a listener that lags: the publishers would have to. */
static bool
keeps_up(struct kv_connection *connection)
{
    size_t limit = connection->core->server->flags.output_limit;
    size_t pending = kv_connection_pending(connection);

    if (pending <= limit && !connection->session.out.failed)
        return true;
    cy_log_write(CY_LOG_WARN, "kv.client.slow", "peer=%s pending=%zu limit=%zu",
                 connection->session.peer, pending, limit);
    return false;
}

/* Nothing is pushed before the subscription has been confirmed. */
static int
next_message(struct kv_connection *connection, cy_msg **msg)
{
    int result = cy_receive(msg, CY_FOREVER);
    if (result < 0)
        return result;
    result = cy_event_wait(&connection->confirmed, CY_FOREVER);
    if (result < 0)
        cy_msg_free(msg);
    return result;
}

static int
hear(void *arg)
{
    struct kv_connection *connection = arg;
    cy_msg *msg;

    while (!connection->broken && next_message(connection, &msg) == 0) {
        if (cy_msg_tag(msg) == KV_TAG_MESSAGE && kv_core_sent(connection->core, msg) &&
            !connection->broken)
            push(connection, msg);
        cy_msg_free(&msg);
        if (cy_mailbox_count() == 0 || connection->session.out.used >= KV_OUT_STEP)
            kv_connection_flush(connection);
        if (!keeps_up(connection))
            kv_connection_break(connection);
    }
    connection->listener = CY_NOBODY;
    kv_connection_release(connection);
    return 0;
}

int
kv_connection_need_listener(struct kv_connection *connection)
{
    static const struct cy_task_options options = {.name = "kv-listener"};

    if (!cy_ref_is_nobody(connection->listener))
        return 0;
    connection->users++;
    int result = cy_task_spawn(&connection->listener, hear, connection, &options);
    if (result < 0)
        connection->users--;
    return result;
}
