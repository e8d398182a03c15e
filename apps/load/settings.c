/* settings.c - everything that a run is told. */
#include "settings.h"
#include "frame.h"
#include "resp.h"
#include "units.h"

#include <ctype.h>
#include <cycos/registry.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEYS_MAX  1e9
#define VALUE_MAX ((uint64_t) 64 << 20)

#define WARMUP_NS       INT64_C(1000000000)
#define WARMUP_TRIAL_NS INT64_C(500000000)

struct maker {
    struct load_settings *out;
    const struct load_flags *flags;
    char *error;
    size_t size;
};

static __attribute__((format(printf, 2, 3))) int
refuse(struct maker *m, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    vsnprintf(m->error, m->size, format, ap);
    va_end(ap);
    return -EINVAL;
}

static int
parse_port(const char *text, uint16_t *out)
{
    char *end;
    if (!isdigit((unsigned char) *text))
        return -EINVAL;
    unsigned long port = strtoul(text, &end, 10);
    if (*end != '\0' || port > 65535)
        return -EINVAL;
    *out = (uint16_t) port;
    return 0;
}

bool
load_target_named(const struct load_target *target)
{
    return target->protocol == LOAD_TASK || target->protocol == LOAD_CHANNEL;
}

const char *
load_verb_name(enum load_verb verb)
{
    return verb == LOAD_VERB_SEND ? "send" : verb == LOAD_VERB_DELIVER ? "deliver" : "call";
}

static int
parse_name(struct load_target *out, enum load_protocol protocol, const char *name)
{
    size_t length = strlen(name);
    if (length == 0 || length > CY_NAME_MAX)
        return -EINVAL;
    *out = (struct load_target){.protocol = protocol};
    memcpy(out->host, name, length + 1);
    return 0;
}

int
load_target_parse(struct load_target *out, const char *text)
{
    if (strncmp(text, "task://", 7) == 0)
        return parse_name(out, LOAD_TASK, text + 7);
    if (strncmp(text, "channel://", 10) == 0)
        return parse_name(out, LOAD_CHANNEL, text + 10);
    struct load_target target = {.protocol = LOAD_KV, .port = 6379};
    if (strncmp(text, "tcp://", 6) == 0) {
        target.protocol = LOAD_TCP;
        target.port = 0;
    } else if (strncmp(text, "kv://", 5) != 0) {
        return -EINVAL;
    }
    const char *host = strstr(text, "://") + 3;
    const char *end = host + strcspn(host, ":/");
    if (*host == '[') {
        host++;
        end = host + strcspn(host, "]");
        if (*end != ']')
            return -EINVAL;
    }
    size_t length = (size_t) (end - host);
    if (length == 0 || length >= sizeof target.host)
        return -EINVAL;
    memcpy(target.host, host, length);
    end += *end == ']';
    if (*end == ':') {
        if (parse_port(end + 1, &target.port) != 0)
            return -EINVAL;
    } else if (*end != '\0' || target.protocol == LOAD_TCP) {
        return -EINVAL; /* there is no usual port for an echo server */
    }
    *out = target;
    return 0;
}

void
load_flags_init(struct load_flags *flags)
{
    *flags = (struct load_flags){
        .connections = 50,
        .pipeline = 1,
        .tag_every = 100,
        .subscribers = 1,
        .arrival = -1,
        .verb = -1,
        .fill = true,
        .books = true,
        .progress = true,
        .duration_ns = INT64_C(10000000000),
        .timeout_ns = INT64_C(5000000000),
        .late_ns = 1000000,
        .drop_after_ns = INT64_C(1000000000),
        .trial_ns = INT64_C(3000000000),
    };
}

static int
make_load(struct maker *m)
{
    const struct load_flags *flags = m->flags;
    struct load_settings *s = m->out;
    if (flags->warmup != NULL && load_parse_duration(flags->warmup, &s->warmup_ns) != 0)
        return refuse(m, "--warmup %s: a duration, such as 2s", flags->warmup);
    if (flags->rate != NULL) {
        if (load_parse_count(flags->rate, &s->rate) != 0 || s->rate <= 0)
            return refuse(m, "--rate %s: a number of requests per second, such as 50k",
                          flags->rate);
        s->open_loop = true;
        load_plan_constant(&s->plan, s->rate, s->warmup_ns + s->duration_ns);
    }
    if (flags->stages != NULL) {
        if (flags->rate != NULL || flags->find_max)
            return refuse(m, "--stages: not together with --rate or --find-max");
        int rc = load_plan_parse(&s->plan, flags->stages);
        if (rc == -E2BIG)
            return refuse(m, "--stages: more than %d stages", LOAD_STAGES_MAX);
        if (rc != 0)
            return refuse(m, "--stages %s: durations and rates, such as 10s:1k,30s:50k",
                          flags->stages);
        s->open_loop = true;
        if (flags->warmup == NULL)
            s->warmup_ns = 0;
        s->duration_ns = load_plan_duration(&s->plan) - s->warmup_ns;
        if (s->duration_ns <= 0)
            return refuse(m, "--warmup: longer than all --stages");
    }
    return 0;
}

static int
make_search(struct maker *m)
{
    const struct load_flags *flags = m->flags;
    const char *where;
    if (flags->find_max && flags->slo == NULL)
        return refuse(m, "--find-max: needs --slo, such as --slo 'p99<1ms'");
    if (!flags->find_max && flags->slo != NULL)
        return refuse(m, "--slo: only together with --find-max (perhaps --assert was meant)");
    if (flags->slo != NULL && load_predicates_parse(&m->out->slo, flags->slo, &where) != 0)
        return refuse(m, "--slo: '%s' is no condition such as p99<1ms", where);
    if (flags->assertion != NULL &&
        load_predicates_parse(&m->out->assertion, flags->assertion, &where) != 0)
        return refuse(m, "--assert: '%s' is no condition such as p99<5ms or errors==0", where);
    bool open = m->out->open_loop || flags->find_max;
    if (flags->arrival >= 0 && !open)
        return refuse(m, "--arrival: only with --rate, --stages or --find-max");
    if (flags->interval_ns > 0 && open)
        return refuse(m, "--expected-interval: only in a closed loop");
    m->out->poisson = flags->arrival == LOAD_ARRIVAL_POISSON;
    if (flags->find_max && flags->rate == NULL)
        m->out->rate = 1000;
    return 0;
}

static int
make_mix(struct maker *m)
{
    const char *text = m->flags->mix == NULL ? "90:10" : m->flags->mix;
    double reads, writes;
    const char *at = text;
    if (load_scan_count(&at, &reads) != 0 || *at++ != ':' ||
        load_parse_count(at, &writes) != 0 || reads + writes <= 0)
        return refuse(m, "--mix %s: reads and writes, such as 90:10", text);
    m->out->read_share = reads / (reads + writes);
    return 0;
}

static int
make_keys(struct maker *m)
{
    const struct load_flags *flags = m->flags;
    const char *distribution = flags->distribution == NULL ? "uniform" : flags->distribution;
    double keys = 100000;
    if (flags->keys != NULL && load_parse_count(flags->keys, &keys) != 0)
        return refuse(m, "--keys %s: a number, such as 100k", flags->keys);
    if (keys < 1 || keys > KEYS_MAX)
        return refuse(m, "--keys %s: from 1 to 1G", flags->keys);
    if (!flags->shared_keys && keys < flags->connections)
        return refuse(m, "--keys %.0f: at least one per connection (%u), or --shared-keys",
                      keys, flags->connections);
    m->out->keys = (uint32_t) keys;
    if (strcmp(distribution, "zipf") == 0)
        m->out->theta = LOAD_THETA_DEFAULT;
    else if (strncmp(distribution, "zipf:", 5) == 0) {
        if (load_theta_parse(&m->out->theta, distribution + 5) != 0)
            return refuse(m, "--distribution %s: theta lies above 0, up to 10", distribution);
    } else if (strcmp(distribution, "uniform") != 0)
        return refuse(m, "--distribution %s: uniform, zipf or zipf:THETA", distribution);
    if (flags->key_prefix != NULL && strlen(flags->key_prefix) > LOAD_KEY_PREFIX_MAX)
        return refuse(m, "--key-prefix: more than %d bytes", LOAD_KEY_PREFIX_MAX);
    return 0;
}

static int
make_sizes(struct maker *m)
{
    const char *text = m->flags->value_size == NULL ? "64" : m->flags->value_size;
    bool tcp = m->out->target.protocol == LOAD_TCP;
    size_t least = tcp ? LOAD_FRAME_MIN : LOAD_PROOF_BYTES;
    if (load_sizes_parse(&m->out->sizes, text) != 0)
        return refuse(m, "--value-size %s: 64, 16-1024 or zipf:16-1024", text);
    if (m->out->sizes.min_bytes < least)
        return refuse(m, "--value-size %s: at least %zu bytes, which prove whose reply it is",
                      text, least);
    if (m->out->sizes.max_bytes > VALUE_MAX)
        return refuse(m, "--value-size %s: at most 64 MB", text);
    return 0;
}

static int
make_seed(struct maker *m)
{
    const char *text = m->flags->seed == NULL ? "1" : m->flags->seed;
    char *end;
    errno = 0;
    m->out->seed = strtoull(text, &end, 0);
    if (!isdigit((unsigned char) *text) || *end != '\0' || errno != 0)
        return refuse(m, "--seed %s: a number of up to 64 bits", text);
    return 0;
}

/* The first option that was given and is of no use; NULL if there is none. */
static const char *
kv_only(const struct load_flags *flags)
{
    return flags->mix != NULL            ? "--mix"
           : flags->keys != NULL         ? "--keys"
           : flags->distribution != NULL ? "--distribution"
           : flags->key_prefix != NULL   ? "--key-prefix"
           : flags->shared_keys          ? "--shared-keys"
                                         : NULL;
}

static const char *
named_only(const struct load_flags *flags)
{
    return flags->verb >= 0 ? "--verb" : flags->subscribers != 1 ? "--subscribers" : NULL;
}

/* What can be proved best is what is done unless something else is asked for. */
static int
make_verb(struct maker *m)
{
    bool channel = m->out->target.protocol == LOAD_CHANNEL;
    int verb = m->flags->verb;
    m->out->verb = verb >= 0 ? (enum load_verb) verb
                   : channel ? LOAD_VERB_DELIVER
                             : LOAD_VERB_CALL;
    if (channel && m->out->verb == LOAD_VERB_CALL)
        return refuse(m, "--verb call: only for a task:// target");
    if (m->flags->subscribers != 1 && (!channel || m->out->verb != LOAD_VERB_DELIVER))
        return refuse(m, "--subscribers: only to deliver to a channel:// target");
    return 0;
}

static int
make_target(struct maker *m, const char *target)
{
    struct load_target *out = &m->out->target;
    const struct load_flags *flags = m->flags;
    if (load_target_parse(out, target) != 0)
        return refuse(m,
                      "%s: no target such as kv://127.0.0.1:6379, tcp://host:port, task://name "
                      "or channel://name",
                      target);
    bool named = load_target_named(out);
    if (!named && out->port == 0)
        return refuse(m, "%s: port 0 cannot be connected to", target);
    snprintf(m->out->target_text, sizeof m->out->target_text, "%s", target);
    if (out->protocol != LOAD_KV && kv_only(flags) != NULL)
        return refuse(m, "%s: only for a kv:// target", kv_only(flags));
    if (!named && named_only(flags) != NULL)
        return refuse(m, "%s: only for a task:// or channel:// target", named_only(flags));
    return named ? make_verb(m) : 0;
}

int
load_settings_make(struct load_settings *out, const struct load_flags *flags,
                   const char *target, char *error, size_t size)
{
    memset(out, 0, sizeof *out);
    error[0] = '\0';
    struct maker m = {.out = out, .flags = flags, .error = error, .size = size};
    out->flags = *flags;
    out->connections = flags->connections;
    out->pipeline = flags->pipeline;
    out->duration_ns = flags->duration_ns;
    out->warmup_ns = WARMUP_NS;
    if (flags->duration_ns <= 0)
        return refuse(&m, "--duration: more than 0");
    int rc = make_target(&m, target);
    rc = rc != 0 ? rc : make_load(&m);
    rc = rc != 0 ? rc : make_search(&m);
    rc = rc != 0 ? rc : make_mix(&m);
    rc = rc != 0 ? rc : make_keys(&m);
    rc = rc != 0 ? rc : make_sizes(&m);
    return rc != 0 ? rc : make_seed(&m);
}

void
load_settings_trial(struct load_settings *out, const struct load_settings *settings,
                    double rate)
{
    *out = *settings;
    out->open_loop = true;
    out->rate = rate;
    if (settings->flags.warmup == NULL)
        out->warmup_ns = WARMUP_TRIAL_NS;
    out->duration_ns = settings->flags.trial_ns;
    load_plan_constant(&out->plan, rate, out->warmup_ns + out->duration_ns);
}
