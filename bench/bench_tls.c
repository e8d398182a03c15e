/*
 * bench_tls.c - messages between two processes on this host over TLS, and in the clear.
 *
 * A child is the server, this process the client. Besides the time that passes, each line has
 * the processor time that either process spends per message: that is what a busy machine does
 * not change, and its inverse what a core can do. Cores do not spin here, or they would spend
 * all there is. bench/peers/wolfssl/bulk is plain wolfSSL.
 *
 * `record` is the record layer alone, in one process: what the other figures cannot go below.
 */
#include "tls.h"
#include <arpa/inet.h>
#include <cycos/certificate.h>
#include <cycos/mailbox.h>
#include <cycos/peer.h>
#include <cycos/run.h>
#include <cycos/task.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RUNS = 7, SMALL = 64, LARGE = 64 << 10 };

struct plan {
    const char *name;
    bool tls;
    uint32_t bytes;
    long count;
    int (*measure)(const struct plan *plan, long count);
};

static char folder[] = "/tmp/bench_tls_XXXXXX", file[64];
static cy_ref echo, sink;
static pid_t child;

static void
want(const char *what, long rc, long wanted)
{
    if (rc == wanted)
        return;
    fprintf(stderr, "bench_tls: %s: %s\n", what, cy_strerror((int) rc));
    exit(1);
}

static double
clock_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (double) t.tv_sec * 1e9 + (double) t.tv_nsec;
}

static void
reply_all(void *state, cy_msg **msg)
{
    cy_msg *reply;
    (void) state;
    want("copy", cy_msg_copy(&reply, 1, cy_msg_body(*msg), cy_msg_size(*msg)), 0);
    want("reply", cy_reply(*msg, &reply), 0);
    cy_msg_free(msg);
}

static void
drop_all(void *state, cy_msg **msg)
{
    (void) state;
    cy_msg_free(msg);
}

/* Tells the client by a pipe whom to send to, and serves until it is killed. */
static int
serve(void *arg)
{
    static const struct cy_task_options deep = {.mailbox_max = 1 << 20};
    cy_ref told[2];
    want("spawn", cy_handler_spawn(&told[0], reply_all, NULL, NULL), 0);
    want("spawn", cy_handler_spawn(&told[1], drop_all, NULL, &deep), 0);
    want("tell", write(*(int *) arg, told, sizeof told), sizeof told);
    return cy_suspend(CY_FOREVER);
}

static cy_msg *
message(uint32_t bytes)
{
    static char body[LARGE];
    cy_msg *msg = NULL;
    want("copy", cy_msg_copy(&msg, 1, body, bytes), 0);
    return msg;
}

static int
measure_call(const struct plan *plan, long count)
{
    for (long i = 0; i < count; i++) {
        cy_msg *reply, *msg = message(plan->bytes);
        want("call", cy_call(&reply, echo, &msg, CY_FOREVER), 0);
        cy_msg_free(&reply);
    }
    return 0;
}

static int
measure_oneway(const struct plan *plan, long count)
{
    static const char body[LARGE];
    long pause = plan->bytes == SMALL ? 256 : 4;
    int rc;
    for (long i = 0; i < count; i++) {
        while ((rc = cy_send_bytes(sink, 1, body, plan->bytes)) == -EAGAIN)
            want("sleep", cy_sleep(100 * CY_MICROSECOND), 0);
        want("send", rc, 0);
        if (i % pause == pause - 1)
            want("yield", cy_yield(), 0);
    }
    cy_msg *msg = message(plan->bytes);
    while ((rc = cy_deliver(sink, &msg, CY_FOREVER)) == -EAGAIN)
        want("sleep", cy_sleep(100 * CY_MICROSECOND), 0);
    want("deliver", rc, 1);
    return 0;
}

struct figure {
    double ns, here, there; /* passed, and spent by either process */
};

static int
compare(const void *a, const void *b)
{
    double x = ((const struct figure *) a)->ns, y = ((const struct figure *) b)->ns;
    return (x > y) - (x < y);
}

static int
compare_ns(const void *a, const void *b)
{
    double x = *(const double *) a, y = *(const double *) b;
    return (x > y) - (x < y);
}

static void
run_once(struct figure *out, const struct plan *plan, long count, clockid_t there)
{
    double n = (double) count;
    double begin = clock_ns(CLOCK_MONOTONIC);
    double spent_here = clock_ns(CLOCK_PROCESS_CPUTIME_ID), spent_there = clock_ns(there);
    want("measure", plan->measure(plan, count), 0);
    out->ns = (clock_ns(CLOCK_MONOTONIC) - begin) / n;
    out->here = (clock_ns(CLOCK_PROCESS_CPUTIME_ID) - spent_here) / n;
    out->there = (clock_ns(there) - spent_there) / n;
}

static int
measure(void *arg)
{
    const struct plan *plan = arg;
    struct figure figures[RUNS];
    clockid_t there;
    want("clock", clock_getcpuclockid(child, &there), 0);
    run_once(&figures[0], plan, plan->count / 10 + 1, there);
    for (int i = 0; i < RUNS; i++)
        run_once(&figures[i], plan, plan->count, there);
    qsort(figures, RUNS, sizeof figures[0], compare);
    const struct figure *middle = &figures[RUNS / 2];
    printf("{\"bench\":\"tls.%s\",\"tls\":%s,\"bytes\":%u,\"ns\":%.1f,\"ns_min\":%.1f,"
           "\"ns_max\":%.1f,\"cpu_ns_client\":%.1f,\"cpu_ns_server\":%.1f",
           plan->name, plan->tls ? "true" : "false", plan->bytes, middle->ns, figures[0].ns,
           figures[RUNS - 1].ns, middle->here, middle->there);
    if (plan->bytes == LARGE)
        printf(",\"mb_s\":%.0f,\"mb_cpu_s_client\":%.0f,\"mb_cpu_s_server\":%.0f",
               LARGE * 1e3 / middle->ns, LARGE * 1e3 / middle->here,
               LARGE * 1e3 / middle->there);
    puts("}");
    fflush(stdout);
    return 0;
}

/* The record layer. A session that has shaken hands seals frames; nobody opens them. */

static struct cyi_tls_context *context;
static cy_socket *listener;

static int
accept_one(void *arg)
{
    cy_socket *socket;
    struct cyi_tls *tls;
    (void) arg;
    want("accept", cy_tcp_accept(&socket, listener, CY_FOREVER), 0);
    want("session", cyi_tls_open(&tls, context, cyi_self, false), 0);
    want("shake", cyi_tls_shake(tls, socket, CY_FOREVER), 0);
    cyi_tls_close(&tls);
    cy_close(&socket);
    return 0;
}

/* `bytes` of a frame; the time is that of `per` of them. */
static void
seal_frames(struct cyi_tls *tls, uint32_t bytes, uint32_t per)
{
    static uint8_t frame[LARGE], out[LARGE + (1 << 10)];
    double ns[RUNS];
    long count = (256 << 20) / ((long) bytes + 1024);
    for (int run = 0; run < RUNS; run++) {
        double begin = clock_ns(CLOCK_THREAD_CPUTIME_ID);
        for (long i = 0; i < count; i++) {
            if (cyi_tls_seal(tls, out, sizeof out, frame, bytes) < (ssize_t) bytes)
                want("seal", -EIO, 0);
        }
        ns[run] = (clock_ns(CLOCK_THREAD_CPUTIME_ID) - begin) / (double) count * per / bytes;
    }
    qsort(ns, RUNS, sizeof ns[0], compare_ns);
    printf("{\"bench\":\"tls.record\",\"frame_bytes\":%u,\"bytes\":%u,\"ns\":%.1f,"
           "\"ns_min\":%.1f,\"ns_max\":%.1f}\n",
           bytes, per, ns[RUNS / 2], ns[0], ns[RUNS - 1]);
}

/* In the frames of `oneway` a message of 64 bytes takes 24 more; `bulk` fills its frames. */
static int
measure_records(void *arg)
{
    char why[256];
    cy_socket *socket;
    struct cyi_tls *tls;
    struct timespec now;
    cy_address address = {.u.v4 = {.sin_family = AF_INET}};
    address.u.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    clock_gettime(CLOCK_REALTIME, &now);
    want("context",
         cyi_tls_context_load(&context, arg, (cy_time) now.tv_sec * CY_SECOND, why, sizeof why),
         0);
    want("listen", cy_tcp_listen(&listener, &address, NULL), 0);
    want("local", cy_socket_local(&address, listener), 0);
    want("spawn", cy_task_spawn(NULL, accept_one, NULL, NULL), 0);
    want("connect", cy_tcp_connect(&socket, &address, CY_FOREVER), 0);
    want("session", cyi_tls_open(&tls, context, cyi_self, true), 0);
    want("shake", cyi_tls_shake(tls, socket, CY_FOREVER), 0);
    seal_frames(tls, 16 << 10, 16 << 10);
    seal_frames(tls, LARGE, 16 << 10);
    seal_frames(tls, 256 * (SMALL + 24), SMALL + 24);
    cyi_tls_close(&tls);
    cyi_tls_context_release(&context);
    cy_close(&socket);
    cy_close(&listener);
    return 0;
}

static void
pin_to(size_t cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    want("affinity", sched_setaffinity(0, sizeof set, &set), 0);
}

static void
fill_options(struct cy_options *options, const struct plan *plan)
{
    static const char *const here[] = {"127.0.0.1"};
    cy_options_init(options);
    options->network = cy_network();
    options->cores = 1;
    options->node = (struct cy_option_list){here, 1};
    options->discover_peers = false;
    options->stall_ns = 0;
    options->spin_ns = 0;
    options->log_level = CY_LOG_ERROR;
    options->certfile = plan->tls ? file : NULL;
}

static void
run_records(void)
{
    static const struct plan plan = {.tls = true};
    struct cy_options options;
    fill_options(&options, &plan);
    options.network = NULL;
    pin_to(0);
    want("run", cy_run(&options, measure_records, &options), 0);
    cy_options_fini(&options);
}

static void
run(struct plan *plan)
{
    struct cy_options options;
    cy_ref told[2];
    int ends[2];
    want("pipe", pipe(ends), 0);
    fill_options(&options, plan);
    child = fork();
    if (child == 0) {
        pin_to(1);
        exit(cy_run(&options, serve, &ends[1]));
    }
    pin_to(0);
    want("told", read(ends[0], told, sizeof told), sizeof told);
    echo = told[0];
    sink = told[1];
    want("run", cy_run(&options, measure, plan), 0);
    cy_options_fini(&options);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(ends[0]);
    close(ends[1]);
}

/* With an argument: the first of this name. */
int
main(int argc, char **argv)
{
    struct plan plans[] = {
        {"oneway", true, SMALL, 2000000, measure_oneway},
        {"oneway", false, SMALL, 2000000, measure_oneway},
        {"bulk", true, LARGE, 20000, measure_oneway},
        {"bulk", false, LARGE, 20000, measure_oneway},
        {"call", true, SMALL, 5000, measure_call},
        {"call", false, SMALL, 5000, measure_call},
    };
    want("folder", mkdtemp(folder) == NULL, 0);
    snprintf(file, sizeof file, "%s/certificate", folder);
    want("certificate", cy_certificate_create(file, NULL), 0);
    if (argc < 2 || strcmp(argv[1], "record") == 0)
        run_records();
    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
        if (argc > 1 && strcmp(argv[1], plans[i].name) != 0)
            continue;
        run(&plans[i]);
        if (argc > 1)
            break;
    }
    unlink(file);
    rmdir(folder);
    return 0;
}
