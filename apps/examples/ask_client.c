/* ask_client.c - ask, and let another task have the answer. */
#include "ask.h"

static int
await_answer(void *arg)
{
    int64_t square;
    cy_msg *msg;
    int rc = cy_receive(&msg, cy_after(10 * CY_SECOND));
    if (rc != 0)
        return example_failed("no answer", rc), 1;
    memcpy(&square, cy_msg_body(msg), sizeof square);
    printf("the square of %s is %lld\n", (const char *) arg, (long long) square);
    cy_msg_free(&msg);
    return 0;
}

static int
ask(void *arg)
{
    const char *number = example_argument(arg, 1, "7");
    struct question question = {.number = example_number(arg, 1, 7)};
    cy_ref server;
    int rc = cy_task_locate(&server, "square", NULL, cy_after(10 * CY_SECOND));
    if (rc == 0)
        rc = cy_task_spawn(&question.reply_to, await_answer, (void *) (uintptr_t) number, NULL);
    if (rc == 0)
        rc = cy_send_bytes(server, 1, &question, sizeof question);
    return rc != 0 ? (example_failed("ask", rc), 1) : 0;
}

int
main(int argc, char **argv)
{
    return example_run(argc, argv, ask);
}
