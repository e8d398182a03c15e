/* books.h - what a reader has got from each sender: all of it, once, in order, undamaged? */
#ifndef LOAD_BOOKS_H
#define LOAD_BOOKS_H

#include "proof.h"
#include "talk.h"

#include <cycos/ref.h>
#include <stdbool.h>

/* Of the latest so many versions it is known which have come; a multiple of 64. */
enum { LOAD_PAGE_WINDOW = 1024 };

/* A sender numbers the payloads of a stream from 1 on; a new stream has another number. */
struct load_page {
    struct load_page *next;
    cy_ref sender;
    bool begun;
    uint32_t stream;
    uint64_t reach; /* the highest version that has come */
    uint64_t distinct, duplicated, reordered, corrupted;
    uint64_t seen[LOAD_PAGE_WINDOW / 64]; /* version v is bit v modulo the window */
};

enum { LOAD_PAGES_MAX = 65536, LOAD_BOOKS_BUCKETS = 4096 };

struct load_books {
    struct load_page *bucket[LOAD_BOOKS_BUCKETS];
    struct load_page *latest; /* most often the next one too */
    uint32_t count;
};

/* The page of that sender; NULL if there is none. */
struct load_page *load_books_find(struct load_books *books, cy_ref sender);
/* A new one, for a sender that has none. NULL: LOAD_PAGES_MAX are there, or no memory. */
struct load_page *load_books_open(struct load_books *books, cy_ref sender);
void load_books_drop(struct load_books *books, cy_ref sender);
/* Drops all pages. */
void load_books_fini(struct load_books *books);

/* A payload has come. */
void load_page_note(struct load_page *page, const void *payload, size_t size);
/* What the page says of that stream; the mark begins it if nothing of it has come. */
void load_page_tell(struct load_page *page, const struct load_mark *mark,
                    struct load_told *out);

#endif
