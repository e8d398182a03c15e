/* frame.h - frames for a raw echo server: found again after any damage. */
#ifndef LOAD_FRAME_H
#define LOAD_FRAME_H

#include "proof.h"

#include <stdbool.h>

/* 4 bytes that mark the run, 4 bytes length of the whole frame, a payload with its proof. */
#define LOAD_FRAME_HEADER ((size_t) 8)
#define LOAD_FRAME_MIN    (LOAD_FRAME_HEADER + LOAD_PROOF_BYTES)

/* @size bytes at @to, at least LOAD_FRAME_MIN. The run of @proof marks the frame's start. */
void load_frame_write(void *to, size_t size, const struct load_proof *proof);

struct load_frame_reader {
    uint32_t run;
    size_t min_bytes, max_bytes; /* frames are of such sizes */
    bool in_damage;              /* the damage that is being passed over was reported already */
};

enum load_frame {
    LOAD_FRAME_NONE,    /* not complete yet */
    LOAD_FRAME_INTACT,  /* *proof is set */
    LOAD_FRAME_DAMAGED, /* something that was no frame has been passed over */
    LOAD_FRAME_SKIPPED, /* more of the same damage */
};

/* Looks at @data and stores in *used how many bytes are done with. */
enum load_frame load_frame_read(struct load_frame_reader *reader, const void *data, size_t size,
                                size_t *used, struct load_proof *proof);

#endif
