/*
 * bench_node.c - what a node costs that has nothing to do: its start, its memory, its time.
 *
 * The node is a process of its own: two cores, the network with discovery, one name; alone on
 * its UDP port, and on loopback. `node.main_runs` is from before fork() until its first task
 * runs, `node.ready` until it has answered the first words of a peer that dials it.
 * `node.process` is the same program that does nothing but to say so: the floor. With a secret
 * a node first makes keys of it by scrypt, which is meant to take long: `node.scrypt`.
 *
 * `node.resident` and its siblings are read when it has been idle for the five seconds of
 * `node.idle_cpu`. `private` is what goes when this process goes, the rest are pages of the
 * libraries, which others use too. All nodes of one kind idle at the same time.
 */
#include "auth.h"
#include "secret_set.h"
#include <cycos/mailbox.h>
#include <cycos/peer.h>
#include <cycos/registry.h>
#include <cycos/run.h>
#include <cycos/task.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RUNS = 7, IDLE_S = 5, TOLD_FD = 3, MEASURES = 4 };

struct idle_node {
    pid_t pid;
    double main_runs_us, ready_us;
    double cpu_percent;
    double bytes[MEASURES];
};

/* The rows of /proc/PID/smaps_rollup, and what we call them. */
static const struct {
    const char *row, *name;
} measures[MEASURES] = {{"Rss:", "resident"},
                        {"Pss:", "resident_share"},
                        {"Private_Dirty:", "private_written"},
                        {"Private_Clean:", "private_clean"}};

static void
want(const char *what, long rc, long wanted)
{
    if (rc == wanted)
        return;
    fprintf(stderr, "bench_node: %s: %s\n", what, rc < 0 ? cy_strerror((int) rc) : "failed");
    exit(1);
}

static double
time_us(clockid_t clock)
{
    struct timespec t;
    want("clock", clock_gettime(clock, &t), 0);
    return (double) t.tv_sec * 1e6 + (double) t.tv_nsec / 1e3;
}

static void
rest(long ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    want("rest", nanosleep(&t, NULL), 0);
}

/* The node's first task: tells its port, then waits for ever. */
static int
serve(void *arg)
{
    uint16_t port = cy_self().port;
    (void) arg;
    want("register", cy_task_register("bench"), 0);
    want("tell", write(TOLD_FD, &port, sizeof port), sizeof port);
    close(TOLD_FD);
    return cy_suspend(CY_FOREVER);
}

static int
be_a_node(int argc, char **argv)
{
    static const char *const here[] = {"127.0.0.1"};
    struct cy_options options;
    cy_options_init(&options);
    options.network = cy_network();
    options.cores = 2;
    options.node = (struct cy_option_list){here, 1};
    options.log_level = CY_LOG_ERROR;
    if (cy_options_parse(&options, &argc, argv) < 0) {
        fprintf(stderr, "%s\n", options.error);
        return 1;
    }
    int rc = cy_run(&options, serve, NULL);
    cy_options_fini(&options);
    return rc < 0;
}

static int
be_a_process(void)
{
    uint16_t none = 0;
    want("tell", write(TOLD_FD, &none, sizeof none), sizeof none);
    return 0;
}

/* A UDP port that nobody uses: most likely that is still so when the node opens it. */
static uint16_t
free_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    want("bind", bind(fd, (struct sockaddr *) &at, size), 0);
    want("local", getsockname(fd, (struct sockaddr *) &at, &size), 0);
    close(fd);
    return ntohs(at.sin_port);
}

/* Runs this program anew; its TOLD_FD is a pipe, whose other end is *told. */
static pid_t
run(const char *const *argv, int *told)
{
    int ends[2];
    want("pipe", pipe2(ends, O_CLOEXEC), 0);
    pid_t child = fork();
    if (child == 0) {
        if (ends[1] == TOLD_FD)
            fcntl(ends[1], F_SETFD, 0);
        else
            dup2(ends[1], TOLD_FD);
        execv("/proc/self/exe", (char *const *) argv);
        _exit(127);
    }
    close(ends[1]);
    *told = ends[0];
    return child;
}

static uint16_t
read_port(int told)
{
    uint16_t port = 0;
    want("the child told", read(told, &port, sizeof port), sizeof port);
    close(told);
    return port;
}

/* The first words of a peer; a node with a secret says that we lack it, which is an answer. */
static void
dial(uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons(port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    uint8_t hello[CYI_AUTH_HELLO_BYTES], challenge[CYI_AUTH_CHALLENGE_BYTES];
    static const uint8_t random[CYI_AUTH_RANDOM_BYTES] = {1};
    static const struct cyi_auth_identity self = {.incarnation = {1}};
    struct cyi_secrets *none;
    struct cyi_auth auth;
    want("secrets", cyi_secrets_create(&none), 0);
    cyi_auth_init(&auth, CYI_AUTH_DIALER, none, &self, random);
    cyi_auth_hello(&auth, hello);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    want("connect", connect(fd, (struct sockaddr *) &at, sizeof at), 0);
    want("hello", write(fd, hello, sizeof hello), sizeof hello);
    want("challenge", recv(fd, challenge, sizeof challenge, MSG_WAITALL), sizeof challenge);
    want("head", cyi_auth_check_head(&auth, challenge), 0);
    close(fd);
    cyi_auth_fini(&auth);
    cyi_secrets_free(&none);
}

static void
start(struct idle_node *node, const char *secret)
{
    char port[8];
    const char *argv[] = {"bench_node", "node", "--udp-port", port, secret, NULL};
    int told;
    snprintf(port, sizeof port, "%u", free_port());
    double begin = time_us(CLOCK_MONOTONIC);
    node->pid = run(argv, &told);
    uint16_t at = read_port(told);
    node->main_runs_us = time_us(CLOCK_MONOTONIC) - begin;
    dial(at);
    node->ready_us = time_us(CLOCK_MONOTONIC) - begin;
}

static double
cpu_us(const struct idle_node *node)
{
    clockid_t clock;
    want("its clock", clock_getcpuclockid(node->pid, &clock), 0);
    return time_us(clock);
}

static void
read_memory(struct idle_node *node)
{
    char path[64], line[128], name[64];
    long kib;
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int) node->pid);
    FILE *rollup = fopen(path, "r");
    want(path, rollup != NULL, true);
    while (fgets(line, sizeof line, rollup) != NULL) {
        if (sscanf(line, "%63s %ld", name, &kib) != 2)
            continue;
        for (int i = 0; i < MEASURES; i++)
            if (strcmp(name, measures[i].row) == 0)
                node->bytes[i] = (double) kib * 1024;
    }
    fclose(rollup);
}

static int
compare(const void *a, const void *b)
{
    double x = *(const double *) a, y = *(const double *) b;
    return (x > y) - (x < y);
}

/* One line; the figure is a double `offset` bytes into each node. */
static void
report(const char *name, const char *about, const struct idle_node *nodes, size_t offset,
       const char *unit)
{
    double values[RUNS];
    for (int i = 0; i < RUNS; i++)
        memcpy(&values[i], (const char *) &nodes[i] + offset, sizeof values[i]);
    qsort(values, RUNS, sizeof values[0], compare);
    printf("{\"bench\":\"node.%s\",%s\"%s\":%.3f,\"%s_min\":%.3f,\"%s_max\":%.3f}\n", name,
           about, unit, values[RUNS / 2], unit, values[0], unit, values[RUNS - 1]);
    fflush(stdout);
}

static void
report_all(const char *about, const struct idle_node *nodes)
{
    report("main_runs", about, nodes, offsetof(struct idle_node, main_runs_us), "us");
    report("ready", about, nodes, offsetof(struct idle_node, ready_us), "us");
    report("idle_cpu", about, nodes, offsetof(struct idle_node, cpu_percent), "percent");
    for (size_t i = 0; i < MEASURES; i++)
        report(measures[i].name, about, nodes,
               offsetof(struct idle_node, bytes) + i * sizeof(double), "bytes");
}

static void
measure_nodes(const char *about, const char *secret)
{
    static struct idle_node nodes[RUNS];
    double cpu[RUNS], begin[RUNS];
    for (int i = 0; i < RUNS; i++) {
        start(&nodes[i], secret);
        rest(300); /* it has said its hellos, and the next one starts in peace */
    }
    for (int i = 0; i < RUNS; i++) {
        begin[i] = time_us(CLOCK_MONOTONIC);
        cpu[i] = cpu_us(&nodes[i]);
    }
    rest(1000L * IDLE_S);
    for (int i = 0; i < RUNS; i++) {
        double used = cpu_us(&nodes[i]) - cpu[i];
        nodes[i].cpu_percent = 100 * used / (time_us(CLOCK_MONOTONIC) - begin[i]);
        read_memory(&nodes[i]);
    }
    for (int i = 0; i < RUNS; i++) {
        kill(nodes[i].pid, SIGKILL);
        want("wait", waitpid(nodes[i].pid, NULL, 0), nodes[i].pid);
    }
    report_all(about, nodes);
}

static void
measure_processes(void)
{
    static struct idle_node nodes[RUNS];
    const char *argv[] = {"bench_node", "process", NULL};
    for (int i = 0; i < RUNS; i++) {
        int told;
        double begin = time_us(CLOCK_MONOTONIC);
        pid_t child = run(argv, &told);
        read_port(told);
        nodes[i].main_runs_us = time_us(CLOCK_MONOTONIC) - begin;
        want("wait", waitpid(child, NULL, 0), child);
    }
    report("process", "", nodes, offsetof(struct idle_node, main_runs_us), "us");
}

static void
measure_scrypt(void)
{
    static struct idle_node nodes[RUNS];
    for (int i = 0; i < RUNS; i++) {
        struct cyi_secrets *secrets;
        static const char *const password = "0123456789abcdef0123456789abcdef";
        double begin = time_us(CLOCK_MONOTONIC);
        want("scrypt", cyi_secrets_make(&secrets, &password, 1, CYI_SECRET_COST_LOG2), 0);
        nodes[i].main_runs_us = time_us(CLOCK_MONOTONIC) - begin;
        cyi_secrets_free(&secrets);
    }
    report("scrypt", "", nodes, offsetof(struct idle_node, main_runs_us), "us");
}

static void
with_secret(void)
{
    char path[] = "/tmp/bench_node.XXXXXX", option[sizeof path + 16];
    static const char text[] = "0123456789abcdef0123456789abcdef\n";
    int fd = mkstemp(path);
    want("file", write(fd, text, sizeof text - 1), sizeof text - 1);
    close(fd);
    snprintf(option, sizeof option, "--secret-file=%s", path);
    measure_nodes("\"secret\":true,", option);
    unlink(path);
}

int
main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "node") == 0)
        return be_a_node(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "process") == 0)
        return be_a_process();
    measure_processes();
    measure_scrypt();
    measure_nodes("\"secret\":false,", NULL);
    with_secret();
    return 0;
}
