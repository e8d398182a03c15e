/*
 * core_rows.c - how a core is written into a row.
 *
 * Tests: tests/cycosctl/test_cycosctl.py
 */
#include "core_rows.h"

void
ctl_put_core(cy_value_writer *w, const struct ctl_core *core)
{
    char location[CY_LOCATION_TEXT_MAX];
    cy_location_format(location, sizeof location, &core->peer.location);
    ctl_put_text(w, "name", core->peer.name);
    ctl_put_text(w, "location", location);
}

void
ctl_put_trouble(cy_value_writer *w, const struct ctl_core *core)
{
    cy_value_put_text(w, "error");
    if (core->error == 0)
        cy_value_put_nil(w);
    else if (core->why[0] != '\0')
        cy_value_put_text(w, core->why);
    else
        cy_value_put_text(w,
                          core->error == -ETIMEDOUT ? "no answer" : cy_strerror(core->error));
}

void
ctl_node_text(char *text, const struct ctl_core *core)
{
    cy_value_reader value;
    const void *bytes;
    size_t size;
    text[0] = '\0';
    if (core->error != 0 || cy_value_find(&core->map, "node", &value) != 0 ||
        cy_value_get_bytes(&value, &bytes, &size) != 0 || size != 16)
        return;
    const uint8_t *id = bytes;
    snprintf(text, CTL_NODE_TEXT_MAX, "%02x%02x%02x%02x", id[3], id[2], id[1], id[0]);
}

void
ctl_put_node(cy_value_writer *w, const struct ctl_core *core)
{
    char text[CTL_NODE_TEXT_MAX];
    ctl_node_text(text, core);
    cy_value_put_text(w, "node");
    if (text[0] != '\0')
        cy_value_put_text(w, text);
    else
        cy_value_put_nil(w);
}
