/*
 * signals.c - SIGTERM, SIGINT, SIGQUIT and SIGHUP for the nodes of a process.
 *
 * A handler writes the number into a pipe that every listener watches; whoever reads it tells
 * all. Blocking the signals and reading a signalfd is no alternative: the threads of libraries
 * do not block them, and programs that a task starts would inherit what it blocks.
 */
#include "signals.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

enum { SIGNALS = 4 };

static const int numbers[SIGNALS] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP};

/* Dispositions are of the process, so all this is too. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct cyi_listener *listeners;
static struct sigaction before[SIGNALS];
static int pipe_out;
static _Atomic int pipe_in = -1;
static _Atomic int handlers; /* that run now */

static void
on_signal(int number)
{
    int saved = errno;
    uint8_t byte = (uint8_t) number;
    /* G2: from now on the pipe stays, if it is still there. */
    atomic_fetch_add_explicit(&handlers, 1, memory_order_seq_cst);
    /* G2: it may be gone. */
    int fd = atomic_load_explicit(&pipe_in, memory_order_seq_cst);
    /* Full: so many have come already that one more says nothing new. */
    if (fd >= 0 && write(fd, &byte, 1) < 0)
        errno = 0;
    /* G2: done with it. */
    atomic_fetch_sub_explicit(&handlers, 1, memory_order_seq_cst);
    errno = saved;
}

static int
install(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART | SA_ONSTACK};
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return -errno;
    pipe_out = ends[0];
    /* G2: no handler is installed yet. */
    atomic_store_explicit(&pipe_in, ends[1], memory_order_seq_cst);
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < SIGNALS; i++)
        sigaction(numbers[i], &action, &before[i]);
    return 0;
}

static void
restore(void)
{
    struct sigaction now;
    for (int i = 0; i < SIGNALS; i++) {
        /* Somebody who came after us keeps his. */
        if (sigaction(numbers[i], NULL, &now) == 0 && now.sa_handler == on_signal)
            sigaction(numbers[i], &before[i], NULL);
    }
    /* G2: handlers that begin now find no pipe. */
    int fd = atomic_exchange_explicit(&pipe_in, -1, memory_order_seq_cst);
    /* G2: those that have found it will be done in a moment. */
    while (atomic_load_explicit(&handlers, memory_order_seq_cst) != 0)
        sched_yield();
    close(fd);
    close(pipe_out);
}

int
cyi_signals_join(struct cyi_listener *listener, int word)
{
    pthread_mutex_lock(&lock);
    int rc = listeners == NULL ? install() : 0;
    if (rc == 0) {
        *listener = (struct cyi_listener){.next = listeners, .source = pipe_out, .word = word};
        listeners = listener;
    }
    pthread_mutex_unlock(&lock);
    return rc;
}

void
cyi_signals_leave(struct cyi_listener *listener)
{
    pthread_mutex_lock(&lock);
    struct cyi_listener **at = &listeners;
    while (*at != listener)
        at = &(*at)->next;
    *at = listener->next;
    if (listeners == NULL)
        restore();
    pthread_mutex_unlock(&lock);
}

static void
tell(struct cyi_listener *listener, int number)
{
    uint64_t one = 1;
    if (number == SIGQUIT) {
        /* G1: seen after the word. */
        atomic_fetch_add_explicit(&listener->dumps, 1, memory_order_relaxed);
    } else if (number == SIGHUP) {
        /* G1: likewise. */
        atomic_fetch_add_explicit(&listener->reloads, 1, memory_order_relaxed);
    } else {
        /* G1: likewise. */
        atomic_store_explicit(&listener->number, number, memory_order_relaxed);
        /* G1: likewise. */
        atomic_fetch_add_explicit(&listener->stops, 1, memory_order_relaxed);
    }
    /* Only a full counter refuses, and then the listener is awake anyway. */
    if (write(listener->word, &one, sizeof one) < 0)
        return;
}

void
cyi_signals_read(const struct cyi_listener *listener)
{
    uint8_t number;
    pthread_mutex_lock(&lock);
    while (read(listener->source, &number, 1) == 1) {
        for (struct cyi_listener *each = listeners; each != NULL; each = each->next)
            tell(each, number);
    }
    pthread_mutex_unlock(&lock);
}
