/*
 * fuzz_options.c - options from a file and from arguments: what is accepted, is valid and can
 * be written and read again; what is refused, says why.
 *
 * The input is the text of the file, a zero byte, and the arguments, each ended by one. With
 * two zero bytes behind the text, the file holds them, too.
 */
#define _GNU_SOURCE 1
#include "fuzz.h"
#include <cycos/options.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ARGUMENTS_MAX = 16, BYTES_MAX = 16 << 10 };

struct app {
    uint32_t port;
    uint64_t room;
    cy_time patience;
    int mode;
    bool quick;
    const char *title;
    struct cy_option_list users;
};

static const struct cy_option ROWS[] = {
    {"port", CY_OPTION_NUMBER, offsetof(struct app, port), 0, 65535, NULL, "a port", NULL},
    {"room", CY_OPTION_SIZE, offsetof(struct app, room), 16, 1 << 30, NULL, "a size", NULL},
    {"patience", CY_OPTION_DURATION, offsetof(struct app, patience), 0, CY_HOUR, NULL, "a time",
     NULL},
    {"mode", CY_OPTION_CHOICE, offsetof(struct app, mode), 0, 2, "slow|fast|odd", "a choice",
     NULL},
    {"quick", CY_OPTION_SWITCH, offsetof(struct app, quick), 0, 1, NULL, "a switch", NULL},
    {"title", CY_OPTION_STRING, offsetof(struct app, title), 0, 100, NULL, "a text", NULL},
    {"users", CY_OPTION_LIST, offsetof(struct app, users), 0, 5, "USER,...", "a list", NULL},
};

/* One reading: the node's options and those of an application. */
struct reading {
    struct cy_options options;
    struct app app;
    struct cy_option_set set;
};

static void
begin(struct reading *reading)
{
    memset(reading, 0, sizeof *reading);
    cy_options_init(&reading->options);
    reading->app.room = 1024;
    reading->set = (struct cy_option_set){.section = "app",
                                          .options = ROWS,
                                          .count = sizeof ROWS / sizeof *ROWS,
                                          .target = &reading->app};
}

/* Reads a file of this text and the arguments behind the first two. */
static int
parse(struct reading *reading, const void *text, size_t size, int *argc, char **argv)
{
    char path[64];
    int fd = memfd_create("options", MFD_CLOEXEC);
    if (fd < 0 || write(fd, text, size) != (ssize_t) size)
        abort();
    snprintf(path, sizeof path, "--config=/proc/self/fd/%d", fd);
    argv[0] = (char[]){"prog"};
    argv[1] = path;
    int r = cy_options_parse_with(&reading->options, &reading->set, argc, argv);
    close(fd);
    return r;
}

/* The values as a file; to be freed. */
static char *
written(struct reading *reading, size_t *size)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, size);
    if (out == NULL)
        abort();
    CY_ASSERT(cy_options_write_ini(&reading->options, &reading->set, out) == 0);
    fclose(out);
    return text;
}

static void
read_again(struct reading *reading)
{
    struct reading other;
    size_t size, again_size;
    char *argv[3] = {NULL}, *text = written(reading, &size);
    int argc = 2;
    begin(&other);
    CY_ASSERT(parse(&other, text, size, &argc, argv) == 0);
    char *again = written(&other, &again_size);
    CY_ASSERT(again_size == size && memcmp(again, text, size) == 0);
    free(again);
    free(text);
    cy_options_fini(&other.options);
}

/* Cuts the input behind the file into arguments. */
static int
split(char *text, size_t size, char **argv)
{
    int argc = 2;
    for (char *end = text + size; text < end && argc < ARGUMENTS_MAX; text += strlen(text) + 1)
        if (strstr(text, "config") == NULL) /* which would open any file of this machine */
            argv[argc++] = text;
    argv[argc] = NULL;
    return argc;
}

static void
expect_reason(int r, const char *error)
{
    size_t length = strlen(error);
    CY_ASSERT(r == -EINVAL || r == -E2BIG || r == -ENOMEM);
    CY_ASSERT(length > 0 && length < sizeof((struct cy_options *) NULL)->error);
    for (size_t i = 0; i < length; i++)
        CY_ASSERT((unsigned char) error[i] >= ' ' && error[i] != 0x7f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reading reading;
    char *argv[ARGUMENTS_MAX + 1];
    if (size > BYTES_MAX)
        return -1;
    char *copy = malloc(size + 1);
    if (copy == NULL)
        return -1;
    memcpy(copy, data, size);
    copy[size] = '\0';
    size_t file_size = strlen(copy), rest = file_size < size ? file_size + 1 : size;
    if (rest < size && copy[rest] == '\0')
        file_size = ++rest;
    int argc = split(copy + rest, size - rest, argv), before = argc;
    begin(&reading);
    int r = parse(&reading, data, file_size, &argc, argv);
    if (r == 0) {
        CY_ASSERT(argc >= 1 && argc < before && argv[argc] == NULL);
        CY_ASSERT(cy_options_check(&reading.options) == 0);
        read_again(&reading);
    } else {
        CY_ASSERT(argc == before);
        expect_reason(r, reading.options.error);
    }
    cy_options_fini(&reading.options);
    free(copy);
    return 0;
}
