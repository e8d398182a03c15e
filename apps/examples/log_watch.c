/*
 * log_watch.c - follow the logs of all peers, as they come and go.
 *
 *     log_watch [LOST]     ends when so many peers have gone; without it never
 */
#include "example.h"

#include <stdlib.h>

/* A task of its own for each peer: to look for its log may take a while. */
static int
follow(void *arg)
{
    cy_location location = *(const cy_location *) arg;
    cy_ref watcher, log;
    free(arg);
    if (cy_task_lookup(&watcher, "watcher") != 0 ||
        cy_channel_locate(&log, "log", &location, cy_after(5 * CY_SECOND)) != 0)
        return 0; /* it has no log, or has gone already */
    return cy_channel_subscribe(log, watcher, cy_after(5 * CY_SECOND));
}

static int
note_peer(const cy_msg *msg)
{
    struct cy_peer peer;
    if (cy_peer_read(&peer, msg) != 0)
        return -1;
    printf("%s %s\n", peer.name, peer.online ? "online" : "offline");
    cy_location *location = peer.online ? malloc(sizeof *location) : NULL;
    if (location == NULL)
        return peer.online ? 0 : 1;
    *location = peer.location;
    if (cy_task_spawn(NULL, follow, location, NULL) != 0)
        free(location);
    return 0;
}

static int
watch(void *arg)
{
    int lost = 0, last = (int) example_number(arg, 1, 0);
    cy_msg *msg;
    int rc = cy_task_register("watcher");
    if (rc == 0)
        rc = cy_peer_watch(cy_self());
    if (rc != 0)
        return example_failed("watch", rc), 1;
    puts("ready");
    while ((last == 0 || lost < last) && cy_receive(&msg, CY_FOREVER) == 0) {
        if (cy_msg_tag(msg) == CY_TAG_PEER)
            lost += note_peer(msg);
        else
            printf("%.*s\n", EXAMPLE_TEXT(msg));
        cy_msg_free(&msg);
    }
    return 0;
}

int
main(int argc, char **argv)
{
    return example_run(argc, argv, watch);
}
