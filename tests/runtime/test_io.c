#include "loopback.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static ssize_t
read_without_end(struct cyi_os *os, int fd, void *buffer, size_t size)
{
    (void) os, (void) fd, (void) buffer;
    return (ssize_t) size;
}

static ssize_t
write_one_byte(struct cyi_os *os, int fd, const struct iovec *parts, int count)
{
    (void) os, (void) fd, (void) parts, (void) count;
    return 1;
}

/* Never ends by itself: what it reads and writes never makes it wait. */
static int
hog(void *socket)
{
    char text[64];
    ssize_t n;
    do
        n = cy_read(socket, text, sizeof text, SOON);
    while (n > 0);
    return (int) n;
}

static char bulk[1 << 20];

static int
hog_by_writing(void *socket)
{
    return (int) cy_write(socket, bulk, sizeof bulk, SOON);
}

/* We get to run, although each of them goes on for ever; and can end them. */
static int
share_with_hogs(void *arg)
{
    cy_socket *end[2];
    cy_ref reader, writer;
    (void) arg;
    CHECK(make_pair(end) == 0);
    CHECK(cy_write(end[1], "x", 1, SOON) == 1 && cy_write(end[0], "x", 1, SOON) == 1);
    CHECK(cy_task_spawn(&reader, hog, end[0], &joinable) == 0);
    struct cyi_socket_ops *calls = use_fake_calls();
    calls->read = read_without_end;
    calls->writev = write_one_byte;
    CHECK(cy_task_spawn(&writer, hog_by_writing, end[0], &joinable) == 0);
    for (int i = 0; i < 1000; i++)
        CHECK(cy_yield() == 0);
    CHECK(cy_sleep(CY_MILLISECOND) == 0);
    CHECK(cy_terminate(reader) == 0 && cy_terminate(writer) == 0);
    CHECK(join_code(reader) == -ECANCELED && join_code(writer) == -ECANCELED);
    use_real_calls();
    close_pair(end);
    return 0;
}

static void
who_never_has_to_wait_lets_others_run_and_can_be_terminated(void)
{
    run(share_with_hogs);
}

static int
close_under_a_hog(void *arg)
{
    cy_socket *end[2];
    cy_ref writer;
    (void) arg;
    CHECK(make_pair(end) == 0);
    use_fake_calls()->writev = write_one_byte;
    CHECK(cy_task_spawn(&writer, hog_by_writing, end[0], &joinable) == 0);
    while (end[0]->writer == NULL)
        CHECK(cy_yield() == 0);
    CHECK(cy_write(end[0], "x", 1, SOON) == -EBUSY); /* it only lets us run, in mid-buffer */
    cy_close(&end[0]);
    CHECK(join_code(writer) == -EBADF);
    use_real_calls();
    cy_close(&end[1]);
    return 0;
}

static void
a_socket_closed_under_a_task_that_lets_others_run_is_gone_for_it(void)
{
    run(close_under_a_hog);
}

static int
close_nothing(void *arg)
{
    cy_socket *socket = NULL;
    (void) arg;
    cy_close(&socket);
    CHECK(socket == NULL && cyi_io_count(cyi_self) == 0);
    return 0;
}

static void
closing_nothing_is_nothing(void)
{
    run(close_nothing);
}

/* The runner counts descriptors, the sanitizer memory. */
static int
forget_to_close(void *arg)
{
    cy_socket *end[2], *listener, *datagrams;
    cy_address at = any_port("127.0.0.1");
    (void) arg;
    CHECK(make_pair(end) == 0);
    CHECK(cy_tcp_listen(&listener, &at, NULL) == 0 && cy_udp_open(&datagrams, &at, NULL) == 0);
    CHECK(cyi_io_count(cyi_self) == 4);
    return 0;
}

static void
what_is_left_open_is_closed_when_the_node_ends(void)
{
    run(forget_to_close);
}

static int
read_for_ever(void *socket)
{
    char c;
    return (int) cy_read(socket, &c, 1, CY_FOREVER);
}

static int
leave_a_daemon(void *arg)
{
    static const struct cy_task_options daemon = {.daemon = true};
    static cy_socket *end[2];
    (void) arg;
    CHECK(make_pair(end) == 0);
    CHECK(cy_task_spawn(NULL, read_for_ever, end[0], &daemon) == 0);
    CHECK(cy_yield() == 0);
    return 0;
}

static void
a_daemon_that_reads_does_not_hold_up_the_end(void)
{
    run(leave_a_daemon);
}

static void
count_and_name(cy_socket *socket, void *arg)
{
    char text[CYI_SOCKET_TEXT_MAX], expected[CYI_SOCKET_TEXT_MAX], local[CY_ADDRESS_TEXT_MAX];
    static const char *const kinds[] = {"listener", "stream", "datagram"};
    int *mismatches = arg;
    cy_address address;
    if (cy_socket_local(&address, socket) < 0)
        return;
    cy_address_format(local, sizeof local, &address);
    int n =
        snprintf(expected, sizeof expected, "%s %d %s", kinds[socket->kind], socket->fd, local);
    if (cy_socket_remote(&address, socket) == 0) {
        cy_address_format(local, sizeof local, &address);
        snprintf(expected + n, sizeof expected - (size_t) n, " to %s", local);
    }
    cyi_socket_format(text, sizeof text, socket);
    *mismatches += strcmp(text, expected) != 0;
}

static int
describe_all(void *arg)
{
    cy_socket *end[2], *listener, *datagrams;
    cy_address at = any_port("127.0.0.1");
    int mismatches = 0;
    (void) arg;
    CHECK(make_pair(end) == 0);
    CHECK(cy_tcp_listen(&listener, &at, NULL) == 0 && cy_udp_open(&datagrams, &at, NULL) == 0);
    cyi_io_each(cyi_self, count_and_name, &mismatches);
    CHECK(mismatches == 0);
    close_pair(end);
    cy_close(&listener);
    cy_close(&datagrams);
    return 0;
}

static void
each_socket_can_be_described(void)
{
    run(describe_all);
}

static int
describe_a_closed_listener(void *arg)
{
    cy_socket *listener;
    cy_address at = any_port("127.0.0.1");
    char text[CYI_SOCKET_TEXT_MAX];
    (void) arg;
    CHECK(cy_tcp_listen(&listener, &at, NULL) == 0);
    cyi_io_stop_accepting(cyi_self);
    CHECK(cyi_socket_format(text, sizeof text, listener) == 13);
    CHECK(strcmp(text, "listener -1 ?") == 0);
    cyi_io_stop_accepting(cyi_self);
    cy_close(&listener);
    return 0;
}

static void
a_listener_that_was_stopped_can_still_be_described_and_closed(void)
{
    run(describe_a_closed_listener);
}

/* A core that only exists as far as sockets look at it. */
struct stub {
    struct cyi_core core;
    cy_socket *socket;
};

static void
set_up(struct stub *stub)
{
    cy_address at = any_port("127.0.0.1");
    memset(stub, 0, sizeof *stub);
    stub->core.os = cyi_os_linux();
    cyi_heap_init(&stub->core.heap);
    CU_ASSERT_EQUAL_FATAL(stub->core.os->reactor->open(stub->core.os, &stub->core.reactor), 0);
    CU_ASSERT_EQUAL_FATAL(cyi_socket_open(&stub->socket, &stub->core, &at, CYI_SOCKET_STREAM),
                          0);
}

static void
tear_down(struct stub *stub)
{
    cyi_io_fini(&stub->core);
    CU_ASSERT_EQUAL(stub->core.heap.taken, stub->core.heap.given);
    cyi_heap_fini(&stub->core.heap);
    stub->core.os->reactor->close(stub->core.reactor);
}

static void
the_end_says_how_many_were_left(void)
{
    static struct stub stub;
    cy_socket *second;
    cy_address at = any_port("::1");
    set_up(&stub);
    CY_OK(cyi_socket_open(&second, &stub.core, &at, CYI_SOCKET_DATAGRAM));
    CU_ASSERT_EQUAL(cyi_io_count(&stub.core), 2);
    CU_ASSERT_EQUAL(cyi_io_fini(&stub.core), 2);
    CU_ASSERT_PTR_NULL(stub.core.io);
    CU_ASSERT_EQUAL(cyi_io_fini(&stub.core), 0);
    tear_down(&stub);
}

static void
events_raise_flags_that_stay_until_a_call_lowers_them(void)
{
    static struct stub stub;
    set_up(&stub);
    struct cyi_ready events[] = {{stub.socket, CYI_READABLE},
                                 {stub.socket, CYI_WRITABLE | CYI_HANGUP}};
    cyi_io_ready(&stub.core, events, 2);
    CU_ASSERT_EQUAL(stub.socket->ready, CYI_READABLE | CYI_WRITABLE | CYI_HANGUP);
    cyi_io_ready(&stub.core, events, 0);
    CU_ASSERT_EQUAL(stub.socket->ready, CYI_READABLE | CYI_WRITABLE | CYI_HANGUP);
    tear_down(&stub);
}

static void
without_memory_no_socket_is_made_and_the_descriptor_closed(void)
{
    static struct stub stub;
    cy_address at = any_port("127.0.0.1");
    cy_socket *socket = NULL;
    set_up(&stub);
    stub.core.heap.fail_at = stub.core.heap.taken;
    CY_FAILS(cyi_socket_open(&socket, &stub.core, &at, CYI_SOCKET_STREAM), -ENOMEM);
    CU_ASSERT_PTR_NULL(socket);
    CU_ASSERT_EQUAL(cyi_io_count(&stub.core), 1);
    tear_down(&stub);
}

static int
accept_without_memory(void *arg)
{
    cy_socket *listener, *client, *socket = NULL;
    cy_address at;
    char c;
    (void) arg;
    CHECK(listen_on(&listener, &at, "127.0.0.1", NULL) == 0);
    CHECK(cy_tcp_connect(&client, &at, SOON) == 0);
    cyi_self->heap.fail_at = cyi_self->heap.taken;
    CHECK(cy_tcp_accept(&socket, listener, SOON) == -ENOMEM && socket == NULL);
    CHECK(cy_read(client, &c, 1, SOON) == 0); /* what cannot be served is closed */
    cy_close(&listener);
    cy_close(&client);
    return 0;
}

static void
without_memory_a_connection_is_closed_and_the_server_told(void)
{
    run(accept_without_memory);
}

/* What the fake calls return. */
static int refusal;

static int
refuse_open(struct cyi_os *os, int family, int type)
{
    (void) os, (void) family, (void) type;
    return refusal;
}

static int
refuse_accept(struct cyi_os *os, int fd, struct sockaddr *from, socklen_t *size)
{
    (void) os, (void) fd, (void) from, (void) size;
    return refusal;
}

static int
refuse_connect(struct cyi_os *os, int fd, const struct sockaddr *to, socklen_t size)
{
    (void) os, (void) fd, (void) to, (void) size;
    return refusal;
}

static int
refuse_later(struct cyi_os *os, int fd)
{
    (void) os, (void) fd;
    return refusal;
}

static int
suffer_shortages(void *arg)
{
    static const int shortages[] = {-EMFILE, -ENFILE, -ENOMEM, -ENOBUFS};
    cy_socket *listener, *client, *socket = NULL;
    cy_address at, other = any_port("127.0.0.1");
    (void) arg;
    CHECK(listen_on(&listener, &at, "127.0.0.1", NULL) == 0);
    CHECK(cy_tcp_connect(&client, &at, SOON) == 0);
    struct cyi_socket_ops *calls = use_fake_calls();
    calls->open = refuse_open;
    calls->accept = refuse_accept;
    for (int i = 0; i < 4; i++) {
        refusal = shortages[i];
        CHECK(cy_tcp_listen(&socket, &other, NULL) == refusal);
        CHECK(cy_tcp_connect(&socket, &at, SOON) == refusal);
        CHECK(cy_udp_open(&socket, &other, NULL) == refusal);
        CHECK(cy_tcp_accept(&socket, listener, SOON) == refusal);
    }
    use_real_calls();
    CHECK(socket == NULL && cyi_io_count(cyi_self) == 2);
    CHECK(cy_tcp_accept(&socket, listener, SOON) == 0); /* it was not lost */
    cy_close(&socket);
    cy_close(&client);
    cy_close(&listener);
    return 0;
}

static void
shortages_are_told_as_the_system_names_them(void)
{
    run(suffer_shortages);
}

static int
fail_to_connect(void *arg)
{
    static const int reasons[] = {-ECONNREFUSED, -ENETUNREACH,   -EHOSTUNREACH, -ETIMEDOUT,
                                  -EACCES,       -EADDRNOTAVAIL, -EPERM};
    cy_socket *listener, *socket = NULL;
    cy_address at;
    (void) arg;
    CHECK(listen_on(&listener, &at, "127.0.0.1", NULL) == 0);
    for (int later = 0; later < 2; later++) { /* by the call, by the connection's error */
        struct cyi_socket_ops *calls = use_fake_calls();
        if (later == 0)
            calls->connect = refuse_connect;
        else
            calls->error = refuse_later;
        for (int i = 0; i < 7; i++) {
            refusal = reasons[i];
            CHECK(cy_tcp_connect(&socket, &at, SOON) == refusal);
        }
        use_real_calls();
    }
    CHECK(socket == NULL && cyi_io_count(cyi_self) == 1);
    cy_close(&listener);
    return 0;
}

static void
each_reason_not_to_connect_is_told(void)
{
    run(fail_to_connect);
}

static int
add_fails(struct cyi_reactor *reactor, int fd, void *token)
{
    (void) reactor, (void) fd, (void) token;
    return -ENOSPC;
}

static int
fail_to_watch(void *arg)
{
    struct cyi_reactor_ops reactor = *cyi_self->os->reactor;
    cy_socket *listener, *client, *socket = NULL;
    cy_address at, other = any_port("127.0.0.1");
    (void) arg;
    CHECK(listen_on(&listener, &at, "127.0.0.1", NULL) == 0);
    CHECK(cy_tcp_connect(&client, &at, SOON) == 0);
    reactor.add = add_fails;
    use_fake_calls();
    fake_os.reactor = &reactor;
    CHECK(cy_tcp_listen(&socket, &other, NULL) == -ENOSPC);
    CHECK(cy_udp_open(&socket, &other, NULL) == -ENOSPC);
    CHECK(cy_tcp_connect(&socket, &at, SOON) == -ENOSPC);
    CHECK(cy_tcp_accept(&socket, listener, SOON) == -ENOSPC);
    CHECK(socket == NULL && cyi_io_count(cyi_self) == 2);
    use_real_calls();
    cy_close(&listener);
    cy_close(&client);
    return 0;
}

static void
what_cannot_be_watched_is_closed_again(void)
{
    run(fail_to_watch);
}

/* A handler has no stack of its own, but may look after sockets. */
static void
close_what_comes(void *state, cy_msg **msg)
{
    (void) msg;
    cy_close(state);
    cy_handler_exit(0);
}

static int
close_in_a_handler(void *arg)
{
    cy_socket *end[2];
    cy_ref handler;
    cy_msg *msg;
    char c;
    (void) arg;
    CHECK(make_pair(end) == 0);
    CHECK(cy_handler_spawn(&handler, close_what_comes, &end[0], NULL) == 0);
    CHECK(cy_msg_create(&msg, 1, 0) == 0 && cy_send(handler, &msg) == 0);
    CHECK(cy_read(end[1], &c, 1, SOON) == 0);
    CHECK(end[0] == NULL);
    cy_close(&end[1]);
    return 0;
}

static void
a_handler_may_close_a_socket(void)
{
    run(close_in_a_handler);
}

CY_TEST_MAIN("runtime.io", CY_TEST(who_never_has_to_wait_lets_others_run_and_can_be_terminated),
             CY_TEST(a_socket_closed_under_a_task_that_lets_others_run_is_gone_for_it),
             CY_TEST(closing_nothing_is_nothing),
             CY_TEST(what_is_left_open_is_closed_when_the_node_ends),
             CY_TEST(a_daemon_that_reads_does_not_hold_up_the_end),
             CY_TEST(each_socket_can_be_described),
             CY_TEST(a_listener_that_was_stopped_can_still_be_described_and_closed),
             CY_TEST(the_end_says_how_many_were_left),
             CY_TEST(events_raise_flags_that_stay_until_a_call_lowers_them),
             CY_TEST(without_memory_no_socket_is_made_and_the_descriptor_closed),
             CY_TEST(without_memory_a_connection_is_closed_and_the_server_told),
             CY_TEST(shortages_are_told_as_the_system_names_them),
             CY_TEST(each_reason_not_to_connect_is_told),
             CY_TEST(what_cannot_be_watched_is_closed_again),
             CY_TEST(a_handler_may_close_a_socket))
