/* options_check.c - one option: what its field may hold, and what to say when it does not. */
#include "options.h"
#include "size.h"
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

enum { SHOWN_MAX = 60 }; /* bytes of a bad value that a message shows */

/* Quotes a value for a message: one line of printable ASCII, however long or odd it is. */
static size_t
quote(char *out, size_t size, const char *value)
{
    size_t n = 0, shown = 0;
    out[n++] = '\'';
    for (; *value != '\0' && shown < SHOWN_MAX && n + 10 < size; value++, shown++) {
        unsigned char c = (unsigned char) *value;
        if (c >= ' ' && c < 0x7f)
            out[n++] = (char) c;
        else
            n += (size_t) snprintf(out + n, size - n, "\\x%02x", c);
    }
    n += (size_t) snprintf(out + n, size - n, "%s' ", *value != '\0' ? "..." : "");
    return n;
}

int
cyi_option_fail(struct cyi_option_reader *reader, const char *value, const char *why, ...)
{
    char *out = reader->options->error;
    size_t size = sizeof reader->options->error;
    size_t n = (size_t) snprintf(out, size / 2, "%.240s: ", reader->where);
    if (value != NULL)
        n += quote(out + n, size - n, value);
    va_list args;
    va_start(args, why);
    vsnprintf(out + n, size - n, why, args);
    va_end(args);
    for (char *p = out; *p != '\0'; p++)
        if ((unsigned char) *p < ' ' || *p == 0x7f)
            *p = '?'; /* from the name of a file */
    return -EINVAL;
}

static int
choice_count(const char *choices)
{
    int count = 1;
    for (; *choices != '\0'; choices++)
        count += *choices == '|';
    return count;
}

/* Says what a number, size or duration should have been. */
int
cyi_option_fail_range(struct cyi_option_reader *reader, const struct cy_option *option,
                      const char *value)
{
    char min[CYI_SIZE_TEXT_MAX], max[CYI_SIZE_TEXT_MAX];
    switch (option->type) {
    case CY_OPTION_SIZE:
        cyi_size_format(min, (uint64_t) option->min);
        cyi_size_format(max, (uint64_t) option->max);
        return cyi_option_fail(reader, value, "is not a size from %s to %s", min, max);
    case CY_OPTION_DURATION:
        cyi_duration_format(min, option->min);
        cyi_duration_format(max, option->max);
        return cyi_option_fail(reader, value,
                               "is not a duration from %s to %s with its unit, such as 250us",
                               min, max);
    default:
        return cyi_option_fail(reader, value, "is not a number from %" PRId64 " to %" PRId64,
                               option->min, option->max);
    }
}

int
cyi_option_fail_choice(struct cyi_option_reader *reader, const struct cy_option *option,
                       const char *value)
{
    char text[200];
    size_t n = 0;
    for (const char *p = option->choices; *p != '\0' && n + 3 < sizeof text; p++) {
        if (*p == '|')
            text[n++] = ',';
        text[n++] = *p == '|' ? ' ' : *p;
    }
    text[n] = '\0';
    return cyi_option_fail(reader, value, "is not one of %s", text);
}

/* A string, or one item of a list. */
int
cyi_option_check_text(struct cyi_option_reader *reader, const struct cy_option *option,
                      const char *value)
{
    int64_t min = option->type == CY_OPTION_LIST ? 1 : option->min;
    int64_t max = option->type == CY_OPTION_LIST ? CY_OPTION_VALUE_MAX : option->max;
    int64_t bytes = (int64_t) strlen(value);
    if (bytes == 0 && min > 0)
        return cyi_option_fail(reader, NULL, "the value is empty");
    if (bytes < min || bytes > max)
        return cyi_option_fail(reader, value,
                               "has %" PRId64 " bytes instead of %" PRId64 " to %" PRId64,
                               bytes, min, max);
    char why[160] = "is not valid";
    if (option->check != NULL && option->check(why, sizeof why, value) < 0)
        return cyi_option_fail(reader, value, "%s", why);
    return 0;
}

void
cyi_option_text(const struct cy_option *option, const void *target, char *text)
{
    const void *field = (const char *) target + option->offset;
    const char *word = option->choices;
    switch (option->type) {
    case CY_OPTION_SWITCH:
        snprintf(text, CYI_OPTION_TEXT_MAX, "%s", *(const bool *) field ? "yes" : "no");
        return;
    case CY_OPTION_NUMBER:
        snprintf(text, CYI_OPTION_TEXT_MAX, "%" PRIu32, *(const uint32_t *) field);
        return;
    case CY_OPTION_SIZE:
        cyi_size_format(text, *(const uint64_t *) field);
        return;
    case CY_OPTION_DURATION:
        cyi_duration_format(text, *(const cy_time *) field);
        return;
    case CY_OPTION_CHOICE:
        for (int i = *(const int *) field; i > 0 && strchr(word, '|') != NULL; i--)
            word = strchr(word, '|') + 1;
        snprintf(text, CYI_OPTION_TEXT_MAX, "%.*s", (int) strcspn(word, "|"), word);
        return;
    default:
        text[0] = '\0';
    }
}

static int
check_list(struct cyi_option_reader *reader, const struct cy_option *option,
           const struct cy_option_list *list)
{
    int64_t most = option->max < CY_OPTION_LIST_MAX ? option->max : CY_OPTION_LIST_MAX;
    if (list->count > most)
        return cyi_option_fail(reader, NULL, "more than %" PRId64 " items", most);
    if (list->count > 0 && list->items == NULL)
        return cyi_option_fail(reader, NULL, "a count but no items");
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->items[i] == NULL)
            return cyi_option_fail(reader, NULL, "item %" PRIu32 " is NULL", i);
        int rc = cyi_option_check_text(reader, option, list->items[i]);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int
check_number(struct cyi_option_reader *reader, const struct cy_option *option,
             const void *target, int64_t value)
{
    char text[CYI_OPTION_TEXT_MAX];
    if (cyi_option_in_range(option, value))
        return 0;
    cyi_option_text(option, target, text);
    return cyi_option_fail_range(reader, option, value < 0 ? "less than 0" : text);
}

int
cyi_option_check(struct cyi_option_reader *reader, struct cyi_option_at at)
{
    const struct cy_option *option = cyi_option_of(reader, at);
    const void *target = reader->sets[at.set].target;
    const void *field = cyi_option_field(reader, at);
    const char *text;
    switch (option->type) {
    case CY_OPTION_SWITCH:
        return 0;
    case CY_OPTION_NUMBER:
        return check_number(reader, option, target, *(const uint32_t *) field);
    case CY_OPTION_CHOICE:
        if (*(const int *) field >= 0 && *(const int *) field < choice_count(option->choices))
            return 0;
        return cyi_option_fail_choice(reader, option, "this number");
    case CY_OPTION_STRING:
        text = *(const char *const *) field;
        return text == NULL ? 0 : cyi_option_check_text(reader, option, text);
    case CY_OPTION_LIST:
        return check_list(reader, option, field);
    default:
        return check_number(reader, option, target, *(const int64_t *) field);
    }
}
