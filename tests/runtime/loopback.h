/* loopback.h - what the tests of sockets share: a node to run in, connections to oneself. */
#ifndef LOOPBACK_H
#define LOOPBACK_H

#include "cy_node.h"
#include "socket.h"
#include <stdio.h>
#include <string.h>

/* Far more than anything takes: only what hangs meets it. */
#define SOON cy_after(30 * CY_SECOND)

__attribute__((unused)) static bool
found(bool holds, const char *condition, const char *file, int line)
{
    cy_node_check(holds, condition, file, line);
    return holds;
}

/* In a task: notes the failure and ends the function, whose next steps would make no sense. */
#define CHECK(condition)                                     \
    if (!found((condition), #condition, __FILE__, __LINE__)) \
    return -1

/* Asserts that the main task on one core found everything as it should be. */
__attribute__((unused)) static void
run(cy_task_fn *main_task)
{
    CU_ASSERT_EQUAL(cy_node_run(1, main_task, NULL), 0);
}

/* A free port of this host. */
__attribute__((unused)) static cy_address
any_port(const char *host)
{
    cy_address address;
    CY_ASSERT(cy_address_parse(&address, host, 0) == 0);
    return address;
}

/* Both were filled in by the kernel over zeros, so what is not used is equal too. */
__attribute__((unused)) static bool
same_address(const cy_address *a, const cy_address *b)
{
    return memcmp(&a->u.v6, &b->u.v6, sizeof a->u.v6) == 0;
}

/* A listener and where it listens. */
__attribute__((unused)) static int
listen_on(cy_socket **out, cy_address *at, const char *host,
          const struct cy_listen_options *options)
{
    *at = any_port(host);
    int r = cy_tcp_listen(out, at, options);
    return r < 0 ? r : cy_socket_local(at, *out);
}

/* Two ends of one connection: end[0] was accepted, end[1] has connected. */
__attribute__((unused)) static int
make_pair(cy_socket *end[2])
{
    cy_socket *listener;
    cy_address at;
    CHECK(listen_on(&listener, &at, "127.0.0.1", NULL) == 0);
    CHECK(cy_tcp_connect(&end[1], &at, SOON) == 0);
    CHECK(cy_tcp_accept(&end[0], listener, SOON) == 0);
    cy_close(&listener);
    return 0;
}

__attribute__((unused)) static void
close_pair(cy_socket *end[2])
{
    cy_close(&end[0]);
    cy_close(&end[1]);
}

/* Wait for a joinable task; its exit code. */
__attribute__((unused)) static int
join_code(cy_ref task)
{
    cy_msg *msg;
    struct cy_exit how;
    CHECK(cy_join(&msg, task, SOON) == 0);
    CHECK(cy_exit_read(&how, msg) == 0);
    cy_msg_free(&msg);
    return how.code;
}

static const struct cy_task_options joinable = {.joinable = true};

/* The system calls of this core, for tests to replace. Until use_real_calls(). */
static struct cyi_os fake_os;
static struct cyi_socket_ops fake_calls;
static struct cyi_os *real_os;

__attribute__((unused)) static struct cyi_socket_ops *
use_fake_calls(void)
{
    real_os = cyi_self->os;
    fake_os = *real_os;
    fake_calls = *real_os->socket;
    fake_os.socket = &fake_calls;
    cyi_self->os = &fake_os;
    return &fake_calls;
}

__attribute__((unused)) static void
use_real_calls(void)
{
    cyi_self->os = real_os;
}

#endif
