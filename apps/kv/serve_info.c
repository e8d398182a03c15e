/*
 * serve_info.c - what the server says about itself: COMMAND, CONFIG, INFO.
 * Tests: tests/kv/test_session.c
 */
#include "session.h"

#include "glob.h"
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

static uint32_t
public_count(void)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < kv_command_count; i++)
        count += (kv_commands[i].flags & KV_INTERNAL) == 0;
    return count;
}

static void
reply_flags(struct kv_request *request, int resp, unsigned flags)
{
    static const struct {
        unsigned flag;
        const char *word;
    } words[] = {{KV_WRITE, "write"}, {KV_READ, "readonly"}, {KV_DENY_OOM, "denyoom"},
                 {KV_FAST, "fast"},   {KV_ADMIN, "admin"},   {KV_PUBSUB, "pubsub"}};
    size_t count = 0;

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        count += (flags & words[i].flag) != 0;
    kv_reply_set(request->out, resp, count);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if ((flags & words[i].flag) != 0)
            kv_reply_status(request->out, words[i].word);
}

/* As in Redis 7, the lists of categories, tips, key specifications, subcommands being empty. */
static void
reply_command(struct kv_session *session, struct kv_request *request,
              const struct kv_command *command)
{
    kv_reply_array(request->out, 10);
    kv_reply_text(request->out, command->name);
    kv_reply_integer(request->out, command->arity);
    reply_flags(request, session->resp, command->flags);
    kv_reply_integer(request->out, command->first_key);
    kv_reply_integer(request->out, command->last_key);
    kv_reply_integer(request->out, command->key_step);
    kv_reply_set(request->out, session->resp, 0);
    kv_reply_array(request->out, 0);
    kv_reply_array(request->out, 0);
    kv_reply_array(request->out, 0);
}

static void
reply_docs(struct kv_session *session, struct kv_request *request,
           const struct kv_command *command)
{
    kv_reply_text(request->out, command->name);
    kv_reply_map(request->out, session->resp, 3);
    kv_reply_text(request->out, "summary");
    kv_reply_text(request->out, command->summary);
    kv_reply_text(request->out, "since");
    kv_reply_text(request->out, "0.1.0");
    kv_reply_text(request->out, "group");
    kv_reply_text(request->out, command->scope != KV_ON_CONNECTION  ? "generic"
                                : (command->flags & KV_PUBSUB) != 0 ? "pubsub"
                                                                    : "connection");
}

typedef void describe_fn(struct kv_session *session, struct kv_request *request,
                         const struct kv_command *command);

static void
describe_all(struct kv_session *session, struct kv_request *request, describe_fn *describe)
{
    for (uint32_t i = 0; i < kv_command_count; i++)
        if ((kv_commands[i].flags & KV_INTERNAL) == 0)
            describe(session, request, &kv_commands[i]);
}

static const struct kv_command *
named_in(struct kv_session *session, const struct kv_arg *arg)
{
    return kv_command_lookup(&session->site->config->commands, arg->at, arg->bytes);
}

static void
command_info(struct kv_session *session, struct kv_request *request)
{
    if (request->argc <= 2) {
        kv_reply_array(request->out, public_count());
        describe_all(session, request, reply_command);
        return;
    }
    kv_reply_array(request->out, request->argc - 2);
    for (uint32_t i = 2; i < request->argc; i++) {
        const struct kv_command *command = named_in(session, &request->argv[i]);
        if (command != NULL)
            reply_command(session, request, command);
        else if (session->resp == 2)
            KV_REPLY_LITERAL(request->out, "*-1\r\n");
        else
            kv_reply_null(request->out, session->resp);
    }
}

static void
command_docs(struct kv_session *session, struct kv_request *request)
{
    if (request->argc == 2) {
        kv_reply_map(request->out, session->resp, public_count());
        describe_all(session, request, reply_docs);
        return;
    }
    size_t known = 0;
    for (uint32_t i = 2; i < request->argc; i++)
        known += named_in(session, &request->argv[i]) != NULL;
    kv_reply_map(request->out, session->resp, known);
    for (uint32_t i = 2; i < request->argc; i++) {
        const struct kv_command *command = named_in(session, &request->argv[i]);
        if (command != NULL)
            reply_docs(session, request, command);
    }
}

static void
command_count(struct kv_session *session, struct kv_request *request)
{
    (void) session;
    kv_reply_integer(request->out, public_count());
}

static void
reply_name(struct kv_session *session, struct kv_request *request,
           const struct kv_command *command)
{
    (void) session;
    kv_reply_text(request->out, command->name);
}

static void
command_list(struct kv_session *session, struct kv_request *request)
{
    kv_reply_array(request->out, public_count());
    describe_all(session, request, reply_name);
}

void
kv_serve_command(struct kv_session *session, struct kv_request *request)
{
    static const struct kv_subcommand subcommands[] = {{"count", command_count, 2},
                                                       {"docs", command_docs, -2},
                                                       {"info", command_info, -2},
                                                       {"list", command_list, 2},
                                                       {NULL, NULL, 0}};
    if (request->argc == 1)
        command_info(session, request);
    else
        kv_serve_subcommand(session, request, subcommands);
}

/* Is the name of a setting asked for by one of the patterns? */
static bool
is_asked_for(const struct kv_request *request, const char *name)
{
    for (uint32_t i = 2; i < request->argc; i++) {
        const struct kv_arg *pattern = &request->argv[i];
        if (kv_arg_is(pattern, name) ||
            kv_glob_match(pattern->at, pattern->bytes, name, strlen(name)))
            return true;
    }
    return false;
}

static void
config_get(struct kv_session *session, struct kv_request *request)
{
    const struct kv_config *config = session->site->config;
    size_t count = 0;

    for (uint32_t i = 0; i < config->setting_count; i++)
        count += is_asked_for(request, config->settings[i].name);
    kv_reply_map(request->out, session->resp, count);
    for (uint32_t i = 0; i < config->setting_count; i++) {
        if (!is_asked_for(request, config->settings[i].name))
            continue;
        kv_reply_text(request->out, config->settings[i].name);
        kv_reply_text(request->out, config->settings[i].text);
    }
}

static void
config_set(struct kv_session *session, struct kv_request *request)
{
    (void) session;
    kv_reply_error(request->out, "ERR CONFIG SET is not supported: options are given at start");
}

void
kv_serve_config(struct kv_session *session, struct kv_request *request)
{
    static const struct kv_subcommand subcommands[] = {
        {"get", config_get, -3}, {"set", config_set, -4}, {NULL, NULL, 0}};
    kv_serve_subcommand(session, request, subcommands);
}

/* Adds up what the shards say, but for those that are out of reach. */
static bool
gather(struct kv_session *session, struct kv_statistics *sum)
{
    struct kv_arg name = {"statistics", 10, NULL};
    struct kv_request request = {
        .command = kv_command_named("statistics"), .argv = &name, .argc = 1};
    int64_t *total = (int64_t *) sum;

    memset(sum, 0, sizeof *sum);
    for (uint16_t shard = 0; shard < session->site->config->shards; shard++) {
        struct kv_slice reply;
        int64_t part[KV_STATISTICS_COUNT];
        if (!kv_session_ask(session, shard, &request, &reply))
            return false;
        if (reply.at[0] != '$' || reply.bytes < sizeof part + 2)
            continue;
        memcpy(part, reply.at + reply.bytes - 2 - sizeof part, sizeof part);
        for (size_t i = 0; i < KV_STATISTICS_COUNT; i++)
            total[i] += part[i];
    }
    return true;
}

__attribute__((format(printf, 2, 3))) static void
line(struct kv_buffer *text, const char *format, ...)
{
    char buffer[256];
    va_list arguments;

    va_start(arguments, format);
    int bytes = vsnprintf(buffer, sizeof buffer, format, arguments);
    va_end(arguments);
    kv_buffer_append(text, buffer, (size_t) bytes);
    kv_buffer_append(text, "\r\n", 2);
}

static void
say_server(struct kv_session *session, const struct kv_statistics *sum, struct kv_buffer *text)
{
    const struct kv_config *config = session->site->config;
    struct utsname system;
    long long seconds = (session->now - config->started_ms) / 1000;

    (void) sum;
    line(text, "redis_version:%s", KV_VERSION);
    line(text, "redis_mode:standalone");
    if (uname(&system) == 0)
        line(text, "os:%.60s %.60s %.60s", system.sysname, system.release, system.machine);
    line(text, "arch_bits:64");
    line(text, "process_id:%ld", (long) getpid());
    line(text, "tcp_port:%u", config->port);
    line(text, "uptime_in_seconds:%lld", seconds);
    line(text, "uptime_in_days:%lld", seconds / 86400);
    line(text, "cycos_cores:%u", config->shards);
}

static void
say_clients(struct kv_session *session, const struct kv_statistics *sum, struct kv_buffer *text)
{
    (void) session;
    line(text, "connected_clients:%lld", (long long) sum->clients);
}

static void
say_memory(struct kv_session *session, const struct kv_statistics *sum, struct kv_buffer *text)
{
    const struct kv_config *config = session->site->config;
    struct rusage usage;

    line(text, "used_memory:%lld", (long long) sum->used);
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        line(text, "used_memory_peak_rss:%lld", (long long) usage.ru_maxrss * 1024);
    line(text, "maxmemory:%lld", (long long) config->maxmemory);
    line(text, "maxmemory_policy:noeviction");
}

static void
say_stats(struct kv_session *session, const struct kv_statistics *sum, struct kv_buffer *text)
{
    (void) session;
    line(text, "total_connections_received:%lld", (long long) sum->accepted);
    line(text, "total_commands_processed:%lld", (long long) sum->commands);
    line(text, "total_net_input_bytes:%lld", (long long) sum->bytes_in);
    line(text, "total_net_output_bytes:%lld", (long long) sum->bytes_out);
    line(text, "rejected_connections:%lld", (long long) sum->refused);
    line(text, "expired_keys:%lld", (long long) sum->expired);
    line(text, "keyspace_hits:%lld", (long long) sum->hits);
    line(text, "keyspace_misses:%lld", (long long) sum->misses);
    line(text, "cycos_parcels:%lld", (long long) sum->parcels);
    line(text, "cycos_parcel_timeouts:%lld", (long long) sum->timeouts);
}

static void
say_replication(struct kv_session *session, const struct kv_statistics *sum,
                struct kv_buffer *text)
{
    (void) session;
    (void) sum;
    line(text, "role:master");
    line(text, "connected_slaves:0");
}

static void
say_keyspace(struct kv_session *session, const struct kv_statistics *sum,
             struct kv_buffer *text)
{
    (void) session;
    if (sum->keys > 0)
        line(text, "db0:keys=%lld,expires=%lld,avg_ttl=0", (long long) sum->keys,
             (long long) sum->expires);
}

/* Is a section asked for by name, or by none, "all", "default" or "everything"? */
static bool
is_section_asked_for(const struct kv_request *request, const char *lower_case_name)
{
    static const char *const all[] = {"all", "default", "everything"};
    for (uint32_t i = 1; i < request->argc; i++) {
        if (kv_arg_is(&request->argv[i], lower_case_name))
            return true;
        for (size_t j = 0; j < 3; j++)
            if (kv_arg_is(&request->argv[i], all[j]))
                return true;
    }
    return request->argc == 1;
}

void
kv_serve_info(struct kv_session *session, struct kv_request *request)
{
    static const struct {
        const char *name, *title;
        void (*say)(struct kv_session *, const struct kv_statistics *, struct kv_buffer *);
    } sections[] = {
        {"server", "Server", say_server},
        {"clients", "Clients", say_clients},
        {"memory", "Memory", say_memory},
        {"stats", "Stats", say_stats},
        {"replication", "Replication", say_replication},
        {"keyspace", "Keyspace", say_keyspace},
    };
    struct kv_statistics sum;
    struct kv_buffer text = {0};

    if (!gather(session, &sum))
        return;
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        if (!is_section_asked_for(request, sections[i].name))
            continue;
        if (text.used > 0)
            kv_buffer_append(&text, "\r\n", 2);
        line(&text, "# %s", sections[i].title);
        sections[i].say(session, &sum, &text);
    }
    kv_reply_verbatim(request->out, session->resp, text.at, text.used);
    request->out->failed |= text.failed;
    kv_buffer_free(&text);
}
