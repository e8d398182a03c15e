#include "cy_test.h"
#include "os_file.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Files of the system behind the seam: what leads out of a folder, what must not replace. */

static char base[64];
static int root;

static struct cyi_os *
os(void)
{
    return cyi_os_linux();
}

static const struct cyi_file_ops *
files(void)
{
    return os()->file;
}

static char *
path_of(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", base, name);
    return path;
}

static void
put(const char *name, const char *text)
{
    int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    CU_ASSERT_EQUAL(write(fd, text, strlen(text)), (ssize_t) strlen(text));
    close(fd);
}

/* base/a/b, base/file, links to each of what a path must not lead through. */
static void
begin(void)
{
    snprintf(base, sizeof base, "/tmp/cy-os-file-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(base));
    CY_OK(mkdir(path_of("a"), 0755));
    CY_OK(mkdir(path_of("a/b"), 0755));
    put("file", "text");
    CY_OK(symlink("a", path_of("link")));
    CY_OK(symlink("/", path_of("out")));
    CY_OK(symlink("..", path_of("a/up")));
    root = files()->open_folder(os(), -1, base);
    CU_ASSERT_TRUE(root >= 0);
}

static void
end(void)
{
    char command[96];
    files()->close(os(), root);
    snprintf(command, sizeof command, "rm -rf %s", base);
    CY_OK(system(command));
}

typedef int opener(int folder, const char *path);

static int
by_the_seam(int folder, const char *path)
{
    return files()->open_folder(os(), folder, path);
}

static int
try(opener *open_folder, const char *path)
{
    int fd = open_folder(root, path);
    if (fd >= 0)
        files()->close(os(), fd);
    return fd >= 0 ? 0 : fd;
}

/* 0, or how many answers were wrong: also for a child that has no assertions. */
static int
count_wrong(opener *open_folder)
{
    static const struct {
        const char *path;
        int want;
    } CASES[] = {{"", 0},
                 {"a", 0},
                 {"a/b", 0},
                 {"a//b", 0},
                 {"none", -ENOENT},
                 {"a/none", -ENOENT},
                 {"file", -ENOTDIR},
                 {"link", -ELOOP},
                 {"link/b", -ELOOP},
                 {"a/up", -ELOOP},
                 {"a/up/a", -ELOOP},
                 {"out", -ELOOP},
                 {"..", -EXDEV},
                 {"/", -EXDEV},
                 {"/tmp", -EXDEV}};
    int wrong = 0;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        int got = try(open_folder, CASES[i].path);
        if (got == CASES[i].want)
            continue;
        printf("%s: %d, not %d\n", CASES[i].path, got, CASES[i].want);
        wrong++;
    }
    return wrong;
}

static void
opens_folders_beneath_another_only(void)
{
    begin();
    CU_ASSERT_EQUAL(count_wrong(by_the_seam), 0);
    end();
}

static void
walks_where_there_is_no_openat2(void)
{
    begin();
    CU_ASSERT_EQUAL(count_wrong(cyi_file_walk), 0);
    char name[300];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    CU_ASSERT_EQUAL(try(cyi_file_walk, name), -ENAMETOOLONG);
    CU_ASSERT_EQUAL(try(by_the_seam, name), -ENAMETOOLONG);
    CU_ASSERT_TRUE(try(cyi_file_walk, "a/../..") < 0);
    end();
}

/* From here on openat2() fails like that. */
static int
forbid_openat2(int error)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t) error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    struct sock_fprog program = {.len = 4, .filter = filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return -errno;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0 ? -errno : 0;
}

static void
run_forbidden(void *arg)
{
    int rc = forbid_openat2(*(const int *) arg);
    if (rc == -EINVAL) /* a kernel without such filters */
        exit(0);
    if (rc == 0 && syscall(SYS_openat2, root, ".", NULL, 0) != -1)
        rc = -EEXIST;
    exit(rc != 0 || count_wrong(by_the_seam) != 0);
}

static void
falls_back_when_a_sandbox_forbids_openat2(void)
{
    static const int ERRORS[] = {ENOSYS, EPERM};
    struct cy_test_child child;
    begin();
    for (size_t i = 0; i < 2; i++) {
        int error = ERRORS[i];
        CY_OK(cy_test_run_child(&child, run_forbidden, &error));
        CU_ASSERT_EQUAL(child.status, 0);
        if (child.status != 0)
            printf("%s", child.output);
    }
    end();
}

static void
renames_without_replacing_unless_it_may(void)
{
    struct cyi_file_info info;
    begin();
    put("other", "longer");
    CY_FAILS(files()->rename(os(), root, "other", root, "file", false), -EEXIST);
    CY_OK(files()->lookup(os(), root, "file", &info));
    CU_ASSERT_EQUAL(info.size, 4);
    CY_OK(files()->rename(os(), root, "other", root, "file", true));
    CY_OK(files()->lookup(os(), root, "file", &info));
    CU_ASSERT_EQUAL(info.size, 6);
    CY_OK(files()->rename(os(), root, "file", root, "new", false));
    CY_FAILS(files()->lookup(os(), root, "file", &info), -ENOENT);
    CY_FAILS(files()->rename(os(), root, "new", root, "a", true), -EISDIR);
    end();
}

static void
reads_and_writes_and_says_what_there_is(void)
{
    struct cyi_file_info info;
    char text[16] = "";
    uint64_t space;
    begin();
    int fd = files()->create(os(), root, "f", 0600);
    CU_ASSERT_EQUAL(files()->write(os(), fd, "hello", 5, 2), 5);
    CU_ASSERT_EQUAL(files()->read(os(), fd, text, 16, 4), 3);
    CU_ASSERT_STRING_EQUAL(text, "llo");
    CU_ASSERT_EQUAL(files()->read(os(), fd, text, 16, 7), 0);
    CY_OK(files()->truncate(os(), fd, 3));
    CY_OK(files()->sync(os(), fd));
    CY_OK(files()->set_info(os(), fd, 0640, -1)); /* a moment before 1970 */
    CY_OK(files()->info(os(), fd, &info));
    CU_ASSERT_EQUAL(info.size, 3);
    CU_ASSERT_EQUAL(info.mode, 0640);
    CU_ASSERT_EQUAL(info.mtime_ns, -1);
    CU_ASSERT_EQUAL(info.owner, geteuid());
    CU_ASSERT_EQUAL(info.kind, CYI_FILE_REGULAR);
    files()->close(os(), fd);
    CY_OK(files()->lookup(os(), root, "link", &info));
    CU_ASSERT_EQUAL(info.kind, CYI_FILE_LINK);
    CY_FAILS(files()->create(os(), root, "link", 0600), -ELOOP);
    CY_FAILS(files()->open_at(os(), root, "link"), -ELOOP);
    CY_OK(files()->space(os(), root, &space));
    CU_ASSERT_TRUE(space > 0);
    end();
}

static void
locks_against_others(void)
{
    begin();
    int first = files()->create(os(), root, "file", 0600);
    int second = files()->create(os(), root, "file", 0600);
    CY_OK(files()->lock(os(), first));
    CY_OK(files()->lock(os(), first));
    CY_FAILS(files()->lock(os(), second), -EWOULDBLOCK);
    files()->close(os(), first);
    CY_OK(files()->lock(os(), second));
    files()->close(os(), second);
    end();
}

/* A pipe without a writer would hang whoever opens it. */
static void
does_not_hang_on_a_pipe(void)
{
    struct cyi_file_info info;
    begin();
    CY_OK(mkfifo(path_of("pipe"), 0600));
    int fd = files()->open(os(), path_of("pipe"));
    CU_ASSERT_TRUE(fd >= 0);
    CY_OK(files()->info(os(), fd, &info));
    CU_ASSERT_EQUAL(info.kind, CYI_FILE_OTHER);
    files()->close(os(), fd);
    CY_FAILS(files()->open(os(), path_of("none")), -ENOENT);
    end();
}

static void
count_and_remove(const char *name, void *arg)
{
    ++*(int *) arg;
    if (files()->remove(os(), root, name) != 0)
        (void) files()->remove_folder(os(), root, name);
}

static void
lists_what_may_be_removed_meanwhile(void)
{
    int count = 0;
    begin();
    CY_FAILS(files()->remove_folder(os(), root, "a"), -ENOTEMPTY);
    CY_FAILS(files()->make_folder(os(), root, "a", 0700), -EEXIST);
    CY_OK(files()->list(os(), root, count_and_remove, &count));
    CU_ASSERT_EQUAL(count, 4); /* a, file, link, out */
    count = 0;
    CY_OK(files()->list(os(), root, count_and_remove, &count));
    CU_ASSERT_EQUAL(count, 1); /* a is not empty */
    end();
}

CY_TEST_MAIN("runtime.os_file", CY_TEST(opens_folders_beneath_another_only),
             CY_TEST(walks_where_there_is_no_openat2),
             CY_TEST(falls_back_when_a_sandbox_forbids_openat2),
             CY_TEST(renames_without_replacing_unless_it_may),
             CY_TEST(reads_and_writes_and_says_what_there_is), CY_TEST(locks_against_others),
             CY_TEST(does_not_hang_on_a_pipe), CY_TEST(lists_what_may_be_removed_meanwhile))
