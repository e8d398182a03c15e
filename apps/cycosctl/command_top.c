/*
 * command_top.c - what cores do, again and again.
 *
 * Tests: tests/cycosctl/test_cycosctl.py
 */
#include "ask.h"
#include "command.h"
#include "core_rows.h"
#include "json.h"
#include "screen.h"
#include "table.h"

#include <stdlib.h>

static const struct ctl_column COLUMNS[] = {
    {"CORE", "name", CTL_CELL_TEXT},
    {"BUSY%", "busy_percent", CTL_CELL_PERCENT},
    {"MSG/S", "messages_s", CTL_CELL_RATE},
    {"SWITCH/S", "switches_s", CTL_CELL_RATE},
    {"TASKS", "tasks", CTL_CELL_COUNT},
    {"MAILBOX", "queued", CTL_CELL_COUNT},
    {"DEEPEST", "deepest", CTL_CELL_COUNT},
    {"LINKS", "links", CTL_CELL_COUNT},
    {"QUEUED", "link_queued_bytes", CTL_CELL_BYTES},
    {"IN/S", "in_bytes_s", CTL_CELL_BYTES},
    {"OUT/S", "out_bytes_s", CTL_CELL_BYTES},
    {"LOST/S", "lost_s", CTL_CELL_RATE},
    {"REFUSED/S", "refused_s", CTL_CELL_RATE},
    {"TASK", "deepest_task", CTL_CELL_TEXT},
    {"NOTE", "error", CTL_CELL_TEXT},
};
enum { COLUMN_COUNT = sizeof COLUMNS / sizeof COLUMNS[0] };

static void
put_double(cy_value_writer *w, const char *key, bool known, double value)
{
    cy_value_put_text(w, key);
    if (known)
        cy_value_put_double(w, value);
    else
        cy_value_put_nil(w);
}

/* Also remembers what the core has counted, for the next round. */
static double
add_row(struct ctl_rows *rows, struct ctl_core *core)
{
    static const cy_value_reader nothing = {.is_map = true};
    const cy_value_reader *map = core->error == 0 ? &core->map : &nothing;
    struct ctl_sample now = {.taken = false};
    struct ctl_rates rates = {.busy = -1};
    (void) !ctl_sample_read(&now, map);
    bool known = ctl_sample_rates(&rates, &core->last, &now);
    core->last = now;
    cy_value_writer *w = ctl_rows_begin(rows, 17);
    ctl_put_core(w, core);
    ctl_put_node(w, core);
    put_double(w, "busy_percent", known, rates.busy);
    put_double(w, "messages_s", known, rates.messages);
    put_double(w, "switches_s", known, rates.switches);
    put_double(w, "in_bytes_s", known, rates.bytes_in);
    put_double(w, "out_bytes_s", known, rates.bytes_out);
    put_double(w, "lost_s", known, rates.lost);
    put_double(w, "refused_s", known, rates.refused);
    ctl_put_from(w, "tasks", map, "counters.tasks");
    ctl_put_from(w, "queued", map, "mailboxes.queued");
    ctl_put_from(w, "deepest", map, "mailboxes.deepest");
    ctl_put_from(w, "deepest_task", map, "mailboxes.deepest_task");
    ctl_put_from(w, "links", map, "links.count");
    ctl_put_from(w, "link_queued_bytes", map, "links.queued_bytes");
    ctl_put_trouble(w, core);
    (void) ctl_rows_end(rows);
    return known ? rates.messages : 0;
}

static int
by_busy(const void *a, const void *b)
{
    double busy[2] = {-1, -1};
    const struct ctl_row *rows[] = {a, b};
    for (int i = 0; i < 2; i++) {
        cy_value_reader map = ctl_row_read(rows[i]), value;
        if (ctl_value_at(&map, "busy_percent", &value))
            (void) !cy_value_get_double(&value, &busy[i]);
    }
    return busy[0] < busy[1] ? 1 : busy[0] > busy[1] ? -1 : 0;
}

static void
print_table(struct ctl *ctl, struct ctl_rows *rows, double messages)
{
    char text[32];
    FILE *out = ctl->output.file;
    struct ctl_screen screen = ctl_screen_of(ctl->output.fd);
    size_t hidden = 0, all = rows->count;
    if (rows->count > 0)
        qsort(rows->row, rows->count, sizeof *rows->row, by_busy);
    if (screen.clears)
        fputs("\033[H\033[J", out);
    if (screen.lines > 4 && rows->count > screen.lines - 4)
        hidden = rows->count - (screen.lines - 4);
    ctl_format_rate(text, sizeof text, messages);
    fprintf(out, "%zu core%s, %s messages/s\n\n", all, all == 1 ? "" : "s", text);
    rows->count -= hidden;
    ctl_table_print(out, COLUMNS, COLUMN_COUNT, rows, screen.columns);
    rows->count = all;
    if (hidden > 0)
        fprintf(out, "... and %zu more\n", hidden);
    if (!screen.clears)
        fputc('\n', out);
}

/* A line for each round. */
static void
print_json(FILE *out, const struct ctl_rows *rows, uint32_t round)
{
    fprintf(out, "{\"round\": %u, \"cores\": [", round);
    for (size_t i = 0; i < rows->count; i++) {
        cy_value_reader body;
        fputs(i > 0 ? ", " : "", out);
        if (cy_value_reader_init(&body, rows->row[i].bytes, rows->row[i].size) == 0)
            ctl_json_value(out, &body);
    }
    fputs("]}\n", out);
}

static int
show_round(struct ctl *ctl, struct ctl_cores *cores, uint32_t round)
{
    struct ctl_rows rows = {0};
    double messages = 0;
    ctl_ask_all(ctl, cores, "counters", NULL);
    for (uint32_t i = 0; i < cores->count; i++)
        messages += add_row(&rows, &cores->core[i]);
    int rc = rows.error;
    if (round > 0 && rc == 0 && ctl->output.table)
        print_table(ctl, &rows, messages);
    else if (round > 0 && rc == 0)
        print_json(ctl->output.file, &rows, round);
    ctl_rows_fini(&rows);
    return rc != 0 ? rc : ctl_output_flush_task(&ctl->output);
}

/* The first round has nothing to compare with, and is not shown. */
static int
watch(struct ctl *ctl, struct ctl_cores *cores)
{
    uint32_t rounds = ctl->flags.count;
    int rc = show_round(ctl, cores, 0);
    for (uint32_t round = 1; rc == 0 && (rounds == 0 || round <= rounds); round++) {
        rc = cy_sleep(ctl->flags.interval);
        if (rc == 0 && ctl->argc == 0)
            rc = ctl_cores_renew(ctl, cores);
        if (rc == 0)
            rc = show_round(ctl, cores, round);
    }
    return rc;
}

int
ctl_top(struct ctl *ctl)
{
    struct ctl_cores cores;
    int status = ctl_cores_find(ctl, &cores);
    if (status == CTL_OK) {
        /* A core that hangs must not hold up the display of the others. */
        cy_time patience = ctl->flags.interval < CY_SECOND ? CY_SECOND : ctl->flags.interval;
        if (ctl->flags.timeout == CTL_TIMEOUT)
            ctl->flags.timeout = patience;
        int rc = watch(ctl, &cores);
        if (rc == -ENOMEM)
            status = ctl_fail(ctl, CTL_FAILED, "%s", cy_strerror(rc));
    }
    ctl_cores_fini(&cores);
    return status;
}
