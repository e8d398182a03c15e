#include "cy_node.h"
#include "names.h"
#include <cycos/impl/node.h>
#include <cycos/registry.h>

#include <stdatomic.h>
#include <unistd.h>

enum { CORES = 2, TASKS = 200 };

static const struct cy_task_options joinable = {.joinable = true};

static cy_ref
spawn_on(int core, cy_task_fn *fn, const void *arg, const char *name)
{
    cy_ref task = CY_NOBODY;
    CY_CHECK_EQ(cy_task_spawn_named(&task, (uint16_t) core, fn, (void *) (uintptr_t) arg, name,
                                    &joinable),
                0);
    return task;
}

static void
stop(cy_ref task)
{
    CY_CHECK_EQ(cy_terminate(task), 0);
    CY_CHECK_EQ(cy_join(NULL, task, CY_FOREVER), 0);
}

static int
hold_name(void *arg)
{
    CY_CHECK_EQ(cy_task_register(arg), 0);
    return cy_suspend(CY_FOREVER);
}

static int
names_body(void *arg)
{
    char name[CY_NAME_MAX + 2];
    cy_ref found = CY_NOBODY;
    (void) arg;
    memset(name, 'n', sizeof name);
    name[CY_NAME_MAX + 1] = '\0';
    CY_CHECK_EQ(cy_task_lookup(&found, "main"), -ENOENT);
    CY_CHECK_EQ(cy_task_unregister("main"), -ENOENT);
    CY_CHECK_EQ(cy_task_register(""), -EINVAL);
    CY_CHECK_EQ(cy_task_register(name), -ENAMETOOLONG);
    CY_CHECK_EQ(cy_task_lookup(&found, ""), -ENOENT);
    CY_CHECK_EQ(cy_task_lookup(&found, name), -ENOENT);
    CY_CHECK_EQ(cy_task_unregister(name), -ENOENT);
    CY_CHECK_EQ(cy_task_locate(&found, "", NULL, CY_FOREVER), -EINVAL);
    CY_CHECK_EQ(cy_task_locate(&found, name, NULL, CY_FOREVER), -ENAMETOOLONG);
    CY_CHECK(cy_ref_is_nobody(found));
    CY_CHECK_EQ(cy_task_register(name + 1), 0);
    CY_CHECK_EQ(cy_task_lookup(&found, name + 1), 0);
    CY_CHECK(cy_ref_equal(found, cy_self()));
    CY_CHECK_EQ(cy_task_register(NULL), 0);
    CY_CHECK_EQ(cy_task_register("main"), 0); /* the same name again */
    CY_CHECK_EQ(cy_task_lookup(&found, "main"), 0);
    CY_CHECK_EQ(cy_task_unregister(NULL), 0);
    CY_CHECK_EQ(cy_task_lookup(&found, "main"), -ENOENT);
    CY_CHECK_EQ(cy_task_lookup(&found, name + 1), 0);
    return 0;
}

static void
a_task_has_the_names_it_registers(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, names_body, NULL), 0);
}

static int
unique_body(void *arg)
{
    (void) arg;
    for (int core = 0; core < CORES; core++) {
        cy_ref found, holder = spawn_on(core, hold_name, "unique", "holder");
        CY_CHECK_EQ(cy_task_locate(&found, "unique", NULL, CY_FOREVER), 0);
        CY_CHECK(cy_ref_equal(found, holder));
        CY_CHECK_EQ(cy_task_register("unique"), -EEXIST);
        CY_CHECK_EQ(cy_task_unregister("unique"), -ENOENT);
        stop(holder);
        CY_CHECK_EQ(cy_task_lookup(&found, "unique"), -ENOENT);
        CY_CHECK_EQ(cy_task_register("unique"), 0);
        CY_CHECK_EQ(cy_task_unregister("unique"), 0);
    }
    return 0;
}

static void
names_are_unique_and_vanish_with_their_task(void)
{
    CU_ASSERT_EQUAL(cy_node_run(CORES, unique_body, NULL), 0);
}

static cy_ref located;
static int locate_result;

static int
locate(void *arg)
{
    locate_result = cy_task_locate(&located, arg, NULL, CY_FOREVER);
    return 0;
}

static int
locate_body(void *arg)
{
    cy_ref found;
    (void) arg;
    CY_CHECK_EQ(cy_task_locate(&found, "late", NULL, CY_NOW), -ETIMEDOUT);
    CY_CHECK_EQ(cy_task_locate(&found, "late", NULL, cy_after(CY_MICROSECOND)), -ETIMEDOUT);
    for (int i = 0; i < CORES * CORES; i++) {
        cy_ref locating = spawn_on(i / CORES, locate, "late", "locating");
        cy_node_settle();
        cy_ref holder = spawn_on(i % CORES, hold_name, "late", "holder");
        CY_CHECK_EQ(cy_join(NULL, locating, CY_FOREVER), 0);
        CY_CHECK_EQ(locate_result, 0);
        CY_CHECK(cy_ref_equal(located, holder));
        stop(holder);
        locating = spawn_on(i / CORES, locate, "late", "locating");
        cy_node_settle();
        stop(locating);
        CY_CHECK_EQ(locate_result, -ECANCELED);
    }
    return 0;
}

static void
locate_waits_until_somebody_has_the_name(void)
{
    CU_ASSERT_EQUAL(cy_node_run(CORES, locate_body, NULL), 0);
}

static void
answer_cancelled(void *arg)
{
    cy_ref found;
    (void) arg;
    locate_result = cy_task_locate(&found, "main", NULL, CY_FOREVER);
    CY_CHECK_EQ(cy_task_lookup(&found, "main"), 0);
}

static int
with_clean_up(void *arg)
{
    (void) arg;
    CY_CHECK_EQ(cy_defer(answer_cancelled, NULL), 0);
    return cy_suspend(CY_FOREVER);
}

static int
cancelled_body(void *arg)
{
    (void) arg;
    CY_CHECK_EQ(cy_task_register(NULL), 0);
    cy_ref task = spawn_on(0, with_clean_up, NULL, "cleaner");
    cy_node_settle();
    stop(task);
    CY_CHECK_EQ(locate_result, -ECANCELED);
    return 0;
}

static void
a_terminated_task_may_look_up_but_not_locate(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, cancelled_body, NULL), 0);
}

static int
channels_body(void *arg)
{
    char name[CY_NAME_MAX + 2];
    cy_ref channel, other, found = CY_NOBODY, afar;
    (void) arg;
    memset(name, 'n', sizeof name);
    name[CY_NAME_MAX + 1] = '\0';
    CY_CHECK_EQ(cy_channel_create(&channel, "news", NULL), 0);
    CY_CHECK_EQ(cy_channel_create(&other, "news", NULL), 0);
    CY_CHECK_EQ(cy_channel_lookup(&found, "news"), -ENOENT);
    CY_CHECK_EQ(cy_channel_register(channel, NULL), 0);
    CY_CHECK_EQ(cy_channel_register(channel, "news"), 0);
    CY_CHECK_EQ(cy_channel_register(other, NULL), -EEXIST);
    CY_CHECK_EQ(cy_channel_register(other, "other"), 0);
    CY_CHECK_EQ(cy_channel_register(other, ""), -EINVAL);
    CY_CHECK_EQ(cy_channel_register(other, name), -ENAMETOOLONG);
    CY_CHECK_EQ(cy_task_register("news"), 0); /* tasks have names of their own */
    CY_CHECK_EQ(cy_channel_locate(&found, "news", NULL, CY_NOW), 0);
    CY_CHECK(cy_ref_equal(found, channel));
    CY_CHECK_EQ(cy_channel_unregister(other, "news"), -ENOENT);
    CY_CHECK_EQ(cy_channel_unregister(channel, NULL), 0);
    CY_CHECK_EQ(cy_channel_register(other, NULL), 0);
    CY_CHECK_EQ(cy_channel_close(other), 0);
    CY_CHECK_EQ(cy_channel_lookup(&found, "news"), -ENOENT);
    CY_CHECK_EQ(cy_channel_lookup(&found, "other"), -ENOENT);
    CY_CHECK_EQ(cy_channel_register(other, NULL), -ESRCH);
    CY_CHECK_EQ(cy_channel_unregister(other, NULL), -ESRCH);
    afar = channel;
    afar.core = 1;
    CY_CHECK_EQ(cy_channel_register(afar, NULL), -ESRCH);
    CY_CHECK_EQ(cy_channel_locate(&found, "never", NULL, cy_after(CY_MICROSECOND)), -ETIMEDOUT);
    CY_CHECK_EQ(cy_channel_register(channel, NULL), 0);
    return 0; /* with names left */
}

static void
channels_have_names_too(void)
{
    CU_ASSERT_EQUAL(cy_node_run(CORES, channels_body, NULL), 0);
}

/* A node that has room for a few names only. */
enum { FEW = 3 };

static void
few_end(void *data)
{
    struct cyi_names *names = data;
    cyi_names_free(&names);
}

static int
few_names(struct cyi_extension *out, const struct cyi_node *node)
{
    struct cyi_names *names;
    int rc = cyi_names_create(&names, &node->hash_key, FEW);
    if (rc == 0)
        *out = (struct cyi_extension){.data = names, .fini = few_end};
    return rc;
}

static int
limit_body(void *arg)
{
    cy_ref channel;
    (void) arg;
    CY_CHECK(cyi_node_extend(cyi_self->node, CYI_EXTENSION_REGISTRY, few_names) != NULL);
    CY_CHECK_EQ(cy_channel_create(&channel, "news", NULL), 0);
    CY_CHECK_EQ(cy_task_register("one"), 0);
    CY_CHECK_EQ(cy_task_register("two"), 0);
    CY_CHECK_EQ(cy_channel_register(channel, NULL), 0);
    CY_CHECK_EQ(cy_task_register("three"), -ENOBUFS);
    CY_CHECK_EQ(cy_channel_register(channel, "more"), -ENOBUFS);
    CY_CHECK_EQ(cy_task_register("one"), 0); /* it is there */
    CY_CHECK_EQ(cy_task_unregister("one"), 0);
    CY_CHECK_EQ(cy_channel_register(channel, "more"), 0);
    CY_CHECK_EQ(cy_channel_unregister(channel, "more"), 0);
    CY_CHECK_EQ(cy_task_unregister("two"), 0);
    CY_CHECK_EQ(cy_channel_unregister(channel, NULL), 0);
    return 0;
}

static void
a_node_has_so_many_names_and_no_more(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, limit_body, NULL), 0);
}

/* The first name of a node takes memory for the table of all. */
static int
starving_body(void *arg)
{
    cy_ref channel, out = CY_NOBODY;
    (void) arg;
    CY_CHECK_EQ(cy_channel_create(&channel, "news", NULL), 0);
    if (cy_test_starve()) {
        CY_CHECK_EQ(cy_task_register("name"), -ENOMEM);
        CY_CHECK_EQ(cy_channel_register(channel, NULL), -ENOMEM);
        CY_CHECK_EQ(cy_task_lookup(&out, "name"), -ENOENT);
        CY_CHECK_EQ(cy_task_locate(&out, "name", NULL, CY_FOREVER), -ENOMEM);
        CY_CHECK_EQ(cy_channel_locate(&out, "news", NULL, CY_FOREVER), -ENOMEM);
        CY_CHECK(cy_ref_is_nobody(out));
    }
    dprintf(STDOUT_FILENO, "done");
    _exit(0);
}

static void
starve(void *arg)
{
    (void) cy_node_run(1, starving_body, arg);
}

static void
without_memory_nobody_gets_a_name(void)
{
    static struct cy_test_child child;
    CY_OK(cy_test_run_child(&child, starve, NULL));
    CU_ASSERT_STRING_EQUAL(child.output, "done");
}

static int
locate_channel(void *arg)
{
    locate_result = cy_channel_locate(&located, arg, NULL, CY_FOREVER);
    return 0;
}

static int
locate_channel_body(void *arg)
{
    cy_ref channel, found = CY_NOBODY;
    char name[CY_NAME_MAX + 2];
    (void) arg;
    memset(name, 'n', sizeof name);
    name[CY_NAME_MAX + 1] = '\0';
    CY_CHECK_EQ(cy_channel_locate(&found, "", NULL, CY_FOREVER), -EINVAL);
    CY_CHECK_EQ(cy_channel_locate(&found, name, NULL, CY_FOREVER), -ENAMETOOLONG);
    CY_CHECK_EQ(cy_channel_locate(&found, name + 1, NULL, CY_NOW), -ETIMEDOUT);
    CY_CHECK(cy_ref_is_nobody(found));
    CY_CHECK_EQ(cy_channel_create(&channel, name + 1, NULL), 0);
    for (int core = 0; core < CORES; core++) {
        cy_ref locating = spawn_on(core, locate_channel, name + 1, "locating");
        cy_node_settle();
        stop(locating);
        CY_CHECK_EQ(locate_result, -ECANCELED);
        locating = spawn_on(core, locate_channel, name + 1, "locating");
        cy_node_settle();
        CY_CHECK_EQ(cy_channel_register(channel, NULL), 0);
        CY_CHECK_EQ(cy_join(NULL, locating, CY_FOREVER), 0);
        CY_CHECK_EQ(locate_result, 0);
        CY_CHECK(cy_ref_equal(located, channel));
        CY_CHECK_EQ(cy_channel_unregister(channel, NULL), 0);
    }
    return 0;
}

static void
locate_waits_for_a_channel_too(void)
{
    CU_ASSERT_EQUAL(cy_node_run(CORES, locate_channel_body, NULL), 0);
}

static atomic_int alive;

static int
many(void *arg)
{
    char own[32], next[32];
    int me = (int) (size_t) arg;
    cy_ref found;
    snprintf(own, sizeof own, "task-%d", me);
    snprintf(next, sizeof next, "task-%d", (me + 1) % TASKS);
    CY_CHECK_EQ(cy_task_register(own), 0);
    CY_CHECK_EQ(cy_task_locate(&found, next, NULL, CY_FOREVER), 0);
    CY_CHECK_EQ(cy_send_bytes(found, 1, &me, sizeof me), 0);
    cy_msg *msg;
    CY_CHECK_EQ(cy_receive(&msg, CY_FOREVER), 0);
    CY_CHECK_EQ(*(int *) cy_msg_body(msg), (me + TASKS - 1) % TASKS);
    cy_msg_free(&msg);
    alive--;
    return 0;
}

/* A ring of tasks on both cores: each seeks the next, who may be there or not yet. */
static int
many_body(void *arg)
{
    static cy_ref tasks[TASKS];
    (void) arg;
    for (long round = cy_test_scale(20); round > 0; round--) {
        alive = TASKS;
        for (int i = 0; i < TASKS; i++)
            tasks[i] = spawn_on(i % CORES, many, (void *) (size_t) i, "ring");
        for (int i = 0; i < TASKS; i++)
            CY_CHECK_EQ(cy_join(NULL, tasks[i], CY_FOREVER), 0);
        CY_CHECK_EQ(alive, 0);
        CY_CHECK_EQ(cy_task_lookup(&tasks[0], "task-0"), -ENOENT);
    }
    return 0;
}

static void
many_tasks_find_each_other(void)
{
    CU_ASSERT_EQUAL(cy_node_run(CORES, many_body, NULL), 0);
}

static int
left_behind_body(void *arg)
{
    (void) arg;
    CY_CHECK_EQ(cy_task_register("left"), 0);
    (void) spawn_on(1, locate, "nobody", "locating");
    (void) spawn_on(1, hold_name, "holder", "holder");
    cy_node_settle();
    cy_shutdown(0);
    return 0;
}

static void
names_and_seekers_may_be_left_at_the_nodes_end(void)
{
    CU_ASSERT_EQUAL(cy_node_run(CORES, left_behind_body, NULL), 0);
}

/* The child first: the thread sanitizer wants no fork after this process had threads. */
CY_TEST_MAIN("registry.registry", CY_TEST(without_memory_nobody_gets_a_name),
             CY_TEST(a_task_has_the_names_it_registers),
             CY_TEST(names_are_unique_and_vanish_with_their_task),
             CY_TEST(locate_waits_until_somebody_has_the_name),
             CY_TEST(a_terminated_task_may_look_up_but_not_locate),
             CY_TEST(channels_have_names_too), CY_TEST(a_node_has_so_many_names_and_no_more),
             CY_TEST(locate_waits_for_a_channel_too), CY_TEST(many_tasks_find_each_other),
             CY_TEST(names_and_seekers_may_be_left_at_the_nodes_end))
