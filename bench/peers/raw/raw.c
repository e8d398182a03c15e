/*
 * raw.c - the machine without a framework: the floor of each row that has one.
 *
 * On one core two or a hundred stacks hand 64 bytes on by switching; between cores 64 bytes
 * travel in a cache line or in a ring of them, both sides spinning; asleep they wake each other
 * by the kernel; between processes they use TCP on loopback with nothing around it.
 */
#include "raw.h"

static const struct workload workloads[] = {
    {"pingpong_one", 1, raw_pingpong_one},
    {"ring_one", 1, raw_ring_one},
    {"pingpong_two", 2, raw_pingpong_two},
    {"pingpong_asleep", 3, raw_pingpong_asleep},
    {"stream", 2, raw_stream},
    {"ring_two", 2, raw_ring_two},
    {"link_call", 3, raw_link_call},
    {"link_oneway", 3, raw_link_oneway},
    {0},
};

int
main(int argc, char **argv)
{
    return contest(argc, argv, "raw", workloads);
}
