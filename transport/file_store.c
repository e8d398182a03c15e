/*
 * file_store.c - the folders of what this node takes from others, and deleting.
 *
 * What is not complete lies in a folder of its own, private to this user: so nobody sees half a
 * file, and what dead transfers leave is found without a search. It is beneath dest_path, since
 * a rename does not lead from one file system to another.
 *
 * Tests: tests/transport/test_file_store.c
 */
#include "file_store.h"
#include "sha256.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PARTS_MODE = 0700, OTHERS_MAY_WRITE = 022 };

int
cyi_file_store_init(struct cyi_file_store *out, struct cyi_os *os)
{
    *out = (struct cyi_file_store){
        .os = os, .root = -1, .parts = -1, .fast_hash = cyi_sha256_has_instructions()};
    os->random(os, &out->hash_key, sizeof out->hash_key);
    cyi_list_init(&out->active);
    cyi_list_init(&out->all_owners);
    return -pthread_mutex_init(&out->lock, NULL);
}

static void
close_file(struct cyi_file_store *store, int *folder)
{
    if (*folder >= 0)
        store->os->file->close(store->os, *folder);
    *folder = -1;
}

/* Transfers whose tasks were left behind, or crashed in a simulation, are still in the list. */
void
cyi_file_store_fini(struct cyi_file_store *store)
{
    if (store->os == NULL)
        return;
    cyi_list_for_each(link, &store->active)
        close_file(store, &cyi_container_of(link, struct cyi_file_sink, link)->part);
    cyi_file_records_fini(store);
    close_file(store, &store->parts);
    close_file(store, &store->root);
    pthread_mutex_destroy(&store->lock);
}

/* In a folder that all may use, somebody may have put his own in the place of ours. */
static int
open_parts(struct cyi_file_store *store, bool make)
{
    struct cyi_os *os = store->os;
    struct cyi_file_info info;
    char name[32];
    snprintf(name, sizeof name, CYI_FILE_PRIVATE "%u", (unsigned) geteuid());
    int rc = make ? os->file->make_folder(os, store->root, name, PARTS_MODE) : 0;
    if (rc != 0 && rc != -EEXIST)
        return rc;
    int folder = os->file->open_folder(os, store->root, name);
    if (folder < 0)
        return folder;
    rc = os->file->info(os, folder, &info);
    if (rc == 0 && (info.owner != geteuid() || (info.mode & OTHERS_MAY_WRITE) != 0))
        rc = -EPERM;
    if (rc != 0)
        close_file(store, &folder);
    return rc != 0 ? rc : folder;
}

static int
open_root(struct cyi_file_store *store)
{
    if (store->root < 0)
        store->root = store->os->file->open_folder(store->os, -1, store->path);
    return store->root < 0 ? store->root : 0;
}

static int
open_folders(struct cyi_file_store *store, bool make)
{
    int rc = open_root(store);
    if (rc == 0 && store->parts < 0)
        store->parts = open_parts(store, make);
    return rc != 0 ? rc : store->parts < 0 ? store->parts : 0;
}

int
cyi_file_store_check(struct cyi_file_store *store)
{
    return open_root(store);
}

int
cyi_file_store_open(struct cyi_file_store *store)
{
    pthread_mutex_lock(&store->lock);
    int rc = open_folders(store, true);
    pthread_mutex_unlock(&store->lock);
    return rc;
}

struct tidying {
    struct cyi_file_store *store;
    cy_time now;
};

static bool
is_active(const struct cyi_file_store *store, const char *part)
{
    cyi_list_for_each(link, &store->active)
        if (strcmp(cyi_container_of(link, struct cyi_file_sink, link)->part_name, part) == 0)
            return true;
    return false;
}

/* Also those of other nodes that share the folder: what they write to is never that old. */
static void
tidy_one(const char *name, void *arg)
{
    struct tidying *tidying = arg;
    struct cyi_file_store *store = tidying->store;
    struct cyi_file_info info;
    if (store->os->file->lookup(store->os, store->parts, name, &info) != 0 ||
        info.kind != CYI_FILE_REGULAR || is_active(store, name))
        return;
    cy_time age = tidying->now - info.mtime_ns;
    if (age >= store->limits.keep_ns || age < -store->limits.keep_ns)
        (void) store->os->file->remove(store->os, store->parts, name);
}

int
cyi_file_store_tidy(struct cyi_file_store *store)
{
    struct cyi_os *os = store->os;
    struct tidying tidying = {store, os->realtime(os)};
    pthread_mutex_lock(&store->lock);
    int rc = open_folders(store, false);
    if (rc == 0)
        rc = os->file->list(os, store->parts, tidy_one, &tidying);
    pthread_mutex_unlock(&store->lock);
    return rc;
}

static int
may_delete(struct cyi_file_store *store, const uint8_t owner[CYI_FILE_OWNER],
           const struct cyi_file_request *place)
{
    struct cyi_file_info there;
    int rc = cyi_file_place_lookup(store, place, &there);
    if (rc == -ENOENT)
        cyi_file_record_forget(store, place);
    if (rc != 0)
        return rc;
    if (there.kind == CYI_FILE_FOLDER)
        return -EISDIR;
    if (there.kind != CYI_FILE_REGULAR ||
        (!store->delete_any && !cyi_file_record_is(store, owner, place, &there)))
        return -EPERM;
    return 0;
}

/* With the lock held, so that nobody puts another file there between the look and the deed. */
static int
delete_file(struct cyi_file_store *store, const uint8_t owner[CYI_FILE_OWNER],
            const struct cyi_file_request *place)
{
    struct cyi_os *os = store->os;
    int rc = open_root(store);
    if (rc == 0)
        rc = may_delete(store, owner, place);
    int folder = rc == 0 ? cyi_file_folder_open(store, place->dir) : rc;
    if (folder < 0)
        return folder;
    rc = os->file->remove(os, folder, place->name);
    if (rc == 0) {
        cyi_file_record_forget(store, place);
        (void) os->file->sync(os, folder);
    }
    os->file->close(os, folder);
    if (rc == 0)
        cyi_file_folder_prune(store, place->dir);
    return rc;
}

int
cyi_file_store_delete(struct cyi_file_store *store, const uint8_t owner[CYI_FILE_OWNER],
                      const struct cyi_file_request *request)
{
    pthread_mutex_lock(&store->lock);
    int rc = delete_file(store, owner, request);
    if (rc == 0 || rc == -ENOENT)
        cyi_file_sinks_overtake(store, request);
    pthread_mutex_unlock(&store->lock);
    return rc;
}
