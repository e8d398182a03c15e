/*
 * worker.c - a node that makes load for a coordinator on another node.
 *
 * A worker starts the generators and no more: these report to the coordinator as they would
 * on its own node, and take its orders. It belongs to one coordinator at a time; if that ends
 * without a word, the generators are stopped.
 * Tests: tests/load/test_crew.c
 */
#include "worker.h"
#include "assignment.h"
#include "generator.h"
#include "hire.h"
#include "line.h"

#include <cycos/registry.h>
#include <cycos/run.h>
#include <cycos/task.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One run: what its generators use, until the last of them has ended. */
struct shift {
    struct load_assignment assignment;
    struct load_settings settings, trial;
    struct load_order orders[CY_CORES_MAX];
    cy_ref generators[CY_CORES_MAX];
    uint32_t running;
};

struct worker {
    cy_ref boss; /* nobody: free */
    struct shift *shift;
    bool stopping;
};

static void
answer(const cy_msg *request, const void *body, size_t size)
{
    cy_msg *reply;
    if (cy_msg_copy(&reply, cy_msg_tag(request), body, size) != 0)
        return;
    int rc = cy_reply(request, &reply);
    if (rc != 0)
        cy_msg_free(&reply);
}

static bool
is_free(const struct worker *w)
{
    return cy_ref_is_nobody(w->boss) && w->shift == NULL && !w->stopping;
}

static void
take_ask(struct worker *w, const cy_msg *msg)
{
    struct load_hire_ask ask = {0, 0};
    struct load_hire_answer hired = {.cores = cy_core_count()};
    cy_ref sender = cy_msg_sender(msg);
    if (cy_msg_size(msg) == sizeof ask)
        memcpy(&ask, cy_msg_body(msg), sizeof ask);
    snprintf(hired.name, sizeof hired.name, "%s", cy_core_name());
    if (ask.version != LOAD_HIRE_VERSION || ask.done_bytes != sizeof(struct load_msg_done))
        hired.error = -EPROTONOSUPPORT;
    else if (!is_free(w) || cy_monitor(sender) != 0)
        hired.error = -EBUSY;
    else
        w->boss = sender;
    answer(msg, &hired, sizeof hired);
}

static void
stop_generators(const struct worker *w)
{
    for (uint32_t i = 0; w->shift != NULL && i < w->shift->assignment.count; i++) {
        int rc = cy_send_bytes(w->shift->generators[i], LOAD_MSG_STOP, NULL, 0);
        (void) rc; /* it may have ended */
    }
}

static void
end_shift(struct worker *w)
{
    load_assignment_fini(&w->shift->assignment);
    free(w->shift);
    w->shift = NULL;
}

static bool
is_ours(const struct shift *shift, cy_ref task)
{
    for (uint32_t i = 0; i < shift->assignment.count; i++)
        if (cy_ref_equal(shift->generators[i], task))
            return true;
    return false;
}

/* Of a generator, or of a coordinator, which may be an earlier one. */
static void
take_exit(struct worker *w, const cy_msg *msg)
{
    struct cy_exit exit;
    if (cy_exit_read(&exit, msg) != 0)
        return;
    if (cy_ref_equal(exit.task, w->boss)) {
        w->boss = CY_NOBODY;
        stop_generators(w);
    } else if (w->shift != NULL && is_ours(w->shift, exit.task) && --w->shift->running == 0) {
        end_shift(w);
    }
}

static int
make_settings(struct shift *shift, struct load_staff *staff)
{
    const struct load_assignment *a = &shift->assignment;
    int rc = load_settings_make(&shift->settings, &a->flags, a->target, staff->text,
                                sizeof staff->text);
    if (rc == 0 && a->trial_rate > 0) {
        load_settings_trial(&shift->trial, &shift->settings, a->trial_rate);
        shift->settings = shift->trial;
    }
    return rc;
}

static int
start_generators(struct shift *shift, cy_ref boss, struct load_staff *staff)
{
    const struct cy_task_options options = {.monitor = true};
    const struct load_assignment *a = &shift->assignment;
    struct load_order order = {.settings = &shift->settings,
                               .coordinator = boss,
                               .parts = a->parts,
                               .run = a->run,
                               .fill = a->fill,
                               .hired = true};
    int rc = load_kind_of(&shift->settings)
                 ->find(&order.place, &shift->settings, staff->text, sizeof staff->text);
    for (uint32_t i = 0; i < a->count && rc == 0; i++) {
        load_order_share(&order, a->first + i);
        shift->orders[i] = order;
        rc = cy_task_spawn_on(&shift->generators[i], (uint16_t) i, load_generate,
                              &shift->orders[i], &options);
        shift->running += rc == 0;
    }
    return rc;
}

/* What was started before something failed is stopped again; its end is waited for. */
static int
begin_shift(struct worker *w, const cy_msg *msg, struct load_staff *staff)
{
    struct shift *shift = calloc(1, sizeof *shift);
    if (shift == NULL)
        return -ENOMEM;
    int rc = load_assignment_read(&shift->assignment, msg);
    if (rc != 0) {
        free(shift);
        return rc;
    }
    w->shift = shift;
    bool fits = shift->assignment.count <= cy_core_count() &&
                shift->assignment.parts <= shift->assignment.flags.connections;
    rc = fits ? make_settings(shift, staff) : -EBADMSG;
    rc = rc != 0 ? rc : start_generators(shift, w->boss, staff);
    if (rc != 0)
        stop_generators(w);
    if (shift->running == 0)
        end_shift(w);
    return rc;
}

static void
take_order(struct worker *w, const cy_msg *msg)
{
    static const size_t room = CY_CORES_MAX * sizeof(cy_ref);
    struct load_staff *staff = calloc(1, sizeof *staff + room);
    if (staff == NULL)
        return; /* the coordinator stops waiting */
    /* The last generators may have told the coordinator of their end before they told us. */
    cy_msg *end;
    while (w->shift != NULL && cy_receive_tag(&end, CY_TAG_EXIT, CY_FOREVER) == 0) {
        take_exit(w, end);
        cy_msg_free(&end);
    }
    staff->error = -EPERM;
    if (cy_ref_equal(cy_msg_sender(msg), w->boss) && !w->stopping)
        staff->error = begin_shift(w, msg, staff);
    if (staff->error == 0 && w->shift != NULL) {
        staff->count = w->shift->assignment.count;
        memcpy(staff + 1, w->shift->generators, staff->count * sizeof(cy_ref));
    } else if (staff->text[0] == '\0') {
        snprintf(staff->text, sizeof staff->text, "%s", cy_strerror(staff->error));
    }
    answer(msg, staff, sizeof *staff + staff->count * sizeof(cy_ref));
    free(staff);
}

static void
take(struct worker *w, const cy_msg *msg)
{
    switch (cy_msg_tag(msg)) {
    case LOAD_HIRE_ASK:
        take_ask(w, msg);
        break;
    case LOAD_HIRE_ORDER:
        take_order(w, msg);
        break;
    case LOAD_HIRE_RELEASE:
        if (cy_ref_equal(cy_msg_sender(msg), w->boss))
            w->boss = CY_NOBODY;
        break;
    case CY_TAG_EXIT:
        take_exit(w, msg);
        break;
    case LOAD_HIRE_STOP:
        w->stopping = cy_stopping(); /* whoever may have said so */
        if (w->stopping)
            stop_generators(w);
        break;
    default:
        break;
    }
}

/* Lets the generators report what they have, before everything is ended. */
static int
load_watch_end(void *arg)
{
    const struct load_worker *worker = arg;
    if (cy_wait_stopping(CY_FOREVER) != 0)
        return 0;
    return cy_send_bytes(worker->self, LOAD_HIRE_STOP, NULL, 0);
}

static int
set_up(struct load_worker *worker)
{
    const struct cy_task_options daemon = {.daemon = true};
    worker->self = cy_self();
    int rc = cy_task_register(LOAD_WORKER_NAME);
    rc = rc != 0 ? rc : cy_task_spawn(NULL, load_watch_end, worker, &daemon);
    if (rc != 0) {
        snprintf(worker->error, sizeof worker->error, "cannot be a worker: %s",
                 cy_strerror(rc));
        return rc;
    }
    if (worker->announce != NULL) {
        fprintf(worker->announce, "load: ready, worker %s with %u core%s\n", cy_core_name(),
                cy_core_count(), cy_core_count() == 1 ? "" : "s");
        fflush(worker->announce);
    }
    return 0;
}

int
load_work(void *arg)
{
    struct load_worker *worker = arg;
    struct worker w = {.boss = CY_NOBODY};
    cy_msg *msg;
    int rc = set_up(worker);
    while (rc == 0 && !(w.stopping && w.shift == NULL)) {
        rc = cy_receive(&msg, CY_FOREVER);
        if (rc == 0) {
            take(&w, msg);
            cy_msg_free(&msg);
        }
    }
    /* When the node is torn down generators may outlive this task: let them be. */
    return worker->error[0] != '\0' ? 3 : 0;
}
