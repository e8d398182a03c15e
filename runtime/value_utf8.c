/* value_utf8.c - is it UTF-8 (RFC 3629)? */
#include "value.h"

/* How many bytes from the start are ASCII, in steps of 8. */
static size_t
ascii(const uint8_t *text, size_t size)
{
    size_t at = 0;
    for (uint64_t eight; size - at >= sizeof eight; at += sizeof eight) {
        memcpy(&eight, text + at, sizeof eight);
        if (eight & UINT64_C(0x8080808080808080))
            break;
    }
    return at;
}

/* The bytes of the character here, 0 when there is none. */
static size_t
character(const uint8_t *text, size_t size)
{
    /* What a lead byte allows as second byte; the rest are always 80 to BF. */
    unsigned lead = text[0], low = 0x80, high = 0xbf;
    size_t bytes = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (bytes == 1)
        return 1;
    if (lead < 0xc2 || lead > 0xf4 || size < bytes)
        return 0;
    if (lead == 0xe0)
        low = 0xa0; /* less would be overlong */
    else if (lead == 0xed)
        high = 0x9f; /* more would be surrogates */
    else if (lead == 0xf0)
        low = 0x90; /* less would be overlong */
    else if (lead == 0xf4)
        high = 0x8f; /* more would be beyond U+10FFFF */
    if (text[1] < low || text[1] > high)
        return 0;
    for (size_t i = 2; i < bytes; i++) {
        if (text[i] >> 6 != 2)
            return 0;
    }
    return bytes;
}

bool
cyi_utf8_valid(const uint8_t *text, size_t size)
{
    size_t at = ascii(text, size);
    while (at < size) {
        size_t bytes = character(text + at, size - at);
        if (bytes == 0)
            return false;
        at += bytes;
        if (bytes > 1)
            at += ascii(text + at, size - at);
    }
    return true;
}
