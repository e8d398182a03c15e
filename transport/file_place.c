/*
 * file_place.c - where files go: folders beneath dest_path, and what is there.
 *
 * Tests: tests/transport/test_file_store.c
 */
#include "file_store.h"
#include <errno.h>
#include <stdlib.h>

enum { FOLDER_MODE = 0755, MODE_KEPT = 0775, NS = 1000000000 };

uint32_t
cyi_file_mode(uint32_t asked)
{
    return asked & MODE_KEPT;
}

int
cyi_file_folder_open(struct cyi_file_store *store, const char *dir)
{
    return store->os->file->open_folder(store->os, store->root, dir);
}

/* Each prefix of the path in turn: with the folder before it still open. */
int
cyi_file_folder_make(struct cyi_file_store *store, const char *dir)
{
    struct cyi_os *os = store->os;
    char name[CY_FILE_DIR_MAX + 1];
    int folder = cyi_file_folder_open(store, dir);
    if (folder != -ENOENT)
        return folder;
    folder = cyi_file_folder_open(store, "");
    while (folder >= 0 && *dir != '\0') {
        size_t size = strcspn(dir, "/");
        memcpy(name, dir, size);
        name[size] = '\0';
        dir += size + (dir[size] == '/');
        int rc = os->file->make_folder(os, folder, name, FOLDER_MODE);
        if (rc == 0)
            rc = os->file->sync(os, folder);
        int next = rc == 0 || rc == -EEXIST ? os->file->open_folder(os, folder, name) : rc;
        os->file->close(os, folder);
        folder = next;
    }
    return folder;
}

static bool
remove_last(struct cyi_file_store *store, char *path)
{
    struct cyi_os *os = store->os;
    char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    char parent[CY_FILE_DIR_MAX + 1] = "";
    if (slash != NULL)
        memcpy(parent, path, (size_t) (slash - path)); /* zeroed: so it ends there */
    int folder = cyi_file_folder_open(store, parent);
    if (folder < 0)
        return false;
    int rc = os->file->remove_folder(os, folder, name);
    os->file->close(os, folder);
    *(slash != NULL ? slash : path) = '\0';
    return rc == 0;
}

void
cyi_file_folder_prune(struct cyi_file_store *store, const char *dir)
{
    char path[CY_FILE_DIR_MAX + 1];
    memcpy(path, dir, strlen(dir) + 1);
    while (path[0] != '\0' && remove_last(store, path))
        continue;
}

int
cyi_file_place_lookup(struct cyi_file_store *store, const struct cyi_file_request *place,
                      struct cyi_file_info *out)
{
    struct cyi_os *os = store->os;
    int folder = cyi_file_folder_open(store, place->dir);
    if (folder < 0)
        return folder;
    int rc = os->file->lookup(os, folder, place->name, out);
    os->file->close(os, folder);
    return rc;
}

/* Some file systems keep whole seconds only. */
static bool
is_same_time(int64_t there, int64_t asked)
{
    return there == asked || (there % NS == 0 && there / NS == asked / NS);
}

bool
cyi_file_is_same(const struct cyi_file_info *there, const struct cyi_file_request *file)
{
    return there->kind == CYI_FILE_REGULAR && there->size == file->size &&
           is_same_time(there->mtime_ns, file->mtime_ns) &&
           there->mode == cyi_file_mode(file->mode);
}

int
cyi_file_place_sync(struct cyi_file_store *store, const struct cyi_file_request *place)
{
    struct cyi_os *os = store->os;
    int folder = cyi_file_folder_open(store, place->dir);
    if (folder < 0)
        return folder;
    int file = os->file->open_at(os, folder, place->name);
    int rc = file < 0 ? file : os->file->sync(os, file);
    if (rc == 0)
        rc = os->file->sync(os, folder);
    if (file >= 0)
        os->file->close(os, file);
    os->file->close(os, folder);
    return rc;
}
