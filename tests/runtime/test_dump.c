/* The dump: one line per task with what it waits for; counts; sockets, channels, counters. */
#include "cy_node.h"
#include "dump.h"
#include <cycos/channel.h>
#include <cycos/impl/node.h>
#include <cycos/io.h>
#include <cycos/pool.h>
#include <cycos/sync.h>

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *text;
static size_t text_bytes;

/* In a task: the dump of its core. */
static void
dump(void)
{
    free(text);
    text = NULL;
    FILE *out = open_memstream(&text, &text_bytes);
    CY_ASSERT(out != NULL);
    cyi_dump_core(cyi_self, out);
    fclose(out);
}

/* The line that begins with this, without its newline; NULL when there is none. */
static const char *
line_of(const char *start)
{
    static char line[4096];
    char with_newline[256];
    snprintf(with_newline, sizeof with_newline, "\n%s", start);
    const char *at = strncmp(text, start, strlen(start)) == 0 ? text : NULL;
    if (at == NULL && (at = strstr(text, with_newline)) != NULL)
        at++;
    if (at == NULL)
        return NULL;
    snprintf(line, sizeof line, "%.*s", (int) strcspn(at, "\n"), at);
    return line;
}

static bool
line_has(const char *start, const char *word)
{
    const char *line = line_of(start);
    bool has = line != NULL && strstr(line, word) != NULL;
    if (!has)
        fprintf(stderr, "\n    no '%s' in the line '%s'\n", word, line != NULL ? line : start);
    return has;
}

#define LINE_HAS(start, word) CY_CHECK(line_has(start, word))

static struct cy_event event;
static struct cy_lock lock;
static struct cy_condition condition;
static struct cy_semaphore semaphore;
static cy_ref main_task, message_waiter;
static cy_socket *pair[2], *listener;
static _Atomic bool pool_may_end;

static int
wait_for_message(void *arg)
{
    cy_msg *msg;
    (void) arg;
    return cy_receive(&msg, CY_FOREVER);
}

static int
wait_asleep(void *arg)
{
    (void) arg;
    return cy_sleep(CY_HOUR);
}

static int
wait_to_be_resumed(void *arg)
{
    (void) arg;
    return cy_suspend(CY_FOREVER);
}

static int
wait_for_answer(void *arg)
{
    cy_msg *msg, *reply;
    (void) arg;
    CY_CHECK_EQ(cy_msg_create(&msg, 1, 0), 0);
    int rc = cy_call(&reply, main_task, &msg, CY_FOREVER);
    if (msg != NULL)
        cy_msg_free(&msg);
    return rc;
}

static int
wait_for_end(void *arg)
{
    (void) arg;
    return cy_join(NULL, message_waiter, CY_FOREVER);
}

static int
wait_for_event(void *arg)
{
    (void) arg;
    return cy_event_wait(&event, CY_FOREVER);
}

static int
wait_for_lock(void *arg)
{
    (void) arg;
    int rc = cy_lock_acquire(&lock, CY_FOREVER);
    if (rc == 0)
        cy_lock_release(&lock);
    return rc;
}

static int
wait_for_condition(void *arg)
{
    struct cy_lock own = {0};
    (void) arg;
    CY_CHECK_EQ(cy_lock_acquire(&own, CY_FOREVER), 0);
    int rc = cy_condition_wait(&condition, &own, CY_FOREVER);
    cy_lock_release(&own);
    return rc;
}

static int
wait_for_semaphore(void *arg)
{
    (void) arg;
    return cy_semaphore_acquire(&semaphore, CY_FOREVER);
}

static int
wait_for_bytes(void *arg)
{
    char byte;
    (void) arg;
    return (int) cy_read(pair[0], &byte, 1, CY_FOREVER);
}

static int
wait_for_shutdown(void *arg)
{
    (void) arg;
    return cy_wait_stopping(CY_FOREVER);
}

static int
work_of_the_pool(void *arg)
{
    while (!atomic_load(&pool_may_end))
        sched_yield();
    (void) arg;
    return 0;
}

static int
wait_for_pool(void *arg)
{
    int result = 0;
    int rc = cy_blocking(&result, work_of_the_pool, arg);
    return rc != 0 ? rc : result;
}

static void
ignore_messages(void *state, cy_msg **msg)
{
    (void) state;
    (void) msg;
}

static int
open_pair(void)
{
    cy_address at;
    CY_ASSERT(cy_address_parse(&at, "127.0.0.1", 0) == 0);
    CY_CHECK_EQ(cy_tcp_listen(&listener, &at, NULL), 0);
    CY_CHECK_EQ(cy_socket_local(&at, listener), 0);
    CY_CHECK_EQ(cy_tcp_connect(&pair[0], &at, CY_FOREVER), 0);
    CY_CHECK_EQ(cy_tcp_accept(&pair[1], listener, CY_FOREVER), 0);
    return 0;
}

static void
spawn_all(void)
{
    static const struct {
        cy_task_fn *fn;
        const char *name;
    } waiters[] = {
        {wait_asleep, "w.sleep"},
        {wait_to_be_resumed, "w.resume"},
        {wait_for_answer, "w.answer"},
        {wait_for_end, "w.join"},
        {wait_for_event, "w.event"},
        {wait_for_lock, "w.lock"},
        {wait_for_condition, "w.condition"},
        {wait_for_semaphore, "w.semaphore"},
        {wait_for_bytes, "w.read"},
        {wait_for_shutdown, "w.stopping"},
        {wait_for_pool, "w.pool"},
    };
    cy_ref ref;
    struct cy_task_options daemon = {.name = "w.message", .daemon = true, .mailbox_max = 7};
    CY_CHECK_EQ(cy_task_spawn(&message_waiter, wait_for_message, NULL, &daemon), 0);
    for (size_t i = 0; i < sizeof waiters / sizeof waiters[0]; i++) {
        struct cy_task_options options = {.name = waiters[i].name};
        CY_CHECK_EQ(cy_task_spawn(&ref, waiters[i].fn, NULL, &options), 0);
    }
}

static int
dump_all_kinds(void *arg)
{
    cy_ref ref, channel;
    char wanted[CY_REF_TEXT_MAX + 8], self[CY_REF_TEXT_MAX];
    (void) arg;
    main_task = cy_self();
    CY_CHECK_EQ(open_pair(), 0);
    CY_CHECK_EQ(cy_lock_acquire(&lock, CY_FOREVER), 0);
    CY_CHECK_EQ(cy_channel_create(&channel, "news", NULL), 0);
    spawn_all();
    CY_CHECK_EQ(cy_channel_subscribe(channel, message_waiter, CY_FOREVER), 0);
    cy_node_settle();
    struct cy_task_options handler = {.name = "w.handler"}, ready = {.name = "w.ready"};
    CY_CHECK_EQ(cy_handler_spawn(&ref, ignore_messages, NULL, &handler), 0);
    CY_CHECK_EQ(cy_task_spawn(&ref, wait_asleep, NULL, &ready), 0);
    dump();

    LINE_HAS("cycos: core 0 node.0, node ", " running, 15 tasks");
    cy_ref_format(self, sizeof self, main_task);
    LINE_HAS("  main ", self);
    LINE_HAS("  main ", " running ");
    LINE_HAS("  main ", " mailbox 1/65536"); /* the request of w.answer */
    LINE_HAS("  main ", "/64K main");
    LINE_HAS("  w.ready ", " ready ");
    LINE_HAS("  w.handler ", " waiting   message ");
    LINE_HAS("  w.handler ", " handler");
    LINE_HAS("  w.message ", " waiting   message ");
    LINE_HAS("  w.message ", " mailbox 0/7");
    LINE_HAS("  w.message ", " daemon subscribed");
    LINE_HAS("  w.sleep ", " waiting   sleep ");
    LINE_HAS("  w.sleep ", " timeout 3");
    LINE_HAS("  w.resume ", " waiting   resume ");
    snprintf(wanted, sizeof wanted, " for %s ", self);
    LINE_HAS("  w.answer ", " waiting   answer ");
    LINE_HAS("  w.answer ", wanted);
    LINE_HAS("  w.join ", " waiting   join ");
    LINE_HAS("  w.join ", " for task 0.");
    LINE_HAS("  w.event ", " waiting   event ");
    LINE_HAS("  w.lock ", " waiting   lock ");
    LINE_HAS("  w.condition ", " waiting   condition ");
    LINE_HAS("  w.semaphore ", " waiting   semaphore ");
    LINE_HAS("  w.read ", " waiting   read ");
    LINE_HAS("  w.read ", " for stream ");
    LINE_HAS("  w.stopping ", " waiting   stopping ");
    LINE_HAS("  w.pool ", " waiting   pool ");
    LINE_HAS("  socket listener ", " 127.0.0.1:");
    LINE_HAS("  socket stream ", " to 127.0.0.1:");
    LINE_HAS("  channel ", " news subscribers=1 published=0 ");
    LINE_HAS("  turns=", " switches=");
    LINE_HAS("  turns=", " stacks_unguarded=0");

    atomic_store(&pool_may_end, true);
    cy_close(&pair[0]);
    cy_close(&pair[1]);
    cy_close(&listener);
    cy_lock_release(&lock);
    cy_shutdown(0);
    return 0;
}

static void
prints_each_task_with_what_it_waits_for(void)
{
    atomic_store(&pool_may_end, false);
    lock = (struct cy_lock){0};
    CU_ASSERT_EQUAL(cy_node_run(1, dump_all_kinds, NULL), 0);
    free(text);
    text = NULL;
}

/* The third column from the state on, in seconds. */
static double
waited_for(const char *start)
{
    const char *line = line_of(start);
    const char *at = line != NULL ? strstr(line, " message ") : NULL;
    return at != NULL ? strtod(at + strlen(" message "), NULL) : -1;
}

static int
dump_times(void *arg)
{
    cy_ref ref;
    (void) arg;
    CY_CHECK_EQ(cy_handler_spawn(&ref, ignore_messages, NULL, NULL), 0);
    struct cyi_task *task = cyi_task_find(cyi_self, ref.slot, ref.generation);
    uint32_t now = (uint32_t) (cy_now() >> CYI_SINCE_SHIFT);
    task->wait_since = now - (uint32_t) (100 * CY_SECOND >> CYI_SINCE_SHIFT);
    dump();
    CY_CHECK(waited_for("  ignore_messages ") >= 99.9);
    CY_CHECK(waited_for("  ignore_messages ") < 3600);
    task->wait_since = now + 1000; /* read from a newer clock */
    dump();
    CY_CHECK(waited_for("  ignore_messages ") == 0);
    cy_shutdown(0);
    return 0;
}

static void
says_how_long_a_task_has_waited(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, dump_times, NULL), 0);
    free(text);
    text = NULL;
}

/* The main task and so many handlers. */
static void
spawn_handlers(int count, const char *name)
{
    cy_ref ref;
    struct cy_task_options options = {.name = name, .daemon = true};
    for (int i = 0; i < count; i++)
        CY_CHECK_EQ(cy_handler_spawn(&ref, ignore_messages, NULL, &options), 0);
}

static int
count_lines(const char *start)
{
    int count = 0;
    for (const char *at = text; (at = strstr(at, start)) != NULL; at++)
        count++;
    return count;
}

static int
dump_up_to_the_limit(void *arg)
{
    (void) arg;
    spawn_handlers(CYI_DUMP_TASKS - 1, "many");
    dump();
    CY_CHECK_EQ(count_lines("\n  many "), CYI_DUMP_TASKS - 1);
    CY_CHECK_EQ(count_lines(" more: "), 0);
    spawn_handlers(1, "many");
    dump();
    CY_CHECK_EQ(count_lines("\n  many "), CYI_DUMP_TASKS); /* one of them counts one task */
    LINE_HAS("  many                 and ", "and 1 more: message");
    spawn_handlers(2, "many");
    spawn_handlers(1, "other");
    dump();
    LINE_HAS("  many                 and ", "and 3 more: message");
    LINE_HAS("  other                and ", "and 1 more: message");
    return 0;
}

static void
counts_the_tasks_beyond_a_limit(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, dump_up_to_the_limit, NULL), 0);
    free(text);
    text = NULL;
}

static int
dump_many_groups(void *arg)
{
    char name[32];
    (void) arg;
    spawn_handlers(CYI_DUMP_TASKS - 1, "many");
    for (int i = 0; i < CYI_DUMP_GROUPS; i++) {
        snprintf(name, sizeof name, "group.%d", i);
        spawn_handlers(1, name);
    }
    dump();
    CY_CHECK_EQ(count_lines(" and 1 more: message"), CYI_DUMP_GROUPS);
    CY_CHECK_EQ(count_lines("others"), 0);
    spawn_handlers(2, "one group too many");
    dump();
    CY_CHECK_EQ(count_lines(" and 1 more: message"), CYI_DUMP_GROUPS);
    LINE_HAS("  and ", "and 2 others");
    return 0;
}

static void
counts_so_many_kinds_of_tasks(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, dump_many_groups, NULL), 0);
    free(text);
    text = NULL;
}

static void
every_wait_has_a_name(void)
{
    struct cyi_task task = {.state = CYI_TASK_WAITING};
    for (int wait = 0; wait < CYI_WAITS; wait++) {
        task.wait = (uint8_t) wait;
        CU_ASSERT_PTR_NOT_NULL(cyi_wait_name(&task));
    }
    task.state = CYI_TASK_READY;
    CU_ASSERT_STRING_EQUAL(cyi_wait_name(&task), "its turn");
    task.state = CYI_TASK_RUNNING;
    CU_ASSERT_STRING_EQUAL(cyi_wait_name(&task), "nothing");
}

static void *
count_bytes(void *fd)
{
    static char bytes[1000];
    size_t count = 0;
    for (ssize_t n; (n = read(*(int *) fd, bytes, sizeof bytes)) > 0;)
        count += (size_t) n;
    printf("%zu bytes\n", count);
    fflush(stdout);
    return NULL;
}

/* More than a pipe holds, by a descriptor that does not wait. */
static void
write_much(void *unused)
{
    static char much[300000];
    int ends[2];
    pthread_t reader;
    (void) unused;
    if (pipe2(ends, O_CLOEXEC) != 0 || fcntl(ends[1], F_SETFL, O_NONBLOCK) != 0 ||
        dup2(ends[1], STDERR_FILENO) < 0)
        _exit(1);
    close(ends[1]);
    memset(much, 'x', sizeof much);
    if (pthread_create(&reader, NULL, count_bytes, &ends[0]) != 0)
        _exit(2);
    cyi_dump_write(much, sizeof much);
    close(STDERR_FILENO);
    pthread_join(reader, NULL);
}

static void
writes_all_even_to_a_slow_reader(void)
{
    static struct cy_test_child child;
    CY_OK(cy_test_run_child(&child, write_much, NULL));
    CU_ASSERT_EQUAL(child.status, 0);
    CU_ASSERT_STRING_EQUAL(child.output, "300000 bytes\n");
}

CY_TEST_MAIN("runtime.dump", CY_TEST(prints_each_task_with_what_it_waits_for),
             CY_TEST(says_how_long_a_task_has_waited), CY_TEST(counts_the_tasks_beyond_a_limit),
             CY_TEST(counts_so_many_kinds_of_tasks), CY_TEST(every_wait_has_a_name),
             CY_TEST(writes_all_even_to_a_slow_reader))
