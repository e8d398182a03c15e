/* file_ferry.c - two nodes of this process on the loopback: one gives, the other takes. */
#include "file_ferry.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct file_ferry ferry;

static const char *const loopback[] = {"127.0.0.1"};

static void
set_options(int which, const char *name)
{
    struct cy_options *options = &ferry.options[which];
    cy_node_options(options, 1);
    cyi_net_setup_init(&ferry.setup[which]);
    options->network = &ferry.setup[which].network;
    options->name = name;
    options->discover_peers = false;
    options->node = (struct cy_option_list){loopback, 1};
}

void
ferry_open(void)
{
    const char *folder = getenv("TMPDIR");
    snprintf(ferry.base, sizeof ferry.base, "%s/cy-file-XXXXXX",
             folder != NULL && strlen(folder) < 40 ? folder : "/tmp");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(ferry.base));
    snprintf(ferry.here, sizeof ferry.here, "%s/here", ferry.base);
    snprintf(ferry.there, sizeof ferry.there, "%s/there", ferry.base);
    CY_OK(mkdir(ferry.here, 0700));
    CY_OK(mkdir(ferry.there, 0700));
    set_options(0, "giver");
    set_options(1, "taker");
    ferry.options[1].dest_path = ferry.there;
    ferry.options[0].dest_path = ferry.here;
    atomic_store(&ferry.ready, false);
    atomic_store(&ferry.over, false);
}

/* The taker's only task. */
static int
stand_by(void *arg)
{
    (void) arg;
    ferry.to = cy_self_location();
    atomic_store(&ferry.ready, true);
    while (!atomic_load(&ferry.over))
        CY_CHECK_EQ(cy_sleep(CY_MILLISECOND), 0);
    return 0;
}

static void *
run_taker(void *arg)
{
    (void) arg;
    CY_CHECK_EQ(cy_run(&ferry.options[1], stand_by, NULL), 0);
    return NULL;
}

static int
run_test(void *arg)
{
    cy_task_fn *const *test = arg;
    while (!atomic_load(&ferry.ready))
        CY_CHECK_EQ(cy_sleep(CY_MILLISECOND), 0);
    int rc = (*test)(NULL);
    atomic_store(&ferry.over, true);
    return rc;
}

void
ferry_run(cy_task_fn *test)
{
    pthread_t thread;
    cy_node_begin_checks();
    CY_OK(pthread_create(&thread, NULL, run_taker, NULL));
    CY_OK(cy_run(&ferry.options[0], run_test, &test));
    CY_OK(pthread_join(thread, NULL));
    cy_node_assert_checks();
}

static void
remove_tree(const char *path)
{
    char inner[512];
    const struct dirent *entry;
    DIR *stream = opendir(path);
    while (stream != NULL && (entry = readdir(stream)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        if (unlink(inner) != 0)
            remove_tree(inner);
    }
    if (stream != NULL)
        closedir(stream);
    rmdir(path);
}

void
ferry_close(void)
{
    remove_tree(ferry.base);
    cy_options_fini(&ferry.options[0]);
    cy_options_fini(&ferry.options[1]);
}

void
ferry_test(cy_task_fn *test)
{
    ferry_open();
    ferry_run(test);
    ferry_close();
}

static uint8_t
byte_at(size_t i, uint32_t seed)
{
    uint64_t z = (i / 8 + seed * UINT64_C(1000003)) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint8_t) (z >> (8 + i % 8 * 7));
}

static void
fill(uint8_t *bytes, size_t n, size_t from, uint32_t seed)
{
    for (size_t i = 0; i < n; i++)
        bytes[i] = byte_at(from + i, seed);
}

const char *
ferry_file(const char *name, size_t size, uint32_t seed)
{
    static _Thread_local char path[256];
    static uint8_t bytes[1 << 16];
    snprintf(path, sizeof path, "%s/%s", ferry.here, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    CY_CHECK(fd >= 0);
    for (size_t at = 0; at < size;) {
        size_t n = size - at < sizeof bytes ? size - at : sizeof bytes;
        fill(bytes, n, at, seed);
        CY_CHECK_EQ(write(fd, bytes, n), n);
        at += n;
    }
    close(fd);
    return path;
}

const char *
ferry_there(const char *name)
{
    static _Thread_local char path[256];
    snprintf(path, sizeof path, "%s/%s", ferry.there, name);
    return path;
}

bool
ferry_has(const char *name, size_t size, uint32_t seed)
{
    static uint8_t got[1 << 16], want[1 << 16];
    struct stat info;
    bool same = true;
    int fd = open(ferry_there(name), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    same = fstat(fd, &info) == 0 && (size_t) info.st_size == size;
    for (size_t at = 0; same && at < size;) {
        ssize_t n = read(fd, got, sizeof got);
        same = n > 0;
        if (!same)
            break;
        fill(want, (size_t) n, at, seed);
        same = memcmp(got, want, (size_t) n) == 0;
        at += (size_t) n;
    }
    close(fd);
    return same;
}

void
ferry_put_there(const char *name, const char *text)
{
    int fd = open(ferry_there(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    CY_CHECK(fd >= 0);
    CY_CHECK_EQ(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

bool
ferry_exists(const char *name)
{
    struct stat info;
    return lstat(ferry_there(name), &info) == 0;
}

int
ferry_parts(void)
{
    char name[64];
    int n = 0;
    const struct dirent *entry;
    snprintf(name, sizeof name, ".cycos-%u", (unsigned) geteuid());
    DIR *stream = opendir(ferry_there(name));
    while (stream != NULL && (entry = readdir(stream)) != NULL)
        n += entry->d_name[0] != '.';
    if (stream != NULL)
        closedir(stream);
    return n;
}
