/*
 * serve.c - commands that are about the connection: PING, HELLO, SELECT, CLIENT and so on.
 * Tests: tests/kv/test_session.c
 */
#include "session.h"

#include <stdio.h>

#define ERR_NAME "ERR Client names cannot contain spaces, newlines or special characters."
#define ERR_NO_PASSWORD                                                                     \
    "ERR AUTH <password> called without any password configured for the default user. Are " \
    "you sure your configuration is correct?"
#define ERR_WRONG_PASSWORD "WRONGPASS invalid username-password pair or user is disabled."

void
kv_serve_ping(struct kv_session *session, struct kv_request *request)
{
    struct kv_buffer *out = request->out;

    if (request->argc > 2) {
        kv_reply_error(out, "ERR wrong number of arguments for 'ping' command");
    } else if (session->resp == 2 && kv_session_subscriptions(session) > 0) {
        kv_reply_array(out, 2);
        kv_reply_text(out, "pong");
        if (request->argc == 2)
            kv_reply_bulk(out, request->argv[1].at, request->argv[1].bytes);
        else
            kv_reply_text(out, "");
    } else if (request->argc == 2) {
        kv_reply_bulk(out, request->argv[1].at, request->argv[1].bytes);
    } else {
        KV_REPLY_LITERAL(out, "+PONG\r\n");
    }
}

void
kv_serve_echo(struct kv_session *session, struct kv_request *request)
{
    (void) session;
    kv_reply_bulk(request->out, request->argv[1].at, request->argv[1].bytes);
}

void
kv_serve_quit(struct kv_session *session, struct kv_request *request)
{
    kv_reply_ok(request->out);
    session->closing = true;
}

void
kv_serve_select(struct kv_session *session, struct kv_request *request)
{
    int64_t number;

    (void) session;
    if (!kv_integer_read(&number, request->argv[1].at, request->argv[1].bytes))
        kv_reply_error(request->out, KV_ERR_NOT_INTEGER);
    else if (number > INT32_MAX || number < INT32_MIN)
        kv_reply_error(request->out, "ERR value is out of range, value must between "
                                     "-2147483648 and 2147483647");
    else if (number != 0)
        kv_reply_error(request->out, "ERR DB index is out of range");
    else
        kv_reply_ok(request->out);
}

void
kv_serve_time(struct kv_session *session, struct kv_request *request)
{
    char text[KV_INTEGER_TEXT_MAX];

    kv_reply_array(request->out, 2);
    kv_reply_bulk(request->out, text, kv_integer_write(text, session->now / 1000));
    kv_reply_bulk(request->out, text, kv_integer_write(text, session->now % 1000 * 1000));
}

/* There is one user, "default", who needs no password. */
static bool
is_known_user(const struct kv_arg *name)
{
    return name->bytes == 7 && memcmp(name->at, "default", 7) == 0;
}

void
kv_serve_auth(struct kv_session *session, struct kv_request *request)
{
    (void) session;
    if (request->argc > 3)
        kv_reply_error(request->out, KV_ERR_SYNTAX);
    else if (request->argc == 2)
        kv_reply_error(request->out, ERR_NO_PASSWORD);
    else if (!is_known_user(&request->argv[1]))
        kv_reply_error(request->out, ERR_WRONG_PASSWORD);
    else
        kv_reply_ok(request->out);
}

/* Sets the connection's name; replies and returns false when it will not do. */
static bool
set_name(struct kv_session *session, struct kv_request *request, const struct kv_arg *name)
{
    for (size_t i = 0; i < name->bytes; i++) {
        if (name->at[i] < '!' || name->at[i] > '~') {
            kv_reply_error(request->out, ERR_NAME);
            return false;
        }
    }
    if (name->bytes >= sizeof session->name) {
        kv_reply_error(request->out, "ERR Client names cannot be longer than 127 bytes.");
        return false;
    }
    memcpy(session->name, name->at, name->bytes);
    session->name[name->bytes] = '\0';
    return true;
}

/* The options behind the version; replies and returns false on a mistake. */
static bool
read_hello(struct kv_session *session, struct kv_request *request)
{
    for (uint32_t i = 2; i < request->argc; i++) {
        const struct kv_arg *word = &request->argv[i];
        uint32_t more = request->argc - 1 - i;
        if (kv_arg_is(word, "auth") && more >= 2) {
            if (!is_known_user(&request->argv[i + 1])) {
                kv_reply_error(request->out, ERR_WRONG_PASSWORD);
                return false;
            }
            i += 2;
        } else if (kv_arg_is(word, "setname") && more >= 1) {
            if (!set_name(session, request, &request->argv[++i]))
                return false;
        } else {
            kv_reply_errorf(request->out, "ERR Syntax error in HELLO option '%.*s'",
                            (int) word->bytes, word->at);
            return false;
        }
    }
    return true;
}

void
kv_serve_hello(struct kv_session *session, struct kv_request *request)
{
    struct kv_buffer *out = request->out;
    int64_t version = session->resp;

    if (request->argc >= 2) {
        if (!kv_integer_read(&version, request->argv[1].at, request->argv[1].bytes)) {
            kv_reply_error(out, "ERR Protocol version is not an integer or out of range");
            return;
        }
        if (version < 2 || version > 3) {
            kv_reply_error(out, "NOPROTO unsupported protocol version");
            return;
        }
    }
    if (!read_hello(session, request))
        return;
    session->resp = (int) version;
    kv_reply_map(out, session->resp, 7);
    kv_reply_text(out, "server");
    kv_reply_text(out, "redis");
    kv_reply_text(out, "version");
    kv_reply_text(out, KV_VERSION);
    kv_reply_text(out, "proto");
    kv_reply_integer(out, session->resp);
    kv_reply_text(out, "id");
    kv_reply_integer(out, (int64_t) session->id);
    kv_reply_text(out, "mode");
    kv_reply_text(out, "standalone");
    kv_reply_text(out, "role");
    kv_reply_text(out, "master");
    kv_reply_text(out, "modules");
    kv_reply_array(out, 0);
}

static void
client_info(struct kv_session *session, struct kv_request *request)
{
    char text[512];
    int bytes =
        snprintf(text, sizeof text, "id=%llu addr=%s name=%s db=0 sub=%zu psub=%zu resp=%d\n",
                 (unsigned long long) session->id, session->peer, session->name,
                 session->channels.count, session->patterns.count, session->resp);
    kv_reply_verbatim(request->out, session->resp, text, (size_t) bytes);
}

static void
client_get_name(struct kv_session *session, struct kv_request *request)
{
    if (session->name[0] == '\0')
        kv_reply_null(request->out, session->resp);
    else
        kv_reply_text(request->out, session->name);
}

static void
client_set_name(struct kv_session *session, struct kv_request *request)
{
    if (set_name(session, request, &request->argv[2]))
        kv_reply_ok(request->out);
}

/* What libraries say about themselves is accepted and forgotten. */
static void
client_set_info(struct kv_session *session, struct kv_request *request)
{
    const struct kv_arg *word = &request->argv[2];

    (void) session;
    if (kv_arg_is(word, "lib-name") || kv_arg_is(word, "lib-ver"))
        kv_reply_ok(request->out);
    else
        kv_reply_errorf(request->out, "ERR Unrecognized option '%.*s'", (int) word->bytes,
                        word->at);
}

static void
client_id(struct kv_session *session, struct kv_request *request)
{
    kv_reply_integer(request->out, (int64_t) session->id);
}

void
kv_serve_client(struct kv_session *session, struct kv_request *request)
{
    static const struct kv_subcommand subcommands[] = {
        {"getname", client_get_name, 2}, {"id", client_id, 2},
        {"info", client_info, 2},        {"setinfo", client_set_info, 4},
        {"setname", client_set_name, 3}, {NULL, NULL, 0},
    };
    kv_serve_subcommand(session, request, subcommands);
}

void
kv_serve_subcommand(struct kv_session *session, struct kv_request *request,
                    const struct kv_subcommand *subcommands)
{
    const struct kv_arg *word = &request->argv[1];
    const struct kv_subcommand *sub = subcommands;

    while (sub->name != NULL && !kv_arg_is(word, sub->name))
        sub++;
    int64_t arity = sub->arity;
    if (sub->name == NULL) {
        char name[16] = "";
        for (size_t i = 0; request->command->name[i] != '\0'; i++)
            name[i] = (char) (request->command->name[i] - 'a' + 'A');
        kv_reply_errorf(request->out, "ERR unknown subcommand '%.*s'. Try %s HELP.",
                        (int) (word->bytes < 128 ? word->bytes : 128), word->at, name);
    } else if (arity >= 0 ? request->argc != arity : request->argc < -arity) {
        kv_reply_errorf(request->out, "ERR wrong number of arguments for '%s|%s' command",
                        request->command->name, sub->name);
    } else {
        sub->serve(session, request);
    }
}

/* RESET: as if the connection had just been made. */
void
kv_serve_reset(struct kv_session *session, struct kv_request *request)
{
    if (!kv_session_unlisten_all(session)) {
        kv_session_fail(session);
        return;
    }
    session->resp = 2;
    session->name[0] = '\0';
    kv_reply_status(request->out, "RESET");
}
