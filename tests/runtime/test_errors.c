/*
 * What people do wrong ends in a clear error. Stack overflows are in test_overflow.c, messages
 * that are freed or sent twice in test_assert.c.
 */
#include "cy_node.h"
#include <cycos/io.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct cy_test_child child;

static int
end_at_once(void *arg)
{
    (void) arg;
    return 0;
}

static int
send_to_the_dead(void *arg)
{
    cy_ref ref;
    cy_msg *msg;
    (void) arg;
    CY_CHECK_EQ(cy_task_spawn(&ref, end_at_once, NULL, NULL), 0);
    CY_CHECK_EQ(cy_join(NULL, ref, CY_FOREVER), 0);
    CY_CHECK_EQ(cy_msg_create(&msg, 1, 0), 0);
    CY_CHECK_EQ(cy_send(ref, &msg), -ESRCH);
    CY_CHECK(msg != NULL); /* still the sender's */
    cy_msg_free(&msg);
    CY_CHECK_EQ(strcmp(cy_strerror(-ESRCH), "No such process"), 0);
    return 0;
}

static void
sending_to_a_dead_reference(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, send_to_the_dead, NULL), 0);
}

static int
never_look(void *arg)
{
    (void) arg;
    return cy_suspend(CY_FOREVER) == -ECANCELED ? 0 : 1;
}

static int
fill_a_mailbox(void *arg)
{
    cy_ref ref;
    struct cy_task_options options = {.mailbox_max = 3};
    struct cy_core_counters counters;
    (void) arg;
    CY_CHECK_EQ(cy_task_spawn(&ref, never_look, NULL, &options), 0);
    for (int i = 0; i < 3; i++)
        CY_CHECK_EQ(cy_send_bytes(ref, 1, "x", 1), 0);
    CY_CHECK_EQ(cy_send_bytes(ref, 1, "x", 1), -EAGAIN);
    cy_core_read_counters(&counters);
    CY_CHECK_EQ(counters.refused, 1);
    return cy_terminate(ref);
}

static void
a_full_mailbox(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, fill_a_mailbox, NULL), 0);
}

static void
a_bad_option(void)
{
    struct cy_options options;
    cy_options_init(&options);
    options.mailbox_max = 0;
    CY_FAILS(cy_run(&options, end_at_once, NULL), -EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(options.error, "mailbox-max"));
    cy_options_fini(&options);

    char program[] = "program", flag[] = "--cores", value[] = "many",
         *argv[] = {program, flag, value, NULL};
    int argc = 3;
    cy_options_init(&options);
    CY_FAILS(cy_options_parse(&options, &argc, argv), -EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(options.error, "cores"));
    CU_ASSERT_PTR_NOT_NULL(strstr(options.error, "many"));
    cy_options_fini(&options);
}

static int
listen_twice(void *arg)
{
    cy_socket *first, *second = NULL;
    cy_address at;
    (void) arg;
    CY_CHECK_EQ(cy_address_parse(&at, "127.0.0.1", 0), 0);
    CY_CHECK_EQ(cy_tcp_listen(&first, &at, NULL), 0);
    CY_CHECK_EQ(cy_socket_local(&at, first), 0);
    CY_CHECK_EQ(cy_tcp_listen(&second, &at, NULL), -EADDRINUSE);
    CY_CHECK(second == NULL);
    cy_close(&first);
    CY_CHECK_EQ(strcmp(cy_strerror(-EADDRINUSE), "Address already in use"), 0);
    return 0;
}

static void
an_occupied_port(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, listen_twice, NULL), 0);
}

/* In a child that gives up what root may do. */
enum { NOBODY = 65534 };

static int
listen_on_a_privileged_port(void *arg)
{
    cy_socket *socket = NULL;
    cy_address at;
    (void) arg;
    if (cy_address_parse(&at, "127.0.0.1", 1) != 0)
        return 1;
    int rc = cy_tcp_listen(&socket, &at, NULL);
    if (rc == -EACCES)
        rc = cy_udp_open(&socket, &at, NULL);
    printf("%s", cy_strerror(rc));
    fflush(stdout);
    return rc == -EACCES && socket == NULL ? 7 : 2;
}

static void
run_without_rights(void *arg)
{
    struct cy_options options;
    (void) arg;
    if (geteuid() == 0 && (setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
        _exit(3);
    cy_node_options(&options, 1);
    _exit(cy_run(&options, listen_on_a_privileged_port, NULL));
}

/* Some hosts let everybody have all ports. */
static bool
ports_are_free_for_all(void)
{
    char text[16] = "1024";
    FILE *file = fopen("/proc/sys/net/ipv4/ip_unprivileged_port_start", "r");
    if (file != NULL) {
        CU_ASSERT_PTR_NOT_NULL(fgets(text, sizeof text, file));
        fclose(file);
    }
    return strtol(text, NULL, 10) <= 1;
}

static void
a_port_without_the_permission(void)
{
    if (ports_are_free_for_all())
        return;
    CY_OK(cy_test_run_child(&child, run_without_rights, NULL));
    CU_ASSERT_EQUAL(child.status, 7);
    CU_ASSERT_STRING_EQUAL(child.output, "Permission denied");
}

static char path[] = "/tmp/cy_test_errors.XXXXXX";

static void
read_without_rights(void *arg)
{
    struct cy_options options;
    char program[] = "program", flag[] = "--config", *argv[] = {program, flag, path, NULL};
    int argc = 3;
    (void) arg;
    if (geteuid() == 0 && (setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
        _exit(3);
    cy_options_init(&options);
    int rc = cy_options_parse(&options, &argc, argv);
    printf("%s", options.error);
    fflush(stdout);
    _exit(rc == -EACCES ? 7 : 2);
}

static void
a_file_without_the_permission(void)
{
    int fd = mkstemp(path);
    CU_ASSERT_TRUE(fd >= 0);
    close(fd);
    CY_OK(chmod(path, 0));
    CY_OK(cy_test_run_child(&child, read_without_rights, NULL));
    CU_ASSERT_EQUAL(child.status, 7);
    CU_ASSERT_PTR_NOT_NULL(strstr(child.output, path));
    CU_ASSERT_PTR_NOT_NULL(strstr(child.output, "Permission denied"));
    CY_OK(unlink(path));
}

CY_TEST_MAIN("runtime.errors", CY_TEST(sending_to_a_dead_reference), CY_TEST(a_full_mailbox),
             CY_TEST(a_bad_option), CY_TEST(an_occupied_port),
             CY_TEST(a_port_without_the_permission), CY_TEST(a_file_without_the_permission))
