/* rows.c - what a command found out: maps of values, one for each line of a table. */
#include "rows.h"

#include <stdlib.h>
#include <string.h>

void
ctl_rows_fini(struct ctl_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        free(rows->row[i].bytes);
    free(rows->row);
    *rows = (struct ctl_rows){0};
}

static int
grow(cy_value_writer *w, size_t room)
{
    size_t size = w->room * 2 > room ? w->room * 2 : room + 64;
    uint8_t *bytes = realloc(w->bytes, size);
    if (bytes == NULL)
        return -ENOMEM;
    w->bytes = bytes;
    w->room = size;
    return 0;
}

cy_value_writer *
ctl_rows_begin(struct ctl_rows *rows, size_t pairs)
{
    cy_value_writer_init_growing(&rows->writer, grow, NULL);
    cy_value_put_map(&rows->writer, pairs);
    return &rows->writer;
}

static int
make_room(struct ctl_rows *rows, size_t count)
{
    if (count > CTL_ROWS_MAX)
        return -E2BIG;
    if (count <= rows->room)
        return 0;
    size_t room = rows->room * 2 > count ? rows->room * 2 : count + 16;
    struct ctl_row *row = realloc(rows->row, room * sizeof *row);
    if (row == NULL)
        return -ENOMEM;
    rows->row = row;
    rows->room = room;
    return 0;
}

int
ctl_rows_end(struct ctl_rows *rows)
{
    size_t size = 0;
    int rc = cy_value_finish(&rows->writer, &size);
    if (rc == 0)
        rc = make_room(rows, rows->count + 1);
    if (rc != 0) {
        free(rows->writer.bytes);
        rows->error = rows->error != 0 ? rows->error : rc;
        return rc;
    }
    rows->row[rows->count++] = (struct ctl_row){rows->writer.bytes, size};
    return 0;
}

size_t
ctl_pairs(const cy_value_reader *map)
{
    return map->left / 2;
}

void
ctl_put_pairs(cy_value_writer *w, cy_value_reader map)
{
    const void *bytes;
    size_t size;
    while (cy_value_get_encoded(&map, &bytes, &size) == 0)
        cy_value_put_encoded(w, bytes, size);
}

int
ctl_rows_move(struct ctl_rows *rows, struct ctl_rows *from)
{
    int rc = make_room(rows, rows->count + from->count);
    if (rc == 0) {
        if (from->count > 0)
            memcpy(&rows->row[rows->count], from->row, from->count * sizeof *from->row);
        rows->count += from->count;
        from->count = 0;
        rc = from->error;
    }
    ctl_rows_fini(from);
    rows->error = rows->error != 0 ? rows->error : rc;
    return rc;
}

cy_value_reader
ctl_row_read(const struct ctl_row *row)
{
    cy_value_reader body, map;
    int rc = cy_value_reader_init(&body, row->bytes, row->size);
    CY_ASSERT(rc == 0);
    rc = cy_value_get_map(&body, &map);
    CY_ASSERT(rc == 0);
    return map;
}

bool
ctl_value_at(const cy_value_reader *map, const char *path, cy_value_reader *value)
{
    cy_value_reader at = *map;
    for (;;) {
        char key[64];
        const char *dot = strchr(path, '.');
        size_t size = dot != NULL ? (size_t) (dot - path) : strlen(path);
        CY_ASSERT(size < sizeof key);
        memcpy(key, path, size);
        key[size] = '\0';
        if (cy_value_find(&at, key, value) != 0)
            return false;
        if (dot == NULL)
            return true;
        if (cy_value_get_map(value, &at) != 0)
            return false;
        path = dot + 1;
    }
}

void
ctl_put_text(cy_value_writer *w, const char *key, const char *text)
{
    cy_value_put_text(w, key);
    cy_value_put_text(w, text);
}

void
ctl_put_uint(cy_value_writer *w, const char *key, uint64_t value)
{
    cy_value_put_text(w, key);
    cy_value_put_uint(w, value);
}

void
ctl_put_from(cy_value_writer *w, const char *key, const cy_value_reader *map, const char *path)
{
    cy_value_reader value;
    const void *bytes;
    size_t size;
    cy_value_put_text(w, key);
    if (ctl_value_at(map, path, &value) && cy_value_get_encoded(&value, &bytes, &size) == 0)
        cy_value_put_encoded(w, bytes, size);
    else
        cy_value_put_nil(w);
}

uint64_t
ctl_uint_at(const cy_value_reader *map, const char *path)
{
    cy_value_reader value;
    uint64_t number = 0;
    if (ctl_value_at(map, path, &value))
        (void) !cy_value_get_uint(&value, &number);
    return number;
}
