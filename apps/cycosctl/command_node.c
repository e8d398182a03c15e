/*
 * command_node.c - a node: its process, options and cores.
 *
 * Tests: tests/cycosctl/test_cycosctl.py
 */
#include "ask.h"
#include "command.h"
#include "core_rows.h"
#include "show.h"

#include <string.h>

static const struct ctl_column COLUMNS[] = {
    {"name", "name", CTL_CELL_TEXT},       {"node", "incarnation", CTL_CELL_TEXT},
    {"version", "version", CTL_CELL_TEXT}, {"process", "process", CTL_CELL_COUNT},
    {"up", "up_ns", CTL_CELL_DURATION},    {"phase", "phase", CTL_CELL_TEXT},
};

static const struct ctl_column CORES[] = {
    {"CORE", "core", CTL_CELL_COUNT},
    {"NAME", "name", CTL_CELL_TEXT},
    {"LOCATION", "location", CTL_CELL_TEXT},
    {"CONTROL", "control", CTL_CELL_TEXT},
};

static void
print_cores(struct ctl *ctl, const struct ctl_core *core)
{
    struct ctl_rows rows = {0};
    cy_value_reader value, items, item;
    if (cy_value_find(&core->map, "cores", &value) != 0 ||
        cy_value_get_list(&value, &items) != 0)
        return;
    while (cy_value_get_map(&items, &item) == 0) {
        ctl_put_pairs(ctl_rows_begin(&rows, ctl_pairs(&item)), item);
        (void) ctl_rows_end(&rows);
    }
    fputc('\n', ctl->output.file);
    (void) CTL_SHOW(ctl, &rows, CORES);
}

/* Texts of several lines. */
static void
print_options(FILE *out, const struct ctl_core *core)
{
    cy_value_reader value;
    const char *text, *end;
    size_t size;
    if (cy_value_find(&core->map, "options", &value) != 0 ||
        cy_value_get_text(&value, &text, &size) != 0)
        return;
    fputc('\n', out);
    for (; size > 0; size -= (size_t) (end - text), text = end) {
        char line[CTL_CELL_MAX];
        end = memchr(text, '\n', size);
        ctl_cell_plain(line, sizeof line, text, end != NULL ? (size_t) (end - text) : size);
        if (line[0] != '\0')
            fprintf(out, "%s\n", line);
        end = end != NULL ? end + 1 : text + size;
    }
}

static int
show(struct ctl *ctl, const struct ctl_core *core)
{
    struct ctl_rows rows = {0};
    cy_value_writer *w;
    if (ctl->output.table) {
        w = ctl_rows_begin(&rows, 6);
        ctl_put_from(w, "name", &core->map, "name");
        ctl_put_from(w, "incarnation", &core->map, "node");
        ctl_put_from(w, "version", &core->map, "version");
        ctl_put_from(w, "process", &core->map, "process");
        ctl_put_from(w, "up_ns", &core->map, "up_ns");
        ctl_put_from(w, "phase", &core->map, "phase");
    } else {
        w = ctl_rows_begin(&rows, ctl_pairs(&core->map));
        ctl_put_pairs(w, core->map);
    }
    (void) ctl_rows_end(&rows);
    int status = CTL_SHOW_ONE(ctl, &rows, COLUMNS);
    if (status == CTL_OK && ctl->output.table) {
        print_cores(ctl, core);
        print_options(ctl->output.file, core);
    }
    return status;
}

int
ctl_node(struct ctl *ctl)
{
    struct ctl_cores cores;
    int status = ctl_cores_find(ctl, &cores);
    if (status == CTL_OK) {
        (void) ctl_ask(ctl, &cores.core[0], "node", NULL);
        status = ctl_ask_report(ctl, &cores);
        if (status == CTL_OK)
            status = show(ctl, &cores.core[0]);
    }
    ctl_cores_fini(&cores);
    return status;
}
