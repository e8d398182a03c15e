/* cycos/address.h - IPv4 and IPv6 addresses. */
#ifndef CYCOS_ADDRESS_H
#define CYCOS_ADDRESS_H

#include <cycos/base.h>
#include <cycos/err.h>
#include <cycos/time.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

CY_BEGIN_DECLS

/* An IPv4 or IPv6 address with its port. */
typedef struct cy_address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } u;
} cy_address;

#define CY_ADDRESS_TEXT_MAX 72 /* "[IPv6%scope]:port" and the terminator */

/**
 * cy_address_parse - read "1.2.3.4:80", "[::1]:80", "1.2.3.4", "::1" or "fe80::1%eth0"
 * @out:  receives the address; untouched on failure
 * @text: the text
 * @port: used when @text names none
 *
 * Context:   any thread; suspends: no; blocks: no
 * Ownership: copies
 * Errors:    -EINVAL
 * Since:     0.1
 */
CY_MUST_CHECK int cy_address_parse(cy_address *out, const char *text, uint16_t port);

/**
 * cy_address_resolve - look up a host name, on the pool
 * @out:      receives its first address; untouched on failure
 * @host:     a name or a numeric address, without a port
 * @port:     put into *@out
 * @deadline: absolute
 *
 * Context:   a task; suspends: yes; blocks: no
 * Ownership: copies
 * Errors:    -ENOENT no such host, -EAGAIN no name server answers, or the pool is full, -EIO
 *            a name server failed, -ENOMEM, -ETIMEDOUT, -ECANCELED. In a simulation no name
 *            exists
 * Since:     0.1
 */
CY_MUST_CHECK int cy_address_resolve(cy_address *out, const char *host, uint16_t port,
                                     cy_time deadline);

/**
 * cy_address_format - print an address as cy_address_parse() reads it
 * @text:    receives the text, always terminated
 * @size:    bytes at @text; CY_ADDRESS_TEXT_MAX is always enough
 * @address: what to print
 *
 * Context:   any thread; suspends: no; blocks: no
 * Ownership: copies
 * Errors:    none; returns the length
 * Since:     0.1
 */
int cy_address_format(char *text, size_t size, const cy_address *address);

CY_END_DECLS

#endif
