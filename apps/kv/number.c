/* number.c - numbers in text, read and written the way Redis does it. */
#include "number.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads digits of a number that does not start with 0; false on overflow or another byte. */
static bool
digits_read(uint64_t *out, const char *text, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++) {
        unsigned digit = (unsigned) (unsigned char) text[i] - '0';
        if (digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, digit, &value))
            return false;
    }
    *out = value;
    return true;
}

bool
kv_integer_read(int64_t *out, const char *text, size_t bytes)
{
    if (bytes == 0 || bytes > KV_INTEGER_TEXT_MAX)
        return false;
    if (bytes == 1 && text[0] == '0') {
        *out = 0;
        return true;
    }
    bool negative = text[0] == '-';
    text += negative;
    bytes -= negative;
    uint64_t value;
    if (bytes == 0 || text[0] == '0' || !digits_read(&value, text, bytes))
        return false;
    if (value > (uint64_t) INT64_MAX + negative)
        return false;
    *out = negative ? (int64_t) (0 - value) : (int64_t) value;
    return true;
}

size_t
kv_unsigned_write(char text[KV_INTEGER_TEXT_MAX], uint64_t value)
{
    char reversed[KV_INTEGER_TEXT_MAX];
    size_t count = 0;
    size_t bytes = 0;

    do {
        reversed[count++] = (char) ('0' + value % 10);
        value /= 10;
    } while (value != 0);
    while (count > 0)
        text[bytes++] = reversed[--count];
    return bytes;
}

size_t
kv_integer_write(char text[KV_INTEGER_TEXT_MAX], int64_t value)
{
    if (value >= 0)
        return kv_unsigned_write(text, (uint64_t) value);
    char digits[KV_INTEGER_TEXT_MAX];
    size_t bytes = kv_unsigned_write(digits, 0 - (uint64_t) value);
    text[0] = '-';
    memcpy(text + 1, digits, bytes);
    return bytes + 1;
}

bool
kv_cursor_read(uint64_t *out, const char *text, size_t bytes)
{
    uint64_t value;
    bytes = strnlen(text, bytes);
    bool sign = bytes > 0 && (text[0] == '-' || text[0] == '+');

    if (sign && bytes == 1)
        return false;
    if (!digits_read(&value, text + sign, bytes - sign))
        return false;
    *out = sign && text[0] == '-' ? 0 - value : value;
    return true;
}

bool
kv_float_read(long double *out, const char *text, size_t bytes)
{
    char copy[KV_FLOAT_TEXT_MAX]; /* strtold() wants a terminator */
    if (bytes == 0 || bytes >= sizeof copy || isspace((unsigned char) text[0]))
        return false;
    memcpy(copy, text, bytes);
    copy[bytes] = '\0';

    char *end;
    errno = 0;
    long double value = strtold(copy, &end);
    bool out_of_range = errno == ERANGE && (isinf(value) || value == 0);
    if ((size_t) (end - copy) != bytes || out_of_range || isnan(value))
        return false;
    *out = value;
    return true;
}

size_t
kv_float_write(char text[KV_FLOAT_TEXT_MAX], long double value)
{
    int length = snprintf(text, KV_FLOAT_TEXT_MAX, "%.17Lf", value);
    size_t bytes = length < 0 ? 0 : (size_t) length;

    if (memchr(text, '.', bytes) != NULL) {
        while (text[bytes - 1] == '0')
            bytes--;
        if (text[bytes - 1] == '.')
            bytes--;
    }
    if (bytes == 2 && memcmp(text, "-0", 2) == 0) {
        text[0] = '0';
        bytes = 1;
    }
    return bytes;
}
