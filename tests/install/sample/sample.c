/* sample.c - a program of somebody else: a name, a message between cores, a network. */
#include <cycos/mailbox.h>
#include <cycos/peer.h>
#include <cycos/registry.h>
#include <cycos/run.h>
#include <stdio.h>

static int
greeter(void *arg)
{
    cy_msg *msg;
    (void) arg;
    int rc = cy_task_register("greeter");
    if (rc < 0 || (rc = cy_receive(&msg, cy_after(30 * CY_SECOND))) < 0)
        return rc;
    printf("core %u: %s\n", cy_core_index(), (char *) cy_msg_body(msg));
    cy_msg_free(&msg);
    return 0;
}

static int
main_task(void *arg)
{
    cy_ref task, found;
    (void) arg;
    int rc = cy_task_spawn_on(&task, (uint16_t) (cy_core_count() - 1), greeter, NULL, NULL);
    if (rc == 0)
        rc = cy_task_locate(&found, "greeter", NULL, cy_after(30 * CY_SECOND));
    return rc < 0 ? 1 : cy_send_bytes(found, 1, "hello", sizeof "hello") < 0;
}

int
main(int argc, char **argv)
{
    struct cy_options options;
    cy_options_init(&options);
    options.network = cy_network();
    if (cy_options_parse(&options, &argc, argv) < 0)
        return fprintf(stderr, "%s\n", options.error), 2;
    int status = cy_run(&options, main_task, NULL);
    if (status < 0)
        fprintf(stderr, "%s\n", options.error[0] ? options.error : cy_strerror(status));
    cy_options_fini(&options);
    return status < 0 ? 1 : status;
}
