/* args_reader.c - what a method was given, parameter by parameter, and what is wrong. */
#include "args.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
cyi_args_print(char *out, size_t room, const char *text, size_t size)
{
    size_t n = size < room - 1 ? size : room - 1;
    while (n > 0 && n < size && ((unsigned char) text[n] & 0xc0) == 0x80)
        n--; /* not within a character */
    for (size_t i = 0; i < n; i++)
        out[i] = (unsigned char) text[i] < ' ' || text[i] == 0x7f ? '?' : text[i];
    out[n] = '\0';
}

void
cyi_args_reader_init(cy_args_reader *args, cy_value_reader positional, cy_value_reader named)
{
    args->positional = positional;
    args->named = named;
    args->count = (uint32_t) positional.left;
    args->asked = args->taken = 0;
    args->answered = 0;
    args->optional = false;
    args->error = 0;
    args->why[0] = '\0';
}

CY_PRINTF(2, 3)
static void
fail(cy_args_reader *args, const char *format, ...)
{
    va_list list;
    args->error = -EINVAL;
    va_start(list, format);
    vsnprintf(args->why, sizeof args->why, format, list);
    va_end(list);
}

static const char *
type_name(enum cy_value_type type)
{
    static const char *const names[] = {
        [CY_VALUE_NONE] = "nothing", [CY_VALUE_NIL] = "nil",       [CY_VALUE_BOOL] = "bool",
        [CY_VALUE_INT] = "int",      [CY_VALUE_DOUBLE] = "double", [CY_VALUE_TEXT] = "text",
        [CY_VALUE_BYTES] = "bytes",  [CY_VALUE_REF] = "ref",       [CY_VALUE_LIST] = "list",
        [CY_VALUE_MAP] = "map",
    };
    return names[type];
}

/* The entry of that name, in the order of the map; -1: none. Readers do not fail here. */
static int
entry_of(const cy_args_reader *args, const char *name, cy_value_reader *value)
{
    cy_value_reader at = args->named;
    const char *key;
    size_t size, bytes = strlen(name);
    for (int i = 0; cy_value_get_text(&at, &key, &size) == 0; i++) {
        *value = at;
        if (size == bytes && memcmp(key, name, size) == 0)
            return i;
        if (cy_value_skip(&at) != 0)
            break;
    }
    return -1;
}

void
cy_args_optional(cy_args_reader *args)
{
    args->optional = true;
}

/* The next parameter's value; false when there is none, or an error. */
static bool
next(cy_args_reader *args, const char *name, cy_value_reader *value)
{
    if (args->error != 0)
        return false;
    args->asked++;
    int entry = entry_of(args, name, value);
    if (entry >= 0)
        args->answered |= UINT64_C(1) << entry;
    if (args->taken < args->count) {
        *value = args->positional;
        if (cy_value_skip(&args->positional) == 0)
            args->taken++;
        if (entry >= 0) {
            fail(args, "argument %u ('%s'): given with its name and without", args->asked,
                 name);
            return false;
        }
    } else if (entry < 0) {
        if (!args->optional)
            fail(args, "argument %u ('%s'): missing", args->asked, name);
        return false;
    }
    return !args->optional || cy_value_peek(value) != CY_VALUE_NIL;
}

/* Reading it has failed, or not. */
static void
judge(cy_args_reader *args, const char *name, const char *wanted, const cy_value_reader *value,
      int rc)
{
    if (rc == -EOVERFLOW)
        fail(args, "argument %u ('%s'): out of the range of %s", args->asked, name, wanted);
    else if (rc != 0)
        fail(args, "argument %u ('%s'): expected %s, got %s", args->asked, name, wanted,
             type_name(cy_value_peek(value)));
}

void
cy_args_get_int(cy_args_reader *args, const char *name, int64_t *value)
{
    cy_value_reader at;
    if (next(args, name, &at))
        judge(args, name, "int", &at, cy_value_get_int(&at, value));
}

void
cy_args_get_uint(cy_args_reader *args, const char *name, uint64_t *value)
{
    cy_value_reader at;
    if (next(args, name, &at))
        judge(args, name, "uint", &at, cy_value_get_uint(&at, value));
}

void
cy_args_get_double(cy_args_reader *args, const char *name, double *value)
{
    cy_value_reader at;
    if (next(args, name, &at))
        judge(args, name, "double", &at, cy_value_get_double(&at, value));
}

void
cy_args_get_bool(cy_args_reader *args, const char *name, bool *value)
{
    cy_value_reader at;
    if (next(args, name, &at))
        judge(args, name, "bool", &at, cy_value_get_bool(&at, value));
}

void
cy_args_get_ref(cy_args_reader *args, const char *name, cy_ref *value)
{
    cy_value_reader at;
    if (next(args, name, &at))
        judge(args, name, "ref", &at, cy_value_get_ref(&at, value));
}

void
cy_args_get_text(cy_args_reader *args, const char *name, const char **text, size_t *size)
{
    cy_value_reader at;
    if (next(args, name, &at))
        judge(args, name, "text", &at, cy_value_get_text(&at, text, size));
}

void
cy_args_get_bytes(cy_args_reader *args, const char *name, const void **bytes, size_t *size)
{
    cy_value_reader at;
    if (next(args, name, &at))
        judge(args, name, "bytes", &at, cy_value_get_bytes(&at, bytes, size));
}

void
cy_args_get_list(cy_args_reader *args, const char *name, cy_value_reader *reader)
{
    cy_value_reader at;
    if (next(args, name, &at))
        judge(args, name, "list", &at, cy_value_get_list(&at, reader));
}

void
cy_args_get_map(cy_args_reader *args, const char *name, cy_value_reader *reader)
{
    cy_value_reader at;
    if (next(args, name, &at))
        judge(args, name, "map", &at, cy_value_get_map(&at, reader));
}

void
cy_args_get_value(cy_args_reader *args, const char *name, cy_value_reader *reader)
{
    cy_value_reader at;
    if (!next(args, name, &at))
        return;
    at.left = 1;
    at.is_map = false;
    *reader = at;
}

void
cy_args_rest(cy_args_reader *args, cy_value_reader *positional, cy_value_reader *named)
{
    if (positional != NULL)
        *positional = args->positional;
    if (named != NULL)
        *named = args->named;
    args->taken = args->count;
    args->positional.left = 0;
    args->answered = UINT64_MAX;
}

/* Is there a named value that nobody has asked for? */
static void
find_unknown(cy_args_reader *args)
{
    char name[CY_ARGS_NAME_MAX + 1];
    cy_value_reader at = args->named;
    const char *key;
    size_t size;
    for (int i = 0; cy_value_get_text(&at, &key, &size) == 0; i++) {
        if ((args->answered & UINT64_C(1) << i) == 0) {
            cyi_args_print(name, sizeof name, key, size);
            fail(args, "no argument is named '%s'", name);
            return;
        }
        if (cy_value_skip(&at) != 0)
            return;
    }
}

int
cy_args_end(cy_args_reader *args)
{
    if (args->error == 0 && args->taken < args->count)
        fail(args, "%u arguments without a name, %u expected", args->count, args->asked);
    if (args->error == 0)
        find_unknown(args);
    return args->error;
}

const char *
cy_args_reader_error(const cy_args_reader *args)
{
    return args->why;
}
