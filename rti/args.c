/*
 * args.c - what a caller gives: values one after the other, some with a name before it.
 *
 * They are written into a list that is never complete, in a list: so the writer tells where a
 * value ends, and a value that nests too deep for a request is found when it is written.
 */
#include "args.h"
#include <stdlib.h>
#include <string.h>

enum { FIRST = 256, OUTSIDE = 2 /* lists around the arguments */ };

static int
grow(cy_value_writer *w, size_t room)
{
    size_t more = w->room == 0 ? FIRST : 2 * w->room;
    if (room > CY_MSG_MAX)
        return -EMSGSIZE;
    if (more < room)
        more = room;
    uint8_t *bytes = realloc(w->bytes, more);
    if (bytes == NULL)
        return -ENOMEM;
    w->bytes = bytes;
    w->room = more;
    return 0;
}

void
cy_args_init(cy_args *args)
{
    args->count = 0;
    args->error = 0;
    args->why[0] = '\0';
    cy_value_writer_init_growing(&args->values, grow, NULL);
    cy_value_put_list(&args->values, 1);
    cy_value_put_list(&args->values, SIZE_MAX);
}

void
cy_args_fini(cy_args *args)
{
    free(args->values.bytes);
    cy_value_writer_init(&args->values, NULL, 0);
    args->count = 0;
    args->error = args->values.error = -EINVAL;
}

static size_t
name_encoded(size_t bytes)
{
    return bytes == 0 ? 0 : bytes < 24 ? 1 + bytes : 2 + bytes;
}

/* Values and names that were written, if the last one is complete. */
static size_t
written(const cy_args *args)
{
    return SIZE_MAX - args->values.levels[OUTSIDE].left;
}

int
cyi_args_settle(const cy_args *args)
{
    size_t wanted = args->count;
    if (args->error != 0)
        return args->error;
    if (args->values.error != 0)
        return args->values.error;
    for (uint32_t i = 0; i < args->count; i++)
        wanted += args->name_bytes[i] != 0;
    return args->values.depth == OUTSIDE && written(args) == wanted ? 0 : -EINVAL;
}

/* What is wrong with a name? */
static int
check_name(const char *name, size_t bytes)
{
    if (name == NULL)
        return 0;
    return bytes == 0 ? -EINVAL : bytes > CY_ARGS_NAME_MAX ? -ENAMETOOLONG : 0;
}

cy_value_writer *
cy_args_next(cy_args *args, const char *name)
{
    size_t bytes = name == NULL ? 0 : strnlen(name, CY_ARGS_NAME_MAX + 1);
    int rc = cyi_args_settle(args);
    if (rc == 0)
        rc = args->count == CY_ARGS_MAX ? -E2BIG : check_name(name, bytes);
    if (rc != 0) {
        args->error = args->values.error = rc;
        return &args->values;
    }
    if (name != NULL)
        cy_value_put_text_n(&args->values, name, bytes);
    args->begins[args->count] = (uint32_t) args->values.size;
    args->name_bytes[args->count] = (uint8_t) bytes;
    args->count++;
    return &args->values;
}

void
cy_args_put_int(cy_args *args, const char *name, int64_t value)
{
    cy_value_put_int(cy_args_next(args, name), value);
}

void
cy_args_put_uint(cy_args *args, const char *name, uint64_t value)
{
    cy_value_put_uint(cy_args_next(args, name), value);
}

void
cy_args_put_double(cy_args *args, const char *name, double value)
{
    cy_value_put_double(cy_args_next(args, name), value);
}

void
cy_args_put_bool(cy_args *args, const char *name, bool value)
{
    cy_value_put_bool(cy_args_next(args, name), value);
}

void
cy_args_put_nil(cy_args *args, const char *name)
{
    cy_value_put_nil(cy_args_next(args, name));
}

void
cy_args_put_text(cy_args *args, const char *name, const char *text)
{
    cy_value_put_text(cy_args_next(args, name), text);
}

void
cy_args_put_bytes(cy_args *args, const char *name, const void *bytes, size_t size)
{
    cy_value_put_bytes(cy_args_next(args, name), bytes, size);
}

void
cy_args_put_ref(cy_args *args, const char *name, cy_ref value)
{
    cy_value_put_ref(cy_args_next(args, name), value);
}

const char *
cy_args_error(const cy_args *args)
{
    return args->why;
}

void
cyi_args_blame(cy_args *args, const char *text, size_t size)
{
    cyi_args_print(args->why, sizeof args->why, text, size);
}

struct cyi_piece
cyi_args_name(const cy_args *args, uint32_t index)
{
    size_t size = name_encoded(args->name_bytes[index]);
    return (struct cyi_piece){args->values.bytes + args->begins[index] - size, size};
}

struct cyi_piece
cyi_args_value(const cy_args *args, uint32_t index)
{
    const uint8_t *begin = args->values.bytes + args->begins[index];
    const uint8_t *end = args->values.bytes + args->values.size;
    if (index + 1 < args->count)
        end = cyi_args_name(args, index + 1).bytes;
    return (struct cyi_piece){begin, (size_t) (end - begin)};
}
