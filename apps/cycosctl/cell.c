/* cell.c - a value as the text of a table's cell. */
#include "cell.h"

#include "json.h"

#include <cycos/time.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool
ctl_cell_is_number(enum ctl_cell kind)
{
    return kind != CTL_CELL_TEXT;
}

static bool
controls(const char *text, size_t left)
{
    unsigned char c = (unsigned char) text[0];
    if (c < 0x20 || c == 0x7f)
        return true;
    return c == 0xc2 && left > 1 && ((unsigned char) text[1] & 0xe0) == 0x80;
}

static size_t
character_bytes(const char *text, size_t left)
{
    size_t n = 1;
    while (n < left && ((unsigned char) text[n] & 0xc0) == 0x80)
        n++;
    return n;
}

/* Never cuts a character in two. */
void
ctl_cell_plain(char *out, size_t room, const char *text, size_t size)
{
    size_t used = 0;
    for (size_t at = 0; at < size;) {
        size_t n = character_bytes(text + at, size - at);
        bool bad = controls(text + at, size - at);
        size_t take = bad ? 1 : n;
        if (used + take >= room)
            break;
        memcpy(out + used, bad ? "?" : text + at, take);
        used += take;
        at += n;
    }
    out[used] = '\0';
}

size_t
ctl_cell_width(const char *text)
{
    size_t width = 0;
    for (; *text != '\0'; text++)
        width += ((unsigned char) *text & 0xc0) != 0x80;
    return width;
}

/* Three digits at least, and the largest unit that leaves a number of 1 or more. */
static void
scaled(char *text, size_t size, double value, double base, const char *units)
{
    size_t unit = 0, last = strlen(units) - 1;
    while (unit < last && value >= base) {
        value /= base;
        unit++;
    }
    int digits = unit == 0 || value >= 99.95 ? 0 : 1;
    snprintf(text, size, "%.*f%.1s", digits, value, unit == 0 ? "" : units + unit);
}

void
ctl_format_bytes(char *text, size_t size, double bytes)
{
    scaled(text, size, bytes, 1024, " KMGTPE");
}

void
ctl_format_rate(char *text, size_t size, double rate)
{
    scaled(text, size, rate, 1000, " kMGTPE");
}

void
ctl_format_duration(char *text, size_t size, double ns)
{
    double seconds = ns / (double) CY_SECOND;
    long minutes = (long) (seconds / 60);
    if (ns < 1e3)
        snprintf(text, size, ns > 0 ? "%.0fns" : "0", ns);
    else if (ns < 1e6)
        snprintf(text, size, "%.1fus", ns / 1e3);
    else if (ns < 1e9)
        snprintf(text, size, "%.1fms", ns / 1e6);
    else if (minutes < 2)
        snprintf(text, size, "%.1fs", seconds);
    else if (minutes < 60)
        snprintf(text, size, "%ldm%02.0fs", minutes, floor(seconds - 60.0 * (double) minutes));
    else if (minutes < 48L * 60)
        snprintf(text, size, "%ldh%02ldm", minutes / 60, minutes % 60);
    else
        snprintf(text, size, "%ldd%02ldh", minutes / 1440, minutes / 60 % 24);
}

/* Whatever it is: texts as they are, lists with commas, bytes as digits, the rest as JSON. */
static void
format_any(FILE *out, cy_value_reader *value)
{
    cy_value_reader items;
    const char *text;
    const void *bytes;
    size_t size;
    if (cy_value_peek(value) == CY_VALUE_LIST && cy_value_get_list(value, &items) == 0) {
        for (bool first = true; cy_value_peek(&items) != CY_VALUE_NONE; first = false) {
            if (!first)
                fputc(',', out);
            format_any(out, &items);
        }
    } else if (cy_value_get_text(value, &text, &size) == 0) {
        fwrite(text, 1, size, out);
    } else if (cy_value_get_bytes(value, &bytes, &size) == 0) {
        for (size_t i = 0; i < size; i++)
            fprintf(out, "%02x", ((const uint8_t *) bytes)[i]);
    } else {
        ctl_json_value(out, value);
    }
}

static void
format_text(char *text, cy_value_reader value)
{
    char *made = NULL, ref_text[CY_REF_TEXT_MAX];
    size_t size = 0;
    cy_ref ref;
    text[0] = '\0';
    if (cy_value_get_ref(&value, &ref) == 0) {
        cy_ref_format(ref_text, sizeof ref_text, ref);
        ctl_cell_plain(text, CTL_CELL_MAX, ref_text, strlen(ref_text));
        return;
    }
    FILE *out = open_memstream(&made, &size);
    if (out == NULL)
        return;
    format_any(out, &value);
    if (fclose(out) == 0)
        ctl_cell_plain(text, CTL_CELL_MAX, made, size);
    free(made);
}

void
ctl_cell_format(char *text, enum ctl_cell kind, cy_value_reader value)
{
    enum cy_value_type type = cy_value_peek(&value);
    double number;
    if (type == CY_VALUE_NONE || type == CY_VALUE_NIL) {
        snprintf(text, CTL_CELL_MAX, "-");
        return;
    }
    cy_value_reader copy = value;
    uint64_t count;
    if (kind == CTL_CELL_TEXT || kind == CTL_CELL_COUNT) {
        format_text(text, value);
        return;
    }
    if (cy_value_get_uint(&copy, &count) == 0) {
        number = (double) count;
    } else if (cy_value_get_double(&copy, &number) != 0) {
        format_text(text, value);
        return;
    }
    if (kind == CTL_CELL_BYTES)
        ctl_format_bytes(text, CTL_CELL_MAX, number);
    else if (kind == CTL_CELL_RATE)
        ctl_format_rate(text, CTL_CELL_MAX, number);
    else if (kind == CTL_CELL_DURATION)
        ctl_format_duration(text, CTL_CELL_MAX, number);
    else
        snprintf(text, CTL_CELL_MAX, "%.1f", number);
}
