/* size.c - numbers with units: "64k", "1.5gb", "250us". */
#include "size.h"
#include <inttypes.h>
#include <string.h>
#include <strings.h>

enum { FRACTION_DIGITS_MAX = 9 };

struct unit {
    const char *name;
    int64_t factor;
};

/* From small to large; of several names of one unit the one to print comes first. */
static const struct unit size_units[] = {
    {"", 1},
    {"b", 1},
    {"k", INT64_C(1) << 10},
    {"kb", INT64_C(1) << 10},
    {"kib", INT64_C(1) << 10},
    {"m", INT64_C(1) << 20},
    {"mb", INT64_C(1) << 20},
    {"mib", INT64_C(1) << 20},
    {"g", INT64_C(1) << 30},
    {"gb", INT64_C(1) << 30},
    {"gib", INT64_C(1) << 30},
    {"t", INT64_C(1) << 40},
    {"tb", INT64_C(1) << 40},
    {"tib", INT64_C(1) << 40},
    {NULL, 0},
};

static const struct unit duration_units[] = {
    {"ns", CY_NANOSECOND}, {"us", CY_MICROSECOND}, {"ms", CY_MILLISECOND},
    {"s", CY_SECOND},      {"m", CY_MINUTE},       {"min", CY_MINUTE},
    {"h", CY_HOUR},        {"d", 24 * CY_HOUR},    {NULL, 0},
};

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* At least one digit; *p moves behind the last. */
static int
parse_digits(const char **p, int64_t *out)
{
    if (!is_digit(**p))
        return -EINVAL;
    bool overflow = false;
    int64_t value = 0;
    for (; is_digit(**p); ++*p) {
        overflow = overflow || __builtin_mul_overflow(value, 10, &value) ||
                   __builtin_add_overflow(value, **p - '0', &value);
    }
    *out = value;
    return overflow ? -ERANGE : 0;
}

int
cyi_number_parse(int64_t *out, const char *text)
{
    int64_t value;
    int rc = parse_digits(&text, &value);
    if (*text != '\0')
        return -EINVAL;
    if (rc == 0)
        *out = value;
    return rc;
}

/* ".25" is 25 of 100; no fraction is 0 of 1. */
static int
parse_fraction(const char **p, int64_t *part, int64_t *whole)
{
    *part = 0;
    *whole = 1;
    if (**p != '.')
        return 0;
    const char *start = ++*p;
    int rc = parse_digits(p, part);
    if (rc < 0 || *p - start > FRACTION_DIGITS_MAX)
        return -EINVAL;
    for (; start < *p; start++)
        *whole *= 10;
    return 0;
}

static const struct unit *
find_unit(const struct unit *units, const char *name)
{
    for (; units->name != NULL; units++)
        if (strcasecmp(units->name, name) == 0)
            return units;
    return NULL;
}

static int
parse_with_unit(int64_t *out, const char *text, const struct unit *units)
{
    int64_t value, part, whole, sum;
    const char *p = text;
    int rc = parse_digits(&p, &value);
    if (rc == -EINVAL || parse_fraction(&p, &part, &whole) < 0)
        return -EINVAL;
    const struct unit *unit = find_unit(units, p);
    if (unit == NULL || (unit->factor == 1 && part != 0))
        return -EINVAL;
    if (rc < 0)
        return rc;
    /* A fraction of a day in nanoseconds passes 64 bits on the way. */
    int64_t rest = (int64_t) ((__int128) part * unit->factor / whole);
    if (__builtin_mul_overflow(value, unit->factor, &sum) ||
        __builtin_add_overflow(sum, rest, &sum))
        return -ERANGE;
    *out = sum;
    return 0;
}

int
cy_size_parse(uint64_t *out, const char *text)
{
    int64_t bytes;
    int rc = parse_with_unit(&bytes, text, size_units);
    if (rc < 0)
        return rc;
    *out = (uint64_t) bytes;
    return 0;
}

int
cy_duration_parse(cy_time *out, const char *text)
{
    cy_time duration = 0;
    if (strcmp(text, "0") != 0) {
        int rc = parse_with_unit(&duration, text, duration_units);
        if (rc < 0)
            return rc;
    }
    if (duration == CY_FOREVER)
        return -ERANGE;
    *out = duration;
    return 0;
}

/* With the largest unit that divides the value. */
static void
format_with_unit(char *text, uint64_t value, const struct unit *units)
{
    const struct unit *best = units;
    for (const struct unit *unit = units; unit->name != NULL; unit++)
        if (unit->factor > best->factor && value % (uint64_t) unit->factor == 0)
            best = unit;
    snprintf(text, CYI_SIZE_TEXT_MAX, "%" PRIu64 "%s", value / (uint64_t) best->factor,
             best->name);
}

void
cyi_size_format(char *text, uint64_t bytes)
{
    if (bytes == 0)
        memcpy(text, "0", 2);
    else
        format_with_unit(text, bytes, size_units);
}

void
cyi_duration_format(char *text, cy_time duration)
{
    if (duration <= 0)
        memcpy(text, "0", 2);
    else
        format_with_unit(text, (uint64_t) duration, duration_units);
}
