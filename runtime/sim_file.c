/*
 * sim_file.c - files of the simulated hosts: in memory, on disks that fail.
 *
 * What was not synchronised when the power goes may be there or not, block by block, name by
 * name, as the standard allows it: a file may have its name without its bytes, and the names
 * of two folders do not change together. Disks are full, read-only, or have errors when the
 * program says so.
 *
 * Tests: tests/runtime/test_sim_file.c
 */
#include "os_file.h"
#include "sim_disk.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_FILE = 1 << 24 };

static struct sim_host *
host_of(struct cyi_os *os)
{
    return (struct sim_host *) (void *) os;
}

struct sim_inode *
cyi_sim_inode_new(struct sim_disk *disk, enum cyi_file_kind kind, uint32_t mode)
{
    struct sim_inode *inode = cyi_sim_memory(sizeof *inode);
    inode->kind = kind;
    inode->mode = mode;
    inode->next = disk->all;
    disk->all = inode;
    return inode;
}

struct sim_inode *
cyi_sim_inode_find(const struct sim_names *names, const char *name, size_t size)
{
    for (uint32_t i = 0; i < names->count; i++)
        if (strlen(names->entries[i].name) == size &&
            memcmp(names->entries[i].name, name, size) == 0)
            return names->entries[i].inode;
    return NULL;
}

void
cyi_sim_inode_add(struct sim_inode *folder, const char *name, struct sim_inode *inode)
{
    struct sim_names *names = &folder->names;
    names->entries = realloc(names->entries, (names->count + 1) * sizeof *names->entries);
    CY_ASSERT(names->entries != NULL && strlen(name) <= SIM_NAME_MAX);
    struct sim_entry *entry = &names->entries[names->count++];
    *entry = (struct sim_entry){.inode = inode};
    memcpy(entry->name, name, strlen(name));
    inode->links++;
    folder->changed = true;
}

void
cyi_sim_inode_drop(struct sim_inode *folder, const char *name)
{
    struct sim_names *names = &folder->names;
    uint32_t i = 0;
    while (strcmp(names->entries[i].name, name) != 0)
        i++;
    names->entries[i].inode->links--;
    memmove(&names->entries[i], &names->entries[i + 1],
            (--names->count - i) * sizeof *names->entries);
    folder->changed = true;
}

/* Made with a temporary folder when it is first looked at. */
struct sim_disk *
cyi_sim_disk_of(struct sim_host *host)
{
    if (host->disk != NULL)
        return host->disk;
    host->disk = cyi_sim_memory(sizeof *host->disk);
    host->disk->root = cyi_sim_inode_new(host->disk, CYI_FILE_FOLDER, 0755);
    struct sim_inode *folder = cyi_sim_inode_new(host->disk, CYI_FILE_FOLDER, 01777);
    cyi_sim_inode_add(host->disk->root, "tmp", folder);
    cyi_sim_inode_sync(host->disk->root);
    return host->disk;
}

static uint64_t
used_bytes(const struct sim_disk *disk)
{
    uint64_t sum = 0;
    for (const struct sim_inode *at = disk->all; at != NULL; at = at->next)
        sum += at->links > 0 ? at->now.size : 0;
    return sum;
}

static uint64_t
free_bytes(const struct sim_disk *disk)
{
    uint64_t room = disk->faults.room != 0 ? disk->faults.room : UINT64_C(1) << 30;
    uint64_t used = used_bytes(disk);
    return used < room ? room - used : 0;
}

static bool
has_error(struct sim_host *host)
{
    return sim_chance(&host->sim->disks, cyi_sim_disk_of(host)->faults.error_chance);
}

static size_t
maybe_short(struct sim_host *host, size_t size)
{
    if (size < 2 || !sim_chance(&host->sim->disks, cyi_sim_disk_of(host)->faults.short_chance))
        return size;
    return 1 + sim_below(&host->sim->disks, size - 1);
}

static struct sim_open *
open_of(struct cyi_os *os, int fd)
{
    const struct cyi_sim *sim = host_of(os)->sim;
    uint32_t index = (uint32_t) (fd - FIRST_FILE);
    return fd >= FIRST_FILE && index < sim->open_count ? sim->opens[index] : NULL;
}

/* Numbers are not given twice: what is left of a dead node may still use one. */
static int
new_open(struct sim_host *host, struct sim_inode *inode)
{
    struct cyi_sim *sim = host->sim;
    if ((sim->open_count & (sim->open_count - 1)) == 0) {
        uint32_t room = sim->open_count != 0 ? 2 * sim->open_count : 1;
        sim->opens = realloc(sim->opens, room * sizeof(struct sim_open *));
        CY_ASSERT(sim->opens != NULL);
    }
    struct sim_open *open = cyi_sim_memory(sizeof *open);
    *open = (struct sim_open){inode, host, cyi_self != NULL ? cyi_self->node : NULL};
    sim->opens[sim->open_count] = open;
    return FIRST_FILE + (int) sim->open_count++;
}

static void
close_one(struct sim_open **place)
{
    struct sim_open *open = *place;
    *place = NULL;
    if (open != NULL && open->inode->lock == open)
        open->inode->lock = NULL;
    free(open);
}

/* The inode of a path from a folder on. */
static int
walk(struct sim_inode **out, struct sim_inode *from, const char *path)
{
    for (size_t size; (size = cyi_path_next(&path)) > 0; path += size) {
        if (from->kind != CYI_FILE_FOLDER)
            return -ENOTDIR;
        from = cyi_sim_inode_find(&from->names, path, size);
        if (from == NULL)
            return -ENOENT;
    }
    *out = from;
    return 0;
}

static int
file_open(struct cyi_os *os, const char *path)
{
    struct sim_inode *inode;
    int rc = walk(&inode, cyi_sim_disk_of(host_of(os))->root, path);
    return rc != 0 ? rc : new_open(host_of(os), inode);
}

static int
file_open_folder(struct cyi_os *os, int root, const char *path)
{
    const struct sim_open *from = root >= 0 ? open_of(os, root) : NULL;
    struct sim_inode *inode;
    if (root >= 0 && from == NULL)
        return -EBADF;
    int rc =
        walk(&inode, from != NULL ? from->inode : cyi_sim_disk_of(host_of(os))->root, path);
    if (rc == 0 && inode->kind != CYI_FILE_FOLDER)
        rc = -ENOTDIR;
    return rc != 0 ? rc : new_open(host_of(os), inode);
}

static int
file_open_at(struct cyi_os *os, int folder, const char *name)
{
    const struct sim_open *open = open_of(os, folder);
    if (open == NULL)
        return -EBADF;
    struct sim_inode *inode = cyi_sim_inode_find(&open->inode->names, name, strlen(name));
    return inode != NULL ? new_open(host_of(os), inode) : -ENOENT;
}

static int
may_make(struct sim_host *host, const char *name)
{
    if (strlen(name) > SIM_NAME_MAX)
        return -ENAMETOOLONG;
    if (cyi_sim_disk_of(host)->faults.read_only)
        return -EROFS;
    return free_bytes(cyi_sim_disk_of(host)) == 0 ? -ENOSPC : 0;
}

static int
file_create(struct cyi_os *os, int folder, const char *name, uint32_t mode)
{
    struct sim_host *host = host_of(os);
    const struct sim_open *open = open_of(os, folder);
    if (open == NULL)
        return -EBADF;
    struct sim_inode *inode = cyi_sim_inode_find(&open->inode->names, name, strlen(name));
    int rc = inode == NULL                             ? may_make(host, name)
             : cyi_sim_disk_of(host)->faults.read_only ? -EROFS
                                                       : 0;
    if (rc == 0 && inode != NULL && inode->kind == CYI_FILE_FOLDER)
        rc = -EISDIR;
    if (rc != 0)
        return rc;
    if (inode == NULL) {
        inode = cyi_sim_inode_new(cyi_sim_disk_of(host), CYI_FILE_REGULAR, mode);
        inode->mtime_ns = os->realtime(os);
        cyi_sim_inode_add(open->inode, name, inode);
    }
    return new_open(host, inode);
}

static void
file_close(struct cyi_os *os, int fd)
{
    if (open_of(os, fd) != NULL)
        close_one(&host_of(os)->sim->opens[fd - FIRST_FILE]);
}

static int
file_lock(struct cyi_os *os, int fd)
{
    const struct sim_open *open = open_of(os, fd);
    if (open == NULL)
        return -EBADF;
    if (open->inode->lock != NULL && open->inode->lock != open)
        return -EWOULDBLOCK;
    open->inode->lock = open;
    return 0;
}

static ssize_t
file_read(struct cyi_os *os, int fd, void *buffer, size_t size, uint64_t offset)
{
    const struct sim_open *open = open_of(os, fd);
    if (open == NULL || open->inode->kind != CYI_FILE_REGULAR)
        return open == NULL ? -EBADF : -EISDIR;
    if (has_error(host_of(os)))
        return -EIO;
    const struct sim_content *content = &open->inode->now;
    if (offset >= content->size)
        return 0;
    size = maybe_short(host_of(os), size);
    if (size > content->size - offset)
        size = (size_t) (content->size - offset);
    memcpy(buffer, content->bytes + offset, size);
    return (ssize_t) size;
}

void
cyi_sim_inode_resize(struct sim_content *content, uint64_t size)
{
    content->bytes = realloc(content->bytes, size > 0 ? size : 1);
    CY_ASSERT(content->bytes != NULL);
    if (size > content->size)
        memset(content->bytes + content->size, 0, size - content->size);
    content->size = size;
}

static ssize_t
file_write(struct cyi_os *os, int fd, const void *bytes, size_t size, uint64_t offset)
{
    struct sim_host *host = host_of(os);
    const struct sim_open *open = open_of(os, fd);
    if (open == NULL)
        return -EBADF;
    if (has_error(host))
        return -EIO;
    struct sim_content *content = &open->inode->now;
    size = maybe_short(host, size);
    uint64_t end = offset + size, more = end > content->size ? end - content->size : 0;
    uint64_t room = free_bytes(cyi_sim_disk_of(host));
    if (more > room && more - room >= size)
        return -ENOSPC;
    if (more > room)
        size -= (size_t) (more - room);
    if (offset + size > content->size)
        cyi_sim_inode_resize(content, offset + size);
    memcpy(content->bytes + offset, bytes, size);
    open->inode->changed = true;
    open->inode->mtime_ns = os->realtime(os);
    return (ssize_t) size;
}

static int
file_truncate(struct cyi_os *os, int fd, uint64_t size)
{
    const struct sim_open *open = open_of(os, fd);
    if (open == NULL)
        return -EBADF;
    cyi_sim_inode_resize(&open->inode->now, size);
    open->inode->changed = true;
    return 0;
}

void
cyi_sim_inode_sync(struct sim_inode *inode)
{
    if (inode->kind == CYI_FILE_FOLDER) {
        size_t bytes = inode->names.count * sizeof *inode->names.entries;
        inode->kept.entries = realloc(inode->kept.entries, bytes + 1);
        CY_ASSERT(inode->kept.entries != NULL);
        if (bytes > 0)
            memcpy(inode->kept.entries, inode->names.entries, bytes);
        inode->kept.count = inode->names.count;
    } else {
        cyi_sim_inode_resize(&inode->safe, inode->now.size);
        if (inode->now.size > 0)
            memcpy(inode->safe.bytes, inode->now.bytes, inode->now.size);
    }
    inode->changed = false;
}

static int
file_sync(struct cyi_os *os, int fd)
{
    const struct sim_open *open = open_of(os, fd);
    if (open == NULL)
        return -EBADF;
    if (has_error(host_of(os)))
        return -EIO;
    cyi_sim_inode_sync(open->inode);
    return 0;
}

/* What is on the disk before it must be is for no test to rely on. */
static void
file_sync_ahead(struct cyi_os *os, int fd, uint64_t offset, uint64_t size)
{
    (void) os;
    (void) fd;
    (void) offset;
    (void) size;
}

static void
read_info(struct cyi_file_info *out, const struct sim_inode *inode)
{
    *out = (struct cyi_file_info){.size = inode->now.size,
                                  .mtime_ns = inode->mtime_ns,
                                  .mode = inode->mode,
                                  .owner = geteuid(),
                                  .kind = inode->kind};
}

static int
file_info(struct cyi_os *os, int fd, struct cyi_file_info *out)
{
    const struct sim_open *open = open_of(os, fd);
    if (open == NULL)
        return -EBADF;
    read_info(out, open->inode);
    return 0;
}

static int
file_set_info(struct cyi_os *os, int fd, uint32_t mode, int64_t mtime_ns)
{
    const struct sim_open *open = open_of(os, fd);
    if (open == NULL)
        return -EBADF;
    if (has_error(host_of(os)))
        return -EIO;
    open->inode->mode = mode;
    open->inode->mtime_ns = mtime_ns;
    return 0;
}

static int
file_lookup(struct cyi_os *os, int folder, const char *name, struct cyi_file_info *out)
{
    const struct sim_open *open = open_of(os, folder);
    if (open == NULL)
        return -EBADF;
    const struct sim_inode *inode = cyi_sim_inode_find(&open->inode->names, name, strlen(name));
    if (inode == NULL)
        return -ENOENT;
    read_info(out, inode);
    return 0;
}

static int
file_make_folder(struct cyi_os *os, int folder, const char *name, uint32_t mode)
{
    const struct sim_open *open = open_of(os, folder);
    if (open == NULL)
        return -EBADF;
    if (cyi_sim_inode_find(&open->inode->names, name, strlen(name)) != NULL)
        return -EEXIST;
    if (open->inode != cyi_sim_disk_of(host_of(os))->root && open->inode->links == 0)
        return -ENOENT;
    int rc = may_make(host_of(os), name);
    if (rc == 0)
        cyi_sim_inode_add(
            open->inode, name,
            cyi_sim_inode_new(cyi_sim_disk_of(host_of(os)), CYI_FILE_FOLDER, mode));
    return rc;
}

static int
file_rename(struct cyi_os *os, int from_folder, const char *from, int to_folder, const char *to,
            bool replace)
{
    const struct sim_open *source = open_of(os, from_folder), *target = open_of(os, to_folder);
    if (source == NULL || target == NULL)
        return -EBADF;
    struct sim_inode *inode = cyi_sim_inode_find(&source->inode->names, from, strlen(from));
    const struct sim_inode *there = cyi_sim_inode_find(&target->inode->names, to, strlen(to));
    if (inode == NULL || target->inode->links == 0)
        return -ENOENT;
    if (there != NULL && (!replace || there->kind == CYI_FILE_FOLDER))
        return replace ? -EISDIR : -EEXIST;
    if (has_error(host_of(os)))
        return -EIO;
    if (there != NULL)
        cyi_sim_inode_drop(target->inode, to);
    cyi_sim_inode_add(target->inode, to, inode);
    cyi_sim_inode_drop(source->inode, from);
    return 0;
}

static int
remove_name(struct cyi_os *os, int folder, const char *name, enum cyi_file_kind kind)
{
    const struct sim_open *open = open_of(os, folder);
    if (open == NULL)
        return -EBADF;
    const struct sim_inode *inode = cyi_sim_inode_find(&open->inode->names, name, strlen(name));
    if (inode == NULL)
        return -ENOENT;
    if (inode->kind != kind)
        return kind == CYI_FILE_FOLDER ? -ENOTDIR : -EISDIR;
    if (inode->names.count > 0)
        return -ENOTEMPTY;
    if (cyi_sim_disk_of(host_of(os))->faults.read_only)
        return -EROFS;
    cyi_sim_inode_drop(open->inode, name);
    return 0;
}

static int
file_remove(struct cyi_os *os, int folder, const char *name)
{
    return remove_name(os, folder, name, CYI_FILE_REGULAR);
}

static int
file_remove_folder(struct cyi_os *os, int folder, const char *name)
{
    return remove_name(os, folder, name, CYI_FILE_FOLDER);
}

static int
file_space(struct cyi_os *os, int folder, uint64_t *bytes)
{
    if (open_of(os, folder) == NULL)
        return -EBADF;
    *bytes = free_bytes(cyi_sim_disk_of(host_of(os)));
    return 0;
}

static int
file_list(struct cyi_os *os, int folder, void (*each)(const char *name, void *arg), void *arg)
{
    const struct sim_open *open = open_of(os, folder);
    if (open == NULL)
        return -EBADF;
    /* From the last on: what it removes moves none that is still to come. */
    for (uint32_t i = open->inode->names.count; i-- > 0;) {
        char name[SIM_NAME_MAX + 1];
        memcpy(name, open->inode->names.entries[i].name, sizeof name);
        each(name, arg);
    }
    return 0;
}

const struct cyi_file_ops cyi_sim_files = {
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

ssize_t
cyi_sim_file_send(struct sim_socket *socket, int file, uint64_t offset, size_t size)
{
    const struct sim_open *open = open_of(&socket->host->os, file);
    if (open == NULL)
        return -EBADF;
    const struct sim_content *content = &open->inode->now;
    if (offset >= content->size)
        return 0;
    struct iovec part = {content->bytes + offset, (size_t) (content->size - offset)};
    if (part.iov_len > size)
        part.iov_len = size;
    return cyi_sim_tcp_writev(socket, &part, 1);
}

void
cyi_sim_files_close(struct cyi_sim *sim, const struct cyi_node *node)
{
    for (uint32_t i = 0; i < sim->open_count; i++)
        if (sim->opens[i] != NULL && sim->opens[i]->node == node)
            close_one(&sim->opens[i]);
}
