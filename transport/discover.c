/*
 * discover.c - the sockets of discovery, who reads them, and when hellos are said.
 *
 * Tests: tests/transport/test_discover.c
 */
#include "discover_state.h"
#include <arpa/inet.h>
#include <cycos/impl/log.h>
#include <cycos/task.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_HELLOS = 3, READ_BATCH = 32 };
#define FIRST_PERIOD (160 * CY_MILLISECOND) /* three of them within half a second */
#define LATER_PERIOD (10 * CY_SECOND)

int
cyi_discover_create(struct cyi_discover **out, struct cyi_net *net)
{
    struct cyi_os *os = net->node->os;
    struct cyi_discover *discover = calloc(1, sizeof *discover);
    if (discover == NULL)
        return -ENOMEM;
    uint32_t port = net->node->options->udp_port;
    discover->net = net;
    discover->port = port != 0 ? (uint16_t) port : CYI_UDP_PORT;
    os->random(os, &discover->limit.hash_key, sizeof discover->limit.hash_key);
    *out = discover;
    return 0;
}

/* The sockets have been closed with all others of the core. */
void
cyi_discover_free(struct cyi_discover **freed)
{
    free(*freed);
    *freed = NULL;
}

/* Another user of this host may have the port: then it is best to say so and live without. */
static void
report_taken(const struct cyi_discover *discover, const cy_address *at, int error)
{
    char text[CY_ADDRESS_TEXT_MAX];
    cy_address_format(text, sizeof text, at);
    cyi_log_write(discover->net->node->log, NULL, CY_LOG_WARN, "discover.closed",
                  "address=%s error=%s reason=\"%s\"", text, cy_errname(error),
                  error == -EADDRINUSE
                      ? "another user's program has this UDP port; choose one by --udp-port"
                      : cy_strerror(error));
}

static void
open_one(struct cyi_discover *discover, enum cyi_discover_socket which, int family,
         uint16_t port)
{
    struct cy_udp_options options = {.reuse_port = which <= CYI_DISCOVER_SHARED_V6,
                                     .broadcast = family == AF_INET,
                                     .v6_only = true};
    cy_address at = {0};
    at.u.any.sa_family = (sa_family_t) family;
    at.u.v4.sin_port = htons(port); /* IPv6 has it in the same place */
    int rc = cy_udp_open(&discover->sockets[which], &at, &options);
    if (rc == 0 || (family == AF_INET6 && rc != -EADDRINUSE))
        return; /* a kernel without IPv6 is no news */
    if (which <= CYI_DISCOVER_SHARED_V6)
        report_taken(discover, &at, rc);
}

static int
read_all(struct cyi_discover *discover, cy_socket *socket)
{
    uint8_t bytes[CYI_HELLO_MAX + 1];
    cy_address source;
    for (uint32_t taken = 1;; taken++) {
        ssize_t n = cy_receive_from(socket, bytes, sizeof bytes, &source, CY_FOREVER);
        if (n == -ECANCELED)
            return 0;
        if (n >= 0)
            cyi_discover_take(discover, bytes, (size_t) n, &source);
        /* An error is the answer to what we sent: nobody listens there. A flood has no end. */
        if ((n < 0 || taken % READ_BATCH == 0) && cy_yield() != 0)
            return 0;
    }
}

static int
read_socket(void *which)
{
    struct cyi_discover *discover = cyi_net_core(cyi_current())->net->discover;
    return read_all(discover, discover->sockets[(uintptr_t) which]);
}

static void
open_sockets(struct cyi_discover *discover)
{
    struct cyi_core *core = cyi_current();
    uint16_t own = discover->net->cores[0].port;
    open_one(discover, CYI_DISCOVER_SHARED_V4, AF_INET, discover->port);
    open_one(discover, CYI_DISCOVER_SHARED_V6, AF_INET6, discover->port);
    open_one(discover, CYI_DISCOVER_OWN_V4, AF_INET, own);
    open_one(discover, CYI_DISCOVER_OWN_V6, AF_INET6, own);
    for (uintptr_t i = 0; i < CYI_DISCOVER_SOCKETS; i++) {
        if (discover->sockets[i] != NULL &&
            cyi_daemon_start(core, read_socket, (void *) i, "net.discover") != 0)
            cy_close(&discover->sockets[i]);
    }
}

/* From half of it to one and a half. */
static cy_time
jittered(struct cyi_discover *discover, cy_time period)
{
    struct cyi_os *os = discover->net->node->os;
    uint32_t random;
    os->random(os, &random, sizeof random);
    return period / 2 + period * (cy_time) (random & 0xffff) / 0x10000;
}

int
cyi_discover_keep(void *arg)
{
    struct cyi_net *net = arg;
    struct cyi_discover *discover = net->discover;
    uint8_t hello[CYI_HELLO_MAX];
    if (!net->node->options->discover_peers)
        return 0;
    open_sockets(discover);
    for (uint32_t said = 0;; said++) {
        size_t size = cyi_discover_hello(net, CYI_HELLO_ASK, CYI_HELLO_MAX, hello);
        cyi_discover_join(discover); /* also what has come up since */
        cyi_discover_broadcast(discover, hello, size);
        cy_time period = said + 1 < FIRST_HELLOS ? FIRST_PERIOD : LATER_PERIOD;
        if (cy_sleep(jittered(discover, period)) != 0)
            return 0;
    }
}
