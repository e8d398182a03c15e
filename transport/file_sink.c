/*
 * file_sink.c - a file that comes in: into a temporary file, and at last to its place.
 *
 * The temporary file is named by what is sent, so that another try of the same file, also after
 * a restart of either side, finds what is there already. Two transfers of the same file at a
 * time would write into each other's: the newer takes over, since the older may be one whose
 * connection is dead and nobody has noticed yet.
 *
 * Tests: tests/transport/test_file_store.c
 */
#include "file_store.h"
#include <errno.h>

enum { PART_MODE = 0600, CATCH_UP = 16 << 20, SYNC_AHEAD = 8 << 20 };

static void
name_part(struct cyi_file_sink *sink)
{
    static const char digits[] = "0123456789abcdef";
    const struct cyi_file_request *request = &sink->request;
    uint8_t key[CYI_FILE_OWNER + 20], hash[CYI_CRYPTO_HASH];
    struct cyi_crypto_hash state;
    memcpy(key, sink->owner->id, CYI_FILE_OWNER);
    cyi_put64(key + CYI_FILE_OWNER, request->size);
    cyi_put64(key + CYI_FILE_OWNER + 8, (uint64_t) request->mtime_ns);
    cyi_put32(key + CYI_FILE_OWNER + 16, request->mode);
    cyi_crypto_hash_init(&state, sink->store->fast_hash);
    cyi_crypto_hash_update(&state, (struct cyi_bytes){key, sizeof key});
    cyi_crypto_hash_update(&state, (struct cyi_bytes){request->dir, strlen(request->dir) + 1});
    cyi_crypto_hash_update(&state, (struct cyi_bytes){request->name, strlen(request->name)});
    cyi_crypto_hash_final(hash, &state);
    for (int i = 0; i < 32; i++)
        sink->part_name[i] = digits[i % 2 == 0 ? hash[i / 2] >> 4 : hash[i / 2] & 15];
    memcpy(sink->part_name + 32, ".part", sizeof ".part");
}

/* With the lock held. Whoever works on it right now has a moment left: come again. */
static int
take_over(struct cyi_file_sink *sink)
{
    struct cyi_file_store *store = sink->store;
    cyi_list_for_each(link, &store->active) {
        struct cyi_file_sink *other = cyi_container_of(link, struct cyi_file_sink, link);
        if (other == sink || strcmp(other->part_name, sink->part_name) != 0 ||
            other->taken_over)
            continue;
        if (other->busy)
            return -EBUSY;
        other->taken_over = true;
        if (other->part >= 0)
            store->os->file->close(store->os, other->part);
        other->part = -1;
    }
    return 0;
}

void
cyi_file_sinks_overtake(struct cyi_file_store *store, const struct cyi_file_request *place)
{
    cyi_list_for_each(link, &store->active) {
        struct cyi_file_sink *sink = cyi_container_of(link, struct cyi_file_sink, link);
        if (strcmp(sink->request.name, place->name) == 0 &&
            strcmp(sink->request.dir, place->dir) == 0)
            sink->overtaken = true;
    }
}

static bool
fits_account(const struct cyi_file_sink *sink)
{
    const struct cyi_file_store *store = sink->store;
    const struct cyi_file_owner *owner = sink->owner;
    uint64_t replaced = cyi_file_record_size(sink->store, owner, &sink->request);
    uint64_t others = owner->bytes - replaced;
    return store->quota == 0 ||
           (sink->request.size <= store->quota && others <= store->quota - sink->request.size);
}

static bool
fits_records(const struct cyi_file_store *store)
{
    return store->record_count + store->active_count <= store->limits.records_max;
}

/* At the limits what programs have taken away since does not count. */
static int
charge(struct cyi_file_sink *sink)
{
    struct cyi_file_store *store = sink->store;
    if (!fits_account(sink))
        cyi_file_records_sweep(store, sink->owner);
    if (!fits_account(sink))
        return -EDQUOT;
    if (!fits_records(store))
        cyi_file_records_sweep_all(store);
    if (!fits_records(store))
        return -ENOBUFS;
    sink->charged = sink->request.size;
    sink->owner->bytes += sink->charged;
    return 0;
}

/* With the lock held: among the transfers under way, within all limits. */
static int
enter(struct cyi_file_sink *sink, const uint8_t owner[CYI_FILE_OWNER])
{
    struct cyi_file_store *store = sink->store;
    if (store->active_count >= store->limits.files_max)
        return -EAGAIN;
    sink->owner = cyi_file_owner_get(store, owner);
    if (sink->owner == NULL)
        return -ENOMEM;
    sink->owner->active++;
    store->active_count++;
    cyi_list_append(&store->active, &sink->link);
    if (sink->owner->active > store->limits.files_peer)
        return -EAGAIN;
    name_part(sink);
    int rc = take_over(sink);
    return rc != 0 ? rc : charge(sink);
}

/* With the lock held. */
static void
leave(struct cyi_file_sink *sink)
{
    struct cyi_file_store *store = sink->store;
    struct cyi_file_owner *owner = sink->owner;
    if (sink->part >= 0)
        store->os->file->close(store->os, sink->part);
    sink->part = -1;
    sink->owner = NULL;
    if (owner == NULL)
        return;
    cyi_list_remove(&sink->link);
    owner->bytes -= sink->charged;
    owner->active--;
    store->active_count--;
    cyi_file_owner_drop(store, owner);
}

/* With the lock held whoever says that it is the same file also says that it stays. */
static int
lookup(struct cyi_file_sink *sink, struct cyi_file_info *there)
{
    struct cyi_file_store *store = sink->store;
    pthread_mutex_lock(&store->lock);
    int rc = cyi_file_place_lookup(store, &sink->request, there);
    if (rc == 0 && cyi_file_is_same(there, &sink->request))
        cyi_file_sinks_overtake(store, &sink->request);
    pthread_mutex_unlock(&store->lock);
    return rc;
}

/*
 * What is in the way, as the answer has to say it; 0: nothing, or what may be replaced. The
 * same file may be there because an earlier try got as far as its name and died before that
 * was on the disk: so it is brought there now.
 */
static int
look(struct cyi_file_sink *sink, struct cyi_file_answer *answer)
{
    struct cyi_file_info there;
    int rc = lookup(sink, &there);
    if (rc != 0)
        return rc == -ENOENT ? 0 : rc;
    if (there.kind != CYI_FILE_REGULAR)
        return there.kind == CYI_FILE_FOLDER ? -EISDIR
               : there.kind == CYI_FILE_LINK ? -ELOOP
                                             : -EEXIST;
    if (cyi_file_is_same(&there, &sink->request)) {
        answer->result = CY_FILE_SAME;
        return (sink->request.flags & CYI_FILE_LAZY) != 0
                   ? 0
                   : cyi_file_place_sync(sink->store, &sink->request);
    }
    if ((sink->request.flags & CYI_FILE_REPLACE) == 0)
        *answer =
            (struct cyi_file_answer){CY_FILE_DIFFERS, there.mode, there.size, there.mtime_ns};
    return 0;
}

static int
check_space(struct cyi_file_sink *sink)
{
    struct cyi_os *os = sink->store->os;
    uint64_t space, needed = sink->request.size - sink->at;
    int rc = os->file->space(os, sink->store->parts, &space);
    return rc == 0 && needed > space ? -ENOSPC : rc;
}

/* Other nodes may share the folder: what one of them works on is not ours to remove. */
static int
lock_part(struct cyi_file_sink *sink)
{
    struct cyi_os *os = sink->store->os;
    int rc = os->file->lock(os, sink->part);
    if (rc == 0)
        return 0;
    os->file->close(os, sink->part);
    sink->part = -1;
    return rc == -EWOULDBLOCK ? -EBUSY : rc;
}

/* Of an earlier try what is there is hashed later, while the rest comes. */
static int
open_part(struct cyi_file_sink *sink)
{
    struct cyi_os *os = sink->store->os;
    struct cyi_file_info info;
    int rc = os->file->create(os, sink->store->parts, sink->part_name, PART_MODE);
    if (rc < 0)
        return rc;
    sink->part = rc;
    rc = lock_part(sink);
    if (rc == 0)
        rc = os->file->info(os, sink->part, &info);
    if (rc == 0 && info.kind != CYI_FILE_REGULAR)
        rc = -EPERM;
    if (rc == 0 &&
        ((sink->request.flags & CYI_FILE_AFRESH) != 0 || info.size > sink->request.size)) {
        info.size = 0;
        rc = os->file->truncate(os, sink->part, 0);
    }
    if (rc == 0 && info.size > 0) /* young again, or it would be tidied away */
        rc = os->file->set_info(os, sink->part, PART_MODE, os->realtime(os));
    if (rc == 0)
        sink->at = sink->ahead = info.size;
    return rc;
}

static int
begin(struct cyi_file_sink *sink)
{
    pthread_mutex_lock(&sink->store->lock);
    int rc = sink->taken_over ? -EBUSY : 0;
    if (rc == 0)
        sink->busy = true;
    pthread_mutex_unlock(&sink->store->lock);
    return rc;
}

/* After an error of ours nothing is kept: the disk may be full of it. */
static int
end(struct cyi_file_sink *sink, int rc)
{
    struct cyi_os *os = sink->store->os;
    pthread_mutex_lock(&sink->store->lock);
    if (rc < 0 && sink->busy && sink->part >= 0)
        (void) os->file->remove(os, sink->store->parts, sink->part_name);
    sink->busy = false;
    if (rc < 0)
        leave(sink);
    pthread_mutex_unlock(&sink->store->lock);
    return rc;
}

/* Folders are made now: what they lack is better known before the bytes come. */
static int
prepare(struct cyi_file_sink *sink)
{
    struct cyi_file_store *store = sink->store;
    int folder = cyi_file_folder_make(store, sink->request.dir);
    if (folder < 0)
        return folder;
    store->os->file->close(store->os, folder);
    int rc = open_part(sink);
    return rc == 0 ? check_space(sink) : rc;
}

static int
open_sink(struct cyi_file_sink *sink, const uint8_t owner[CYI_FILE_OWNER],
          struct cyi_file_answer *answer)
{
    struct cyi_file_store *store = sink->store;
    int rc = cyi_file_store_open(store);
    if (rc == 0)
        rc = look(sink, answer);
    if (rc != 0 || answer->result != CYI_FILE_GO)
        return rc;
    if (store->size_max != 0 && sink->request.size > store->size_max)
        return -EFBIG;
    pthread_mutex_lock(&store->lock);
    rc = enter(sink, owner);
    sink->busy = rc == 0;
    pthread_mutex_unlock(&store->lock);
    return end(sink, rc == 0 ? prepare(sink) : rc);
}

void
cyi_file_sink_open(struct cyi_file_sink *sink, const uint8_t owner[CYI_FILE_OWNER],
                   struct cyi_file_answer *answer)
{
    *answer = (struct cyi_file_answer){.result = CYI_FILE_GO};
    cyi_list_init(&sink->link);
    sink->part = -1;
    sink->taken_over = sink->overtaken = false; /* as an earlier one on this connection was */
    cyi_file_hash_init(&sink->hash, sink->store->fast_hash);
    int rc = open_sink(sink, owner, answer);
    if (rc != 0)
        *answer = (struct cyi_file_answer){.result = rc};
    else if (answer->result == CYI_FILE_GO)
        answer->size = sink->at;
}

static int
catch_up(struct cyi_file_sink *sink, void *buffer, size_t size)
{
    struct cyi_os *os = sink->store->os;
    uint64_t left = sink->at - sink->hash.size;
    ssize_t n =
        os->file->read(os, sink->part, buffer, left < size ? left : size, sink->hash.size);
    if (n < 0)
        return (int) n;
    if (n == 0)
        return -EIO; /* it has become shorter */
    cyi_file_hash_update(&sink->hash, buffer, (size_t) n);
    return 0;
}

int
cyi_file_sink_catch_up(struct cyi_file_sink *sink, void *buffer, size_t size)
{
    uint64_t until = sink->hash.size + CATCH_UP;
    int rc = begin(sink);
    while (rc == 0 && sink->hash.size < sink->at && sink->hash.size < until)
        rc = catch_up(sink, buffer, size);
    rc = end(sink, rc);
    return rc != 0 ? rc : sink->hash.size < sink->at;
}

/* The disk works while more comes: at the end there is little to wait for. */
static void
sync_ahead(struct cyi_file_sink *sink)
{
    struct cyi_os *os = sink->store->os;
    if (sink->at - sink->ahead < SYNC_AHEAD)
        return;
    os->file->sync_ahead(os, sink->part, sink->ahead, sink->at - sink->ahead);
    sink->ahead = sink->at;
}

static int
write_all(struct cyi_file_sink *sink, const uint8_t *bytes, size_t size)
{
    struct cyi_os *os = sink->store->os;
    while (size > 0) {
        size_t most = size < CYI_FILE_BITE ? size : CYI_FILE_BITE;
        ssize_t n = os->file->write(os, sink->part, bytes, most, sink->at);
        if (n <= 0)
            return n < 0 ? (int) n : -ENOSPC;
        cyi_file_hash_update(&sink->hash, bytes, (size_t) n);
        sink->at += (uint64_t) n;
        bytes += n;
        size -= (size_t) n;
    }
    if ((sink->request.flags & CYI_FILE_LAZY) == 0)
        sync_ahead(sink);
    return 0;
}

int
cyi_file_sink_write(struct cyi_file_sink *sink, const void *bytes, size_t size)
{
    int rc = begin(sink);
    if (rc == 0 && (size > sink->request.size - sink->at || sink->hash.size != sink->at))
        rc = -EBADMSG;
    return end(sink, rc == 0 ? write_all(sink, bytes, size) : rc);
}

/* It would have been replaced by now, or deleted; one that may not replace comes too late. */
static int
drop_part(struct cyi_file_sink *sink)
{
    struct cyi_file_store *store = sink->store;
    int rc = store->os->file->remove(store->os, store->parts, sink->part_name);
    cyi_file_folder_prune(store, sink->request.dir);
    return rc == 0 && (sink->request.flags & CYI_FILE_REPLACE) == 0 ? -EEXIST : rc;
}

/* The name and whose it is change together, or one could delete what another has sent. */
static int
rename_part(struct cyi_file_sink *sink, int folder)
{
    struct cyi_file_store *store = sink->store;
    const struct cyi_file_request *request = &sink->request;
    bool replace = (request->flags & CYI_FILE_REPLACE) != 0;
    int rc = store->os->file->rename(store->os, store->parts, sink->part_name, folder,
                                     request->name, replace);
    if (rc != 0)
        return rc;
    if (cyi_file_record_set(store, sink->owner, request) != 0)
        cyi_file_record_forget(store, request); /* then nobody's */
    cyi_file_sinks_overtake(store, request);
    return 0;
}

static int
put_into_place(struct cyi_file_sink *sink)
{
    struct cyi_os *os = sink->store->os;
    int folder = cyi_file_folder_make(sink->store, sink->request.dir);
    if (folder < 0)
        return folder;
    pthread_mutex_lock(&sink->store->lock);
    int rc = sink->overtaken ? drop_part(sink) : rename_part(sink, folder);
    pthread_mutex_unlock(&sink->store->lock);
    if (rc == 0 && (sink->request.flags & CYI_FILE_LAZY) == 0)
        rc = os->file->sync(os, folder);
    os->file->close(os, folder);
    return rc;
}

/*
 * The time comes last, since it says how old the part is: a crash before it leaves a part that
 * somebody can go on with.
 */
static int
finish(struct cyi_file_sink *sink, const uint8_t sha256[CYI_CRYPTO_HASH])
{
    struct cyi_os *os = sink->store->os;
    const struct cyi_file_request *request = &sink->request;
    uint8_t hash[CYI_CRYPTO_HASH];
    if (sink->at != request->size || sink->hash.size != sink->at)
        return -EBADMSG;
    cyi_file_hash_final(hash, &sink->hash);
    if (!cyi_crypto_equal(hash, sha256, sizeof hash))
        return -EBADMSG;
    int rc = (request->flags & CYI_FILE_LAZY) != 0 ? 0 : os->file->sync(os, sink->part);
    if (rc == 0)
        rc =
            os->file->set_info(os, sink->part, cyi_file_mode(request->mode), request->mtime_ns);
    if (rc == 0)
        rc = put_into_place(sink);
    return rc == -ENOENT ? put_into_place(sink) : rc; /* its folder was removed meanwhile */
}

void
cyi_file_sink_finish(struct cyi_file_sink *sink, const uint8_t sha256[CYI_CRYPTO_HASH],
                     struct cyi_file_answer *answer)
{
    *answer = (struct cyi_file_answer){.result = CY_FILE_SENT};
    int rc = begin(sink);
    rc = end(sink, rc == 0 ? finish(sink, sha256) : rc);
    if (rc == 0)
        cyi_file_sink_close(sink, true);
    if (rc == -EEXIST) /* somebody was faster */
        rc = look(sink, answer);
    if (rc != 0)
        *answer = (struct cyi_file_answer){.result = rc};
}

void
cyi_file_sink_close(struct cyi_file_sink *sink, bool keep)
{
    if (sink->owner == NULL)
        return;
    if (!keep && begin(sink) == 0)
        (void) end(sink, -ECANCELED);
    pthread_mutex_lock(&sink->store->lock);
    leave(sink);
    pthread_mutex_unlock(&sink->store->lock);
}
