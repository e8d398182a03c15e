/*
 * task_server.c - a task that others find by name, with one worker for each message.
 *
 *     task_server              in one terminal
 *     task_client hello        in another, on this machine or on one beside it
 *
 * Over TLS, as all examples: make a key and a certificate, and give both the same file.
 *
 *     openssl req -x509 -newkey rsa:2048 -keyout f.pem -nodes -out f.pem -sha256 -days 1000
 *     task_server --certfile f.pem
 */
#include "example.h"

static int
work(void *arg)
{
    cy_msg *msg = arg;
    char from[CY_REF_TEXT_MAX];
    cy_ref_format(from, sizeof from, cy_msg_sender(msg));
    printf("%.*s, says %s\n", EXAMPLE_TEXT(msg), from);
    cy_msg_free(&msg);
    return 0;
}

static int
serve(void *arg)
{
    cy_msg *msg;
    (void) arg;
    int rc = cy_task_register("greeter");
    if (rc != 0)
        return example_failed("register", rc);
    puts("ready");
    while ((rc = cy_receive(&msg, CY_FOREVER)) == 0) {
        bool last = cy_msg_size(msg) == 4 && memcmp(cy_msg_body(msg), "stop", 4) == 0;
        if ((rc = cy_task_spawn(NULL, work, msg, NULL)) != 0) {
            cy_msg_free(&msg);
            return example_failed("spawn", rc);
        }
        if (last)
            return 0;
    }
    return rc == -ECANCELED ? 0 : rc; /* interrupted: good night */
}

int
main(int argc, char **argv)
{
    return example_run(argc, argv, serve);
}
