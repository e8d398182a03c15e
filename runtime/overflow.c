/*
 * overflow.c - last words of a process: stack overflows and other faults of tasks.
 *
 * The handler may interrupt anything, so it calls nothing but write(2), sigaction(2) and
 * tgkill(2), and reads only what belongs to its own thread. For the death it restores the
 * default action and returns: the instruction faults again, and a core file shows it.
 */
#include "overflow.h"
#include <cycos/impl/core.h>
#include <pthread.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { STACK_BYTES = 64 << 10, GUARD_BYTES = 64 << 10, SIGNALS = 4 };

static const int numbers[SIGNALS] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE};

/* Dispositions are of the process, so this is too. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned installed;
static struct sigaction before[SIGNALS];

struct text {
    char bytes[256];
    size_t used;
};

static void
add_word(struct text *text, const char *word)
{
    while (*word != '\0' && text->used < sizeof text->bytes)
        text->bytes[text->used++] = *word++;
}

static void
add_number(struct text *text, size_t number, unsigned base)
{
    char digits[24];
    size_t at = sizeof digits;
    digits[--at] = '\0';
    do {
        digits[--at] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number != 0);
    add_word(text, digits + at);
}

static void
add_task(struct text *text, const struct cyi_core *core, const struct cyi_task *task)
{
    add_word(text, " in task ");
    add_word(text, task != NULL ? task->name : "none");
    add_word(text, " (core ");
    add_number(text, core->index, 10);
}

static void
say(const struct text *text)
{
    if (write(STDERR_FILENO, text->bytes, text->used) < 0)
        return; /* nobody is left to tell */
}

static void
say_overflow(const struct cyi_core *core, const struct cyi_task *task)
{
    struct text text = {.used = 0};
    add_word(&text, "cycos: stack overflow");
    add_task(&text, core, task);
    add_word(&text, ", stack ");
    add_number(&text, ((size_t) 1 << task->stack->class) / 1024, 10);
    add_word(&text, " KiB)\n");
    say(&text);
}

static void
say_fault(const struct cyi_core *core, int number, const siginfo_t *info)
{
    static const char *const NAMES[SIGNALS] = {"SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE"};
    struct text text = {.used = 0};
    add_word(&text, "cycos: ");
    for (int i = 0; i < SIGNALS; i++)
        add_word(&text, numbers[i] == number ? NAMES[i] : "");
    if (info->si_code > 0) {
        add_word(&text, " at address 0x");
        add_number(&text, (size_t) info->si_addr, 16);
    }
    add_task(&text, core, core->sched.current);
    add_word(&text, ")\n");
    say(&text);
}

/* By the default action, once the handler has returned. */
static void
die(int number, const siginfo_t *info)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigaction(number, &action, NULL);
    /* What another process sent does not come again by itself. */
    if (info->si_code <= 0)
        syscall(SYS_tgkill, getpid(), gettid(), number);
}

static void
pass_on(int number, siginfo_t *info, void *context)
{
    for (int i = 0; i < SIGNALS; i++) {
        if (numbers[i] != number)
            continue;
        if (before[i].sa_flags & SA_SIGINFO)
            before[i].sa_sigaction(number, info, context);
        else if (before[i].sa_handler == SIG_DFL || before[i].sa_handler == SIG_IGN)
            die(number, info);
        else
            before[i].sa_handler(number);
    }
}

static void
on_fault(int number, siginfo_t *info, void *context)
{
    const struct cyi_core *core = cyi_self;
    if (core == NULL) {
        pass_on(number, info, context);
        return;
    }
    const struct cyi_task *task = core->sched.current;
    if ((number == SIGSEGV || number == SIGBUS) && task != NULL && task->stack != NULL &&
        info->si_code > 0 && cyi_stack_in_guard(task->stack, info->si_addr)) {
        say_overflow(core, task);
        die(number, info);
        return;
    }
    say_fault(core, number, info);
    pass_on(number, info, context);
}

void
cyi_overflow_install(void)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    pthread_mutex_lock(&lock);
    if (installed++ == 0) {
        for (int i = 0; i < SIGNALS; i++) {
            sigaction(numbers[i], NULL, &before[i]);
            sigaction(numbers[i], &action, NULL);
        }
    }
    pthread_mutex_unlock(&lock);
}

void
cyi_overflow_restore(void)
{
    struct sigaction now;
    pthread_mutex_lock(&lock);
    if (--installed == 0) {
        for (int i = 0; i < SIGNALS; i++) {
            /* Somebody who came after us keeps his, and may still call ours. */
            sigaction(numbers[i], NULL, &now);
            if (now.sa_flags & SA_SIGINFO && now.sa_sigaction == on_fault)
                sigaction(numbers[i], &before[i], NULL);
        }
    }
    pthread_mutex_unlock(&lock);
}

int
cyi_signal_stack_create(struct cyi_signal_stack *stack)
{
    uint8_t *memory = mmap(NULL, GUARD_BYTES + STACK_BYTES, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED)
        return -ENOMEM;
    /* Without a guard it would still work: so a failure is no reason to give up. */
    (void) mprotect(memory, GUARD_BYTES, PROT_NONE);
    *stack = (struct cyi_signal_stack){.memory = memory};
    return 0;
}

void
cyi_signal_stack_free(struct cyi_signal_stack *stack)
{
    if (stack->memory != NULL)
        munmap(stack->memory, GUARD_BYTES + STACK_BYTES);
    stack->memory = NULL;
}

void
cyi_signal_stack_enter(struct cyi_signal_stack *stack)
{
    stack_t alternate = {.ss_sp = (uint8_t *) stack->memory + GUARD_BYTES,
                         .ss_size = STACK_BYTES};
    /* Fails only for a stack that is too small, which this is on no processor. */
    if (sigaltstack(&alternate, &stack->before) != 0)
        stack->before = (stack_t){.ss_flags = SS_DISABLE};
}

void
cyi_signal_stack_leave(struct cyi_signal_stack *stack)
{
    /* The sanitizers free the one that was theirs when the thread ends: it must be back. */
    int rc = sigaltstack(&stack->before, NULL);
    CY_ASSERT(rc == 0);
}
