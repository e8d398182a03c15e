/* value_format.c - bodies for people: the diagnostic notation of RFC 8949, section 8. */
#include "value.h"
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

/* The text as far as it fits, and how long all of it is. */
struct out {
    char *text;
    size_t size, length;
};

static void
put(struct out *out, const char *bytes, size_t count)
{
    if (out->length + 1 < out->size) {
        size_t room = out->size - 1 - out->length;
        memcpy(out->text + out->length, bytes, count < room ? count : room);
    }
    out->length += count;
}

static void
put_string(struct out *out, const char *string)
{
    put(out, string, strlen(string));
}

static void
put_hex(struct out *out, const uint8_t *bytes, size_t count)
{
    static const char DIGITS[] = "0123456789abcdef";
    put_string(out, "h'");
    size_t room = out->length < out->size ? out->size - out->length : 0;
    size_t shown = count < room / 2 + 1 ? count : room / 2 + 1; /* the rest is only counted */
    for (size_t i = 0; i < shown; i++) {
        char pair[2] = {DIGITS[bytes[i] >> 4], DIGITS[bytes[i] & 15]};
        put(out, pair, sizeof pair);
    }
    out->length += 2 * (count - shown);
    put_string(out, "'");
}

/* What would steer a terminal or end the string: how many bytes it has; 0: nothing of that. */
static size_t
special(const uint8_t *text, size_t size)
{
    if (text[0] < 0x20 || text[0] == 0x7f || text[0] == '"' || text[0] == '\\')
        return 1;
    return text[0] == 0xc2 && size > 1 && text[1] < 0xa0 ? 2 : 0;
}

static void
put_escaped(struct out *out, unsigned character)
{
    static const char PLAIN[] = "\"\\\n\r\t", LETTERS[] = "\"\\nrt";
    const char *plain = character == 0 ? NULL : strchr(PLAIN, (int) character);
    char escape[8];
    if (plain != NULL)
        snprintf(escape, sizeof escape, "\\%c", LETTERS[plain - PLAIN]);
    else
        snprintf(escape, sizeof escape, "\\u%04x", character & 0xff);
    put_string(out, escape);
}

static void
put_text(struct out *out, const uint8_t *text, size_t size)
{
    size_t from = 0;
    put_string(out, "\"");
    for (size_t i = 0; i < size;) {
        size_t bytes = special(text + i, size - i);
        if (bytes == 0) {
            i++;
            continue;
        }
        put(out, (const char *) text + from, i - from);
        put_escaped(out, text[i + bytes - 1]);
        from = i += bytes;
    }
    put(out, (const char *) text + from, size - from);
    put_string(out, "\"");
}

static void
put_integer(struct out *out, const struct cyi_value_head *head)
{
    char digits[24];
    if (head->major == CYI_VALUE_UINT)
        snprintf(digits, sizeof digits, "%" PRIu64, head->value);
    else if (head->value == UINT64_MAX)
        snprintf(digits, sizeof digits, "-18446744073709551616");
    else
        snprintf(digits, sizeof digits, "-%" PRIu64, head->value + 1);
    put_string(out, digits);
}

/* The locale's decimal separator, of one byte or more, becomes a point. */
static void
put_digits(struct out *out, const char *digits)
{
    bool separator = false, whole = true;
    for (; *digits != '\0'; digits++) {
        bool plain = strchr("+-0123456789e", *digits) != NULL;
        if (plain)
            put(out, digits, 1);
        else if (!separator)
            put_string(out, ".");
        separator = !plain;
        whole = whole && plain && *digits != 'e';
    }
    if (whole)
        put_string(out, ".0");
}

/* As many digits as it takes to give the same double again; 17 always do. */
static void
put_double(struct out *out, double value)
{
    char digits[40];
    if (__builtin_isnan(value)) {
        put_string(out, "NaN");
    } else if (__builtin_isinf(value)) {
        put_string(out, value > 0 ? "Infinity" : "-Infinity");
    } else {
        for (int precision = 15; precision <= 17; precision++) {
            snprintf(digits, sizeof digits, "%.*g", precision, value);
            if (strtod(digits, NULL) == value)
                break;
        }
        put_digits(out, digits);
    }
}

static void
put_ref(struct out *out, cy_ref ref)
{
    char text[CY_REF_TEXT_MAX];
    cy_ref_format(text, sizeof text, ref);
    put_string(out, "<");
    put_string(out, text);
    put_string(out, ">");
}

/* A value that holds no others. */
static int
put_scalar(struct out *out, cy_value_reader *r)
{
    struct cyi_value_head head;
    const uint8_t *content = cyi_value_head(&head, r->at, r->end);
    cy_ref ref;
    double number;
    int rc = 0;
    if (content == NULL)
        return -EBADMSG;
    switch (cy_value_peek(r)) {
    case CY_VALUE_INT:
        put_integer(out, &head);
        break;
    case CY_VALUE_TEXT:
        put_text(out, content, (size_t) head.value);
        break;
    case CY_VALUE_BYTES:
        put_hex(out, content, (size_t) head.value);
        break;
    case CY_VALUE_DOUBLE:
        if ((rc = cy_value_get_double(r, &number)) == 0)
            put_double(out, number);
        return rc;
    case CY_VALUE_REF:
        if ((rc = cy_value_get_ref(r, &ref)) == 0)
            put_ref(out, ref);
        return rc;
    case CY_VALUE_BOOL:
        put_string(out, head.info == CYI_VALUE_TRUE ? "true" : "false");
        break;
    default:
        put_string(out, "null");
        break;
    }
    return cy_value_skip(r);
}

static const char *
separator(const cy_value_reader *r, bool first)
{
    if (first)
        return "";
    return r->is_map && r->left % 2 != 0 ? ": " : ", ";
}

static int
put_body(struct out *out, cy_value_reader *body)
{
    cy_value_reader levels[CY_VALUE_DEPTH_MAX + 1] = {*body}, *r = levels;
    bool first = true;
    for (;;) {
        int rc;
        if (r->left == 0) {
            if (r == levels)
                return 0;
            put_string(out, r->is_map ? "}" : "]");
            first = false;
            r--;
            continue;
        }
        put_string(out, separator(r, first));
        enum cy_value_type type = cy_value_peek(r);
        first = type == CY_VALUE_LIST || type == CY_VALUE_MAP;
        if (type == CY_VALUE_LIST)
            rc = cy_value_get_list(r, r + 1);
        else if (type == CY_VALUE_MAP)
            rc = cy_value_get_map(r, r + 1);
        else
            rc = put_scalar(out, r);
        if (rc != 0)
            return rc;
        if (first)
            put_string(out, (++r)->is_map ? "{" : "[");
    }
}

int
cy_value_format(char *text, size_t text_size, const void *body, size_t body_size)
{
    struct out out = {text, text_size, 0};
    cy_value_reader r;
    int rc = cy_value_reader_init(&r, body, body_size);
    if (rc == 0)
        rc = put_body(&out, &r);
    if (rc != 0)
        return rc;
    if (out.size > 0)
        text[out.length < out.size ? out.length : out.size - 1] = '\0';
    return out.length <= INT_MAX ? (int) out.length : -EOVERFLOW;
}
