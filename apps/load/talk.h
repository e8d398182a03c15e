/* talk.h - what senders and a server of this program tell each other. */
#ifndef LOAD_TALK_H
#define LOAD_TALK_H

#include <cycos/registry.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A server has a name, and a second one for those who ask for its books. A server of another
 * kind lacks the second, so that it gets nothing but payloads.
 */
enum {
    LOAD_TALK_NOTE = 1, /* a payload (proof.h); no answer */
    LOAD_TALK_ASK,      /* a payload; the answer is the same payload */
    LOAD_TALK_WHO,      /* to NAME.books: a struct load_who, answered by a load_readers */
    LOAD_TALK_MARK,     /* behind payloads, on their way: a struct load_mark */
    LOAD_TALK_PAGE,     /* the answer of each reader: a struct load_told */
};

#define LOAD_BOOKS_SUFFIX ".books"
#define LOAD_SERVED_MAX   (CY_NAME_MAX - 12) /* bytes of a name, so that ".1023.books" fits */

/*
 * Numbers are those of the machine: nodes whose bytes lie the other way, and programs that
 * mean something else, are told by the first word.
 */
#define LOAD_TALK_VERSION UINT32_C(0x6c640001)

struct load_who {
    uint32_t version, is_channel;
};

struct load_readers {
    uint32_t version, readers; /* whom a payload to this task or channel reaches */
};

/* So many payloads of the stream were sent before this. */
struct load_mark {
    uint64_t number;
    uint32_t stream, unused;
};

/* What a reader had of the stream when the mark came. */
struct load_told {
    uint64_t number, distinct, duplicated, reordered, corrupted;
    uint32_t stream;
    int32_t error; /* 0, or why there is no book of this sender */
};

/* "NAME.books" for a name; -ENAMETOOLONG. */
int load_books_name(char out[CY_NAME_MAX + 1], const char *name);

#endif
