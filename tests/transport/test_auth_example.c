#include "auth_pair.h"
#include "cy_test.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX = 512 };

static struct auth_pair p;
static struct cyi_secrets *secrets;

static FILE *
open_document(void)
{
    const char *source = getenv("CY_TEST_SOURCE");
    char path[512];
    snprintf(path, sizeof path, "%s/transport/wire.md", source != NULL ? source : "../../..");
    return fopen(path, "re");
}

static size_t
parse_line(uint8_t *out, size_t size, const char *line)
{
    size_t count = 0;
    unsigned byte;
    int used;
    while (count < size && sscanf(line, " %2x%n", &byte, &used) == 1) {
        out[count++] = (uint8_t) byte;
        line += used;
    }
    return count;
}

/* The bytes of the block of that name: each line has some, and may end in a remark. */
static size_t
read_block(uint8_t out[MAX], const char *name)
{
    char line[256], head[64];
    bool inside = false;
    size_t size = 0;
    FILE *file = open_document();
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    snprintf(head, sizeof head, "```hex %s\n", name);
    while (fgets(line, sizeof line, file) != NULL) {
        if (inside && strncmp(line, "```", 3) == 0)
            break;
        if (inside)
            size += parse_line(out + size, MAX - size, line);
        inside = inside || strcmp(line, head) == 0;
    }
    fclose(file);
    return size;
}

static bool
documented(const char *name, const void *bytes, size_t size)
{
    uint8_t block[MAX];
    return read_block(block, name) == size && memcmp(block, bytes, size) == 0;
}

/* The example's two nodes and their chance. */
static void
set_up(void)
{
    static const char *const password[] = {"correct horse battery staple"};
    uint8_t random[2 * CYI_AUTH_RANDOM_BYTES];
    struct cyi_auth_identity a = {.core = 1}, b = {.core = 2};
    memset(a.incarnation, 0xaa, sizeof a.incarnation);
    memset(b.incarnation, 0xbb, sizeof b.incarnation);
    for (size_t i = 0; i < sizeof random; i++)
        random[i] = (uint8_t) i;
    CY_OK(cyi_secrets_make(&secrets, password, 1, CYI_SECRET_COST_LOG2));
    CU_ASSERT_PTR_NOT_NULL_FATAL(secrets);
    cyi_auth_init(&p.dialer, CYI_AUTH_DIALER, secrets, &a, random);
    cyi_auth_init(&p.acceptor, CYI_AUTH_ACCEPTOR, secrets, &b, random + CYI_AUTH_RANDOM_BYTES);
    cyi_auth_expect(&p.dialer, cyi_auth_tag(b.incarnation), b.core);
}

static void
handshakes_are_as_documented(void)
{
    set_up();
    CY_OK(auth_pair_run(&p));
    CU_ASSERT_TRUE(documented("HELLO", p.hello, sizeof p.hello));
    CU_ASSERT_TRUE(documented("CHALLENGE", p.challenge, sizeof p.challenge));
    CU_ASSERT_TRUE(documented("PROOF", p.proof, sizeof p.proof));
    cyi_secrets_free(&secrets);
}

static void
documented_handshakes_are_understood(void)
{
    uint8_t block[MAX];
    set_up();
    cyi_auth_hello(&p.dialer, p.hello);
    CU_ASSERT_EQUAL(read_block(block, "HELLO"), CYI_AUTH_HELLO_BYTES);
    CY_OK(cyi_auth_challenge(&p.acceptor, block, p.challenge));
    CU_ASSERT_EQUAL(read_block(block, "CHALLENGE"), CYI_AUTH_CHALLENGE_BYTES);
    CY_OK(cyi_auth_proof(&p.dialer, block, p.proof));
    CU_ASSERT_EQUAL(read_block(block, "PROOF"), CYI_AUTH_PROOF_BYTES);
    CY_OK(cyi_auth_finish(&p.acceptor, block));
    cyi_secrets_free(&secrets);
}

static void
session_keys_are_as_documented(void)
{
    uint8_t keys[2 * (CYI_CRYPTO_KEY + CYI_CRYPTO_NONCE)], *at = keys;
    set_up();
    CY_OK(auth_pair_run(&p));
    const struct cyi_seal *seals[] = {&p.dialer.send, &p.acceptor.send};
    for (int i = 0; i < 2; i++, at += CYI_CRYPTO_KEY + CYI_CRYPTO_NONCE) {
        memcpy(at, seals[i]->key, CYI_CRYPTO_KEY);
        memcpy(at + CYI_CRYPTO_KEY, seals[i]->nonce, CYI_CRYPTO_NONCE);
    }
    CU_ASSERT_TRUE(documented("SESSION", keys, sizeof keys));
    cyi_secrets_free(&secrets);
}

static void
sealed_frames_are_as_documented(void)
{
    uint8_t first[CYI_SEAL_OVERHEAD], second[5 + CYI_SEAL_OVERHEAD];
    set_up();
    CY_OK(auth_pair_run(&p));
    CY_OK(cyi_seal(&p.dialer.send, NULL, 0, NULL, 0, first));
    CY_OK(cyi_seal(&p.dialer.send, "head", 4, "hello", 5, second));
    CU_ASSERT_TRUE(documented("FRAME", second, sizeof second));
    cyi_secrets_free(&secrets);
}

/* The same frame, if both sides had told in the first one that they are good at AES. */
static void
frames_sealed_by_aes_are_as_documented(void)
{
    uint8_t first[CYI_SEAL_OVERHEAD], second[5 + CYI_SEAL_OVERHEAD];
    CU_PASS("without it");
    if (!cyi_gcm_available())
        return;
    set_up();
    CY_OK(auth_pair_run(&p));
    CY_OK(cyi_seal(&p.dialer.send, NULL, 0, NULL, 0, first));
    CY_OK(cyi_seal_use_aes(&p.dialer.send, true));
    CY_OK(cyi_seal(&p.dialer.send, "head", 4, "hello", 5, second));
    CU_ASSERT_TRUE(documented("AES", second, sizeof second));
    cyi_seal_fini(&p.dialer.send);
    cyi_secrets_free(&secrets);
}

static void
datagrams_are_signed_as_documented(void)
{
    uint8_t mac[CYI_MAC], key_id[CYI_KEY_ID];
    set_up();
    cyi_secrets_sign(secrets, mac, key_id, "datagram", 8);
    CU_ASSERT_TRUE(documented("DATAGRAM", mac, sizeof mac));
    cyi_secrets_free(&secrets);
}

CY_TEST_MAIN("transport.auth_example", CY_TEST(handshakes_are_as_documented),
             CY_TEST(documented_handshakes_are_understood),
             CY_TEST(session_keys_are_as_documented), CY_TEST(sealed_frames_are_as_documented),
             CY_TEST(frames_sealed_by_aes_are_as_documented),
             CY_TEST(datagrams_are_signed_as_documented))
