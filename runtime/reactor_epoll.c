/*
 * reactor_epoll.c - readiness by epoll, edge-triggered, and wake-up by an eventfd.
 *
 * A descriptor is added once, for both directions, and never changed: the price is that the
 * socket must remember what it was told. Waits have nanoseconds by epoll_pwait2(); where the
 * kernel lacks it, ppoll() on the epoll descriptor has them too, for one more call per sleep.
 *
 * The eventfd is edge-triggered as well, so it need not be read: each write is a new edge.
 */
#include "reactor_epoll.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 256 }; /* events taken from the kernel at once */

struct cyi_reactor {
    int epoll_fd, wake_fd; /* fixed while it is open, so that wake() may read it anywhere */
    bool without_pwait2;
    bool woken; /* a wake-up was met by a wait() that would not have slept */
    struct epoll_event events[BATCH];
};

static int
watch(struct cyi_reactor *reactor, int fd, uint32_t what, void *token)
{
    struct epoll_event event = {.events = what | EPOLLET, .data.ptr = token};
    return epoll_ctl(reactor->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

static void
reactor_close(struct cyi_reactor *reactor)
{
    if (reactor->wake_fd >= 0)
        close(reactor->wake_fd);
    if (reactor->epoll_fd >= 0)
        close(reactor->epoll_fd);
    free(reactor);
}

static int
open_both(struct cyi_reactor *reactor)
{
    reactor->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (reactor->epoll_fd < 0)
        return -errno;
    reactor->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (reactor->wake_fd < 0)
        return -errno;
    return watch(reactor, reactor->wake_fd, EPOLLIN, NULL);
}

static int
reactor_open(struct cyi_os *os, struct cyi_reactor **out)
{
    (void) os;
    struct cyi_reactor *reactor = calloc(1, sizeof *reactor);
    if (reactor == NULL)
        return -ENOMEM;
    reactor->epoll_fd = reactor->wake_fd = -1;
    int r = open_both(reactor);
    if (r < 0) {
        reactor_close(reactor);
        return r;
    }
    *out = reactor;
    return 0;
}

static int
reactor_add(struct cyi_reactor *reactor, int fd, void *token)
{
    return watch(reactor, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI, token);
}

/* Needed although close() would do it: a copy of the descriptor in a child keeps it watched. */
static void
reactor_remove(struct cyi_reactor *reactor, int fd)
{
    epoll_ctl(reactor->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

void
cyi_reactor_epoll_without_pwait2(struct cyi_reactor *reactor)
{
    reactor->without_pwait2 = true;
}

static struct timespec *
split(struct timespec *t, cy_time timeout)
{
    if (timeout == CY_FOREVER)
        return NULL;
    t->tv_sec = (time_t) (timeout / CY_SECOND);
    t->tv_nsec = (long) (timeout % CY_SECOND);
    return t;
}

static int
wait_by_ppoll(struct cyi_reactor *reactor, int max, const struct timespec *timeout)
{
    struct pollfd self = {.fd = reactor->epoll_fd, .events = POLLIN};
    int n = ppoll(&self, 1, timeout, NULL);
    return n > 0 ? epoll_wait(reactor->epoll_fd, reactor->events, max, 0) : n;
}

/* The number of events, or -1 with errno. */
static int
wait_in_kernel(struct cyi_reactor *reactor, int max, cy_time timeout)
{
    if (timeout <= 0)
        return epoll_wait(reactor->epoll_fd, reactor->events, max, 0);
    struct timespec t, *until = split(&t, timeout);
    if (!reactor->without_pwait2) {
        int n = epoll_pwait2(reactor->epoll_fd, reactor->events, max, until, NULL);
        if (n >= 0 || (errno != ENOSYS && errno != EPERM))
            return n;
        reactor->without_pwait2 = true;
    }
    return wait_by_ppoll(reactor, max, until);
}

/* EPOLLPRI: a read stops short of urgent data, so from then on a short one proves nothing. */
static uint32_t
meaning(uint32_t events)
{
    uint32_t what = 0;
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI))
        what |= CYI_READABLE;
    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
        what |= CYI_WRITABLE;
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI))
        what |= CYI_HANGUP;
    return what;
}

/* Hands out what the kernel gave; true when a wake-up was among it. */
static bool
hand_out(struct cyi_reactor *reactor, int n, struct cyi_ready *out, int *count)
{
    bool woken = false;
    *count = 0;
    for (int i = 0; i < n; i++) {
        const struct epoll_event *event = &reactor->events[i];
        if (event->data.ptr == NULL) {
            woken = true;
            continue;
        }
        out[*count].token = event->data.ptr;
        out[(*count)++].what = meaning(event->events);
    }
    return woken;
}

/*
 * A signal ends the wait early, as a wake-up does: nothing is lost by that. A wake-up that a
 * mere look at the sockets meets is kept for the next wait that would sleep: it may be about
 * something that the caller looked for just before.
 */
static int
reactor_wait(struct cyi_reactor *reactor, struct cyi_ready *out, int max, cy_time timeout)
{
    int count;
    int n = wait_in_kernel(reactor, max < BATCH ? max : BATCH, reactor->woken ? 0 : timeout);
    if (n < 0)
        return errno == EINTR ? 0 : -errno;
    bool woken = hand_out(reactor, n, out, &count);
    reactor->woken = timeout <= 0 && (woken || reactor->woken);
    return count;
}

/* Fails only when the counter is full, and then the eventfd has long been ready. */
static void
reactor_wake(struct cyi_reactor *reactor)
{
    uint64_t one = 1;
    ssize_t n = write(reactor->wake_fd, &one, sizeof one);
    (void) n;
}

const struct cyi_reactor_ops cyi_reactor_epoll = {
    .open = reactor_open,
    .close = reactor_close,
    .add = reactor_add,
    .remove = reactor_remove,
    .wait = reactor_wait,
    .wake = reactor_wake,
};
