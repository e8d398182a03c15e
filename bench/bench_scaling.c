/*
 * bench_scaling.c - what grows with the nodes of a cluster and with the cores of a node.
 *
 *     bench_scaling cluster NODES CORES    real processes on loopback that only know each other
 *     bench_scaling simulated NODES CORES  the same in the simulator, a host for each node
 *     bench_scaling links CORES            one core that talks to each core of another node
 *     bench_scaling spread CORES           the same core pours messages into 1, 2, 4... of them
 *     bench_scaling rings                  looking whether any of many other cores has posted
 *
 * bench/scaling runs them in many sizes and fits what bench/SCALING.md says. All figures are
 * those of one node; processor time is that of its process, kernel included.
 */
#include "connection.h"
#include "member_table.h"
#include <cycos/impl/core.h>
#include <cycos/impl/node.h>
#include <cycos/impl/ring.h>
#include <cycos/impl/sim.h>
#include <cycos/mailbox.h>
#include <cycos/peer.h>
#include <cycos/registry.h>
#include <cycos/run.h>
#include <cycos/task.h>

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { NODES_MAX = 64, CORES_MAX = 128, ROUNDS = 1000000, QUESTIONS = 32 };
enum { MESSAGES = 1 << 18, MESSAGE_BYTES = 64, TURN = 256, ALONE = 200 };

#define SETTLE (3 * CY_SECOND)
#define SAMPLE (10 * CY_SECOND)
#define SIM_AT (30 * CY_SECOND) /* how long a simulated cluster settles, and is looked at */

static uint32_t nodes, cores;
static uint16_t udp_port;

static void
want(const char *what, bool good)
{
    if (good)
        return;
    fprintf(stderr, "bench_scaling: %s\n", what);
    exit(1);
}

static cy_time
real_now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec * CY_SECOND + t.tv_nsec;
}

/* What a node has done since it began. */
struct sample {
    cy_time at, cpu;
    uint64_t frames, bytes, hellos_sent, hellos_received;
};

struct report {
    struct sample sample; /* the difference of two */
    cy_time complete;     /* from the start until it saw all others */
    uint64_t questions;   /* bytes of frames more, for QUESTIONS names that nobody has */
    long resident, allocated;
};

static long
resident_bytes(void)
{
    long total = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    want("/proc/self/statm", file != NULL && fscanf(file, "%ld %ld", &total, &resident) == 2);
    fclose(file);
    return resident * sysconf(_SC_PAGESIZE);
}

static long
allocated_bytes(void)
{
    struct mallinfo2 info = mallinfo2();
    return (long) (info.uordblks + info.hblkhd);
}

/* The other cores' counters may be a little old: that is all the same here. */
static void
take_sample(struct sample *out)
{
    struct cyi_core *core = cyi_current();
    struct cyi_net *net = cyi_net_core(core)->net;
    struct cyi_member_counters members;
    *out = (struct sample){.at = core->os->now(core->os)};
    for (uint32_t i = 0; i < core->node->core_count; i++) {
        out->frames += net->cores[i].counters.frames_sent;
        out->bytes += net->cores[i].counters.bytes_sent;
    }
    cyi_members_count(net->members, &members);
    out->hellos_sent = members.hellos_sent;
    out->hellos_received = members.hellos_received;
    out->cpu = real_now(CLOCK_PROCESS_CPUTIME_ID);
}

static void
wait_for_all(void)
{
    while (cy_peer_list(NULL, 0) < nodes * cores - 1)
        want("sleep", cy_sleep(5 * CY_MILLISECOND) == 0);
}

/* Waits until all are there, lets that settle, and looks what an idle while costs. */
static void
observe(struct report *out, cy_time settle, cy_time last)
{
    struct cyi_core *core = cyi_current();
    struct sample before, after;
    cy_time begin = core->os->now(core->os);
    wait_for_all();
    out->complete = core->os->now(core->os) - begin;
    want("sleep", cy_sleep(settle) == 0);
    take_sample(&before);
    want("sleep", cy_sleep(last) == 0);
    take_sample(&after);
    out->sample =
        (struct sample){.at = after.at - before.at,
                        .cpu = after.cpu - before.cpu,
                        .frames = after.frames - before.frames,
                        .bytes = after.bytes - before.bytes,
                        .hellos_sent = after.hellos_sent - before.hellos_sent,
                        .hellos_received = after.hellos_received - before.hellos_received};
    out->resident = resident_bytes();
    out->allocated = allocated_bytes();
}

/* The means over all nodes; `real`: memory and time belong to one node each. */
static void
print(const char *bench, const struct report *reports, bool real)
{
    double at = 0, cpu = 0, frames = 0, bytes = 0, sent = 0, received = 0, resident = 0;
    double complete = 0;
    for (uint32_t i = 0; i < nodes; i++) {
        const struct report *r = &reports[i];
        at += (double) r->sample.at / 1e9;
        cpu += (double) r->sample.cpu / 1e3;
        frames += (double) r->sample.frames;
        bytes += (double) r->sample.bytes;
        sent += (double) r->sample.hellos_sent;
        received += (double) r->sample.hellos_received;
        resident += (double) r->resident;
        complete = (double) r->complete > complete ? (double) r->complete : complete;
    }
    printf("{\"bench\":\"scaling.%s\",\"nodes\":%u,\"cores\":%u,\"frames_per_s\":%.2f,"
           "\"bytes_per_s\":%.1f,\"hellos_sent_per_s\":%.3f,\"hellos_received_per_s\":%.3f,"
           "\"complete_ms\":%.1f",
           bench, nodes, cores, frames / at, bytes / at, sent / at, received / at,
           complete / 1e6);
    if (real)
        printf(",\"cpu_us_per_s\":%.1f,\"resident\":%.0f", cpu / at, resident / nodes);
    else
        printf(",\"question_bytes\":%.1f", (double) reports[0].questions / QUESTIONS);
    printf("}\n");
    fflush(stdout);
}

/* Real processes. */

static int
observe_and_tell(void *arg)
{
    int out = *(int *) arg;
    struct report report = {0};
    observe(&report, SETTLE, SAMPLE);
    want("tell", write(out, &report, sizeof report) == sizeof report);
    return cy_suspend(CY_FOREVER);
}

static void
fill_options(struct cy_options *options)
{
    static const char *const here[] = {"127.0.0.1"};
    cy_options_init(options);
    options->network = cy_network();
    options->cores = cores;
    options->node = (struct cy_option_list){here, 1};
    options->udp_port = udp_port;
    options->spin_ns = 0;
    options->stall_ns = 0;
    options->pin = false;
    options->log_level = CY_LOG_ERROR;
}

static pid_t
start(cy_task_fn *fn, int out)
{
    struct cy_options options;
    pid_t child = fork();
    want("fork", child >= 0);
    if (child > 0)
        return child;
    fill_options(&options);
    exit(cy_run(&options, fn, &out));
}

static void
cluster(void)
{
    static struct report reports[NODES_MAX];
    pid_t children[NODES_MAX];
    int ends[2];
    want("pipe", pipe(ends) == 0);
    for (uint32_t i = 0; i < nodes; i++)
        children[i] = start(observe_and_tell, ends[1]);
    for (uint32_t i = 0; i < nodes; i++)
        want("told", read(ends[0], &reports[i], sizeof reports[i]) == sizeof reports[i]);
    for (uint32_t i = 0; i < nodes; i++)
        kill(children[i], SIGKILL);
    for (uint32_t i = 0; i < nodes; i++)
        waitpid(children[i], NULL, 0);
    print("cluster", reports, true);
}

/* Simulated ones. */

static struct report simulated_reports[NODES_MAX];

static struct report simulated_reports[NODES_MAX];

/* What it costs to ask everybody, beyond what goes out in that time anyhow. */
static uint64_t
ask_for_names(const struct sample *idle)
{
    struct sample before, after;
    take_sample(&before);
    for (int i = 0; i < QUESTIONS; i++) {
        char name[32];
        cy_ref nobody;
        snprintf(name, sizeof name, "nobody-has-this-%d", i);
        want("no name", cy_task_locate(&nobody, name, NULL, cy_after(SIM_AT / 100)) < 0);
    }
    take_sample(&after);
    uint64_t anyhow = idle->bytes * (uint64_t) (after.at - before.at) / (uint64_t) idle->at;
    return after.bytes - before.bytes - anyhow;
}

static int
observe_simulated(void *arg)
{
    struct report *report = arg;
    observe(report, SIM_AT, SIM_AT);
    if (report == simulated_reports)
        report->questions = ask_for_names(&report->sample);
    want("sleep", cy_sleep(SIM_AT) == 0); /* nobody leaves while another looks */
    cy_shutdown(CY_NOW);
    return 0;
}

static void
simulated(void)
{
    static struct cy_options options[NODES_MAX];
    struct cyi_sim_options world = {.turns_max = UINT64_C(1) << 40};
    struct cyi_sim *sim;
    want("simulator", cyi_sim_create(&sim, 1, &world) == 0);
    for (uint32_t i = 0; i < nodes; i++) {
        struct cyi_node *node;
        cy_options_init(&options[i]);
        options[i].network = cy_network();
        options[i].cores = cores;
        options[i].log_level = CY_LOG_ERROR;
        want("node", cyi_sim_node(&node, sim, i, &options[i], observe_simulated,
                                  &simulated_reports[i]) == 0);
    }
    want("run", cyi_sim_run(sim, 20 * SIM_AT) == 0);
    print("simulated", simulated_reports, false);
    cyi_sim_free(&sim);
}

/* Links of one core. */

static void
take_any(void *state, cy_msg **msg)
{
    (void) state;
    cy_msg_free(msg);
}

static int
offer_cores(void *arg)
{
    static cy_ref refs[CORES_MAX];
    int out = *(int *) arg;
    for (uint32_t i = 0; i < cores; i++)
        want("spawn", cy_handler_spawn_on(&refs[i], (uint16_t) i, take_any, NULL, NULL) == 0);
    want("tell", write(out, refs, sizeof refs) == sizeof refs);
    return cy_suspend(CY_FOREVER);
}

static cy_ref targets[CORES_MAX];

static void
deliver_to(uint32_t first, uint32_t end)
{
    for (uint32_t i = first; i < end; i++) {
        cy_msg *msg;
        int rc;
        want("message", cy_msg_copy(&msg, 1, "x", 1) == 0);
        while ((rc = cy_deliver(targets[i], &msg, CY_FOREVER)) == -EAGAIN)
            want("yield", cy_yield() == 0);
        want("deliver", rc == 1);
    }
}

static uint64_t
connections(void)
{
    const struct cyi_net_counters *c = &cyi_net_core(cyi_current())->counters;
    return c->dials + c->accepts;
}

static int
talk_to_all(void *arg)
{
    (void) arg;
    deliver_to(0, 1); /* so that the hubs have met */
    want("sleep", cy_sleep(CY_SECOND) == 0);
    long resident = resident_bytes(), allocated = allocated_bytes();
    uint64_t made = connections();
    cy_time cpu = real_now(CLOCK_PROCESS_CPUTIME_ID), at = real_now(CLOCK_MONOTONIC);
    deliver_to(1, cores);
    double count = cores - 1;
    double each_us = (double) (real_now(CLOCK_MONOTONIC) - at) / 1e3 / count;
    double cpu_us = (double) (real_now(CLOCK_PROCESS_CPUTIME_ID) - cpu) / 1e3 / count;
    double active = (double) (resident_bytes() - resident) / count;
    made = connections() - made;
    want("sleep", cy_sleep(2 * SETTLE) == 0); /* idle connections have been closed */
    printf(
        "{\"bench\":\"scaling.links\",\"cores\":%u,\"connections\":%llu,\"link\":%zu,"
        "\"connection\":%zu,\"member\":%zu,\"resident_each\":%.0f,\"allocated_idle_each\":%.0f,"
        "\"connect_us\":%.1f,\"connect_cpu_us\":%.1f}\n",
        cores, (unsigned long long) made, sizeof(struct cyi_link),
        sizeof(struct cyi_connection), sizeof(struct cyi_member), active,
        (double) (allocated_bytes() - allocated) / count, each_us, cpu_us);
    return 0;
}

/* One message to each in turn, 256 in a turn of the loop: fewer to one are more writes. */
static double
send_around(uint32_t count)
{
    cy_time cpu = real_now(CLOCK_THREAD_CPUTIME_ID);
    for (uint32_t i = 0; i < MESSAGES; i++) {
        int rc;
        while ((rc = cy_send_bytes(targets[i % count], 1, targets, MESSAGE_BYTES)) == -EAGAIN)
            want("yield", cy_yield() == 0);
        want("send", rc == 0);
        if (i % TURN == TURN - 1)
            want("yield", cy_yield() == 0);
    }
    deliver_to(0, count); /* all has been written */
    return (double) (real_now(CLOCK_THREAD_CPUTIME_ID) - cpu) / MESSAGES;
}

/* One message to each, then nothing for a while: each is written alone, and acknowledged. */
static double
send_alone(uint32_t count)
{
    cy_time cpu = real_now(CLOCK_THREAD_CPUTIME_ID);
    for (uint32_t round = 0; round < ALONE; round++) {
        for (uint32_t i = 0; i < count; i++)
            want("send", cy_send_bytes(targets[i], 1, targets, MESSAGE_BYTES) == 0);
        want("sleep", cy_sleep(5 * CY_MILLISECOND) == 0);
    }
    return (double) (real_now(CLOCK_THREAD_CPUTIME_ID) - cpu) / ALONE / count;
}

static int
spread_to_all(void *arg)
{
    (void) arg;
    deliver_to(0, cores);
    send_alone(cores);
    printf("{\"bench\":\"scaling.alone\",\"links\":%u,\"cpu_ns\":%.1f}\n", cores,
           send_alone(cores));
    for (uint32_t count = 1; count <= cores; count *= 2) {
        send_around(count);
        printf("{\"bench\":\"scaling.spread\",\"links\":%u,\"messages_per_turn\":%d,"
               "\"cpu_ns\":%.1f}\n",
               count, TURN, send_around(count));
        fflush(stdout);
    }
    return 0;
}

/* Another process with so many cores; this one has one, which does `fn`. */
static void
links(cy_task_fn *fn)
{
    struct cy_options options;
    int ends[2];
    want("pipe", pipe(ends) == 0);
    pid_t child = start(offer_cores, ends[1]);
    want("told", read(ends[0], targets, sizeof targets) == sizeof targets);
    uint32_t there = cores;
    cores = 1;
    fill_options(&options);
    cores = there;
    want("run", cy_run(&options, fn, NULL) == 0);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

/* Rings. */

static void
rings(void)
{
    static struct cyi_ring *all[CORES_MAX];
    static const uint32_t counts[] = {1, 2, 4, 8, 16, 32, 64, 127};
    for (uint32_t i = 0; i < CORES_MAX; i++)
        want("ring", (all[i] = cyi_ring_create(256)) != NULL);
    for (size_t n = 0; n < sizeof counts / sizeof counts[0]; n++) {
        uint32_t found = 0;
        cy_time begin = real_now(CLOCK_MONOTONIC);
        for (int round = 0; round < ROUNDS; round++)
            for (uint32_t i = 0; i < counts[n]; i++)
                found += cyi_ring_peek(all[i]) != NULL;
        double ns = (double) (real_now(CLOCK_MONOTONIC) - begin) / ROUNDS;
        want("empty", found == 0);
        printf("{\"bench\":\"scaling.rings\",\"rings\":%u,\"slot\":%zu,\"ring_head\":%zu,"
               "\"ns\":%.1f}\n",
               counts[n], sizeof(struct cyi_slot), sizeof(struct cyi_ring), ns);
    }
    for (uint32_t i = 0; i < CORES_MAX; i++)
        cyi_ring_free(&all[i]);
}

static int
usage(void)
{
    fprintf(stderr, "usage: bench_scaling cluster NODES CORES | simulated NODES CORES | "
                    "links CORES | spread CORES | rings\n");
    return 2;
}

static uint32_t
number(const char *text)
{
    return (uint32_t) strtoul(text, NULL, 10);
}

static int
run(const char *what, uint32_t node_count, uint32_t core_count)
{
    nodes = node_count;
    cores = core_count;
    if (nodes < 1 || nodes > NODES_MAX || cores < 1 || cores > CORES_MAX)
        return usage();
    if (strcmp(what, "cluster") == 0)
        cluster();
    else if (strcmp(what, "simulated") == 0)
        simulated();
    else if (strcmp(what, "links") == 0)
        links(talk_to_all);
    else if (strcmp(what, "spread") == 0)
        links(spread_to_all);
    else if (strcmp(what, "rings") == 0)
        rings();
    else
        return usage();
    return 0;
}

/* Without arguments, a little of each. */
int
main(int argc, char **argv)
{
    udp_port = (uint16_t) (20000 + getpid() % 20000);
    if (argc == 4)
        return run(argv[1], number(argv[2]), number(argv[3]));
    if (argc == 3)
        return run(argv[1], 1, number(argv[2]));
    if (argc == 2)
        return run(argv[1], 1, 1);
    int rc = run("rings", 1, 1);
    rc = rc == 0 ? run("links", 1, 16) : rc;
    return rc == 0 ? run("simulated", 8, 2) : rc;
}
