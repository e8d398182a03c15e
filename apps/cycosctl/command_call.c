/*
 * command_call.c - start a method's task and show how it ends.
 *
 * Tests: tests/cycosctl/test_methods.py
 */
#include "argument.h"
#include "command.h"
#include "locate.h"
#include "rows.h"
#include "show.h"

#include <cycos/mailbox.h>
#include <cycos/rti.h>
#include <string.h>

static const struct ctl_column COLUMNS[] = {
    {"task", "task", CTL_CELL_TEXT},        {"reason", "reason", CTL_CELL_TEXT},
    {"code", "code", CTL_CELL_COUNT},       {"value", "value", CTL_CELL_TEXT},
    {"took", "took_ns", CTL_CELL_DURATION},
};

static int
put_arguments(const struct ctl *ctl, cy_args *args)
{
    for (int i = 1; i < ctl->argc; i++) {
        char name[CTL_ARGUMENT_NAME_MAX + 1];
        const char *value, *wrong = NULL;
        if (!ctl_argument_split(ctl->argv[i], name, &value))
            return ctl_fail(ctl, CTL_USAGE, "'%s': a name of more than %d bytes", ctl->argv[i],
                            CTL_ARGUMENT_NAME_MAX);
        cy_value_writer *w = cy_args_next(args, name[0] != '\0' ? name : NULL);
        if (!ctl_argument_put(w, value, &wrong))
            return ctl_fail(ctl, CTL_USAGE, "'%s': %s", ctl->argv[i], wrong);
    }
    return CTL_OK;
}

static int
call(struct ctl *ctl, cy_ref *task, cy_ref method, cy_args *args)
{
    int rc = cy_rti_call(task, method, args, ctl_deadline(ctl));
    const char *why = cy_args_error(args);
    if (rc == 0)
        return CTL_OK;
    return ctl_fail(ctl, ctl_status_of(rc), "%s: %s", ctl->argv[0],
                    rc == -EINVAL && why[0] != '\0' ? why : cy_strerror(rc));
}

/* A value, as methods should have it; or a text; or else bytes; nil if there is none. */
static void
put_value(cy_value_writer *w, const struct cy_exit *exit)
{
    cy_value_writer probe;
    size_t size;
    cy_value_put_text(w, "value");
    if (exit->value_bytes == 0) {
        cy_value_put_nil(w);
    } else if (cy_value_validate(exit->value, exit->value_bytes) == 0) {
        cy_value_put_encoded(w, exit->value, exit->value_bytes);
    } else {
        cy_value_writer_init(&probe, NULL, 0);
        cy_value_put_text_n(&probe, exit->value, exit->value_bytes);
        if (cy_value_finish(&probe, &size) == -EILSEQ)
            cy_value_put_bytes(w, exit->value, exit->value_bytes);
        else
            cy_value_put_text_n(w, exit->value, exit->value_bytes);
    }
}

static int
show_end(struct ctl *ctl, const struct cy_exit *exit, cy_time took)
{
    static const char *const REASONS[] = {"normal", "error", "terminated", "node down",
                                          "no task"};
    static const int STATUS[] = {CTL_OK, CTL_FAILED, CTL_FAILED, CTL_SILENCE, CTL_FAILED};
    struct ctl_rows rows = {0};
    cy_value_writer *w = ctl_rows_begin(&rows, 5);
    cy_value_put_text(w, "task");
    cy_value_put_ref(w, exit->task);
    ctl_put_text(w, "reason", REASONS[exit->reason]);
    cy_value_put_text(w, "code");
    cy_value_put_int(w, exit->code);
    put_value(w, exit);
    ctl_put_uint(w, "took_ns", (uint64_t) took);
    (void) ctl_rows_end(&rows);
    int status = CTL_SHOW_ONE(ctl, &rows, COLUMNS);
    return status != CTL_OK ? status : STATUS[exit->reason];
}

/* Nobody would know of a task that goes on. */
static int
give_up(const struct ctl *ctl, cy_ref task, int error)
{
    (void) !cy_terminate(task);
    if (error == -ETIMEDOUT)
        return ctl_fail(ctl, CTL_SILENCE, "%s: it has not ended in time; terminated",
                        ctl->argv[0]);
    return ctl_fail(ctl, ctl_status_of(error), "%s: %s", ctl->argv[0], cy_strerror(error));
}

static int
wait_for_end(struct ctl *ctl, cy_ref task, cy_time began)
{
    struct cy_exit exit;
    cy_msg *msg;
    int rc = cy_join(&msg, task, ctl_deadline(ctl));
    if (rc != 0)
        return give_up(ctl, task, rc);
    rc = cy_exit_read(&exit, msg);
    int status = rc == 0 ? show_end(ctl, &exit, cy_now() - began)
                         : ctl_fail(ctl, CTL_FAILED, "%s", cy_strerror(rc));
    cy_msg_free(&msg);
    return status;
}

int
ctl_call(struct ctl *ctl)
{
    cy_args args;
    cy_ref method, task;
    cy_args_init(&args);
    int status = put_arguments(ctl, &args);
    ctl->flags.kind = CTL_KIND_METHOD;
    if (status == CTL_OK)
        status = ctl_locate_name(ctl, &method, ctl->argv[0]);
    cy_time began = cy_now();
    if (status == CTL_OK)
        status = call(ctl, &task, method, &args);
    if (status == CTL_OK)
        status = wait_for_end(ctl, task, began);
    cy_args_fini(&args);
    return status;
}
