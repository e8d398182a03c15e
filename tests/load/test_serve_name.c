/* test_serve_name.c - a task and a channel that keep books, asked by hand. */
#include "cy_node.h"
#include "proof.h"
#include "serve_name.h"
#include "talk.h"

#include <cycos/channel.h>
#include <cycos/registry.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 24, STREAM = 3 };

static struct load_service service;
static char *announced;
static size_t announced_size;

static void
serve(const char *name)
{
    memset(&service, 0, sizeof service);
    service.target.protocol = LOAD_TASK;
    snprintf(service.target.host, sizeof service.target.host, "%s", name);
    service.announce = open_memstream(&announced, &announced_size);
}

static void
stop_announcing(void)
{
    fclose(service.announce);
    free(announced);
}

static cy_msg *
payload(uint32_t tag, uint32_t version)
{
    const struct load_proof proof = {.run = 1, .key = STREAM, .version = version};
    cy_msg *msg = NULL;
    CY_CHECK_EQ(cy_msg_create(&msg, tag, SIZE), 0);
    load_proof_write(cy_msg_body(msg), SIZE, &proof);
    return msg;
}

static void
note(cy_ref to, uint32_t version)
{
    cy_msg *msg = payload(LOAD_TALK_NOTE, version);
    CY_CHECK_EQ(cy_send(to, &msg), 0);
}

static struct load_told
read_page(cy_msg **msg)
{
    struct load_told told = {.stream = 0};
    CY_CHECK_EQ(cy_msg_tag(*msg), LOAD_TALK_PAGE);
    CY_CHECK_EQ(cy_msg_size(*msg), sizeof told);
    memcpy(&told, cy_msg_body(*msg), sizeof told);
    cy_msg_free(msg);
    return told;
}

static void
mark(cy_ref to, uint64_t number)
{
    const struct load_mark mark = {.number = number, .stream = STREAM};
    CY_CHECK_EQ(cy_send_bytes(to, LOAD_TALK_MARK, &mark, sizeof mark), 0);
}

static uint32_t
readers_of(cy_ref keeper, uint32_t is_channel)
{
    const struct load_who who = {LOAD_TALK_VERSION, is_channel};
    struct load_readers readers = {0, 0};
    cy_msg *msg = NULL, *reply = NULL;
    CY_CHECK_EQ(cy_msg_copy(&msg, LOAD_TALK_WHO, &who, sizeof who), 0);
    CY_CHECK_EQ(cy_call(&reply, keeper, &msg, CY_FOREVER), 0);
    CY_CHECK_EQ(cy_msg_size(reply), sizeof readers);
    memcpy(&readers, cy_msg_body(reply), sizeof readers);
    CY_CHECK_EQ(readers.version, LOAD_TALK_VERSION);
    cy_msg_free(&reply);
    return readers.readers;
}

static void
ask_the_task(cy_ref task)
{
    cy_msg *msg = payload(LOAD_TALK_ASK, 1), *reply = NULL;
    CY_CHECK_EQ(cy_call(&reply, task, &msg, CY_FOREVER), 0);
    msg = payload(LOAD_TALK_ASK, 1);
    CY_CHECK_EQ(cy_msg_size(reply), SIZE);
    CY_CHECK(memcmp(cy_msg_body(reply), cy_msg_body(msg), SIZE) == 0);
    cy_msg_free(&reply);
    cy_msg_free(&msg);
    note(task, 2), note(task, 2), note(task, 4);
    mark(task, 4);
    CY_CHECK_EQ(cy_receive(&reply, CY_FOREVER), 0);
    struct load_told told = read_page(&reply);
    CY_CHECK_EQ(told.number, 4);
    CY_CHECK_EQ(told.distinct, 3);
    CY_CHECK_EQ(told.duplicated, 1);
}

/* Two readers answer to the mark, each for itself; the one of core 0 has a page already. */
static void
ask_the_channel(cy_ref channel)
{
    uint64_t distinct = 0;
    cy_msg *reply = NULL;
    note(channel, 5), note(channel, 6);
    mark(channel, 6);
    for (int i = 0; i < 2; i++) {
        CY_CHECK_EQ(cy_receive(&reply, CY_FOREVER), 0);
        distinct += read_page(&reply).distinct;
    }
    CY_CHECK_EQ(distinct, 3 + 2 + 2);
}

static int
talk_to_it(void *arg)
{
    cy_ref task, second, channel, keeper;
    (void) arg;
    CY_CHECK_EQ(cy_task_spawn(NULL, load_serve_name, &service, NULL), 0);
    CY_CHECK_EQ(cy_channel_locate(&channel, "box", NULL, CY_FOREVER), 0);
    CY_CHECK_EQ(cy_task_locate(&task, "box", NULL, CY_FOREVER), 0);
    CY_CHECK_EQ(cy_task_locate(&keeper, "box.books", NULL, CY_FOREVER), 0);
    CY_CHECK_EQ(cy_task_locate(&second, "box.1", NULL, CY_FOREVER), 0);
    CY_CHECK(cy_ref_equal(task, keeper));
    CY_CHECK_EQ(second.core, 1);
    CY_CHECK_EQ(readers_of(keeper, 0), 1);
    CY_CHECK_EQ(readers_of(keeper, 1), 2);
    CY_CHECK_EQ(readers_of(second, 0), 1);
    ask_the_task(task);
    ask_the_channel(channel);
    /* What nobody of ours sends does no harm. */
    CY_CHECK_EQ(cy_send_bytes(task, LOAD_TALK_MARK, "x", 1), 0);
    CY_CHECK_EQ(cy_send_bytes(task, LOAD_TALK_WHO, "x", 1), 0);
    CY_CHECK_EQ(cy_send_bytes(task, 9999, "x", 1), 0);
    mark(task, 6);
    cy_msg *reply = NULL;
    CY_CHECK_EQ(cy_receive(&reply, CY_FOREVER), 0);
    CY_CHECK_EQ(read_page(&reply).distinct, 5);
    cy_shutdown(10 * CY_SECOND);
    return 0;
}

static int
find_the_name_taken(void *arg)
{
    cy_ref server;
    cy_msg *exit = NULL;
    struct cy_exit how = {.code = 0};
    const struct cy_task_options joinable = {.joinable = true};
    (void) arg;
    CY_CHECK_EQ(cy_task_register("box.1"), 0);
    CY_CHECK_EQ(cy_task_spawn(&server, load_serve_name, &service, &joinable), 0);
    CY_CHECK_EQ(cy_join(&exit, server, CY_FOREVER), 0);
    CY_CHECK_EQ(cy_exit_read(&how, exit), 0);
    CY_CHECK_EQ(how.code, 3);
    cy_msg_free(&exit);
    return 0;
}

static void
each_core_reads_under_a_name_and_from_the_channel(void)
{
    serve("box");
    CU_ASSERT_EQUAL(cy_node_run(2, talk_to_it, NULL), 0);
    CU_ASSERT_STRING_EQUAL(service.error, "");
    fflush(service.announce);
    CU_ASSERT_STRING_EQUAL(announced, "load: ready, task://box and channel://box on 2 cores\n");
    stop_announcing();
}

static void
a_name_that_is_taken_is_said(void)
{
    serve("box");
    CU_ASSERT_EQUAL(cy_node_run(2, find_the_name_taken, NULL), 0);
    CU_ASSERT_STRING_EQUAL(service.error, "cannot serve the name box: File exists");
    stop_announcing();
}

static void
the_name_of_the_books_has_its_limit(void)
{
    char name[CY_NAME_MAX + 1], books[CY_NAME_MAX + 1];
    size_t most = CY_NAME_MAX - (sizeof LOAD_BOOKS_SUFFIX - 1);
    memset(name, 'x', sizeof name);
    name[most] = '\0';
    CY_OK(load_books_name(books, name));
    CU_ASSERT_EQUAL(strlen(books), CY_NAME_MAX);
    name[most] = 'x';
    name[most + 1] = '\0';
    CY_FAILS(load_books_name(books, name), -ENAMETOOLONG);
}

CY_TEST_MAIN("load.serve_name", CY_TEST(each_core_reads_under_a_name_and_from_the_channel),
             CY_TEST(a_name_that_is_taken_is_said),
             CY_TEST(the_name_of_the_books_has_its_limit))
