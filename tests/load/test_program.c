/* test_program.c - exit statuses, and what is said with them. */
#include "cy_test.h"
#include "peer.h"
#include "program.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char said[32768];

/* Runs the program with its output in said[]. */
static int
run(const char *a, const char *b, const char *c, const char *d)
{
    char words[5][300] = {"load"};
    const char *given[] = {a, b, c, d};
    char *argv[6] = {words[0]};
    int argc = 1;
    for (int i = 0; i < 4 && given[i] != NULL; i++, argc++) {
        snprintf(words[argc], sizeof words[argc], "%s", given[i]);
        argv[argc] = words[argc];
    }
    char path[] = "/tmp/load-program-XXXXXX";
    int file = mkstemp(path), out = dup(1), err = dup(2);
    fflush(NULL);
    dup2(file, 1);
    dup2(file, 2);
    int status = load_program(argc, argv);
    fflush(NULL);
    dup2(out, 1);
    dup2(err, 2);
    ssize_t size = pread(file, said, sizeof said - 1, 0);
    said[size > 0 ? size : 0] = '\0';
    close(out);
    close(err);
    close(file);
    unlink(path);
    return status;
}

static void
expect(int status, int expected, const char *words)
{
    CU_ASSERT_EQUAL(status, expected);
    if (strstr(said, words) == NULL)
        printf("said: %s\n", said);
    CU_ASSERT_PTR_NOT_NULL(strstr(said, words));
}

static void
help_lists_every_option(void)
{
    static const char *const options[] = {
        "--connections", "--pipeline", "--rate",   "--arrival",     "--stages",
        "--find-max",    "--slo",      "--verb",   "--subscribers", "--workers",
        "--[no-]books",  "worker",     "--assert", "--json",        "--hgrm",
        "--html",        "--seed",     "--cores"};
    CU_ASSERT_EQUAL(run("--help", NULL, NULL, NULL), LOAD_EXIT_OK);
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        CU_ASSERT_PTR_NOT_NULL(strstr(said, options[i]));
}

static void
wrong_use_is_status_2(void)
{
    expect(run(NULL, NULL, NULL, NULL), LOAD_EXIT_USAGE, "load: no target given; see --help\n");
    expect(run("kv://a", "kv://b", NULL, NULL), LOAD_EXIT_USAGE, "more than one target");
    expect(run("--speed", "kv://a", NULL, NULL), LOAD_EXIT_USAGE,
           "--speed: there is no such option");
    expect(run("--rate", "fast", "kv://a", NULL), LOAD_EXIT_USAGE, "--rate fast:");
    expect(run("--connections", "0", "kv://a", NULL), LOAD_EXIT_USAGE, "connections");
    expect(run("http://a", NULL, NULL, NULL), LOAD_EXIT_USAGE, "http://a: no target");
    expect(run("serve", "kv://a", NULL, NULL), LOAD_EXIT_USAGE, "serve kv://a:");
    expect(run("serve", NULL, NULL, NULL), LOAD_EXIT_USAGE, "neither a target nor a --name");
    expect(run("serve", "task://01234567890123456789012345678901234567890123456789012", NULL,
               NULL),
           LOAD_EXIT_USAGE, "a name of at most 51 bytes");
    expect(run("compare", "a.json", NULL, NULL), LOAD_EXIT_USAGE, "compare: two results");
}

static void
what_cannot_be_done_is_status_3(void)
{
    char target[60];
    snprintf(target, sizeof target, "tcp://127.0.0.1:%u", peer_free_port());
    expect(run("--cores", "1", target, NULL), LOAD_EXIT_CANNOT, "cannot load tcp://127.0.0.1:");
    expect(run("compare", "/nowhere/a", "/nowhere/b", NULL), LOAD_EXIT_CANNOT,
           "/nowhere/a: No such");
}

static void
a_run_that_answers_is_status_0_and_an_unwritable_file_3(void)
{
    struct peer peer;
    char target[60];
    peer_start(&peer, PEER_ECHO);
    snprintf(target, sizeof target, "tcp://127.0.0.1:%u", peer.port);
    expect(run("--duration=100ms", "--warmup=0s", "--connections=2", target), LOAD_EXIT_OK,
           "faults       0");
    expect(run("--duration=100ms", "--json=/nowhere/a.json", "--connections=2", target),
           LOAD_EXIT_CANNOT, "load: /nowhere/a.json: No such file");
    peer_stop(&peer);
}

static void
nothing_answered_is_status_1(void)
{
    struct peer peer;
    char target[60];
    peer_start(&peer, PEER_SILENT);
    snprintf(target, sizeof target, "tcp://127.0.0.1:%u", peer.port);
    expect(run("--duration=50ms", "--timeout=100ms", "--connections=1", target),
           LOAD_EXIT_FAILED, "load: the server's replies have faults");
    peer_stop(&peer);
}

CY_TEST_MAIN("load.program", CY_TEST(help_lists_every_option), CY_TEST(wrong_use_is_status_2),
             CY_TEST(what_cannot_be_done_is_status_3),
             CY_TEST(a_run_that_answers_is_status_0_and_an_unwritable_file_3),
             CY_TEST(nothing_answered_is_status_1))
