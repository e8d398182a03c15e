/*
 * bench_file.c - files between two processes on this host, beside a plain sendfile program.
 *
 *     bench_file [MIB [FILES [FOLDER [NAME [WAY]]]]]   1024, 10000, the temporary folder, all
 *
 * A child takes, this process gives. `raw` is what one writes in an afternoon: the size, then
 * sendfile(); on the other side read(), write() into a new file, fsync(), and a byte back. No
 * hash, no temporary name, no rename. `many` is small files, one after the other or from eight
 * tasks at a time. Where `sync` is false nobody waits for the disk. `beside` is how long it
 * takes to deliver a message, there and back, while so many files of 64 MiB go the same way.
 * `raw_hash` is the plain program that hashes at both ends as we do: what it reaches is what
 * the processors can do, and no program that does not trust the network can do more.
 */
#include <cycos/certificate.h>
#include <cycos/file.h>
#include <cycos/mailbox.h>
#include <cycos/peer.h>
#include <cycos/run.h>
#include <cycos/task.h>

#include "file_hash.h"
#include "sha256.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RUNS = 5, SMALL = 4096, TASKS = 8, PIECE = 256 << 10 };
enum { BESIDE_MIB = 64, BESIDE_MAX = 16, TRIPS = 20000, TRIPS_MAX = 1 << 20 };

struct plan {
    const char *name;
    bool secret, sync, many;
    int tasks; /* 0: the plain program */
    bool tls, beside, hash;
};

/* What the child tells of itself. */
struct told {
    cy_location location;
    cy_ref sink;
};

static long big_mib = 1024, small_files = 10000;
static char base[200], from[256], to[256], secret_file[256];
static char certificate_file[256];
static struct told taker;
static int raw_socket;
static long turn = -1; /* number of the run */

static void
want(const char *what, long rc, long wanted)
{
    if (rc == wanted)
        return;
    fprintf(stderr, "bench_file: %s: %s\n", what, cy_strerror(rc < 0 ? (int) rc : -EIO));
    exit(1);
}

static double
seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static void
path_of(char out[320], const char *folder, long number)
{
    snprintf(out, 320, "%s/f%ld", folder, number);
}

static void
make_file(long number, size_t size)
{
    static uint8_t bytes[1 << 20];
    char path[320];
    path_of(path, from, number);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t) (i * 2654435761U >> 16) ^ (uint8_t) number;
    for (size_t at = 0; at < size; at += sizeof bytes) {
        size_t n = size - at < sizeof bytes ? size - at : sizeof bytes;
        want("write", write(fd, bytes, n), (long) n);
    }
    close(fd);
}

/* Where this run's files go: a folder of its own. */
static void
taken_path(char out[320], long in_turn, long number)
{
    snprintf(out, 320, "%s/r%ld/f%ld", to, in_turn, number);
}

static void
empty_folder(const struct plan *plan, long of_turn)
{
    char path[320];
    for (long i = 0; i < (plan->many ? small_files : BESIDE_MAX); i++) {
        taken_path(path, of_turn, i);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/r%ld", to, of_turn);
    rmdir(path);
}

/*
 * Small files stay until the last run is over: ext4 without a journal is slow to give out
 * inodes that were in use a moment ago, which is nothing that a user has.
 */
static void
begin_turn(const struct plan *plan)
{
    char path[320];
    if (!plan->many)
        empty_folder(plan, turn);
    turn++;
    snprintf(path, sizeof path, "%s/r%ld", to, turn);
    want("folder", mkdir(path, 0700), 0);
    sync(); /* what the last run has left to write is not this one's */
}

static void
remove_taken(const struct plan *plan)
{
    for (; turn >= 0; turn--)
        empty_folder(plan, turn);
}

/* The plain program. */

static void
take_raw(int socket, const struct plan *plan)
{
    static uint8_t buffer[PIECE], hash[2][CYI_CRYPTO_HASH];
    uint64_t head[3]; /* number, size, turn */
    while (recv(socket, head, sizeof head, MSG_WAITALL) == sizeof head) {
        char path[320];
        taken_path(path, (long) head[2], (long) head[0]);
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
        struct cyi_file_hash state;
        cyi_file_hash_init(&state, cyi_sha256_has_instructions());
        for (uint64_t left = head[1]; left > 0;) {
            size_t most = left < PIECE ? left : PIECE;
            ssize_t n = recv(socket, buffer, most, plan->hash ? MSG_WAITALL : 0);
            want("raw receive", n > 0, 1);
            if (plan->hash)
                cyi_file_hash_update(&state, buffer, (size_t) n);
            want("raw write", write(fd, buffer, (size_t) n), n);
            left -= (uint64_t) n;
        }
        if (plan->hash) {
            cyi_file_hash_final(hash[0], &state);
            want("raw hash", recv(socket, hash[1], sizeof hash[1], MSG_WAITALL),
                 sizeof hash[1]);
            want("raw same", memcmp(hash[0], hash[1], sizeof hash[0]), 0);
        }
        if (plan->sync)
            want("raw sync", fsync(fd), 0);
        close(fd);
        want("raw answer", send(socket, buffer, 1, 0), 1);
    }
    exit(0);
}

/* The next bytes, before they go: sendfile() then finds them in memory. */
static void
hash_raw(struct cyi_file_hash *state, int fd, size_t size)
{
    static uint8_t buffer[PIECE];
    ssize_t n = pread(fd, buffer, size, (off_t) state->size);
    want("raw read", n, (long) size);
    cyi_file_hash_update(state, buffer, size);
}

static void
give_raw(long number, uint64_t size, bool with_hash)
{
    struct cyi_file_hash state;
    uint8_t hash[CYI_CRYPTO_HASH];
    cyi_file_hash_init(&state, cyi_sha256_has_instructions());
    char path[320], answer;
    uint64_t head[3] = {(uint64_t) number, size, (uint64_t) turn};
    path_of(path, from, number);
    int fd = open(path, O_RDONLY);
    want("raw head", send(raw_socket, head, sizeof head, MSG_MORE), sizeof head);
    for (uint64_t left = size; left > 0;) {
        size_t most = with_hash && left > PIECE ? PIECE : left;
        if (with_hash && state.size == size - left)
            hash_raw(&state, fd, most);
        ssize_t n =
            sendfile(raw_socket, fd, NULL, with_hash ? state.size - (size - left) : most);
        want("raw send", n > 0, 1);
        left -= (uint64_t) n;
    }
    if (with_hash) {
        cyi_file_hash_final(hash, &state);
        want("raw hash", send(raw_socket, hash, sizeof hash, 0), sizeof hash);
    }
    want("raw answer", recv(raw_socket, &answer, 1, 0), 1);
    close(fd);
}

/* Ours. */

static void
give(const struct plan *plan, long number)
{
    char path[320];
    path_of(path, from, number);
    if (plan->tasks == 0) {
        give_raw(number, plan->many ? SMALL : (uint64_t) big_mib << 20, plan->hash);
        return;
    }
    uint32_t flags = plan->sync ? 0 : CY_FILE_RELAXED;
    char folder[32];
    snprintf(folder, sizeof folder, "r%ld", turn);
    want("send", cy_file_send(&taker.location, path, folder, flags, NULL, CY_FOREVER),
         CY_FILE_SENT);
}

struct share {
    const struct plan *plan;
    long next;
};

static int
give_share(void *arg)
{
    struct share *share = arg;
    while (share->next < small_files)
        give(share->plan, share->next++);
    return 0;
}

static void
give_many(const struct plan *plan)
{
    struct share share = {.plan = plan};
    struct cy_task_options options = {.joinable = true};
    cy_ref tasks[TASKS];
    if (plan->tasks <= 1) {
        give_share(&share);
        return;
    }
    for (int i = 0; i < plan->tasks; i++)
        want("spawn",
             cy_task_spawn_on(&tasks[i], cy_core_index(), give_share, &share, &options), 0);
    for (int i = 0; i < plan->tasks; i++)
        want("join", cy_join(NULL, tasks[i], CY_FOREVER), 0);
}

static int
compare(const void *a, const void *b)
{
    double x = *(const double *) a, y = *(const double *) b;
    return (x > y) - (x < y);
}

static void
print(const struct plan *plan, double took[RUNS])
{
    double scale =
        plan->many ? (double) small_files : (double) ((uint64_t) big_mib << 20) / 1e9;
    const char *unit = plan->many ? "per_second" : "gb_per_second";
    qsort(took, RUNS, sizeof took[0], compare);
    printf(
        "{\"bench\":\"file.%s\",\"secret\":%s,\"tls\":%s,\"sync\":%s,\"tasks\":%d,\"%s\":%.3f,"
        "\"%s_min\":%.3f,\"%s_max\":%.3f}\n",
        plan->name, plan->secret ? "true" : "false", plan->tls ? "true" : "false",
        plan->sync ? "true" : "false", plan->tasks, unit, scale / took[RUNS / 2], unit,
        scale / took[RUNS - 1], unit, scale / took[0]);
    fflush(stdout);
}

static int
measure(void *arg)
{
    const struct plan *plan = arg;
    double took[RUNS];
    for (int i = -1; i < RUNS; i++) {
        begin_turn(plan);
        double begin = seconds();
        if (plan->many)
            give_many(plan);
        else
            give(plan, 0);
        if (i >= 0)
            took[i] = seconds() - begin;
    }
    remove_taken(plan);
    print(plan, took);
    return 0;
}

/* Files and messages. */

struct load {
    int going;
    struct share share;
};

static int
give_one(void *arg)
{
    struct load *load = arg;
    give(load->share.plan, load->share.next++);
    load->going--;
    return 0;
}

static double
trip(void)
{
    cy_msg *msg;
    double begin = seconds();
    want("message", cy_msg_copy(&msg, 1, "x", 1), 0);
    want("deliver", cy_deliver(taker.sink, &msg, CY_FOREVER), 1);
    return (seconds() - begin) * 1e6;
}

static void
print_trips(const struct plan *plan, double *us, long count, double took)
{
    qsort(us, (size_t) count, sizeof *us, compare);
    printf("{\"bench\":\"file.beside\",\"way\":\"%s\",\"transfers\":%d,\"trips\":%ld,"
           "\"us\":%.1f,\"us_p99\":%.1f,\"us_max\":%.1f,\"gb_per_second\":%.3f}\n",
           plan->tls      ? "tls"
           : plan->secret ? "secret"
                          : "plain",
           plan->tasks, count, us[count / 2], us[count - 1 - count / 100], us[count - 1],
           plan->tasks * (double) (BESIDE_MIB << 20) / 1e9 / took);
    fflush(stdout);
}

static int
measure_beside(void *arg)
{
    static double us[TRIPS_MAX];
    const struct plan *plan = arg;
    struct load load = {.going = plan->tasks, .share.plan = plan};
    long count = 0;
    begin_turn(plan);
    trip(); /* the link stands */
    double begin = seconds();
    for (int i = 0; i < plan->tasks; i++)
        want("spawn", cy_task_spawn_on(NULL, cy_core_index(), give_one, &load, NULL), 0);
    while (count < TRIPS_MAX && (load.going > 0 || (plan->tasks == 0 && count < TRIPS)))
        us[count++] = trip();
    print_trips(plan, us, count, seconds() - begin);
    while (load.going > 0)
        want("sleep", cy_sleep(CY_MILLISECOND), 0);
    remove_taken(plan);
    return 0;
}

static void
fill_options(struct cy_options *options, const struct plan *plan)
{
    static const char *const here[] = {"127.0.0.1"};
    static const char *secret[1];
    secret[0] = secret_file;
    cy_options_init(options);
    options->network = cy_network();
    options->cores = 1;
    options->pin = false;
    options->node = (struct cy_option_list){here, 1};
    options->discover_peers = false;
    options->dest_path = to;
    options->stall_ns = 0;
    options->log_level = CY_LOG_ERROR;
    options->handle_signals = false;
    if (plan->tls)
        options->certfile = certificate_file;
    if (plan->secret)
        options->secret_file = (struct cy_option_list){secret, 1};
}

static void
drop(void *state, cy_msg **msg)
{
    (void) state;
    cy_msg_free(msg);
}

static int
stand_by(void *arg)
{
    struct told self = {.location = cy_self_location()};
    want("sink", cy_handler_spawn(&self.sink, drop, NULL, NULL), 0);
    want("tell", write(*(int *) arg, &self, sizeof self), sizeof self);
    return cy_sleep(CY_HOUR);
}

static void
connect_raw(int fd[2])
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    want("bind", bind(listener, (struct sockaddr *) &at, size) | listen(listener, 1), 0);
    want("local", getsockname(listener, (struct sockaddr *) &at, &size), 0);
    fd[0] = socket(AF_INET, SOCK_STREAM, 0);
    want("connect", connect(fd[0], (struct sockaddr *) &at, size), 0);
    fd[1] = accept(listener, NULL, NULL);
    close(listener);
}

static void
run_child(const struct plan *plan, int out, int socket)
{
    struct cy_options options;
    if (plan->tasks == 0 && !plan->beside)
        take_raw(socket, plan);
    fill_options(&options, plan);
    exit(cy_run(&options, stand_by, &out));
}

static void
run(struct plan *plan)
{
    struct cy_options options;
    int ends[2], fd[2];
    want("pipe", pipe(ends), 0);
    connect_raw(fd);
    pid_t child = fork();
    if (child == 0) {
        close(fd[0]);
        run_child(plan, ends[1], fd[1]);
    }
    close(fd[1]);
    raw_socket = fd[0];
    if (plan->tasks == 0 && !plan->beside) {
        measure(plan);
    } else {
        want("told", read(ends[0], &taker, sizeof taker), sizeof taker);
        fill_options(&options, plan);
        options.dest_path = from;
        want("run", cy_run(&options, plan->beside ? measure_beside : measure, plan), 0);
        cy_options_fini(&options);
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(fd[0]);
    close(ends[0]);
    close(ends[1]);
}

static void
make_world(const char *folder)
{
    snprintf(base, sizeof base, "%s/bench_file_XXXXXX", folder);
    if (mkdtemp(base) == NULL)
        want("folder", -errno, 0);
    snprintf(from, sizeof from, "%s/from", base);
    snprintf(to, sizeof to, "%s/to", base);
    snprintf(secret_file, sizeof secret_file, "%s/secret", base);
    want("folders", mkdir(from, 0700) | mkdir(to, 0700), 0);
    int fd = open(secret_file, O_WRONLY | O_CREAT, 0600);
    want("secret", write(fd, "a secret of this bench\n", 23), 23);
    close(fd);
    snprintf(certificate_file, sizeof certificate_file, "%s/certificate", base);
    want("certificate", cy_certificate_create(certificate_file, NULL), 0);
}

static void
remove_world(void)
{
    char path[320];
    for (long i = 0; i < small_files || i < BESIDE_MAX; i++) {
        path_of(path, from, i);
        unlink(path);
    }
    for (int i = 0; i < 2; i++) { /* what is not complete lies in a folder of its own */
        snprintf(path, sizeof path, "%s/.cycos-%u", i == 0 ? from : to, (unsigned) geteuid());
        rmdir(path);
    }
    unlink(secret_file);
    unlink(certificate_file);
    want("remove", rmdir(from) | rmdir(to) | rmdir(base), 0);
}

static void
make_files(const struct plan *plan)
{
    size_t size = plan->many     ? SMALL
                  : plan->beside ? (size_t) BESIDE_MIB << 20
                                 : (size_t) big_mib << 20;
    long count = plan->many ? small_files : plan->beside ? plan->tasks : 1;
    for (long n = 0; n < count; n++)
        make_file(n, size);
}

/* `sync`, or how the connection is protected. */
static const char *
way_of(const struct plan *plan)
{
    return plan->sync ? "sync" : plan->tls ? "tls" : plan->secret ? "secret" : "plain";
}

int
main(int argc, char **argv)
{
    struct plan plans[] = {
        {.name = "raw", .sync = true},
        {.name = "raw_hash", .sync = true, .hash = true},
        {.name = "send", .sync = true, .tasks = 1},
        {.name = "raw"},
        {.name = "raw_hash", .hash = true},
        {.name = "send", .tasks = 1},
        {.name = "send", .tasks = 1, .secret = true},
        {.name = "send", .tasks = 1, .tls = true},
        {.name = "raw_many", .many = true},
        {.name = "many", .many = true, .tasks = 1},
        {.name = "many", .many = true, .tasks = TASKS},
        {.name = "many", .many = true, .tasks = TASKS, .secret = true},
        {.name = "many", .many = true, .tasks = TASKS, .tls = true},
        {.name = "raw_many", .many = true, .sync = true},
        {.name = "many", .many = true, .sync = true, .tasks = 1},
        {.name = "many", .many = true, .sync = true, .tasks = TASKS},
        {.name = "beside", .beside = true, .tasks = 0},
        {.name = "beside", .beside = true, .tasks = 1},
        {.name = "beside", .beside = true, .tasks = BESIDE_MAX},
        {.name = "beside", .beside = true, .tasks = 0, .secret = true},
        {.name = "beside", .beside = true, .tasks = 1, .secret = true},
        {.name = "beside", .beside = true, .tasks = BESIDE_MAX, .secret = true},
        {.name = "beside", .beside = true, .tasks = 0, .tls = true},
        {.name = "beside", .beside = true, .tasks = 1, .tls = true},
        {.name = "beside", .beside = true, .tasks = BESIDE_MAX, .tls = true},
    };
    const char *folder = getenv("TMPDIR");
    big_mib = argc > 1 ? strtol(argv[1], NULL, 10) : big_mib;
    small_files = argc > 2 ? strtol(argv[2], NULL, 10) : small_files;
    make_world(argc > 3 ? argv[3] : folder != NULL ? folder : "/tmp");
    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
        if (argc > 4 && strcmp(argv[4], plans[i].name) != 0)
            continue;
        if (argc > 5 && strcmp(argv[5], way_of(&plans[i])) != 0)
            continue;
        make_files(&plans[i]);
        run(&plans[i]);
    }
    remove_world();
    return 0;
}
