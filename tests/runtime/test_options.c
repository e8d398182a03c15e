#include "cy_test.h"
#include "options_env.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct test_options t;

#define PARSE(...)      test_options_parse(&t, NULL, __VA_ARGS__, (char *) NULL)
#define PARSE_WITH(...) test_options_parse(&t, &kv_set, __VA_ARGS__, (char *) NULL)
#define FILE_TEXT(text) test_options_file(&t, text, strlen(text))
#define NOTHING         ((char *) NULL)
#define SAYS(text)      CU_ASSERT_STRING_EQUAL(t.options.error, text)
#define BAD(message, ...)                      \
    do {                                       \
        CY_FAILS(PARSE(__VA_ARGS__), -EINVAL); \
        SAYS(message);                         \
    } while (0)

/* Options of an application, as it would have them. */
struct kv {
    uint32_t port;
    uint64_t maxmemory;
    bool append;
    const char *bind;
    int policy;
    cy_time idle;
    struct cy_option_list users;
};
static struct kv kv;

static const struct cy_option kv_options[] = {
    {"port", CY_OPTION_NUMBER, offsetof(struct kv, port), 0, 65535, NULL, "TCP port", NULL},
    {"maxmemory", CY_OPTION_SIZE, offsetof(struct kv, maxmemory), 0, INT64_MAX, NULL, "cap",
     NULL},
    {"append", CY_OPTION_SWITCH, offsetof(struct kv, append), 0, 1, NULL, "write a log", NULL},
    {"bind", CY_OPTION_STRING, offsetof(struct kv, bind), 1, 100, "HOST", "listen on", NULL},
    {"policy", CY_OPTION_CHOICE, offsetof(struct kv, policy), 0, 0, "none|lru|lfu", "evict",
     NULL},
    {"idle", CY_OPTION_DURATION, offsetof(struct kv, idle), 0, CY_HOUR, NULL, "time-out", NULL},
    {"users", CY_OPTION_LIST, offsetof(struct kv, users), 0, 3, NULL, "who may", NULL},
};

static const struct cy_option_set kv_set = {
    .section = "kv", .options = kv_options, .count = 7, .target = &kv};

static void
no_source_leaves_the_defaults(void)
{
    test_options_init(&t);
    CY_OK(PARSE(NOTHING));
    CU_ASSERT_EQUAL(t.options.udp_port, 51350);
    CU_ASSERT_EQUAL(t.options.spin_ns, 50 * CY_MICROSECOND);
    CU_ASSERT_TRUE(t.options.pin);
    CU_ASSERT_EQUAL(t.argc, 1);
    SAYS("");
    test_options_fini(&t);
}

static void
both_forms_of_a_flag_are_taken(void)
{
    test_options_init(&t);
    CY_OK(PARSE("--cores", "3", "--udp-port=5000", "--name", "web", "--stall=1s"));
    CU_ASSERT_EQUAL(t.options.cores, 3);
    CU_ASSERT_EQUAL(t.options.udp_port, 5000);
    CU_ASSERT_STRING_EQUAL(t.options.name, "web");
    CU_ASSERT_EQUAL(t.options.stall_ns, CY_SECOND);
    CU_ASSERT_EQUAL(t.argc, 1);
    CU_ASSERT_PTR_NULL(t.argv[1]);
    test_options_fini(&t);
}

static void
what_is_not_the_nodes_is_left_in_order(void)
{
    test_options_init(&t);
    CY_OK(PARSE("first", "--cores", "3", "-x", "--unknown", "value", "--pin", "-", "--un=1",
                "last"));
    CU_ASSERT_STRING_EQUAL(test_options_rest(&t), "first -x --unknown value - --un=1 last");
    CU_ASSERT_STRING_EQUAL(t.argv[0], "prog");
    CU_ASSERT_PTR_NULL(t.argv[t.argc]);
    test_options_fini(&t);
}

static void
two_dashes_stop_the_search(void)
{
    test_options_init(&t);
    CY_OK(PARSE("--cores", "3", "--", "--cores", "4", "--config", "/nowhere"));
    CU_ASSERT_EQUAL(t.options.cores, 3);
    CU_ASSERT_STRING_EQUAL(test_options_rest(&t), "-- --cores 4 --config /nowhere");
    test_options_fini(&t);
}

static void
an_empty_argument_vector_is_accepted(void)
{
    char *argv[] = {NULL};
    int argc = 0;
    test_options_init(&t);
    CY_OK(cy_options_parse(&t.options, &argc, argv));
    CU_ASSERT_EQUAL(argc, 0);
    test_options_fini(&t);
}

static void
switches_can_be_turned_on_and_off(void)
{
    test_options_init(&t);
    CY_OK(PARSE("--no-pin", "--no-discover-peers"));
    CU_ASSERT_FALSE(t.options.pin);
    CU_ASSERT_FALSE(t.options.discover_peers);
    CY_OK(PARSE("--pin", "--discover-peers=on"));
    CU_ASSERT_TRUE(t.options.pin);
    CU_ASSERT_TRUE(t.options.discover_peers);
    CY_OK(PARSE("--pin=no", "rest"));
    CU_ASSERT_FALSE(t.options.pin);
    CU_ASSERT_STRING_EQUAL(test_options_rest(&t), "rest");
    /* Only switches have a negated form. */
    CY_OK(PARSE("--no-cores"));
    CU_ASSERT_STRING_EQUAL(test_options_rest(&t), "--no-cores");
    test_options_fini(&t);
}

static void
the_last_flag_wins_but_lists_grow(void)
{
    test_options_init(&t);
    CY_OK(PARSE("--cores=1", "--cores=2", "--peers=a,b:1", "--peers", " c , [::1]:2 "));
    CU_ASSERT_EQUAL(t.options.cores, 2);
    CU_ASSERT_EQUAL_FATAL(t.options.peers.count, 4);
    CU_ASSERT_STRING_EQUAL(t.options.peers.items[0], "a");
    CU_ASSERT_STRING_EQUAL(t.options.peers.items[1], "b:1");
    CU_ASSERT_STRING_EQUAL(t.options.peers.items[2], "c");
    CU_ASSERT_STRING_EQUAL(t.options.peers.items[3], "[::1]:2");
    test_options_fini(&t);
}

static void
flags_win_over_environment_over_file_over_defaults(void)
{
    test_options_init(&t);
    FILE_TEXT("cores = 1\ntcp-port = 11\nudp-port = 12\n");
    setenv("CYCOS_CORES", "2", 1);
    setenv("CYCOS_TCP_PORT", "21", 1);
    CY_OK(PARSE("--cores=3"));
    CU_ASSERT_EQUAL(t.options.cores, 3);
    CU_ASSERT_EQUAL(t.options.tcp_port, 21);
    CU_ASSERT_EQUAL(t.options.udp_port, 12);
    CU_ASSERT_EQUAL(t.options.mailbox_max, 65536);
    test_options_fini(&t);
}

static void
a_higher_source_replaces_a_list(void)
{
    test_options_init(&t);
    FILE_TEXT("peers = file1\npeers = file2\nnode = n1\n");
    setenv("CYCOS_PEERS", "env", 1);
    CY_OK(PARSE(NOTHING));
    CU_ASSERT_EQUAL_FATAL(t.options.peers.count, 1);
    CU_ASSERT_STRING_EQUAL(t.options.peers.items[0], "env");
    CU_ASSERT_EQUAL(t.options.node.count, 1);
    CY_OK(PARSE("--peers=flag1", "--peers=flag2"));
    CU_ASSERT_EQUAL_FATAL(t.options.peers.count, 2);
    CU_ASSERT_STRING_EQUAL(t.options.peers.items[0], "flag1");
    CY_OK(PARSE("--peers="));
    CU_ASSERT_EQUAL(t.options.peers.count, 0);
    test_options_fini(&t);
}

static void
an_empty_variable_counts_as_not_set(void)
{
    test_options_init(&t);
    setenv("CYCOS_NAME", "", 1);
    setenv("CYCOS_CORES", "", 1);
    setenv("CYCOS_CONFIG", "", 1);
    setenv("CYCOS_SOMETHING_ELSE", "x", 1);
    CY_OK(PARSE(NOTHING));
    CU_ASSERT_PTR_NULL(t.options.name);
    test_options_fini(&t);
}

static void
the_flag_config_wins_over_the_variable(void)
{
    test_options_init(&t);
    FILE_TEXT("cores = 7\n");
    setenv("CYCOS_CONFIG", "/nonexistent/cycos.ini", 1);
    CY_OK(PARSE("--config", t.file, "x"));
    CU_ASSERT_EQUAL(t.options.cores, 7);
    CU_ASSERT_STRING_EQUAL(test_options_rest(&t), "x");
    test_options_fini(&t);
}

static void
bad_values_name_their_source(void)
{
    test_options_init(&t);
    BAD("--udp-port: '70000' is not a number from 0 to 65535", "--udp-port", "70000");
    BAD("--stall: '25' is not a duration from 0 to 1h with its unit, such as 250us",
        "--stall=25");
    setenv("CYCOS_LOG_LEVEL", "loud", 1);
    BAD("CYCOS_LOG_LEVEL: 'loud' is not one of debug, info, warn, error, off", NOTHING);
    unsetenv("CYCOS_LOG_LEVEL");
    FILE_TEXT("\nstack = 1k\n");
    char expected[200];
    snprintf(expected, sizeof expected, "%s:2: stack: '1k' is not a size from 16k to 64m",
             t.file);
    BAD(expected, NOTHING);
    test_options_fini(&t);
}

static void
a_missing_value_is_reported(void)
{
    test_options_init(&t);
    BAD("--cores: a value is missing", "--cores");
    BAD("--cores: a value is missing", "--cores", "--pin");
    BAD("--config: a value is missing", "--config");
    BAD("--name: the value is empty", "--name=");
    BAD("--pin: 'maybe' is neither yes nor no", "--pin=maybe");
    BAD("--no-pin: 'yes' takes no value", "--no-pin=yes");
    test_options_fini(&t);
}

static void
a_secret_is_refused_where_others_can_read_it(void)
{
    test_options_init(&t);
    BAD("--secret: every user of this machine can read an argument; "
        "put the secret into a file and give --secret-file",
        "--secret", "hush");
    BAD("--secret: every user of this machine can read an argument; "
        "put the secret into a file and give --secret-file",
        "--secret=hush");
    CU_ASSERT_PTR_NULL(strstr(t.options.error, "hush"));
    setenv("CYCOS_SECRET", "hush", 1); /* the network layer reads it */
    CY_OK(PARSE(NOTHING));
    unsetenv("CYCOS_SECRET");
    FILE_TEXT("secret = hush\n");
    CY_FAILS(PARSE(NOTHING), -EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(t.options.error, "put the secret into a file of its own"));
    CU_ASSERT_PTR_NULL(strstr(t.options.error, "hush"));
    unsetenv("CYCOS_CONFIG");
    CY_OK(PARSE("--secret-file", "/etc/a,/etc/b"));
    CU_ASSERT_EQUAL(t.options.secret_file.count, 2);
    test_options_fini(&t);
}

static void
a_failure_leaves_everything_as_it_was(void)
{
    test_options_init(&t);
    CY_OK(PARSE("--cores=2", "--name=old", "--peers=a"));
    CY_FAILS(PARSE("--cores=3", "--name=new", "--peers=b,c", "left", "--udp-port=x"), -EINVAL);
    CU_ASSERT_EQUAL(t.options.cores, 2);
    CU_ASSERT_STRING_EQUAL(t.options.name, "old");
    CU_ASSERT_EQUAL_FATAL(t.options.peers.count, 1);
    CU_ASSERT_STRING_EQUAL(t.options.peers.items[0], "a");
    CU_ASSERT_EQUAL(t.argc, 6);
    CU_ASSERT_STRING_EQUAL(test_options_rest(&t),
                           "--cores=3 --name=new --peers=b,c left --udp-port=x");
    test_options_fini(&t);
}

static void
success_clears_an_earlier_message(void)
{
    test_options_init(&t);
    CY_FAILS(PARSE("--cores=x"), -EINVAL);
    CY_OK(PARSE("--cores=1"));
    SAYS("");
    test_options_fini(&t);
}

static void
a_file_that_cannot_be_read_says_why(void)
{
    test_options_init(&t);
    CY_FAILS(PARSE("--config=/nonexistent/cycos.ini"), -ENOENT);
    SAYS("--config: '/nonexistent/cycos.ini' cannot be opened: No such file or directory");
    setenv("CYCOS_CONFIG", "/nonexistent/cycos.ini", 1);
    CY_FAILS(PARSE(NOTHING), -ENOENT);
    SAYS("CYCOS_CONFIG: '/nonexistent/cycos.ini' cannot be opened: No such file or directory");
    BAD("--config: '/b' is a second file", "--config=/a", "--config=/b");
    test_options_fini(&t);
}

static void
an_application_adds_its_own_options(void)
{
    test_options_init(&t);
    kv = (struct kv){.port = 6379, .policy = 1};
    FILE_TEXT("cores = 2\n[kv]\nmaxmemory = 1gb\nport = 1\n[cycos]\nname = n\n");
    setenv("KV_PORT", "2", 1);
    CY_OK(PARSE_WITH("--bind", "localhost", "--append", "--cores=5", "--users=a,b", "--idle=1s",
                     "--policy=lfu", "more", "--other"));
    unsetenv("KV_PORT");
    CU_ASSERT_EQUAL(kv.port, 2);
    CU_ASSERT_EQUAL(kv.maxmemory, UINT64_C(1) << 30);
    CU_ASSERT_TRUE(kv.append);
    CU_ASSERT_STRING_EQUAL(kv.bind, "localhost");
    CU_ASSERT_EQUAL(kv.policy, 2);
    CU_ASSERT_EQUAL(kv.idle, CY_SECOND);
    CU_ASSERT_EQUAL(kv.users.count, 2);
    CU_ASSERT_EQUAL(t.options.cores, 5);
    CU_ASSERT_STRING_EQUAL(t.options.name, "n");
    CU_ASSERT_STRING_EQUAL(test_options_rest(&t), "more --other");
    test_options_fini(&t);
}

static void
an_applications_bad_values_are_explained_alike(void)
{
    test_options_init(&t);
    kv = (struct kv){.port = 6379};
    CY_FAILS(PARSE_WITH("--port=65536"), -EINVAL);
    SAYS("--port: '65536' is not a number from 0 to 65535");
    CY_FAILS(PARSE_WITH("--policy=x"), -EINVAL);
    SAYS("--policy: 'x' is not one of none, lru, lfu");
    CY_FAILS(PARSE_WITH("--users=a,b,c,d"), -E2BIG);
    SAYS("--users: more than 3 items");
    setenv("KV_IDLE", "2h", 1);
    CY_FAILS(PARSE_WITH(NOTHING), -EINVAL);
    SAYS("KV_IDLE: '2h' is not a duration from 0 to 1h with its unit, such as 250us");
    unsetenv("KV_IDLE");
    test_options_fini(&t);
}

static void
check_finds_what_was_filled_in_by_hand(void)
{
    test_options_init(&t);
    CY_OK(cy_options_check(&t.options));
    t.options.udp_port = 65536;
    CY_FAILS(cy_options_check(&t.options), -EINVAL);
    SAYS("option udp-port: '65536' is not a number from 0 to 65535");
    t.options.udp_port = 65535;
    CY_OK(cy_options_check(&t.options));
    SAYS("");
    test_options_fini(&t);
}

static void
parse_starving(void *arg)
{
    struct cy_options options;
    char program[] = "program", flag[] = "--name=web", *argv[] = {program, flag, NULL};
    int argc = 2;
    (void) arg;
    cy_options_init(&options);
    int rc = cy_test_starve() ? cy_options_parse(&options, &argc, argv) : -ENOMEM;
    bool untouched = argc == 2 && options.name == NULL;
    dprintf(STDOUT_FILENO, "%s %s", cy_errname(rc), untouched ? "untouched" : "touched");
    _exit(0);
}

static void
without_memory_nothing_is_taken(void)
{
    static struct cy_test_child child;
    CY_OK(cy_test_run_child(&child, parse_starving, NULL));
    CU_ASSERT_STRING_EQUAL(child.output, "ENOMEM untouched");
}

CY_TEST_MAIN(
    "runtime.options", CY_TEST(no_source_leaves_the_defaults),
    CY_TEST(both_forms_of_a_flag_are_taken), CY_TEST(what_is_not_the_nodes_is_left_in_order),
    CY_TEST(two_dashes_stop_the_search), CY_TEST(an_empty_argument_vector_is_accepted),
    CY_TEST(switches_can_be_turned_on_and_off), CY_TEST(the_last_flag_wins_but_lists_grow),
    CY_TEST(flags_win_over_environment_over_file_over_defaults),
    CY_TEST(a_higher_source_replaces_a_list), CY_TEST(an_empty_variable_counts_as_not_set),
    CY_TEST(the_flag_config_wins_over_the_variable), CY_TEST(bad_values_name_their_source),
    CY_TEST(a_missing_value_is_reported), CY_TEST(a_secret_is_refused_where_others_can_read_it),
    CY_TEST(a_failure_leaves_everything_as_it_was), CY_TEST(success_clears_an_earlier_message),
    CY_TEST(a_file_that_cannot_be_read_says_why), CY_TEST(an_application_adds_its_own_options),
    CY_TEST(an_applications_bad_values_are_explained_alike),
    CY_TEST(check_finds_what_was_filled_in_by_hand), CY_TEST(without_memory_nothing_is_taken))
