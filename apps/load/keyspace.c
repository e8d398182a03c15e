/* keyspace.c - which keys a connection uses, and what the last known version of each is. */
#include "keyspace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int
load_keyspace_init(struct load_keyspace *space, uint32_t first, uint32_t count, bool shared)
{
    uint32_t *acknowledged = calloc(count, sizeof *acknowledged);
    if (acknowledged == NULL)
        return -ENOMEM;
    *space = (struct load_keyspace){
        .acknowledged = acknowledged, .first = first, .count = count, .shared = shared};
    return 0;
}

void
load_keyspace_fini(struct load_keyspace *space)
{
    free(space->acknowledged);
    space->acknowledged = NULL;
}

void
load_keyspace_forget(struct load_keyspace *space)
{
    memset(space->acknowledged, 0, space->count * sizeof *space->acknowledged);
    space->filled = false;
}

void
load_keyspace_set(struct load_keyspace *space, const struct load_request *request)
{
    space->acknowledged[request->key - space->first] = request->version;
}

bool
load_keyspace_stale(const struct load_keyspace *space, const struct load_request *request,
                    const struct load_reply *reply)
{
    uint32_t known = space->acknowledged[request->key - space->first];
    bool written = known != 0 || space->filled;
    if (reply->kind == LOAD_NIL || !reply->ours)
        return written;
    /* Replies come in order: when this one is looked at, every SET sent before it has been
     * acknowledged, and none sent after it. Versions of other connections do not compare. */
    return !space->shared && known != 0 && (int32_t) (reply->version - known) < 0;
}
