/* rti_client.c - start a task elsewhere, with arguments; monitor it, and learn how it ended. */
#include "example.h"

static void
print_end(const cy_msg *msg)
{
    struct cy_exit exit;
    char value[CY_ARGS_ERROR_MAX];
    if (cy_exit_read(&exit, msg) != 0)
        return;
    printf("ended with code %d", exit.code);
    if (cy_value_format(value, sizeof value, exit.value, exit.value_bytes) > 0)
        printf(": %s", value);
    puts("");
}

static int
call(void *arg)
{
    const struct example *example = arg;
    cy_time deadline = cy_after(10 * CY_SECOND);
    cy_ref method, task;
    cy_args args;
    cy_msg *end;
    cy_args_init(&args);
    if (example->argc > 1)
        cy_args_put_text(&args, NULL, example->argv[1]);
    if (example->argc > 2)
        cy_args_put_int(&args, "times", example_number(example, 2, 1));
    int rc = cy_rti_locate(&method, "greet", NULL, deadline);
    if (rc == 0)
        rc = cy_rti_call(&task, method, &args, deadline);
    if (rc == 0)
        rc = cy_monitor(task);
    if (rc == 0)
        rc = cy_receive_tag(&end, CY_TAG_EXIT, deadline);
    if (rc != 0)
        return example_failed("greet", rc), cy_args_fini(&args), 1;
    print_end(end);
    cy_msg_free(&end);
    cy_args_fini(&args);
    return 0;
}

int
main(int argc, char **argv)
{
    return example_run(argc, argv, call);
}
