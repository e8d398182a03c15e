#include "loopback.h"
#include <errno.h>

static char large[1 << 20];

static ssize_t
try_write(cy_socket *socket, const char *bytes, size_t size)
{
    struct iovec part = {(void *) (uintptr_t) bytes, size};
    return cyi_stream_try_writev(socket, &part, 1);
}

static int
write_a_little(void *arg)
{
    cy_socket *end[2];
    char text[8];
    struct iovec parts[3] = {{(char *) "ab", 2}, {NULL, 0}, {(char *) "cd", 2}};
    (void) arg;
    CHECK(make_pair(end) == 0);
    CHECK(cyi_stream_writable(end[0]) && cyi_stream_writable(end[1]));
    CHECK(cyi_stream_try_writev(end[1], parts, 3) == 4);
    CHECK(cyi_stream_writable(end[1]));
    CHECK(cy_read_full(end[0], text, 4, SOON) == 4 && memcmp(text, "abcd", 4) == 0);
    close_pair(end);
    return 0;
}

static void
what_has_room_is_written_at_once(void)
{
    run(write_a_little);
}

/* Until the kernel takes no more; how much it took. */
static size_t
fill(cy_socket *socket)
{
    size_t total = 0;
    while (cyi_stream_writable(socket)) {
        ssize_t n = try_write(socket, large, sizeof large);
        if (n > 0)
            total += (size_t) n;
        CY_ASSERT(n > 0 || n == -EAGAIN);
    }
    return total;
}

static int
write_too_much(void *arg)
{
    cy_socket *end[2];
    (void) arg;
    CHECK(make_pair(end) == 0);
    for (int round = 0; round < 3; round++) {
        size_t total = fill(end[1]);
        CHECK(total > 0 && try_write(end[1], "x", 1) == -EAGAIN);
        for (size_t left = total; left > 0;) {
            ssize_t n = cy_read(end[0], large, sizeof large, SOON);
            CHECK(n > 0 && (size_t) n <= left);
            left -= (size_t) n;
        }
        /* No task waits for it; the event raises the flag all the same. */
        for (cy_time end_of_wait = SOON; !cyi_stream_writable(end[1]);)
            CHECK(cy_now() < end_of_wait && cy_sleep(CY_MILLISECOND) == 0);
    }
    close_pair(end);
    return 0;
}

static void
a_full_socket_says_so_and_tells_when_there_is_room_again(void)
{
    run(write_too_much);
}

static int calls;

static ssize_t
count_and_write_half(struct cyi_os *os, int fd, const struct iovec *parts, int count)
{
    struct iovec half = {parts->iov_base, parts->iov_len / 2};
    (void) os;
    (void) count;
    calls++;
    return real_os->socket->writev(real_os, fd, &half, 1);
}

static int
try_when_it_is_in_vain(void *arg)
{
    cy_socket *end[2];
    (void) arg;
    CHECK(make_pair(end) == 0);
    use_fake_calls()->writev = count_and_write_half;
    calls = 0;
    CHECK(try_write(end[1], "abcd", 4) == 2); /* a short write: full */
    CHECK(!cyi_stream_writable(end[1]));
    CHECK(try_write(end[1], "cd", 2) == -EAGAIN && calls == 1);
    use_real_calls();
    close_pair(end);
    return 0;
}

static void
a_short_write_lowers_the_flag_and_spares_the_next_call(void)
{
    run(try_when_it_is_in_vain);
}

static int
write_to_who_has_gone(void *arg)
{
    cy_socket *end[2];
    char c;
    (void) arg;
    CHECK(make_pair(end) == 0);
    CHECK(cy_write(end[1], "xy", 2, SOON) == 2);
    CHECK(cy_read(end[0], &c, 1, SOON) == 1);
    cy_close(&end[0]); /* with a byte unread: a reset */
    CHECK(cy_read(end[1], &c, 1, SOON) == -ECONNRESET);
    CHECK(try_write(end[1], "x", 1) == -EPIPE);
    cy_close(&end[1]);
    return 0;
}

static void
a_broken_connection_is_an_error(void)
{
    run(write_to_who_has_gone);
}

static int
choose_congestion_control(void *arg)
{
    cy_socket *end[2], *listener;
    cy_address at;
    (void) arg;
    CHECK(make_pair(end) == 0);
    CHECK(cyi_tcp_congestion(end[1], "reno") == 0);
    CHECK(cyi_tcp_congestion(end[1], "no-such-thing") == -ENOENT);
    CHECK(listen_on(&listener, &at, "127.0.0.1", NULL) == 0);
    CHECK(cyi_tcp_congestion(listener, "reno") == 0);
    cy_close(&listener);
    close_pair(end);
    return 0;
}

static void
the_congestion_control_can_be_chosen(void)
{
    run(choose_congestion_control);
}

CY_TEST_MAIN("runtime.stream_try", CY_TEST(what_has_room_is_written_at_once),
             CY_TEST(a_full_socket_says_so_and_tells_when_there_is_room_again),
             CY_TEST(a_short_write_lowers_the_flag_and_spares_the_next_call),
             CY_TEST(a_broken_connection_is_an_error),
             CY_TEST(the_congestion_control_can_be_chosen))
