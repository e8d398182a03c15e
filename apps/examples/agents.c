/*
 * agents.c - agents that find each other, without anybody who knows them all.
 *
 *     agents NAME [FRIENDS]      ends when it has heard of so many others (1) and they of it
 */
#include "example.h"

#include <stdlib.h>

enum { HELLO = 1, NICE = 2 };

static const char *me;
static cy_ref self;

/* Greets the agent of one peer, if there is one. */
static int
greet(void *arg)
{
    cy_location location = *(const cy_location *) arg;
    cy_ref agent;
    free(arg);
    cy_msg *msg, *answer;
    if (cy_task_locate(&agent, "agent", &location, cy_after(10 * CY_SECOND)) != 0 ||
        cy_msg_copy(&msg, HELLO, me, strlen(me)) != 0)
        return 0;
    if (cy_call(&answer, agent, &msg, cy_after(10 * CY_SECOND)) != 0)
        cy_msg_free(&msg);
    else if (cy_send(self, &answer) != 0)
        cy_msg_free(&answer);
    return 0;
}

static void
meet(const cy_msg *msg)
{
    struct cy_peer peer;
    cy_location *location = malloc(sizeof *location);
    if (location == NULL || cy_peer_read(&peer, msg) != 0 || !peer.online) {
        free(location);
        return;
    }
    *location = peer.location;
    if (cy_task_spawn(NULL, greet, location, NULL) != 0)
        free(location);
}

static int
live(void *arg)
{
    int heard = 0, greeted = 0, friends = (int) example_number(arg, 2, 1);
    cy_msg *msg, *answer;
    me = example_argument(arg, 1, "nobody");
    self = cy_self();
    if (cy_task_register("agent") != 0 || cy_peer_watch(self) != 0)
        return 1;
    while ((heard < friends || greeted < friends) && cy_receive(&msg, CY_FOREVER) == 0) {
        if (cy_msg_tag(msg) == CY_TAG_PEER) {
            meet(msg);
        } else if (cy_msg_tag(msg) == HELLO) {
            printf("%s hears of %.*s\n", me, EXAMPLE_TEXT(msg));
            heard++;
            if (cy_msg_copy(&answer, NICE, me, strlen(me)) == 0 && cy_reply(msg, &answer) != 0)
                cy_msg_free(&answer);
        } else {
            printf("%s knows %.*s\n", me, EXAMPLE_TEXT(msg));
            greeted++;
        }
        cy_msg_free(&msg);
    }
    return 0;
}

int
main(int argc, char **argv)
{
    return example_run(argc, argv, live);
}
