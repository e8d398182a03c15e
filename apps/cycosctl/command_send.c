/*
 * command_send.c - a message for a task or channel.
 *
 * Tests: tests/cycosctl/test_cycosctl.py
 */
#include "command.h"
#include "locate.h"
#include "rows.h"
#include "show.h"

#include <cycos/mailbox.h>
#include <string.h>

static const struct ctl_column COLUMNS[] = {
    {"to", "to", CTL_CELL_TEXT},
    {"delivered", "delivered", CTL_CELL_COUNT},
};

static int
deliver(struct ctl *ctl, cy_ref to, const char *text)
{
    cy_msg *msg;
    int rc = cy_msg_copy(&msg, ctl->flags.tag, text, strlen(text));
    if (rc != 0)
        return rc;
    rc = cy_deliver(to, &msg, ctl_deadline(ctl));
    cy_msg_free(&msg);
    return rc;
}

int
ctl_send(struct ctl *ctl)
{
    struct ctl_rows rows = {0};
    cy_ref to;
    int status = ctl_locate_name(ctl, &to, ctl->argv[0]);
    if (status != CTL_OK)
        return status;
    int count = deliver(ctl, to, ctl->argv[1]);
    if (count < 0)
        return ctl_fail(ctl, ctl_status_of(count), "'%s': not delivered: %s", ctl->argv[0],
                        cy_strerror(count));
    if (count == 0 && cy_ref_kind(to) == CY_KIND_TASK)
        return ctl_fail(ctl, CTL_SILENCE, "'%s': no word whether it was delivered",
                        ctl->argv[0]);
    cy_value_writer *w = ctl_rows_begin(&rows, 2);
    cy_value_put_text(w, "to");
    cy_value_put_ref(w, to);
    ctl_put_uint(w, "delivered", (uint64_t) count);
    (void) ctl_rows_end(&rows);
    return CTL_SHOW_ONE(ctl, &rows, COLUMNS);
}
