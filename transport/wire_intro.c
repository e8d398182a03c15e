/* wire_intro.c - who speaks on a connection. */
#include "wire.h"
#include <errno.h>

/* Where the fields are. Behind the ports come the addresses, then the name. */
enum {
    AT_INCARNATION = 0,
    AT_CORE = 16,
    AT_CORE_COUNT = 18,
    AT_LIFE = 20,
    AT_NEXT = 24,
    AT_FEATURES = 28,
    AT_FLAGS = 32,
    AT_NAME_SIZE = 33,
    AT_ADDRESS_COUNT = 34,
    AT_ZERO = 35,
    AT_SESSION = 36,
    AT_HOME = 44,
    AT_PORTS = 76,
};

enum { STREAM = 1, MEET = 2, FILES = 4 };

_Static_assert(CYI_INTRO_MIN == AT_PORTS + 2, "the shortest has one core");
_Static_assert(AT_PORTS + 2 * CYI_WIRE_CORES + 16 * CYI_WIRE_ADDRESSES + CY_NODE_NAME_MAX <=
                   CYI_INTRO_MAX,
               "the longest fits");

size_t
cyi_intro_write(uint8_t *out, const struct cyi_intro *intro)
{
    CY_ASSERT(intro->core < intro->core_count && intro->core_count <= CYI_WIRE_CORES);
    CY_ASSERT(intro->address_count <= CYI_WIRE_ADDRESSES);
    CY_ASSERT(intro->name_size <= CY_NODE_NAME_MAX && intro->next != 0);
    CY_ASSERT(!intro->meet || !intro->file);
    memcpy(out + AT_INCARNATION, intro->incarnation, sizeof intro->incarnation);
    cyi_put16(out + AT_CORE, intro->core);
    cyi_put16(out + AT_CORE_COUNT, intro->core_count);
    cyi_put32(out + AT_LIFE, intro->life);
    cyi_put32(out + AT_NEXT, intro->next);
    cyi_put32(out + AT_FEATURES, intro->features);
    out[AT_FLAGS] = (uint8_t) ((intro->stream ? STREAM : 0) | (intro->meet ? MEET : 0) |
                               (intro->file ? FILES : 0));
    out[AT_NAME_SIZE] = intro->name_size;
    out[AT_ADDRESS_COUNT] = intro->address_count;
    out[AT_ZERO] = 0;
    cyi_put64(out + AT_SESSION, intro->session);
    cyi_wire_put_ref(out + AT_HOME, intro->home);
    uint8_t *at = out + AT_PORTS;
    for (size_t i = 0; i < intro->core_count; i++, at += 2)
        cyi_put16(at, intro->ports[i]);
    memcpy(at, intro->addresses, intro->address_count * (size_t) 16);
    at += intro->address_count * (size_t) 16;
    memcpy(at, intro->name, intro->name_size);
    return (size_t) (at - out) + intro->name_size;
}

/* Where the variable parts are. */
struct parts {
    const uint8_t *addresses;
    const char *name;
    size_t core_count, address_count, name_size;
};

static bool
find_parts(struct parts *out, const uint8_t *in, size_t size)
{
    if (size < CYI_INTRO_MIN)
        return false;
    out->core_count = cyi_get16(in + AT_CORE_COUNT);
    out->address_count = in[AT_ADDRESS_COUNT];
    out->name_size = in[AT_NAME_SIZE];
    if (out->core_count == 0 || out->core_count > CYI_WIRE_CORES ||
        out->address_count > CYI_WIRE_ADDRESSES || out->name_size > CY_NODE_NAME_MAX)
        return false;
    out->addresses = in + AT_PORTS + 2 * out->core_count;
    out->name = (const char *) out->addresses + 16 * out->address_count;
    return size == AT_PORTS + 2 * out->core_count + 16 * out->address_count + out->name_size;
}

/* References to the tasks of a core carry its address, and the first bytes of its node. */
static bool
is_home(const uint8_t *in)
{
    cy_ref home = cyi_wire_get_ref(in + AT_HOME);
    return cyi_wire_address_ok(home.address) && home.port != 0 && home.node != 0 &&
           home.node == cyi_get32(in + AT_INCARNATION) &&
           home.core == cyi_get16(in + AT_CORE) && home.slot == 0 && home.generation == 0;
}

static bool
are_flags(uint8_t flags)
{
    return (flags & ~(STREAM | MEET | FILES)) == 0 &&
           (flags & (MEET | FILES)) != (MEET | FILES);
}

static bool
is_intro(const uint8_t *in, const struct parts *parts)
{
    if (cyi_get16(in + AT_CORE) >= parts->core_count || cyi_get32(in + AT_NEXT) == 0 ||
        !are_flags(in[AT_FLAGS]) || in[AT_ZERO] != 0 || !is_home(in))
        return false;
    for (size_t i = 0; i < parts->core_count; i++)
        if (cyi_get16(in + AT_PORTS + 2 * i) == 0)
            return false;
    for (size_t i = 0; i < parts->address_count; i++)
        if (!cyi_wire_address_ok(parts->addresses + 16 * i))
            return false;
    return parts->name_size == 0 || cyi_wire_name_ok(parts->name, parts->name_size);
}

int
cyi_intro_read(struct cyi_intro *out, const uint8_t *in, size_t size)
{
    struct parts parts;
    if (!find_parts(&parts, in, size) || !is_intro(in, &parts))
        return -EBADMSG;
    memset(out, 0, sizeof *out);
    memcpy(out->incarnation, in + AT_INCARNATION, sizeof out->incarnation);
    out->core = cyi_get16(in + AT_CORE);
    out->core_count = (uint16_t) parts.core_count;
    out->life = cyi_get32(in + AT_LIFE);
    out->next = cyi_get32(in + AT_NEXT);
    out->features = cyi_get32(in + AT_FEATURES);
    out->stream = (in[AT_FLAGS] & STREAM) != 0;
    out->meet = (in[AT_FLAGS] & MEET) != 0;
    out->file = (in[AT_FLAGS] & FILES) != 0;
    out->session = cyi_get64(in + AT_SESSION);
    out->home = cyi_wire_get_ref(in + AT_HOME);
    out->name_size = (uint8_t) parts.name_size;
    memcpy(out->name, parts.name, parts.name_size);
    out->address_count = (uint8_t) parts.address_count;
    memcpy(out->addresses, parts.addresses, 16 * parts.address_count);
    for (size_t i = 0; i < parts.core_count; i++)
        out->ports[i] = cyi_get16(in + AT_PORTS + 2 * i);
    return 0;
}
