/* measure.c - repetitions, medians and arguments of the contestants in C and C++. */
#include "measure.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RUNS = 3, RUN_MS = 400, LONG_ENOUGH_MS = 20 };

static const char *contestant;
static const struct workload *running;
static int cpu_count, scale_percent = 100;

void
want(const char *what, int good)
{
    if (good)
        return;
    fprintf(stderr, "%s: %s: %s\n", contestant, what, strerror(errno));
    exit(1);
}

double
now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec * 1e9 + (double) t.tv_nsec;
}

long
resident_bytes(void)
{
    long total = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    want("/proc/self/statm", file != NULL && fscanf(file, "%ld %ld", &total, &resident) == 2);
    fclose(file);
    return resident * sysconf(_SC_PAGESIZE);
}

int
cpus(void)
{
    return cpu_count;
}

int
other_cpu(void)
{
    return cpu_count - 1;
}

long
scaled(long count)
{
    long n = count * scale_percent / 100;
    return n > 0 ? n : 1;
}

static void
pin_to(int first, int last)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    for (int cpu = first; cpu <= last; cpu++)
        CPU_SET((size_t) cpu, &set);
    want("affinity", sched_setaffinity(0, sizeof set, &set) == 0);
}

void
pin(int cpu)
{
    pin_to(cpu, cpu);
}

void
pin_all(void)
{
    pin_to(0, cpu_count - 1);
}

static int
compare(const void *a, const void *b)
{
    double x = *(const double *) a, y = *(const double *) b;
    return (x > y) - (x < y);
}

static double
in_unit(enum unit unit, double ns)
{
    return unit == MILLION_PER_SECOND ? 1e3 / ns : unit == MS ? ns / 1e6 : ns;
}

static const char *const unit_names[] = {"ns", "million_per_second", "ms", "bytes"};

static void
print_head(const char *figure)
{
    printf("{\"bench\":\"%s.%s\",\"who\":\"%s\",\"cpus\":%d", running->name, figure, contestant,
           cpu_count);
}

static void
print(const char *figure, enum unit unit, double *values)
{
    const char *name = unit_names[unit];
    qsort(values, RUNS, sizeof *values, compare);
    print_head(figure);
    printf(",\"%s\":%.2f,\"%s_min\":%.2f,\"%s_max\":%.2f}\n", name, values[RUNS / 2], name,
           values[0], name, values[RUNS - 1]);
    fflush(stdout);
}

void
print_value(const char *figure, enum unit unit, double value)
{
    print_head(figure);
    printf(",\"%s\":%.2f}\n", unit_names[unit], value);
    fflush(stdout);
}

static void
repeat(const char *figure, enum unit unit, work_fn *work, long count)
{
    double values[RUNS];
    for (int run = 0; run < RUNS; run++)
        values[run] = in_unit(unit, work(count) / (unit == MS ? 1 : (double) count));
    print(figure, unit, values);
}

void
measure(const char *figure, enum unit unit, work_fn *work)
{
    long count = 1000;
    double ns;
    while ((ns = work(count)) < LONG_ENOUGH_MS * 1e6)
        count *= 4;
    count = (long) ((double) count * RUN_MS * 1e6 / ns);
    repeat(figure, unit, work, scaled(count));
}

void
measure_fixed(const char *figure, enum unit unit, work_fn *work, long count)
{
    work(count);
    repeat(figure, unit, work, count);
}

pid_t
start_server(void (*serve)(int tell), void *told, size_t bytes)
{
    int ends[2];
    want("pipe", pipe(ends) == 0);
    pid_t server = fork();
    want("fork", server >= 0);
    if (server == 0) {
        close(ends[0]);
        pin(other_cpu());
        serve(ends[1]);
        exit(0);
    }
    close(ends[1]);
    pin(0);
    want("told", read(ends[0], told, bytes) == (ssize_t) bytes);
    close(ends[0]);
    return server;
}

void
stop_server(pid_t server)
{
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
}

static int
usage(void)
{
    fprintf(stderr, "usage: %s --list | WORKLOAD [--cpus 1|2] [--scale PERCENT]\n", contestant);
    return 2;
}

static int
list_all(const struct workload *list)
{
    for (; list->name != NULL; list++)
        puts(list->name);
    return 0;
}

int
contest(int argc, char **argv, const char *who, const struct workload *list)
{
    contestant = who;
    if (argc < 2)
        return usage();
    if (strcmp(argv[1], "--list") == 0)
        return list_all(list);
    for (running = list; running->name != NULL; running++)
        if (strcmp(running->name, argv[1]) == 0)
            break;
    if (running->name == NULL || argc % 2 != 0)
        return usage();
    cpu_count = running->needs & 2 ? 2 : 1;
    for (int i = 2; i < argc; i += 2) {
        int value = (int) strtol(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--cpus") == 0)
            cpu_count = value;
        else if (strcmp(argv[i], "--scale") == 0)
            scale_percent = value;
        else
            return usage();
    }
    if (cpu_count < 1 || cpu_count > 2 || !(running->needs & cpu_count) || scale_percent < 1)
        return usage();
    pin_all();
    running->measure();
    return 0;
}
