/* stream.c - what one sender has sent, and what its readers say of it. */
#include "stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int
load_stream_begin(struct load_stream *stream, uint32_t id, uint32_t readers,
                  uint32_t mark_every)
{
    struct load_account *accounts = stream->accounts;
    if (readers > stream->readers) {
        accounts = realloc(accounts, readers * sizeof *accounts);
        if (accounts == NULL)
            return -ENOMEM;
    }
    *stream = (struct load_stream){
        .id = id, .readers = readers, .mark_every = mark_every, .accounts = accounts};
    return 0;
}

void
load_stream_fini(struct load_stream *stream)
{
    free(stream->accounts);
    stream->accounts = NULL;
    stream->readers = 0;
}

static bool
has_books(const struct load_stream *stream)
{
    return stream->readers > 0 && !stream->bookless;
}

bool
load_stream_mark_due(const struct load_stream *stream)
{
    return has_books(stream) && stream->sent - stream->marked >= stream->mark_every;
}

bool
load_stream_full(const struct load_stream *stream)
{
    return has_books(stream) &&
           stream->sent - load_stream_confirmed(stream) >= (uint64_t) 2 * stream->mark_every;
}

uint64_t
load_stream_confirmed(const struct load_stream *stream)
{
    uint64_t least = stream->sent;
    if (!has_books(stream) || stream->heard < stream->readers)
        return 0;
    for (uint32_t i = 0; i < stream->heard; i++)
        if (stream->accounts[i].told.number < least)
            least = stream->accounts[i].told.number;
    return least;
}

static struct load_account *
account_of(struct load_stream *stream, cy_ref reader)
{
    for (uint32_t i = 0; i < stream->heard; i++)
        if (cy_ref_equal(stream->accounts[i].reader, reader))
            return &stream->accounts[i];
    if (stream->heard == stream->readers)
        return NULL;
    struct load_account *account = &stream->accounts[stream->heard++];
    *account = (struct load_account){.reader = reader};
    return account;
}

/* Books only grow. */
static bool
follows(const struct load_told *told, const struct load_told *last)
{
    return told->number >= last->number && told->distinct >= last->distinct &&
           told->duplicated >= last->duplicated && told->reordered >= last->reordered &&
           told->corrupted >= last->corrupted;
}

int
load_stream_hear(struct load_stream *stream, cy_ref reader, const struct load_told *told,
                 struct load_faults *faults)
{
    if (told->stream != stream->id || told->number > stream->sent)
        return -EBADMSG;
    if (told->error != 0) {
        stream->bookless = true;
        return 0;
    }
    struct load_account *account = account_of(stream, reader);
    if (account == NULL || !follows(told, &account->told))
        return -EBADMSG;
    faults->duplicated += told->duplicated - account->told.duplicated;
    faults->reordered += told->reordered - account->told.reordered;
    faults->corrupted += told->corrupted - account->told.corrupted;
    account->told = *told;
    return 0;
}

uint64_t
load_stream_lost(const struct load_stream *stream)
{
    uint64_t lost = 0;
    if (stream->bookless)
        return 0;
    for (uint32_t i = 0; i < stream->heard; i++) {
        const struct load_told *told = &stream->accounts[i].told;
        /* What came damaged did come, only nobody knows which it was. */
        uint64_t came = told->distinct + told->corrupted;
        lost += told->number > came ? told->number - came : 0;
    }
    return lost;
}
