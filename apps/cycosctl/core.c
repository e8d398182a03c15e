/*
 * core.c - cores that are asked: who they are, how they are found.
 *
 * Tests: tests/cycosctl/test_core.c, tests/cycosctl/test_cycosctl.py
 */
#include "core.h"
#include "strangers.h"

#include <cycos/mailbox.h>
#include <stdlib.h>
#include <string.h>

enum { HOST_MAX = 254 };

static void
free_core(struct ctl_core *core)
{
    cy_msg_free(&core->msg);
    ctl_rows_fini(&core->items);
}

void
ctl_cores_fini(struct ctl_cores *cores)
{
    for (uint32_t i = 0; i < cores->count; i++)
        free_core(&cores->core[i]);
    free(cores->core);
    *cores = (struct ctl_cores){0};
}

static bool
read_port(const char *text, uint16_t *port)
{
    char *end;
    if (text[0] < '0' || text[0] > '9')
        return false;
    unsigned long number = strtoul(text, &end, 10);
    if (*end != '\0' || number == 0 || number > UINT16_MAX)
        return false;
    *port = (uint16_t) number;
    return true;
}

bool
ctl_split_location(const char *text, char *host, size_t size, uint16_t *port)
{
    const char *colon = strrchr(text, ':');
    if (colon == NULL || colon == text || !read_port(colon + 1, port))
        return false;
    size_t length = (size_t) (colon - text);
    if (text[0] == '[' && colon[-1] == ']') {
        text++;
        length -= 2;
    } else if (memchr(text, ':', length) != NULL) {
        return false; /* an IPv6 address without a port */
    }
    if (length == 0 || length >= size)
        return false;
    memcpy(host, text, length);
    host[length] = '\0';
    return true;
}

/* The peer that is at a location, as the list has it. */
static bool
listed(struct cy_peer *out, const cy_location *location)
{
    uint32_t room = cy_peer_list(NULL, 0);
    struct cy_peer *peers = calloc(room + 1, sizeof *peers);
    bool found = false;
    if (peers == NULL)
        return false;
    uint32_t count = cy_peer_list(peers, room);
    for (uint32_t i = 0; !found && i < room && i < count; i++) {
        found = memcmp(&peers[i].location.address, &location->address,
                       sizeof location->address) == 0 &&
                peers[i].location.port == location->port;
        if (found)
            *out = peers[i];
    }
    free(peers);
    return found;
}

static int
find_location(struct cy_peer *out, const char *host, uint16_t port, cy_time deadline)
{
    cy_location location;
    int rc = cy_location_resolve(&location, host, port, deadline);
    if (rc == 0 && !listed(out, &location))
        rc = cy_peer_add(&location, NULL, deadline);
    if (rc != 0)
        return rc;
    if (!listed(out, &location)) {
        /* It is known by another of its addresses; this one leads there as well. */
        *out = (struct cy_peer){.location = location, .online = true};
        cy_location_format(out->name, sizeof out->name, &location);
    }
    return 0;
}

int
ctl_core_find(struct ctl *ctl, struct cy_peer *out, const char *text)
{
    char host[HOST_MAX];
    uint16_t port;
    cy_location location;
    if (ctl_split_location(text, host, sizeof host, &port))
        return find_location(out, host, port, ctl_deadline(ctl));
    int rc = cy_peer_locate(&location, text, ctl_deadline(ctl));
    if (rc != 0)
        return rc;
    if (listed(out, &location))
        return 0;
    return CY_ENOPEER; /* it has gone meanwhile */
}

static int
find_named(struct ctl *ctl, struct ctl_cores *out)
{
    out->core = calloc((size_t) ctl->argc, sizeof *out->core);
    if (out->core == NULL)
        return ctl_fail(ctl, CTL_FAILED, "out of memory");
    out->count = (uint32_t) ctl->argc;
    for (int i = 0; i < ctl->argc; i++) {
        int rc = ctl_core_find(ctl, &out->core[i].peer, ctl->argv[i]);
        if (rc == -ETIMEDOUT)
            return ctl_silence(ctl, "%s: no such core has shown up", ctl->argv[i]);
        if (rc != 0)
            return ctl_fail(ctl, ctl_status_of(rc), "%s: %s", ctl->argv[i], cy_strerror(rc));
    }
    return CTL_OK;
}

static bool
is_wanted(const struct ctl *ctl, const struct cy_peer *peer)
{
    return ctl->flags.all || strncmp(peer->name, CTL_OWN_NAME, strlen(CTL_OWN_NAME)) != 0;
}

/* Wait until peers have come, and no other has for a while. */
static int
wait_for_peers(const struct ctl *ctl)
{
    cy_time end = ctl_deadline(ctl);
    bool some = false;
    int rc = cy_peer_watch(cy_self());
    while (rc == 0) {
        cy_msg *msg;
        struct cy_peer peer;
        cy_time until = some ? cy_after(ctl->flags.settle) : end;
        rc = cy_receive_tag(&msg, CY_TAG_PEER, until < end ? until : end);
        if (rc != 0)
            break;
        if (cy_peer_read(&peer, msg) == 0 && peer.online && is_wanted(ctl, &peer))
            some = true;
        cy_msg_free(&msg);
    }
    (void) !cy_peer_watch(CY_NOBODY);
    return rc == -ETIMEDOUT && some ? 0 : rc;
}

static bool
same_place(const struct cy_peer *a, const struct cy_peer *b)
{
    return memcmp(a->location.address, b->location.address, sizeof a->location.address) == 0 &&
           a->location.port == b->location.port;
}

/* Takes what is known of the same core, which is the next one most of the time. */
static void
keep_known(struct ctl_core *core, struct ctl_cores *old, uint32_t *next)
{
    for (uint32_t i = 0; i < old->count; i++) {
        struct ctl_core *known = &old->core[(*next + i) % old->count];
        if (!same_place(&known->peer, &core->peer))
            continue;
        struct cy_peer peer = core->peer;
        *next = (*next + i + 1) % old->count;
        *core = *known;
        core->peer = peer;
        known->msg = NULL;
        known->items = (struct ctl_rows){0};
        return;
    }
}

int
ctl_cores_renew(const struct ctl *ctl, struct ctl_cores *cores)
{
    struct ctl_cores fresh = {0};
    uint32_t room = cy_peer_list(NULL, 0), next = 0;
    room = room < CTL_CORES_MAX ? room : CTL_CORES_MAX;
    struct cy_peer *peers = calloc(room + 1, sizeof *peers);
    fresh.core = calloc(room + 1, sizeof *fresh.core);
    if (peers == NULL || fresh.core == NULL) {
        free(peers);
        free(fresh.core);
        return -ENOMEM;
    }
    uint32_t count = cy_peer_list(peers, room);
    for (uint32_t i = 0; i < count && i < room; i++) {
        struct ctl_core *core = &fresh.core[fresh.count];
        if (!is_wanted(ctl, &peers[i]))
            continue;
        core->peer = peers[i];
        keep_known(core, cores, &next);
        fresh.count++;
    }
    free(peers);
    ctl_cores_fini(cores);
    *cores = fresh;
    return 0;
}

static int
find_all(struct ctl *ctl, struct ctl_cores *out)
{
    int rc = wait_for_peers(ctl);
    if (rc == -ETIMEDOUT)
        return ctl_silence(ctl, "nobody else is in this network: nobody with this --udp-port "
                                "and this secret");
    if (rc == 0)
        rc = ctl_cores_renew(ctl, out);
    if (rc == 0 && cy_peer_list(NULL, 0) > CTL_CORES_MAX)
        rc = -E2BIG;
    return rc == 0 ? CTL_OK : ctl_fail(ctl, ctl_status_of(rc), "%s", cy_strerror(rc));
}

int
ctl_cores_find(struct ctl *ctl, struct ctl_cores *out)
{
    *out = (struct ctl_cores){0};
    return ctl->argc > 0 ? find_named(ctl, out) : find_all(ctl, out);
}
