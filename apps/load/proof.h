/* proof.h - payloads that say what they are: run, key, version, checksum. */
#ifndef LOAD_PROOF_H
#define LOAD_PROOF_H

#include <stddef.h>
#include <stdint.h>

/*
 * The first 16 bytes of every payload, little-endian:
 *
 *   0  checksum  of the three words below, the payload's length and all further bytes
 *   4  run       which run of the harness wrote it
 *   8  key       index of the key; of a tag: LOAD_KEY_TAG; of a frame: the connection
 *  12  version   number of the request on its connection
 *
 * So a value that comes back proves which request wrote it, and any change shows.
 */
#define LOAD_PROOF_BYTES ((size_t) 16)
#define LOAD_KEY_TAG     UINT32_MAX

struct load_proof {
    uint32_t run, key, version;
};

/* Fills all @size bytes, at least LOAD_PROOF_BYTES. */
void load_proof_write(void *payload, size_t size, const struct load_proof *proof);

/* -EBADMSG: too short, or not what was written; *@out is untouched then. */
int load_proof_read(struct load_proof *out, const void *payload, size_t size);

#endif
