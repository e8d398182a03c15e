/*
 * peer.c - peers as programs see them: cores with a name and a place.
 *
 * Tests: tests/transport/test_member_peer.c
 */
#include "member_table.h"
#include <cycos/impl/msg.h>
#include <stdio.h>
#include <string.h>

/* A peer in a message: bytes, because it may be sent on to a node of another build. */
enum { AT_PORT = 16, AT_ONLINE = 18, AT_NAME_SIZE = 19, AT_NAME = 20 };
enum { PEER_BYTES = AT_NAME + CY_PEER_NAME_MAX + 1 };

static void
set_name(struct cy_peer *peer, const char *node, uint16_t core)
{
    if (node != NULL && node[0] != '\0')
        snprintf(peer->name, sizeof peer->name, "%.*s.%u", CY_NODE_NAME_MAX, node, core);
    else
        cy_location_format(peer->name, sizeof peer->name, &peer->location);
}

void
cyi_peer_of_member(struct cy_peer *out, const struct cyi_member *member, uint16_t core)
{
    memset(out, 0, sizeof *out);
    cyi_member_location(&out->location, member, core);
    set_name(out, member->name, core);
    out->online = member->reported;
}

void
cyi_peer_of_core(struct cy_peer *out, const struct cyi_core *core)
{
    memset(out, 0, sizeof *out);
    out->location = cy_ref_location(core->home);
    set_name(out, core->node->options->name, core->index);
    out->online = true;
}

cy_msg *
cyi_peer_message(struct cyi_core *core, const struct cy_peer *peer)
{
    cy_msg *msg = cyi_msg_take(core, CY_TAG_PEER, PEER_BYTES);
    if (msg == NULL)
        return NULL;
    uint8_t *body = cyi_msg_body(msg);
    memset(body, 0, PEER_BYTES);
    memcpy(body, peer->location.address, 16);
    cyi_put16(body + AT_PORT, peer->location.port);
    body[AT_ONLINE] = peer->online;
    body[AT_NAME_SIZE] = (uint8_t) strlen(peer->name);
    memcpy(body + AT_NAME, peer->name, body[AT_NAME_SIZE]);
    return msg;
}

int
cy_peer_read(struct cy_peer *out, const cy_msg *msg)
{
    if (msg->tag != CY_TAG_PEER || msg->size != PEER_BYTES)
        return -EINVAL;
    const uint8_t *body = cyi_msg_body(msg);
    if (body[AT_NAME_SIZE] > CY_PEER_NAME_MAX)
        return -EINVAL;
    memset(out, 0, sizeof *out);
    memcpy(out->location.address, body, 16);
    out->location.port = cyi_get16(body + AT_PORT);
    out->online = body[AT_ONLINE] != 0;
    memcpy(out->name, body + AT_NAME, body[AT_NAME_SIZE]);
    return 0;
}

static struct cyi_members *
members_of(const struct cyi_core *core)
{
    return core->net != NULL ? cyi_net_core(core)->net->members : NULL;
}

uint32_t
cy_peer_list(struct cy_peer *out, uint32_t n)
{
    const struct cyi_core *core = cyi_current();
    struct cyi_members *members = members_of(core);
    uint32_t count = 0;
    if (members == NULL)
        return 0;
    for (uint16_t i = 0; i < core->node->core_count; i++) {
        if (i != core->index && count++ < n)
            cyi_peer_of_core(&out[count - 1], core->node->cores[i]);
    }
    pthread_mutex_lock(&members->lock);
    cyi_list_for_each(link, &members->all) {
        const struct cyi_member *member = cyi_container_of(link, struct cyi_member, link);
        for (uint16_t i = 0; member->reported && i < member->core_count; i++) {
            if (count++ < n)
                cyi_peer_of_member(&out[count - 1], member, i);
        }
    }
    pthread_mutex_unlock(&members->lock);
    return count;
}

/* Is `name` that of this core, or of a node that has no other? */
static bool
is_name(const struct cy_peer *peer, uint16_t cores, const char *node, const char *name)
{
    return strcmp(peer->name, name) == 0 ||
           (cores == 1 && node != NULL && node[0] != '\0' && strcmp(node, name) == 0);
}

static bool
find_own(cy_location *out, const struct cyi_node *node, const char *name)
{
    struct cy_peer peer;
    for (uint16_t i = 0; i < node->core_count; i++) {
        cyi_peer_of_core(&peer, node->cores[i]);
        if (is_name(&peer, node->core_count, node->options->name, name)) {
            *out = peer.location;
            return true;
        }
    }
    return false;
}

/* A look that spares most members the work of printing their names. */
static bool
may_be(const struct cyi_member *member, const char *name)
{
    return member->reported &&
           (member->name[0] == '\0' || strncmp(member->name, name, strlen(member->name)) == 0);
}

static bool
find_named(cy_location *out, const struct cyi_members *members, const char *name)
{
    struct cy_peer peer;
    cyi_list_for_each(link, &members->all) {
        const struct cyi_member *member = cyi_container_of(link, struct cyi_member, link);
        for (uint16_t i = 0; may_be(member, name) && i < member->core_count; i++) {
            cyi_peer_of_member(&peer, member, i);
            if (is_name(&peer, member->core_count, member->name, name)) {
                *out = peer.location;
                return true;
            }
        }
    }
    return false;
}

int
cy_peer_locate(cy_location *out, const char *name, cy_time deadline)
{
    struct cyi_core *core = cyi_current();
    struct cyi_members *members = members_of(core);
    size_t size = strlen(name);
    int rc = 0;
    if (members == NULL)
        return CY_ENOPEER;
    if (size == 0)
        return -EINVAL;
    if (size > CY_PEER_NAME_MAX)
        return -ENAMETOOLONG;
    if (find_own(out, core->node, name))
        return 0;
    pthread_mutex_lock(&members->lock);
    while (rc == 0 && !find_named(out, members, name))
        rc = cyi_members_wait(members, core, deadline);
    pthread_mutex_unlock(&members->lock);
    return rc;
}
