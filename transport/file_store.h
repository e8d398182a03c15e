/*
 * file_store.h - what this node takes from others: under dest_path, within its limits.
 *
 * All of it runs on threads of the pool and may block there; one lock keeps what they share.
 * No core waits for that lock.
 */
#ifndef CYI_FILE_STORE_H
#define CYI_FILE_STORE_H

#include "file_hash.h"
#include "wire_file.h"
#include <cycos/impl/hash.h>
#include <cycos/impl/list.h>
#include <cycos/impl/map.h>
#include <cycos/impl/os.h>
#include <pthread.h>

enum { CYI_FILE_OWNER = 16, CYI_FILE_PART_NAME = 40 };

struct cyi_file_limits {
    cy_time keep_ns;      /* 10 min: what is left of a transfer that was cut */
    uint32_t files_max;   /* 64 transfers of this node at a time */
    uint32_t files_peer;  /* 16 of them of one peer */
    uint32_t records_max; /* 65536 files that are known to be of some peer */
};

/* A node that sends files, or has sent some. */
struct cyi_file_owner {
    struct cyi_map_node node; /* in store->owners */
    struct cyi_list link;     /* in store->all_owners */
    uint8_t id[CYI_FILE_OWNER];
    struct cyi_list records; /* its files that are here */
    uint64_t bytes;          /* of those, and of those that are under way */
    uint32_t record_count, active;
};

struct cyi_file_store {
    struct cyi_os *os;
    const char *path; /* dest_path */
    uint64_t size_max, quota;
    bool delete_any;
    bool fast_hash;
    struct cyi_file_limits limits;
    pthread_mutex_t lock;         /* for all that follows */
    int root, parts;              /* folders; -1: not yet open */
    struct cyi_hash_key hash_key; /* peers choose names */
    struct cyi_map owners, records;
    struct cyi_list all_owners;
    struct cyi_list active; /* transfers */
    uint32_t active_count, record_count;
    cy_time swept_at; /* all records, the last time */
};

/* A file that comes in. Zeroed: none. */
struct cyi_file_sink {
    struct cyi_list link; /* in store->active */
    struct cyi_file_store *store;
    struct cyi_file_owner *owner;
    struct cyi_file_request request;
    struct cyi_file_hash hash; /* of its first hash.size bytes */
    uint64_t at;               /* so many are there */
    uint64_t ahead;            /* so many are at least on their way to the disk */
    uint64_t charged;          /* bytes on the owner's account */
    int part;                  /* the temporary file; -1: none */
    char part_name[CYI_FILE_PART_NAME];
    bool taken_over; /* by another transfer of the same file; guarded by the lock */
    bool busy;       /* a thread works on it; the same */
    bool overtaken;  /* its place has been dealt with since it began; the same */
};

CY_MUST_CHECK int cyi_file_store_init(struct cyi_file_store *out, struct cyi_os *os);
/* No thread works on a transfer any more. */
void cyi_file_store_fini(struct cyi_file_store *store);
/* Is dest_path a folder? Before any other thread knows the store. */
CY_MUST_CHECK int cyi_file_store_check(struct cyi_file_store *store);
/* Open its folders. What cy_file_send() says of the other side; 0 also if they are open. */
CY_MUST_CHECK int cyi_file_store_open(struct cyi_file_store *store);
/* Remove what is left of transfers that nobody has gone on with in time. */
int cyi_file_store_tidy(struct cyi_file_store *store);

/*
 * A request to send, with sink->store and sink->request filled in: answer->result says
 * CYI_FILE_GO, and then the sink is open, or what it has come to.
 */
void cyi_file_sink_open(struct cyi_file_sink *sink, const uint8_t owner[CYI_FILE_OWNER],
                        struct cyi_file_answer *answer);
/* Hash some of what is left of an earlier try; 0 all is, 1 there is more, or an error. */
CY_MUST_CHECK int cyi_file_sink_catch_up(struct cyi_file_sink *sink, void *buffer, size_t size);
/* The next bytes. After an error nothing is left of it. */
CY_MUST_CHECK int cyi_file_sink_write(struct cyi_file_sink *sink, const void *bytes,
                                      size_t size);
/* All bytes have come: put it in its place. Closes it. */
void cyi_file_sink_finish(struct cyi_file_sink *sink, const uint8_t sha256[CYI_CRYPTO_HASH],
                          struct cyi_file_answer *answer);
/* Before its end, if it is open; `keep`: somebody may go on. */
void cyi_file_sink_close(struct cyi_file_sink *sink, bool keep);

/*
 * With the lock held: what is at that place now, or that nothing is, is newer than any transfer
 * that is still under way there. The sender of one may have given it up long ago.
 */
void cyi_file_sinks_overtake(struct cyi_file_store *store,
                             const struct cyi_file_request *place);

/* A request to delete. */
CY_MUST_CHECK int cyi_file_store_delete(struct cyi_file_store *store,
                                        const uint8_t owner[CYI_FILE_OWNER],
                                        const struct cyi_file_request *request);

/* file_record.c: whose files are here. All with the lock held. */

/* The account of an owner, made if there is none; NULL without memory. */
struct cyi_file_owner *cyi_file_owner_get(struct cyi_file_store *store,
                                          const uint8_t id[CYI_FILE_OWNER]);
/* Free it if it stands for nothing. */
void cyi_file_owner_drop(struct cyi_file_store *store, struct cyi_file_owner *owner);
/* Forget records of this owner, or of all, whose file is not here as it was sent. */
void cyi_file_records_sweep(struct cyi_file_store *store, struct cyi_file_owner *owner);
void cyi_file_records_sweep_all(struct cyi_file_store *store);
/* Its size if the owner has a record of this place; 0 otherwise. */
uint64_t cyi_file_record_size(struct cyi_file_store *store, const struct cyi_file_owner *owner,
                              const struct cyi_file_request *place);
/* The file is here now, as the request says. -ENOMEM. */
CY_MUST_CHECK int cyi_file_record_set(struct cyi_file_store *store,
                                      struct cyi_file_owner *owner,
                                      const struct cyi_file_request *file);
/* May this owner delete what is at that place, and is it still what was sent? */
bool cyi_file_record_is(struct cyi_file_store *store, const uint8_t owner[CYI_FILE_OWNER],
                        const struct cyi_file_request *place,
                        const struct cyi_file_info *there);
void cyi_file_record_forget(struct cyi_file_store *store, const struct cyi_file_request *place);
void cyi_file_records_fini(struct cyi_file_store *store);

/* file_place.c: folders. Open one beneath the root: a descriptor, or an error. */
CY_MUST_CHECK int cyi_file_folder_open(struct cyi_file_store *store, const char *dir);
/* The same, and make what is missing. */
CY_MUST_CHECK int cyi_file_folder_make(struct cyi_file_store *store, const char *dir);
/* Remove this folder and those above it, as far as they are empty. */
void cyi_file_folder_prune(struct cyi_file_store *store, const char *dir);
/* What is at that place; -ENOENT nothing, also if the folder is missing. */
CY_MUST_CHECK int cyi_file_place_lookup(struct cyi_file_store *store,
                                        const struct cyi_file_request *place,
                                        struct cyi_file_info *out);
/* See to it that what is there, and its name, are on the disk. */
CY_MUST_CHECK int cyi_file_place_sync(struct cyi_file_store *store,
                                      const struct cyi_file_request *place);
/* Is the file that the request announces there? */
bool cyi_file_is_same(const struct cyi_file_info *there, const struct cyi_file_request *file);
/* The permissions that a file gets here. */
uint32_t cyi_file_mode(uint32_t asked);

#endif
