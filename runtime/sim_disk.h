/* sim_disk.h - the files of a simulated host. */
#ifndef CYI_SIM_DISK_H
#define CYI_SIM_DISK_H

#include "sim.h"

enum { SIM_NAME_MAX = 255 };

struct sim_entry {
    char name[SIM_NAME_MAX + 1];
    struct sim_inode *inode;
};

struct sim_names {
    struct sim_entry *entries;
    uint32_t count;
};

struct sim_content {
    uint8_t *bytes;
    uint64_t size;
};

/* Never freed while the disk lasts: names on the disk may still lead to it. */
struct sim_inode {
    struct sim_inode *next;
    enum cyi_file_kind kind;
    uint32_t mode, links;
    int64_t mtime_ns;
    struct sim_content now, safe; /* of a file; `safe` survives */
    struct sim_names names, kept; /* of a folder; the same */
    bool changed;                 /* since it was synchronised */
    const struct sim_open *lock;
};

struct sim_open {
    struct sim_inode *inode;
    struct sim_host *host;
    const struct cyi_node *node;
};

struct sim_disk {
    struct sim_inode *root, *all;
    struct cyi_sim_disk faults;
};

/* The table behind the os seam. */
extern const struct cyi_file_ops cyi_sim_files;

/* Of a file to a stream, as sendfile() does it. */
ssize_t cyi_sim_file_send(struct sim_socket *socket, int file, uint64_t offset, size_t size);

/* The kernel closes what a node had open that has died. */
void cyi_sim_files_close(struct cyi_sim *sim, const struct cyi_node *node);

/* Of the disk itself, for those that look at it from outside (sim_disk.c). */
struct sim_disk *cyi_sim_disk_of(struct sim_host *host);
struct sim_inode *cyi_sim_inode_new(struct sim_disk *disk, enum cyi_file_kind kind,
                                    uint32_t mode);
struct sim_inode *cyi_sim_inode_find(const struct sim_names *names, const char *name,
                                     size_t size);
void cyi_sim_inode_add(struct sim_inode *folder, const char *name, struct sim_inode *inode);
void cyi_sim_inode_drop(struct sim_inode *folder, const char *name);
void cyi_sim_inode_resize(struct sim_content *content, uint64_t size);
void cyi_sim_inode_sync(struct sim_inode *inode);

/* sim_disk.c. What was not yet on the disk may be lost. */
void cyi_sim_disk_power_off(struct sim_host *host);
void cyi_sim_disks_free(struct cyi_sim *sim);

#endif
