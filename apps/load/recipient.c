/*
 * recipient.c - finding the task or the channel that has a name, and its books.
 * Tests: tests/load/test_senders.c
 */
#include "recipient.h"
#include "talk.h"

#include <cycos/mailbox.h>
#include <cycos/peer.h>
#include <cycos/registry.h>
#include <errno.h>
#include <string.h>

enum { READERS_MAX = CY_CORES_MAX };

/* Whom does a payload reach? 0: this is no server of ours. */
static uint32_t
ask_readers(cy_ref keeper, bool is_channel, cy_time deadline)
{
    const struct load_who who = {LOAD_TALK_VERSION, is_channel};
    struct load_readers answer = {0, 0};
    cy_msg *msg, *reply;
    if (cy_msg_copy(&msg, LOAD_TALK_WHO, &who, sizeof who) != 0)
        return 0;
    if (cy_call(&reply, keeper, &msg, deadline) != 0) {
        cy_msg_free(&msg);
        return 0;
    }
    if (cy_msg_size(reply) == sizeof answer)
        memcpy(&answer, cy_msg_body(reply), sizeof answer);
    cy_msg_free(&reply);
    bool known = answer.version == LOAD_TALK_VERSION && answer.readers <= READERS_MAX;
    return known ? answer.readers : 0;
}

static void
find_books(struct load_recipient *found, const struct load_target *target, cy_time deadline)
{
    char name[CY_NAME_MAX + 1];
    cy_location location = cy_ref_location(found->ref);
    bool here = found->ref.node == cy_self().node;
    if (load_books_name(name, target->host) == 0 &&
        cy_task_locate(&found->keeper, name, here ? NULL : &location, deadline) == 0)
        found->readers = ask_readers(found->keeper, target->protocol == LOAD_CHANNEL, deadline);
}

int
load_recipient_find(struct load_recipient *out, const struct load_settings *settings,
                    cy_time timeout_ns)
{
    const struct load_target *target = &settings->target;
    struct load_recipient found = {.readers = 0};
    cy_time deadline = cy_after(timeout_ns);
    int rc = target->protocol == LOAD_CHANNEL
                 ? cy_channel_locate(&found.ref, target->host, NULL, deadline)
                 : cy_task_locate(&found.ref, target->host, NULL, deadline);
    if (rc != 0)
        return rc;
    if (settings->flags.books)
        find_books(&found, target, cy_after(timeout_ns));
    *out = found;
    return 0;
}
