/*
 * split.c - a split-ordered list, after Shalev and Shavit, for one writer.
 *
 * All nodes stand in one list, in the order of their hashes with the bits reversed, and so do
 * the buckets: bucket i stands before all nodes whose lowest bits are i. With twice as many
 * buckets each is followed by the second half of what it had, and no node moves: a reader that
 * still counts half the buckets walks a little further, no more. Buckets are made a few at a
 * time, when nodes come, so that nobody stops to copy a table.
 *
 * A node in a large table costs two lines that are not in the cache, its bucket's and its own.
 * The alternative was liburcu's hash, which has five, and resizes on a thread of its own.
 *
 * Synchronisation (split.h has the readers' part); readers are wait-free but for the length of
 * a chain, the writer waits for nobody:
 *   T1  link.next   release by the writer -> acquire by readers   what it leads to
 *   T2  split.mask  release when all buckets are made -> acquire by readers   the buckets
 */
#include "split.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

enum {
    BYTES = CYI_SPLIT_MAX * sizeof(struct cyi_split_link), /* untouched ones cost nothing */
    STEP = 4, /* buckets that are made for each node, while there are too few */
};

static uint64_t
reversed(uint64_t bits)
{
    bits = __builtin_bswap64(bits);
    bits = (bits >> 4 & UINT64_C(0x0f0f0f0f0f0f0f0f)) | (bits & UINT64_C(0x0f0f0f0f0f0f0f0f))
                                                            << 4;
    bits = (bits >> 2 & UINT64_C(0x3333333333333333)) | (bits & UINT64_C(0x3333333333333333))
                                                            << 2;
    return (bits >> 1 & UINT64_C(0x5555555555555555)) | (bits & UINT64_C(0x5555555555555555))
                                                            << 1;
}

/* The place in the list. A bucket stands before its members: no index has its top bit set. */
static uint64_t
order_of(const struct cyi_split *split, uintptr_t self)
{
    if (cyi_split_is_bucket(self))
        return reversed(cyi_split_index(split, self));
    return reversed(((const struct cyi_split_node *) self)->hash) | 1;
}

static void
link_behind(uintptr_t self, struct cyi_split_link *before)
{
    /* T1: nobody sees it yet. */
    atomic_store_explicit(&cyi_split_link(self)->next, cyi_split_next(before),
                          memory_order_relaxed);
    /* T1: now they do. */
    atomic_store_explicit(&before->next, self, memory_order_release);
}

/* Puts a node or a bucket into its place, which is in or behind the bucket `from`. */
static void
link_in(struct cyi_split *split, uintptr_t self, uint64_t from)
{
    uint64_t order = order_of(split, self);
    struct cyi_split_link *before = &split->buckets[from];
    uintptr_t next;
    while ((next = cyi_split_next(before)) != 0 && order_of(split, next) < order)
        before = cyi_split_link(next);
    link_behind(self, before);
}

/* The next one, behind the bucket to which its members belong so far, and some of them. */
static void
make_bucket(struct cyi_split *split)
{
    uint32_t index = split->made++;
    uint32_t parent = index & ~(UINT32_C(1) << (31 - __builtin_clz(index)));
    link_in(split, (uintptr_t) &split->buckets[index] | 1, parent);
}

static void
use_buckets(struct cyi_split *split)
{
    /* T2: the buckets are linked. */
    atomic_store_explicit(&split->mask, split->made - 1, memory_order_release);
}

static void
grow(struct cyi_split *split)
{
    uint32_t size = cyi_split_buckets(split);
    if (size == CYI_SPLIT_MAX || (split->made == size && split->count <= size / 2))
        return;
    for (int i = 0; i < STEP; i++)
        make_bucket(split);
    if (split->made == 2 * size)
        use_buckets(split);
}

int
cyi_split_init(struct cyi_split *split)
{
    void *buckets = mmap(NULL, BYTES, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (buckets == MAP_FAILED)
        return -ENOMEM;
    memset(split, 0, sizeof *split);
    split->buckets = buckets;
    for (split->made = 1; split->made < CYI_SPLIT_FIRST;)
        make_bucket(split);
    use_buckets(split);
    return 0;
}

void
cyi_split_fini(struct cyi_split *split)
{
    munmap(split->buckets, BYTES);
}

static uint64_t
bucket_of(const struct cyi_split *split, uint64_t hash)
{
    return hash & (cyi_split_buckets(split) - 1);
}

void
cyi_split_insert(struct cyi_split *split, struct cyi_split_node *node)
{
    link_in(split, (uintptr_t) &node->link, bucket_of(split, node->hash));
    split->count++;
    grow(split);
}

void
cyi_split_remove(struct cyi_split *split, struct cyi_split_node *node)
{
    struct cyi_split_link *before = &split->buckets[bucket_of(split, node->hash)];
    while (cyi_split_next(before) != (uintptr_t) &node->link)
        before = cyi_split_link(cyi_split_next(before));
    /* T1: who is at the node goes on from there to what was behind it. */
    atomic_store_explicit(&before->next, cyi_split_next(&node->link), memory_order_release);
    split->count--;
}
