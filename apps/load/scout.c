/*
 * scout.c - finds all tasks of one name on the network, not only the first that answers.
 * Tests: tests/load/test_crew.c
 */
#include "scout.h"
#include "messages.h"

#include <cycos/peer.h>
#include <cycos/registry.h>
#include <errno.h>
#include <stdlib.h>

/* What a scout is told, and each of those that it sends to one core. */
struct mission {
    const char *name;
    cy_ref sender;
    cy_time deadline;
    cy_location location;
};

static int
spawn(cy_ref *out, cy_task_fn *fn, const char *task_name, const struct mission *mission)
{
    const struct cy_task_options daemon = {.daemon = true};
    struct mission *copy = malloc(sizeof *copy);
    if (copy == NULL)
        return -ENOMEM;
    *copy = *mission;
    int rc = cy_task_spawn_named(out, CY_CORE_HERE, fn, copy, task_name, &daemon);
    if (rc != 0)
        free(copy);
    return rc;
}

static int
ask_core(void *arg)
{
    struct mission mission = *(struct mission *) arg;
    cy_ref found;
    free(arg);
    int rc = cy_task_locate(&found, mission.name, &mission.location, mission.deadline);
    if (rc == 0)
        rc = cy_send_bytes(mission.sender, LOAD_MSG_FOUND, &found, sizeof found);
    (void) rc; /* nobody needs to know of a core where nobody has the name */
    return 0;
}

static int
look_around(void *arg)
{
    struct mission mission = *(struct mission *) arg;
    struct cy_peer peer;
    cy_msg *msg;
    free(arg);
    int rc = cy_peer_watch(cy_self());
    while (rc == 0 && (rc = cy_receive(&msg, mission.deadline)) == 0) {
        if (cy_peer_read(&peer, msg) == 0 && peer.online) {
            mission.location = peer.location;
            int spawned = spawn(NULL, ask_core, "load_ask_core", &mission);
            (void) spawned; /* then this one is not found */
        }
        cy_msg_free(&msg);
    }
    return 0;
}

int
load_scout_send(cy_ref *out, const char *name, cy_time deadline)
{
    const struct mission mission = {.name = name, .sender = cy_self(), .deadline = deadline};
    return spawn(out, look_around, "load_look_around", &mission);
}
