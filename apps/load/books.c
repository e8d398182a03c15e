/* books.c - what a reader has got from each sender: all of it, once, in order, undamaged? */
#include "books.h"

#include <stdlib.h>
#include <string.h>

static struct load_page **
bucket_of(struct load_books *books, cy_ref sender)
{
    uint32_t hash = (sender.slot ^ (sender.node + sender.core)) * UINT32_C(0x9e3779b1);
    return &books->bucket[hash >> 20];
}

static struct load_page **
place_of(struct load_books *books, cy_ref sender)
{
    struct load_page **at = bucket_of(books, sender);
    while (*at != NULL && !cy_ref_equal((*at)->sender, sender))
        at = &(*at)->next;
    return at;
}

struct load_page *
load_books_find(struct load_books *books, cy_ref sender)
{
    struct load_page *page = books->latest;
    if (page == NULL || !cy_ref_equal(page->sender, sender))
        page = *place_of(books, sender);
    if (page != NULL)
        books->latest = page;
    return page;
}

struct load_page *
load_books_open(struct load_books *books, cy_ref sender)
{
    struct load_page **bucket = bucket_of(books, sender);
    struct load_page *page = books->count < LOAD_PAGES_MAX ? calloc(1, sizeof *page) : NULL;
    if (page == NULL)
        return NULL;
    page->sender = sender;
    page->next = *bucket;
    *bucket = page;
    books->latest = page;
    books->count++;
    return page;
}

void
load_books_drop(struct load_books *books, cy_ref sender)
{
    struct load_page **at = place_of(books, sender), *page = *at;
    if (page == NULL)
        return;
    *at = page->next;
    if (books->latest == page)
        books->latest = NULL;
    books->count--;
    free(page);
}

void
load_books_fini(struct load_books *books)
{
    for (uint32_t i = 0; i < LOAD_BOOKS_BUCKETS; i++)
        while (books->bucket[i] != NULL)
            load_books_drop(books, books->bucket[i]->sender);
}

/* What was damaged before the first payload that is whole belongs to it. */
static void
turn_to(struct load_page *page, uint32_t stream)
{
    if (page->begun && page->stream == stream)
        return;
    uint64_t corrupted = page->begun ? 0 : page->corrupted;
    *page = (struct load_page){.next = page->next,
                               .sender = page->sender,
                               .begun = true,
                               .stream = stream,
                               .corrupted = corrupted};
}

static uint64_t *
word_of(struct load_page *page, uint64_t version)
{
    return &page->seen[version % LOAD_PAGE_WINDOW / 64];
}

static uint64_t
bit_of(uint64_t version)
{
    return (uint64_t) 1 << (version % 64);
}

static void
advance(struct load_page *page, uint64_t to)
{
    if (to - page->reach >= LOAD_PAGE_WINDOW)
        memset(page->seen, 0, sizeof page->seen);
    else
        for (uint64_t v = page->reach + 1; v < to; v++)
            *word_of(page, v) &= ~bit_of(v);
    page->reach = to;
}

/* It is behind others that were sent later: late, or here for the second time. */
static bool
is_late(struct load_page *page, uint64_t version)
{
    if (page->reach - version < LOAD_PAGE_WINDOW)
        return (*word_of(page, version) & bit_of(version)) == 0;
    /* Too long ago to know; if nothing is missing it has come before. */
    return page->distinct < page->reach;
}

void
load_page_note(struct load_page *page, const void *payload, size_t size)
{
    struct load_proof proof;
    if (load_proof_read(&proof, payload, size) != 0) {
        page->corrupted++;
        return;
    }
    turn_to(page, proof.key);
    /* Versions have 32 bits and go round: what counts is the distance. */
    int64_t distance = (int32_t) (proof.version - (uint32_t) page->reach);
    uint64_t version = page->reach + (uint64_t) distance;
    if (distance > 0) {
        advance(page, version);
    } else if (is_late(page, version)) {
        page->reordered++;
    } else {
        page->duplicated++;
        return;
    }
    page->distinct++;
    *word_of(page, version) |= bit_of(version);
}

void
load_page_tell(struct load_page *page, const struct load_mark *mark, struct load_told *out)
{
    turn_to(page, mark->stream);
    *out = (struct load_told){.number = mark->number,
                              .distinct = page->distinct,
                              .duplicated = page->duplicated,
                              .reordered = page->reordered,
                              .corrupted = page->corrupted,
                              .stream = mark->stream};
}
