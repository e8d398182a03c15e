/*
 * command_names.c - names of tasks, channels and methods.
 *
 * Each core can tell all names of its node, so one core of each node is asked: first all are
 * asked whose they are.
 *
 * Tests: tests/cycosctl/test_cycosctl.py
 */
#include "ask.h"
#include "command.h"
#include "core_rows.h"
#include "show.h"

#include <cycos/control.h>
#include <stdlib.h>
#include <string.h>

static const struct ctl_column COLUMNS[] = {
    {"NAME", "name", CTL_CELL_TEXT},
    {"KIND", "kind", CTL_CELL_TEXT},
    {"LOCATION", "location", CTL_CELL_TEXT},
    {"REFERENCE", "ref", CTL_CELL_TEXT},
};

/* Did an earlier core say that it is of the same node? */
static bool
seen_before(const struct ctl_cores *cores, uint32_t which)
{
    char text[CTL_NODE_TEXT_MAX], other[CTL_NODE_TEXT_MAX];
    ctl_node_text(text, &cores->core[which]);
    for (uint32_t i = 0; i < which; i++) {
        ctl_node_text(other, &cores->core[i]);
        if (text[0] != '\0' && strcmp(text, other) == 0)
            return true;
    }
    return false;
}

/* Moves one core of each node to the front; how many these are. */
static uint32_t
choose_one_of_each(struct ctl_cores *cores)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < cores->count; i++) {
        if (cores->core[i].error == 0 && seen_before(cores, i))
            continue;
        struct ctl_core chosen = cores->core[i];
        cores->core[i] = cores->core[count];
        cores->core[count++] = chosen;
    }
    return count;
}

static bool
wanted(const struct ctl *ctl, const char *name, const char *kind)
{
    static const char *const KINDS[] = {"any", "task", "channel", "method"};
    if (ctl->flags.kind != CTL_KIND_ANY && strcmp(kind, KINDS[ctl->flags.kind]) != 0)
        return false;
    return ctl->flags.all || strncmp(name, CY_CONTROL_NAME, strlen(CY_CONTROL_NAME)) != 0;
}

/* A row as it is shown: with the location, without the core that was asked. */
static void
add_row(struct ctl *ctl, struct ctl_rows *rows, const struct ctl_row *item)
{
    cy_value_reader map = ctl_row_read(item), value;
    char name[CTL_CELL_MAX] = "", kind[CTL_CELL_MAX] = "", location[CY_LOCATION_TEXT_MAX];
    cy_ref ref = CY_NOBODY;
    if (ctl_value_at(&map, "name", &value))
        ctl_cell_format(name, CTL_CELL_TEXT, value);
    if (ctl_value_at(&map, "kind", &value))
        ctl_cell_format(kind, CTL_CELL_TEXT, value);
    if (ctl_value_at(&map, "ref", &value))
        (void) !cy_value_get_ref(&value, &ref);
    if (!wanted(ctl, name, kind))
        return;
    cy_location place = cy_ref_location(ref);
    cy_location_format(location, sizeof location, &place);
    cy_value_writer *w = ctl_rows_begin(rows, 4);
    ctl_put_from(w, "name", &map, "name");
    ctl_put_from(w, "kind", &map, "kind");
    ctl_put_text(w, "location", location);
    cy_value_put_text(w, "ref");
    cy_value_put_ref(w, ref);
    (void) ctl_rows_end(rows);
}

static int
by_name(const void *a, const void *b)
{
    char texts[2][CTL_CELL_MAX];
    const struct ctl_row *rows[] = {a, b};
    for (int i = 0; i < 2; i++) {
        cy_value_reader map = ctl_row_read(rows[i]), value = {0};
        (void) !ctl_value_at(&map, "name", &value);
        ctl_cell_format(texts[i], CTL_CELL_TEXT, value);
    }
    return strcmp(texts[0], texts[1]);
}

int
ctl_names(struct ctl *ctl)
{
    struct ctl_cores cores;
    struct ctl_rows all = {0}, rows = {0};
    int status = ctl_cores_find(ctl, &cores);
    if (status == CTL_OK) {
        struct ctl_cores chosen = {.core = cores.core};
        ctl_ask_all(ctl, &cores, "ping", NULL);
        chosen.count = choose_one_of_each(&cores);
        ctl_ask_all(ctl, &chosen, "names", "names");
        ctl_ask_gather(&all, &chosen);
        for (size_t i = 0; i < all.count; i++)
            add_row(ctl, &rows, &all.row[i]);
        rows.error = all.error != 0 ? all.error : rows.error;
        ctl_rows_fini(&all);
        if (rows.count > 0)
            qsort(rows.row, rows.count, sizeof *rows.row, by_name);
        int shown = CTL_SHOW(ctl, &rows, COLUMNS);
        status = ctl_ask_report(ctl, &chosen);
        status = status == CTL_OK ? shown : status;
    }
    ctl_cores_fini(&cores);
    return status;
}
