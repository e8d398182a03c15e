/*
 * command_dump.c - all there is to be said of cores, as text.
 *
 * Tests: tests/cycosctl/test_cycosctl.py
 */
#include "ask.h"
#include "command.h"
#include "core_rows.h"
#include "json.h"
#include "show.h"

/* Its lines stay lines; whatever else controls a terminal becomes a question mark. */
static void
print_text(FILE *out, const char *text, size_t size)
{
    char line[4096];
    while (size > 0) {
        size_t n = 0;
        while (n < size && text[n] != '\n' && n < sizeof line - 1)
            n++;
        ctl_cell_plain(line, sizeof line, text, n);
        fputs(line, out);
        if (n < size && text[n] == '\n') {
            fputc('\n', out);
            n++;
        }
        text += n;
        size -= n;
    }
}

static void
print_one(struct ctl *ctl, const struct ctl_core *core)
{
    cy_value_reader value;
    const char *text;
    size_t size;
    bool cut = false;
    if (core->error != 0 || cy_value_find(&core->map, "text", &value) != 0 ||
        cy_value_get_text(&value, &text, &size) != 0)
        return;
    print_text(ctl->output.file, text, size);
    if (cy_value_find(&core->map, "cut", &value) == 0 && cy_value_get_bool(&value, &cut) == 0 &&
        cut)
        fputs("\n... and so on: it is too long\n", ctl->output.file);
}

static void
add_row(struct ctl_rows *rows, const struct ctl_core *core)
{
    if (core->error != 0)
        return;
    cy_value_writer *w = ctl_rows_begin(rows, 4);
    ctl_put_core(w, core);
    ctl_put_from(w, "text", &core->map, "text");
    ctl_put_from(w, "cut", &core->map, "cut");
    (void) ctl_rows_end(rows);
}

int
ctl_dump(struct ctl *ctl)
{
    struct ctl_cores cores;
    struct ctl_rows rows = {0};
    int status = ctl_cores_find(ctl, &cores);
    if (status == CTL_OK) {
        ctl_ask_all(ctl, &cores, "dump", NULL);
        for (uint32_t i = 0; i < cores.count; i++) {
            if (ctl->output.table)
                print_one(ctl, &cores.core[i]);
            else
                add_row(&rows, &cores.core[i]);
        }
        if (!ctl->output.table)
            status = ctl_show(ctl, &rows, NULL, 0);
        int answered = ctl_ask_report(ctl, &cores);
        status = answered != CTL_OK ? answered : status;
    }
    ctl_cores_fini(&cores);
    return status;
}
