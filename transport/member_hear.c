/*
 * member_hear.c - a hello of a node: who does not know it yet has somebody to dial.
 *
 * A hello grants nothing. The worst that a replayed one can do is that we dial an address.
 *
 * Tests: tests/transport/test_member_table.c, tests/transport/test_discover.c
 */
#include "member_table.h"
#include <stdlib.h>
#include <string.h>

enum { WINDOW_MS = 30 * 1000 };

/* A hello counts once, whichever way it comes; one from another time is at best a hint. */
enum cyi_hello_age
cyi_members_hello_age(struct cyi_members *members, const struct cyi_hello *hello,
                      uint64_t now_ms)
{
    pthread_mutex_lock(&members->lock);
    struct cyi_member *member = cyi_member_known(members, hello->incarnation);
    bool known = member != NULL && member->hello_sequence != 0;
    bool newer = !known || hello->sequence > member->hello_sequence;
    if (member != NULL && newer)
        member->hello_sequence = hello->sequence;
    pthread_mutex_unlock(&members->lock);
    if (!newer)
        return CYI_HELLO_OLD;
    uint64_t apart =
        hello->time_ms > now_ms ? hello->time_ms - now_ms : now_ms - hello->time_ms;
    return known || apart <= WINDOW_MS ? CYI_HELLO_FRESH : CYI_HELLO_HINT;
}

/* Where to dial: an ASK comes from the node itself, others only say where it is. */
static int
take_hello(struct cyi_member *member, const struct cyi_hello *hello, const cy_address *source)
{
    uint8_t at[16];
    if (member->ports == NULL) { /* else we know better than a hello says */
        member->ports = malloc(sizeof *member->ports);
        if (member->ports == NULL)
            return -ENOMEM;
        member->ports[0] = hello->port;
        member->core_count = 1;
    }
    member->address_count = member->preferred = 0;
    for (uint8_t i = 0; i < hello->address_count; i++)
        cyi_member_note_address(member, hello->addresses[i], false);
    if (hello->kind != CYI_HELLO_RELAY || hello->address_count == 0) {
        cyi_address_to_wire(at, source);
        cyi_member_note_address(member, at, true);
    }
    if (!member->introduced)
        memcpy(member->home, member->addresses[member->preferred], sizeof member->home);
    member->hello_sequence = hello->sequence;
    return 0;
}

static int
add(struct cyi_members *members, const struct cyi_hello *hello, const cy_address *source)
{
    uint32_t tag;
    struct cyi_member *member;
    memcpy(&tag, hello->incarnation, sizeof tag);
    const struct cyi_member *same = cyi_member_tagged(members, tag);
    if (same != NULL && same->state != CYI_MEMBER_GONE)
        return -EEXIST;
    if (members->heard_count >= CYI_MEMBERS_HEARD_MAX) {
        members->counters.peers_refused++;
        return -ENOBUFS;
    }
    int rc = cyi_member_add(&member, members, hello->incarnation);
    if (rc != 0)
        return rc;
    rc = take_hello(member, hello, source);
    if (rc != 0)
        cyi_member_remove(members, member);
    return rc;
}

/*
 * One that we took for dead says hello. A hello from before its end may come late, so those of
 * the first moments do not count: it says hello again.
 */
static int
revive(struct cyi_members *members, struct cyi_member *member, const struct cyi_hello *hello,
       const cy_address *source, cy_time now)
{
    if (now - member->gone_at < CYI_MEMBER_REVIVE ||
        members->heard_count >= CYI_MEMBERS_HEARD_MAX)
        return -EAGAIN;
    int rc = take_hello(member, hello, source);
    if (rc != 0)
        return rc;
    cyi_list_remove(&member->link);
    cyi_list_append(&members->all, &member->link);
    members->gone_count--;
    members->count++;
    members->heard_count++;
    member->state = CYI_MEMBER_HEARD;
    member->failures = 0;
    member->retry_at = now;
    return 0;
}

static int
hear(struct cyi_members *members, const struct cyi_hello *hello, const cy_address *source,
     cy_time now)
{
    struct cyi_member *member = cyi_member_known(members, hello->incarnation);
    if (member == NULL)
        return add(members, hello, source);
    if (member->state == CYI_MEMBER_GONE)
        return revive(members, member, hello, source, now);
    if (member->state == CYI_MEMBER_LOST || member->state == CYI_MEMBER_HEARD) {
        member->retry_at = now;
        return 0;
    }
    return -EALREADY;
}

bool
cyi_members_hear(struct cyi_members *members, const struct cyi_hello *hello,
                 const cy_address *source)
{
    const struct cyi_node *node = members->net->node;
    if (memcmp(hello->incarnation, &node->tag, sizeof node->tag) == 0)
        return false;
    pthread_mutex_lock(&members->lock);
    int rc = hear(members, hello, source, node->os->now(node->os));
    pthread_mutex_unlock(&members->lock);
    if (rc == 0)
        cyi_members_wake_keeper(members);
    return rc == 0;
}
