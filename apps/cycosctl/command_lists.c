/*
 * command_lists.c - tasks and links of cores.
 *
 * Tests: tests/cycosctl/test_cycosctl.py
 */
#include "ask.h"
#include "command.h"
#include "show.h"

static const struct ctl_column TASKS[] = {
    {"CORE", "at", CTL_CELL_TEXT},         {"NAME", "name", CTL_CELL_TEXT},
    {"TASK", "task", CTL_CELL_TEXT},       {"STATE", "state", CTL_CELL_TEXT},
    {"WAIT", "wait", CTL_CELL_TEXT},       {"FOR", "waited_ns", CTL_CELL_DURATION},
    {"MAILBOX", "queued", CTL_CELL_COUNT}, {"STACK", "stack_used", CTL_CELL_BYTES},
    {"OF", "stack_bytes", CTL_CELL_BYTES}, {"FLAGS", "flags", CTL_CELL_TEXT},
    {"OBJECT", "object", CTL_CELL_TEXT},
};

static const struct ctl_column LINKS[] = {
    {"CORE", "at", CTL_CELL_TEXT},
    {"PEER", "peer", CTL_CELL_TEXT},
    {"STATE", "state", CTL_CELL_TEXT},
    {"QUEUED", "queued_bytes", CTL_CELL_BYTES},
    {"FLYING", "flying_bytes", CTL_CELL_BYTES},
    {"SENT", "bytes_sent", CTL_CELL_BYTES},
    {"RECEIVED", "bytes_received", CTL_CELL_BYTES},
    {"FRAMES-OUT", "frames_sent", CTL_CELL_COUNT},
    {"FRAMES-IN", "frames_received", CTL_CELL_COUNT},
    {"HUB", "hub", CTL_CELL_TEXT},
    {"STREAM", "stream", CTL_CELL_TEXT},
};

/* What did not answer is said, and what did is shown. */
static int
show_lists(struct ctl *ctl, const char *what, const struct ctl_column *columns, size_t count)
{
    struct ctl_cores cores;
    struct ctl_rows rows = {0};
    int status = ctl_cores_find(ctl, &cores);
    if (status == CTL_OK) {
        ctl_ask_all(ctl, &cores, what, what);
        ctl_ask_gather(&rows, &cores);
        int shown = ctl_show(ctl, &rows, columns, count);
        status = ctl_ask_report(ctl, &cores);
        status = status == CTL_OK ? shown : status;
    }
    ctl_cores_fini(&cores);
    return status;
}

int
ctl_tasks(struct ctl *ctl)
{
    return show_lists(ctl, "tasks", TASKS, sizeof TASKS / sizeof TASKS[0]);
}

int
ctl_links(struct ctl *ctl)
{
    return show_lists(ctl, "links", LINKS, sizeof LINKS / sizeof LINKS[0]);
}
