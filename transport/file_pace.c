/*
 * file_pace.c - a core's work for files is done a little per turn.
 *
 * Sixteen transfers over a fast network always have work: without this a turn would be as many
 * pieces as it has switches, and nobody would look at the sockets for tens of megabytes. So
 * between two pieces they pass a gate one after the other, which after some work opens again in
 * the next turn. Messages are looked after in each turn.
 *
 * Tests: tests/transport/test_file_beside.c
 */
#include "file_line.h"

enum {
    TURN_BYTES = 256 << 10, /* sealed or opened by a turn; one more piece at most */
    PLAIN_SHARE = 2,        /* so many plain bytes are as much work as one that is sealed */
};

/* A timer of a time that has passed fires in the next turn. */
static int
wait_for_next_turn(struct cyi_core *core)
{
    int rc = cyi_park(core, CYI_WAIT_SLEEP, NULL, CY_NOW + 1);
    return rc == -ETIMEDOUT ? 0 : rc;
}

static bool
is_enough(const struct cyi_net_core *owner)
{
    return owner->file_turn == owner->core->counters.turns &&
           owner->file_turn_bytes >= TURN_BYTES;
}

static void
account(struct cyi_net_core *owner, size_t bytes)
{
    if (owner->file_turn != owner->core->counters.turns)
        owner->file_turn_bytes = 0;
    owner->file_turn = owner->core->counters.turns;
    owner->file_turn_bytes += bytes;
}

int
cyi_file_pace(struct cyi_file_line *line, size_t bytes)
{
    struct cyi_net_core *owner = line->owner;
    bool plain = cyi_connection_is_plain(line->connection);
    int rc = cy_semaphore_acquire(&owner->file_gate, CY_FOREVER);
    if (rc != 0)
        return rc;
    while (rc == 0 && is_enough(owner))
        rc = wait_for_next_turn(owner->core);
    if (rc == 0)
        account(owner, plain ? bytes / PLAIN_SHARE : bytes);
    cy_semaphore_release(&owner->file_gate);
    return rc;
}
