/* show.h - what was found out goes to the output, as table or as JSON. */
#ifndef CTL_SHOW_H
#define CTL_SHOW_H

#include "ctl.h"
#include "table.h"

/* All rows; frees them. Returns an exit status: what is missing for want of memory is said. */
int ctl_show(struct ctl *ctl, struct ctl_rows *rows, const struct ctl_column *columns,
             size_t count);

/* The one row; an object, or a line for each of its entries. */
int ctl_show_one(struct ctl *ctl, struct ctl_rows *rows, const struct ctl_column *columns,
                 size_t count);

#define CTL_SHOW(ctl, rows, columns) \
    ctl_show(ctl, rows, columns, sizeof(columns) / sizeof((columns)[0]))
#define CTL_SHOW_ONE(ctl, rows, columns) \
    ctl_show_one(ctl, rows, columns, sizeof(columns) / sizeof((columns)[0]))

#endif
