/* raw.h - the workloads of the bare machine. */
#ifndef RAW_H
#define RAW_H

#include "measure.h"

void raw_pingpong_one(void);
void raw_ring_one(void);
void raw_pingpong_two(void);
void raw_pingpong_asleep(void);
void raw_stream(void);
void raw_ring_two(void);
void raw_link_call(void);
void raw_link_oneway(void);

#endif
