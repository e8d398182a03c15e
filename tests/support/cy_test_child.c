/* cy_test_child.c - runs what must kill its process, in a process of its own. */
#include "cy_test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* No core file: its death is what the test wants. */
static _Noreturn void
become_child(int output, void (*fn)(void *), void *arg)
{
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    close(output);
    fn(arg);
    fflush(NULL);
    _exit(0);
}

/* Reads until all writers are gone; keeps what fits, so that the child never blocks. */
static void
collect(int input, char *text, size_t size)
{
    size_t used = 0;
    char rest[4096];
    for (;;) {
        bool full = used == size - 1;
        ssize_t n =
            full ? read(input, rest, sizeof rest) : read(input, text + used, size - 1 - used);
        if (n == 0 || (n < 0 && errno != EINTR))
            break;
        if (n > 0 && !full)
            used += (size_t) n;
    }
    text[used] = '\0';
}

int
cy_test_run_child(struct cy_test_child *child, void (*fn)(void *), void *arg)
{
    int ends[2];
    if (pipe(ends) < 0)
        return -errno;
    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0) {
        int err = -errno;
        close(ends[0]);
        close(ends[1]);
        return err;
    }
    if (pid == 0) {
        close(ends[0]);
        become_child(ends[1], fn, arg);
    }
    close(ends[1]);
    collect(ends[0], child->output, sizeof child->output);
    close(ends[0]);
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    child->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    child->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    return 0;
}

/* Of the sanitizers' libraries; null when they are not linked. */
void __asan_init(void) __attribute__((weak));
void __tsan_init(void) __attribute__((weak));

bool
cy_test_starve(void)
{
    struct rlimit limit = {1 << 20, 1 << 20}; /* less than is mapped already */
    static void *volatile taken;
    if (__asan_init != NULL || __tsan_init != NULL || setrlimit(RLIMIT_AS, &limit) != 0)
        return false;
    /* What malloc() has in stock, from large to small, so that no remainder is left. */
    for (size_t size = 64 << 20; size > 16; size -= size > 4096 ? size / 2 : 8) {
        do
            taken = malloc(size);
        while (taken != NULL);
    }
    return true;
}

bool
cy_test_died_saying(const struct cy_test_child *child, const char *text)
{
    bool said = child->status != 0 && strstr(child->output, text) != NULL;
    if (!said)
        fprintf(stderr, "\n    child: status %d signal %d, wanted '%s', output: %s",
                child->status, child->signal, text, child->output);
    return said;
}
