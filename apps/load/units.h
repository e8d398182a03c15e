/* units.h - durations, counts and sizes as people write and read them. */
#ifndef LOAD_UNITS_H
#define LOAD_UNITS_H

#include <stddef.h>
#include <stdint.h>

/*
 * The scanners read one number with its unit at *cursor and move the cursor behind it; what
 * follows is the caller's affair. They fail with -EINVAL (not a number, unknown unit) or
 * -ERANGE (negative, or too large) and then leave cursor and result alone.
 *
 *   duration  250us 1.5ms 10s 2m 1h; a bare number is seconds
 *   count     1000 50k 1.5M 2G, in powers of 1000
 *   bytes     64 16k 1m 1g, also 1kb 1mb 1gb, in powers of 1024
 */
int load_scan_duration(const char **cursor, int64_t *out_ns);
int load_scan_count(const char **cursor, double *out);
int load_scan_bytes(const char **cursor, uint64_t *out);

/* The same, for a text that holds nothing else. */
int load_parse_duration(const char *text, int64_t *out_ns);
int load_parse_count(const char *text, double *out);
int load_parse_bytes(const char *text, uint64_t *out);

#define LOAD_UNIT_TEXT_MAX 32

/* Three significant digits and a unit: "1.23ms", "45.6k", "789 MiB". They return @text. */
char *load_format_duration(char text[LOAD_UNIT_TEXT_MAX], double ns);
char *load_format_count(char text[LOAD_UNIT_TEXT_MAX], double count);
char *load_format_bytes(char text[LOAD_UNIT_TEXT_MAX], double size);

#endif
