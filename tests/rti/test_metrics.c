/* test_metrics.c - what is counted of methods and calls, as it is shown. */
#include "spots.h"

#include <cycos/io.h>
#include <stdlib.h>
#include <string.h>

enum { PORT = 9464 };

static char page[64 << 10];

static cy_time
soon(void)
{
    return cy_after(10 * CY_SECOND);
}

static int
get_page(void *arg)
{
    static const char request[] = "GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n";
    cy_address address;
    cy_socket *socket;
    size_t n = 0;
    ssize_t rc;
    (void) arg;
    CY_CHECK_EQ(cy_address_parse(&address, "127.0.0.1", PORT), 0);
    if ((rc = cy_tcp_connect(&socket, &address, soon())) != 0)
        return (int) rc;
    CY_CHECK(cy_write(socket, request, sizeof request - 1, soon()) > 0);
    while ((rc = cy_read(socket, page + n, sizeof page - 1 - n, soon())) > 0)
        n += (size_t) rc;
    page[n] = '\0';
    cy_close(&socket);
    return (int) rc;
}

/* The value of the newest page; -1: it is not there. */
static long long
value_of(const char *name)
{
    char line[128];
    snprintf(line, sizeof line, "\ncycos_rti_%s ", name);
    const char *found = strstr(page, line);
    return found == NULL ? -1 : strtoll(found + strlen(line), NULL, 10);
}

static int
not_used(void *arg)
{
    (void) arg;
    CY_CHECK_EQ(trio_on(1, 0, get_page, NULL), 0);
    CY_CHECK(strstr(page, "cycos_turns_total") != NULL);
    CY_CHECK(strstr(page, "cycos_rti") == NULL);
    return 0;
}

static void
a_node_without_methods_shows_none(void)
{
    trio.metrics_port = PORT;
    trio_run(not_used);
}

static void
call_in_all_ways(cy_ref method, cy_ref *task)
{
    cy_args args;
    cy_ref none = CY_NOBODY;
    for (int i = 0; i < 2; i++)
        CY_CHECK_EQ(cy_rti_call(&task[i], method, NULL, soon()), 0);
    CY_CHECK_EQ(cy_rti_call(&none, method, NULL, soon()), -ENOBUFS);
    cy_args_init(&args);
    cy_args_put_text(&args, "code", "no int");
    CY_CHECK_EQ(cy_rti_call(&none, method, &args, soon()), -EINVAL);
    cy_args_fini(&args);
}

static int
used(void *arg)
{
    const cy_location nobody = {.port = 1};
    const struct cy_rti_options two = {.tasks_max = 2, .signature = "code:int?"};
    const struct cy_rti_options closed = {.allow = &nobody, .allow_count = 1};
    cy_ref task[2], none = CY_NOBODY, method = spot_method(spots[3], rti_linger, &two);
    cy_ref guarded = spot_method(spots[3], rti_nothing, &closed);
    (void) arg;
    call_in_all_ways(method, task);
    CY_CHECK_EQ(cy_rti_call(&none, guarded, NULL, soon()), -EACCES);
    CY_CHECK_EQ(trio_on(1, 0, get_page, NULL), 0);
    CY_CHECK_EQ(value_of("methods{core=\"0\"}"), 0);
    CY_CHECK_EQ(value_of("methods{core=\"1\"}"), 2);
    CY_CHECK_EQ(value_of("tasks{core=\"1\"}"), 2);
    CY_CHECK_EQ(value_of("tasks_started_total{core=\"1\"}"), 2);
    CY_CHECK_EQ(value_of("calls_refused_total{core=\"1\",reason=\"limit\"}"), 1);
    CY_CHECK_EQ(value_of("calls_refused_total{core=\"1\",reason=\"arguments\"}"), 1);
    CY_CHECK_EQ(value_of("calls_refused_total{core=\"1\",reason=\"access\"}"), 1);
    CY_CHECK_EQ(value_of("calls_refused_total{core=\"1\",reason=\"other\"}"), 0);
    CY_CHECK_EQ(value_of("calls_made_total{core=\"1\"}"), 0);
    spot_close(guarded, spots[3]);
    for (int i = 0; i < 2; i++)
        CY_CHECK_EQ(cy_terminate(task[i]), 0);
    expect_exit(task[0], CY_EXIT_TERMINATED, 0, NULL);
    CY_CHECK_EQ(trio_on(1, 0, get_page, NULL), 0);
    CY_CHECK_EQ(value_of("methods{core=\"1\"}"), 1);
    CY_CHECK_EQ(value_of("tasks{core=\"1\"}"), 0);
    CY_CHECK_EQ(value_of("results{core=\"1\"}"), 2);
    CY_CHECK_EQ(trio_on(0, 0, get_page, NULL), 0);
    CY_CHECK_EQ(value_of("calls_made_total{core=\"0\"}"), 5);
    CY_CHECK_EQ(value_of("calls_failed_total{core=\"0\"}"), 3);
    return 0;
}

static void
shows_calls_refusals_and_what_runs(void)
{
    trio.metrics_port = PORT;
    trio_run(used);
}

static int
given_up(void *arg)
{
    cy_ref out = CY_NOBODY, method = spot_method(spots[3], rti_linger, NULL);
    (void) arg;
    CY_CHECK_EQ(cy_rti_call(&out, method, NULL, soon()), 0); /* so there is a link */
    CY_CHECK_EQ(cy_terminate(out), 0);
    cyi_sim_delay(trio.sim, CYI_SIM_ONLY(0), CYI_SIM_ONLY(1), 5 * CY_MILLISECOND);
    CY_CHECK_EQ(cy_rti_call(&out, method, NULL, cy_after(CY_MILLISECOND)), -ETIMEDOUT);
    CY_CHECK_EQ(cy_sleep(CY_SECOND), 0);
    CY_CHECK_EQ(trio_on(1, 0, get_page, NULL), 0);
    CY_CHECK_EQ(value_of("calls_cancelled_total{core=\"1\"}"), 1);
    CY_CHECK_EQ(value_of("tasks_started_total{core=\"1\"}"), 2);
    CY_CHECK_EQ(value_of("tasks{core=\"1\"}"), 0);
    spot_close(method, spots[3]);
    CY_CHECK_EQ(cy_rti_call(&out, method, NULL, soon()), -ENOENT);
    CY_CHECK_EQ(trio_on(1, 0, get_page, NULL), 0);
    CY_CHECK_EQ(value_of("methods{core=\"1\"}"), 0);
    CY_CHECK_EQ(value_of("calls_refused_total{core=\"1\",reason=\"other\"}"), 1);
    return 0;
}

static void
shows_calls_that_were_given_up_or_came_too_late(void)
{
    trio.metrics_port = PORT;
    trio_run(given_up);
}

CY_TEST_MAIN("rti.metrics", CY_TEST(a_node_without_methods_shows_none),
             CY_TEST(shows_calls_refusals_and_what_runs),
             CY_TEST(shows_calls_that_were_given_up_or_came_too_late))
