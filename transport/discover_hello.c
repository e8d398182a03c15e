/*
 * discover_hello.c - hellos: made, checked, answered, said again.
 *
 * Synchronisation:
 *   D1  discover.sequence  relaxed; any core draws a number, no two the same
 *
 * Tests: tests/transport/test_discover.c
 */
#include "discover_state.h"
#include <arpa/inet.h>
#include <cycos/impl/log.h>
#include <string.h>

size_t
cyi_discover_sign(const struct cyi_net *net, const struct cyi_hello *hello, uint8_t *out)
{
    uint8_t key_id[CYI_KEY_ID];
    struct cyi_hello signed_hello = *hello;
    memset(signed_hello.key_id, 0, sizeof signed_hello.key_id);
    if (cyi_secrets_count(net->secrets) > 0)
        memcpy(signed_hello.key_id, cyi_secrets_at(net->secrets, 0)->key_id, CYI_KEY_ID);
    size_t size = cyi_hello_write(out, &signed_hello);
    cyi_secrets_sign(net->secrets, out + size, key_id, out, size);
    return size + CYI_HELLO_MAC;
}

size_t
cyi_discover_hello(struct cyi_net *net, enum cyi_hello_kind kind, size_t size_max, uint8_t *out)
{
    struct cyi_discover *discover = net->discover;
    struct cyi_os *os = net->node->os;
    struct cyi_hello hello = {.kind = (uint8_t) kind, .port = net->cores[0].port};
    size_t room = (size_max - CYI_HELLO_MIN - CYI_HELLO_MAC) / 16;
    memcpy(hello.incarnation, net->node->incarnation, sizeof hello.incarnation);
    hello.time_ms = (uint64_t) (os->realtime(os) / CY_MILLISECOND);
    /* D1: only that it differs from all others matters. */
    hello.sequence =
        1 + atomic_fetch_add_explicit(&discover->sequence, 1, memory_order_relaxed);
    hello.address_count = net->address_count < room ? net->address_count : (uint8_t) room;
    memcpy(hello.addresses, net->addresses, hello.address_count * (size_t) 16);
    return cyi_discover_sign(net, &hello, out);
}

/* A line for who has mistyped a secret, not one for each hello of the cluster next door. */
static void
complain(struct cyi_discover *discover, const cy_address *source, cy_time now)
{
    char text[CY_ADDRESS_TEXT_MAX];
    CYI_DISCOVER_COUNT(discover, hellos_foreign);
    if (!cyi_bucket_take(&discover->complaints, now, 1, 1))
        return;
    discover->complaints.used = 60 * (uint64_t) 1000000; /* the next in a minute */
    cy_address_format(text, sizeof text, source);
    cyi_log_write(discover->net->node->log, NULL, CY_LOG_INFO, "discover.foreign",
                  "source=%s reason=\"a node with another secret, or none\"", text);
}

/* Valid, of another node, and new? In this order: what costs least comes first. */
static bool
check(struct cyi_discover *discover, struct cyi_hello *out, const uint8_t *in, size_t size,
      const cy_address *source)
{
    struct cyi_net *net = discover->net;
    struct cyi_os *os = net->node->os;
    cy_time now = os->now(os);
    uint8_t at[16];
    cyi_address_to_wire(at, source);
    const uint8_t *key_id = cyi_hello_key_id(in, size);
    if (key_id == NULL || size < CYI_HELLO_MIN + CYI_HELLO_MAC) {
        CYI_DISCOVER_COUNT(discover, hellos_bad);
        return false;
    }
    if (!cyi_limit_pass(&discover->limit, now, at)) {
        CYI_DISCOVER_COUNT(discover, hellos_limited);
        return false;
    }
    size -= CYI_HELLO_MAC;
    if (!cyi_secrets_check(net->secrets, in + size, key_id, in, size)) {
        complain(discover, source, now);
        return false;
    }
    if (cyi_hello_read(out, in, size) != 0) {
        CYI_DISCOVER_COUNT(discover, hellos_bad);
        return false;
    }
    return memcmp(out->incarnation, net->node->incarnation, sizeof out->incarnation) != 0;
}

/* One that has been said before, or long ago, is worth little. */
static bool
is_news(struct cyi_discover *discover, const struct cyi_hello *hello)
{
    struct cyi_os *os = discover->net->node->os;
    uint64_t now_ms = (uint64_t) (os->realtime(os) / CY_MILLISECOND);
    switch (cyi_members_hello_age(discover->net->members, hello, now_ms)) {
    case CYI_HELLO_FRESH:
        return true;
    case CYI_HELLO_HINT:
        return cyi_bucket_take(&discover->hints, os->now(os), CYI_LIMIT_RARE_RATE,
                               CYI_LIMIT_RARE_BURST);
    default:
        CYI_DISCOVER_COUNT(discover, hellos_old);
        return false;
    }
}

/*
 * A call to a host reaches one of its nodes, which tells the others. It comes from a port that
 * was chosen for it; what was broadcast comes from the shared port and has reached everybody.
 */
static void
relay(struct cyi_discover *discover, const struct cyi_hello *hello, const cy_address *source)
{
    struct cyi_hello again = *hello;
    uint8_t out[CYI_HELLO_MAX], at[16];
    bool listed = false;
    if (hello->kind != CYI_HELLO_ASK || ntohs(source->u.v4.sin_port) == discover->port)
        return;
    again.kind = CYI_HELLO_RELAY;
    cyi_address_to_wire(at, source);
    for (uint8_t i = 0; i < again.address_count; i++)
        listed = listed || memcmp(again.addresses[i], at, sizeof at) == 0;
    if (!listed) {
        if (again.address_count < CYI_WIRE_ADDRESSES)
            again.address_count++;
        memcpy(again.addresses[again.address_count - 1], at, sizeof at);
    }
    CYI_DISCOVER_COUNT(discover, relayed);
    cyi_discover_siblings(discover, out, cyi_discover_sign(discover->net, &again, out));
}

/* We may be where it cannot be dialled: then it dials us. Never more bytes than it has sent. */
static void
answer(struct cyi_discover *discover, const struct cyi_hello *hello, size_t size,
       const cy_address *source)
{
    uint8_t out[CYI_HELLO_MAX];
    struct cyi_os *os = discover->net->node->os;
    cy_address to = *source;
    if (hello->kind != CYI_HELLO_ASK ||
        !cyi_bucket_take(&discover->answers, os->now(os), CYI_LIMIT_SOURCE_RATE,
                         CYI_LIMIT_SOURCE_BURST))
        return;
    to.u.v4.sin_port = htons(hello->port); /* IPv6 has it in the same place */
    size = cyi_discover_hello(discover->net, CYI_HELLO_ANSWER, size, out);
    if (cyi_discover_send(discover, out, size, &to))
        CYI_DISCOVER_COUNT(discover, answered);
}

void
cyi_discover_take(struct cyi_discover *discover, const uint8_t *in, size_t size,
                  const cy_address *source)
{
    struct cyi_hello hello;
    CYI_DISCOVER_COUNT(discover, hellos_received);
    if (!check(discover, &hello, in, size, source) || !is_news(discover, &hello))
        return;
    relay(discover, &hello, source);
    if (cyi_members_hear(discover->net->members, &hello, source))
        answer(discover, &hello, size, source);
}

void
cyi_discover_announce(struct cyi_net *net, uint32_t tag, const uint8_t *in, size_t size)
{
    struct cyi_discover *discover = net->discover;
    struct cyi_os *os = net->node->os;
    struct cyi_hello hello;
    uint8_t out[CYI_HELLO_MAX];
    const uint8_t *key_id = cyi_hello_key_id(in, size);
    if (key_id == NULL || size < CYI_HELLO_MIN + CYI_HELLO_MAC ||
        !cyi_secrets_check(net->secrets, in + size - CYI_HELLO_MAC, key_id, in,
                           size - CYI_HELLO_MAC) ||
        cyi_hello_read(&hello, in, size - CYI_HELLO_MAC) != 0)
        return;
    /* Nobody speaks for another; a relay has to say where its node is. */
    if (memcmp(hello.incarnation, &tag, sizeof tag) != 0 || hello.address_count == 0 ||
        !cyi_bucket_take(&discover->announces, os->now(os), CYI_LIMIT_RARE_RATE,
                         CYI_LIMIT_RARE_BURST))
        return;
    hello.kind = CYI_HELLO_RELAY;
    CYI_DISCOVER_COUNT(discover, announced);
    cyi_discover_broadcast(discover, out, cyi_discover_sign(net, &hello, out));
}
