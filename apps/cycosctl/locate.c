/*
 * locate.c - who has a name.
 *
 * Tests: tests/cycosctl/test_cycosctl.py
 */
#include "locate.h"
#include "strangers.h"

#include <cycos/mailbox.h>
#include <cycos/registry.h>
#include <cycos/rti.h>

typedef int locate_fn(cy_ref *out, const char *name, const cy_location *location,
                      cy_time deadline);

/* One task for each kind of name asks for it; the first answer counts. */
struct search {
    locate_fn *locate;
    const char *name;
    const cy_location *location;
    cy_time deadline;
    cy_ref asker, task, found;
    int result;
};

enum { TAG_DONE = 1, KINDS = 3 };

static int
look(void *arg)
{
    struct search *search = arg;
    search->result =
        search->locate(&search->found, search->name, search->location, search->deadline);
    (void) !cy_send_bytes(search->asker, TAG_DONE, NULL, 0);
    return 0;
}

/* Until one has found it, or all have given up. */
static int
first_of(struct search *searches, uint32_t count, cy_ref *out)
{
    int rc = 0;
    for (uint32_t done = 0; rc == 0 && done < count; done++) {
        cy_msg *msg;
        rc = cy_receive_tag(&msg, TAG_DONE, CY_FOREVER);
        if (rc == 0)
            cy_msg_free(&msg);
        for (uint32_t i = 0; rc == 0 && i < count; i++) {
            if (searches[i].result == 0) {
                *out = searches[i].found;
                return 0;
            }
        }
    }
    return rc != 0 ? rc : searches[0].result;
}

/* What they work on lies on our stack. */
static void
end_all(struct search *searches, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        while (cy_task_alive(searches[i].task)) {
            (void) !cy_terminate(searches[i].task);
            (void) cy_yield();
        }
    }
}

static int
search_for(cy_ref *out, const struct search *model, locate_fn *const *kinds, uint32_t count)
{
    struct search searches[KINDS];
    uint32_t started = 0;
    int rc = 0;
    for (; rc == 0 && started < count; started++) {
        searches[started] = *model;
        searches[started].locate = kinds[started];
        searches[started].result = -EINPROGRESS;
        rc = cy_task_spawn(&searches[started].task, look, &searches[started], NULL);
        if (rc != 0)
            break;
    }
    if (rc == 0)
        rc = first_of(searches, count, out);
    end_all(searches, started);
    return rc;
}

int
ctl_locate_name(struct ctl *ctl, cy_ref *out, const char *name)
{
    static locate_fn *const kinds[KINDS] = {cy_task_locate, cy_channel_locate, cy_rti_locate};
    struct search model = {.name = name, .deadline = ctl_deadline(ctl), .asker = cy_self()};
    struct cy_peer at;
    int rc = 0;
    if (ctl->flags.at != NULL) {
        rc = ctl_core_find(ctl, &at, ctl->flags.at);
        if (rc == -ETIMEDOUT)
            return ctl_silence(ctl, "%s: no such core has shown up", ctl->flags.at);
        if (rc != 0)
            return ctl_fail(ctl, ctl_status_of(rc), "%s: %s", ctl->flags.at, cy_strerror(rc));
        model.location = &at.location;
    }
    uint32_t first = ctl->flags.kind == CTL_KIND_ANY ? 0 : (uint32_t) ctl->flags.kind - 1;
    uint32_t count = ctl->flags.kind == CTL_KIND_ANY ? KINDS : 1;
    rc = search_for(out, &model, kinds + first, count);
    if (rc == -ETIMEDOUT)
        return ctl_silence(ctl, "nobody has the name '%s'", name);
    if (rc != 0)
        return ctl_fail(ctl, ctl_status_of(rc), "'%s': %s", name, cy_strerror(rc));
    return CTL_OK;
}
