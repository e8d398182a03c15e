/* Signals reach every listener of the process, and nobody once they have left. */
#include "cy_test.h"
#include "signals.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

static struct cyi_listener a, b;
static int word_a, word_b;

static void
begin(void)
{
    word_a = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    word_b = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    CY_OK(cyi_signals_join(&a, word_a));
}

static void
end(void)
{
    cyi_signals_leave(&a);
    close(word_a);
    close(word_b);
}

/* How often it was told since the last time. */
static uint64_t
take_word(int word)
{
    uint64_t count;
    return read(word, &count, sizeof count) == sizeof count ? count : 0;
}

static void
wait_for_source(void)
{
    struct pollfd source = {.fd = a.source, .events = POLLIN};
    while (poll(&source, 1, -1) != 1)
        continue;
}

static void
a_signal_makes_the_source_readable(void)
{
    struct pollfd source;
    begin();
    source = (struct pollfd){.fd = a.source, .events = POLLIN};
    CU_ASSERT_EQUAL(poll(&source, 1, 0), 0);
    CY_OK(raise(SIGTERM));
    wait_for_source();
    CU_ASSERT_EQUAL(take_word(word_a), 0); /* nobody has read it yet */
    cyi_signals_read(&a);
    CU_ASSERT_EQUAL(poll(&source, 1, 0), 0);
    CU_ASSERT_EQUAL(take_word(word_a), 1);
    end();
}

static void
tells_what_it_was(void)
{
    begin();
    CY_OK(raise(SIGTERM));
    cyi_signals_read(&a);
    CU_ASSERT_EQUAL(a.number, SIGTERM);
    CU_ASSERT_TRUE(a.stops == 1 && a.dumps == 0);
    CY_OK(raise(SIGINT));
    CY_OK(raise(SIGQUIT));
    CY_OK(raise(SIGHUP));
    cyi_signals_read(&a);
    CU_ASSERT_EQUAL(a.number, SIGINT);
    CU_ASSERT_TRUE(a.stops == 2 && a.dumps == 1 && a.reloads == 1);
    end();
}

static void
every_listener_is_told_by_whoever_reads(void)
{
    begin();
    CY_OK(cyi_signals_join(&b, word_b));
    CU_ASSERT_EQUAL(a.source, b.source);
    CY_OK(raise(SIGTERM));
    cyi_signals_read(&b);
    CU_ASSERT_TRUE(a.stops == 1 && b.stops == 1);
    CU_ASSERT_TRUE(take_word(word_a) == 1 && take_word(word_b) == 1);
    cyi_signals_read(&a);
    CU_ASSERT_EQUAL(a.stops, 1);
    cyi_signals_leave(&b);
    CY_OK(raise(SIGTERM));
    cyi_signals_read(&a);
    CU_ASSERT_TRUE(a.stops == 2 && b.stops == 1);
    end();
}

static void
the_last_to_leave_restores_what_was_before(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before, now;
    CY_OK(sigaction(SIGINT, &ignore, &before));
    begin();
    CY_OK(cyi_signals_join(&b, word_b));
    CY_OK(sigaction(SIGINT, NULL, &now));
    CU_ASSERT_TRUE(now.sa_handler != SIG_IGN);
    cyi_signals_leave(&b);
    CY_OK(sigaction(SIGINT, NULL, &now));
    CU_ASSERT_TRUE(now.sa_handler != SIG_IGN);
    end();
    CY_OK(sigaction(SIGINT, NULL, &now));
    CU_ASSERT_TRUE(now.sa_handler == SIG_IGN);
    CY_OK(sigaction(SIGINT, &before, NULL));
}

static void
a_handler_that_was_installed_meanwhile_stays(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, ours, now;
    begin();
    CY_OK(sigaction(SIGINT, &ignore, &ours));
    end();
    CY_OK(sigaction(SIGINT, NULL, &now));
    CU_ASSERT_TRUE(now.sa_handler == SIG_IGN);
    CY_OK(signal(SIGINT, SIG_DFL) == SIG_ERR);
}

static _Atomic bool enough;

static void *
send_signals(void *thread)
{
    while (!enough)
        pthread_kill(*(pthread_t *) thread, SIGTERM);
    return NULL;
}

/* Signals while the last listener leaves find the pipe or nothing, never a closed one. */
static void
leaving_is_safe_while_signals_come(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    pthread_t self = pthread_self(), sender;
    uint64_t got = 0;
    CY_OK(sigaction(SIGTERM, &ignore, &before));
    enough = false;
    CY_OK(pthread_create(&sender, NULL, send_signals, &self));
    for (int i = 0; i < 200; i++) {
        begin();
        wait_for_source();
        cyi_signals_read(&a);
        got += a.stops != 0;
        end();
    }
    enough = true;
    pthread_join(sender, NULL);
    CU_ASSERT_EQUAL(got, 200);
    CY_OK(sigaction(SIGTERM, &before, NULL));
}

CY_TEST_MAIN("runtime.signals", CY_TEST(a_signal_makes_the_source_readable),
             CY_TEST(tells_what_it_was), CY_TEST(every_listener_is_told_by_whoever_reads),
             CY_TEST(the_last_to_leave_restores_what_was_before),
             CY_TEST(a_handler_that_was_installed_meanwhile_stays),
             CY_TEST(leaving_is_safe_while_signals_come))
