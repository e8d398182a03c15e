/* json.c - values as JSON. */
#include "json.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Control characters of all kinds are escaped: C1 is two bytes in UTF-8, c2 80 to c2 9f. */
void
ctl_json_text(FILE *out, const char *text, size_t size)
{
    fputc('"', out);
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char) text[i];
        unsigned char next = i + 1 < size ? (unsigned char) text[i + 1] : 0;
        if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c == '\n')
            fputs("\\n", out);
        else if (c < 0x20 || c == 0x7f)
            fprintf(out, "\\u%04x", c);
        else if (c == 0xc2 && next >= 0x80 && next < 0xa0)
            fprintf(out, "\\u%04x", text[++i] & 0xff);
        else
            fputc(c, out);
    }
    fputc('"', out);
}

static void
put_hex(FILE *out, cy_value_reader *r)
{
    const void *bytes = NULL;
    size_t size = 0;
    (void) !cy_value_get_bytes(r, &bytes, &size);
    fputc('"', out);
    for (size_t i = 0; i < size; i++)
        fprintf(out, "%02x", ((const uint8_t *) bytes)[i]);
    fputc('"', out);
}

static void
put_text(FILE *out, cy_value_reader *r)
{
    const char *text = "";
    size_t size = 0;
    (void) !cy_value_get_text(r, &text, &size);
    ctl_json_text(out, text, size);
}

static void
put_ref(FILE *out, cy_value_reader *r)
{
    char text[CY_REF_TEXT_MAX];
    cy_ref ref = CY_NOBODY;
    (void) !cy_value_get_ref(r, &ref);
    cy_ref_format(text, sizeof text, ref);
    ctl_json_text(out, text, strlen(text));
}

/* Below -2^63: a head of nine bytes, 3b and n, for -1 - n. */
static void
put_far_below(FILE *out, cy_value_reader *r)
{
    const void *bytes = "";
    size_t size = 0;
    uint64_t n = 0;
    (void) !cy_value_get_encoded(r, &bytes, &size);
    for (size_t i = 1; i < size; i++)
        n = n << 8 | ((const uint8_t *) bytes)[i];
    if (n == UINT64_MAX)
        fputs("-18446744073709551616", out);
    else
        fprintf(out, "-%" PRIu64, n + 1);
}

static void
put_int(FILE *out, cy_value_reader *r)
{
    int64_t small;
    uint64_t large;
    if (cy_value_get_int(r, &small) == 0)
        fprintf(out, "%" PRId64, small);
    else if (cy_value_get_uint(r, &large) == 0)
        fprintf(out, "%" PRIu64, large);
    else
        put_far_below(out, r);
}

static void
put_double(FILE *out, cy_value_reader *r)
{
    double value = 0;
    (void) !cy_value_get_double(r, &value);
    if (isfinite(value))
        fprintf(out, "%.17g", value);
    else
        fputs("null", out);
}

static void
put_bool(FILE *out, cy_value_reader *r)
{
    bool value = false;
    (void) !cy_value_get_bool(r, &value);
    fputs(value ? "true" : "false", out);
}

static void
put_list(FILE *out, cy_value_reader *r)
{
    cy_value_reader items = {0};
    (void) !cy_value_get_list(r, &items);
    fputc('[', out);
    for (bool first = true; cy_value_peek(&items) != CY_VALUE_NONE; first = false) {
        if (!first)
            fputs(", ", out);
        ctl_json_value(out, &items);
    }
    fputc(']', out);
}

static void
put_key(FILE *out, cy_value_reader *r)
{
    bool number = cy_value_peek(r) == CY_VALUE_INT;
    if (number)
        fputc('"', out);
    ctl_json_value(out, r);
    fputs(number ? "\": " : ": ", out);
}

static void
put_map(FILE *out, cy_value_reader *r)
{
    cy_value_reader items = {0};
    (void) !cy_value_get_map(r, &items);
    fputc('{', out);
    for (bool first = true; cy_value_peek(&items) != CY_VALUE_NONE; first = false) {
        if (!first)
            fputs(", ", out);
        put_key(out, &items);
        ctl_json_value(out, &items);
    }
    fputc('}', out);
}

void
ctl_json_value(FILE *out, cy_value_reader *r)
{
    static void (*const PUT[])(FILE * out, cy_value_reader * r) = {
        [CY_VALUE_BOOL] = put_bool, [CY_VALUE_INT] = put_int,   [CY_VALUE_DOUBLE] = put_double,
        [CY_VALUE_TEXT] = put_text, [CY_VALUE_BYTES] = put_hex, [CY_VALUE_REF] = put_ref,
        [CY_VALUE_LIST] = put_list, [CY_VALUE_MAP] = put_map,
    };
    enum cy_value_type type = cy_value_peek(r);
    if (type == CY_VALUE_NIL || type == CY_VALUE_NONE) {
        (void) !cy_value_skip(r);
        fputs("null", out);
        return;
    }
    PUT[type](out, r);
}

void
ctl_json_rows(FILE *out, const struct ctl_rows *rows)
{
    fputs("[", out);
    for (size_t i = 0; i < rows->count; i++) {
        cy_value_reader body;
        fputs(i == 0 ? "\n " : ",\n ", out);
        if (cy_value_reader_init(&body, rows->row[i].bytes, rows->row[i].size) == 0)
            ctl_json_value(out, &body);
    }
    fputs(rows->count > 0 ? "\n]\n" : "]\n", out);
}
