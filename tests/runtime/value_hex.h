/* value_hex.h - bodies in hexadecimal digits, for tests. */
#ifndef CY_TEST_VALUE_HEX_H
#define CY_TEST_VALUE_HEX_H

#include "cy_test.h"
#include <cycos/value.h>
#include <stdio.h>
#include <string.h>

enum { VALUE_BYTES_MAX = 4096 };

struct value_bytes {
    size_t size;
    uint8_t bytes[VALUE_BYTES_MAX];
};

static inline struct value_bytes
value_unhex(const char *hex)
{
    struct value_bytes body = {0};
    unsigned byte;
    for (; sscanf(hex, "%2x", &byte) == 1 && body.size < VALUE_BYTES_MAX; hex += 2)
        body.bytes[body.size++] = (uint8_t) byte;
    return body;
}

static inline int
value_validate_hex(const char *hex)
{
    struct value_bytes body = value_unhex(hex);
    return cy_value_validate(body.bytes, body.size);
}

/* Did the writer, over bytes of its own, succeed and write just this? Says what it wrote. */
static inline bool
value_wrote(cy_value_writer *w, const char *hex)
{
    struct value_bytes want = value_unhex(hex);
    size_t size = 0;
    int rc = cy_value_finish(w, &size);
    if (rc == 0 && size == want.size && memcmp(w->bytes, want.bytes, size) == 0)
        return true;
    printf("\n  wanted %s\n  %s, got ", hex, cy_errname(rc));
    for (size_t i = 0; i < size; i++)
        printf("%02x", w->bytes[i]);
    printf("\n");
    return false;
}

#endif
