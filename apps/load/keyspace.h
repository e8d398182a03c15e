/* keyspace.h - which keys a connection uses, and what the last known version of each is. */
#ifndef LOAD_KEYSPACE_H
#define LOAD_KEYSPACE_H

#include "ledger.h"

/*
 * A key of one's own is written and read on one connection only, so that a read must give
 * exactly what was written last: this holds even where each server process has its own keys.
 * Shared keys are written by all connections, so that only a weaker check is possible.
 */
struct load_keyspace {
    uint32_t *acknowledged; /* version of the last SET that was answered; 0: none */
    uint32_t first, count;  /* indexes of the keys */
    bool shared;
    bool filled; /* every key was written in this run before the measuring */
};

/* -ENOMEM. @count is at least 1. */
int load_keyspace_init(struct load_keyspace *space, uint32_t first, uint32_t count,
                       bool shared);
void load_keyspace_fini(struct load_keyspace *space);

/* The connection was made anew and may lead to another server: nothing is known any more. */
void load_keyspace_forget(struct load_keyspace *space);

void load_keyspace_set(struct load_keyspace *space, const struct load_request *request);

/* Is the answer to this GET older than what the server had acknowledged? */
bool load_keyspace_stale(const struct load_keyspace *space, const struct load_request *request,
                         const struct load_reply *reply);

#endif
