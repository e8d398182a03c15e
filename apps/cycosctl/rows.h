/* rows.h - what a command found out: maps of values, one for each line of a table. */
#ifndef CTL_ROWS_H
#define CTL_ROWS_H

#include <cycos/value.h>

enum { CTL_ROWS_MAX = 1 << 20 };

struct ctl_row {
    uint8_t *bytes; /* an encoded map */
    size_t size;
};

/* All zero is empty. */
struct ctl_rows {
    struct ctl_row *row;
    size_t count, room;
    int error; /* the first thing that went wrong; rows are missing then */
    cy_value_writer writer;
};

void ctl_rows_fini(struct ctl_rows *rows);

/* Begin a row: a map of so many pairs, to be put into the writer that is returned. */
cy_value_writer *ctl_rows_begin(struct ctl_rows *rows, size_t pairs);
/* -ENOMEM, -E2BIG too many, and what cy_value_finish() says. Sticks. */
int ctl_rows_end(struct ctl_rows *rows);

/* How many pairs a map has that lie before the reader; and all of them put into the writer. */
size_t ctl_pairs(const cy_value_reader *map);
void ctl_put_pairs(cy_value_writer *w, cy_value_reader map);

/* The rows of another one, which is empty then, behind the own. */
int ctl_rows_move(struct ctl_rows *rows, struct ctl_rows *from);

/* A reader of a row's map; never fails. */
cy_value_reader ctl_row_read(const struct ctl_row *row);

/* Follow keys, such as "mailboxes.queued"; false when there is no such entry. */
bool ctl_value_at(const cy_value_reader *map, const char *path, cy_value_reader *value);

/* Keys with values, for maps that are put together here. */
void ctl_put_text(cy_value_writer *w, const char *key, const char *text);
void ctl_put_uint(cy_value_writer *w, const char *key, uint64_t value);
/* What stands at a path of another map, under this key; nil if there is nothing. */
void ctl_put_from(cy_value_writer *w, const char *key, const cy_value_reader *map,
                  const char *path);
/* 0 when it is not there. */
uint64_t ctl_uint_at(const cy_value_reader *map, const char *path);

#endif
