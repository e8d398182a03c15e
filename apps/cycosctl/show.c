/*
 * show.c - what was found out goes to the output, as table or as JSON.
 *
 * Tests: tests/cycosctl/test_table.c
 */
#include "show.h"

#include "json.h"

static int
end(struct ctl *ctl, struct ctl_rows *rows)
{
    int error = rows->error;
    ctl_rows_fini(rows);
    if (error != 0)
        return ctl_fail(ctl, CTL_FAILED, "some are missing: %s", cy_strerror(error));
    return CTL_OK;
}

int
ctl_show(struct ctl *ctl, struct ctl_rows *rows, const struct ctl_column *columns, size_t count)
{
    if (ctl->output.file != NULL && ctl->output.table)
        ctl_table_print(ctl->output.file, columns, count, rows, 0);
    else if (ctl->output.file != NULL)
        ctl_json_rows(ctl->output.file, rows);
    return end(ctl, rows);
}

int
ctl_show_one(struct ctl *ctl, struct ctl_rows *rows, const struct ctl_column *columns,
             size_t count)
{
    cy_value_reader body;
    FILE *out = ctl->output.file;
    if (rows->count > 0 && out != NULL && ctl->output.table) {
        ctl_table_print_one(out, columns, count, &rows->row[0]);
    } else if (rows->count > 0 && out != NULL &&
               cy_value_reader_init(&body, rows->row[0].bytes, rows->row[0].size) == 0) {
        ctl_json_value(out, &body);
        fputc('\n', out);
    }
    return end(ctl, rows);
}
