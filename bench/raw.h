/*
 * raw.h - what two threads on two CPUs reach by the bare means that the runtime uses too.
 *
 * Where the hypervisor lets the CPUs of a virtual machine run, side by side or on different
 * dies, changes within seconds, and all figures between two cores with it: so these are taken
 * in turn with ours, in one program, on the CPUs of cores 0 and 1.
 */
#ifndef BENCH_RAW_H
#define BENCH_RAW_H

/* Nanoseconds there and back: one cache line, two rings of slots, eventfd while both sleep. */
double raw_line(int count);
double raw_slots(int count);
double raw_eventfd(int count);

/* Million slots of 64 bytes per second through one ring, each published at once. */
double raw_stream(int count);

#endif
