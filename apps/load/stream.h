/* stream.h - what one sender has sent, and what its readers say of it. */
#ifndef LOAD_STREAM_H
#define LOAD_STREAM_H

#include "ledger.h"
#include "talk.h"

#include <cycos/ref.h>

/* What one reader has said last. */
struct load_account {
    cy_ref reader;
    struct load_told told;
};

/*
 * Each mark_every payloads a mark follows them, and no more than two stretches between marks
 * are ever unanswered: so a sender that gets no answers does not run away from its readers.
 */
struct load_stream {
    uint32_t id;
    uint64_t sent, marked; /* payloads; of these before the last mark */
    uint32_t mark_every;
    uint32_t readers, heard; /* who keep books, and how many have said something */
    bool bookless;           /* a reader has no room for one more book */
    struct load_account *accounts;
};

/* -ENOMEM. An earlier stream is forgotten: end it first. */
int load_stream_begin(struct load_stream *stream, uint32_t id, uint32_t readers,
                      uint32_t mark_every);
void load_stream_fini(struct load_stream *stream);

/* Should a mark be sent now? */
bool load_stream_mark_due(const struct load_stream *stream);
/* Must answers come before anything else is sent? */
bool load_stream_full(const struct load_stream *stream);
/* So many payloads, from the first on, all readers have told of. */
uint64_t load_stream_confirmed(const struct load_stream *stream);

/* A reader tells; new faults are added. -EBADMSG: of another stream, or it makes no sense. */
int load_stream_hear(struct load_stream *stream, cy_ref reader, const struct load_told *told,
                     struct load_faults *faults);

/* No reader will tell more: what is missing of what they told about is lost. */
uint64_t load_stream_lost(const struct load_stream *stream);

#endif
