/*
 * member_link.c - the membership's way to the links of a core; see struct cyi_member_way.
 *
 * Tests: tests/transport/test_member.c
 */
#include "connection.h"
#include "discover.h"
#include "link.h"
#include "member_table.h"
#include <string.h>

static cy_ref
hub_ref(const struct cyi_member *member)
{
    cy_ref ref = CY_NOBODY;
    memcpy(ref.address, member->home, sizeof ref.address);
    ref.port = member->ports[0];
    ref.node = member->tag;
    return ref;
}

static int
dial(struct cyi_core *core, const struct cyi_member *member)
{
    struct cyi_link *link;
    int rc = cyi_link_get(&link, core, hub_ref(member));
    if (rc != 0)
        return rc;
    link->hub = true;
    cyi_link_dial(link);
    return 0;
}

static void
control(struct cyi_core *core, uint32_t tag, enum cyi_op op, const void *body, size_t size)
{
    struct cyi_link *link = cyi_link_find(core, tag, 0);
    if (link != NULL)
        cyi_link_control(link, op, body, size);
}

static int
put(struct cyi_core *core, uint32_t tag, enum cyi_op op, const void *body, size_t size)
{
    struct cyi_link *link = cyi_link_find(core, tag, 0);
    if (link == NULL)
        return CY_ENOPEER;
    struct cyi_parts parts = {.body = body, .size = size};
    return cyi_link_put_item(link, op, 0, &parts);
}

static void
cut(struct cyi_core *core, uint32_t tag)
{
    struct cyi_link *link = cyi_link_find(core, tag, 0);
    if (link != NULL && link->connection != NULL)
        cyi_connection_cut(link->connection, -ETIMEDOUT);
}

static void
stream(struct cyi_core *core, uint32_t tag, uint16_t peer_cores, bool on)
{
    for (uint16_t i = 0; i < peer_cores; i++) {
        struct cyi_link *link = cyi_link_find(core, tag, i);
        if (link != NULL)
            cyi_link_stream(link, on);
    }
}

const struct cyi_member_way cyi_member_links = {
    .dial = dial,
    .control = control,
    .put = put,
    .cut = cut,
    .end = cyi_links_end,
    .stream = stream,
    .meet = cyi_dial_meet,
};
