#include "cy_test.h"
#include "seal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER = 20 };

static const uint8_t header[HEADER] = "a frame's header...";

/* The two ends of one direction. */
struct pair {
    struct cyi_seal from, to;
};

static struct pair
pair(void)
{
    struct pair p = {.from = {.counter = 0}};
    memset(p.from.key, 0x6b, sizeof p.from.key);
    memset(p.from.nonce, 0x6e, sizeof p.from.nonce);
    p.to = p.from;
    return p;
}

static bool
arrives(size_t size)
{
    struct pair p = pair();
    uint8_t *plain = malloc(size + 1), *sealed = malloc(size + CYI_SEAL_OVERHEAD);
    uint8_t *back = malloc(size + 1);
    for (size_t i = 0; i < size; i++)
        plain[i] = (uint8_t) (i * 7);
    CY_OK(cyi_seal(&p.from, header, HEADER, plain, size, sealed));
    CY_OK(cyi_unseal(&p.to, header, HEADER, sealed, size + CYI_SEAL_OVERHEAD, back));
    bool same = memcmp(plain, back, size) == 0;
    bool hidden = size < 8 || memcmp(plain, sealed, size) != 0;
    free(plain);
    free(sealed);
    free(back);
    return same && hidden;
}

static void
frames_of_every_size_arrive(void)
{
    static const size_t sizes[] = {
        0, 1, 2, 15, 16, 17, 63, 64, 65, 1023, 1024, 4096, 65535, 64 << 10, CYI_SEAL_BYTES_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        CU_ASSERT_TRUE(arrives(sizes[i]));
}

static void
a_frame_without_header_or_bytes_has_a_tag(void)
{
    struct pair p = pair();
    uint8_t sealed[CYI_SEAL_OVERHEAD];
    CY_OK(cyi_seal(&p.from, NULL, 0, NULL, 0, sealed));
    sealed[3] ^= 1;
    CY_FAILS(cyi_unseal(&p.to, NULL, 0, sealed, sizeof sealed, NULL), -EBADMSG);
    sealed[3] ^= 1;
    CY_OK(cyi_unseal(&p.to, NULL, 0, sealed, sizeof sealed, NULL));
}

static void
works_in_place(void)
{
    struct pair p = pair();
    uint8_t text[5 + CYI_SEAL_OVERHEAD] = "hello";
    CY_OK(cyi_seal(&p.from, header, HEADER, text, 5, text));
    CU_ASSERT_TRUE(memcmp(text, "hello", 5) != 0);
    CY_OK(cyi_unseal(&p.to, header, HEADER, text, sizeof text, text));
    CU_ASSERT_TRUE(memcmp(text, "hello", 5) == 0);
}

static void
every_flipped_bit_is_noticed(void)
{
    struct pair p = pair();
    uint8_t plain[50] = "text", sealed[50 + CYI_SEAL_OVERHEAD], back[50], head[HEADER];
    memcpy(head, header, HEADER);
    CY_OK(cyi_seal(&p.from, head, HEADER, plain, sizeof plain, sealed));
    for (size_t bit = 0; bit < 8 * sizeof sealed; bit++) {
        sealed[bit / 8] ^= (uint8_t) (1 << bit % 8);
        CY_FAILS(cyi_unseal(&p.to, head, HEADER, sealed, sizeof sealed, back), -EBADMSG);
        sealed[bit / 8] ^= (uint8_t) (1 << bit % 8);
    }
    for (size_t bit = 0; bit < 8 * sizeof head; bit++) {
        head[bit / 8] ^= (uint8_t) (1 << bit % 8);
        CY_FAILS(cyi_unseal(&p.to, head, HEADER, sealed, sizeof sealed, back), -EBADMSG);
        head[bit / 8] ^= (uint8_t) (1 << bit % 8);
    }
    CY_OK(cyi_unseal(&p.to, head, HEADER, sealed, sizeof sealed, back)); /* it was the bit */
}

static void
every_cut_is_noticed(void)
{
    struct pair p = pair();
    uint8_t plain[20] = "text", sealed[20 + CYI_SEAL_OVERHEAD], back[40];
    CY_OK(cyi_seal(&p.from, header, HEADER, plain, sizeof plain, sealed));
    for (size_t size = 0; size < sizeof sealed; size++)
        CY_FAILS(cyi_unseal(&p.to, header, HEADER, sealed, size, back), -EBADMSG);
    CY_FAILS(cyi_unseal(&p.to, header, HEADER - 1, sealed, sizeof sealed, back), -EBADMSG);
    CY_OK(cyi_unseal(&p.to, header, HEADER, sealed, sizeof sealed, back));
}

static void
frames_open_once_and_in_order(void)
{
    struct pair p = pair();
    uint8_t first[1 + CYI_SEAL_OVERHEAD], second[1 + CYI_SEAL_OVERHEAD], back[1];
    CY_OK(cyi_seal(&p.from, header, HEADER, "1", 1, first));
    CY_OK(cyi_seal(&p.from, header, HEADER, "1", 1, second));
    CU_ASSERT_TRUE(memcmp(first, second, sizeof first) != 0);
    CY_FAILS(cyi_unseal(&p.to, header, HEADER, second, sizeof second, back), -EBADMSG);
    CY_OK(cyi_unseal(&p.to, header, HEADER, first, sizeof first, back));
    CY_FAILS(cyi_unseal(&p.to, header, HEADER, first, sizeof first, back), -EBADMSG);
    CY_OK(cyi_unseal(&p.to, header, HEADER, second, sizeof second, back));
}

/* Two numbers that differ in one byte of 8 must not meet in one nonce. */
static void
each_number_has_its_own_nonce(void)
{
    uint8_t sealed[49][1 + CYI_SEAL_OVERHEAD];
    for (int i = 0; i < 48; i++) {
        struct pair p = pair();
        p.from.counter = (uint64_t) 1 << i;
        CY_OK(cyi_seal(&p.from, header, HEADER, "1", 1, sealed[i]));
        for (int j = 0; j < i; j++)
            CU_ASSERT_TRUE(memcmp(sealed[i], sealed[j], sizeof sealed[i]) != 0);
    }
}

static void
keys_wear_out_after_so_many_frames(void)
{
    struct pair p = pair();
    uint8_t sealed[1 + CYI_SEAL_OVERHEAD], back[1] = "";
    p.from.counter = p.to.counter = CYI_SEAL_FRAMES_MAX - 1;
    CY_OK(cyi_seal(&p.from, header, HEADER, "1", 1, sealed));
    CY_OK(cyi_unseal(&p.to, header, HEADER, sealed, sizeof sealed, back));
    CY_FAILS(cyi_seal(&p.from, header, HEADER, "1", 1, sealed), -EKEYEXPIRED);
    CY_FAILS(cyi_unseal(&p.to, header, HEADER, sealed, sizeof sealed, back), -EKEYEXPIRED);
    CU_ASSERT_EQUAL(p.from.counter, CYI_SEAL_FRAMES_MAX);
}

/* AES-GCM, where it is fast: everywhere else there is nothing to look at. */

static bool
aes_pair(struct pair *p)
{
    CU_PASS("without it");
    if (!cyi_gcm_available())
        return false;
    *p = pair();
    CY_OK(cyi_seal_use_aes(&p->from, true));
    CY_OK(cyi_seal_use_aes(&p->to, false));
    return true;
}

static void
close_pair(struct pair *p)
{
    cyi_seal_fini(&p->from);
    cyi_seal_fini(&p->to);
}

static uint8_t aes_plain[CYI_SEAL_BYTES_MAX],
    aes_sealed[CYI_SEAL_BYTES_MAX + CYI_SEAL_OVERHEAD];

static void
aes_brings_frames_of_every_size(void)
{
    static const size_t sizes[] = {0, 1, 15, 16, 17, 65, 1024, 64 << 10, CYI_SEAL_BYTES_MAX};
    struct pair p;
    if (!aes_pair(&p))
        return;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t size = sizes[i];
        for (size_t j = 0; j < size; j++)
            aes_plain[j] = (uint8_t) (j * 7 + i);
        CY_OK(cyi_seal(&p.from, header, HEADER, aes_plain, size, aes_sealed));
        CU_ASSERT_TRUE(size < 8 || memcmp(aes_plain, aes_sealed, size) != 0);
        CY_OK(cyi_unseal(&p.to, header, HEADER, aes_sealed, size + CYI_SEAL_OVERHEAD,
                         aes_sealed));
        CU_ASSERT_TRUE(memcmp(aes_plain, aes_sealed, size) == 0);
    }
    CY_OK(cyi_seal(&p.from, NULL, 0, NULL, 0, aes_sealed));
    CY_OK(cyi_unseal(&p.to, NULL, 0, aes_sealed, CYI_SEAL_OVERHEAD, NULL));
    close_pair(&p);
}

/* Of the frame, the header and the tag; and that it is the next frame. */
static void
aes_notices_every_change(void)
{
    uint8_t sealed[50 + CYI_SEAL_OVERHEAD], back[50], head[HEADER];
    struct pair p;
    if (!aes_pair(&p))
        return;
    memcpy(head, header, HEADER);
    CY_OK(cyi_seal(&p.from, head, HEADER, aes_plain, sizeof back, sealed));
    for (size_t bit = 0; bit < 8 * (sizeof sealed + HEADER); bit++) {
        uint8_t *at = bit / 8 < HEADER ? head + bit / 8 : sealed + bit / 8 - HEADER;
        *at ^= (uint8_t) (1 << bit % 8);
        CY_FAILS(cyi_unseal(&p.to, head, HEADER, sealed, sizeof sealed, back), -EBADMSG);
        *at ^= (uint8_t) (1 << bit % 8);
    }
    for (size_t size = 0; size < sizeof sealed; size++)
        CY_FAILS(cyi_unseal(&p.to, head, HEADER, sealed, size, back), -EBADMSG);
    CY_OK(cyi_unseal(&p.to, head, HEADER, sealed, sizeof sealed, back));
    CY_FAILS(cyi_unseal(&p.to, head, HEADER, sealed, sizeof sealed, back), -EBADMSG);
    close_pair(&p);
}

/* The last frame of a key, and the first of the next one. */
static void
aes_keys_lead_to_the_next(void)
{
    uint8_t sealed[3][5 + CYI_SEAL_OVERHEAD], back[5], first[CYI_CRYPTO_KEY];
    struct pair p;
    if (!aes_pair(&p))
        return;
    p.from.counter = p.to.counter = CYI_SEAL_KEY_FRAMES - 2;
    memcpy(first, p.from.key, sizeof first);
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(memcmp(first, p.from.key, sizeof first) == 0, i < 2);
        CY_OK(cyi_seal(&p.from, header, HEADER, "hello", 5, sealed[i]));
    }
    for (int i = 0; i < 3; i++) {
        CY_OK(cyi_unseal(&p.to, header, HEADER, sealed[i], sizeof sealed[i], back));
        CU_ASSERT_TRUE(memcmp(back, "hello", 5) == 0);
    }
    CU_ASSERT_TRUE(memcmp(p.from.key, p.to.key, sizeof first) == 0);
    p.from.counter = CYI_SEAL_FRAMES_MAX;
    CY_FAILS(cyi_seal(&p.from, header, HEADER, "1", 1, sealed[0]), -EKEYEXPIRED);
    close_pair(&p);
}

static void
frames_that_are_too_long_are_refused(void)
{
    struct pair p = pair();
    size_t size = CYI_SEAL_BYTES_MAX + CYI_SEAL_OVERHEAD + 1;
    uint8_t *sealed = calloc(1, size);
    CY_FAILS(cyi_unseal(&p.to, header, HEADER, sealed, size, sealed), -EBADMSG);
    CY_FAILS(cyi_unseal(&p.to, sealed, CYI_SEAL_BYTES_MAX + 1, sealed, 20, sealed), -EBADMSG);
    free(sealed);
}

static void
seal_too_much(void *arg)
{
    struct pair p = pair();
    int rc = cyi_seal(&p.from, header, HEADER, arg, CYI_SEAL_BYTES_MAX + 1, arg);
    (void) rc;
}

static void
sealing_too_much_is_a_bug(void)
{
    struct cy_test_child child;
    void *bytes = malloc(CYI_SEAL_BYTES_MAX + 1 + CYI_SEAL_OVERHEAD);
    CY_OK(cy_test_run_child(&child, seal_too_much, bytes));
    CU_ASSERT_TRUE(cy_test_died_saying(&child, "CYI_SEAL_BYTES_MAX"));
    free(bytes);
}

static void
nothing_is_left_of_a_key(void)
{
    struct pair p = pair();
    const uint8_t *bytes = (const uint8_t *) &p.from;
    uint8_t left = 0;
    cyi_seal_fini(&p.from);
    for (size_t i = 0; i < sizeof p.from; i++)
        left |= bytes[i];
    CU_ASSERT_EQUAL(left, 0);
}

CY_TEST_MAIN("transport.seal", CY_TEST(frames_of_every_size_arrive),
             CY_TEST(a_frame_without_header_or_bytes_has_a_tag), CY_TEST(works_in_place),
             CY_TEST(every_flipped_bit_is_noticed), CY_TEST(every_cut_is_noticed),
             CY_TEST(frames_open_once_and_in_order), CY_TEST(each_number_has_its_own_nonce),
             CY_TEST(keys_wear_out_after_so_many_frames),
             CY_TEST(aes_brings_frames_of_every_size), CY_TEST(aes_notices_every_change),
             CY_TEST(aes_keys_lead_to_the_next), CY_TEST(frames_that_are_too_long_are_refused),
             CY_TEST(sealing_too_much_is_a_bug), CY_TEST(nothing_is_left_of_a_key))
