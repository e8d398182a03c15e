/* test_settings.c - what a run is told, and the word for each wrong option. */
#include "cy_test.h"
#include "frame.h"
#include "settings.h"

#include <errno.h>
#include <string.h>

#define S INT64_C(1000000000)

static struct load_flags flags;
static struct load_settings settings;
static char error[300];

static int
make(const char *target)
{
    error[0] = '\0';
    return load_settings_make(&settings, &flags, target, error, sizeof error);
}

static void
the_defaults_are_a_closed_loop(void)
{
    load_flags_init(&flags);
    CY_OK(make("kv://127.0.0.1"));
    CU_ASSERT_EQUAL(settings.target.port, 6379);
    CU_ASSERT_FALSE(settings.open_loop);
    CU_ASSERT_EQUAL(settings.connections, 50);
    CU_ASSERT_EQUAL(settings.pipeline, 1);
    CU_ASSERT_EQUAL(settings.keys, 100000);
    CU_ASSERT_EQUAL(settings.duration_ns, 10 * S);
    CU_ASSERT_EQUAL(settings.warmup_ns, S);
    CU_ASSERT_DOUBLE_EQUAL(settings.read_share, 0.9, 1e-9);
    CU_ASSERT_EQUAL(settings.theta, 0);
    CU_ASSERT_EQUAL(settings.sizes.min_bytes, 64);
}

static void
targets_name_protocol_host_and_port(void)
{
    struct load_target target;
    CY_OK(load_target_parse(&target, "kv://example.org:7000"));
    CU_ASSERT_EQUAL(target.protocol, LOAD_KV);
    CU_ASSERT_STRING_EQUAL(target.host, "example.org");
    CU_ASSERT_EQUAL(target.port, 7000);
    CY_OK(load_target_parse(&target, "tcp://[::1]:7"));
    CU_ASSERT_EQUAL(target.protocol, LOAD_TCP);
    CU_ASSERT_STRING_EQUAL(target.host, "::1");
    CU_ASSERT_EQUAL(target.port, 7);
    CY_OK(load_target_parse(&target, "kv://[::1]"));
    CU_ASSERT_EQUAL(target.port, 6379);
}

static void
targets_of_the_network_have_a_name(void)
{
    static const char longest[] =
        "task://012345678901234567890123456789012345678901234567890123456789012";
    struct load_target target;
    CY_OK(load_target_parse(&target, "task://a:b/c"));
    CU_ASSERT_EQUAL(target.protocol, LOAD_TASK);
    CU_ASSERT_STRING_EQUAL(target.host, "a:b/c");
    CU_ASSERT_TRUE(load_target_named(&target));
    CY_OK(load_target_parse(&target, "channel://news"));
    CU_ASSERT_EQUAL(target.protocol, LOAD_CHANNEL);
    CY_OK(load_target_parse(&target, longest));
    CU_ASSERT_EQUAL(strlen(target.host), 63);
    CY_OK(load_target_parse(&target, "kv://a"));
    CU_ASSERT_FALSE(load_target_named(&target));
}

static void
the_verb_of_a_name_is_what_can_be_proved_best(void)
{
    load_flags_init(&flags);
    CY_OK(make("task://a"));
    CU_ASSERT_EQUAL(settings.verb, LOAD_VERB_CALL);
    CY_OK(make("channel://a"));
    CU_ASSERT_EQUAL(settings.verb, LOAD_VERB_DELIVER);
    flags.verb = LOAD_VERB_SEND;
    CY_OK(make("channel://a"));
    CU_ASSERT_EQUAL(settings.verb, LOAD_VERB_SEND);
    CU_ASSERT_STRING_EQUAL(load_verb_name(settings.verb), "send");
    flags.verb = LOAD_VERB_DELIVER;
    flags.subscribers = 5;
    CY_OK(make("channel://a"));
}

static void
other_targets_are_refused(void)
{
    static const char *const bad[] = {
        "",
        "127.0.0.1:1",
        "http://a:1",
        "kv://",
        "kv://a:",
        "kv://a:x",
        "kv://a:65536",
        "kv://[::1",
        "tcp://a",
        "kv://a/1",
        "kv://a:-1",
        "task://",
        "channel://",
        "task:a",
        "task://0123456789012345678901234567890123456789012345678901234567890123"};
    struct load_target target;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CY_FAILS(load_target_parse(&target, bad[i]), -EINVAL);
    CY_OK(load_target_parse(&target, "kv://a:65535"));
}

static void
a_rate_makes_an_open_loop_with_the_warm_up_in_front(void)
{
    load_flags_init(&flags);
    flags.rate = "50k";
    flags.arrival = LOAD_ARRIVAL_POISSON;
    CY_OK(make("kv://a"));
    CU_ASSERT_TRUE(settings.open_loop && settings.poisson);
    CU_ASSERT_EQUAL(load_plan_duration(&settings.plan), 11 * S);
    CU_ASSERT_EQUAL(load_plan_rate(&settings.plan, S), 50000);
}

static void
stages_make_the_duration_and_have_no_warm_up_unless_asked(void)
{
    load_flags_init(&flags);
    flags.stages = "10s:1k,30s:50k";
    CY_OK(make("kv://a"));
    CU_ASSERT_TRUE(settings.open_loop);
    CU_ASSERT_EQUAL(settings.warmup_ns, 0);
    CU_ASSERT_EQUAL(settings.duration_ns, 40 * S);
    flags.warmup = "39s";
    CY_OK(make("kv://a"));
    CU_ASSERT_EQUAL(settings.duration_ns, S);
    flags.warmup = "40s";
    CY_FAILS(make("kv://a"), -EINVAL);
}

static void
a_trial_is_an_open_loop_at_its_rate(void)
{
    struct load_settings trial;
    load_flags_init(&flags);
    flags.find_max = true;
    flags.slo = "p99<1ms";
    CY_OK(make("kv://a"));
    CU_ASSERT_FALSE(settings.open_loop);
    CU_ASSERT_EQUAL(settings.rate, 1000);
    load_settings_trial(&trial, &settings, 7000);
    CU_ASSERT_TRUE(trial.open_loop);
    CU_ASSERT_EQUAL(trial.duration_ns, 3 * S);
    CU_ASSERT_EQUAL(load_plan_rate(&trial.plan, S), 7000);
}

/* One wrong option each; the message begins with its name. */
static void
refused(const char *target, const char *name)
{
    CY_FAILS(make(target), -EINVAL);
    CU_ASSERT_EQUAL(strncmp(error, name, strlen(name)), 0);
    load_flags_init(&flags);
}

static void
every_wrong_option_of_the_load_is_named(void)
{
    load_flags_init(&flags);
    refused("kv:/a", "kv:/a: no target");
    refused("kv://a:0", "kv://a:0: port 0");
    flags.rate = "x";
    refused("kv://a", "--rate x:");
    flags.rate = "0";
    refused("kv://a", "--rate 0:");
    flags.warmup = "-1s";
    refused("kv://a", "--warmup -1s:");
    flags.duration_ns = 0;
    refused("kv://a", "--duration:");
    flags.stages = "10s";
    refused("kv://a", "--stages 10s:");
    flags.stages = "1s:5";
    flags.rate = "5";
    refused("kv://a", "--stages: not together");
    flags.stages = "1s:5";
    flags.find_max = true;
    refused("kv://a", "--stages: not together");
    flags.find_max = true;
    refused("kv://a", "--find-max: needs --slo");
    flags.slo = "p99<1ms";
    refused("kv://a", "--slo: only");
    flags.find_max = true;
    flags.slo = "p9x";
    refused("kv://a", "--slo: 'p9x'");
    flags.assertion = "errors==0,q";
    refused("kv://a", "--assert: 'q'");
    flags.arrival = LOAD_ARRIVAL_UNIFORM;
    refused("kv://a", "--arrival: only");
    flags.rate = "5";
    flags.interval_ns = 1;
    refused("kv://a", "--expected-interval: only");
}

static void
every_wrong_option_of_the_requests_is_named(void)
{
    load_flags_init(&flags);
    flags.mix = "9";
    refused("kv://a", "--mix 9:");
    flags.mix = "0:0";
    refused("kv://a", "--mix 0:0:");
    flags.keys = "many";
    refused("kv://a", "--keys many:");
    flags.keys = "0";
    refused("kv://a", "--keys 0:");
    flags.keys = "1.1G";
    refused("kv://a", "--keys 1.1G:");
    flags.keys = "49";
    refused("kv://a", "--keys 49: at least one per connection (50)");
    flags.distribution = "normal";
    refused("kv://a", "--distribution normal:");
    flags.distribution = "zipf:0";
    refused("kv://a", "--distribution zipf:0:");
    flags.value_size = "x";
    refused("kv://a", "--value-size x:");
    flags.value_size = "15";
    refused("kv://a", "--value-size 15: at least 16 bytes");
    flags.value_size = "16-65m";
    refused("kv://a", "--value-size 16-65m: at most 64 MB");
    flags.value_size = "23";
    refused("tcp://a:1", "--value-size 23: at least 24 bytes");
    flags.mix = "1:1";
    refused("tcp://a:1", "--mix: only for a kv:// target");
    flags.shared_keys = true;
    refused("tcp://a:1", "--shared-keys: only");
    flags.keys = "5";
    refused("task://a", "--keys: only for a kv:// target");
    flags.verb = LOAD_VERB_SEND;
    refused("kv://a", "--verb: only for a task:// or channel:// target");
    flags.subscribers = 2;
    refused("kv://a", "--subscribers: only for a task:// or channel://");
    flags.subscribers = 2;
    refused("task://a", "--subscribers: only to deliver to a channel");
    flags.verb = LOAD_VERB_SEND;
    flags.subscribers = 2;
    refused("channel://a", "--subscribers: only to deliver to a channel");
    flags.verb = LOAD_VERB_CALL;
    refused("channel://a", "--verb call: only for a task:// target");
    flags.value_size = "15";
    refused("task://a", "--value-size 15: at least 16 bytes");
    flags.seed = "x";
    refused("kv://a", "--seed x:");
    flags.seed = "18446744073709551616";
    refused("kv://a", "--seed 18446744073709551616:");
    flags.key_prefix = "0123456789012345678901234567890123456789012345678901234567890123x";
    refused("kv://a", "--key-prefix: more than 64 bytes");
}

static void
values_at_their_limits_are_taken(void)
{
    load_flags_init(&flags);
    flags.keys = "50";
    flags.distribution = "zipf:1.2";
    flags.value_size = "16-64m";
    flags.mix = "0:1";
    flags.seed = "18446744073709551615";
    flags.key_prefix = "0123456789012345678901234567890123456789012345678901234567890123";
    CY_OK(make("kv://a"));
    CU_ASSERT_EQUAL(settings.read_share, 0);
    CU_ASSERT_EQUAL(settings.seed, UINT64_MAX);
    CU_ASSERT_DOUBLE_EQUAL(settings.theta, 1.2, 1e-9);
    flags.keys = "1";
    flags.shared_keys = true;
    CY_OK(make("kv://a"));
    load_flags_init(&flags);
    flags.value_size = "24";
    CY_OK(make("tcp://a:1"));
    flags.value_size = "16";
    CY_OK(make("task://a"));
}

CY_TEST_MAIN("load.settings", CY_TEST(the_defaults_are_a_closed_loop),
             CY_TEST(targets_name_protocol_host_and_port),
             CY_TEST(targets_of_the_network_have_a_name),
             CY_TEST(the_verb_of_a_name_is_what_can_be_proved_best),
             CY_TEST(other_targets_are_refused),
             CY_TEST(a_rate_makes_an_open_loop_with_the_warm_up_in_front),
             CY_TEST(stages_make_the_duration_and_have_no_warm_up_unless_asked),
             CY_TEST(a_trial_is_an_open_loop_at_its_rate),
             CY_TEST(every_wrong_option_of_the_load_is_named),
             CY_TEST(every_wrong_option_of_the_requests_is_named),
             CY_TEST(values_at_their_limits_are_taken))
