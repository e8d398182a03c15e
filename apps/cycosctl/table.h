/* table.h - rows as a table for people. */
#ifndef CTL_TABLE_H
#define CTL_TABLE_H

#include "cell.h"
#include "rows.h"

#include <stdio.h>

struct ctl_column {
    const char *title;
    const char *path; /* of the entry, as for ctl_value_at() */
    enum ctl_cell kind;
};

/*
 * A line of titles, then one for each row. Nothing follows the last text of a line; cut at
 * `width` columns, if it is not 0.
 */
void ctl_table_print(FILE *out, const struct ctl_column *columns, size_t count,
                     const struct ctl_rows *rows, size_t width);

/* One row, a line for each entry. */
void ctl_table_print_one(FILE *out, const struct ctl_column *columns, size_t count,
                         const struct ctl_row *row);

#endif
