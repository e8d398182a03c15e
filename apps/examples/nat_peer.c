/*
 * nat_peer.c - find a task behind a gateway, where broadcasts do not come, and talk to it.
 *
 * On the inner host 10.1.0.2, whose gateway is 10.2.0.1 for those outside and passes the UDP
 * port 51350 and the TCP port 40001 on to it:
 *
 *     task_server --node 10.1.0.2 --ext-ip-addr 10.2.0.1 --tcp-port 40001
 *
 * Outside:
 *
 *     nat_peer 10.2.0.1 hello
 */
#include "example.h"

static void
show(const char *what, cy_location location)
{
    char text[CY_LOCATION_TEXT_MAX];
    cy_location_format(text, sizeof text, &location);
    printf("%s %s\n", what, text);
}

static int
visit(void *arg)
{
    const struct example *example = arg;
    const char *host = example_argument(example, 1, "127.0.0.1");
    const char *word = example_argument(example, 2, "hello");
    const cy_time deadline = cy_after(30 * CY_SECOND);
    cy_location gateway;
    cy_ref greeter;
    cy_msg *msg;
    show("this is", cy_self_location());
    /* Port 0: any node of that host will do, its UDP port is the same as ours. */
    int rc = cy_location_resolve(&gateway, host, 0, deadline);
    if (rc == 0)
        rc = cy_peer_add(&gateway, NULL, deadline);
    if (rc != 0)
        return example_failed(host, rc), 1;
    if ((rc = cy_task_locate(&greeter, "greeter", &gateway, deadline)) != 0)
        return example_failed("nobody is a greeter there", rc), 1;
    /* Its address is the gateway's: that is where connections to it go. */
    show("greeter is at", cy_ref_location(greeter));
    if ((rc = cy_msg_copy(&msg, 1, word, strlen(word))) != 0)
        return example_failed("message", rc), 1;
    rc = cy_deliver(greeter, &msg, deadline);
    if (rc < 0)
        cy_msg_free(&msg);
    if (rc != 1)
        return example_failed(word, rc), 1;
    puts("delivered");
    return 0;
}

int
main(int argc, char **argv)
{
    return example_run(argc, argv, visit);
}
