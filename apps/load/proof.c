/* proof.c - payloads that say what they are: run, key, version, checksum. */
#include "proof.h"

#include <cycos/base.h>
#include <endian.h>
#include <errno.h>
#include <string.h>

#define MIX UINT64_C(0x9fb21c651e98df25)

static inline uint64_t
word_at(const unsigned char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return le64toh(word);
}

/*
 * Each step is a bijection of the state for a given word and of the word for a given state,
 * so a change within one word always changes the 64-bit sum; the folding to 32 bits lets one
 * change in four billion pass.
 */
static inline uint64_t
absorb(uint64_t sum, uint64_t word)
{
    sum = (sum ^ word) * MIX;
    return sum ^ (sum >> 32);
}

static uint32_t
checksum(const unsigned char *payload, size_t size)
{
    uint64_t sum = absorb(0, size);
    size_t at = 4;
    for (; at + 8 <= size; at += 8)
        sum = absorb(sum, word_at(payload + at));
    if (at < size) {
        unsigned char rest[8] = {0};
        memcpy(rest, payload + at, size - at);
        sum = absorb(sum, word_at(rest));
    }
    sum = absorb(sum, size);
    return (uint32_t) (sum ^ (sum >> 32));
}

/* A body that differs from version to version; it need not look random. */
static void
fill(unsigned char *payload, size_t size, uint64_t seed)
{
    uint64_t word = absorb(seed, MIX);
    size_t at = LOAD_PROOF_BYTES;
    for (; at + 8 <= size; at += 8) {
        word += MIX;
        uint64_t le = htole64(word);
        memcpy(payload + at, &le, sizeof le);
    }
    memcpy(payload + at, &word, size - at);
}

void
load_proof_write(void *payload, size_t size, const struct load_proof *proof)
{
    CY_ASSERT(size >= LOAD_PROOF_BYTES);
    unsigned char *bytes = payload;
    uint32_t words[3] = {htole32(proof->run), htole32(proof->key), htole32(proof->version)};
    memcpy(bytes + 4, words, sizeof words);
    fill(bytes, size, ((uint64_t) proof->key << 32) | proof->version);
    uint32_t sum = htole32(checksum(bytes, size));
    memcpy(bytes, &sum, sizeof sum);
}

int
load_proof_read(struct load_proof *out, const void *payload, size_t size)
{
    const unsigned char *bytes = payload;
    uint32_t words[4];
    if (size < LOAD_PROOF_BYTES)
        return -EBADMSG;
    memcpy(words, bytes, sizeof words);
    if (le32toh(words[0]) != checksum(bytes, size))
        return -EBADMSG;
    out->run = le32toh(words[1]);
    out->key = le32toh(words[2]);
    out->version = le32toh(words[3]);
    return 0;
}
