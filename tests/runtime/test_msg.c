/* test_msg.c - messages: sizes, bodies, sharing, tags, and what must end the program. */
#include "cy_node.h"

#include "sanitizer.h"
#include <cycos/impl/msg.h>
#include <signal.h>
#include <string.h>

/* Around the inline body, the borders of all size classes, and the largest. */
static const size_t SIZES[] = {
    0,          1,     39,    40,    41,    63,    64,      65,      127,
    191,        192,   193,   447,   448,   449,   960,     961,     1984,
    1985,       4032,  4033,  8128,  8129,  16320, 16321,   32704,   32705,
    65472,      65473, 65535, 65536, 65537, 99999, 1 << 17, 1 << 20, CY_MSG_MAX - 1,
    CY_MSG_MAX,
};
enum { SIZE_COUNT = sizeof SIZES / sizeof *SIZES };

/* A large body is written and read at its ends only. */
static size_t
edge(size_t size)
{
    return size < 70000 ? size : 4096;
}

static void
fill(cy_msg *msg)
{
    size_t size = cy_msg_size(msg), part = edge(size);
    uint8_t *body = cy_msg_body(msg);
    memset(body, (int) (size % 251), part);
    memset(body + size - part, (int) (size % 251), part);
}

static bool
all_equal(const uint8_t *bytes, size_t count, uint8_t value)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] != value)
            return false;
    }
    return true;
}

/* Holds a body that fill() wrote to a message of `full` bytes? */
static bool
filled(const cy_msg *msg, size_t full)
{
    size_t size = cy_msg_size(msg), part = edge(size);
    const uint8_t *body = cy_msg_body(msg);
    uint8_t value = (uint8_t) (full % 251);
    return all_equal(body, part, value) && all_equal(body + size - part, part, value);
}

static int
sizes_body(void *arg)
{
    (void) arg;
    for (int i = 0; i < SIZE_COUNT; i++) {
        cy_msg *msg = NULL;
        CY_CHECK_EQ(cy_msg_create(&msg, 1, SIZES[i]), 0);
        CY_CHECK_EQ(cy_msg_size(msg), SIZES[i]);
        CY_CHECK_EQ((uintptr_t) cy_msg_body(msg) % 64, 0);
        CY_CHECK(cy_ref_is_nobody(cy_msg_sender(msg)));
        fill(msg);
        CY_CHECK(filled(msg, SIZES[i]));
        cy_msg_free(&msg);
        CY_CHECK(msg == NULL);
    }
    return 0;
}

static void
a_body_has_any_size_up_to_the_limit(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, sizes_body, NULL), 0);
}

static int
limits_body(void *arg)
{
    cy_msg *msg = NULL;
    (void) arg;
    CY_CHECK_EQ(cy_msg_create(&msg, 1, CY_MSG_MAX + 1), -EMSGSIZE);
    CY_CHECK_EQ(cy_msg_copy(&msg, 1, "", CY_MSG_MAX + 1), -EMSGSIZE);
    CY_CHECK_EQ(cy_msg_create(&msg, 1, SIZE_MAX), -EMSGSIZE);
    CY_CHECK_EQ(cy_msg_create(&msg, CY_TAG_SYSTEM, 1), -EINVAL);
    CY_CHECK_EQ(cy_msg_copy(&msg, UINT32_MAX, "x", 1), -EINVAL);
    CY_CHECK_EQ(cy_send_bytes(cy_self(), 1, "", CY_MSG_MAX + 1), -EMSGSIZE);
    for (uint16_t core = 0; core < 2; core++) {
        cy_ref to = cy_self();
        to.core = core;
        CY_CHECK_EQ(cy_send_bytes(to, CY_TAG_SYSTEM, "x", 1), -EINVAL);
    }
    CY_CHECK(msg == NULL);
    CY_CHECK_EQ(cy_msg_create(&msg, CY_TAG_SYSTEM - 1, 0), 0);
    CY_CHECK_EQ(cy_msg_tag(msg), CY_TAG_SYSTEM - 1);
    cy_msg_set_tag(msg, 0);
    CY_CHECK_EQ(cy_msg_tag(msg), 0);
    cy_msg_set_tag(msg, CY_TAG_SYSTEM - 1);
    CY_CHECK_EQ(cy_msg_tag(msg), CY_TAG_SYSTEM - 1);
    cy_msg_free(&msg);
    cy_msg_free(&msg); /* holds NULL: allowed */
    CY_CHECK_EQ(cy_msg_copy(&msg, 1, NULL, 0), 0);
    CY_CHECK_EQ(cy_msg_size(msg), 0);
    cy_msg_free(&msg);
    return 0;
}

static void
sizes_and_tags_have_limits(void)
{
    CU_ASSERT_EQUAL(cy_node_run(2, limits_body, NULL), 0);
}

static int
no_memory_body(void *arg)
{
    cy_msg *msg = NULL, *twin = NULL;
    struct cyi_heap *heap = &cyi_self->heap;
    (void) arg;
    heap->fail_at = heap->taken;
    CY_CHECK_EQ(cy_msg_create(&msg, 1, 10), -ENOMEM);
    heap->fail_at = heap->taken;
    CY_CHECK_EQ(cy_msg_copy(&msg, 1, "x", 1), -ENOMEM);
    CY_CHECK(msg == NULL);
    CY_CHECK_EQ(cy_msg_create(&msg, 1, 1000), 0);
    fill(msg);
    for (uint64_t later = 0; later < 2; later++) { /* the body to share, then the twin */
        heap->fail_at = heap->taken + later;
        CY_CHECK_EQ(cy_msg_share(&twin, msg), -ENOMEM);
        CY_CHECK(twin == NULL);
        CY_CHECK(filled(msg, 1000));
    }
    cy_msg_free(&msg);
    return 0;
}

static void
without_memory_nothing_is_touched(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, no_memory_body, NULL), 0);
}

static int
truncate_body(void *arg)
{
    cy_msg *msg, *twin;
    (void) arg;
    CY_CHECK_EQ(cy_msg_create(&msg, 1, 1000), 0);
    fill(msg);
    cy_msg_truncate(msg, 1000);
    CY_CHECK_EQ(cy_msg_size(msg), 1000);
    cy_msg_truncate(msg, 500);
    CY_CHECK_EQ(cy_msg_share(&twin, msg), 0);
    CY_CHECK_EQ(cy_msg_size(twin), 500);
    cy_msg_truncate(msg, 10); /* the twin keeps its size */
    CY_CHECK_EQ(cy_msg_size(twin), 500);
    CY_CHECK(filled(twin, 1000) && filled(msg, 1000));
    cy_msg_free(&twin);
    CY_CHECK_EQ(cy_msg_share(&twin, msg), 0); /* small by now, yet shared */
    CY_CHECK_EQ(cy_msg_size(twin), 10);
    cy_msg_free(&msg);
    CY_CHECK(filled(twin, 1000));
    cy_msg_truncate(twin, 0);
    CY_CHECK_EQ(cy_msg_size(twin), 0);
    cy_msg_free(&twin);
    return 0;
}

static void
a_body_can_be_shortened_shared_or_not(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, truncate_body, NULL), 0);
}

enum { TWINS = 4, ORDERS = 24 };

/* The k-th order of four things. */
static void
permute(int order[TWINS], int k)
{
    int left[TWINS] = {0, 1, 2, 3};
    static const int DIVISOR[TWINS] = {6, 2, 1, 1};
    for (int i = 0; i < TWINS; i++) {
        int at = k / DIVISOR[i] % (TWINS - i);
        order[i] = left[at];
        memmove(&left[at], &left[at + 1], (size_t) (TWINS - i - at - 1) * sizeof left[0]);
    }
}

/* The original and its twins, twins of twins too, freed in this order. */
static void
share_and_free(size_t size, int k)
{
    cy_msg *all[TWINS];
    int order[TWINS];
    permute(order, k);
    CY_CHECK_EQ(cy_msg_create(&all[0], 7, size), 0);
    fill(all[0]);
    for (int i = 1; i < TWINS; i++) {
        CY_CHECK_EQ(cy_msg_share(&all[i], all[i / 2]), 0);
        CY_CHECK_EQ(cy_msg_size(all[i]), size);
        CY_CHECK_EQ(cy_msg_tag(all[i]), 7);
    }
    for (int i = 0; i < TWINS; i++) {
        for (int j = i; j < TWINS; j++)
            CY_CHECK(filled(all[order[j]], size));
        cy_msg_free(&all[order[i]]);
    }
}

static int
orders_body(void *arg)
{
    static const size_t CHOSEN[] = {0, 1, 64, 65, 1000, 65536, 200000};
    (void) arg;
    for (size_t s = 0; s < sizeof CHOSEN / sizeof *CHOSEN; s++) {
        for (int k = 0; k < ORDERS; k++)
            share_and_free(CHOSEN[s], k);
    }
    return 0;
}

static void
a_shared_body_goes_with_the_last_whatever_the_order(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, orders_body, NULL), 0);
}

enum { CORES = 3, ROUNDS = 60 };

/* Reads, passes a twin on to the next core, frees. */
static int
pass_on(void *arg)
{
    const cy_ref *next = arg;
    cy_msg *msg, *twin;
    int wrong = 0;
    for (int i = 0; i < ROUNDS; i++) {
        if (cy_receive(&msg, CY_FOREVER) != 0)
            return 1;
        wrong += !filled(msg, cy_msg_size(msg));
        CY_CHECK_EQ(cy_msg_share(&twin, msg), 0);
        if (cy_ref_is_nobody(*next) || cy_send(*next, &twin) != 0)
            cy_msg_free(&twin);
        cy_msg_free(&msg);
    }
    CY_CHECK_EQ(wrong, 0);
    return 0;
}

static int
across_body(void *arg)
{
    static const size_t CHOSEN[] = {64, 65, 3000, 70000};
    cy_ref chain[CORES + 1] = {{.node = 0}};
    struct cy_task_options joinable = {.joinable = true};
    (void) arg;
    for (uint16_t i = CORES; i-- > 0;)
        CY_CHECK_EQ(cy_task_spawn_on(&chain[i], i, pass_on, &chain[i + 1], &joinable), 0);
    for (int i = 0; i < ROUNDS; i++) {
        cy_msg *msg, *twin;
        CY_CHECK_EQ(cy_msg_create(&msg, 1, CHOSEN[i % 4]), 0);
        fill(msg);
        CY_CHECK_EQ(cy_msg_share(&twin, msg), 0);
        CY_CHECK_EQ(cy_send(chain[0], &twin), 0);
        if (i % 2 == 0)
            CY_CHECK_EQ(cy_yield(), 0);
        CY_CHECK(filled(msg, CHOSEN[i % 4]));
        cy_msg_free(&msg);
    }
    for (int i = 0; i < CORES; i++)
        CY_CHECK_EQ(cy_join(NULL, chain[i], CY_FOREVER), 0);
    return 0;
}

static void
a_shared_body_is_read_and_freed_on_any_core(void)
{
    CU_ASSERT_EQUAL(cy_node_run(CORES, across_body, NULL), 0);
}

static int
end_with_value(void *arg)
{
    cy_msg *value;
    size_t size = *(size_t *) arg;
    CY_CHECK_EQ(cy_msg_create(&value, 1, size), 0);
    fill(value);
    CY_CHECK_EQ(cy_exit_value(&value), 0);
    return 3;
}

static void
check_exit(const cy_msg *msg, cy_ref task, size_t size)
{
    struct cy_exit exit = {.code = -1};
    CY_CHECK_EQ(cy_exit_read(&exit, msg), 0);
    CY_CHECK(cy_ref_equal(exit.task, task));
    CY_CHECK_EQ(exit.reason, CY_EXIT_ERROR);
    CY_CHECK_EQ(exit.code, 3);
    CY_CHECK_EQ(exit.value_bytes, size);
    CY_CHECK(size == 0 || all_equal(exit.value, size, (uint8_t) (size % 251)));
    /* Its body, for who does not know what it is, is the value. */
    CY_CHECK_EQ(cy_msg_size(msg), size);
    CY_CHECK(filled(msg, size));
}

static int
exit_body(void *arg)
{
    static size_t sizes[] = {0, 5, 64, 65, 5000};
    struct cy_task_options monitor = {.monitor = true};
    (void) arg;
    for (int i = 0; i < 10; i++) {
        cy_ref task;
        cy_msg *msg, *twin, *third;
        size_t size = sizes[i / 2];
        CY_CHECK_EQ(cy_task_spawn_on(&task, (uint16_t) (i % 2), end_with_value, &sizes[i / 2],
                                     &monitor),
                    0);
        CY_CHECK_EQ(cy_receive(&msg, CY_FOREVER), 0);
        CY_CHECK_EQ(cy_msg_share(&twin, msg), 0);
        check_exit(msg, task, size);
        cy_msg_free(&msg);
        check_exit(twin, task, size);
        CY_CHECK_EQ(cy_msg_share(&third, twin), 0);
        CY_CHECK_EQ(cy_exit_value(&twin), 0); /* ours shall be the same value */
        check_exit(third, task, size);
        cy_msg_free(&third);
    }
    return 0;
}

static void
an_exit_message_can_be_shared_and_passed_on(void)
{
    CU_ASSERT_EQUAL(cy_node_run(2, exit_body, NULL), 0);
}

static int
exit_without_value(void *arg)
{
    struct cy_task_options monitor = {.monitor = true};
    struct cy_exit exit;
    cy_msg *msg, *twin;
    cy_ref gone = cy_self();
    (void) arg;
    (void) monitor;
    gone.generation++;
    CY_CHECK_EQ(cy_monitor(gone), 0);
    CY_CHECK_EQ(cy_receive(&msg, CY_FOREVER), 0);
    CY_CHECK_EQ(cy_msg_share(&twin, msg), 0);
    CY_CHECK_EQ(cy_msg_size(msg), 0);
    cy_msg_free(&msg);
    CY_CHECK_EQ(cy_exit_read(&exit, twin), 0);
    CY_CHECK_EQ(exit.reason, CY_EXIT_NO_TASK);
    CY_CHECK(exit.value == NULL && exit.value_bytes == 0);
    CY_CHECK_EQ(cy_exit_value(&twin), 0);
    return 0;
}

static void
an_exit_message_without_a_value_has_no_body(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, exit_without_value, NULL), 0);
}

/* What ends the program, in a child. */
static int
hold(void *arg)
{
    (void) arg;
    return cy_suspend(CY_FOREVER);
}

static int
free_twice(void *arg)
{
    cy_msg *msg, *copy;
    if (cy_msg_create(&msg, 1, *(size_t *) arg) != 0)
        return 1;
    copy = msg;
    cy_msg_free(&msg);
    cy_msg_free(&copy);
    return 0;
}

static int
free_after_send(void *arg)
{
    cy_msg *msg, *copy;
    cy_ref there;
    struct cy_task_options daemon = {.daemon = true};
    if (cy_task_spawn_on(&there, *(uint16_t *) arg, hold, NULL, &daemon) != 0 ||
        cy_msg_create(&msg, 1, 100) != 0)
        return 1;
    copy = msg;
    if (cy_send(there, &msg) != 0)
        return 1;
    cy_msg_free(&copy);
    return 0;
}

static int
send_twice(void *arg)
{
    cy_msg *msg, *copy;
    cy_ref there;
    struct cy_task_options daemon = {.daemon = true};
    if (cy_task_spawn_on(&there, *(uint16_t *) arg, hold, NULL, &daemon) != 0 ||
        cy_msg_create(&msg, 1, 100) != 0)
        return 1;
    copy = msg;
    if (cy_send(there, &msg) != 0)
        return 1;
    return cy_send(there, &copy);
}

static int
lengthen(void *arg)
{
    cy_msg *msg;
    (void) arg;
    if (cy_msg_create(&msg, 1, 10) != 0)
        return 1;
    cy_msg_truncate(msg, 11);
    return 0;
}

static int
tag_as_system(void *arg)
{
    cy_msg *msg;
    (void) arg;
    if (cy_msg_create(&msg, 1, 10) != 0)
        return 1;
    cy_msg_set_tag(msg, CY_TAG_EXIT);
    return 0;
}

struct deed {
    cy_task_fn *fn;
    void *arg;
};

static void
do_it(void *arg)
{
    const struct deed *deed = arg;
    struct cy_options options;
    cy_node_options(&options, 2);
    (void) !cy_run(&options, deed->fn, deed->arg);
}

static void
expect_death(cy_task_fn *fn, void *arg, const char *word)
{
    struct deed deed = {fn, arg};
    struct cy_test_child child;
    CY_OK(cy_test_run_child(&child, do_it, &deed));
    CU_ASSERT_TRUE(cy_test_died_saying(&child, word));
    CU_ASSERT_TRUE(CYI_ASAN || child.signal == SIGABRT);
}

static void
freeing_twice_ends_the_program(void)
{
    size_t small = 1, large = 60000;
    const char *word = CYI_ASAN ? "heap-use-after-free" : "message freed twice";
    expect_death(free_twice, &small, word);
    expect_death(free_twice, &large, word);
}

static void
what_was_sent_is_not_ours_any_more(void)
{
    uint16_t cores[] = {0, 1};
    /* On another core it may be anywhere by now, which is a race. */
    for (int i = 0; i < 2 - CYI_TSAN; i++) {
        /* So short a message has been copied on its way to another core. */
        bool freed = CYI_ASAN && i == 1;
        expect_death(free_after_send, &cores[i],
                     freed ? "heap-use-after-free" : "message freed after it was sent");
        expect_death(send_twice, &cores[i], freed ? "heap-use-after-free" : "CYI_MSG_QUEUED");
    }
}

static void
what_the_owner_must_not_do_ends_the_program(void)
{
    expect_death(lengthen, NULL, "size <= msg->size");
    expect_death(tag_as_system, NULL, "CY_TAG_SYSTEM");
}

/* Children first: the thread sanitizer wants no fork after this process had threads. */
CY_TEST_MAIN("runtime.msg", CY_TEST(freeing_twice_ends_the_program),
             CY_TEST(what_was_sent_is_not_ours_any_more),
             CY_TEST(what_the_owner_must_not_do_ends_the_program),
             CY_TEST(a_body_has_any_size_up_to_the_limit), CY_TEST(sizes_and_tags_have_limits),
             CY_TEST(without_memory_nothing_is_touched),
             CY_TEST(a_body_can_be_shortened_shared_or_not),
             CY_TEST(a_shared_body_goes_with_the_last_whatever_the_order),
             CY_TEST(a_shared_body_is_read_and_freed_on_any_core),
             CY_TEST(an_exit_message_can_be_shared_and_passed_on),
             CY_TEST(an_exit_message_without_a_value_has_no_body))
