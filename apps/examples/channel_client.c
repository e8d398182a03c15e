/* channel_client.c - subscribe to a channel that somebody else has, and read until the end. */
#include "example.h"

static int
read_all(void *arg)
{
    cy_ref news;
    cy_msg *msg;
    (void) arg;
    int rc = cy_channel_locate(&news, "news", NULL, cy_after(30 * CY_SECOND));
    if (rc == 0)
        rc = cy_channel_subscribe(news, cy_self(), cy_after(5 * CY_SECOND));
    if (rc != 0)
        return example_failed("news", rc), 1;
    bool end = false;
    while (!end && (rc = cy_receive(&msg, cy_after(30 * CY_SECOND))) == 0) {
        printf("%.*s\n", EXAMPLE_TEXT(msg));
        end = cy_msg_size(msg) == 3 && memcmp(cy_msg_body(msg), "end", 3) == 0;
        cy_msg_free(&msg);
    }
    if (rc != 0)
        return example_failed("receive", rc), 1;
    rc = cy_channel_unsubscribe(news, cy_self(), cy_after(5 * CY_SECOND));
    printf("unsubscribed: %s\n", rc == CY_ENOPEER ? "the server has gone" : cy_strerror(rc));
    return 0;
}

int
main(int argc, char **argv)
{
    return example_run(argc, argv, read_all);
}
