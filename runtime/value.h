/* value.h - the encoding under cy_value: heads, floats, UTF-8, the order of keys. */
#ifndef CYI_VALUE_H
#define CYI_VALUE_H

#include <cycos/value.h>
#include <endian.h>
#include <string.h>

/* The first three bits of an encoded value (RFC 8949, section 3.1). */
enum cyi_value_major {
    CYI_VALUE_UINT,
    CYI_VALUE_NEGATIVE, /* -1 - the head's value */
    CYI_VALUE_BYTES,
    CYI_VALUE_TEXT,
    CYI_VALUE_LIST,
    CYI_VALUE_MAP,
    CYI_VALUE_TAG,
    CYI_VALUE_SIMPLE, /* false, true, nil and floats */
};

/* The five bits after it; below 24 they are the head's value themselves. */
enum {
    CYI_VALUE_FALSE = 20,
    CYI_VALUE_TRUE = 21,
    CYI_VALUE_NULL = 22,
    CYI_VALUE_IN_1 = 24, /* the value follows in 1, 2, 4 or 8 bytes */
    CYI_VALUE_IN_2 = 25,
    CYI_VALUE_IN_4 = 26,
    CYI_VALUE_IN_8 = 27,
};

enum {
    CYI_VALUE_HEAD_MAX = 9,
    CYI_VALUE_REF_BYTES = 32,
    CYI_VALUE_REF_HEAD = 7, /* the tag and the head of the byte string in it */
};

struct cyi_value_head {
    uint64_t value;
    unsigned major, info;
};

/*
 * The value behind a head's first byte, whose low bits say 24 to 31. NULL: cut off, longer than
 * needed, reserved. Loads of fixed sizes: half of the time of reading went into a loop here.
 */
static inline const uint8_t *
cyi_value_long_head(struct cyi_value_head *head, const uint8_t *at, const uint8_t *end)
{
    size_t room = (size_t) (end - at);
    uint64_t least, eight;
    uint32_t four;
    uint16_t two;
    switch (head->info) {
    case CYI_VALUE_IN_1:
        if (room < 1)
            return NULL;
        head->value = *at;
        least = CYI_VALUE_IN_1;
        at += 1;
        break;
    case CYI_VALUE_IN_2:
        if (room < sizeof two)
            return NULL;
        memcpy(&two, at, sizeof two);
        head->value = be16toh(two);
        least = UINT8_MAX + 1;
        at += sizeof two;
        break;
    case CYI_VALUE_IN_4:
        if (room < sizeof four)
            return NULL;
        memcpy(&four, at, sizeof four);
        head->value = be32toh(four);
        least = UINT16_MAX + 1;
        at += sizeof four;
        break;
    case CYI_VALUE_IN_8:
        if (room < sizeof eight)
            return NULL;
        memcpy(&eight, at, sizeof eight);
        head->value = be64toh(eight);
        least = (uint64_t) UINT32_MAX + 1;
        at += sizeof eight;
        break;
    default:
        return NULL; /* reserved, or an indefinite length */
    }
    return head->value >= least || head->major == CYI_VALUE_SIMPLE ? at : NULL;
}

/* Read the head at `at`. Returns what follows it, or NULL when it is malformed. */
static inline const uint8_t *
cyi_value_head(struct cyi_value_head *head, const uint8_t *at, const uint8_t *end)
{
    if (at == end)
        return NULL;
    head->major = *at >> 5;
    head->info = *at & 31;
    head->value = head->info;
    if (head->info < CYI_VALUE_IN_1)
        return at + 1;
    return cyi_value_long_head(head, at + 1, end);
}

/* Bytes that the shortest head of this value takes. */
static inline size_t
cyi_value_head_size(uint64_t value)
{
    if (value < CYI_VALUE_IN_1)
        return 1;
    return value <= UINT8_MAX ? 2 : value <= UINT16_MAX ? 3 : value <= UINT32_MAX ? 5 : 9;
}

/* Write a head of the size that cyi_value_head_size() gives for it; returns what follows. */
static inline uint8_t *
cyi_value_head_put(uint8_t *at, unsigned major, uint64_t value, size_t size)
{
    uint64_t big = htobe64(value);
    const uint8_t *bytes = (const uint8_t *) &big;
    *at = (uint8_t) (major << 5);
    switch (size) {
    case 1:
        *at |= (uint8_t) value;
        break;
    case 2:
        *at |= CYI_VALUE_IN_1;
        at[1] = (uint8_t) value;
        break;
    case 3:
        *at |= CYI_VALUE_IN_2;
        memcpy(at + 1, bytes + 6, 2);
        break;
    case 5:
        *at |= CYI_VALUE_IN_4;
        memcpy(at + 1, bytes + 4, 4);
        break;
    default:
        *at |= CYI_VALUE_IN_8;
        memcpy(at + 1, bytes, 8);
        break;
    }
    return at + size;
}

/* Behind `count` values; NULL when they are cut off. Well-formed ones: looks at heads only. */
const uint8_t *cyi_value_over(const uint8_t *at, const uint8_t *end, uint64_t count);

/* Is this one value, with at most so many lists and maps around the innermost? */
CY_MUST_CHECK int cyi_value_check(const uint8_t *body, size_t size, unsigned depth_max);

/* Bytewise order of encodings; none is the beginning of another. 0: the same. */
static inline int
cyi_value_compare(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size)
{
    if (*a != *b)
        return *a - *b;
    return memcmp(a, b, a_size < b_size ? a_size : b_size);
}

/*
 * Put the entries of one map, which lie back to back, into the order of their keys.
 * -EEXIST two keys are the same, -ENOMEM; the order is undefined then.
 */
CY_MUST_CHECK int cyi_value_sort(uint8_t *entries, size_t size);

/* No overlong forms, no surrogates, nothing beyond U+10FFFF; NUL is a character. */
bool cyi_utf8_valid(const uint8_t *text, size_t size);

/* The shortest float that holds the value: bits, and how many bytes (2, 4 or 8) they are. */
size_t cyi_float_shortest(uint64_t *bits, double value);

/* The value of a float of 2, 4 or 8 bytes. */
double cyi_float_value(uint64_t bits, size_t size);

#endif
