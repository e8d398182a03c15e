/*
 * os_file.c - files of Linux behind the os seam.
 *
 * What a peer names is opened beneath a folder only, with openat2(), which refuses symbolic
 * links and whatever leads out in one go. Where the kernel has no such call, or a sandbox
 * forbids it, the path is walked: each component is opened by itself and must be a folder.
 *
 * Tests: tests/runtime/test_os_file.c
 */
#include "os_file.h"
#include <cycos/base.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { TRIES = 8, NS = 1000000000 };

static inline int
result(int n)
{
    return n >= 0 ? n : -errno;
}

static inline ssize_t
length(ssize_t n)
{
    return n >= 0 ? n : -errno;
}

/* O_NONBLOCK: a pipe without a writer must not hang the thread; to a file it means nothing. */
static int
file_open(struct cyi_os *os, const char *path)
{
    (void) os;
    return result(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
}

static int
step(int folder, const char *name, size_t size)
{
    char component[NAME_MAX + 1];
    if (size > NAME_MAX)
        return -ENAMETOOLONG;
    memcpy(component, name, size);
    component[size] = '\0';
    if (strcmp(component, "..") == 0)
        return -EXDEV; /* as openat2() says it */
    int fd = result(openat(folder, component, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    /* Of a link Linux says that it is no folder; openat2(), that it is a link. */
    struct stat info;
    if (fd == -ENOTDIR && fstatat(folder, component, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISLNK(info.st_mode))
        return -ELOOP;
    return fd;
}

int
cyi_file_walk(int root, const char *path)
{
    size_t size;
    if (path[0] == '/')
        return -EXDEV;
    int fd = result(openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    while (fd >= 0 && (size = cyi_path_next(&path)) > 0) {
        int next = step(fd, path, size);
        close(fd);
        fd = next;
        path += size;
    }
    return fd;
}

/* A rename on the way makes the kernel unsure: -EAGAIN, and another try. */
static int
open_beneath(int root, const char *path)
{
    struct open_how how = {.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
                           .resolve =
                               RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    int fd = -EAGAIN;
    for (int i = 0; i < TRIES && fd == -EAGAIN; i++)
        fd = result((int) syscall(SYS_openat2, root, path, &how, sizeof how));
    return fd;
}

static int
file_open_folder(struct cyi_os *os, int root, const char *path)
{
    (void) os;
    if (root < 0)
        return result(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (path[0] == '\0')
        path = ".";
    int fd = open_beneath(root, path);
    return fd == -ENOSYS || fd == -EPERM ? cyi_file_walk(root, path) : fd;
}

static int
file_open_at(struct cyi_os *os, int folder, const char *name)
{
    (void) os;
    return result(openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
}

static int
file_create(struct cyi_os *os, int folder, const char *name, uint32_t mode)
{
    (void) os;
    return result(openat(folder, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK,
                         (mode_t) mode));
}

static void
file_close(struct cyi_os *os, int fd)
{
    (void) os;
    close(fd);
}

static int
file_lock(struct cyi_os *os, int fd)
{
    (void) os;
    return result(flock(fd, LOCK_EX | LOCK_NB));
}

static ssize_t
file_read(struct cyi_os *os, int fd, void *buffer, size_t size, uint64_t offset)
{
    (void) os;
    ssize_t n;
    do
        n = length(pread(fd, buffer, size, (off_t) offset));
    while (n == -EINTR);
    return n;
}

static ssize_t
file_write(struct cyi_os *os, int fd, const void *bytes, size_t size, uint64_t offset)
{
    (void) os;
    ssize_t n;
    do
        n = length(pwrite(fd, bytes, size, (off_t) offset));
    while (n == -EINTR);
    return n;
}

static int
file_truncate(struct cyi_os *os, int fd, uint64_t size)
{
    (void) os;
    return result(ftruncate(fd, (off_t) size));
}

static int
file_sync(struct cyi_os *os, int fd)
{
    (void) os;
    return result(fsync(fd));
}

static void
file_sync_ahead(struct cyi_os *os, int fd, uint64_t offset, uint64_t size)
{
    (void) os;
    (void) !sync_file_range(fd, (off_t) offset, (off_t) size, SYNC_FILE_RANGE_WRITE);
}

static void
read_info(struct cyi_file_info *out, const struct stat *from)
{
    *out = (struct cyi_file_info){.size = (uint64_t) from->st_size,
                                  .mtime_ns = (int64_t) from->st_mtim.tv_sec * NS +
                                              from->st_mtim.tv_nsec,
                                  .mode = from->st_mode & 07777,
                                  .owner = from->st_uid,
                                  .kind = S_ISREG(from->st_mode)   ? CYI_FILE_REGULAR
                                          : S_ISDIR(from->st_mode) ? CYI_FILE_FOLDER
                                          : S_ISLNK(from->st_mode) ? CYI_FILE_LINK
                                                                   : CYI_FILE_OTHER};
}

static int
file_info(struct cyi_os *os, int fd, struct cyi_file_info *out)
{
    (void) os;
    struct stat info;
    int rc = result(fstat(fd, &info));
    if (rc == 0)
        read_info(out, &info);
    return rc;
}

static int
file_lookup(struct cyi_os *os, int folder, const char *name, struct cyi_file_info *out)
{
    (void) os;
    struct stat info;
    int rc = result(fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW));
    if (rc == 0)
        read_info(out, &info);
    return rc;
}

/* The mode first: a file that this user may not write any more can still get its time. */
static int
file_set_info(struct cyi_os *os, int fd, uint32_t mode, int64_t mtime_ns)
{
    (void) os;
    int64_t seconds = mtime_ns / NS, rest = mtime_ns % NS;
    if (rest < 0) {
        rest += NS;
        seconds--;
    }
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
                                {.tv_sec = (time_t) seconds, .tv_nsec = (long) rest}};
    int rc = result(fchmod(fd, (mode_t) mode));
    return rc != 0 ? rc : result(futimens(fd, times));
}

static int
file_make_folder(struct cyi_os *os, int folder, const char *name, uint32_t mode)
{
    (void) os;
    return result(mkdirat(folder, name, (mode_t) mode));
}

/* Some file systems have no renameat2() that does not replace; a hard link does not either. */
static int
file_rename(struct cyi_os *os, int from_folder, const char *from, int to_folder, const char *to,
            bool replace)
{
    (void) os;
    if (replace)
        return result(renameat(from_folder, from, to_folder, to));
    int rc = result(renameat2(from_folder, from, to_folder, to, RENAME_NOREPLACE));
    if (rc != -EINVAL && rc != -ENOSYS)
        return rc;
    rc = result(linkat(from_folder, from, to_folder, to, 0));
    return rc != 0 ? rc : result(unlinkat(from_folder, from, 0));
}

static int
file_remove(struct cyi_os *os, int folder, const char *name)
{
    (void) os;
    return result(unlinkat(folder, name, 0));
}

static int
file_remove_folder(struct cyi_os *os, int folder, const char *name)
{
    (void) os;
    return result(unlinkat(folder, name, AT_REMOVEDIR));
}

static int
file_space(struct cyi_os *os, int folder, uint64_t *bytes)
{
    (void) os;
    struct statvfs info;
    int rc = result(fstatvfs(folder, &info));
    if (rc == 0)
        *bytes = (uint64_t) info.f_bavail * info.f_frsize;
    return rc;
}

static int
file_list(struct cyi_os *os, int folder, void (*each)(const char *name, void *arg), void *arg)
{
    (void) os;
    const struct dirent *entry;
    int fd = result(openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd < 0)
        return fd;
    DIR *stream = fdopendir(fd);
    if (stream == NULL) {
        int rc = -errno;
        close(fd);
        return rc;
    }
    while ((entry = readdir(stream)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            each(entry->d_name, arg);
    closedir(stream);
    return 0;
}

const struct cyi_file_ops cyi_file_linux = {
    .open = file_open,
    .open_folder = file_open_folder,
    .open_at = file_open_at,
    .create = file_create,
    .close = file_close,
    .lock = file_lock,
    .read = file_read,
    .write = file_write,
    .truncate = file_truncate,
    .sync = file_sync,
    .sync_ahead = file_sync_ahead,
    .info = file_info,
    .set_info = file_set_info,
    .lookup = file_lookup,
    .make_folder = file_make_folder,
    .rename = file_rename,
    .remove = file_remove,
    .remove_folder = file_remove_folder,
    .space = file_space,
    .list = file_list,
};
