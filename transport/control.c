/*
 * control.c - a task of each core that answers questions about it.
 *
 * It is a handler: while nobody asks it has no stack and costs its record. What it tells it
 * reads on its own core, in one go; only when an answer is on its way do others get their turn.
 */
#include "control.h"
#include "net.h"
#include <cycos/impl/name.h>
#include <cycos/mailbox.h>
#include <cycos/peer.h>
#include <cycos/registry.h>
#include <stdio.h>

static const struct {
    const char *what;
    cyi_control_fn *answer;
} QUESTIONS[] = {
    {"ping", cyi_control_ping},         {"node", cyi_control_node},
    {"counters", cyi_control_counters}, {"tasks", cyi_control_tasks},
    {"names", cyi_control_names},       {"links", cyi_control_links},
    {"dump", cyi_control_dump},
};
enum { QUESTION_COUNT = sizeof QUESTIONS / sizeof QUESTIONS[0] };

void
cyi_control_begin(cy_value_writer *w, const struct cyi_core *core,
                  const struct cyi_question *question, size_t more)
{
    cy_value_put_map(w, 5 + more);
    cyi_control_put_uint(w, "v", CY_CONTROL_VERSION);
    cyi_control_put_text(w, "do", question->what);
    cyi_control_put_uint(w, "core", core->index);
    cyi_control_put_uint(w, "at", (uint64_t) core->os->now(core->os));
    cy_value_put_text(w, "node");
    cy_value_put_bytes(w, core->node->incarnation, sizeof core->node->incarnation);
}

void
cyi_control_put_uint(cy_value_writer *w, const char *key, uint64_t value)
{
    cy_value_put_text(w, key);
    cy_value_put_uint(w, value);
}

void
cyi_control_put_bool(cy_value_writer *w, const char *key, bool value)
{
    cy_value_put_text(w, key);
    cy_value_put_bool(w, value);
}

static bool
is_utf8(const char *text)
{
    cy_value_writer probe;
    size_t size;
    cy_value_writer_init(&probe, NULL, 0);
    cy_value_put_text(&probe, text);
    return cy_value_finish(&probe, &size) != -EILSEQ;
}

/* Names are whatever their program made them. */
void
cyi_control_put_long(cy_value_writer *w, const char *key, char *text)
{
    bool foreign = !is_utf8(text);
    for (char *at = text; foreign && *at != '\0'; at++)
        *at = *at & 0x80 ? '?' : *at;
    cy_value_put_text(w, key);
    cy_value_put_text(w, text);
}

void
cyi_control_put_text(cy_value_writer *w, const char *key, const char *text)
{
    char copy[512];
    snprintf(copy, sizeof copy, "%s", text);
    cyi_control_put_long(w, key, copy);
}

void
cyi_control_put_location(cy_value_writer *w, const char *key, cy_ref ref)
{
    char text[CY_LOCATION_TEXT_MAX];
    cy_location location = cy_ref_location(ref);
    cy_location_format(text, sizeof text, &location);
    cyi_control_put_text(w, key, text);
}

void
cyi_control_put_next(cy_value_writer *w, uint64_t next)
{
    cy_value_put_text(w, "next");
    if (next != 0)
        cy_value_put_uint(w, next);
    else
        cy_value_put_nil(w);
}

void
cyi_control_put_counts(cy_value_writer *w, const char *key,
                       const struct cyi_named_count *counts, size_t n)
{
    cy_value_put_text(w, key);
    cy_value_put_map(w, n);
    for (size_t i = 0; i < n; i++)
        cyi_control_put_uint(w, counts[i].key, counts[i].count);
}

int
cyi_control_ping(struct cyi_core *core, const struct cyi_question *question, cy_value_writer *w)
{
    cyi_control_begin(w, core, question, 0);
    return 0;
}

static void
refuse(cy_value_writer *w, int error, const char *why)
{
    cy_value_writer_init_msg(w, 0);
    cy_value_put_map(w, 3);
    cyi_control_put_uint(w, "v", CY_CONTROL_VERSION);
    cyi_control_put_text(w, "error", cy_errname(error));
    cyi_control_put_text(w, "why", why != NULL ? why : cy_strerror(error));
}

/* An entry that may be missing. */
static int
read_uint(const cy_value_reader *map, const char *key, uint64_t otherwise, uint64_t *out)
{
    cy_value_reader value;
    *out = otherwise;
    int rc = cy_value_find(map, key, &value);
    if (rc == 0)
        rc = cy_value_get_uint(&value, out);
    return rc == 0 || rc == -ENOENT ? 0 : -EINVAL;
}

static cyi_control_fn *
find(const char **what, const char *text, size_t size)
{
    for (size_t i = 0; i < QUESTION_COUNT; i++) {
        *what = QUESTIONS[i].what;
        if (strlen(*what) == size && memcmp(*what, text, size) == 0)
            return QUESTIONS[i].answer;
    }
    return NULL;
}

static int
read_question(struct cyi_question *out, cyi_control_fn **fn, const cy_msg *msg,
              const char **why)
{
    cy_value_reader body, map, value;
    uint64_t version, max;
    const char *text;
    size_t size;
    *why = "a question is a map";
    if (cy_value_reader_init_msg(&body, msg) != 0 || cy_value_get_map(&body, &map) != 0)
        return -EBADMSG;
    *why = "v: a version that is not spoken here";
    if (read_uint(&map, "v", 0, &version) != 0 || version != CY_CONTROL_VERSION)
        return -EPROTONOSUPPORT;
    *why = "do: what is asked for, a text";
    if (cy_value_find(&map, "do", &value) != 0 || cy_value_get_text(&value, &text, &size) != 0)
        return -EINVAL;
    *why = "do: nothing of that name can be asked for";
    if ((*fn = find(&out->what, text, size)) == NULL)
        return -EOPNOTSUPP;
    *why = "from: a number";
    if (read_uint(&map, "from", 0, &out->from) != 0)
        return -EINVAL;
    *why = "max: a number from 1 on";
    if (read_uint(&map, "max", CY_CONTROL_PAGE_MAX, &max) != 0 || max == 0)
        return -EINVAL;
    out->max = max < CY_CONTROL_PAGE_MAX ? (uint32_t) max : CY_CONTROL_PAGE_MAX;
    *why = NULL;
    return 0;
}

static void
serve(void *state, cy_msg **msg)
{
    struct cyi_core *core = state;
    struct cyi_question question;
    cyi_control_fn *answer;
    const char *why;
    cy_value_writer w;
    cy_msg *reply;
    cy_value_writer_init_msg(&w, 0);
    int rc = read_question(&question, &answer, *msg, &why);
    if (rc == 0)
        rc = answer(core, &question, &w);
    if (rc != 0) {
        cy_value_writer_fini(&w);
        refuse(&w, rc, why);
    }
    /* Whoever gets no answer, for want of memory or of room on the way, gives up by itself. */
    if (cy_value_finish_msg(&w, &reply) == 0 && cy_reply(*msg, &reply) != 0)
        cy_msg_free(&reply);
    (void) cy_yield(); /* many questions hold nobody up */
}

static int
start(struct cyi_net_core *owner)
{
    char name[CY_NAME_MAX + 1];
    struct cyi_core *core = owner->core;
    struct cyi_task *task;
    int rc = cyi_daemon_handler_start(core, &task, serve, core, CY_CONTROL_NAME);
    if (rc != 0)
        return rc;
    owner->control = cyi_task_ref(core, task);
    snprintf(name, sizeof name, "%s.%u", CY_CONTROL_NAME, core->index);
    rc = cyi_name_give(core, task, name);
    if (rc != 0)
        return rc;
    snprintf(name, sizeof name, "%s:%u", CY_CONTROL_NAME, owner->port);
    return cyi_name_give(core, task, name);
}

int
cyi_control_start(struct cyi_net *net)
{
    int rc = 0;
    for (uint16_t i = 0; rc == 0 && i < net->node->core_count; i++)
        rc = start(&net->cores[i]);
    return rc;
}
