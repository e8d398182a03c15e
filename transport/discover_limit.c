/*
 * discover_limit.c - how many hellos are looked at: checking their authentication costs time.
 *
 * Tests: tests/transport/test_discover.c
 */
#include "discover.h"
#include <cycos/impl/map.h>
#include <string.h>

enum { TOKEN = 1000000 };

bool
cyi_bucket_take(struct cyi_bucket *bucket, cy_time now, uint32_t rate, uint32_t burst)
{
    cy_time passed = now - bucket->at;
    uint64_t back = passed <= 0           ? 0
                    : passed >= CY_MINUTE ? bucket->used
                                          : (uint64_t) passed * rate / (CY_SECOND / TOKEN);
    bucket->at = now;
    bucket->used = back >= bucket->used ? 0 : bucket->used - back;
    if (bucket->used + TOKEN > (uint64_t) burst * TOKEN)
        return false;
    bucket->used += TOKEN;
    return true;
}

/* A place is taken over when its last owner has been quiet, else shared. */
static struct cyi_bucket *
bucket_of(struct cyi_limit *limit, cy_time now, const uint8_t *address)
{
    uint64_t hash = cyi_hash_bytes(&limit->hash_key, address, 16);
    size_t at = hash % CYI_LIMIT_SOURCES;
    if (memcmp(limit->sources[at].address, address, 16) != 0 &&
        now - limit->sources[at].bucket.at > 10 * CY_SECOND) {
        memcpy(limit->sources[at].address, address, 16);
        limit->sources[at].bucket = (struct cyi_bucket){0};
    }
    return &limit->sources[at].bucket;
}

/* The source first: one that floods must not use up what all have together. */
bool
cyi_limit_pass(struct cyi_limit *limit, cy_time now, const uint8_t *address)
{
    return cyi_bucket_take(bucket_of(limit, now, address), now, CYI_LIMIT_SOURCE_RATE,
                           CYI_LIMIT_SOURCE_BURST) &&
           cyi_bucket_take(&limit->all, now, CYI_LIMIT_RATE, CYI_LIMIT_BURST);
}
