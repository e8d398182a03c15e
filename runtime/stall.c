/*
 * stall.c - finding a core that does not go on, and asking its thread what it does.
 *
 * The question is a signal, because only the thread itself can walk its stack safely. It is
 * sent to a thread that was seen to hang; in a task that blocks, a system call which is not
 * restarted by the kernel returns EINTR.
 */
#include "stall.h"
#include "context.h"
#include <cycos/impl/core.h>
#include <cycos/impl/time.h>
#include <errno.h>
#include <execinfo.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#define QUIET_MIN CY_SECOND /* after a report, until the next stall is reported */
#define QUIET_MAX CY_MINUTE
#define LONG      CY_SECOND /* a stall of this length is reported in any case */

/* Dispositions are of the process, so this is too. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned installed;
static int number; /* of the signal; 0: none was free */

int
cyi_evidence_init(struct cyi_evidence *evidence)
{
    *evidence = (struct cyi_evidence){.count = 0};
    return sem_init(&evidence->answered, 0, 0) == 0 ? 0 : -errno;
}

void
cyi_evidence_fini(struct cyi_evidence *evidence)
{
    sem_destroy(&evidence->answered);
}

/* In the handler: without its own frames, from the interrupted instruction on. */
static void
take_frames(struct cyi_evidence *evidence, const void *context)
{
    const void *pc = cyi_context_interrupted(context);
    int count = backtrace(evidence->frames, CYI_FRAMES_MAX), first = 0;
    while (first < count && evidence->frames[first] != pc)
        first++;
    if (first == count)
        first = 0;
    evidence->count = count - first;
    memmove(evidence->frames, evidence->frames + first,
            (size_t) evidence->count * sizeof evidence->frames[0]);
}

static void
on_question(int signal, siginfo_t *info, void *context)
{
    const struct cyi_core *core = cyi_self;
    struct cyi_evidence *evidence = core != NULL ? core->evidence : NULL;
    (void) signal;
    (void) info;
    if (evidence == NULL)
        return;
    /* E1: whoever asks waits for the answer. */
    uint32_t asked = atomic_load_explicit(&evidence->asked, memory_order_acquire);
    /* E3: a signal that nobody sent for us, or one that came late. */
    if (asked == atomic_load_explicit(&evidence->given, memory_order_relaxed))
        return;
    int saved = errno;
    const struct cyi_task *task = core->sched.current;
    size_t length = task != NULL ? strnlen(task->name, CY_TASK_NAME_MAX) : 0;
    memcpy(evidence->task, task != NULL ? task->name : "", length);
    evidence->task[length] = '\0';
    take_frames(evidence, context);
    /* E2: all of the above is there. */
    atomic_store_explicit(&evidence->given, asked, memory_order_release);
    sem_post(&evidence->answered);
    errno = saved;
}

bool
cyi_evidence_ask(struct cyi_evidence *evidence, pthread_t thread, cy_time deadline)
{
    struct timespec until = {.tv_sec = deadline / CY_SECOND, .tv_nsec = deadline % CY_SECOND};
    /* E1: the number is only ours to raise. */
    uint32_t asked = atomic_fetch_add_explicit(&evidence->asked, 1, memory_order_release) + 1;
    if (number == 0 || pthread_kill(thread, number) != 0)
        return false;
    /* E2: an older answer, come late, does not count. */
    while (atomic_load_explicit(&evidence->given, memory_order_acquire) != asked) {
        if (sem_clockwait(&evidence->answered, CLOCK_MONOTONIC, &until) != 0 && errno != EINTR)
            return false;
    }
    return true;
}

/* From the highest on: libraries tend to take the lowest. The last is valgrind's. */
static int
free_signal(void)
{
    struct sigaction now;
    for (int candidate = SIGRTMAX - 1; candidate > SIGRTMIN; candidate--) {
        if (sigaction(candidate, NULL, &now) == 0 && (now.sa_flags & SA_SIGINFO) == 0 &&
            now.sa_handler == SIG_DFL)
            return candidate;
    }
    return 0;
}

void
cyi_stall_install(void)
{
    struct sigaction action = {.sa_sigaction = on_question,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
    void *frame;
    sigemptyset(&action.sa_mask);
    pthread_mutex_lock(&lock);
    if (installed++ == 0) {
        /* The first call loads the unwinder, which no handler may do. */
        (void) backtrace(&frame, 1);
        number = free_signal();
        if (number != 0)
            sigaction(number, &action, NULL);
    }
    pthread_mutex_unlock(&lock);
}

void
cyi_stall_restore(void)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    pthread_mutex_lock(&lock);
    if (--installed == 0 && number != 0) {
        sigaction(number, &action, NULL);
        number = 0;
    }
    pthread_mutex_unlock(&lock);
}

/* A stall that begins now: is it to be told, or only counted? */
static bool
muted(struct cyi_suspect *suspect, cy_time now)
{
    if (now >= suspect->quiet_until)
        return false;
    return now - suspect->since < LONG;
}

static void
be_quiet(struct cyi_suspect *suspect, cy_time now)
{
    bool rare = now >= cyi_time_add(suspect->quiet_until, suspect->quiet);
    suspect->quiet = rare ? QUIET_MIN : 2 * suspect->quiet;
    if (suspect->quiet > QUIET_MAX)
        suspect->quiet = QUIET_MAX;
    suspect->quiet_until = cyi_time_add(now, suspect->quiet);
}

int
cyi_suspect_look(struct cyi_suspect *suspect, uint64_t beats, bool resting, cy_time now,
                 cy_time limit)
{
    /* The first look only begins to watch: a core that has not beaten yet is starting. */
    if (resting || beats != suspect->beats || suspect->since == 0) {
        suspect->beats = beats;
        suspect->since = now;
        suspect->report_at = cyi_time_add(now, limit);
        suspect->counted = false;
        return 0;
    }
    if (now < suspect->report_at)
        return CYI_STALL_SAME;
    int what = suspect->counted ? 0 : CYI_STALL_COUNT;
    suspect->counted = true;
    suspect->report_at = cyi_time_add(now, now - suspect->since);
    if (muted(suspect, now)) {
        suspect->suppressed += what != 0;
        return what | CYI_STALL_SAME;
    }
    if (now >= suspect->quiet_until)
        be_quiet(suspect, now);
    return what | CYI_STALL_REPORT;
}
