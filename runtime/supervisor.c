/*
 * supervisor.c - the thread that called cy_run().
 *
 * It handles signals, so that they work while a task hogs its core, and looks after stalls.
 *
 * Synchronisation:
 *   V1  supervisor.running  acq_rel; the last core to end writes the event
 */
#include "supervisor.h"
#include <cycos/impl/log.h>
#include <cycos/impl/node.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct cyi_supervisor {
    int signals, ended; /* descriptors */
    sigset_t before;
    bool stopping;
    _Atomic uint32_t running;
};

int
cyi_supervisor_open(struct cyi_node *node)
{
    struct cyi_supervisor *s = calloc(1, sizeof *s);
    sigset_t set;
    if (s == NULL)
        return -ENOMEM;
    sigemptyset(&set);
    if (node->options->handle_signals) {
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        sigaddset(&set, SIGQUIT);
    }
    pthread_sigmask(SIG_BLOCK, &set, &s->before);
    s->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    s->ended = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    /* V1: no core runs yet. */
    atomic_store_explicit(&s->running, node->core_count, memory_order_relaxed);
    node->supervisor = s;
    if (s->signals >= 0 && s->ended >= 0)
        return 0;
    int rc = -errno;
    cyi_supervisor_close(node);
    return rc;
}

void
cyi_supervisor_close(struct cyi_node *node)
{
    struct cyi_supervisor *s = node->supervisor;
    if (s->signals >= 0)
        close(s->signals);
    if (s->ended >= 0)
        close(s->ended);
    pthread_sigmask(SIG_SETMASK, &s->before, NULL);
    free(s);
    node->supervisor = NULL;
}

static void
handle_signal(struct cyi_node *node, int number)
{
    struct cyi_supervisor *s = node->supervisor;
    if (number == SIGQUIT) {
        cyi_node_request_dump(node);
        return;
    }
    if (s->stopping)
        _exit(128 + number);
    s->stopping = true;
    cyi_log_write(node->log, NULL, CY_LOG_INFO, "node.stopping", "signal=%d", number);
    cyi_node_stop(node, node->options->shutdown_grace_ns);
}

void
cyi_supervisor_run(struct cyi_node *node)
{
    struct cyi_supervisor *s = node->supervisor;
    struct pollfd fds[] = {{.fd = s->signals, .events = POLLIN},
                           {.fd = s->ended, .events = POLLIN}};
    struct signalfd_siginfo info;
    while ((fds[1].revents & POLLIN) == 0) {
        poll(fds, 2, -1);
        while (read(s->signals, &info, sizeof info) == sizeof info)
            handle_signal(node, (int) info.ssi_signo);
    }
}

void
cyi_supervisor_core_begins(struct cyi_core *core)
{
    (void) core;
}

void
cyi_supervisor_core_ends(struct cyi_core *core)
{
    struct cyi_supervisor *s = core->node->supervisor;
    uint64_t one = 1;
    /* V1: the supervisor leaves after the last. */
    if (atomic_fetch_sub_explicit(&s->running, 1, memory_order_acq_rel) == 1 &&
        write(s->ended, &one, sizeof one) != sizeof one)
        abort();
}
