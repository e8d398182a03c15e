/* flags.c - what the server can be told on the command line, in the environment, in a file. */
#include "flags.h"

#include <cycos/address.h>
#include <inttypes.h>
#include <stdio.h>

#define BIND_MAX 16
#define HOUR     (3600 * CY_SECOND)

static const char *const bind_default[] = {"127.0.0.1"};

static int
check_address(char *why, size_t size, const char *text)
{
    cy_address address;
    if (cy_address_parse(&address, text, 0) == 0)
        return 0;
    snprintf(why, size, "a numeric address");
    return -EINVAL;
}

/* As Redis has it, a bare number means seconds; else it is a duration. */
static int
read_timeout(cy_time *out, const char *text)
{
    int64_t seconds;
    if (!kv_integer_read(&seconds, text, strlen(text)))
        return cy_duration_parse(out, text);
    if (seconds < 0 || seconds >= CY_FOREVER / CY_SECOND)
        return -ERANGE;
    *out = seconds * CY_SECOND;
    return 0;
}

static int
check_timeout(char *why, size_t size, const char *text)
{
    cy_time ignored;
    if (read_timeout(&ignored, text) == 0)
        return 0;
    snprintf(why, size, "seconds, or a duration such as 500ms");
    return -EINVAL;
}

#define FIELD(name) offsetof(struct kv_flags, name)

static const struct cy_option options[] = {
    {"port", CY_OPTION_NUMBER, FIELD(port), 0, UINT16_MAX, "PORT",
     "serve clients on this port; 0: a free one, which is printed", NULL},
    {"bind", CY_OPTION_LIST, FIELD(bind), 1, BIND_MAX, "ADDRESS",
     "serve on these addresses; 0.0.0.0 or :: for all", check_address},
    {"maxmemory", CY_OPTION_SIZE, FIELD(maxmemory), 0, INT64_MAX, "SIZE",
     "refuse to store more keys and values than this; 0: no limit", NULL},
    {"maxclients", CY_OPTION_NUMBER, FIELD(maxclients), 1, UINT32_MAX, "NUMBER",
     "refuse more connections than this", NULL},
    {"timeout", CY_OPTION_STRING, FIELD(timeout_text), 1, 32, "SECONDS",
     "close a client that says nothing for so long; 0: never", check_timeout},
    {"output-limit", CY_OPTION_SIZE, FIELD(output_limit), 1 << 20, INT64_MAX, "SIZE",
     "output that may wait for a client; beyond it a listener is closed", NULL},
    {"output-timeout", CY_OPTION_DURATION, FIELD(output_timeout), CY_MILLISECOND,
     CY_FOREVER - 1, "DURATION",
     "close a client beyond the output limit that takes nothing for so long", NULL},
    {"cluster-size", CY_OPTION_NUMBER, FIELD(cluster_size), 1, KV_INSTANCES_MAX, "NUMBER",
     "share the keys among so many instances, which find each other", NULL},
    {"cluster-index", CY_OPTION_NUMBER, FIELD(cluster_index), 0, KV_INSTANCES_MAX - 1, "NUMBER",
     "which of them this is, from 0 on", NULL},
    {"cluster-name", CY_OPTION_STRING, FIELD(cluster_name), 1, KV_CLUSTER_NAME_MAX, "NAME",
     "tells clusters of one network apart", NULL},
    {"cluster-timeout", CY_OPTION_DURATION, FIELD(cluster_timeout), CY_MILLISECOND, HOUR,
     "DURATION", "answer with an error when another instance says nothing for so long", NULL},
};

void
kv_flags_init(struct kv_flags *flags, struct cy_option_set *set)
{
    *flags = (struct kv_flags){
        .bind = {bind_default, 1},
        .port = 6379,
        .maxclients = 10000,
        .output_limit = (uint64_t) 256 << 20,
        .output_timeout = 10 * CY_SECOND,
        .cluster_name = "kv",
        .cluster_size = 1,
        .cluster_timeout = 5 * CY_SECOND,
    };
    *set = (struct cy_option_set){
        .section = "kv",
        .options = options,
        .count = sizeof options / sizeof options[0],
        .target = flags,
    };
}

const char *
kv_flags_finish(struct kv_flags *flags)
{
    if (flags->timeout_text != NULL)
        (void) read_timeout(&flags->timeout, flags->timeout_text); /* has been checked */
    if (flags->cluster_index >= flags->cluster_size)
        return "cluster-index: expected less than cluster-size";
    return NULL;
}

static void
describe_number(struct kv_setting_text *line, const char *name, uint64_t value)
{
    line->name = name;
    snprintf(line->text, sizeof line->text, "%" PRIu64, value);
}

static void
describe_text(struct kv_setting_text *line, const char *name, const char *text)
{
    line->name = name;
    snprintf(line->text, sizeof line->text, "%s", text);
}

void
kv_flags_describe(const struct kv_flags *flags, uint16_t port,
                  struct kv_setting_text out[KV_CONFIG_COUNT])
{
    describe_number(&out[0], "port", port);
    describe_text(&out[1], "bind", flags->bind.items[0]);
    describe_number(&out[2], "maxmemory", flags->maxmemory);
    describe_text(&out[3], "maxmemory-policy", "noeviction");
    describe_number(&out[4], "maxclients", flags->maxclients);
    describe_number(&out[5], "timeout", (uint64_t) (flags->timeout / CY_SECOND));
    describe_number(&out[6], "databases", 1);
    describe_text(&out[7], "save", "");
    describe_text(&out[8], "appendonly", "no");
    describe_number(&out[9], "proto-max-bulk-len", KV_BULK_MAX);
    describe_number(&out[10], "client-query-buffer-limit", KV_REQUEST_MAX);
    describe_text(&out[11], "tcp-keepalive", "0");
}
