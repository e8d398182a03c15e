#include "cy_test.h"
#include "gcm.h"

#include <stdio.h>
#include <string.h>

static bool
is_mapped(const char *library)
{
    char line[512];
    bool found = false;
    FILE *maps = fopen("/proc/self/maps", "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(maps);
    while (fgets(line, sizeof line, maps) != NULL)
        found |= strstr(line, library) != NULL;
    fclose(maps);
    return found;
}

/* Without libcrypto, or on another processor, there is nothing but the answer that says so. */
static bool
is_here(void)
{
    static const uint8_t key[32];
    if (cyi_gcm_available())
        return true;
    struct cyi_gcm *gcm = NULL;
    cyi_gcm_free(&gcm);
    CU_ASSERT_PTR_NULL(gcm);
    (void) key;
    return false;
}

static void
from_hex(uint8_t *out, const char *hex)
{
    for (; *hex != 0; hex += 2) {
        int digits[2];
        for (int i = 0; i < 2; i++)
            digits[i] = hex[i] <= '9' ? hex[i] - '0' : hex[i] - 'a' + 10;
        *out++ = (uint8_t) (digits[0] << 4 | digits[1]);
    }
}

/* What nobody needs costs no memory. */
static void
the_library_comes_when_it_is_needed(void)
{
    CU_ASSERT_TRUE(is_mapped("/libc.so"));
    CU_ASSERT_FALSE(is_mapped("/libcrypto.so"));
    bool here = is_here();
    CU_ASSERT_EQUAL(is_mapped("/libcrypto.so"), here);
}

/* Test cases 4 and 16 of McGrew and Viega's paper, which NIST has taken over. */
static void
check_vector(size_t key_size, const char *key_hex, const char *out_hex, const char *tag_hex)
{
    uint8_t key[32], nonce[12], header[20], in[60], out[60], tag[16], wanted[60];
    from_hex(key, key_hex);
    from_hex(nonce, "cafebabefacedbaddecaf888");
    from_hex(header, "feedfacedeadbeeffeedfacedeadbeefabaddad2");
    from_hex(in, "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                 "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
    struct cyi_gcm_record record = {nonce, header, sizeof header, in, out, sizeof in};
    struct cyi_gcm *gcm = cyi_gcm_create(key, key_size, true);
    CU_ASSERT_TRUE(cyi_gcm_encrypt(gcm, &record, tag));
    from_hex(wanted, out_hex);
    CU_ASSERT_EQUAL(memcmp(out, wanted, sizeof out), 0);
    from_hex(wanted, tag_hex);
    CU_ASSERT_EQUAL(memcmp(tag, wanted, sizeof tag), 0);
    cyi_gcm_free(&gcm);
    CU_ASSERT_PTR_NULL(gcm);
    gcm = cyi_gcm_create(key, key_size, false);
    record.in = out;
    CU_ASSERT_TRUE(cyi_gcm_decrypt(gcm, &record, tag)); /* in place */
    CU_ASSERT_EQUAL(memcmp(out, in, sizeof in), 0);
    cyi_gcm_free(&gcm);
}

static void
gives_what_the_standard_says(void)
{
    CU_ASSERT_EQUAL(is_here(), cyi_gcm_available());
    if (!is_here())
        return;
    check_vector(16, "feffe9928665731c6d6a8f9467308308",
                 "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
                 "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
                 "5bc94fbc3221a5db94fae95ae7121a47");
    check_vector(32, "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
                 "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                 "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
                 "76fc6ece0f4e1768cddf8853bb2d551b");
}

/* Any bit, anywhere. */
static void
notices_every_change(void)
{
    uint8_t key[16] = {1}, nonce[12] = {2}, header[5] = {3}, in[33] = {4}, out[33], tag[16];
    uint8_t back[33], *parts[] = {nonce, header, out, tag};
    size_t sizes[] = {sizeof nonce, sizeof header, sizeof out, sizeof tag};
    CU_ASSERT_EQUAL(is_here(), cyi_gcm_available());
    if (!is_here())
        return;
    struct cyi_gcm *encrypt = cyi_gcm_create(key, sizeof key, true);
    struct cyi_gcm *decrypt = cyi_gcm_create(key, sizeof key, false);
    struct cyi_gcm_record record = {nonce, header, sizeof header, in, out, sizeof in};
    CU_ASSERT_TRUE(cyi_gcm_encrypt(encrypt, &record, tag));
    record.in = out;
    record.out = back;
    for (int part = 0; part < 4; part++) {
        for (size_t bit = 0; bit < 8 * sizes[part]; bit++) {
            static const uint8_t zeros[sizeof back];
            parts[part][bit / 8] ^= (uint8_t) (1 << bit % 8);
            CU_ASSERT_FALSE(cyi_gcm_decrypt(decrypt, &record, tag));
            CU_ASSERT_EQUAL(memcmp(back, zeros, sizeof back), 0);
            parts[part][bit / 8] ^= (uint8_t) (1 << bit % 8);
        }
    }
    CU_ASSERT_TRUE(cyi_gcm_decrypt(decrypt, &record, tag));
    CU_ASSERT_EQUAL(memcmp(back, in, sizeof back), 0);
    cyi_gcm_free(&encrypt);
    cyi_gcm_free(&decrypt);
}

static void
takes_no_bytes_and_many(void)
{
    static uint8_t in[16385], out[16385];
    uint8_t key[32] = {9}, nonce[12] = {0}, tag[16];
    CU_ASSERT_EQUAL(is_here(), cyi_gcm_available());
    if (!is_here())
        return;
    struct cyi_gcm *encrypt = cyi_gcm_create(key, sizeof key, true);
    struct cyi_gcm *decrypt = cyi_gcm_create(key, sizeof key, false);
    const size_t sizes[] = {0, 1, 15, 16, 17, 16384, 16385};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct cyi_gcm_record record = {nonce, key, 5, in, out, sizes[i]};
        nonce[0]++;
        memset(in, (int) i, sizes[i]);
        CU_ASSERT_TRUE(cyi_gcm_encrypt(encrypt, &record, tag));
        record.in = out;
        CU_ASSERT_TRUE(cyi_gcm_decrypt(decrypt, &record, tag));
        CU_ASSERT_EQUAL(memcmp(in, out, sizes[i]), 0);
    }
    cyi_gcm_free(&encrypt);
    cyi_gcm_free(&decrypt);
}

CY_TEST_MAIN("transport.gcm", CY_TEST(the_library_comes_when_it_is_needed),
             CY_TEST(gives_what_the_standard_says), CY_TEST(notices_every_change),
             CY_TEST(takes_no_bytes_and_many))
