/*
 * strangers.c - nodes that were met, but are in another network.
 *
 * Our own node has counted them: it is asked as the others are. Hellos with another secret do
 * not count: they come every 10 s or so, and what is said must not depend on that.
 *
 * Tests: tests/cycosctl/test_cycosctl.py, tests/cycosctl/test_make.py
 */
#include "strangers.h"
#include "ask.h"

#include <cycos/control.h>
#include <cycos/peer.h>
#include <cycos/registry.h>
#include <stdarg.h>
#include <stdio.h>

static uint64_t
count_of(const struct ctl_core *own, const char *group, const char *name)
{
    cy_value_reader value, counts;
    uint64_t count = 0;
    if (cy_value_find(&own->map, group, &value) == 0 &&
        cy_value_get_map(&value, &counts) == 0 && cy_value_find(&counts, name, &value) == 0)
        (void) !cy_value_get_uint(&value, &count);
    return count;
}

bool
ctl_strangers_met(struct ctl *ctl)
{
    struct ctl_core own = {.control = CY_NOBODY};
    uint64_t met = 0;
    if (cy_task_lookup(&own.control, CY_CONTROL_NAME ".0") != 0)
        return false; /* --no-control */
    if (ctl_ask(ctl, &own, "node", NULL) == 0)
        met = count_of(&own, "members", "bad_secret");
    if (ctl_ask(ctl, &own, "counters", NULL) == 0)
        met += count_of(&own, "network", "bad_secret") + count_of(&own, "network", "bad_tls");
    cy_msg_free(&own.msg);
    return met > 0;
}

int
ctl_silence(struct ctl *ctl, const char *format, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    if (cy_peer_list(NULL, 0) == 0 && ctl_strangers_met(ctl))
        return ctl_fail(ctl, CTL_REFUSED,
                        "%s; others are here, but with another certificate or secret", text);
    return ctl_fail(ctl, CTL_SILENCE, "%s", text);
}
