/*
 * ask_server.c - a service whose requests say whom to answer, which need not be who asks.
 *
 *     ask_server            squares numbers
 *     ask_client 7          asks for one
 */
#include "ask.h"

static int
serve(void *arg)
{
    cy_msg *msg;
    (void) arg;
    int rc = cy_task_register("square");
    if (rc != 0)
        return example_failed("register", rc), 1;
    puts("ready");
    while (cy_receive(&msg, CY_FOREVER) == 0) {
        struct question question;
        bool valid = cy_msg_size(msg) == sizeof question;
        if (valid) {
            memcpy(&question, cy_msg_body(msg), sizeof question);
            int64_t square = question.number * question.number;
            rc = cy_send_bytes(question.reply_to, 1, &square, sizeof square);
            printf("%lld: %s\n", (long long) question.number, cy_strerror(rc));
        }
        cy_msg_free(&msg);
    }
    return 0;
}

int
main(int argc, char **argv)
{
    return example_run(argc, argv, serve);
}
