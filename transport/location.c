/* location.c - where a core is reached: as text, as an address, as bytes on the wire. */
#include "member_table.h"
#include "net.h"
#include <arpa/inet.h>
#include <cycos/peer.h>
#include <string.h>

static const uint8_t V4_PREFIX[12] = {[10] = 0xff, [11] = 0xff};

void
cyi_address_to_wire(uint8_t *out, const cy_address *address)
{
    memset(out, 0, 16);
    if (address->u.any.sa_family == AF_INET6) {
        memcpy(out, &address->u.v6.sin6_addr, 16);
    } else if (address->u.any.sa_family == AF_INET) {
        memcpy(out, V4_PREFIX, sizeof V4_PREFIX);
        memcpy(out + 12, &address->u.v4.sin_addr, 4);
    }
}

void
cyi_address_from_wire(cy_address *out, const uint8_t *in, uint16_t port)
{
    memset(out, 0, sizeof *out);
    if (memcmp(in, V4_PREFIX, sizeof V4_PREFIX) == 0) {
        out->u.any.sa_family = AF_INET;
        memcpy(&out->u.v4.sin_addr, in + 12, 4);
    } else {
        out->u.any.sa_family = AF_INET6;
        memcpy(&out->u.v6.sin6_addr, in, 16);
    }
    out->u.v4.sin_port = htons(port); /* IPv6 has it in the same place */
}

bool
cyi_address_is_loopback(const uint8_t *wire)
{
    static const uint8_t v6[16] = {[15] = 1};
    return memcmp(wire, v6, sizeof v6) == 0 ||
           (memcmp(wire, V4_PREFIX, sizeof V4_PREFIX) == 0 && wire[12] == 127);
}

int
cy_location_resolve(cy_location *out, const char *host, uint16_t port, cy_time deadline)
{
    cy_address address;
    int rc = cy_address_resolve(&address, host, port, deadline);
    if (rc != 0)
        return rc;
    cyi_address_to_wire(out->address, &address);
    out->port = port;
    return 0;
}

int
cy_location_format(char *text, size_t size, const cy_location *location)
{
    cy_address address;
    cyi_address_from_wire(&address, location->address, location->port);
    return cy_address_format(text, size, &address);
}

cy_location
cy_ref_location(cy_ref ref)
{
    cy_location location = {.port = ref.port};
    memcpy(location.address, ref.address, sizeof location.address);
    return location;
}

cy_location
cy_self_location(void)
{
    return cy_ref_location(cyi_current()->home);
}
