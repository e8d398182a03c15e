/* test_router_forged.c - what a bad node may answer and send. */
#include "pair.h"
#include "task.h"

/* What a bad node might answer to the request of `arg`, which waits with its first token. */
static int
forge_answers(void *arg)
{
    const cy_ref *who = arg;
    struct cyi_core *core = cyi_self;
    struct cyi_task *task = cyi_task_find(core, who->slot, who->generation);
    struct cyi_return to = {core->index, 7, who->slot, who->generation, task->token};
    cy_msg *msg = pair_made(CY_TAG_SYSTEM - 1, "forged");
    struct cyi_return late = to, other = to;
    late.token--;
    other.generation++;
    cyi_answer_arrives(core, &late, 0, 0, msg);
    cyi_answer_arrives(core, &other, 0, 0, NULL);
    CY_CHECK_EQ(task->state, CYI_TASK_WAITING);
    cyi_answer_arrives(core, &to, 0, 0, pair_made(1, "forged"));
    return 0;
}

static int
guarded_body(void *arg)
{
    cy_ref self = cy_self(), local;
    cy_msg *msg, *reply = NULL;
    (void) arg;
    pair_settle();
    /* It waits for a message, for a reply of this node, for a join: no answer to be had. */
    CY_CHECK_EQ(cy_task_spawn(NULL, forge_answers, &self, NULL), 0);
    CY_CHECK_EQ(cy_receive(&msg, cy_after(CY_MILLISECOND)), -ETIMEDOUT);
    CY_CHECK_EQ(cy_task_spawn(&local, pair_hold, NULL, NULL), 0);
    CY_CHECK_EQ(cy_task_spawn(NULL, forge_answers, &self, NULL), 0);
    msg = pair_made(1, "text");
    CY_CHECK_EQ(cy_call(&reply, local, &msg, cy_after(CY_MILLISECOND)), -ETIMEDOUT);
    CY_CHECK_EQ(cy_task_spawn(NULL, forge_answers, &self, NULL), 0);
    CY_CHECK_EQ(cy_join(NULL, local, cy_after(CY_MILLISECOND)), -ETIMEDOUT);
    CY_CHECK(reply == NULL);
    CY_CHECK_EQ(cy_terminate(local), 0);
    return 0;
}

static void
no_answer_of_another_node_ends_a_wait_for_this_one(void)
{
    pair_test(guarded_body);
}

struct nonsense {
    cy_ref who;
    int result;
    bool with_message;
};

static int
answer_nonsense(void *arg)
{
    const struct nonsense *nonsense = arg;
    struct cyi_core *core = cyi_self;
    struct cyi_task *task = cyi_task_find(core, nonsense->who.slot, nonsense->who.generation);
    struct cyi_return to = {core->index, 0, task->slot, task->generation, task->token};
    cyi_answer_arrives(core, &to, nonsense->result, 0,
                       nonsense->with_message ? pair_made(1, "text") : NULL);
    return 0;
}

static int
nonsense_body(void *arg)
{
    struct nonsense cases[] = {
        {cy_self(), 0, false}, {cy_self(), 5, false}, {cy_self(), 5, true}};
    cy_msg *reply = NULL;
    (void) arg;
    pair_settle();
    for (int i = 0; i < 3; i++) {
        cy_msg *msg = pair_made(9, "asks");
        CY_CHECK_EQ(cy_task_spawn(NULL, answer_nonsense, &cases[i], NULL), 0);
        CY_CHECK_EQ(cy_call(&reply, pair_there[0], &msg, CY_FOREVER), CY_EFRAME);
        CY_CHECK(reply == NULL);
    }
    return 0;
}

static void
an_answer_that_is_none_is_an_error(void)
{
    pair_test(nonsense_body);
}

static int
forged_body(void *arg)
{
    struct cyi_core *core = cyi_self;
    cy_ref self = cy_self();
    (void) arg;
    pair_settle();
    uint64_t lost = core->counters.lost;
    cy_msg *msg = pair_made(1, "from one of us?");
    msg->sender = self;
    msg->to.slot = self.slot;
    msg->to.generation = self.generation;
    cyi_message_arrives(core, msg);
    msg = pair_made(1, "an exit?");
    msg->tag = CY_TAG_EXIT;
    msg->sender = pair_there[0];
    msg->flags = CYI_MSG_DELIVER;
    msg->to.slot = self.slot;
    msg->to.generation = self.generation;
    cyi_message_arrives(core, msg);
    CY_CHECK_EQ(core->counters.lost, lost + 2);
    CY_CHECK_EQ(cy_mailbox_count(), 0);
    /* Flags that are none of its business. */
    msg = pair_made(1, "fine");
    msg->sender = pair_there[0];
    msg->flags = CYI_MSG_PROMISED | CYI_MSG_RUN;
    msg->to.slot = self.slot;
    msg->to.generation = self.generation;
    cyi_message_arrives(core, msg);
    cy_msg *fine;
    CY_CHECK_EQ(cy_receive(&fine, CY_NOW), 0);
    CY_CHECK_EQ(cy_msg_size(fine), 4);
    cy_msg_free(&fine);
    /* To nobody: lost. */
    CY_CHECK_EQ(cy_send_bytes(pair_ref(1, pair_there[0].slot, 77), 1, NULL, 0), 0);
    uint64_t before = pair.hand[1].node->cores[1]->counters.lost;
    pair_settle();
    CY_CHECK_EQ(pair.hand[1].node->cores[1]->counters.lost, before + 1);
    return 0;
}

static void
forged_messages_are_counted_and_lost(void)
{
    pair_test(forged_body);
}

CY_TEST_MAIN("runtime.router_forged",
             CY_TEST(no_answer_of_another_node_ends_a_wait_for_this_one),
             CY_TEST(an_answer_that_is_none_is_an_error),
             CY_TEST(forged_messages_are_counted_and_lost))
