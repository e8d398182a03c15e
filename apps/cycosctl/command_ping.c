/*
 * command_ping.c - how long an answer takes.
 *
 * Tests: tests/cycosctl/test_cycosctl.py
 */
#include "ask.h"
#include "command.h"
#include "core_rows.h"
#include "show.h"

static const struct ctl_column COLUMNS[] = {
    {"CORE", "name", CTL_CELL_TEXT},  {"LOCATION", "location", CTL_CELL_TEXT},
    {"NODE", "node", CTL_CELL_TEXT},  {"TIME", "took_ns", CTL_CELL_DURATION},
    {"NOTE", "error", CTL_CELL_TEXT},
};

static void
add_row(struct ctl_rows *rows, const struct ctl_core *core)
{
    cy_value_writer *w = ctl_rows_begin(rows, 5);
    ctl_put_core(w, core);
    ctl_put_node(w, core);
    cy_value_put_text(w, "took_ns");
    if (core->error == 0)
        cy_value_put_uint(w, (uint64_t) core->took);
    else
        cy_value_put_nil(w);
    ctl_put_trouble(w, core);
    (void) ctl_rows_end(rows);
}

/* One after the other, so that they do not wait for each other. */
static int
ping_round(struct ctl *ctl, struct ctl_cores *cores)
{
    struct ctl_rows rows = {0};
    int status = CTL_OK;
    for (uint32_t i = 0; i < cores->count; i++) {
        int rc = ctl_ask(ctl, &cores->core[i], "ping", NULL);
        if (rc == -ECANCELED) {
            ctl_rows_fini(&rows);
            return CTL_FAILED;
        }
        if (status == CTL_OK)
            status = ctl_status_of(rc);
        add_row(&rows, &cores->core[i]);
    }
    int shown = CTL_SHOW(ctl, &rows, COLUMNS);
    return status != CTL_OK ? status : shown;
}

int
ctl_ping(struct ctl *ctl)
{
    struct ctl_cores cores;
    uint32_t rounds = ctl->flags.count > 0 ? ctl->flags.count : 1;
    int status = ctl_cores_find(ctl, &cores);
    for (uint32_t i = 0; status != CTL_FAILED && i < rounds && cores.count > 0; i++) {
        if (i == 0 && status != CTL_OK)
            break; /* somebody was not found */
        if (i > 0 && cy_sleep(ctl->flags.interval) != 0)
            break;
        int now = ping_round(ctl, &cores);
        status = status != CTL_OK ? status : now;
        if (ctl_output_flush_task(&ctl->output) != 0)
            break;
    }
    ctl_cores_fini(&cores);
    return status;
}
