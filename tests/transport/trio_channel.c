/* trio_channel.c - channels and those who listen to them. */
#include "trio_channel.h"

const struct trio_spot trio_spots[TRIO_SPOTS] = {{0, 0}, {0, 1}, {1, 0},
                                                 {1, 1}, {2, 0}, {2, 1}};

struct creation {
    cy_ref channel;
    struct cy_channel_options *options;
};

static int
create(void *arg)
{
    struct creation *creation = arg;
    return cy_channel_create(&creation->channel, "news", creation->options);
}

cy_ref
trio_channel_with(struct trio_spot spot, struct cy_channel_options *options)
{
    struct creation creation = {.options = options};
    CY_CHECK_EQ(trio_on(spot.node, spot.core, create, &creation), 0);
    return creation.channel;
}

cy_ref
trio_channel_at(struct trio_spot spot)
{
    return trio_channel_with(spot, NULL);
}

static int
hear(void *arg)
{
    struct trio_ear *ear = arg;
    cy_msg *msg;
    while (cy_receive(&msg, CY_FOREVER) == 0) {
        uint32_t number = 0;
        memcpy(&number, cy_msg_body(msg), sizeof number);
        ear->wrong += number <= ear->last || cy_msg_tag(msg) != TRIO_TAG ||
                      !cy_ref_equal(cy_msg_sender(msg), ear->publisher);
        ear->last = number;
        ear->got++;
        cy_msg_free(&msg);
    }
    return 0;
}

cy_ref
trio_ear_at(struct trio_spot spot, struct trio_ear *ear)
{
    memset(ear, 0, sizeof *ear);
    ear->publisher = cy_self();
    return trio_spawn(spot.node, spot.core, hear, ear);
}

cy_msg *
trio_message(size_t size)
{
    static uint32_t number;
    cy_msg *msg = NULL;
    CY_CHECK_EQ(cy_msg_create(&msg, TRIO_TAG, size), 0);
    memset(cy_msg_body(msg), 0x5A, size);
    number++;
    memcpy(cy_msg_body(msg), &number, sizeof number);
    return msg;
}

int
trio_deliver(cy_ref channel, uint32_t n, cy_time deadline)
{
    cy_msg *msg = trio_message(100);
    int rc = cy_channel_deliver(channel, &msg, n, deadline);
    CY_CHECK((msg == NULL) == (rc >= 0));
    cy_msg_free(&msg);
    return rc;
}

int
trio_reach(cy_ref channel)
{
    return trio_deliver(channel, 0, CY_FOREVER);
}

void
trio_subscribe(cy_ref channel, cy_ref subscriber)
{
    CY_CHECK_EQ(cy_channel_subscribe(channel, subscriber, CY_FOREVER), 0);
}

void
trio_unsubscribe(cy_ref channel, cy_ref subscriber)
{
    CY_CHECK_EQ(cy_channel_unsubscribe(channel, subscriber, CY_FOREVER), 0);
}

void
trio_stop(cy_ref task)
{
    CY_CHECK_EQ(cy_terminate(task), 0);
    (void) !cy_join(NULL, task, CY_FOREVER);
}

void
trio_settle(void)
{
    CY_CHECK_EQ(cy_sleep(20 * CY_MILLISECOND), 0);
}

uint32_t
trio_proxies_left(void)
{
    uint32_t left = 0;
    for (uint32_t i = 0; i < TRIO_NODES; i++) {
        for (uint16_t core = 0; core < TRIO_CORES; core++) {
            left += cyi_channel_proxies(trio.node[i]->cores[core]);
        }
    }
    return left;
}
