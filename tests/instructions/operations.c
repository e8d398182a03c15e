/*
 * operations.c - one hot path, so many times: test_counts.py counts its instructions.
 *
 *     instructions_operations NAME TIMES
 *
 * One core, and something always to do: no wait depends on the clock, so that a count repeats.
 * What starting and stopping cost is in each count; the difference of two is the path's alone.
 */
#include "wire.h"
#include <cycos/channel.h>
#include <cycos/impl/wheel.h>
#include <cycos/mailbox.h>
#include <cycos/registry.h>
#include <cycos/run.h>
#include <cycos/task.h>
#include <cycos/value.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BODY = 32, SUBSCRIBERS = 10, NAMES = 1000, TAG = 1 };

struct operation {
    const char *name;
    void (*run)(long times);
};

static void
need(long rc)
{
    if (rc >= 0)
        return;
    fprintf(stderr, "instructions_operations: %s\n", cy_strerror((int) rc));
    exit(1);
}

static void
send_to_myself(long times)
{
    cy_msg *msg;
    need(cy_msg_create(&msg, TAG, BODY));
    for (long i = 0; i < times; i++) {
        need(cy_send(cy_self(), &msg));
        need(cy_receive(&msg, CY_FOREVER));
    }
    cy_msg_free(&msg);
}

static void
send_bytes(long times)
{
    static const char body[BODY];
    cy_msg *msg;
    for (long i = 0; i < times; i++) {
        need(cy_send_bytes(cy_self(), TAG, body, sizeof body));
        need(cy_receive(&msg, CY_FOREVER));
        cy_msg_free(&msg);
    }
}

static int
echo(void *arg)
{
    cy_msg *msg;
    (void) arg;
    while (cy_receive(&msg, CY_FOREVER) == 0)
        need(cy_send(cy_msg_sender(msg), &msg));
    return 0;
}

static void
echo_handler(void *state, cy_msg **msg)
{
    (void) state;
    need(cy_send(cy_msg_sender(*msg), msg));
}

/* There and back: two messages, two switches. */
static void
ping(cy_ref there, long times)
{
    cy_msg *msg;
    need(cy_msg_create(&msg, TAG, BODY));
    for (long i = 0; i < times; i++) {
        need(cy_send(there, &msg));
        need(cy_receive(&msg, CY_FOREVER));
    }
    cy_msg_free(&msg);
    need(cy_terminate(there));
}

static void
ping_task(long times)
{
    cy_ref there;
    need(cy_task_spawn(&there, echo, NULL, NULL));
    ping(there, times);
}

static void
ping_handler(long times)
{
    cy_ref there;
    need(cy_handler_spawn(&there, echo_handler, NULL, NULL));
    ping(there, times);
}

static int
yield_often(void *arg)
{
    for (long left = *(long *) arg; left > 0; left--)
        cy_yield();
    return 0;
}

/* Each of the two switches as often. */
static void
switch_tasks(long times)
{
    need(cy_task_spawn(NULL, yield_often, &times, NULL));
    yield_often(&times);
    cy_yield();
}

static int
end_at_once(void *arg)
{
    (void) arg;
    return 0;
}

static void
spawn_task(long times)
{
    for (long i = 0; i < times; i++) {
        need(cy_task_spawn(NULL, end_at_once, NULL, NULL));
        cy_yield();
    }
}

static void
exit_handler(void *state, cy_msg **msg)
{
    (void) state;
    (void) msg;
    cy_handler_exit(0);
}

static void
spawn_handler(long times)
{
    for (long i = 0; i < times; i++) {
        cy_ref there;
        need(cy_handler_spawn(&there, exit_handler, NULL, NULL));
        need(cy_send_bytes(there, TAG, NULL, 0));
        cy_yield();
    }
}

static void
arm_and_cancel(long times)
{
    static struct cyi_wheel wheel;
    static struct cyi_timer timers[64];
    cyi_wheel_init(&wheel, 0);
    for (long i = 0; i < times; i++) {
        struct cyi_timer *timer = &timers[i % 64];
        if (cyi_timer_armed(timer))
            cyi_wheel_cancel(&wheel, timer);
        cyi_wheel_arm(&wheel, timer, CY_SECOND + (i % 1000) * 10 * CY_MILLISECOND);
    }
}

/* A deadline that is set and not reached: what most calls with a time-out do. */
static void
wait_with_deadline(long times)
{
    cy_ref there;
    cy_msg *msg;
    need(cy_task_spawn(&there, echo, NULL, NULL));
    need(cy_msg_create(&msg, TAG, BODY));
    for (long i = 0; i < times; i++) {
        need(cy_send(there, &msg));
        need(cy_receive(&msg, cy_after(CY_HOUR)));
    }
    cy_msg_free(&msg);
    need(cy_terminate(there));
}

static void
look_up(long times)
{
    static char names[NAMES][16];
    cy_ref found;
    for (int i = 0; i < NAMES; i++) {
        snprintf(names[i], sizeof names[i], "task-%d", i);
        need(cy_task_register(names[i]));
    }
    for (long i = 0; i < times; i++)
        need(cy_task_lookup(&found, names[i * 7 % NAMES]));
}

static void
swallow(void *state, cy_msg **msg)
{
    (void) state;
    (void) msg;
}

static void
publish(long times)
{
    static const char body[BODY];
    cy_ref channel, subscribers[SUBSCRIBERS];
    need(cy_channel_create(&channel, "counted", NULL));
    for (int i = 0; i < SUBSCRIBERS; i++) {
        need(cy_handler_spawn(&subscribers[i], swallow, NULL, NULL));
        need(cy_channel_subscribe(channel, subscribers[i], CY_FOREVER));
    }
    for (long i = 0; i < times; i++) {
        need(cy_send_bytes(channel, TAG, body, sizeof body));
        cy_yield();
    }
    for (int i = 0; i < SUBSCRIBERS; i++)
        need(cy_terminate(subscribers[i]));
}

static void
encode_value(long times)
{
    uint8_t body[256];
    size_t size;
    for (long i = 0; i < times; i++) {
        cy_value_writer w;
        cy_value_writer_init(&w, body, sizeof body);
        cy_value_put_map(&w, 3);
        cy_value_put_text(&w, "id"), cy_value_put_int(&w, i % 1000);
        cy_value_put_text(&w, "name"), cy_value_put_text(&w, "worker.add");
        cy_value_put_text(&w, "load"), cy_value_put_double(&w, 3.1);
        need(cy_value_finish(&w, &size));
    }
}

static void
decode_value(long times)
{
    uint8_t body[64];
    size_t size;
    cy_value_writer w;
    cy_value_writer_init(&w, body, sizeof body);
    cy_value_put_map(&w, 2);
    cy_value_put_text(&w, "id"), cy_value_put_int(&w, 12345);
    cy_value_put_text(&w, "name"), cy_value_put_text(&w, "worker.add");
    need(cy_value_finish(&w, &size));
    for (long i = 0; i < times; i++) {
        cy_value_reader r, map;
        int64_t id;
        need(cy_value_reader_init(&r, body, size));
        need(cy_value_get_map(&r, &map));
        need(cy_value_find(&map, "id", &r));
        need(cy_value_get_int(&r, &id));
    }
}

/* What a message to another node is preceded by. */
static void
encode_frame(long times)
{
    static uint8_t out[CYI_FRAME_HEADER + CYI_ITEM_HEADER + 256];
    const struct cyi_send send = {.to_slot = 1, .from_slot = 2, .tag = TAG};
    for (long i = 0; i < times; i++) {
        struct cyi_frame frame = {.number = (uint32_t) i, .size = BODY, .lane = CYI_LANE_DATA};
        cyi_frame_write(out, &frame);
        cyi_item_write(out + CYI_FRAME_HEADER, CYI_OP_SEND, 0, BODY);
        cyi_send_write(out + CYI_FRAME_HEADER + CYI_ITEM_HEADER, &send);
    }
}

static const struct operation operations[] = {
    {"send_receive", send_to_myself},
    {"send_bytes", send_bytes},
    {"ping_task", ping_task},
    {"ping_handler", ping_handler},
    {"switch", switch_tasks},
    {"spawn_task", spawn_task},
    {"spawn_handler", spawn_handler},
    {"timer", arm_and_cancel},
    {"deadline", wait_with_deadline},
    {"lookup", look_up},
    {"publish", publish},
    {"encode_value", encode_value},
    {"decode_value", decode_value},
    {"encode_frame", encode_frame},
};

static const struct operation *chosen;
static long times;

static int
run(void *arg)
{
    (void) arg;
    chosen->run(times);
    return 0;
}

int
main(int argc, char **argv)
{
    struct cy_options options;
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        if (argc < 2)
            puts(operations[i].name);
        else if (strcmp(argv[1], operations[i].name) == 0)
            chosen = &operations[i];
    }
    if (argc < 2)
        return 0;
    if (chosen == NULL || argc != 3)
        return 2;
    times = atol(argv[2]);
    cy_options_init(&options);
    options.cores = 1;
    options.stall_ns = 0; /* it reads the clock of a machine that is simulated, slowly */
    int status = cy_run(&options, run, NULL);
    cy_options_fini(&options);
    return status < 0 ? 1 : status;
}
