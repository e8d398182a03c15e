/*
 * command_peers.c - cores of the network, and how they are.
 *
 * Tests: tests/cycosctl/test_cycosctl.py
 */
#include "ask.h"
#include "command.h"
#include "core_rows.h"
#include "show.h"

#define PATIENCE (2 * CY_SECOND) /* a node that was told not to answer is a peer all the same */

static const struct ctl_column COLUMNS[] = {
    {"CORE", "name", CTL_CELL_TEXT},    {"LOCATION", "location", CTL_CELL_TEXT},
    {"NODE", "node", CTL_CELL_TEXT},    {"UP", "up_ns", CTL_CELL_DURATION},
    {"TASKS", "tasks", CTL_CELL_COUNT}, {"MAILBOX", "queued", CTL_CELL_COUNT},
    {"LINKS", "links", CTL_CELL_COUNT}, {"LOST", "lost", CTL_CELL_COUNT},
    {"NOTE", "error", CTL_CELL_TEXT},
};

static void
add_row(struct ctl_rows *rows, const struct ctl_core *core)
{
    static const cy_value_reader nothing = {.is_map = true};
    const cy_value_reader *map = core->error == 0 ? &core->map : &nothing;
    cy_value_writer *w = ctl_rows_begin(rows, 10);
    ctl_put_core(w, core);
    ctl_put_node(w, core);
    ctl_put_from(w, "core", map, "core");
    ctl_put_from(w, "up_ns", map, "up_ns");
    ctl_put_from(w, "tasks", map, "counters.tasks");
    ctl_put_from(w, "queued", map, "mailboxes.queued");
    ctl_put_from(w, "links", map, "links.count");
    ctl_put_from(w, "lost", map, "counters.lost");
    ctl_put_trouble(w, core);
    (void) ctl_rows_end(rows);
}

int
ctl_peers(struct ctl *ctl)
{
    struct ctl_cores cores;
    struct ctl_rows rows = {0};
    int status = ctl_cores_find(ctl, &cores);
    if (status == CTL_OK) {
        if (ctl->flags.timeout == CTL_TIMEOUT)
            ctl->flags.timeout = PATIENCE;
        ctl_ask_all(ctl, &cores, "counters", NULL);
        for (uint32_t i = 0; i < cores.count; i++)
            add_row(&rows, &cores.core[i]);
        status = CTL_SHOW(ctl, &rows, COLUMNS);
    }
    ctl_cores_fini(&cores);
    return status;
}
