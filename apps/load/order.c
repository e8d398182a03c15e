/*
 * order.c - what one generator is told to do.
 * Tests: tests/load/test_coordinator.c
 */
#include "order.h"

void
load_order_share(struct load_order *order, uint32_t part)
{
    uint64_t connections = order->settings->connections;
    uint32_t end = (uint32_t) (connections * (part + 1) / order->parts);
    order->part = part;
    order->first_connection = (uint32_t) (connections * part / order->parts);
    order->count = end - order->first_connection;
}
