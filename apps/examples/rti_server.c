/*
 * rti_server.c - a method that anybody may start as a task here.
 *
 *     rti_server
 *     rti_client world 3
 */
#include "example.h"

/* greet(whom, times = 1): each call runs it in a task of its own. */
static int
greet(cy_args_reader *args)
{
    const char *whom = "";
    size_t size = 0;
    int64_t times = 1;
    cy_args_get_text(args, "whom", &whom, &size);
    cy_args_optional(args);
    cy_args_get_int(args, "times", &times);
    if (cy_args_end(args) != 0)
        return -EINVAL; /* the exit value says what is wrong */
    for (int64_t i = 0; i < times; i++)
        printf("hello, %.*s\n", (int) size, whom);
    return (int) times;
}

static int
serve(void *arg)
{
    cy_ref method;
    (void) arg;
    int rc = cy_rti_create(&method, greet, NULL);
    if (rc == 0)
        rc = cy_rti_register(method, NULL);
    if (rc != 0)
        return example_failed("greet", rc), 1;
    puts("ready");
    (void) !cy_wait_stopping(CY_FOREVER);
    return 0;
}

int
main(int argc, char **argv)
{
    return example_run(argc, argv, serve);
}
