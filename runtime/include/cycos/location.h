/* cycos/location.h - where a core is reached; <cycos/peer.h> says what can be done with it. */
#ifndef CYCOS_LOCATION_H
#define CYCOS_LOCATION_H

#include <cycos/base.h>
#include <stdint.h>

CY_BEGIN_DECLS

/* Where a core is reached. Port 0: every core of every node on that host. */
typedef struct cy_location {
    uint8_t address[16]; /* IPv6 or IPv4-mapped, as in cy_ref */
    uint16_t port;       /* TCP, host byte order */
} cy_location;

#define CY_LOCATION_TEXT_MAX 56 /* "[IPv6]:port" and the terminator */

CY_END_DECLS

#endif
