#include "cy_test.h"
#include "options.h"

#include <string.h>

static struct cy_options options;

static int
check(void)
{
    return cy_options_check(&options);
}

/* The field of a name, or the test's end. */
static const struct cy_option *
option_of(const char *name)
{
    struct cy_option_set set = cyi_options_node_set(&options);
    for (size_t i = 0; i < set.count; i++)
        if (strcmp(set.options[i].name, name) == 0)
            return &set.options[i];
    CU_FAIL_FATAL("no such option");
    return NULL;
}

static void
defaults_are_valid_and_those_of_the_header(void)
{
    cy_options_init(&options);
    CY_OK(check());
    CU_ASSERT_EQUAL(options.cores, 0);
    CU_ASSERT_EQUAL(options.udp_port, 51350);
    CU_ASSERT_EQUAL(options.tcp_port, 0);
    CU_ASSERT_EQUAL(options.max_file_size, 0);
    CU_ASSERT_TRUE(options.discover_peers && options.control && options.pin &&
                   options.handle_signals);
    CU_ASSERT_EQUAL(options.spin_ns, 50 * CY_MICROSECOND);
    CU_ASSERT_EQUAL(options.stall_ns, 25 * CY_MILLISECOND);
    CU_ASSERT_EQUAL(options.mailbox_max, 65536);
    CU_ASSERT_EQUAL(options.outbox_max, 65536);
    CU_ASSERT_EQUAL(options.tasks_max, 4194304);
    CU_ASSERT_EQUAL(options.stack_bytes, 65536);
    CU_ASSERT_EQUAL(options.pool_threads, 4);
    CU_ASSERT_EQUAL(options.pool_queue_max, 1024);
    CU_ASSERT_EQUAL(options.shutdown_grace_ns, 10 * CY_SECOND);
    CU_ASSERT_EQUAL(options.log_level, CY_LOG_INFO);
    CU_ASSERT_EQUAL(options.log_rate, 100);
    CU_ASSERT_TRUE(options.name == NULL && options.log_sink == NULL && options.owned == NULL);
}

static void
names_are_lower_case_unique_and_explained(void)
{
    struct cy_option_set set = cyi_options_node_set(&options);
    for (size_t i = 0; i < set.count; i++) {
        const struct cy_option *o = &set.options[i];
        CU_ASSERT_EQUAL(strspn(o->name, "abcdefghijklmnopqrstuvwxyz-"), strlen(o->name));
        CU_ASSERT_TRUE(strncmp(o->name, "no-", 3) != 0);
        CU_ASSERT_TRUE(strlen(o->help) > 10);
        CU_ASSERT_TRUE(o->min <= o->max);
        for (size_t j = 0; j < i; j++) {
            CU_ASSERT_STRING_NOT_EQUAL(o->name, set.options[j].name);
            CU_ASSERT_NOT_EQUAL(o->offset, set.options[j].offset);
        }
    }
}

/* Puts a value into a field by hand and checks; true when it was accepted. */
static bool
holds(const struct cy_option *o, int64_t value)
{
    void *field = (char *) &options + o->offset;
    cy_options_init(&options);
    if (o->type == CY_OPTION_NUMBER)
        *(uint32_t *) field = (uint32_t) value;
    else
        *(int64_t *) field = value;
    return check() == 0;
}

static void
each_limit_is_taken_and_one_past_it_refused(void)
{
    struct cy_option_set set = cyi_options_node_set(&options);
    int tried = 0;
    for (size_t i = 0; i < set.count; i++) {
        const struct cy_option *o = &set.options[i];
        bool narrow = o->type == CY_OPTION_NUMBER;
        if (!narrow && o->type != CY_OPTION_SIZE && o->type != CY_OPTION_DURATION)
            continue;
        tried++;
        CU_ASSERT_TRUE(holds(o, o->min));
        CU_ASSERT_TRUE(holds(o, o->max));
        /* What the field's type cannot hold cannot be tried. */
        CU_ASSERT_FALSE(o->max < INT64_MAX && holds(o, o->max + 1));
        CU_ASSERT_FALSE((o->min > 0 || !narrow) && holds(o, o->min - 1));
    }
    CU_ASSERT_TRUE(tried > 10);
}

static void
accepts(const char *name, const char *value, bool expected)
{
    const struct cy_option *o = option_of(name);
    char why[160] = "";
    bool accepted = o->check != NULL && o->check(why, sizeof why, value) == 0;
    CU_ASSERT_EQUAL(accepted, expected);
    CU_ASSERT_EQUAL(why[0] == '\0', expected);
    if (accepted != expected)
        fprintf(stderr, "\n    %s: %s", name, value);
}

static void
names_are_one_printable_word(void)
{
    accepts("name", "web-1.example:80", true);
    accepts("name", "a b", false);
    accepts("name", "a\n", false);
    accepts("name", "a\"b", false);
    accepts("name", "a=b", false);
    accepts("name", "a,b", false);
    accepts("name", "\xc3\xa4", false);
    char name[CY_NODE_NAME_MAX + 2];
    cy_options_init(&options);
    memset(name, 'n', sizeof name);
    options.name = name;
    name[CY_NODE_NAME_MAX] = '\0';
    CY_OK(check());
    name[CY_NODE_NAME_MAX] = 'n';
    name[CY_NODE_NAME_MAX + 1] = '\0';
    CY_FAILS(check(), -EINVAL);
}

static void
hosts_are_names_or_addresses(void)
{
    char host[255];
    memset(host, 'h', sizeof host);
    host[253] = '\0';
    accepts("node", host, true);
    host[253] = 'h';
    host[254] = '\0';
    accepts("node", host, false);
    accepts("node", "example.org", true);
    accepts("node", "fe80::1%eth0", true);
    accepts("node", "", false);
    accepts("node", "a b", false);
}

static void
external_addresses_are_numbers(void)
{
    accepts("ext-ip-addr", "192.0.2.1", true);
    accepts("ext-ip-addr", "2001:db8::1", true);
    accepts("ext-ip-addr", "example.org", false);
    accepts("ext-ip-addr", "192.0.2.256", false);
    accepts("ext-ip-addr", "", false);
}

static void
peers_may_have_a_port(void)
{
    static const char *const good[] = {
        "a",           "a:0",           "a:65535",     "192.0.2.1:5",      "::1",
        "2001:db8::1", "[2001:db8::1]", "[::1]:51350", "[fe80::1%eth0]:1", "example.org:00080"};
    static const char *const bad[] = {
        "",       ":1",   "a:",   "a:65536", "a:x",   "a:-1",        "[::1]x",
        "[::1]:", "[]:1", "[::1", "a b",     "a:1:2", "[::1]:65536", "a:99999999999999999999"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        accepts("peers", good[i], true);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        accepts("peers", bad[i], false);
}

static void
the_ports_of_all_cores_must_exist(void)
{
    cy_options_init(&options);
    options.cores = 4;
    options.tcp_port = 65532;
    CY_OK(check());
    options.tcp_port = 65533;
    CY_FAILS(check(), -EINVAL);
    CU_ASSERT_STRING_EQUAL(
        options.error, "options: tcp-port 65533 and 3 more cores pass the last port, 65535");
    options.cores = 0;
    CY_OK(check());
}

static void
external_addresses_belong_to_hosts(void)
{
    static const char *const items[] = {"192.0.2.1", "192.0.2.2"};
    cy_options_init(&options);
    options.ext_ip_addr = (struct cy_option_list){items, 1};
    CY_OK(check());
    options.ext_ip_addr.count = 2;
    CY_FAILS(check(), -EINVAL);
    CU_ASSERT_STRING_EQUAL(options.error, "options: ext-ip-addr has 2 items for 1 of node");
    options.node = (struct cy_option_list){items, 2};
    CY_OK(check());
}

static void
a_key_needs_its_certificate(void)
{
    cy_options_init(&options);
    options.keyfile = "key.pem";
    CY_FAILS(check(), -EINVAL);
    CU_ASSERT_STRING_EQUAL(options.error, "options: keyfile needs certfile as well");
    options.keyfile = NULL;
    options.cafile = "ca.pem";
    CY_FAILS(check(), -EINVAL);
    CU_ASSERT_STRING_EQUAL(options.error, "options: cafile needs certfile as well");
    options.certfile = "cert.pem";
    CY_OK(check());
}

CY_TEST_MAIN("runtime.options_table", CY_TEST(defaults_are_valid_and_those_of_the_header),
             CY_TEST(names_are_lower_case_unique_and_explained),
             CY_TEST(each_limit_is_taken_and_one_past_it_refused),
             CY_TEST(names_are_one_printable_word), CY_TEST(hosts_are_names_or_addresses),
             CY_TEST(external_addresses_are_numbers), CY_TEST(peers_may_have_a_port),
             CY_TEST(the_ports_of_all_cores_must_exist),
             CY_TEST(external_addresses_belong_to_hosts), CY_TEST(a_key_needs_its_certificate))
