/* frame.c - frames for a raw echo server: found again after any damage. */
#include "frame.h"

#include <cycos/base.h>
#include <endian.h>
#include <string.h>

/* Not the run itself: the payload has that too, and must not look like a frame's start. */
static uint32_t
mark_of(uint32_t run)
{
    return htole32(run ^ UINT32_C(0x6d61726b));
}

void
load_frame_write(void *to, size_t size, const struct load_proof *proof)
{
    CY_ASSERT(size >= LOAD_FRAME_MIN && size <= UINT32_MAX);
    uint32_t header[2] = {mark_of(proof->run), htole32((uint32_t) size)};
    memcpy(to, header, sizeof header);
    load_proof_write((char *) to + LOAD_FRAME_HEADER, size - LOAD_FRAME_HEADER, proof);
}

/* Where the next frame may begin: the mark, or a part of it at the very end. */
static size_t
find_mark(const unsigned char *data, size_t from, size_t size, uint32_t run)
{
    uint32_t mark = mark_of(run);
    for (size_t at = from; at < size; at++) {
        size_t rest = size - at < sizeof mark ? size - at : sizeof mark;
        if (memcmp(data + at, &mark, rest) == 0)
            return at;
    }
    return size;
}

static enum load_frame
skip_to(struct load_frame_reader *reader, size_t end, size_t *used)
{
    bool known = reader->in_damage;
    *used = end;
    reader->in_damage = true;
    return known ? LOAD_FRAME_SKIPPED : LOAD_FRAME_DAMAGED;
}

enum load_frame
load_frame_read(struct load_frame_reader *reader, const void *data, size_t size, size_t *used,
                struct load_proof *proof)
{
    const unsigned char *bytes = data;
    *used = 0;
    if (size == 0)
        return LOAD_FRAME_NONE;
    size_t start = find_mark(bytes, 0, size, reader->run);
    if (start > 0)
        return skip_to(reader, start, used);
    if (size < LOAD_FRAME_HEADER)
        return LOAD_FRAME_NONE;
    uint32_t length;
    memcpy(&length, bytes + 4, sizeof length);
    length = le32toh(length);
    /* A wrong length, in range or not, ends where the next frame begins. */
    if (length < reader->min_bytes || length > reader->max_bytes) {
        reader->in_damage = false;
        return skip_to(reader, find_mark(bytes, 4, size, reader->run), used);
    }
    if (size < length)
        return LOAD_FRAME_NONE;
    reader->in_damage = false;
    if (load_proof_read(proof, bytes + LOAD_FRAME_HEADER, length - LOAD_FRAME_HEADER) == 0) {
        *used = length;
        return LOAD_FRAME_INTACT;
    }
    return skip_to(reader, find_mark(bytes, 4, length, reader->run), used);
}
