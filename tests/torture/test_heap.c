#include "fleet.h"

#include <string.h>

/*
 * Messages of all sizes are made on one core and freed on another: their memory comes home,
 * so the makers need no more than what is under way.
 */

enum { CORES = 3, MESSAGES = 300 * 1000, WINDOW = 200, TAG_LOAD = 1, TAG_CREDIT };

struct maker {
    uint32_t count, number;
    cy_ref to;
};

static int
eater(void *arg)
{
    uint32_t left = *(const uint32_t *) arg, credit = 0;
    while (left > 0) {
        cy_msg *msg;
        HOLDS(cy_receive(&msg, CY_FOREVER) == 0);
        cy_ref from = cy_msg_sender(msg);
        const uint8_t *body = cy_msg_body(msg);
        size_t size = cy_msg_size(msg);
        HOLDS(size == 0 || (body[0] == (uint8_t) size && body[size - 1] == (uint8_t) size));
        cy_msg_free(&msg);
        left--;
        if (++credit == WINDOW / 2 || left == 0) {
            HOLDS(cy_send_bytes(from, TAG_CREDIT, &credit, sizeof credit) == 0);
            credit = 0;
        }
    }
    return 0;
}

static uint32_t
take_credit(void)
{
    cy_msg *msg;
    uint32_t credit;
    HOLDS(cy_receive(&msg, CY_FOREVER) == 0);
    memcpy(&credit, cy_msg_body(msg), sizeof credit);
    cy_msg_free(&msg);
    return credit;
}

static void
send_one(uint64_t *random, cy_ref to)
{
    static const uint32_t max[] = {64, 200, 2000, 20000};
    size_t size = fleet_below(random, max[fleet_below(random, 4)] + 1);
    cy_msg *msg;
    HOLDS(cy_msg_create(&msg, TAG_LOAD, size) == 0);
    memset(cy_msg_body(msg), (uint8_t) size, size);
    HOLDS(cy_send(to, &msg) == 0);
}

static int
make(void *arg)
{
    const struct maker *maker = arg;
    uint64_t random = fleet_seed(maker->number);
    uint32_t window = WINDOW;
    for (uint32_t i = 0; i < maker->count; i++) {
        while (window == 0)
            window += take_credit();
        send_one(&random, maker->to);
        window--;
    }
    while (window < WINDOW)
        window += take_credit();
    struct cy_core_counters counters;
    cy_core_read_counters(&counters);
    HOLDS(counters.message_bytes < (64 << 20));
    return 0;
}

static int
feed(void *arg)
{
    struct maker makers[CORES];
    cy_ref tasks[CORES];
    struct cy_task_options joinable = {.joinable = true};
    uint32_t count = (uint32_t) cy_test_scale(MESSAGES);
    (void) arg;
    for (uint16_t i = 0; i < CORES; i++) {
        makers[i] = (struct maker){.count = count, .number = i};
        HOLDS(cy_task_spawn_on(&makers[i].to, (uint16_t) (CORES - 1 - i), eater, &count,
                               NULL) == 0);
        HOLDS(cy_task_spawn_on(&tasks[i], (uint16_t) ((i + 1) % CORES), make, &makers[i],
                               &joinable) == 0);
    }
    for (uint16_t i = 0; i < CORES; i++)
        HOLDS(cy_join(NULL, tasks[i], CY_FOREVER) == 0);
    return 0;
}

static void
memory_comes_home(void)
{
    struct fleet fleet;
    fleet_init(&fleet, CORES);
    fleet_run(&fleet, feed, NULL);
}

CY_TEST_MAIN("torture.heap", CY_TEST(memory_comes_home))
