/*
 * file_record.c - whose files are here: for quotas, and for who may delete what.
 *
 * In memory: a node that starts again knows of no file whose it is. A program may take files
 * away or change them; so at a limit each record is held against what is there.
 *
 * Tests: tests/transport/test_file_record.c
 */
#include "file_store.h"
#include <errno.h>
#include <stdlib.h>

struct record {
    struct cyi_map_node node; /* in store->records, by place */
    struct cyi_list link;     /* in owner->records */
    struct cyi_file_owner *owner;
    uint64_t size;
    int64_t mtime_ns;
    const char *name; /* in text */
    char text[];      /* the folder, the name */
};

static uint64_t
hash_of(const char *dir, const char *name)
{
    uint64_t hash = cyi_hash_bytes(dir, strlen(dir), 0);
    return cyi_hash_bytes(name, strlen(name), hash);
}

static struct record *
find(const struct cyi_file_store *store, const struct cyi_file_request *place)
{
    cyi_map_for_each(node, &store->records, hash_of(place->dir, place->name)) {
        struct record *record = cyi_container_of(node, struct record, node);
        if (strcmp(record->text, place->dir) == 0 && strcmp(record->name, place->name) == 0)
            return record;
    }
    return NULL;
}

static struct cyi_file_owner *
find_owner(const struct cyi_file_store *store, const uint8_t id[CYI_FILE_OWNER])
{
    cyi_map_for_each(node, &store->owners, cyi_hash_bytes(id, CYI_FILE_OWNER, 0)) {
        struct cyi_file_owner *owner = cyi_container_of(node, struct cyi_file_owner, node);
        if (memcmp(owner->id, id, sizeof owner->id) == 0)
            return owner;
    }
    return NULL;
}

struct cyi_file_owner *
cyi_file_owner_get(struct cyi_file_store *store, const uint8_t id[CYI_FILE_OWNER])
{
    struct cyi_file_owner *owner = find_owner(store, id);
    if (owner != NULL)
        return owner;
    owner = calloc(1, sizeof *owner);
    if (owner == NULL)
        return NULL;
    memcpy(owner->id, id, sizeof owner->id);
    cyi_list_init(&owner->records);
    if (cyi_map_insert(&store->owners, &owner->node, cyi_hash_bytes(id, CYI_FILE_OWNER, 0)) !=
        0) {
        free(owner);
        return NULL;
    }
    cyi_list_append(&store->all_owners, &owner->link);
    return owner;
}

void
cyi_file_owner_drop(struct cyi_file_store *store, struct cyi_file_owner *owner)
{
    if (owner->active > 0 || owner->record_count > 0)
        return;
    cyi_map_remove(&store->owners, &owner->node);
    cyi_list_remove(&owner->link);
    free(owner);
}

static void
forget(struct cyi_file_store *store, struct record *record)
{
    cyi_map_remove(&store->records, &record->node);
    cyi_list_remove(&record->link);
    record->owner->record_count--;
    record->owner->bytes -= record->size;
    store->record_count--;
    free(record);
}

static bool
is_as_sent(const struct record *record, const struct cyi_file_info *there)
{
    struct cyi_file_request sent = {
        .size = record->size, .mtime_ns = record->mtime_ns, .mode = there->mode};
    return cyi_file_is_same(there, &sent);
}

static void
sweep_record(struct cyi_file_store *store, struct record *record)
{
    struct cyi_file_request place = {.verb = CYI_FILE_SEND};
    struct cyi_file_info there;
    memcpy(place.dir, record->text, strlen(record->text));
    memcpy(place.name, record->name, strlen(record->name));
    int rc = cyi_file_place_lookup(store, &place, &there);
    if (rc != 0 || !is_as_sent(record, &there))
        forget(store, record);
}

void
cyi_file_records_sweep(struct cyi_file_store *store, struct cyi_file_owner *owner)
{
    cyi_list_for_each_safe(link, &owner->records)
        sweep_record(store, cyi_container_of(link, struct record, link));
}

/* Once a second: somebody who goes on asking must not keep us at it. */
void
cyi_file_records_sweep_all(struct cyi_file_store *store)
{
    cy_time now = store->os->now(store->os);
    if (store->swept_at != 0 && now - store->swept_at < CY_SECOND)
        return;
    store->swept_at = now;
    cyi_list_for_each_safe(link, &store->all_owners) {
        struct cyi_file_owner *owner = cyi_container_of(link, struct cyi_file_owner, link);
        cyi_file_records_sweep(store, owner);
        cyi_file_owner_drop(store, owner);
    }
}

uint64_t
cyi_file_record_size(struct cyi_file_store *store, const struct cyi_file_owner *owner,
                     const struct cyi_file_request *place)
{
    const struct record *record = find(store, place);
    return record != NULL && record->owner == owner ? record->size : 0;
}

int
cyi_file_record_set(struct cyi_file_store *store, struct cyi_file_owner *owner,
                    const struct cyi_file_request *file)
{
    size_t dir = strlen(file->dir) + 1, name = strlen(file->name) + 1;
    struct record *record = malloc(sizeof *record + dir + name);
    if (record == NULL)
        return -ENOMEM;
    *record = (struct record){.owner = owner, .size = file->size, .mtime_ns = file->mtime_ns};
    memcpy(record->text, file->dir, dir);
    memcpy(record->text + dir, file->name, name);
    record->name = record->text + dir;
    cyi_file_record_forget(store, file);
    if (cyi_map_insert(&store->records, &record->node, hash_of(file->dir, file->name)) != 0) {
        free(record);
        return -ENOMEM;
    }
    cyi_list_append(&owner->records, &record->link);
    owner->record_count++;
    owner->bytes += record->size;
    store->record_count++;
    return 0;
}

bool
cyi_file_record_is(struct cyi_file_store *store, const uint8_t owner[CYI_FILE_OWNER],
                   const struct cyi_file_request *place, const struct cyi_file_info *there)
{
    const struct record *record = find(store, place);
    return record != NULL && memcmp(record->owner->id, owner, CYI_FILE_OWNER) == 0 &&
           is_as_sent(record, there);
}

void
cyi_file_record_forget(struct cyi_file_store *store, const struct cyi_file_request *place)
{
    struct record *record = find(store, place);
    if (record == NULL)
        return;
    struct cyi_file_owner *owner = record->owner;
    forget(store, record);
    cyi_file_owner_drop(store, owner);
}

static void
free_owner(struct cyi_map_node *node, void *arg)
{
    struct cyi_file_owner *owner = cyi_container_of(node, struct cyi_file_owner, node);
    cyi_list_for_each_safe(link, &owner->records)
        forget(arg, cyi_container_of(link, struct record, link));
    free(owner);
}

void
cyi_file_records_fini(struct cyi_file_store *store)
{
    cyi_map_drain(&store->owners, free_owner, store);
    cyi_map_fini(&store->owners);
    cyi_map_fini(&store->records);
}
