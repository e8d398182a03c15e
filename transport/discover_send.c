/*
 * discover_send.c - where hellos go: each network of this host, and the host itself.
 *
 * IPv4 is broadcast: to 255.255.255.255, which needs a default route, to the directed address
 * of each interface, and to 127.255.255.255, which works where there is only a loopback
 * interface. IPv6 is multicast to the link's group. Copies are told by their number.
 *
 * Tests: tests/transport/test_discover.c
 */
#include "discover_state.h"
#include <arpa/inet.h>
#include <cycos/impl/io.h>
#include <cycos/impl/log.h>
#include <string.h>

static const struct in6_addr GROUP = {{{0xff, 0x02, [14] = 0x51, [15] = 0x35}}};

static cy_address
v4(uint32_t address, uint16_t port)
{
    cy_address out = {.u.v4 = {.sin_family = AF_INET, .sin_port = htons(port)}};
    out.u.v4.sin_addr.s_addr = htonl(address);
    return out;
}

static cy_address
group(uint16_t port, uint32_t interface)
{
    cy_address out = {.u.v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)}};
    out.u.v6.sin6_addr = GROUP;
    out.u.v6.sin6_scope_id = interface;
    return out;
}

static bool
same_host(const cy_address *a, const cy_address *b)
{
    uint8_t one[16], two[16];
    cyi_address_to_wire(one, a);
    cyi_address_to_wire(two, b);
    return memcmp(one, two, sizeof one) == 0;
}

static bool
is_wildcard(const cy_address *address)
{
    if (address->u.any.sa_family == AF_INET)
        return address->u.v4.sin_addr.s_addr == 0;
    return IN6_IS_ADDR_UNSPECIFIED(&address->u.v6.sin6_addr);
}

/* Do we listen at this address? NULL: at all addresses. */
static bool
is_served(const struct cyi_discover *discover, const cy_address *address)
{
    const struct cyi_net_core *hub = &discover->net->cores[0];
    for (uint32_t i = 0; i < hub->listener_count; i++) {
        cy_address at;
        if (cy_socket_local(&at, hub->listeners[i]) != 0)
            continue;
        if (is_wildcard(&at) || (address != NULL && same_host(&at, address)))
            return true;
    }
    return false;
}

static bool
post(struct cyi_discover *discover, enum cyi_discover_socket which, const uint8_t *hello,
     size_t size, const cy_address *to)
{
    cy_socket *socket = discover->sockets[which];
    if (socket == NULL || cy_send_to(socket, hello, size, to) != (ssize_t) size)
        return false;
    CYI_DISCOVER_COUNT(discover, hellos_sent);
    return true;
}

void
cyi_discover_siblings(struct cyi_discover *discover, const uint8_t *hello, size_t size)
{
    cy_address loopback = v4(INADDR_LOOPBACK | 0xffffff, discover->port);
    post(discover, CYI_DISCOVER_SHARED_V4, hello, size, &loopback);
}

/* Once for each interface: it may have several addresses. */
static void
multicast(struct cyi_discover *discover, const uint8_t *hello, size_t size,
          const struct cyi_interface *all, int at)
{
    cy_socket *socket = discover->sockets[CYI_DISCOVER_SHARED_V6];
    cy_address to = group(discover->port, all[at].index);
    for (int i = 0; i < at; i++) {
        if (all[i].index == all[at].index && all[i].address.u.any.sa_family == AF_INET6)
            return;
    }
    if (socket != NULL && cyi_udp_multicast_interface(socket, all[at].index) == 0)
        post(discover, CYI_DISCOVER_SHARED_V6, hello, size, &to);
}

void
cyi_discover_broadcast(struct cyi_discover *discover, const uint8_t *hello, size_t size)
{
    struct cyi_os *os = discover->net->node->os;
    struct cyi_interface all[CYI_DISCOVER_INTERFACES];
    cy_address everybody = v4(INADDR_BROADCAST, discover->port);
    int count = os->socket->interfaces(os, all, CYI_DISCOVER_INTERFACES);
    if (is_served(discover, NULL))
        post(discover, CYI_DISCOVER_SHARED_V4, hello, size, &everybody);
    for (int i = 0; i < count; i++) {
        if (!all[i].up || all[i].loopback || !is_served(discover, &all[i].address))
            continue;
        if (all[i].address.u.any.sa_family == AF_INET6 && all[i].multicast)
            multicast(discover, hello, size, all, i);
        if (all[i].broadcast.u.any.sa_family != AF_INET)
            continue;
        cy_address to = all[i].broadcast;
        to.u.v4.sin_port = htons(discover->port);
        post(discover, CYI_DISCOVER_SHARED_V4, hello, size, &to);
    }
    cyi_discover_siblings(discover, hello, size);
}

bool
cyi_discover_send(struct cyi_discover *discover, const uint8_t *hello, size_t size,
                  const cy_address *to)
{
    bool is_v6 = to->u.any.sa_family == AF_INET6;
    if (post(discover, is_v6 ? CYI_DISCOVER_OWN_V6 : CYI_DISCOVER_OWN_V4, hello, size, to))
        return true;
    return post(discover, is_v6 ? CYI_DISCOVER_SHARED_V6 : CYI_DISCOVER_SHARED_V4, hello, size,
                to);
}

void
cyi_discover_join(struct cyi_discover *discover)
{
    struct cyi_os *os = discover->net->node->os;
    struct cyi_interface all[CYI_DISCOVER_INTERFACES];
    cy_socket *socket = discover->sockets[CYI_DISCOVER_SHARED_V6];
    cy_address to = group(0, 0);
    int count = os->socket->interfaces(os, all, CYI_DISCOVER_INTERFACES);
    for (int i = 0; socket != NULL && i < count; i++) {
        /* Again, where an interface comes twice: that is refused and does no harm. */
        if (all[i].up && all[i].multicast && all[i].address.u.any.sa_family == AF_INET6)
            (void) !cyi_udp_join(socket, &to, all[i].index);
    }
}

int
cyi_discover_call(struct cyi_core *core, struct cyi_net *net, const cy_address *to)
{
    uint8_t hello[CYI_HELLO_MAX];
    cy_address any = {0};
    cy_socket *socket;
    (void) core;
    any.u.any.sa_family = to->u.any.sa_family;
    int rc = cy_udp_open(&socket, &any, NULL);
    if (rc != 0)
        return rc;
    size_t size = cyi_discover_hello(net, CYI_HELLO_ASK, CYI_HELLO_MAX, hello);
    ssize_t sent = cy_send_to(socket, hello, size, to);
    cy_close(&socket);
    return sent < 0 ? (int) sent : 0;
}
