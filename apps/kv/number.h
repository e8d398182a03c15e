/* number.h - numbers in text, read and written the way Redis does it. */
#ifndef KV_NUMBER_H
#define KV_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KV_INTEGER_TEXT_MAX 20   /* "-9223372036854775808" */
#define KV_FLOAT_TEXT_MAX   5120 /* the largest long double has 4933 digits before the point */

/*
 * Reads a 64-bit integer in its one canonical form: no blank, no plus sign, no leading zero.
 * What passes is therefore equal, byte for byte, to what kv_integer_write() makes of it.
 */
bool kv_integer_read(int64_t *out, const char *text, size_t bytes);

/* Writes an integer without a terminator and returns its length. */
size_t kv_integer_write(char text[KV_INTEGER_TEXT_MAX], int64_t value);

size_t kv_unsigned_write(char text[KV_INTEGER_TEXT_MAX], uint64_t value);

/*
 * Reads a cursor of SCAN as strtoul() does it: digits up to the first zero byte, with or
 * without a sign before them. Nothing is 0.
 */
bool kv_cursor_read(uint64_t *out, const char *text, size_t bytes);

/* Reads a long double as strtold() does, but nothing may stand before or after it. */
bool kv_float_read(long double *out, const char *text, size_t bytes);

/* Writes with 17 digits after the point, less the zeroes at the end; returns the length. */
size_t kv_float_write(char text[KV_FLOAT_TEXT_MAX], long double value);

#endif
