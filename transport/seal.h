/* seal.h - protects the frames of a connection, one seal for each direction. */
#ifndef CYI_SEAL_H
#define CYI_SEAL_H

#include "crypto.h"
#include "gcm.h"

/*
 * Both ends count the frames of a direction from 0; the number is in the nonce and not on the
 * wire. So a frame that is lost, repeated, moved or from another connection does not open, as
 * one that was changed. After a failure a connection is of no more use.
 *
 * It begins with ChaCha20-Poly1305, which every node has, and may go on with AES-256-GCM.
 */
struct cyi_seal {
    uint8_t key[CYI_CRYPTO_KEY];
    uint8_t nonce[CYI_CRYPTO_NONCE]; /* of frame 0; the number is xored into it */
    uint64_t counter;                /* the next frame's */
    struct cyi_gcm *gcm;             /* of this key; NULL: ChaCha20-Poly1305 */
    bool seals;                      /* the direction of gcm */
};

#define CYI_SEAL_FRAMES_MAX ((uint64_t) 1 << 48)
enum {
    CYI_SEAL_KEY_FRAMES = 1 << 20, /* so many with a key of AES; it leads to the next one */
    CYI_SEAL_OVERHEAD = CYI_CRYPTO_TAG, /* bytes that a sealed frame is longer */
    CYI_SEAL_BYTES_MAX = 1 << 20,       /* of one frame, and of its header */
};

/*
 * Encrypts `plain` into size + CYI_SEAL_OVERHEAD bytes, so that neither they nor the header
 * can be changed; `out` may be `plain`. Longer than CYI_SEAL_BYTES_MAX is the caller's bug.
 * -EKEYEXPIRED: the keys have served for CYI_SEAL_FRAMES_MAX frames; connect anew.
 */
CY_MUST_CHECK int cyi_seal(struct cyi_seal *seal, const void *header, size_t header_size,
                           const void *plain, size_t size, uint8_t *out);

/*
 * The reverse: sealed_size - CYI_SEAL_OVERHEAD bytes; `out` may be `sealed`. -EBADMSG: this is
 * not the next frame of the other end, and `out` holds nothing of it. -EKEYEXPIRED as above.
 */
CY_MUST_CHECK int cyi_unseal(struct cyi_seal *seal, const void *header, size_t header_size,
                             const uint8_t *sealed, size_t sealed_size, uint8_t *out);

/*
 * AES-256-GCM from the next frame on; `seals`: this end does, the other one opens. Both ends
 * do it before the same frame. Only where cyi_gcm_available(). -ENOMEM.
 */
CY_MUST_CHECK int cyi_seal_use_aes(struct cyi_seal *seal, bool seals);

/* Wipes the keys. */
void cyi_seal_fini(struct cyi_seal *seal);

#endif
