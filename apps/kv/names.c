/* names.c - a set of names: chained buckets, and a list in the order of adding. */
#include "names.h"

#include <stdlib.h>

#define BUCKETS_MIN ((size_t) 8)

void
kv_names_free(struct kv_names *names)
{
    struct kv_name *name = names->first;
    while (name != NULL) {
        struct kv_name *next = name->next;
        free(name);
        name = next;
    }
    free(names->buckets);
    *names = (struct kv_names){0};
}

struct kv_name *
kv_names_find(const struct kv_names *names, struct kv_slice text, uint64_t hash)
{
    if (names->count == 0)
        return NULL;
    struct kv_name *name = names->buckets[hash & (names->bucket_count - 1)];
    while (name != NULL && (name->hash != hash || name->bytes != text.bytes ||
                            memcmp(name->at, text.at, text.bytes) != 0))
        name = name->next_in_bucket;
    return name;
}

static void
put(struct kv_names *names, struct kv_name *name)
{
    struct kv_name **bucket = &names->buckets[name->hash & (names->bucket_count - 1)];
    name->next_in_bucket = *bucket;
    *bucket = name;
}

static bool
grow(struct kv_names *names)
{
    size_t count = names->bucket_count == 0 ? BUCKETS_MIN : names->bucket_count * 2;
    struct kv_name **buckets = calloc(count, sizeof(struct kv_name *));
    if (buckets == NULL)
        return false;
    free(names->buckets);
    names->buckets = buckets;
    names->bucket_count = count;
    for (struct kv_name *name = names->first; name != NULL; name = name->next)
        put(names, name);
    return true;
}

struct kv_name *
kv_names_add(struct kv_names *names, struct kv_slice text, uint64_t hash)
{
    if (names->count == names->bucket_count && !grow(names))
        return NULL;
    struct kv_name *name = malloc(sizeof *name + text.bytes);
    if (name == NULL)
        return NULL;
    name->hash = hash;
    name->bytes = text.bytes;
    if (text.bytes > 0)
        memcpy(name->at, text.at, text.bytes);
    name->next = NULL;
    name->previous = names->last;
    *(names->last == NULL ? &names->first : &names->last->next) = name;
    names->last = name;
    names->count++;
    put(names, name);
    return name;
}

void
kv_names_remove(struct kv_names *names, struct kv_name *name)
{
    struct kv_name **link = &names->buckets[name->hash & (names->bucket_count - 1)];
    while (*link != name)
        link = &(*link)->next_in_bucket;
    *link = name->next_in_bucket;
    *(name->previous == NULL ? &names->first : &name->previous->next) = name->next;
    *(name->next == NULL ? &names->last : &name->next->previous) = name->previous;
    names->count--;
    free(name);
}
