/*
 * outside.c - every call that needs a task says so on a thread that is none.
 *
 * cy_log_write() and cy_log_enabled() are none of these: there is nobody to log to.
 */
#include "cy_test.h"
#include <cycos/channel.h>
#include <cycos/file.h>
#include <cycos/io.h>
#include <cycos/log.h>
#include <cycos/mailbox.h>
#include <cycos/peer.h>
#include <cycos/pool.h>
#include <cycos/registry.h>
#include <cycos/rti.h>
#include <cycos/run.h>
#include <cycos/sync.h>
#include <stdio.h>
#include <string.h>

static cy_ref ref;
static cy_msg *msg;
static cy_address address;
static cy_location location;
static cy_socket *sock;
static struct cy_core_counters counters;
static struct cy_event event;
static struct cy_lock lock;
static struct cy_condition condition;
static struct cy_semaphore semaphore;
static char bytes[8];

static int
task(void *arg)
{
    (void) arg;
    return 0;
}

static int
method(cy_args_reader *args)
{
    (void) args;
    return 0;
}

static void
handle(void *state, cy_msg **message)
{
    (void) state, (void) message;
}

static bool
match(const cy_msg *message, void *arg)
{
    (void) message, (void) arg;
    return true;
}

static void
clean_up(void *arg)
{
    (void) arg;
}

/* clang-format off */
#define CALLS(CALL) \
    CALL(cy_send(ref, &msg)) CALL(cy_send_bytes(ref, 1, bytes, 1)) \
    CALL(cy_deliver(ref, &msg, CY_NOW)) CALL(cy_call(&msg, ref, &msg, CY_NOW)) \
    CALL(cy_receive(&msg, CY_NOW)) CALL(cy_receive_tag(&msg, 1, CY_NOW)) \
    CALL(cy_receive_if(&msg, match, NULL, CY_NOW)) CALL(cy_mailbox_count()) \
    CALL(cy_msg_create(&msg, 1, 1)) CALL(cy_msg_copy(&msg, 1, bytes, 1)) \
    CALL(cy_channel_create(&ref, "x", NULL)) CALL(cy_channel_close(ref)) \
    CALL(cy_channel_subscribe(ref, ref, CY_NOW)) \
    CALL(cy_channel_unsubscribe(ref, ref, CY_NOW)) \
    CALL(cy_channel_deliver(ref, &msg, 0, CY_NOW)) CALL(cy_channel_subscribers(ref)) \
    CALL(cy_address_resolve(&address, "x", 1, CY_NOW)) \
    CALL(cy_tcp_listen(&sock, &address, NULL)) CALL(cy_tcp_connect(&sock, &address, CY_NOW)) \
    CALL(cy_udp_open(&sock, &address, NULL)) CALL(cy_blocking(NULL, task, NULL)) \
    CALL((cy_shutdown(0), 0)) CALL(cy_stopping()) CALL(cy_wait_stopping(CY_NOW)) \
    CALL(cy_core_count()) CALL(cy_core_index()) CALL(cy_core_name() != NULL) \
    CALL((cy_random(bytes, 1), 0)) CALL((cy_core_read_counters(&counters), 0)) \
    CALL((cy_event_set(&event), 0)) CALL(cy_event_wait(&event, CY_NOW)) \
    CALL(cy_lock_acquire(&lock, CY_NOW)) CALL((cy_lock_release(&lock), 0)) \
    CALL(cy_condition_wait(&condition, &lock, CY_NOW)) \
    CALL((cy_condition_signal(&condition), 0)) CALL((cy_condition_broadcast(&condition), 0)) \
    CALL(cy_semaphore_acquire(&semaphore, CY_NOW)) CALL(cy_semaphore_release(&semaphore)) \
    CALL(cy_task_spawn(&ref, task, NULL, NULL)) \
    CALL(cy_handler_spawn(&ref, handle, NULL, NULL)) \
    CALL((cy_self(), 0)) CALL(cy_task_name() != NULL) CALL(cy_task_alive(ref)) \
    CALL(cy_yield()) CALL(cy_sleep(1)) CALL(cy_suspend(CY_NOW)) CALL(cy_resume(ref)) \
    CALL(cy_exit_value(&msg)) CALL((cy_handler_exit(0), 0)) CALL(cy_join(&msg, ref, CY_NOW)) \
    CALL(cy_monitor(ref)) CALL(cy_notify(ref)) CALL(cy_terminate(ref)) \
    CALL(cy_defer(clean_up, NULL)) \
    CALL(cy_task_register("x")) CALL(cy_task_unregister("x")) CALL(cy_task_lookup(&ref, "x")) \
    CALL(cy_task_locate(&ref, "x", NULL, CY_NOW)) CALL(cy_channel_register(ref, "x")) \
    CALL(cy_channel_unregister(ref, "x")) CALL(cy_channel_lookup(&ref, "x")) \
    CALL(cy_channel_locate(&ref, "x", NULL, CY_NOW)) \
    CALL(cy_rti_create(&ref, method, NULL)) CALL(cy_rti_close(ref)) \
    CALL(cy_rti_register(ref, "x")) CALL(cy_rti_unregister(ref, "x")) \
    CALL(cy_rti_lookup(&ref, "x")) CALL(cy_rti_locate(&ref, "x", NULL, CY_NOW)) \
    CALL(cy_rti_call(&ref, ref, NULL, CY_NOW)) CALL(cy_rti_monitor(ref, ref)) \
    CALL((cy_rti_caller(), 0)) CALL(cy_rti_arg() != NULL) CALL((cy_rti_keep(NULL), 0)) \
    CALL(cy_location_resolve(&location, "x", 1, CY_NOW)) CALL((cy_self_location(), 0)) \
    CALL(cy_peer_list(NULL, 0)) CALL(cy_peer_locate(&location, "x", CY_NOW)) \
    CALL(cy_peer_add(&location, NULL, CY_NOW)) CALL(cy_peer_watch(ref)) \
    CALL(cy_file_send(&location, "x", NULL, 0, NULL, CY_NOW)) \
    CALL(cy_file_delete(&location, "x", NULL, CY_NOW))
/* clang-format on */

enum {
#define ONE(call) +1
    COUNT = 0 CALLS(ONE)
};

static const char *const texts[] = {
#define TEXT(call) #call,
    CALLS(TEXT)};

static void
call_one(void *arg)
{
    int number = *(const int *) arg, at = 0;
#define MAKE(call)      \
    if (number == at++) \
        (void) !(call);
    CALLS(MAKE)
    printf("it returned");
}

static void
what_needs_a_task_ends_the_program_with_a_word(void)
{
    static struct cy_test_child child;
    for (int i = 0; i < COUNT; i++) {
        CY_OK(cy_test_run_child(&child, call_one, &i));
        if (!cy_test_died_saying(&child, "core != NULL")) {
            fprintf(stderr, "\n    %s\n", texts[i]);
            CU_FAIL("it did not say that it needs a task");
        }
    }
}

static void
log_nothing(void *arg)
{
    (void) arg;
    cy_log_write(CY_LOG_ERROR, "nobody.hears", NULL);
    printf("%s", cy_log_enabled(CY_LOG_ERROR) ? "enabled" : "disabled");
}

static void
what_is_logged_outside_goes_nowhere(void)
{
    static struct cy_test_child child;
    CY_OK(cy_test_run_child(&child, log_nothing, NULL));
    CU_ASSERT_EQUAL(child.status, 0);
    CU_ASSERT_STRING_EQUAL(child.output, "disabled");
}

CY_TEST_MAIN("api.outside", CY_TEST(what_needs_a_task_ends_the_program_with_a_word),
             CY_TEST(what_is_logged_outside_goes_nowhere))
