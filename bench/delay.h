/* delay.h - a TCP proxy that makes a network out of the loopback: each byte takes a while. */
#ifndef BENCH_DELAY_H
#define BENCH_DELAY_H

#include <stdint.h>
#include <sys/types.h>

/*
 * Starts a process that takes connections on *port, which it chooses, and passes them on to
 * `to` on 127.0.0.1, each byte `one_way_us` later than it came. Returns the process.
 */
pid_t delay_start(uint16_t *port, uint16_t to, long one_way_us);

#endif
