/*
 * channel_server.c - publish news to whoever listens, wherever they are.
 *
 *     channel_server [READERS [ITEMS]]     waits for so many readers (2), then has news (5)
 *     channel_client                       a reader
 */
#include "example.h"

/* Runs before any reader gets a message: what it drops nobody sees. */
static void
censor(void *arg, cy_msg **msg)
{
    (void) arg;
    if (memmem(cy_msg_body(*msg), cy_msg_size(*msg), "secret", 6) != NULL)
        cy_msg_free(msg);
}

static int
publish(cy_ref news, const char *text, uint32_t readers)
{
    cy_msg *msg;
    int rc = cy_msg_copy(&msg, 1, text, strlen(text));
    if (rc != 0)
        return rc;
    rc = cy_channel_deliver(news, &msg, readers, cy_after(30 * CY_SECOND));
    if (rc < 0)
        cy_msg_free(&msg);
    return rc;
}

static int
serve(void *arg)
{
    static const struct cy_channel_options options = {.transform = censor};
    uint32_t readers = (uint32_t) example_number(arg, 1, 2);
    int items = (int) example_number(arg, 2, 5);
    cy_ref news;
    int rc = cy_channel_create(&news, "news", &options);
    if (rc == 0)
        rc = cy_channel_register(news, NULL);
    if (rc != 0)
        return example_failed("channel", rc), 1;
    puts("ready");
    if ((rc = publish(news, "a secret", readers)) < 0)
        return example_failed("publish", rc), 1;
    for (int i = 1; i <= items; i++) {
        char text[32];
        snprintf(text, sizeof text, i == items ? "end" : "item %d", i);
        rc = publish(news, text, 0);
        printf("%s reached %d\n", text, rc);
    }
    return rc < 0;
}

int
main(int argc, char **argv)
{
    return example_run(argc, argv, serve);
}
