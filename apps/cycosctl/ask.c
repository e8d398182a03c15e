/*
 * ask.c - questions to cores.
 *
 * Tests: tests/cycosctl/test_cycosctl.py
 */
#include "ask.h"

#include "cell.h"

#include <cycos/control.h>
#include <cycos/mailbox.h>
#include <cycos/registry.h>
#include <stdlib.h>
#include <string.h>

enum {
    AT_ONCE = 256,       /* cores that are asked at the same time */
    PAGES_MAX = 1 << 20, /* of one list: whoever goes on without end is not believed */
};

/* The control task has a name with the port of its core; so one location has one of them. */
static int
find_control(struct ctl_core *core, cy_time deadline)
{
    char name[CY_NAME_MAX + 1];
    if (!cy_ref_is_nobody(core->control))
        return 0;
    snprintf(name, sizeof name, "%s:%u", CY_CONTROL_NAME, core->peer.location.port);
    return cy_task_locate(&core->control, name, &core->peer.location, deadline);
}

static int
make_question(cy_msg **out, const char *what, uint64_t from)
{
    cy_value_writer w;
    cy_value_writer_init_msg(&w, 0);
    cy_value_put_map(&w, 3);
    ctl_put_uint(&w, "v", CY_CONTROL_VERSION);
    ctl_put_text(&w, "do", what);
    ctl_put_uint(&w, "from", from);
    return cy_value_finish_msg(&w, out);
}

/* What it says is checked: it may be of another version, or none of ours at all. */
static int
read_answer(struct ctl_core *core)
{
    cy_value_reader body, value;
    const char *text;
    size_t size;
    uint64_t version;
    if (cy_value_reader_init_msg(&body, core->msg) != 0 ||
        cy_value_get_map(&body, &core->map) != 0 ||
        cy_value_find(&core->map, "v", &value) != 0 || cy_value_get_uint(&value, &version) != 0)
        return -EBADMSG;
    if (cy_value_find(&core->map, "why", &value) == 0 &&
        cy_value_get_text(&value, &text, &size) == 0)
        ctl_cell_plain(core->why, sizeof core->why, text, size);
    if (cy_value_find(&core->map, "error", &value) == 0)
        return -EREMOTEIO;
    return version == CY_CONTROL_VERSION ? 0 : -EPROTONOSUPPORT;
}

static int
ask_once(struct ctl_core *core, const char *what, uint64_t from, cy_time deadline)
{
    cy_msg *question;
    cy_msg_free(&core->msg);
    int rc = make_question(&question, what, from);
    if (rc != 0)
        return rc;
    cy_time began = cy_now();
    rc = cy_call(&core->msg, core->control, &question, deadline);
    core->took = cy_now() - began;
    cy_msg_free(&question);
    return rc != 0 ? rc : read_answer(core);
}

static int
take_items(struct ctl_core *core, const char *list)
{
    cy_value_reader value, items, item;
    if (cy_value_find(&core->map, list, &value) != 0 || cy_value_get_list(&value, &items) != 0)
        return -EBADMSG;
    while (cy_value_peek(&items) != CY_VALUE_NONE) {
        if (cy_value_get_map(&items, &item) != 0)
            return -EBADMSG;
        cy_value_writer *w = ctl_rows_begin(&core->items, 1 + ctl_pairs(&item));
        ctl_put_text(w, "at", core->peer.name);
        ctl_put_pairs(w, item);
        int rc = ctl_rows_end(&core->items);
        if (rc != 0)
            return rc;
    }
    return 0;
}

/* 0: that was the last page. */
static uint64_t
next_page(const struct ctl_core *core)
{
    cy_value_reader value;
    uint64_t next = 0;
    if (cy_value_find(&core->map, "next", &value) == 0)
        (void) !cy_value_get_uint(&value, &next);
    return next;
}

static int
ask(struct ctl *ctl, struct ctl_core *core, const char *what, const char *list)
{
    uint64_t from = 0;
    uint32_t pages = 0;
    int rc = find_control(core, ctl_deadline(ctl));
    core->why[0] = '\0';
    do {
        if (rc == 0)
            rc = ask_once(core, what, from, ctl_deadline(ctl));
        if (rc == 0 && list != NULL)
            rc = take_items(core, list);
        from = rc == 0 && list != NULL ? next_page(core) : 0;
    } while (from != 0 && ++pages < PAGES_MAX);
    if (rc == -ESRCH || rc == CY_ENOPEER)
        core->control = CY_NOBODY;
    return rc;
}

int
ctl_ask(struct ctl *ctl, struct ctl_core *core, const char *what, const char *list)
{
    core->error = ask(ctl, core, what, list);
    return core->error;
}

struct job {
    struct ctl *ctl;
    struct ctl_core *core;
    const char *what, *list;
    cy_ref task;
};

static int
do_job(void *arg)
{
    struct job *job = arg;
    ctl_ask(job->ctl, job->core, job->what, job->list);
    return 0;
}

/* It works on what is ours: it must have ended, even when we are interrupted. */
static void
wait_for_end(cy_ref task)
{
    int rc = cy_ref_is_nobody(task) ? 0 : -ECANCELED;
    while (rc == -ECANCELED) {
        cy_msg *end = NULL;
        rc = cy_join(&end, task, CY_FOREVER);
        cy_msg_free(&end);
        if (rc == -ECANCELED && !cy_task_alive(task))
            return;
        (void) cy_yield();
    }
}

static void
ask_some(struct job *jobs, uint32_t count)
{
    static const struct cy_task_options joinable = {.joinable = true};
    for (uint32_t i = 0; i < count; i++) {
        jobs[i].task = CY_NOBODY;
        int rc = cy_task_spawn(&jobs[i].task, do_job, &jobs[i], &joinable);
        if (rc != 0)
            jobs[i].core->error = rc;
    }
    for (uint32_t i = 0; i < count; i++)
        wait_for_end(jobs[i].task);
}

void
ctl_ask_all(struct ctl *ctl, struct ctl_cores *cores, const char *what, const char *list)
{
    struct job *jobs = calloc(AT_ONCE, sizeof *jobs);
    for (uint32_t done = 0; done < cores->count;) {
        uint32_t count = 0;
        for (; jobs != NULL && count < AT_ONCE && done < cores->count; count++, done++)
            jobs[count] = (struct job){ctl, &cores->core[done], what, list, CY_NOBODY};
        if (jobs == NULL)
            cores->core[done++].error = -ENOMEM;
        else
            ask_some(jobs, count);
    }
    free(jobs);
}

int
ctl_ask_report(const struct ctl *ctl, const struct ctl_cores *cores)
{
    int status = CTL_OK;
    for (uint32_t i = 0; i < cores->count; i++) {
        const struct ctl_core *core = &cores->core[i];
        if (core->error == 0)
            continue;
        const char *why = core->error == -ETIMEDOUT ? "no answer" : cy_strerror(core->error);
        ctl_fail(ctl, CTL_FAILED, "%s: %s", core->peer.name,
                 core->why[0] != '\0' ? core->why : why);
        if (status == CTL_OK)
            status = ctl_status_of(core->error);
    }
    return status;
}

void
ctl_ask_gather(struct ctl_rows *out, struct ctl_cores *cores)
{
    for (uint32_t i = 0; i < cores->count; i++)
        (void) ctl_rows_move(out, &cores->core[i].items);
}
