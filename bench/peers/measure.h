/*
 * measure.h - what the contestants written in C and C++ share.
 *
 * A contestant is a list of workloads. Each measures one row of the comparison and prints one
 * JSON line per figure: the median of some repetitions, with the extremes. How much work a
 * repetition does is found out first, so that it takes long enough on any machine.
 */
#ifndef MEASURE_H
#define MEASURE_H

#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MESSAGE_BYTES = 64, RING_SIZE = 100, PRODUCERS = 8, SUBSCRIBERS = 1000 };
enum { TREE_WIDTH = 10, TREE_LEAVES = 1000000 };

/* Does the work so many times and returns the nanoseconds that it took. */
typedef double work_fn(long count);

enum unit { NS, MILLION_PER_SECOND, MS, BYTES_EACH };

/* `needs`: the numbers of CPUs it can use, 1 | 2; the larger one is the default. */
struct workload {
    const char *name;
    int needs;
    void (*measure)(void);
};

/* The whole of main(): `list` ends with a workload without a name. */
int contest(int argc, char **argv, const char *who, const struct workload *list);

/* Finds a count that takes long enough, repeats it and prints what one of them takes. */
void measure(const char *figure, enum unit unit, work_fn *work);

/* The same for work of which there is a fixed amount; runs it once before. */
void measure_fixed(const char *figure, enum unit unit, work_fn *work, long count);

/* A figure that is not a median of times. */
void print_value(const char *figure, enum unit unit, double value);

/* How many CPUs this run may use, and `count` scaled by --scale. */
int cpus(void);
long scaled(long count);

double now_ns(void);
long resident_bytes(void);

/* This thread only; threads that it starts inherit it. */
void pin(int cpu);
/* All CPUs that this run may use. */
void pin_all(void);
/* The CPU of whoever is the other end: the second one, or the only one. */
int other_cpu(void);

/* Ends the program with a word when `good` is false. */
void want(const char *what, int good);

/* Runs `serve` in a child on the other CPU, which tells by a pipe where it listens. */
pid_t start_server(void (*serve)(int tell), void *told, size_t bytes);
void stop_server(pid_t server);

#ifdef __cplusplus
}
#endif

#endif
