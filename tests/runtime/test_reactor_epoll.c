#include "cy_test.h"
#include "reactor_epoll.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { MAX = 16 };

struct fixture {
    struct cyi_reactor *reactor;
    int fd[2]; /* a connected pair; the first is watched, its token is this fixture */
};

static const struct cyi_reactor_ops *const ops = &cyi_reactor_epoll;

static void
set_up(struct fixture *f)
{
    CU_ASSERT_EQUAL_FATAL(ops->open(cyi_os_linux(), &f->reactor), 0);
    CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, f->fd), 0);
    CU_ASSERT_EQUAL_FATAL(ops->add(f->reactor, f->fd[0], f), 0);
}

static void
tear_down(struct fixture *f)
{
    ops->close(f->reactor);
    close(f->fd[0]);
    close(f->fd[1]);
}

/* What is ready now for the first descriptor; 0 when nothing is. */
static uint32_t
ready(struct fixture *f)
{
    struct cyi_ready out[MAX] = {{0}};
    int n = ops->wait(f->reactor, out, MAX, 0);
    CU_ASSERT(n == 0 || (n == 1 && out[0].token == f));
    return n == 1 ? out[0].what : 0;
}

static void
tells_readable_once_per_arrival(void)
{
    struct fixture f;
    set_up(&f);
    CU_ASSERT_EQUAL(ready(&f), CYI_WRITABLE);
    CU_ASSERT_EQUAL(ready(&f), 0);
    CU_ASSERT_EQUAL(write(f.fd[1], "a", 1), 1);
    CU_ASSERT(ready(&f) & CYI_READABLE);
    CU_ASSERT_EQUAL(ready(&f), 0);
    CU_ASSERT_EQUAL(write(f.fd[1], "b", 1), 1);
    CU_ASSERT(ready(&f) & CYI_READABLE);
    tear_down(&f);
}

static void
tells_writable_again_when_there_is_room_again(void)
{
    struct fixture f;
    static char bulk[65536];
    set_up(&f);
    CU_ASSERT_EQUAL(ready(&f), CYI_WRITABLE);
    while (write(f.fd[0], bulk, sizeof bulk) > 0)
        ;
    CU_ASSERT_EQUAL(errno, EAGAIN);
    CU_ASSERT_EQUAL(ready(&f), 0);
    while (read(f.fd[1], bulk, sizeof bulk) > 0)
        ;
    CU_ASSERT(ready(&f) & CYI_WRITABLE);
    tear_down(&f);
}

static void
tells_half_close_and_hangup(void)
{
    struct fixture f;
    set_up(&f);
    CU_ASSERT_EQUAL(ready(&f), CYI_WRITABLE);
    CU_ASSERT_EQUAL(shutdown(f.fd[1], SHUT_WR), 0);
    CU_ASSERT_EQUAL(ready(&f) & (CYI_READABLE | CYI_HANGUP), CYI_READABLE | CYI_HANGUP);
    close(f.fd[1]);
    CU_ASSERT_EQUAL(ready(&f), CYI_READABLE | CYI_WRITABLE | CYI_HANGUP);
    f.fd[1] = dup(f.fd[0]);
    tear_down(&f);
}

static void
says_nothing_of_what_was_removed(void)
{
    struct fixture f;
    set_up(&f);
    int copy = dup(f.fd[0]); /* as a forked child has one */
    ops->remove(f.reactor, f.fd[0]);
    close(f.fd[0]);
    f.fd[0] = copy;
    CU_ASSERT_EQUAL(write(f.fd[1], "a", 1), 1);
    CU_ASSERT_EQUAL(ready(&f), 0);
    tear_down(&f);
}

static void
refuses_a_descriptor_that_is_none_or_is_there_already(void)
{
    struct fixture f;
    set_up(&f);
    CY_FAILS(ops->add(f.reactor, -1, &f), -EBADF);
    CY_FAILS(ops->add(f.reactor, f.fd[0], &f), -EEXIST);
    tear_down(&f);
}

static void
gives_no_more_events_than_asked_for_and_the_rest_later(void)
{
    struct fixture f;
    struct cyi_ready out[2];
    set_up(&f);
    CY_OK(ops->add(f.reactor, f.fd[1], &out));
    CU_ASSERT_EQUAL_FATAL(ops->wait(f.reactor, out, 1, 0), 1);
    void *first = out[0].token;
    CU_ASSERT_EQUAL_FATAL(ops->wait(f.reactor, out, 1, 0), 1);
    CU_ASSERT_PTR_NOT_EQUAL(first, out[0].token);
    CU_ASSERT_EQUAL(ops->wait(f.reactor, out, 1, 0), 0);
    tear_down(&f);
}

static void
check_waits(struct cyi_reactor *reactor)
{
    static const cy_time timeouts[] = {1, 20 * CY_MICROSECOND, 1500 * CY_MICROSECOND,
                                       20 * CY_MILLISECOND};
    struct cyi_os *os = cyi_os_linux();
    struct cyi_ready out[MAX];
    for (size_t i = 0; i < sizeof timeouts / sizeof timeouts[0]; i++) {
        cy_time begin = os->now(os);
        CU_ASSERT_EQUAL(ops->wait(reactor, out, MAX, timeouts[i]), 0);
        CU_ASSERT(os->now(os) - begin >= timeouts[i]);
    }
}

static void
never_returns_before_the_time_is_over(void)
{
    struct fixture f;
    set_up(&f);
    CU_ASSERT_EQUAL(ready(&f), CYI_WRITABLE);
    check_waits(f.reactor);
    cyi_reactor_epoll_without_pwait2(f.reactor);
    check_waits(f.reactor);
    tear_down(&f);
}

static void
a_wake_ends_the_next_wait_and_is_no_event(void)
{
    struct fixture f;
    struct cyi_ready out[MAX];
    set_up(&f);
    CU_ASSERT_EQUAL(ready(&f), CYI_WRITABLE);
    for (int i = 0; i < 4; i++) {
        if (i == 2)
            cyi_reactor_epoll_without_pwait2(f.reactor);
        ops->wake(f.reactor);
        ops->wake(f.reactor);
        CU_ASSERT_EQUAL(ops->wait(f.reactor, out, MAX, CY_FOREVER), 0);
    }
    check_waits(f.reactor); /* and it is used up: these sleep their full time */
    tear_down(&f);
}

static void
a_wake_met_by_a_mere_look_still_ends_the_next_wait(void)
{
    struct fixture f;
    struct cyi_ready out[MAX];
    set_up(&f);
    CU_ASSERT_EQUAL(ready(&f), CYI_WRITABLE);
    ops->wake(f.reactor);
    for (int i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(ops->wait(f.reactor, out, MAX, 0), 0);
    CU_ASSERT_EQUAL(ops->wait(f.reactor, out, MAX, CY_FOREVER), 0);
    check_waits(f.reactor);
    tear_down(&f);
}

static void *
wake_later(void *reactor)
{
    struct timespec t = {.tv_nsec = 2000000};
    nanosleep(&t, NULL);
    ops->wake(reactor);
    return NULL;
}

static void
a_wake_of_another_thread_ends_a_wait_without_limit(void)
{
    struct fixture f;
    struct cyi_ready out[MAX];
    set_up(&f);
    CU_ASSERT_EQUAL(ready(&f), CYI_WRITABLE);
    for (int i = 0; i < 2; i++) {
        pthread_t thread;
        CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, wake_later, f.reactor), 0);
        CU_ASSERT_EQUAL(ops->wait(f.reactor, out, MAX, CY_FOREVER), 0);
        pthread_join(thread, NULL);
        cyi_reactor_epoll_without_pwait2(f.reactor);
    }
    tear_down(&f);
}

static void
an_event_ends_a_wait_without_limit_in_either_way_of_waiting(void)
{
    struct fixture f;
    struct cyi_ready out[MAX];
    set_up(&f);
    CU_ASSERT_EQUAL(ready(&f), CYI_WRITABLE);
    for (int i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL(write(f.fd[1], "a", 1), 1);
        CU_ASSERT_EQUAL(ops->wait(f.reactor, out, MAX, CY_FOREVER), 1);
        CU_ASSERT(out[0].what & CYI_READABLE);
        cyi_reactor_epoll_without_pwait2(f.reactor);
    }
    tear_down(&f);
}

static void
on_alarm(int signal)
{
    (void) signal;
}

static void
a_signal_ends_a_wait_without_an_error(void)
{
    struct fixture f;
    struct cyi_ready out[MAX];
    struct sigaction act = {.sa_handler = on_alarm}, before;
    struct itimerval soon = {.it_value.tv_usec = 2000, .it_interval.tv_usec = 2000}, off = {0};
    set_up(&f);
    CU_ASSERT_EQUAL(ready(&f), CYI_WRITABLE);
    sigaction(SIGALRM, &act, &before);
    for (int i = 0; i < 2; i++) {
        setitimer(ITIMER_REAL, &soon, NULL);
        CU_ASSERT_EQUAL(ops->wait(f.reactor, out, MAX, CY_FOREVER), 0);
        setitimer(ITIMER_REAL, &off, NULL);
        cyi_reactor_epoll_without_pwait2(f.reactor);
    }
    sigaction(SIGALRM, &before, NULL);
    tear_down(&f);
}

/* Leaves `spare` descriptors, then opens a reactor. */
static int
open_with(int spare, struct cyi_reactor **out)
{
    struct rlimit before, few;
    int next = dup(0);
    CU_ASSERT_FATAL(next >= 0);
    close(next);
    getrlimit(RLIMIT_NOFILE, &before);
    few = (struct rlimit){.rlim_cur = (rlim_t) (next + spare), .rlim_max = before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &few);
    int r = ops->open(cyi_os_linux(), out);
    setrlimit(RLIMIT_NOFILE, &before);
    return r;
}

static void
opening_without_descriptors_fails_and_leaves_nothing(void)
{
    struct cyi_reactor *reactor = NULL;
    CY_FAILS(open_with(0, &reactor), -EMFILE);
    CY_FAILS(open_with(1, &reactor), -EMFILE);
    CU_ASSERT_PTR_NULL(reactor);
    CY_OK(open_with(2, &reactor));
    ops->close(reactor);
}

CY_TEST_MAIN("runtime.reactor_epoll", CY_TEST(tells_readable_once_per_arrival),
             CY_TEST(tells_writable_again_when_there_is_room_again),
             CY_TEST(tells_half_close_and_hangup), CY_TEST(says_nothing_of_what_was_removed),
             CY_TEST(refuses_a_descriptor_that_is_none_or_is_there_already),
             CY_TEST(gives_no_more_events_than_asked_for_and_the_rest_later),
             CY_TEST(never_returns_before_the_time_is_over),
             CY_TEST(a_wake_ends_the_next_wait_and_is_no_event),
             CY_TEST(a_wake_met_by_a_mere_look_still_ends_the_next_wait),
             CY_TEST(a_wake_of_another_thread_ends_a_wait_without_limit),
             CY_TEST(an_event_ends_a_wait_without_limit_in_either_way_of_waiting),
             CY_TEST(a_signal_ends_a_wait_without_an_error),
             CY_TEST(opening_without_descriptors_fails_and_leaves_nothing))
