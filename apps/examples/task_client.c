/*
 * task_client.c - find a task by its name, wherever it is, and tell it something.
 *
 *     task_client WORD...      each word is a message; `stop` ends the server
 */
#include "example.h"

static int
tell(void *arg)
{
    const struct example *example = arg;
    cy_ref greeter;
    cy_msg *msg;
    int rc = cy_task_locate(&greeter, "greeter", NULL, cy_after(10 * CY_SECOND));
    if (rc != 0)
        return example_failed("nobody is a greeter", rc), 1;
    for (int i = 1; i < example->argc; i++) {
        const char *word = example->argv[i];
        if ((rc = cy_msg_copy(&msg, 1, word, strlen(word))) != 0)
            return example_failed("message", rc), 1;
        /* 1: it is in the queue of the greeter; 0: nobody knows; less: surely not, and why. */
        rc = cy_deliver(greeter, &msg, cy_after(5 * CY_SECOND));
        if (rc < 0)
            cy_msg_free(&msg);
        if (rc != 1)
            return example_failed(word, rc), 1;
    }
    printf("%d delivered\n", example->argc - 1);
    return 0;
}

int
main(int argc, char **argv)
{
    return example_run(argc, argv, tell);
}
