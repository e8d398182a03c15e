/* address.c - numeric addresses to and from text. */
#include "socket.h"
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

socklen_t
cyi_address_size(const cy_address *address)
{
    switch (address->u.any.sa_family) {
    case AF_INET:
        return sizeof address->u.v4;
    case AF_INET6:
        return sizeof address->u.v6;
    default:
        return 0;
    }
}

/* Decimal digits only, so no sign, no blank and no 0x as strtoul() would take. */
static int
parse_number(uint32_t *out, const char *text, uint32_t max)
{
    uint64_t n = 0;
    if (*text == '\0')
        return -EINVAL;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return -EINVAL;
        n = n * 10 + (uint64_t) (*text - '0');
        if (n > max)
            return -EINVAL;
    }
    *out = (uint32_t) n;
    return 0;
}

/* The interface of a link-local address, by number or by name. */
static int
parse_scope(uint32_t *out, const char *text)
{
    if (parse_number(out, text, UINT32_MAX) == 0)
        return 0;
    *out = if_nametoindex(text);
    return *out != 0 ? 0 : -EINVAL;
}

int
cyi_address_parse_host(cy_address *out, const char *text, uint16_t port)
{
    char host[CY_ADDRESS_TEXT_MAX], *scope;
    cy_address address = {0};
    size_t length = strlen(text);
    if (length >= sizeof host)
        return -EINVAL;
    memcpy(host, text, length + 1);
    if (inet_pton(AF_INET, host, &address.u.v4.sin_addr) == 1) {
        address.u.any.sa_family = AF_INET;
    } else {
        if ((scope = strchr(host, '%')) != NULL)
            *scope++ = '\0';
        if (inet_pton(AF_INET6, host, &address.u.v6.sin6_addr) != 1)
            return -EINVAL;
        if (scope != NULL && parse_scope(&address.u.v6.sin6_scope_id, scope) < 0)
            return -EINVAL;
        address.u.any.sa_family = AF_INET6;
    }
    address.u.v4.sin_port = htons(port); /* IPv6 has it in the same place */
    *out = address;
    return 0;
}

/*
 * Splits "[host]:port", "[host]", "v4:port" or a bare host, by ending the host with a zero.
 * Two colons without brackets are an IPv6 address, which then has no port.
 */
static int
split_port(char **host, char **port)
{
    char *text = *host, *colon = strchr(text, ':');
    *port = NULL;
    if (*text == '[') {
        char *end = strchr(text, ']');
        if (end == NULL || (end[1] != '\0' && end[1] != ':'))
            return -EINVAL;
        *end = '\0';
        *host = text + 1;
        if (strchr(*host, ':') == NULL) /* brackets are for IPv6 only */
            return -EINVAL;
        if (end[1] == ':')
            *port = end + 2;
    } else if (colon != NULL && strchr(colon + 1, ':') == NULL) {
        *colon = '\0';
        *port = colon + 1;
    }
    return 0;
}

int
cy_address_parse(cy_address *out, const char *text, uint16_t port)
{
    char copy[CY_ADDRESS_TEXT_MAX], *host = copy, *port_text;
    uint32_t number = port;
    size_t length = strlen(text);
    if (length >= sizeof copy)
        return -EINVAL;
    memcpy(copy, text, length + 1);
    int r = split_port(&host, &port_text);
    if (r == 0 && port_text != NULL)
        r = parse_number(&number, port_text, UINT16_MAX);
    return r == 0 ? cyi_address_parse_host(out, host, (uint16_t) number) : r;
}

/* The scope as a number: it can be read back even when the interface is gone. */
int
cy_address_format(char *text, size_t size, const cy_address *address)
{
    char host[INET6_ADDRSTRLEN] = "", scope[16] = "";
    uint16_t port = ntohs(address->u.v4.sin_port);
    switch (address->u.any.sa_family) {
    case AF_INET:
        inet_ntop(AF_INET, &address->u.v4.sin_addr, host, sizeof host);
        return snprintf(text, size, "%s:%u", host, port);
    case AF_INET6:
        inet_ntop(AF_INET6, &address->u.v6.sin6_addr, host, sizeof host);
        if (address->u.v6.sin6_scope_id != 0)
            snprintf(scope, sizeof scope, "%%%u", address->u.v6.sin6_scope_id);
        return snprintf(text, size, "[%s%s]:%u", host, scope, port);
    default:
        return snprintf(text, size, "?");
    }
}
