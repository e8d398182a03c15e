/* pair_watch.c - tasks to be watched by another node, and what comes of it. */
#include "pair_watch.h"
#include "task.h"

#include <string.h>

/* Ends when it gets a message: with its tag as the code, its body as the value. */
int
pair_end_as_told(void *arg)
{
    cy_msg *msg;
    (void) arg;
    int rc = cy_receive(&msg, CY_FOREVER);
    if (rc != 0)
        return rc;
    int code = (int) cy_msg_tag(msg);
    if (cy_msg_size(msg) == 0)
        cy_msg_free(&msg);
    else
        CY_CHECK_EQ(cy_exit_value(&msg), 0);
    return code;
}

static int
spawn_there(void *arg)
{
    struct cy_task_options joinable = {.joinable = true};
    (void) arg;
    CY_CHECK_EQ(cy_task_spawn_on(&pair_there[PLAIN], 1, pair_end_as_told, NULL, NULL), 0);
    CY_CHECK_EQ(cy_task_spawn_on(&pair_there[JOINABLE], 1, pair_end_as_told, NULL, &joinable),
                0);
    while (cy_suspend(CY_FOREVER) == 0)
        continue;
    return 0;
}

void
pair_test_watch(cy_task_fn *first)
{
    pair_open(first, NULL, spawn_there, NULL);
    pair_run();
    CU_ASSERT_EQUAL(pair_close(), 0);
}

void
pair_end_it(cy_ref task, uint32_t code, const char *value)
{
    CY_CHECK_EQ(cy_send_bytes(task, code, value, strlen(value)), 0);
}

/* Takes the message. */
void
pair_check_exit(cy_msg *msg, cy_ref task, enum cy_exit_reason reason, int code,
                const char *value)
{
    struct cy_exit exit = {.code = 12345};
    CY_CHECK_EQ(cy_exit_read(&exit, msg), 0);
    CY_CHECK(cy_ref_equal(exit.task, task));
    CY_CHECK_EQ(exit.reason, reason);
    CY_CHECK_EQ(exit.code, code);
    CY_CHECK_EQ(exit.value_bytes, strlen(value));
    CY_CHECK_EQ(cy_msg_size(msg), strlen(value));
    if (exit.value_bytes != 0 && exit.value_bytes == strlen(value))
        CY_CHECK(memcmp(exit.value, value, exit.value_bytes) == 0);
    cy_msg_free(&msg);
}

void
pair_expect_exit(cy_ref task, enum cy_exit_reason reason, int code, const char *value)
{
    cy_msg *msg;
    CY_CHECK_EQ(cy_receive(&msg, CY_FOREVER), 0);
    pair_check_exit(msg, task, reason, code, value);
    pair_settle();
    CY_CHECK_EQ(cy_mailbox_count(), 0); /* one, and not two */
}

/* Nothing hangs at that task, or it is gone. */
void
pair_expect_unwatched(cy_ref task)
{
    struct cyi_core *core = pair.hand[1].node->cores[task.core];
    const struct cyi_task *found = cyi_task_find(core, task.slot, task.generation);
    CY_CHECK(found == NULL || found->extra == NULL || cyi_list_empty(&found->extra->watchers));
}
