/* test_proof.c - payloads that say what they are. */
#include "cy_test.h"
#include "proof.h"

#include <errno.h>
#include <string.h>

static const struct load_proof written = {.run = 7, .key = 0x01020304, .version = 99};

static void
what_is_written_is_read_at_every_size(void)
{
    unsigned char payload[200];
    for (size_t size = LOAD_PROOF_BYTES; size <= sizeof payload; size++) {
        struct load_proof proof = {0};
        load_proof_write(payload, size, &written);
        CY_OK(load_proof_read(&proof, payload, size));
        CU_ASSERT_EQUAL(memcmp(&proof, &written, sizeof proof), 0);
    }
}

static void
one_byte_less_than_the_header_is_refused(void)
{
    unsigned char payload[LOAD_PROOF_BYTES];
    struct load_proof proof;
    load_proof_write(payload, sizeof payload, &written);
    CY_FAILS(load_proof_read(&proof, payload, sizeof payload - 1), -EBADMSG);
}

static void
any_changed_bit_shows(void)
{
    unsigned char payload[77];
    struct load_proof proof;
    load_proof_write(payload, sizeof payload, &written);
    for (size_t bit = 0; bit < 8 * sizeof payload; bit++) {
        payload[bit / 8] ^= (unsigned char) (1 << bit % 8);
        CY_FAILS(load_proof_read(&proof, payload, sizeof payload), -EBADMSG);
        payload[bit / 8] ^= (unsigned char) (1 << bit % 8);
    }
    CY_OK(load_proof_read(&proof, payload, sizeof payload));
}

static void
a_cut_or_lengthened_payload_shows(void)
{
    unsigned char payload[80] = {0};
    struct load_proof proof;
    load_proof_write(payload, 64, &written);
    CY_FAILS(load_proof_read(&proof, payload, 63), -EBADMSG);
    CY_FAILS(load_proof_read(&proof, payload, 65), -EBADMSG);
    CY_FAILS(load_proof_read(&proof, payload, 72), -EBADMSG);
}

static void
two_versions_differ_behind_the_header_too(void)
{
    unsigned char a[64], b[64];
    load_proof_write(a, sizeof a, &(struct load_proof){1, 1, 1});
    load_proof_write(b, sizeof b, &(struct load_proof){1, 1, 2});
    CU_ASSERT_NOT_EQUAL(memcmp(a + 16, b + 16, 48), 0);
}

CY_TEST_MAIN("load.proof", CY_TEST(what_is_written_is_read_at_every_size),
             CY_TEST(one_byte_less_than_the_header_is_refused), CY_TEST(any_changed_bit_shows),
             CY_TEST(a_cut_or_lengthened_payload_shows),
             CY_TEST(two_versions_differ_behind_the_header_too))
