/* options_table.c - the node's options: one table of names, limits, help; their defaults. */
#include "options.h"
#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>

enum {
    UDP_PORT = 51350,
    PORT_MAX = 65535,
    HOST_MAX = 253, /* bytes of a name in the DNS */
};

static bool
is_printable(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (text[i] <= ' ' || text[i] >= 0x7f)
            return false;
    return true;
}

static int
refuse(char *why, size_t size, const char *text)
{
    snprintf(why, size, "%s", text);
    return -EINVAL;
}

/* Names stand in logs and lists, so they are one printable word. */
static int
check_name(char *why, size_t size, const char *value)
{
    if (is_printable(value, strlen(value)) && strpbrk(value, "\"\\=,") == NULL)
        return 0;
    return refuse(why, size, "has a blank, a comma, a quote, = or a byte beyond ASCII");
}

static bool
is_host(const char *text, size_t bytes)
{
    return bytes > 0 && bytes <= HOST_MAX && is_printable(text, bytes);
}

static int
check_host(char *why, size_t size, const char *value)
{
    if (is_host(value, strlen(value)))
        return 0;
    return refuse(why, size, "is neither a host name nor an address");
}

static int
check_address(char *why, size_t size, const char *value)
{
    struct in6_addr address;
    if (inet_pton(AF_INET, value, &address) == 1 || inet_pton(AF_INET6, value, &address) == 1)
        return 0;
    return refuse(why, size, "is neither an IPv4 nor an IPv6 address");
}

static bool
is_port(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    long port = 0;
    for (size_t i = 0; i < digits && port <= PORT_MAX; i++)
        port = port * 10 + (text[i] - '0');
    return digits > 0 && text[digits] == '\0' && port <= PORT_MAX;
}

/* HOST, HOST:PORT, an IPv6 address, [ADDRESS], [ADDRESS]:PORT. */
static int
check_peer(char *why, size_t size, const char *value)
{
    const char *colon = strchr(value, ':'), *close = strrchr(value, ']');
    bool good;
    if (value[0] == '[' && close != NULL)
        good = is_host(value + 1, (size_t) (close - value - 1)) &&
               (close[1] == '\0' || (close[1] == ':' && is_port(close + 2)));
    else if (colon != NULL && strchr(colon + 1, ':') != NULL)
        good = check_address(why, size, value) == 0;
    else if (colon != NULL)
        good = is_host(value, (size_t) (colon - value)) && is_port(colon + 1);
    else
        good = is_host(value, strlen(value));
    return good ? 0 : refuse(why, size, "is not HOST, HOST:PORT or [ADDRESS]:PORT");
}

/* clang-format off */
#define ROW(name, type, field, ...) \
    {name, CY_OPTION_##type, offsetof(struct cy_options, field), __VA_ARGS__}
#define NUMBER(name, field, min, max, help) ROW(name, NUMBER, field, min, max, NULL, help, NULL)
#define SIZE(name, field, min, max, help) ROW(name, SIZE, field, min, max, NULL, help, NULL)
#define TIME(name, field, min, max, help) ROW(name, DURATION, field, min, max, NULL, help, NULL)
#define SWITCH(name, field, help) ROW(name, SWITCH, field, 0, 1, NULL, help, NULL)
#define PATH(name, field, help) \
    ROW(name, STRING, field, 1, CY_OPTION_VALUE_MAX, "FILE", help, NULL)

static const struct cy_option table[] = {
    NUMBER("cores", cores, 0, CY_CORES_MAX,
           "threads, one per core; 0: one for each CPU of the affinity mask"),
    ROW("node", LIST, node, 0, 16, "HOST,...",
        "names or addresses of this machine to serve on; none: all", check_host),
    ROW("ext-ip-addr", LIST, ext_ip_addr, 0, 16, "ADDRESS,...",
        "addresses at which a gateway shows them to peers outside, in the order of --node",
        check_address),
    NUMBER("udp-port", udp_port, 0, PORT_MAX,
           "UDP port that all nodes share to find each other; 0: 51350"),
    NUMBER("tcp-port", tcp_port, 0, PORT_MAX,
           "TCP port of core 0 for peers, the other cores take those that follow; 0: any"),
    ROW("name", STRING, name, 1, CY_NODE_NAME_MAX, "NAME",
        "unique name of the node; none: its location", check_name),
    SWITCH("discover-peers", discover_peers, "find peers on the local network by broadcast"),
    SWITCH("control", control, "tell peers that ask about the tasks and links of this node"),
    ROW("peers", LIST, peers, 0, CY_OPTION_LIST_MAX, "HOST:PORT,...",
        "peers to contact; without a port, all on that host", check_peer),
    ROW("secret-file", LIST, secret_file, 0, 8, "FILE,...",
        "files with the secret that peers must know; the first is used, all are accepted",
        NULL),
    PATH("certfile", certfile, "own certificate in PEM form; turns TLS on"),
    PATH("keyfile", keyfile, "its private key in PEM form; none: in --certfile"),
    PATH("cafile", cafile, "authorities that sign peers; none: peers have one in --certfile"),
    ROW("dest-path", STRING, dest_path, 1, CY_OPTION_VALUE_MAX, "FOLDER",
        "where files from peers go; none: the temporary folder", NULL),
    SIZE("max-file-size", max_file_size, 0, INT64_MAX,
         "largest file to take from a peer; 0: no limit"),
    ROW("metrics-node", STRING, metrics_node, 1, HOST_MAX, "HOST",
        "address of this machine on which metrics are shown; none: 127.0.0.1", check_host),
    NUMBER("metrics-port", metrics_port, 0, PORT_MAX,
           "TCP port that shows metrics to Prometheus, by HTTP at /metrics; 0: none"),
    SIZE("file-quota", file_quota, 0, INT64_MAX,
         "bytes that the files of one peer may have together; 0: no limit"),
    SWITCH("file-delete-any", file_delete_any, "let peers delete files that others have sent"),

    SWITCH("pin", pin, "bind each core's thread to its CPU"),
    TIME("spin", spin_ns, 0, CY_SECOND, "poll for so long before sleeping"),
    TIME("stall", stall_ns, 0, CY_HOUR, "report a task that runs for so long; 0: never"),
    NUMBER("mailbox-max", mailbox_max, 1, 1 << 24, "messages that may wait for one task"),
    NUMBER("outbox-max", outbox_max, 1, 1 << 26,
           "messages that may wait between two cores"),
    NUMBER("tasks-max", tasks_max, 16, 1 << 24, "tasks alive on one core"),
    SIZE("stack", stack_bytes, 16 << 10, 64 << 20, "stack of a task, virtual memory"),
    NUMBER("pool-threads", pool_threads, 1, 1024, "threads for work that blocks"),
    NUMBER("pool-queue-max", pool_queue_max, 1, 1 << 20, "calls that may wait for them"),
    SWITCH("handle-signals", handle_signals,
           "shut down by SIGTERM and SIGINT, list the tasks by SIGQUIT"),
    TIME("shutdown-grace", shutdown_grace_ns, 0, 24 * CY_HOUR,
             "time for tasks to finish by themselves after a signal"),
    ROW("log-level", CHOICE, log_level, 0, 0, "debug|info|warn|error|off",
        "least level of what is logged", NULL),
    NUMBER("log-rate", log_rate, 0, 1000000, "lines of one event in a second; 0: no limit"),
};
/* clang-format on */

_Static_assert(sizeof table / sizeof *table <= CYI_OPTIONS_MAX, "a bit for each");

struct cy_option_set
cyi_options_node_set(const struct cy_options *options)
{
    return (struct cy_option_set){.section = "cycos",
                                  .options = table,
                                  .count = sizeof table / sizeof *table,
                                  .target = (void *) options};
}

void
cy_options_init(struct cy_options *options)
{
    *options = (struct cy_options){
        .udp_port = UDP_PORT,
        .discover_peers = true,
        .control = true,
        .pin = true,
        .spin_ns = 50 * CY_MICROSECOND,
        .stall_ns = 25 * CY_MILLISECOND,
        .mailbox_max = 65536,
        .outbox_max = 65536,
        .tasks_max = 1 << 22,
        .stack_bytes = 64 << 10,
        .pool_threads = 4,
        .pool_queue_max = 1024,
        .handle_signals = true,
        .shutdown_grace_ns = 10 * CY_SECOND,
        .log_level = CY_LOG_INFO,
        .log_rate = 100,
    };
}

int
cyi_options_check_together(struct cyi_option_reader *reader)
{
    const struct cy_options *o = reader->options;
    uint32_t hosts = o->node.count > 0 ? o->node.count : 1;
    uint32_t more = o->cores > 0 ? o->cores - 1 : 0;
    snprintf(reader->where, sizeof reader->where, "options");
    if (o->tcp_port > 0 && o->tcp_port + more > PORT_MAX)
        return cyi_option_fail(reader, NULL,
                               "tcp-port %u and %u more cores pass the last port, %d",
                               o->tcp_port, more, PORT_MAX);
    if (o->ext_ip_addr.count > hosts)
        return cyi_option_fail(reader, NULL, "ext-ip-addr has %u items for %u of node",
                               o->ext_ip_addr.count, hosts);
    if (o->certfile == NULL && (o->keyfile != NULL || o->cafile != NULL))
        return cyi_option_fail(reader, NULL, "%s needs certfile as well",
                               o->keyfile != NULL ? "keyfile" : "cafile");
    return 0;
}
