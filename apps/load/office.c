/*
 * office.c - what all senders of a core share: the recipient, and who looks after it.
 * Tests: tests/load/test_senders.c
 */
#include "office.h"
#include "recipient.h"
#include "sender.h"

#include <cycos/task.h>
#include <errno.h>

#define BACK_OFF (100 * CY_MILLISECOND) /* before a lost recipient is looked for again */

enum { LOST = 1 }; /* to the clerk: a sender could not reach the recipient; no body */

void
load_office_lose(struct load_office *office, uint32_t life)
{
    if (office->life != life || office->seeking)
        return;
    office->group->recorder.counters.disconnects++;
    office->seeking = true;
    for (uint32_t i = 0; i < office->count; i++)
        load_sender_nudge(&office->senders[i]);
    int rc = cy_send_bytes(office->clerk, LOST, NULL, 0);
    (void) rc; /* it ends when the run does */
}

/* Waits until there is a reason to look for another recipient. */
static int
await_loss(struct load_office *office)
{
    struct cy_exit exit;
    cy_msg *msg;
    int rc = 0;
    while (rc == 0 && !office->seeking && (rc = cy_receive(&msg, CY_FOREVER)) == 0) {
        /* What comes late is of an earlier one. */
        if (cy_exit_read(&exit, msg) == 0 && cy_ref_equal(exit.task, office->recipient.keeper))
            load_office_lose(office, office->life);
        cy_msg_free(&msg);
    }
    return rc;
}

static int
seek(struct load_office *office)
{
    struct load_group *group = office->group;
    int rc = -ETIMEDOUT;
    while (rc != 0 && rc != -ECANCELED) {
        rc = cy_sleep(BACK_OFF);
        if (rc == 0)
            rc = load_recipient_find(&office->recipient, group->settings,
                                     group->settings->flags.timeout_ns);
        group->recorder.counters.connect_errors += rc != 0 && rc != -ECANCELED;
    }
    return rc;
}

static void
watch(const struct load_office *office)
{
    if (office->recipient.readers > 0) {
        int rc = cy_monitor(office->recipient.keeper);
        (void) rc; /* then the senders notice, a little later */
    }
}

static int
load_clerk(void *arg)
{
    struct load_office *office = arg;
    watch(office);
    while (await_loss(office) == 0 && !load_group_over(office->group) && seek(office) == 0) {
        office->life++;
        office->seeking = false;
        watch(office);
        for (uint32_t i = 0; i < office->count; i++)
            load_sender_wake(&office->senders[i]);
    }
    load_group_leave(office->group);
    return 0;
}

int
load_office_open(struct load_office *office)
{
    int rc = cy_task_spawn(&office->clerk, load_clerk, office, NULL);
    office->group->tasks += rc == 0;
    return rc;
}

void
load_office_close(struct load_office *office)
{
    int rc = cy_terminate(office->clerk);
    (void) rc; /* it may have ended */
}

void
load_office_leave(struct load_office *office)
{
    if (--office->busy == 0)
        load_office_close(office);
}
