/*
 * sim_disk.c - disks of the simulated hosts: power failures, and what the program does to them.
 *
 * Tests: tests/runtime/test_sim_file.c
 */
#include "sim_disk.h"
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 512 };

static bool
toss(struct cyi_sim *sim)
{
    return sim_below(&sim->disks, 2) == 0;
}

/* Block by block what was written last, or what was safe; its size one of the two. */
static void
lose_content(struct cyi_sim *sim, struct sim_inode *inode)
{
    struct sim_content *now = &inode->now, *safe = &inode->safe;
    if (toss(sim))
        cyi_sim_inode_resize(now, safe->size);
    for (uint64_t at = 0; at < now->size; at += BLOCK) {
        uint64_t n = now->size - at < BLOCK ? now->size - at : BLOCK;
        if (toss(sim))
            continue;
        memset(now->bytes + at, 0, n);
        if (at < safe->size)
            memcpy(now->bytes + at, safe->bytes + at,
                   safe->size - at < n ? safe->size - at : n);
    }
}

/* All that has changed in the folder since, or nothing. */
static void
lose_names(struct cyi_sim *sim, struct sim_inode *inode)
{
    struct sim_names *kept = &inode->kept, *names = &inode->names;
    if (toss(sim))
        return;
    names->entries = realloc(names->entries, (kept->count + 1) * sizeof *names->entries);
    CY_ASSERT(names->entries != NULL);
    if (kept->count > 0)
        memcpy(names->entries, kept->entries, kept->count * sizeof *names->entries);
    names->count = kept->count;
}

static void
count_links(struct sim_disk *disk)
{
    for (struct sim_inode *at = disk->all; at != NULL; at = at->next)
        at->links = 0;
    for (struct sim_inode *at = disk->all; at != NULL; at = at->next)
        for (uint32_t i = 0; i < at->names.count; i++)
            at->names.entries[i].inode->links++;
}

void
cyi_sim_disk_power_off(struct sim_host *host)
{
    if (host->disk == NULL)
        return;
    for (struct sim_inode *at = host->disk->all; at != NULL; at = at->next) {
        if (!at->changed)
            continue;
        if (at->kind == CYI_FILE_FOLDER)
            lose_names(host->sim, at);
        else
            lose_content(host->sim, at);
        cyi_sim_inode_sync(at);
    }
    count_links(host->disk);
}

void
cyi_sim_disks_free(struct cyi_sim *sim)
{
    for (uint32_t i = 0; i < sim->open_count; i++)
        free(sim->opens[i]);
    free(sim->opens);
    for (uint32_t i = 0; i < CYI_SIM_HOSTS; i++) {
        struct sim_disk *disk = sim->hosts[i].disk;
        while (disk != NULL && disk->all != NULL) {
            struct sim_inode *inode = disk->all;
            disk->all = inode->next;
            free(inode->now.bytes);
            free(inode->safe.bytes);
            free(inode->names.entries);
            free(inode->kept.entries);
            free(inode);
        }
        free(disk);
    }
}

void
cyi_sim_disk(struct cyi_sim *sim, uint32_t host, const struct cyi_sim_disk *disk)
{
    cyi_sim_disk_of(&sim->hosts[host])->faults = *disk;
}

/* The folder that a path lies in, and its last part; NULL: there is none. */
static struct sim_inode *
parent_of(struct cyi_sim *sim, uint32_t host, const char *path, const char **last, bool make)
{
    struct sim_disk *disk = cyi_sim_disk_of(&sim->hosts[host]);
    struct sim_inode *at = disk->root;
    path += strspn(path, "/");
    for (const char *slash; at != NULL && (slash = strchr(path, '/')) != NULL;) {
        size_t size = (size_t) (slash - path);
        struct sim_inode *next = cyi_sim_inode_find(&at->names, path, size);
        if (next == NULL && make) {
            char name[SIM_NAME_MAX + 1] = "";
            memcpy(name, path, size);
            next = cyi_sim_inode_new(disk, CYI_FILE_FOLDER, 0755);
            cyi_sim_inode_add(at, name, next);
            cyi_sim_inode_sync(at);
        }
        at = next;
        path = slash + 1;
    }
    *last = path;
    return at;
}

static struct sim_inode *
look(struct cyi_sim *sim, uint32_t host, const char *path)
{
    const char *last;
    const struct sim_inode *folder = parent_of(sim, host, path, &last, false);
    return folder != NULL ? cyi_sim_inode_find(&folder->names, last, strlen(last)) : NULL;
}

void
cyi_sim_file_put(struct cyi_sim *sim, uint32_t host, const char *path, const void *bytes,
                 size_t size)
{
    struct cyi_os *os = &sim->hosts[host].os;
    const char *last;
    struct sim_inode *folder = parent_of(sim, host, path, &last, true);
    struct sim_inode *inode = cyi_sim_inode_find(&folder->names, last, strlen(last));
    if (inode == NULL) {
        inode = cyi_sim_inode_new(sim->hosts[host].disk, CYI_FILE_REGULAR, 0644);
        cyi_sim_inode_add(folder, last, inode);
    }
    cyi_sim_inode_resize(&inode->now, size);
    memcpy(inode->now.bytes, bytes, size);
    inode->mtime_ns = os->realtime(os);
    cyi_sim_inode_sync(inode);
    cyi_sim_inode_sync(folder);
}

int64_t
cyi_sim_file_get(struct cyi_sim *sim, uint32_t host, const char *path, const uint8_t **bytes)
{
    const struct sim_inode *inode = look(sim, host, path);
    if (inode == NULL)
        return -ENOENT;
    if (inode->kind != CYI_FILE_REGULAR)
        return -EISDIR;
    *bytes = inode->now.bytes;
    return (int64_t) inode->now.size;
}

int
cyi_sim_file_count(struct cyi_sim *sim, uint32_t host, const char *path)
{
    const struct sim_inode *inode = look(sim, host, path);
    return inode != NULL ? (int) inode->names.count : 0;
}

void
cyi_sim_file_remove(struct cyi_sim *sim, uint32_t host, const char *path)
{
    const char *last;
    struct sim_inode *folder = parent_of(sim, host, path, &last, false);
    if (folder == NULL || cyi_sim_inode_find(&folder->names, last, strlen(last)) == NULL)
        return;
    cyi_sim_inode_drop(folder, last);
    cyi_sim_inode_sync(folder);
}
