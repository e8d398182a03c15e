/*
 * command_locate.c - who has a name.
 *
 * Tests: tests/cycosctl/test_cycosctl.py
 */
#include "command.h"
#include "locate.h"
#include "rows.h"
#include "show.h"

static const struct ctl_column COLUMNS[] = {
    {"name", "name", CTL_CELL_TEXT},
    {"kind", "kind", CTL_CELL_TEXT},
    {"location", "location", CTL_CELL_TEXT},
    {"reference", "ref", CTL_CELL_TEXT},
};

int
ctl_locate(struct ctl *ctl)
{
    static const char *const KINDS[] = {"none", "task", "channel", "method"};
    char location[CY_LOCATION_TEXT_MAX];
    struct ctl_rows rows = {0};
    cy_ref ref;
    int status = ctl_locate_name(ctl, &ref, ctl->argv[0]);
    if (status != CTL_OK)
        return status;
    cy_location place = cy_ref_location(ref);
    cy_location_format(location, sizeof location, &place);
    cy_value_writer *w = ctl_rows_begin(&rows, 4);
    ctl_put_text(w, "name", ctl->argv[0]);
    ctl_put_text(w, "kind", KINDS[cy_ref_kind(ref) & 3]);
    ctl_put_text(w, "location", location);
    cy_value_put_text(w, "ref");
    cy_value_put_ref(w, ref);
    (void) ctl_rows_end(&rows);
    return CTL_SHOW_ONE(ctl, &rows, COLUMNS);
}
