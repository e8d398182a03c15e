/* units.c - durations, counts and sizes as people write and read them. */
#include "units.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit {
    const char *name;
    double factor;
};

/* Longer names first: "ms" must not be read as "m" and a stray "s". */
static const struct unit durations[] = {{"ns", 1},   {"us", 1e3},   {"ms", 1e6}, {"s", 1e9},
                                        {"m", 6e10}, {"h", 3.6e12}, {NULL, 1e9}};
static const struct unit counts[] = {{"k", 1e3}, {"K", 1e3}, {"M", 1e6}, {"m", 1e6},
                                     {"G", 1e9}, {"g", 1e9}, {NULL, 1}};
static const struct unit bytes[] = {{"kb", 1024}, {"mb", 1048576}, {"gb", 1073741824},
                                    {"k", 1024},  {"m", 1048576},  {"g", 1073741824},
                                    {"b", 1},     {NULL, 1}};

static double
read_unit(const char **cursor, const struct unit *unit)
{
    for (; unit->name != NULL; unit++) {
        size_t length = strlen(unit->name);
        if (strncasecmp(*cursor, unit->name, length) == 0) {
            *cursor += length;
            break;
        }
    }
    return unit->factor;
}

static int
scan(const char **cursor, const struct unit *units, double max, double *out)
{
    const char *at = *cursor;
    if (*at == '-')
        return -ERANGE;
    if (!isdigit((unsigned char) *at) && *at != '.')
        return -EINVAL;
    /* strtod would also take "0x1p3", "inf" and "1e9": only plain decimals are wanted here. */
    size_t length = strspn(at, "0123456789.");
    char number[40];
    if (length >= sizeof number)
        return -ERANGE;
    memcpy(number, at, length);
    number[length] = '\0';
    char *end;
    double value = strtod(number, &end);
    if (*end != '\0' || end == number)
        return -EINVAL;
    at += length;
    value *= read_unit(&at, units);
    if (isalnum((unsigned char) *at))
        return -EINVAL;
    if (value > max)
        return -ERANGE;
    *out = value;
    *cursor = at;
    return 0;
}

int
load_scan_duration(const char **cursor, int64_t *out_ns)
{
    double value;
    int rc = scan(cursor, durations, 9e18, &value);
    if (rc == 0)
        *out_ns = (int64_t) llround(value);
    return rc;
}

int
load_scan_count(const char **cursor, double *out)
{
    return scan(cursor, counts, 1e15, out);
}

int
load_scan_bytes(const char **cursor, uint64_t *out)
{
    double value;
    int rc = scan(cursor, bytes, 1e15, &value);
    if (rc == 0)
        *out = (uint64_t) value;
    return rc;
}

int
load_parse_duration(const char *text, int64_t *out_ns)
{
    int64_t value;
    int rc = load_scan_duration(&text, &value);
    if (rc != 0 || *text != '\0')
        return rc != 0 ? rc : -EINVAL;
    *out_ns = value;
    return 0;
}

int
load_parse_count(const char *text, double *out)
{
    double value;
    int rc = load_scan_count(&text, &value);
    if (rc != 0 || *text != '\0')
        return rc != 0 ? rc : -EINVAL;
    *out = value;
    return 0;
}

int
load_parse_bytes(const char *text, uint64_t *out)
{
    uint64_t value;
    int rc = load_scan_bytes(&text, &value);
    if (rc != 0 || *text != '\0')
        return rc != 0 ? rc : -EINVAL;
    *out = value;
    return 0;
}

/* Three significant digits, but never "1e+03": digits behind the point as far as they fit. */
static char *
format(char *text, double value, const char *unit)
{
    double size = fabs(value);
    int digits = size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;
    if (value == floor(value) && size < 1000)
        digits = 0;
    snprintf(text, LOAD_UNIT_TEXT_MAX, "%.*f%s", digits, value, unit);
    return text;
}

char *
load_format_duration(char text[LOAD_UNIT_TEXT_MAX], double ns)
{
    double size = fabs(ns);
    if (size < 999.5)
        return format(text, ns, "ns");
    if (size < 999.5e3)
        return format(text, ns / 1e3, "us");
    if (size < 999.5e6)
        return format(text, ns / 1e6, "ms");
    return format(text, ns / 1e9, "s");
}

char *
load_format_count(char text[LOAD_UNIT_TEXT_MAX], double count)
{
    double size = fabs(count);
    if (size < 999.5)
        return format(text, count, "");
    if (size < 999.5e3)
        return format(text, count / 1e3, "k");
    if (size < 999.5e6)
        return format(text, count / 1e6, "M");
    return format(text, count / 1e9, "G");
}

char *
load_format_bytes(char text[LOAD_UNIT_TEXT_MAX], double size)
{
    static const char *const names[] = {" B", " KiB", " MiB", " GiB", " TiB"};
    size_t i = 0;
    while (fabs(size) >= 1023.5 && i < 4) {
        size /= 1024;
        i++;
    }
    return format(text, size, names[i]);
}
