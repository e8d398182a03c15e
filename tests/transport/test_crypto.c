#include "crypto.h"
#include "cy_test.h"
#include "sha256.h"

#include <stdio.h>
#include <string.h>

enum { MAX = 256 };

/* Bytes from hexadecimal digits; blanks do not count. */
static struct cyi_bytes
hex(uint8_t out[MAX], const char *text)
{
    size_t size = 0;
    unsigned byte;
    int used;
    while (size < MAX && sscanf(text, " %2x%n", &byte, &used) == 1) {
        out[size++] = (uint8_t) byte;
        text += used;
    }
    return (struct cyi_bytes){out, size};
}

static bool
is(const void *bytes, size_t size, const char *text)
{
    uint8_t buffer[MAX];
    struct cyi_bytes want = hex(buffer, text);
    return want.size == size && memcmp(bytes, buffer, size) == 0;
}

static struct cyi_bytes
bytes_of(const char *text)
{
    return (struct cyi_bytes){text, strlen(text)};
}

/* FIPS 180-2, appendix B. */
static void
hashes_as_the_standard_says(void)
{
    uint8_t out[CYI_CRYPTO_HASH];
    cyi_crypto_sha256(out, bytes_of("abc"));
    CU_ASSERT_TRUE(
        is(out, sizeof out,
           "ba7816bf 8f01cfea 414140de 5dae2223 b00361a3 96177a9c b410ff61 f20015ad"));
    cyi_crypto_sha256(out, (struct cyi_bytes){NULL, 0});
    CU_ASSERT_TRUE(
        is(out, sizeof out,
           "e3b0c442 98fc1c14 9afbf4c8 996fb924 27ae41e4 649b934c a495991b 7852b855"));
}

/* Both ways, in pieces of all kinds, give what the library gives for the whole. */
static void
hashes_piece_by_piece(void)
{
    static uint8_t bytes[1000];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t) (i * 7 + i / 256);
    for (size_t size = 0; size <= 300; size++) {
        uint8_t want[CYI_CRYPTO_HASH], got[CYI_CRYPTO_HASH];
        cyi_crypto_sha256(want, (struct cyi_bytes){bytes, size});
        for (size_t piece = 1; piece < 140; piece += 1 + piece / 8) {
            struct cyi_crypto_hash hash[2];
            for (int way = 0; way < 2; way++) {
                cyi_crypto_hash_init(&hash[way], way == 1 && cyi_sha256_has_instructions());
                for (size_t at = 0; at < size; at += piece)
                    cyi_crypto_hash_update(
                        &hash[way],
                        (struct cyi_bytes){bytes + at, size - at < piece ? size - at : piece});
                CU_ASSERT_EQUAL(hash[way].size, size);
                cyi_crypto_hash_final(got, &hash[way]);
                CU_ASSERT_TRUE(memcmp(got, want, sizeof want) == 0);
            }
        }
    }
}

/* RFC 4231, cases 2 and 6: a short key, and one longer than a block. */
static void
signs_as_rfc_4231_says(void)
{
    uint8_t out[CYI_CRYPTO_HASH], key[131];
    cyi_crypto_hmac(out, bytes_of("Jefe"), bytes_of("what do ya want for nothing?"));
    CU_ASSERT_TRUE(is(out, sizeof out,
                      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"));
    memset(key, 0xaa, sizeof key);
    cyi_crypto_hmac(out, (struct cyi_bytes){key, sizeof key},
                    bytes_of("Test Using Larger Than Block-Size Key - Hash Key First"));
    CU_ASSERT_TRUE(is(out, sizeof out,
                      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"));
}

/* RFC 5869, cases 1 and 3: with salt and info, and without. */
static void
derives_keys_as_rfc_5869_says(void)
{
    uint8_t key[MAX], salt[MAX], info[MAX], out[42];
    struct cyi_hkdf in = {.key = hex(key, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"),
                          .salt = hex(salt, "000102030405060708090a0b0c"),
                          .info = hex(info, "f0f1f2f3f4f5f6f7f8f9")};
    cyi_crypto_hkdf(out, sizeof out, &in);
    CU_ASSERT_TRUE(is(out, sizeof out,
                      "3cb25f25faacd57a90434f64d0362f2a 2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
                      "34007208d5b887185865"));
    in.salt.size = in.info.size = 0;
    cyi_crypto_hkdf(out, sizeof out, &in);
    CU_ASSERT_TRUE(is(out, sizeof out,
                      "8da4e775a563c18f715f802a063c5a31 b8a11f5c5ee1879ec3454e5f3c738d2d"
                      "9d201395faa4b61a96c8"));
}

static bool
scrypts_to(const struct cyi_scrypt *in, const char *text)
{
    uint8_t out[64];
    return cyi_crypto_scrypt(out, sizeof out, in) == 0 && is(out, sizeof out, text);
}

/* RFC 7914, section 12: the second case, and the third, which has our cost. */
static void
stretches_passwords_as_rfc_7914_says(void)
{
    struct cyi_scrypt in = {.password = bytes_of("password"),
                            .salt = bytes_of("NaCl"),
                            .cost_log2 = 10,
                            .r = 8,
                            .p = 16};
    CU_ASSERT_TRUE(scrypts_to(&in, "fdbabe1c9d3472007856e7190d01e9fe 7c6ad7cbc8237830e77376634b"
                                   "373162 2eaf30d92e22a3886ff109279d9830da c727afb94a83ee6d8"
                                   "360cbdfa2cc0640"));
    in = (struct cyi_scrypt){.password = bytes_of("pleaseletmein"),
                             .salt = bytes_of("SodiumChloride"),
                             .cost_log2 = 14,
                             .r = 8,
                             .p = 1};
    CU_ASSERT_TRUE(scrypts_to(&in, "7023bdcb3afd7348461c06cd81fd38eb fda8fbba904f8e3ea9b543f654"
                                   "5da1f2 d5432955613f0fcf62d49705242a9af9 e61e85dc0d651e40d"
                                   "fcf017b45575887"));
}

/* RFC 7748, section 5.2: the second point has the top bit set, which does not count. */
static void
multiplies_as_rfc_7748_says(void)
{
    uint8_t scalar[MAX], point[MAX], out[CYI_CRYPTO_POINT];
    hex(scalar, "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4");
    hex(point, "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c");
    CU_ASSERT_TRUE(cyi_crypto_x25519(out, scalar, point));
    CU_ASSERT_TRUE(is(out, sizeof out,
                      "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"));
    hex(scalar, "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d");
    hex(point, "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493");
    CU_ASSERT_TRUE(cyi_crypto_x25519(out, scalar, point));
    CU_ASSERT_TRUE(is(out, sizeof out,
                      "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"));
}

/* RFC 7748, section 6.1. */
static void
two_sides_agree_on_a_secret(void)
{
    uint8_t alice[MAX], bob[MAX], alice_public[32], bob_public[32], one[32], two[32];
    hex(alice, "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
    hex(bob, "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
    cyi_crypto_x25519_public(alice_public, alice);
    cyi_crypto_x25519_public(bob_public, bob);
    CU_ASSERT_TRUE(is(alice_public, 32,
                      "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"));
    CU_ASSERT_TRUE(
        is(bob_public, 32, "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"));
    CU_ASSERT_TRUE(cyi_crypto_x25519(one, alice, bob_public));
    CU_ASSERT_TRUE(cyi_crypto_x25519(two, bob, alice_public));
    CU_ASSERT_TRUE(cyi_crypto_equal(one, two, 32));
    CU_ASSERT_TRUE(
        is(one, 32, "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"));
}

/* All that are below the prime and its double: everybody would know the result. */
static void
refuses_points_of_low_order(void)
{
    static const char *const points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    uint8_t scalar[CYI_CRYPTO_KEY], point[MAX], out[CYI_CRYPTO_POINT];
    memset(scalar, 0x5c, sizeof scalar);
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        hex(point, points[i]);
        CU_ASSERT_FALSE(cyi_crypto_x25519(out, scalar, point));
    }
}

static const char sunscreen[] =
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the "
    "future, sunscreen would be it.";
static const char sealed_sunscreen[] =
    "d31a8d34648e60db7b86afbc53ef7ec2 a4aded51296e08fea9e2b5a736ee62d6"
    "3dbea45e8ca9671282fafb69da92728b 1a71de0a9e060b2905d6a5b67ecd3b36"
    "92ddbd7f2d778b8c9803aee328091b58 fab324e4fad675945585808b4831d7bc"
    "3ff4def08e4b7a9de576d26586cec64b 6116 1ae10b594f09e26a7e902ecbd0600691";

/* RFC 8439, section 2.8.2. */
static void
encrypts_as_rfc_8439_says(void)
{
    uint8_t key[MAX], nonce[MAX], header[MAX], out[MAX], back[MAX];
    hex(key, "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
    hex(nonce, "070000004041424344454647");
    struct cyi_aead with = {
        .key = key, .nonce = nonce, .header = hex(header, "50515253c0c1c2c3c4c5c6c7")};
    struct cyi_bytes plain = bytes_of(sunscreen);
    cyi_crypto_encrypt(out, &with, plain);
    CU_ASSERT_TRUE(is(out, plain.size + CYI_CRYPTO_TAG, sealed_sunscreen));
    struct cyi_bytes sealed = {out, plain.size + CYI_CRYPTO_TAG};
    CU_ASSERT_TRUE(cyi_crypto_decrypt(back, &with, sealed));
    CU_ASSERT_TRUE(memcmp(back, sunscreen, plain.size) == 0);
}

static void
leaves_nothing_of_what_was_forged(void)
{
    static const uint8_t zero[MAX];
    uint8_t key[CYI_CRYPTO_KEY] = {1}, nonce[CYI_CRYPTO_NONCE] = {2}, text[MAX];
    struct cyi_aead with = {.key = key, .nonce = nonce};
    memset(text, 'x', sizeof text);
    cyi_crypto_encrypt(text, &with, (struct cyi_bytes){text, 100});
    text[7] ^= 1;
    CU_ASSERT_FALSE(cyi_crypto_decrypt(text, &with, (struct cyi_bytes){text, 116}));
    CU_ASSERT_TRUE(memcmp(text, zero, 100) == 0);
}

static void
compares_every_byte(void)
{
    uint8_t a[40] = {0}, b[40] = {0};
    CU_ASSERT_TRUE(cyi_crypto_equal(a, b, sizeof a));
    CU_ASSERT_TRUE(cyi_crypto_equal(a, b, 0));
    for (size_t i = 0; i < sizeof a; i++) {
        b[i] = 0x80;
        CU_ASSERT_FALSE(cyi_crypto_equal(a, b, sizeof a));
        CU_ASSERT_TRUE(cyi_crypto_equal(a, b, i));
        b[i] = 0;
    }
}

CY_TEST_MAIN("transport.crypto", CY_TEST(hashes_as_the_standard_says),
             CY_TEST(hashes_piece_by_piece), CY_TEST(signs_as_rfc_4231_says),
             CY_TEST(derives_keys_as_rfc_5869_says),
             CY_TEST(stretches_passwords_as_rfc_7914_says),
             CY_TEST(multiplies_as_rfc_7748_says), CY_TEST(two_sides_agree_on_a_secret),
             CY_TEST(refuses_points_of_low_order), CY_TEST(encrypts_as_rfc_8439_says),
             CY_TEST(leaves_nothing_of_what_was_forged), CY_TEST(compares_every_byte))
