/* methods.c - a node with methods of all kinds, for test_methods.py. */
#include <cycos/mailbox.h>
#include <cycos/peer.h>
#include <cycos/rti.h>
#include <cycos/run.h>
#include <stdio.h>

/* Gives back what it was given: a list, and a map of what had names. */
static int
echo(cy_args_reader *args)
{
    cy_value_reader positional, named;
    const void *bytes;
    size_t size;
    cy_value_writer w;
    cy_msg *value;
    cy_args_rest(args, &positional, &named);
    if (cy_args_end(args) != 0)
        return -EINVAL;
    cy_value_writer_init_msg(&w, 0);
    cy_value_put_list(&w, 2);
    cy_value_put_list(&w, positional.left);
    while (cy_value_get_encoded(&positional, &bytes, &size) == 0)
        cy_value_put_encoded(&w, bytes, size);
    cy_value_put_map(&w, named.left / 2);
    while (cy_value_get_encoded(&named, &bytes, &size) == 0)
        cy_value_put_encoded(&w, bytes, size);
    int rc = cy_value_finish_msg(&w, &value);
    return rc != 0 ? rc : cy_exit_value(&value);
}

static int
answer_with(const void *bytes, size_t size, int code)
{
    cy_msg *value;
    int rc = cy_msg_copy(&value, 0, bytes, size);
    if (rc == 0)
        rc = cy_exit_value(&value);
    return rc != 0 ? rc : code;
}

static int
says_text(cy_args_reader *args)
{
    (void) args;
    return answer_with("no value, but text", 18, 0);
}

static int
says_bytes(cy_args_reader *args)
{
    (void) args;
    return answer_with("\xff\xfe", 2, 0);
}

static int
fails(cy_args_reader *args)
{
    int64_t code = 1;
    cy_args_get_int(args, "code", &code);
    return cy_args_end(args) != 0 ? -EINVAL : (int) code;
}

/* Ends when it is terminated, and says so. */
static int
hangs(cy_args_reader *args)
{
    (void) args;
    puts("hangs");
    int rc = cy_suspend(CY_FOREVER);
    puts(rc == -ECANCELED ? "terminated" : "resumed");
    return rc;
}

static int
serve(void *arg)
{
    static const struct {
        cy_rti_fn *fn;
        const char *name, *signature;
    } METHODS[] = {{echo, "echo", NULL},
                   {says_text, "says_text", NULL},
                   {says_bytes, "says_bytes", NULL},
                   {fails, "fails", "code:int"},
                   {hangs, "hangs", NULL}};
    (void) arg;
    for (size_t i = 0; i < sizeof METHODS / sizeof METHODS[0]; i++) {
        struct cy_rti_options options = {.signature = METHODS[i].signature};
        cy_ref method;
        int rc = cy_rti_create_named(&method, METHODS[i].fn, METHODS[i].name, &options);
        if (rc == 0)
            rc = cy_rti_register(method, NULL);
        if (rc != 0)
            return fprintf(stderr, "%s: %s\n", METHODS[i].name, cy_strerror(rc)), 1;
    }
    puts("ready");
    return cy_wait_stopping(CY_FOREVER) != 0;
}

int
main(int argc, char **argv)
{
    struct cy_options options;
    cy_options_init(&options);
    options.network = cy_network();
    options.cores = 1;
    options.pin = false;
    if (cy_options_parse(&options, &argc, argv) < 0)
        return fprintf(stderr, "%s\n", options.error), 2;
    setvbuf(stdout, NULL, _IOLBF, 0);
    int status = cy_run(&options, serve, NULL);
    cy_options_fini(&options);
    return status < 0 ? 1 : status;
}
