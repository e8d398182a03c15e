/* spots.c - methods and callers in their places. */
#include "spots.h"

const struct spot spots[SPOTS] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};

int
spot_run(struct spot spot, cy_task_fn *fn, void *arg)
{
    return trio_on(spot.node, spot.core, fn, arg);
}

static int
make(void *arg)
{
    struct making *making = arg;
    CY_CHECK_EQ(cy_rti_create_named(&making->method, making->fn, "method", making->options), 0);
    return 0;
}

cy_ref
spot_method(struct spot spot, cy_rti_fn *fn, const struct cy_rti_options *options)
{
    struct making making = {.fn = fn, .options = options, .method = CY_NOBODY};
    CY_CHECK_EQ(spot_run(spot, make, &making), 0);
    return making.method;
}

static int
do_close(void *arg)
{
    return cy_rti_close(*(cy_ref *) arg);
}

void
spot_close(cy_ref method, struct spot spot)
{
    CY_CHECK_EQ(spot_run(spot, do_close, &method), 0);
}

static void
expect(cy_msg *msg, cy_ref task, enum cy_exit_reason reason, int code, const char *value)
{
    struct cy_exit exit;
    char text[256];
    CY_CHECK_EQ(cy_exit_read(&exit, msg), 0);
    CY_CHECK(cy_ref_equal(exit.task, task));
    CY_CHECK_EQ(exit.reason, reason);
    CY_CHECK_EQ(exit.code, code);
    if (value == NULL)
        return;
    CY_CHECK(cy_value_format(text, sizeof text, exit.value, exit.value_bytes) >= 0);
    CY_CHECK_EQ(strcmp(text, value), 0);
}

void
expect_exit(cy_ref task, enum cy_exit_reason reason, int code, const char *value)
{
    cy_msg *msg = NULL;
    CY_CHECK_EQ(cy_join(&msg, task, cy_after(CY_MINUTE)), 0);
    if (msg == NULL)
        return;
    expect(msg, task, reason, code, value);
    cy_msg_free(&msg);
}

void
expect_monitored(cy_ref task, enum cy_exit_reason reason, int code)
{
    cy_msg *msg = NULL;
    CY_CHECK_EQ(cy_receive(&msg, cy_after(CY_MINUTE)), 0);
    if (msg == NULL)
        return;
    expect(msg, task, reason, code, NULL);
    cy_msg_free(&msg);
}

int
rti_sum(cy_args_reader *args)
{
    int64_t a = 0, b = 0;
    cy_args_get_int(args, "a", &a);
    cy_args_get_int(args, "b", &b);
    if (cy_args_end(args) != 0)
        return -EINVAL;
    return (int) (a + b);
}

int
rti_echo(cy_args_reader *args)
{
    const char *text = "";
    size_t size = 0;
    cy_value_writer w;
    cy_msg *value;
    cy_args_get_text(args, "text", &text, &size);
    if (cy_args_end(args) != 0)
        return -EINVAL;
    cy_value_writer_init_msg(&w, 1);
    cy_value_put_text_n(&w, text, size);
    int rc = cy_value_finish_msg(&w, &value);
    return rc != 0 ? rc : cy_exit_value(&value);
}

int
rti_linger(cy_args_reader *args)
{
    int64_t code = 0;
    cy_args_optional(args);
    cy_args_get_int(args, "code", &code);
    CY_CHECK_EQ(cy_args_end(args), 0);
    CY_CHECK_EQ(cy_suspend(CY_FOREVER), -ECANCELED);
    return (int) code;
}

int
rti_nothing(cy_args_reader *args)
{
    return cy_args_end(args);
}
