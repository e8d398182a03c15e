/* Tools: gdb and valgrind know the stacks of tasks. Each only if it is installed. */
#include "context.h"
#include "cy_node.h"
#include "sanitizer.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Debian 12's valgrind gives up over the debug information that its clang writes. */
#ifdef __clang__
enum { VALGRIND_READS_US = 0 };
#else
enum { VALGRIND_READS_US = 1 };
#endif

static struct cy_test_child child;

/* What the tools look at: this program with one of these as its only test. */

__attribute__((noinline)) int the_debugger_stops_here(int value);

int
the_debugger_stops_here(int value)
{
    __asm__ volatile("" ::: "memory");
    return value + 1;
}

static __attribute__((noinline)) int
called_by_the_task(int value)
{
    return the_debugger_stops_here(value) + 1;
}

static int
task_to_look_at(void *arg)
{
    (void) arg;
    return called_by_the_task(1) - 3;
}

static int
spawn_and_join(cy_task_fn *fn)
{
    cy_ref ref;
    struct cy_task_options options = {.monitor = true};
    CY_CHECK_EQ(cy_task_spawn_named(&ref, CY_CORE_HERE, fn, NULL, "looked at", &options), 0);
    return cy_join(NULL, ref, CY_FOREVER);
}

static int
main_to_look_at(void *arg)
{
    (void) arg;
    return spawn_and_join(task_to_look_at);
}

static void
victim_of_the_debugger(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, main_to_look_at, NULL), 0);
}

static __attribute__((noinline)) int
use_stack(int depth)
{
    volatile char frame_of_some_size[300];
    frame_of_some_size[0] = (char) depth;
    return depth == 0 ? 0 : use_stack(depth - 1) + frame_of_some_size[0] - (char) depth;
}

static int
use_much_stack(void *arg)
{
    (void) arg;
    CY_CHECK_EQ(use_stack(50), 0);
    CY_CHECK_EQ(cy_yield(), 0);
    return use_stack(60);
}

static void
answer(void *state, cy_msg **msg)
{
    (void) state;
    cy_msg *reply;
    CY_CHECK_EQ(cy_msg_copy(&reply, 1, "yes", 3), 0);
    CY_CHECK_EQ(cy_reply(*msg, &reply), 0);
    cy_handler_exit(0);
}

/* Fresh stacks, used ones, handlers, the other core. */
static int
main_with_many_tasks(void *arg)
{
    cy_ref ref;
    cy_msg *msg, *reply;
    (void) arg;
    for (int i = 0; i < 5; i++) {
        CY_CHECK_EQ(spawn_and_join(use_much_stack), 0);
        CY_CHECK_EQ(cy_handler_spawn_on(&ref, (uint16_t) (i % 2), answer, NULL, NULL), 0);
        CY_CHECK_EQ(cy_msg_copy(&msg, 1, "yes?", 4), 0);
        CY_CHECK_EQ(cy_call(&reply, ref, &msg, CY_FOREVER), 0);
        CY_CHECK_EQ(cy_msg_size(reply), 3);
        cy_msg_free(&reply);
    }
    CY_CHECK_EQ(cy_sleep(CY_MILLISECOND), 0);
    return 0;
}

static void
victim_of_valgrind(void)
{
    CU_ASSERT_EQUAL(cy_node_run(2, main_with_many_tasks, NULL), 0);
}

/* The tests. */

static bool
installed(const char *tool)
{
    char path[512];
    const char *folders = getenv("PATH");
    for (size_t length; folders != NULL && *folders != '\0'; folders += length) {
        folders += *folders == ':';
        length = strcspn(folders, ":");
        snprintf(path, sizeof path, "%.*s/%s", (int) length, folders, tool);
        if (access(path, X_OK) == 0)
            return true;
    }
    return false;
}

/* The tools want the program as it is, not the sanitizers in it. */
static bool
possible(const char *tool, bool otherwise)
{
    bool sanitized = CYI_ASAN + CYI_TSAN > 0;
    if (!sanitized && otherwise && installed(tool))
        return true;
    CU_PASS("not possible here");
    return false;
}

static void
run_tool(void *arg)
{
    char self[512] = "";
    const char **words = arg;
    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
        _exit(99);
    for (const char **word = words; *word != NULL; word++) {
        if (strcmp(*word, "SELF") == 0)
            *word = self;
    }
    execvp(words[0], (char **) (uintptr_t) words);
    _exit(98);
}

static void
gdb_walks_from_a_task_to_the_beginning_of_its_stack(void)
{
    const char *words[] = {
        "gdb", "-nx", "-batch", "-ex",  "break the_debugger_stops_here", "-ex", "run",
        "-ex", "bt",  "--args", "SELF", "victim_of_the_debugger",        NULL};
    static const char *const chain[] = {"the_debugger_stops_here (", " in called_by_the_task (",
                                        " in task_to_look_at (", " in cyi_task_run ("};
    if (!possible("gdb", true))
        return;
    CY_OK(cy_test_run_child(&child, run_tool, words));
    const char *at = strstr(child.output, "#0 ");
    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    for (size_t i = 0; i < sizeof chain / sizeof chain[0] && at != NULL; i++)
        CU_ASSERT_PTR_NOT_NULL(at = strstr(at, chain[i]));
    if (CYI_CONTEXT_ASM)
        CU_ASSERT_PTR_NOT_NULL(strstr(child.output, " in cyi_context_start ("));
    CU_ASSERT_PTR_NULL(strstr(child.output, "corrupt stack"));
    CU_ASSERT_PTR_NULL(strstr(child.output, "Backtrace stopped"));
}

static void
valgrind_finds_nothing_wrong(void)
{
    const char *words[] = {"valgrind",
                           "--error-exitcode=9",
                           "--leak-check=full",
                           "--errors-for-leak-kinds=definite",
                           "SELF",
                           "victim_of_valgrind",
                           NULL};
    /* The thread of liburcu never ends, so what it has is "possibly lost". */
    if (!possible("valgrind", VALGRIND_READS_US))
        return;
    CY_OK(cy_test_run_child(&child, run_tool, words));
    CU_ASSERT_EQUAL(child.status, 0);
    if (child.status != 0)
        fprintf(stderr, "%s", child.output);
    CU_ASSERT_PTR_NOT_NULL(strstr(child.output, "ERROR SUMMARY: 0 errors"));
    CU_ASSERT_PTR_NULL(strstr(child.output, "switching stacks"));
}

CY_TEST_MAIN("runtime.tools", CY_TEST(victim_of_the_debugger), CY_TEST(victim_of_valgrind),
             CY_TEST(gdb_walks_from_a_task_to_the_beginning_of_its_stack),
             CY_TEST(valgrind_finds_nothing_wrong))
