/* When a core counts as stalled, how often that is told, and what its thread answers. */
#include "cy_test.h"
#include "sanitizer.h"
#include "stall.h"
#include "symbol.h"
#include <cycos/impl/core.h>

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define MS CY_MILLISECOND

enum { LIMIT_MS = 25 };

static struct cyi_suspect suspect;

static int
look(uint64_t beats, bool resting, cy_time now)
{
    return cyi_suspect_look(&suspect, beats, resting, now, LIMIT_MS * MS);
}

static void
begin(void)
{
    suspect = (struct cyi_suspect){0};
    CU_ASSERT_EQUAL(look(1, false, 1000 * MS), 0);
}

static void
a_core_that_goes_on_is_no_suspect(void)
{
    begin();
    for (int i = 1; i < 100; i++)
        CU_ASSERT_EQUAL(look((uint64_t) i + 1, false, (1000 + 100 * i) * MS), 0);
}

/* Its counter stands at 0 until its first turn, whatever the clock says. */
static void
a_core_that_starts_is_no_suspect(void)
{
    suspect = (struct cyi_suspect){0};
    CU_ASSERT_EQUAL(look(0, false, 1000 * MS), 0);
    CU_ASSERT_EQUAL(look(0, false, 1000 * MS + LIMIT_MS * MS - 1), CYI_STALL_SAME);
    CU_ASSERT_EQUAL(look(0, false, 1000 * MS + LIMIT_MS * MS),
                    CYI_STALL_COUNT | CYI_STALL_REPORT);
}

static void
a_core_that_rests_is_no_suspect(void)
{
    begin();
    for (int i = 1; i < 100; i++)
        CU_ASSERT_EQUAL(look(1, true, (1000 + 100 * i) * MS), 0);
    /* Awake again, but not yet on: the time counts from the last look at its rest. */
    CU_ASSERT_EQUAL(look(1, false, 10900 * MS + LIMIT_MS * MS - 1), CYI_STALL_SAME);
    CU_ASSERT_EQUAL(look(1, false, 10900 * MS + LIMIT_MS * MS),
                    CYI_STALL_COUNT | CYI_STALL_REPORT);
}

static void
a_stall_begins_at_the_limit(void)
{
    begin();
    CU_ASSERT_EQUAL(look(1, false, 1012 * MS), CYI_STALL_SAME);
    CU_ASSERT_EQUAL(look(1, false, 1025 * MS - 1), CYI_STALL_SAME);
    CU_ASSERT_EQUAL(look(1, false, 1025 * MS), CYI_STALL_COUNT | CYI_STALL_REPORT);
}

static void
is_told_again_when_it_has_doubled_and_counted_once(void)
{
    begin();
    int told = 0, counted = 0;
    for (cy_time ms = 1; ms <= 1700; ms++) {
        int what = look(1, false, (1000 + ms) * MS);
        counted += (what & CYI_STALL_COUNT) != 0;
        if (what & CYI_STALL_REPORT) {
            told++;
            /* 25 at once; what follows in the second of quiet is only told when long. */
            CU_ASSERT_TRUE(ms == 25 || ms == 1600);
        }
    }
    CU_ASSERT_EQUAL(told, 2);
    CU_ASSERT_EQUAL(counted, 1);
}

/* A stall of the given beat, seen at `at` ms for the first time and 30 ms later again. */
static int
stall(uint64_t beat, cy_time at)
{
    CU_ASSERT_EQUAL(look(beat, false, at * MS), 0);
    return look(beat, false, (at + 30) * MS);
}

static void
stalls_in_a_row_are_told_less_and_less_often(void)
{
    begin();
    int told = 0, counted = 0;
    uint64_t beat = 1;
    for (cy_time at = 1000; at < 301000; at += 50) {
        int what = stall(++beat, at);
        told += (what & CYI_STALL_REPORT) != 0;
        counted += (what & CYI_STALL_COUNT) != 0;
        CU_ASSERT_TRUE(what & CYI_STALL_COUNT);
    }
    CU_ASSERT_EQUAL(counted, 6000);
    /* At 0, 1, 3, 7, 15, 31, 63, then every 60 s. */
    CU_ASSERT_EQUAL(told, 10);
    CU_ASSERT_TRUE(suspect.suppressed > 5000);
}

static void
a_stall_after_a_long_quiet_time_is_told_as_the_first(void)
{
    begin();
    uint64_t beat = 1;
    for (cy_time at = 1000; at < 20000; at += 50)
        (void) stall(++beat, at);
    CU_ASSERT_TRUE(suspect.quiet > CY_SECOND);
    CU_ASSERT_TRUE(stall(++beat, 100000) & CYI_STALL_REPORT);
    CU_ASSERT_EQUAL(suspect.quiet, CY_SECOND);
    CU_ASSERT_FALSE(stall(++beat, 100500) & CYI_STALL_REPORT);
    CU_ASSERT_TRUE(stall(++beat, 101100) & CYI_STALL_REPORT);
}

static void
without_a_limit_nothing_is_a_stall_but_the_time_is_known(void)
{
    suspect = (struct cyi_suspect){0};
    CU_ASSERT_EQUAL(cyi_suspect_look(&suspect, 5, false, CY_SECOND, CY_FOREVER), 0);
    CU_ASSERT_EQUAL(cyi_suspect_look(&suspect, 5, false, CY_HOUR, CY_FOREVER), CYI_STALL_SAME);
    CU_ASSERT_EQUAL(suspect.since, CY_SECOND);
}

/* A thread that is a core as far as the handler can see. */
struct stuck {
    struct cyi_core *core;
    struct cyi_task task;
    struct cyi_evidence evidence;
    pthread_t thread;
    _Atomic bool there, leave;
};

static __attribute__((noinline)) void
hang_here(struct stuck *stuck)
{
    atomic_store(&stuck->there, true);
    while (!atomic_load(&stuck->leave))
        sched_yield(); /* the thread sanitizer lets signals through in library calls only */
}

static void *
hang(void *arg)
{
    struct stuck *stuck = arg;
    cyi_self = stuck->core;
    hang_here(stuck);
    cyi_self = NULL;
    return NULL;
}

static void
begin_to_hang(struct stuck *stuck, const char *name)
{
    memset(stuck, 0, sizeof *stuck);
    stuck->core = aligned_alloc(64, (sizeof *stuck->core + 63) & ~(size_t) 63);
    CY_ASSERT(stuck->core != NULL);
    memset(stuck->core, 0, sizeof *stuck->core);
    CY_OK(cyi_evidence_init(&stuck->evidence));
    stuck->core->evidence = &stuck->evidence;
    stuck->task.name = name;
    stuck->core->sched.current = name != NULL ? &stuck->task : NULL;
    CY_OK(pthread_create(&stuck->thread, NULL, hang, stuck));
    while (!atomic_load(&stuck->there))
        sched_yield();
}

static void
end_to_hang(struct stuck *stuck)
{
    atomic_store(&stuck->leave, true);
    pthread_join(stuck->thread, NULL);
    cyi_evidence_fini(&stuck->evidence);
    free(stuck->core);
}

static struct stuck stuck;

static void
a_thread_tells_its_task_and_its_stack(void)
{
    char text[1024];
    cyi_stall_install();
    begin_to_hang(&stuck, "parser");
    for (int i = 0; i < 100; i++) {
        CU_ASSERT_TRUE(cyi_evidence_ask(&stuck.evidence, stuck.thread, cy_after(CY_MINUTE)));
        CU_ASSERT_STRING_EQUAL(stuck.evidence.task, "parser");
        cyi_symbol_format(text, sizeof text, stuck.evidence.frames, stuck.evidence.count);
        CU_ASSERT_PTR_NOT_NULL(strstr(text, "hang_here+0x"));
        CU_ASSERT_PTR_NOT_NULL(strstr(text, " hang+0x"));
        /* The thread sanitizer calls the handler later, from code of its own. */
        if (!CYI_TSAN)
            CU_ASSERT_PTR_NULL(strstr(text, "on_question"));
    }
    end_to_hang(&stuck);
    cyi_stall_restore();
}

static void
a_thread_in_the_loop_names_no_task(void)
{
    cyi_stall_install();
    begin_to_hang(&stuck, NULL);
    CU_ASSERT_TRUE(cyi_evidence_ask(&stuck.evidence, stuck.thread, cy_after(CY_MINUTE)));
    CU_ASSERT_STRING_EQUAL(stuck.evidence.task, "");
    end_to_hang(&stuck);
    cyi_stall_restore();
}

static void
a_longer_name_is_cut(void)
{
    char name[CY_TASK_NAME_MAX + 20];
    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = '\0';
    cyi_stall_install();
    begin_to_hang(&stuck, name);
    CU_ASSERT_TRUE(cyi_evidence_ask(&stuck.evidence, stuck.thread, cy_after(CY_MINUTE)));
    CU_ASSERT_EQUAL(strlen(stuck.evidence.task), CY_TASK_NAME_MAX);
    end_to_hang(&stuck);
    cyi_stall_restore();
}

static void
a_thread_that_cannot_answer_is_given_up(void)
{
    /* It gets the signal, but is no core: nobody answers. */
    cyi_stall_install();
    begin_to_hang(&stuck, "parser");
    struct cyi_evidence *other = malloc(sizeof *other);
    CY_ASSERT(other != NULL);
    CY_OK(cyi_evidence_init(other));
    CU_ASSERT_FALSE(cyi_evidence_ask(other, stuck.thread, cy_after(CY_MILLISECOND)));
    cyi_evidence_fini(other);
    free(other);
    /* The thread itself is none the worse. */
    CU_ASSERT_TRUE(cyi_evidence_ask(&stuck.evidence, stuck.thread, cy_after(CY_MINUTE)));
    end_to_hang(&stuck);
    cyi_stall_restore();
}

static int
count_handlers(void)
{
    struct sigaction now;
    int count = 0;
    for (int number = SIGRTMIN; number <= SIGRTMAX; number++)
        count += sigaction(number, NULL, &now) == 0 &&
                 (now.sa_flags & SA_SIGINFO || now.sa_handler != SIG_DFL);
    return count;
}

static void
installs_one_handler_for_all_nodes_and_takes_it_away(void)
{
    int before = count_handlers();
    cyi_stall_install();
    CU_ASSERT_EQUAL(count_handlers(), before + 1);
    cyi_stall_install();
    CU_ASSERT_EQUAL(count_handlers(), before + 1);
    cyi_stall_restore();
    CU_ASSERT_EQUAL(count_handlers(), before + 1);
    cyi_stall_restore();
    CU_ASSERT_EQUAL(count_handlers(), before);
}

static void
takes_no_signal_that_somebody_uses(void)
{
    struct sigaction action = {.sa_handler = SIG_IGN}, now;
    for (int number = SIGRTMIN; number <= SIGRTMAX; number++)
        sigaction(number, &action, NULL);
    cyi_stall_install();
    for (int number = SIGRTMIN; number <= SIGRTMAX; number++)
        CU_ASSERT_TRUE(sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_IGN);
    begin_to_hang(&stuck, "parser");
    CU_ASSERT_FALSE(cyi_evidence_ask(&stuck.evidence, stuck.thread, cy_after(CY_MINUTE)));
    end_to_hang(&stuck);
    cyi_stall_restore();
    action.sa_handler = SIG_DFL;
    for (int number = SIGRTMIN; number <= SIGRTMAX; number++)
        sigaction(number, &action, NULL);
}

CY_TEST_MAIN("runtime.stall", CY_TEST(a_core_that_goes_on_is_no_suspect),
             CY_TEST(a_core_that_starts_is_no_suspect),
             CY_TEST(a_core_that_rests_is_no_suspect), CY_TEST(a_stall_begins_at_the_limit),
             CY_TEST(is_told_again_when_it_has_doubled_and_counted_once),
             CY_TEST(stalls_in_a_row_are_told_less_and_less_often),
             CY_TEST(a_stall_after_a_long_quiet_time_is_told_as_the_first),
             CY_TEST(without_a_limit_nothing_is_a_stall_but_the_time_is_known),
             CY_TEST(a_thread_tells_its_task_and_its_stack),
             CY_TEST(a_thread_in_the_loop_names_no_task), CY_TEST(a_longer_name_is_cut),
             CY_TEST(a_thread_that_cannot_answer_is_given_up),
             CY_TEST(installs_one_handler_for_all_nodes_and_takes_it_away),
             CY_TEST(takes_no_signal_that_somebody_uses))
