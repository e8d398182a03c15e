/*
 * probe.c - a node to be driven from outside: a command per line in, an event per line out.
 *
 *     cluster_probe [OPTIONS] BOX      a task named BOX takes messages
 *
 * Each line begins with the microseconds of the monotonic clock, which all processes of the
 * machine share. Commands run as tasks of their own, so one that waits holds no other up.
 */
#include <cycos/file.h>
#include <cycos/mailbox.h>
#include <cycos/peer.h>
#include <cycos/pool.h>
#include <cycos/registry.h>
#include <cycos/run.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT = 1, NUMBER, LAST };
enum { LINE_BYTES = 512, WORDS = 8, KNOWN_MAX = 32, STREAMS_MAX = 16, PEERS_MAX = 64 };

static const char *const NO_WORDS[WORDS + 1];
static const struct cy_task_options DAEMON = {.daemon = true};

struct line {
    char text[LINE_BYTES];
    bool end;
};

/* What was located, by the word that the test calls it. */
static struct known {
    char name[64];
    cy_ref ref;
} all_known[KNOWN_MAX];

static bool halted;

CY_PRINTF(1, 2)
static void
say(const char *format, ...)
{
    char text[4096];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    printf("%lld %s\n", (long long) (cy_now() / CY_MICROSECOND), text);
}

static const char *
outcome(int rc)
{
    return rc == 0 ? "OK" : cy_errname(rc);
}

static cy_time
seconds(const char *word)
{
    return cy_after((word != NULL ? strtol(word, NULL, 10) : 60) * CY_SECOND);
}

static cy_ref
known(const char *name)
{
    for (int i = 0; name != NULL && i < KNOWN_MAX; i++) {
        if (strcmp(all_known[i].name, name) == 0)
            return all_known[i].ref;
    }
    return CY_NOBODY;
}

static void
remember(const char *name, cy_ref ref)
{
    for (int i = 0; i < KNOWN_MAX; i++) {
        struct known *at = &all_known[i];
        if (at->name[0] != '\0' && strcmp(at->name, name) != 0)
            continue;
        snprintf(at->name, sizeof at->name, "%s", name);
        at->ref = ref;
        return;
    }
}

/* locate ALIAS NAME [SECONDS [HOST PORT]] */
static void
locate(const char *const *words)
{
    cy_location location, *at = NULL;
    cy_ref ref;
    int rc = 0;
    if (words[5] != NULL) {
        rc = cy_location_resolve(&location, words[4], (uint16_t) strtol(words[5], NULL, 10),
                                 seconds(words[3]));
        at = &location;
    }
    if (rc == 0)
        rc = cy_task_locate(&ref, words[2], at, seconds(words[3]));
    if (rc == 0)
        remember(words[1], ref);
    say("locate %s %s", words[1], outcome(rc));
}

/* send ALIAS TEXT */
static void
send_text(const char *const *words)
{
    int rc = cy_send_bytes(known(words[1]), TEXT, words[2], strlen(words[2]));
    say("send %s %s", words[1], outcome(rc));
}

/* deliver ALIAS TEXT [SECONDS] */
static void
deliver(const char *const *words)
{
    cy_msg *msg;
    int rc = cy_msg_copy(&msg, TEXT, words[2], strlen(words[2]));
    if (rc == 0 && (rc = cy_deliver(known(words[1]), &msg, seconds(words[3]))) < 0)
        cy_msg_free(&msg);
    if (rc >= 0)
        say("deliver %s %d", words[1], rc);
    else
        say("deliver %s %s", words[1], cy_errname(rc));
}

/* monitor ALIAS: and later the line of its end */
static void
monitor(const char *const *words)
{
    static const char *const REASONS[] = {"normal", "error", "terminated", "node-down",
                                          "no-task"};
    struct cy_exit ended;
    cy_msg *msg;
    int rc = cy_monitor(known(words[1]));
    say("monitor %s %s", words[1], outcome(rc));
    if (rc != 0 || cy_receive(&msg, CY_FOREVER) != 0)
        return;
    if (cy_exit_read(&ended, msg) == 0)
        say("exit %s %s", words[1], REASONS[ended.reason]);
    cy_msg_free(&msg);
}

/* stream ALIAS COUNT GAP_US: numbered messages, whose order and number the box checks */
static void
stream(const char *const *words)
{
    uint64_t count = strtoull(words[2], NULL, 10);
    cy_time gap = strtol(words[3], NULL, 10) * CY_MICROSECOND;
    int rc = 0;
    for (uint64_t i = 1; i <= count && (rc == 0 || rc == -EAGAIN);) {
        rc = cy_send_bytes(known(words[1]), i == count ? LAST : NUMBER, &i, sizeof i);
        i += rc == 0;
        if ((rc == -EAGAIN || gap > 0) && cy_sleep(rc != 0 ? CY_MILLISECOND : gap) != 0)
            return;
    }
    say("stream %s %s", words[1], outcome(rc));
}

/* pump ALIAS: deliver until `halt`, some 500 times a second */
static void
pump(const char *const *words)
{
    uint64_t delivered = 0, failed = 0;
    cy_time slowest = 0;
    halted = false;
    while (!halted) {
        cy_time begin = cy_now();
        cy_msg *msg;
        int rc;
        if ((rc = cy_msg_copy(&msg, NUMBER, &delivered, sizeof delivered)) == 0 &&
            (rc = cy_deliver(known(words[1]), &msg, cy_after(CY_MINUTE))) < 0)
            cy_msg_free(&msg);
        delivered += rc == 1;
        failed += rc != 1;
        if (cy_now() - begin > slowest)
            slowest = cy_now() - begin;
        if (cy_sleep(2 * CY_MILLISECOND) != 0)
            return;
    }
    say("pump %s delivered %llu failed %llu slowest-ms %lld", words[1],
        (unsigned long long) delivered, (unsigned long long) failed,
        (long long) (slowest / CY_MILLISECOND));
}

static void
halt(const char *const *words)
{
    (void) words;
    halted = true;
}

/* task NAME: one more, which ends when it gets a message */
static void
task(const char *const *words)
{
    cy_msg *msg;
    int rc = cy_task_register(words[1]);
    say("task %s %s", words[1], outcome(rc));
    if (rc == 0 && cy_receive(&msg, CY_FOREVER) == 0)
        cy_msg_free(&msg);
}

/* add HOST PORT [SECONDS [broadcast]] */
static void
add(const char *const *words)
{
    struct cy_peer_options options = {.broadcast = words[3] != NULL && words[4] != NULL};
    cy_location location;
    int rc = cy_location_resolve(&location, words[1], (uint16_t) strtol(words[2], NULL, 10),
                                 seconds(words[3]));
    if (rc == 0)
        rc = cy_peer_add(&location, &options, seconds(words[3]));
    say("add %s %s", words[1], outcome(rc));
}

/* find NAME [SECONDS]: a core by its name */
static void
find(const char *const *words)
{
    char where[CY_LOCATION_TEXT_MAX] = "-";
    cy_location location;
    int rc = cy_peer_locate(&location, words[1], seconds(words[2]));
    if (rc == 0)
        cy_location_format(where, sizeof where, &location);
    say("find %s %s %s", words[1], outcome(rc), where);
}

static void
list_peers(const char *const *words)
{
    struct cy_peer peers[PEERS_MAX];
    char text[PEERS_MAX * (CY_PEER_NAME_MAX + 1)] = "";
    uint32_t count = cy_peer_list(peers, PEERS_MAX);
    size_t at = 0;
    (void) words;
    for (uint32_t i = 0; i < count && i < PEERS_MAX; i++)
        at += (size_t) snprintf(text + at, sizeof text - at, " %s", peers[i].name);
    say("peers %u%s", count, text);
}

/* file_put HOST PORT PATH [DIR] */
static void
file_put(const char *const *words)
{
    static const char *const RESULTS[] = {"sent", "same", "differs"};
    cy_location to;
    int rc = cy_location_resolve(&to, words[1], (uint16_t) strtol(words[2], NULL, 10),
                                 seconds(NULL));
    if (rc == 0)
        rc = cy_file_send(&to, words[3], words[4], 0, NULL, seconds(NULL));
    say("file_put %s %s", words[1], rc >= 0 ? RESULTS[rc] : cy_errname(rc));
}

/* file_rm HOST PORT NAME [DIR] */
static void
file_rm(const char *const *words)
{
    cy_location from;
    int rc = cy_location_resolve(&from, words[1], (uint16_t) strtol(words[2], NULL, 10),
                                 seconds(NULL));
    if (rc == 0)
        rc = cy_file_delete(&from, words[3], words[4], seconds(NULL));
    say("file_rm %s %s", words[1], outcome(rc));
}

static const struct command {
    const char *name;
    int words; /* at least, with its own */
    void (*run)(const char *const *words);
} COMMANDS[] = {
    {"locate", 3, locate},   {"send", 3, send_text},   {"deliver", 3, deliver},
    {"monitor", 2, monitor}, {"stream", 4, stream},    {"pump", 2, pump},
    {"halt", 1, halt},       {"task", 2, task},        {"add", 3, add},
    {"find", 2, find},       {"peers", 1, list_peers}, {"file_put", 4, file_put},
    {"file_rm", 4, file_rm},
};

static int
run_command(void *arg)
{
    char *line = arg, *rest = line, *word;
    const char *words[WORDS + 1];
    int count = 0;
    memcpy(words, NO_WORDS, sizeof words);
    while (count < WORDS && (word = strsep(&rest, " ")) != NULL)
        words[count++] = word;
    const struct command *command = COMMANDS,
                         *end = command + sizeof COMMANDS / sizeof *command;
    while (command < end && strcmp(command->name, words[0]) != 0)
        command++;
    if (command < end && count >= command->words)
        command->run(words);
    else
        say("unknown %s", words[0]);
    free(line);
    return 0;
}

/* What has come of one sender's numbers. */
struct received {
    cy_ref from;
    uint64_t count, wrong;
};

static struct received *
received_of(struct received *all, cy_ref from)
{
    struct received *at = all;
    while (at < all + STREAMS_MAX - 1 && !cy_ref_is_nobody(at->from) &&
           !cy_ref_equal(at->from, from))
        at++;
    at->from = from;
    return at;
}

static void
note_number(struct received *all, const cy_msg *msg)
{
    struct received *at = received_of(all, cy_msg_sender(msg));
    uint64_t number;
    memcpy(&number, cy_msg_body(msg), sizeof number);
    at->count++;
    at->wrong += number != at->count;
    if (cy_msg_tag(msg) == LAST) {
        say("streamed %llu wrong %llu", (unsigned long long) at->count,
            (unsigned long long) at->wrong);
        *at = (struct received){.count = 0};
    }
}

static int
box(void *arg)
{
    struct received all[STREAMS_MAX] = {{.count = 0}};
    cy_msg *msg;
    int rc = cy_task_register(arg);
    for (say("box %s", outcome(rc)); rc == 0 && (rc = cy_receive(&msg, CY_FOREVER)) == 0;) {
        if (cy_msg_tag(msg) == TEXT)
            say("got %.*s", (int) cy_msg_size(msg), (const char *) cy_msg_body(msg));
        else
            note_number(all, msg);
        cy_msg_free(&msg);
    }
    return rc;
}

static int
watch(void *arg)
{
    struct cy_peer peer;
    cy_msg *msg;
    (void) arg;
    int rc = cy_peer_watch(cy_self());
    while (rc == 0 && (rc = cy_receive(&msg, CY_FOREVER)) == 0) {
        char where[CY_LOCATION_TEXT_MAX];
        if (cy_peer_read(&peer, msg) == 0) {
            cy_location_format(where, sizeof where, &peer.location);
            say("%s %s %s", peer.online ? "online" : "offline", peer.name, where);
        }
        cy_msg_free(&msg);
    }
    return rc;
}

/* On a thread of the pool: standard input blocks. */
static int
read_line(void *arg)
{
    struct line *line = arg;
    line->end = fgets(line->text, sizeof line->text, stdin) == NULL;
    line->text[strcspn(line->text, "\n")] = '\0';
    return 0;
}

static int
obey(void *arg)
{
    struct line line = {.end = false};
    char here[CY_LOCATION_TEXT_MAX];
    cy_location self = cy_self_location();
    cy_location_format(here, sizeof here, &self);
    int rc = cy_task_spawn(NULL, watch, NULL, &DAEMON);
    if (rc == 0)
        rc = cy_task_spawn(NULL, box, arg, &DAEMON);
    for (say("ready %s", here); rc == 0;) {
        rc = cy_blocking(NULL, read_line, &line);
        if (rc != 0 || line.end || strcmp(line.text, "exit") == 0)
            break;
        char *copy = strdup(line.text);
        if (copy == NULL || (rc = cy_task_spawn(NULL, run_command, copy, &DAEMON)) != 0)
            free(copy);
    }
    return rc != 0;
}

int
main(int argc, char **argv)
{
    struct cy_options options;
    cy_options_init(&options);
    options.network = cy_network();
    options.cores = 1;
    options.pin = false;
    if (cy_options_parse(&options, &argc, argv) < 0 || argc != 2)
        return fprintf(stderr, "%s\n", options.error), 2;
    setvbuf(stdout, NULL, _IOLBF, 0);
    int status = cy_run(&options, obey, argv[1]);
    if (status < 0)
        fprintf(stderr, "%s: %s\n", argv[0], options.error);
    cy_options_fini(&options);
    return status < 0 ? 1 : status;
}
