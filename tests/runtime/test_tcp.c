#include "loopback.h"
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <unistd.h>

static int
connect_over(const char *host)
{
    cy_socket *listener, *end[2];
    cy_address at, local, remote;
    char c = 0;
    CHECK(listen_on(&listener, &at, host, NULL) == 0);
    CHECK(cy_tcp_connect(&end[1], &at, SOON) == 0);
    CHECK(cy_tcp_accept(&end[0], listener, SOON) == 0);
    CHECK(cy_socket_remote(&remote, end[1]) == 0 && cy_socket_local(&local, end[0]) == 0);
    CHECK(same_address(&remote, &at) && same_address(&local, &at));
    CHECK(cy_socket_remote(&remote, end[0]) == 0 && cy_socket_local(&local, end[1]) == 0);
    CHECK(same_address(&remote, &local));
    CHECK(cy_write(end[1], "x", 1, SOON) == 1 && cy_read(end[0], &c, 1, SOON) == 1);
    CHECK(c == 'x');
    close_pair(end);
    cy_close(&listener);
    return 0;
}

static int
connect_over_both(void *arg)
{
    (void) arg;
    CHECK(connect_over("127.0.0.1") == 0);
    CHECK(connect_over("::1") == 0);
    return 0;
}

static void
a_connection_knows_both_its_addresses_over_ipv4_and_ipv6(void)
{
    run(connect_over_both);
}

static int
option_of(cy_socket *socket, int level, int name)
{
    int value = -1;
    socklen_t size = sizeof value;
    getsockopt(socket->fd, level, name, &value, &size);
    return value;
}

static int
look_at_nodelay(void *arg)
{
    cy_socket *end[2];
    (void) arg;
    CHECK(make_pair(end) == 0);
    CHECK(cy_write(end[0], "x", 1, CY_NOW) == 1 && cy_write(end[1], "x", 1, CY_NOW) == 1);
    CHECK(option_of(end[0], IPPROTO_TCP, TCP_NODELAY) == 1);
    CHECK(option_of(end[1], IPPROTO_TCP, TCP_NODELAY) == 1);
    close_pair(end);
    return 0;
}

static void
both_ends_send_without_delay(void)
{
    run(look_at_nodelay);
}

static int
connect_where_nobody_listens(void *arg)
{
    cy_socket *taken, *socket = NULL;
    cy_address at = any_port("127.0.0.1");
    (void) arg;
    /* Bound but not listening, so that nobody else can take the port. */
    CHECK(cyi_socket_open(&taken, cyi_self, &at, CYI_SOCKET_STREAM) == 0);
    CHECK(bind(taken->fd, &at.u.any, sizeof at.u.v4) == 0);
    CHECK(cy_socket_local(&at, taken) == 0);
    CHECK(cy_tcp_connect(&socket, &at, SOON) == -ECONNREFUSED);
    CHECK(socket == NULL);
    cy_close(&taken);
    CHECK(cyi_io_count(cyi_self) == 0);
    return 0;
}

static void
a_refused_connection_says_so(void)
{
    run(connect_where_nobody_listens);
}

static int
use_bad_addresses(void *arg)
{
    cy_socket *socket = NULL;
    cy_address at = any_port("192.0.2.1");
    (void) arg;
    CHECK(cy_tcp_listen(&socket, &at, NULL) == -EADDRNOTAVAIL);
    at.u.any.sa_family = AF_UNIX;
    CHECK(cy_tcp_listen(&socket, &at, NULL) == -EAFNOSUPPORT);
    CHECK(cy_tcp_connect(&socket, &at, SOON) == -EAFNOSUPPORT);
    CHECK(socket == NULL && cyi_io_count(cyi_self) == 0);
    return 0;
}

static void
an_address_that_is_not_ours_or_not_known_is_an_error(void)
{
    run(use_bad_addresses);
}

static int
occupy_a_port(void *arg)
{
    static const struct cy_listen_options shared = {.reuse_port = true};
    cy_socket *first, *second = NULL;
    cy_address at;
    (void) arg;
    CHECK(listen_on(&first, &at, "127.0.0.1", NULL) == 0);
    CHECK(cy_tcp_listen(&second, &at, NULL) == -EADDRINUSE);
    CHECK(cy_tcp_listen(&second, &at, &shared) == -EADDRINUSE);
    cy_close(&first);
    CHECK(listen_on(&first, &at, "127.0.0.1", &shared) == 0);
    CHECK(cy_tcp_listen(&second, &at, NULL) == -EADDRINUSE && second == NULL);
    CHECK(cy_tcp_listen(&second, &at, &shared) == 0);
    cy_close(&first);
    cy_close(&second);
    return 0;
}

static void
an_occupied_port_is_refused_unless_both_share_it(void)
{
    run(occupy_a_port);
}

/* Whether a listener on the IPv6 wildcard takes IPv4 too. */
static int
reach_by_ipv4(const struct cy_listen_options *options)
{
    cy_socket *listener, *client = NULL;
    cy_address at, v4 = any_port("127.0.0.1");
    CHECK(listen_on(&listener, &at, "::", options) == 0);
    v4.u.v4.sin_port = at.u.v6.sin6_port;
    int r = cy_tcp_connect(&client, &v4, SOON);
    cy_close(&client);
    cy_close(&listener);
    return r;
}

static int
listen_on_both_families(void *arg)
{
    static const struct cy_listen_options only = {.v6_only = true};
    (void) arg;
    CHECK(reach_by_ipv4(NULL) == 0);
    CHECK(reach_by_ipv4(&only) == -ECONNREFUSED);
    return 0;
}

static void
the_ipv6_wildcard_takes_ipv4_unless_told_not_to(void)
{
    run(listen_on_both_families);
}

static int
restart_a_server(void *arg)
{
    cy_socket *listener, *end[2];
    cy_address at;
    char c;
    (void) arg;
    CHECK(listen_on(&listener, &at, "127.0.0.1", NULL) == 0);
    CHECK(cy_tcp_connect(&end[1], &at, SOON) == 0);
    CHECK(cy_tcp_accept(&end[0], listener, SOON) == 0);
    cy_close(&end[0]); /* the server closes first, so its end lingers in TIME_WAIT */
    cy_close(&listener);
    CHECK(cy_read(end[1], &c, 1, SOON) == 0);
    cy_close(&end[1]);
    CHECK(cy_tcp_listen(&listener, &at, NULL) == 0);
    cy_close(&listener);
    return 0;
}

static void
a_restarted_server_gets_its_port_back(void)
{
    run(restart_a_server);
}

static int
accept_in_vain(void *arg)
{
    cy_socket *listener, *end = NULL, *client;
    cy_address at;
    (void) arg;
    CHECK(listen_on(&listener, &at, "127.0.0.1", NULL) == 0);
    CHECK(cy_tcp_accept(&end, listener, CY_NOW) == -ETIMEDOUT);
    CHECK(cy_tcp_accept(&end, listener, cy_after(CY_MILLISECOND)) == -ETIMEDOUT);
    CHECK(end == NULL);
    CHECK(cy_tcp_connect(&client, &at, SOON) == 0);
    CHECK(cy_tcp_accept(&end, listener, SOON) == 0);
    cy_close(&client);
    cy_close(&end);
    cy_close(&listener);
    return 0;
}

static void
accepting_ends_at_the_deadline(void)
{
    run(accept_in_vain);
}

static int
accept_and_close(void *listener)
{
    cy_socket *end;
    int r = cy_tcp_accept(&end, listener, SOON);
    if (r == 0)
        cy_close(&end);
    return r;
}

static int
disturb_an_accept(void *arg)
{
    cy_socket *listener, *end, *client;
    cy_address at;
    cy_ref task;
    (void) arg;
    CHECK(listen_on(&listener, &at, "127.0.0.1", NULL) == 0);
    CHECK(cy_task_spawn(&task, accept_and_close, listener, &joinable) == 0);
    CHECK(cy_yield() == 0);
    CHECK(cy_tcp_accept(&end, listener, SOON) == -EBUSY);
    CHECK(cy_tcp_connect(&client, &at, SOON) == 0);
    CHECK(join_code(task) == 0);
    cy_close(&client);
    CHECK(cy_task_spawn(&task, accept_and_close, listener, &joinable) == 0);
    CHECK(cy_yield() == 0);
    CHECK(cy_terminate(task) == 0);
    CHECK(join_code(task) == -ECANCELED);
    CHECK(cy_tcp_connect(&client, &at, SOON) == 0); /* the cancelled one took nothing along */
    CHECK(cy_tcp_accept(&end, listener, SOON) == 0);
    cy_close(&client);
    cy_close(&end);
    CHECK(cy_task_spawn(&task, accept_and_close, listener, &joinable) == 0);
    CHECK(cy_yield() == 0);
    cy_close(&listener);
    CHECK(listener == NULL && join_code(task) == -EBADF);
    return 0;
}

static void
one_task_accepts_until_it_is_terminated_or_the_listener_closed(void)
{
    run(disturb_an_accept);
}

static int
accept_without_descriptors(void *arg)
{
    cy_socket *listener, *client, *end = NULL;
    cy_address at;
    struct rlimit before, none;
    (void) arg;
    CHECK(listen_on(&listener, &at, "127.0.0.1", NULL) == 0);
    CHECK(cy_tcp_connect(&client, &at, SOON) == 0);
    getrlimit(RLIMIT_NOFILE, &before);
    none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
    int accepted = cy_tcp_accept(&end, listener, SOON);
    cy_socket *other = NULL;
    int listened = cy_tcp_listen(&other, &at, NULL),
        connected = cy_tcp_connect(&other, &at, SOON);
    setrlimit(RLIMIT_NOFILE, &before);
    CHECK(accepted == -EMFILE && listened == -EMFILE && connected == -EMFILE);
    CHECK(end == NULL && other == NULL);
    CHECK(cy_tcp_accept(&end, listener, SOON) == 0);
    cy_close(&end);
    cy_close(&client);
    cy_close(&listener);
    return 0;
}

static void
without_descriptors_accepting_fails_and_can_be_tried_again(void)
{
    run(accept_without_descriptors);
}

/* What the next calls of accept() return; then the real one. */
static int mishaps[16];
static int mishap;

static int
mishap_then_accept(struct cyi_os *os, int fd, struct sockaddr *from, socklen_t *size)
{
    if (mishaps[mishap] != 0)
        return mishaps[mishap++];
    return real_os->socket->accept(os, fd, from, size);
}

static int
accept_after_mishaps(void *arg)
{
    static const int passed_over[] = {-ECONNABORTED, -EINTR,       -EPROTO,     -EPERM,
                                      -ENETDOWN,     -ENETUNREACH, -EHOSTDOWN,  -EHOSTUNREACH,
                                      -ENONET,       -ENOPROTOOPT, -EOPNOTSUPP, -ETIMEDOUT};
    cy_socket *listener, *client, *end;
    cy_address at;
    (void) arg;
    CHECK(listen_on(&listener, &at, "127.0.0.1", NULL) == 0);
    CHECK(cy_tcp_connect(&client, &at, SOON) == 0);
    memcpy(mishaps, passed_over, sizeof passed_over);
    mishaps[sizeof passed_over / sizeof passed_over[0]] = -ENOBUFS;
    use_fake_calls()->accept = mishap_then_accept;
    CHECK(cy_tcp_accept(&end, listener, SOON) == -ENOBUFS);
    CHECK(cy_tcp_accept(&end, listener, SOON) == 0);
    use_real_calls();
    cy_close(&client);
    cy_close(&end);
    cy_close(&listener);
    return 0;
}

static void
connections_that_died_early_are_passed_over_and_shortages_told(void)
{
    run(accept_after_mishaps);
}

enum { CLIENTS_MAX = 16 };

/* Connects until the kernel's queue is full and drops us; the result of that last one. */
static int
connect_until_full(const cy_address *at, cy_socket *clients[CLIENTS_MAX], cy_time patience)
{
    for (int i = 0; i < CLIENTS_MAX; i++) {
        int r = cy_tcp_connect(&clients[i], at, cy_after(patience));
        if (r < 0)
            return r;
    }
    return 0;
}

struct dial {
    cy_address at;
    cy_socket *end;
};

static int
dial(void *arg)
{
    struct dial *dial = arg;
    return cy_tcp_connect(&dial->end, &dial->at, SOON);
}

static int
connect_to_a_deaf_server(void *arg)
{
    static const struct cy_listen_options one = {.backlog = 1};
    cy_socket *listener, *clients[CLIENTS_MAX] = {0};
    struct dial waiting = {0};
    cy_ref task;
    (void) arg;
    CHECK(listen_on(&listener, &waiting.at, "127.0.0.1", &one) == 0);
    CHECK(connect_until_full(&waiting.at, clients, 20 * CY_MILLISECOND) == -ETIMEDOUT);
    CHECK(cy_task_spawn(&task, dial, &waiting, &joinable) == 0);
    CHECK(cy_yield() == 0);
    CHECK(cy_terminate(task) == 0);
    CHECK(join_code(task) == -ECANCELED && waiting.end == NULL);
    for (int i = 0; i < CLIENTS_MAX; i++)
        cy_close(&clients[i]);
    cy_close(&listener);
    CHECK(cyi_io_count(cyi_self) == 0); /* no half-made connection is left */
    return 0;
}

static void
connecting_ends_at_the_deadline_or_by_termination(void)
{
    run(connect_to_a_deaf_server);
}

static int
terminated_from_the_start(void *arg)
{
    cy_address at = any_port("127.0.0.1");
    cy_socket *socket;
    cy_socket *listener = arg;
    CHECK(cy_terminate(cy_self()) == 0);
    CHECK(cy_tcp_connect(&socket, &at, SOON) == -ECANCELED);
    CHECK(cy_tcp_accept(&socket, listener, SOON) == -ECANCELED);
    return 0;
}

static int
run_terminated(void *arg)
{
    cy_socket *listener;
    cy_address at;
    cy_ref task;
    (void) arg;
    CHECK(listen_on(&listener, &at, "127.0.0.1", NULL) == 0);
    CHECK(cy_task_spawn(&task, terminated_from_the_start, listener, &joinable) == 0);
    CHECK(join_code(task) == 0);
    cy_close(&listener);
    return 0;
}

static void
a_terminated_task_neither_connects_nor_accepts(void)
{
    run(run_terminated);
}

static cy_address meeting_point;

static int
claim_the_remote_address(struct cyi_os *os, int fd, struct sockaddr *out, socklen_t *size)
{
    (void) os, (void) fd;
    memcpy(out, &meeting_point, sizeof meeting_point.u.v4);
    *size = sizeof meeting_point.u.v4;
    return 0;
}

static int
meet_oneself(void *arg)
{
    cy_socket *listener, *client = NULL;
    (void) arg;
    CHECK(listen_on(&listener, &meeting_point, "127.0.0.1", NULL) == 0);
    use_fake_calls()->local = claim_the_remote_address;
    CHECK(cy_tcp_connect(&client, &meeting_point, SOON) == -ECONNREFUSED);
    use_real_calls();
    CHECK(client == NULL);
    cy_close(&listener);
    return 0;
}

static void
a_connection_that_meets_itself_counts_as_refused(void)
{
    run(meet_oneself);
}

static cy_address closing_address;

static int
accept_until_shutdown(void *arg)
{
    cy_socket *listener, *socket = NULL;
    (void) arg;
    CHECK(listen_on(&listener, &closing_address, "127.0.0.1", NULL) == 0);
    CHECK(cy_tcp_accept(&socket, listener, SOON) == -ECANCELED);
    CHECK(cy_stopping());
    CHECK(cy_tcp_accept(&socket, listener, SOON) == -ECANCELED);
    CHECK(cy_tcp_connect(&socket, &closing_address, SOON) == -ECONNREFUSED);
    CHECK(cy_tcp_listen(&socket, &closing_address, NULL) == -ECANCELED && socket == NULL);
    CHECK(cy_socket_local(&closing_address, listener) == -EBADF);
    CHECK(cy_socket_remote(&closing_address, listener) == -EBADF);
    cy_close(&listener);
    return 0;
}

static int
shut_down_under_an_accept(void *arg)
{
    cy_ref task;
    (void) arg;
    CHECK(cy_task_spawn(&task, accept_until_shutdown, NULL, &joinable) == 0);
    CHECK(cy_yield() == 0);
    cy_shutdown(10 * CY_SECOND);
    CHECK(join_code(task) == 0);
    return 0;
}

static void
the_shutdown_ends_accepting_and_closes_the_port(void)
{
    run(shut_down_under_an_accept);
}

static int
listen_for_the_first_time(void *arg)
{
    cy_socket *socket = NULL;
    cy_address at = any_port("127.0.0.1");
    (void) arg;
    cy_shutdown(10 * CY_SECOND);
    CHECK(cy_tcp_listen(&socket, &at, NULL) == -ECANCELED); /* at once */
    CHECK(cy_sleep(1) == 0);
    CHECK(cy_tcp_listen(&socket, &at, NULL) == -ECANCELED && socket == NULL);
    return 0;
}

static void
a_core_that_never_had_a_socket_does_not_listen_at_the_end(void)
{
    run(listen_for_the_first_time);
}

enum { MANY = 300 };

static int
echo_once(void *socket)
{
    cy_socket *end = socket;
    char text[8];
    ssize_t n = cy_read(end, text, sizeof text, SOON);
    CHECK(n > 0 && cy_write(end, text, (size_t) n, SOON) == n);
    CHECK(cy_read(end, text, sizeof text, SOON) == 0);
    cy_close(&end);
    return 0;
}

static int
serve_many(void *listener)
{
    for (int i = 0; i < MANY; i++) {
        cy_socket *end;
        CHECK(cy_tcp_accept(&end, listener, SOON) == 0);
        CHECK(cy_task_spawn(NULL, echo_once, end, NULL) == 0);
    }
    return 0;
}

static int
ask_many(void *arg)
{
    static cy_socket *clients[MANY];
    cy_socket *listener;
    cy_address at;
    (void) arg;
    CHECK(listen_on(&listener, &at, "127.0.0.1", NULL) == 0);
    CHECK(cy_task_spawn(NULL, serve_many, listener, NULL) == 0);
    for (int i = 0; i < MANY; i++)
        CHECK(cy_tcp_connect(&clients[i], &at, SOON) == 0);
    for (int i = 0; i < MANY; i++)
        CHECK(cy_write(clients[i], &i, sizeof i, SOON) == sizeof i);
    for (int i = MANY - 1; i >= 0; i--) {
        int answer = -1;
        CHECK(cy_read_full(clients[i], &answer, sizeof answer, SOON) == sizeof answer);
        CHECK(answer == i);
    }
    for (int i = 0; i < MANY; i++)
        cy_close(&clients[i]);
    cy_close(&listener);
    return 0;
}

static void
many_connections_each_get_their_own_answer(void)
{
    run(ask_many);
}

CY_TEST_MAIN("runtime.tcp", CY_TEST(a_connection_knows_both_its_addresses_over_ipv4_and_ipv6),
             CY_TEST(both_ends_send_without_delay), CY_TEST(a_refused_connection_says_so),
             CY_TEST(an_address_that_is_not_ours_or_not_known_is_an_error),
             CY_TEST(an_occupied_port_is_refused_unless_both_share_it),
             CY_TEST(the_ipv6_wildcard_takes_ipv4_unless_told_not_to),
             CY_TEST(a_restarted_server_gets_its_port_back),
             CY_TEST(accepting_ends_at_the_deadline),
             CY_TEST(one_task_accepts_until_it_is_terminated_or_the_listener_closed),
             CY_TEST(without_descriptors_accepting_fails_and_can_be_tried_again),
             CY_TEST(connections_that_died_early_are_passed_over_and_shortages_told),
             CY_TEST(connecting_ends_at_the_deadline_or_by_termination),
             CY_TEST(a_terminated_task_neither_connects_nor_accepts),
             CY_TEST(a_connection_that_meets_itself_counts_as_refused),
             CY_TEST(the_shutdown_ends_accepting_and_closes_the_port),
             CY_TEST(a_core_that_never_had_a_socket_does_not_listen_at_the_end),
             CY_TEST(many_connections_each_get_their_own_answer))
