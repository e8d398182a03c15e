/*
 * command_file.c - files for peers.
 *
 * Tests: tests/cycosctl/test_files.py
 */
#include "command.h"
#include "core.h"
#include "rows.h"
#include "show.h"

#include <cycos/file.h>
#include <string.h>

static const struct ctl_column COLUMNS[] = {
    {"file", "file", CTL_CELL_TEXT},
    {"result", "result", CTL_CELL_TEXT},
    {"took", "took_ns", CTL_CELL_DURATION},
};

/* What stands there instead. */
static const struct ctl_column DIFFERS[] = {
    {"file", "file", CTL_CELL_TEXT},      {"result", "result", CTL_CELL_TEXT},
    {"size", "size", CTL_CELL_COUNT},     {"mode", "mode", CTL_CELL_TEXT},
    {"changed", "mtime", CTL_CELL_COUNT},
};

static int
show_result(struct ctl *ctl, const char *file, const char *result, cy_time took)
{
    struct ctl_rows rows = {0};
    cy_value_writer *w = ctl_rows_begin(&rows, 3);
    ctl_put_text(w, "file", file);
    ctl_put_text(w, "result", result);
    ctl_put_uint(w, "took_ns", (uint64_t) took);
    (void) ctl_rows_end(&rows);
    return CTL_SHOW_ONE(ctl, &rows, COLUMNS);
}

static int
show_other(struct ctl *ctl, const char *file, const struct cy_file_stat *stat)
{
    struct ctl_rows rows = {0};
    char mode[16];
    snprintf(mode, sizeof mode, "%04o", stat->mode);
    cy_value_writer *w = ctl_rows_begin(&rows, 5);
    ctl_put_text(w, "file", file);
    ctl_put_text(w, "result", "differs");
    ctl_put_uint(w, "size", stat->size);
    ctl_put_text(w, "mode", mode);
    cy_value_put_text(w, "mtime");
    cy_value_put_int(w, stat->mtime_ns / CY_SECOND);
    (void) ctl_rows_end(&rows);
    (void) CTL_SHOW_ONE(ctl, &rows, DIFFERS);
    return ctl_fail(ctl, CTL_FAILED, "%s: another file is there; --overwrite replaces it",
                    file);
}

static int
complain(const struct ctl *ctl, const char *file, const char *dir, int rc)
{
    if (rc == -EINVAL && dir != NULL)
        return ctl_fail(ctl, CTL_FAILED,
                        "%s: not a regular file, or '%s' is no folder below --dest-path", file,
                        dir);
    if (rc == -EINVAL)
        return ctl_fail(ctl, CTL_FAILED, "%s: not a regular file, or not a name of one", file);
    return ctl_fail(ctl, ctl_status_of(rc), "%s: %s", file, cy_strerror(rc));
}

static int
put(struct ctl *ctl, const cy_location *to, const char *path, const char *dir)
{
    struct cy_file_stat stat;
    uint32_t flags = ctl->flags.overwrite ? CY_FILE_OVERWRITE : 0;
    cy_time began = cy_now();
    int rc = cy_file_send(to, path, dir, flags, &stat, ctl_deadline(ctl));
    cy_time took = cy_now() - began;
    if (rc < 0)
        return complain(ctl, path, dir, rc);
    if (rc == CY_FILE_DIFFERS)
        return show_other(ctl, path, &stat);
    return show_result(ctl, path, rc == CY_FILE_SENT ? "sent" : "same", took);
}

static int
take_away(struct ctl *ctl, const cy_location *from, const char *name, const char *dir)
{
    cy_time began = cy_now();
    int rc = cy_file_delete(from, name, dir, ctl_deadline(ctl));
    if (rc == -EPERM)
        return ctl_fail(ctl, CTL_FAILED, "%s: %s has not sent it", name, cy_core_name());
    if (rc != 0)
        return complain(ctl, name, dir, rc);
    return show_result(ctl, name, "deleted", cy_now() - began);
}

int
ctl_file(struct ctl *ctl)
{
    struct cy_peer peer;
    const char *verb = ctl->argv[0], *file = ctl->argv[2];
    const char *dir = ctl->argc > 3 ? ctl->argv[3] : NULL;
    bool is_put = strcmp(verb, "put") == 0;
    if (!is_put && strcmp(verb, "rm") != 0)
        return ctl_fail(ctl, CTL_USAGE, "neither put nor rm: '%s'", verb);
    int rc = ctl_core_find(ctl, &peer, ctl->argv[1]);
    if (rc != 0)
        return ctl_fail(ctl, ctl_status_of(rc), "%s: %s", ctl->argv[1],
                        rc == -ETIMEDOUT ? "no such core has shown up" : cy_strerror(rc));
    return is_put ? put(ctl, &peer.location, file, dir)
                  : take_away(ctl, &peer.location, file, dir);
}
