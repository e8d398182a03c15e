/*
 * log_format.c - the pairs of a line from a printf format and its arguments.
 *
 * The format is cut into words at its own blanks before any argument is looked at, and each
 * word's value is quoted on its own. So what an argument contains cannot end a value. The
 * arguments have to be fetched one by one for that, which is why printf is taken apart here.
 */
#include "log_line.h"
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* A value before quoting. */
struct value {
    size_t bytes;
    bool cut;
    char text[CY_LOG_VALUE_MAX];
};

/* What passes through va_list must do so by address to be used up by several functions. */
struct arguments {
    va_list list;
};

/* One conversion: "%-8.3ld" is flags and numbers "-8.3", length 'l', type 'd'. */
struct conversion {
    char spec[48]; /* '%', flags, width and precision; the length and type are added later */
    size_t bytes;
    int precision; /* -1: none */
    char length;   /* h, H (hh), l, L (ll), z, j, t or 0 */
    char type;
};

static void
value_add(struct value *value, const char *text, size_t bytes)
{
    size_t room = sizeof value->text - value->bytes;
    if (bytes > room) {
        value->cut = true;
        bytes = room;
    }
    memcpy(value->text + value->bytes, text, bytes);
    value->bytes += bytes;
}

static void
spec_add(struct conversion *c, char byte)
{
    /* Flags and digits beyond what any real format has are dropped. */
    if (c->bytes < sizeof c->spec - 3)
        c->spec[c->bytes++] = byte;
}

static void
spec_add_number(struct conversion *c, int number)
{
    char digits[16];
    int bytes = snprintf(digits, sizeof digits, "%d", number);
    for (int i = 0; i < bytes; i++)
        spec_add(c, digits[i]);
}

/* Width or precision: digits, or * for an argument. Returns what follows. */
static const char *
parse_number(struct conversion *c, const char *p, struct arguments *args, int *number)
{
    *number = 0;
    if (*p == '*') {
        *number = va_arg(args->list, int);
        p++;
    } else {
        for (; *p >= '0' && *p <= '9'; p++)
            *number = *number < 100000 ? *number * 10 + (*p - '0') : *number;
    }
    spec_add_number(c, *number);
    return p;
}

/* p is behind the '%'. Returns what follows the conversion. */
static const char *
parse_conversion(struct conversion *c, const char *p, struct arguments *args)
{
    int width;
    *c = (struct conversion){.spec = "%", .bytes = 1, .precision = -1};
    for (; *p != '\0' && strchr("-+ #0", *p) != NULL; p++)
        spec_add(c, *p);
    if (*p == '*' || (*p >= '1' && *p <= '9'))
        p = parse_number(c, p, args, &width);
    if (*p == '.') {
        size_t without = c->bytes;
        spec_add(c, '.');
        p = parse_number(c, p + 1, args, &c->precision);
        /* A negative precision counts as none. */
        if (c->precision < 0)
            c->bytes = without;
    }
    if (*p != '\0' && strchr("hlzjt", *p) != NULL) {
        c->length = *p++;
        if (*p == c->length && (*p == 'h' || *p == 'l'))
            c->length = *p++ == 'h' ? 'H' : 'L';
    }
    c->type = *p;
    return *p != '\0' ? p + 1 : p;
}

static intmax_t
fetch_signed(char length, struct arguments *args)
{
    switch (length) {
    case 'H':
        return (signed char) va_arg(args->list, int);
    case 'h':
        return (short) va_arg(args->list, int);
    case 'l':
        return va_arg(args->list, long);
    case 'L':
        return va_arg(args->list, long long);
    case 'j':
        return va_arg(args->list, intmax_t);
    case 'z': /* ssize_t and ptrdiff_t are one type here */
    case 't':
        return va_arg(args->list, ptrdiff_t);
    default:
        return va_arg(args->list, int);
    }
}

static uintmax_t
fetch_unsigned(char length, struct arguments *args)
{
    switch (length) {
    case 'H':
        return (unsigned char) va_arg(args->list, unsigned);
    case 'h':
        return (unsigned short) va_arg(args->list, unsigned);
    case 'l':
        return va_arg(args->list, unsigned long);
    case 'L':
        return va_arg(args->list, unsigned long long);
    case 'z':
    case 't':
        return va_arg(args->list, size_t);
    case 'j':
        return va_arg(args->list, uintmax_t);
    default:
        return va_arg(args->list, unsigned);
    }
}

static void
add_string(struct value *value, const char *text, int precision)
{
    if (text == NULL)
        text = "(null)";
    /* What does not fit need not be looked at either, one byte more tells that it was cut. */
    size_t most = sizeof value->text + 1;
    if (precision >= 0 && (size_t) precision < most)
        most = (size_t) precision;
    value_add(value, text, strnlen(text, most));
}

/* The spec is put together from a format that the compiler has checked against the call. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void
add_number(struct value *value, struct conversion *c, struct arguments *args)
{
    char text[512]; /* the widest double in %f has 309 digits; wider ones are cut */
    bool integer = strchr("diuxXo", c->type) != NULL;
    if (integer)
        c->spec[c->bytes++] = 'j';
    c->spec[c->bytes++] = c->type;
    c->spec[c->bytes] = '\0';
    int bytes;
    if (!integer)
        bytes = snprintf(text, sizeof text, c->spec, va_arg(args->list, double));
    else if (c->type == 'd' || c->type == 'i')
        bytes = snprintf(text, sizeof text, c->spec, fetch_signed(c->length, args));
    else
        bytes = snprintf(text, sizeof text, c->spec, fetch_unsigned(c->length, args));
    if (bytes >= (int) sizeof text) {
        value->cut = true;
        bytes = (int) sizeof text - 1;
    }
    value_add(value, text, bytes > 0 ? (size_t) bytes : 0);
}
#pragma GCC diagnostic pop

/* False when the arguments cannot be told apart from here on. */
static bool
add_conversion(struct value *value, struct conversion *c, struct arguments *args)
{
    char text[32];
    int bytes;
    switch (c->type) {
    case '%':
        value_add(value, "%", 1);
        return true;
    case 's':
        add_string(value, va_arg(args->list, const char *), c->precision);
        return true;
    case 'c':
        text[0] = (char) va_arg(args->list, int);
        value_add(value, text, 1);
        return true;
    case 'p':
        bytes = snprintf(text, sizeof text, "%p", va_arg(args->list, void *));
        value_add(value, text, (size_t) bytes);
        return true;
    default:
        if (c->type == '\0' || strchr("diuxXofFeEgG", c->type) == NULL)
            return false;
        add_number(value, c, args);
        return true;
    }
}

/* Reads a value up to a blank, or up to the end; returns what follows, NULL to give up. */
static const char *
parse_value(struct value *value, const char *p, bool to_end, struct arguments *args)
{
    value->bytes = 0;
    value->cut = false;
    while (*p != '\0' && (to_end || *p != ' ')) {
        if (*p != '%') {
            value_add(value, p++, 1);
            continue;
        }
        struct conversion c;
        p = parse_conversion(&c, p + 1, args);
        if (!add_conversion(value, &c, args))
            return NULL;
    }
    return p;
}

/* Length of the key in front of p, 0 when the word has none. */
static size_t
key_length(const char *p)
{
    size_t n = strcspn(p, "= %\"");
    return p[n] == '=' ? n : 0;
}

void
cyi_log_line_pairs(struct cyi_log_line *line, const char *format, va_list list)
{
    struct arguments args;
    struct value value;
    va_copy(args.list, list);
    const char *p = format;
    while (p != NULL && !line->truncated) {
        p += strspn(p, " ");
        if (*p == '\0')
            break;
        size_t key = key_length(p);
        const char *next = parse_value(&value, key > 0 ? p + key + 1 : p, key == 0, &args);
        if (key > 0)
            cyi_log_line_pair(line, p, key, value.text, value.bytes);
        else
            cyi_log_line_text(line, "message", value.text, value.bytes);
        line->truncated = line->truncated || value.cut;
        p = next;
    }
    va_end(args.list);
}
