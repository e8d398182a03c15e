/*
 * certificate.c - makes keys and the certificates that sign themselves.
 *
 * Tests: tests/transport/test_certificate.c
 */
#include "certificate.h"
#include <cycos/err.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <wolfssl/options.h>

#include <wolfssl/wolfcrypt/asn.h>
#include <wolfssl/wolfcrypt/asn_public.h>
#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/error-crypt.h>
#include <wolfssl/wolfcrypt/random.h>
#include <wolfssl/wolfcrypt/rsa.h>

enum { DER_BYTES = 4 << 10, RSA_BITS = 2048, P256_BYTES = 32, DAY = 24 * 60 * 60 };

/* A key of either kind, and what is made with it. */
struct maker {
    WC_RNG rng;
    bool rsa;
    union {
        RsaKey rsa;
        ecc_key ecc;
    } key;
    Cert cert;
    uint8_t der[DER_BYTES];
    int der_size;
};

static int
code(int rc)
{
    return rc >= 0 ? rc : rc == MEMORY_E ? -ENOMEM : -EIO;
}

static int
make_key(struct maker *maker)
{
    int rc;
    if (maker->rsa) {
        rc = wc_InitRsaKey(&maker->key.rsa, NULL);
        return rc != 0 ? rc
                       : wc_MakeRsaKey(&maker->key.rsa, RSA_BITS, WC_RSA_EXPONENT, &maker->rng);
    }
    rc = wc_ecc_init(&maker->key.ecc);
    return rc != 0
               ? rc
               : wc_ecc_make_key_ex(&maker->rng, P256_BYTES, &maker->key.ecc, ECC_SECP256R1);
}

static void
free_key(struct maker *maker)
{
    if (maker->rsa)
        wc_FreeRsaKey(&maker->key.rsa);
    else
        wc_ecc_free(&maker->key.ecc);
}

/* PKCS #8, as openssl writes it, too. */
static int
key_to_der(struct maker *maker)
{
    uint8_t inner[DER_BYTES];
    word32 size = DER_BYTES;
    int oid = maker->rsa ? RSAk : ECDSAk;
    if (!maker->rsa) {
        int rc = wc_EccKeyToPKCS8(&maker->key.ecc, maker->der, &size);
        return rc < 0 ? rc : (int) size;
    }
    int rc = wc_RsaKeyToDer(&maker->key.rsa, inner, sizeof inner);
    if (rc > 0)
        rc = wc_CreatePKCS8Key(maker->der, &size, inner, (word32) rc, oid, NULL, 0);
    explicit_bzero(inner, sizeof inner);
    return rc < 0 ? rc : (int) size;
}

/* As in certificates: two digits of the year until 2049, four from then on. */
static int
put_date(byte *out, int64_t seconds)
{
    struct tm tm;
    char text[24];
    time_t at = (time_t) seconds;
    gmtime_r(&at, &tm);
    bool shorter = tm.tm_year >= 50 && tm.tm_year < 150;
    size_t skip = shorter ? 2 : 0;
    size_t size = strftime(text, sizeof text, "%Y%m%d%H%M%SZ", &tm) - skip;
    out[0] = shorter ? ASN_UTC_TIME : ASN_GENERALIZED_TIME;
    out[1] = (byte) size;
    memcpy(out + 2, text + skip, size);
    return (int) size + 2;
}

static int
describe(struct maker *maker, const struct cyi_certificate_plan *plan)
{
    Cert *cert = &maker->cert;
    RsaKey *rsa = maker->rsa ? &maker->key.rsa : NULL;
    ecc_key *ecc = maker->rsa ? NULL : &maker->key.ecc;
    int rc = wc_InitCert(cert);
    if (rc != 0)
        return rc;
    memcpy(cert->subject.commonName, plan->name, strlen(plan->name) + 1);
    cert->isCA = 1;
    cert->sigType = maker->rsa ? CTC_SHA256wRSA : CTC_SHA256wECDSA;
    cert->beforeDateSz = put_date(cert->beforeDate, plan->not_before);
    cert->afterDateSz = put_date(cert->afterDate, plan->not_after);
    rc = wc_SetSubjectKeyIdFromPublicKey(cert, rsa, ecc);
    return rc != 0 ? rc : wc_SetAuthKeyIdFromPublicKey(cert, rsa, ecc);
}

static int
sign(struct maker *maker)
{
    Cert *cert = &maker->cert;
    int type = maker->rsa ? RSA_TYPE : ECC_TYPE;
    int rc = wc_MakeCert_ex(cert, maker->der, DER_BYTES, type, &maker->key, &maker->rng);
    return rc < 0 ? rc
                  : wc_SignCert_ex(cert->bodySz, cert->sigType, maker->der, DER_BYTES, type,
                                   &maker->key, &maker->rng);
}

static int
to_pem(uint8_t *out, int size, const struct maker *maker, int type)
{
    return wc_DerToPem(maker->der, (word32) maker->der_size, out, (word32) size, type);
}

static int
make(uint8_t *out, struct maker *maker, const struct cyi_certificate_plan *plan)
{
    maker->der_size = key_to_der(maker);
    int key = maker->der_size;
    if (key > 0)
        key = to_pem(out, CYI_CERTIFICATE_BYTES, maker, PKCS8_PRIVATEKEY_TYPE);
    if (key < 0)
        return key;
    int rc = describe(maker, plan);
    if (rc == 0)
        rc = sign(maker);
    if (rc < 0)
        return rc;
    maker->der_size = rc;
    rc = to_pem(out + key, CYI_CERTIFICATE_BYTES - key, maker, CERT_TYPE);
    return rc < 0 ? rc : key + rc;
}

int
cyi_certificate_make(uint8_t *out, const struct cyi_certificate_plan *plan)
{
    size_t size = strlen(plan->name);
    if (size == 0 || size > CY_CERTIFICATE_NAME_MAX)
        return -EINVAL;
    struct maker maker = {.rsa = plan->rsa};
    int rc = wc_InitRng(&maker.rng);
    if (rc != 0)
        return code(rc);
    rc = make_key(&maker);
    if (rc == 0)
        rc = make(out, &maker, plan);
    free_key(&maker);
    wc_FreeRng(&maker.rng);
    wc_ecc_fp_free(); /* which it keeps for each thread */
    explicit_bzero(&maker, sizeof maker);
    return code(rc);
}

static int
write_all(int fd, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, bytes, size);
        if (n < 0 && errno != EINTR)
            return -errno;
        bytes += n > 0 ? n : 0;
        size -= n > 0 ? (size_t) n : 0;
    }
    return fsync(fd) != 0 ? -errno : 0;
}

/* Nobody else could read it even for a moment, and no file is left half written. */
static int
write_file(const char *path, const uint8_t *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    int rc = write_all(fd, bytes, size);
    if (close(fd) != 0 && rc == 0)
        rc = -errno;
    if (rc != 0)
        unlink(path);
    return rc;
}

int
cy_certificate_create(const char *path, const struct cy_certificate_options *options)
{
    static const struct cy_certificate_options defaults;
    uint8_t text[CYI_CERTIFICATE_BYTES];
    const struct cy_certificate_options *given = options != NULL ? options : &defaults;
    uint32_t days = given->days != 0 ? given->days : CY_CERTIFICATE_DAYS;
    int64_t now = (int64_t) time(NULL);
    if (days > CY_CERTIFICATE_DAYS_MAX)
        return -EINVAL;
    if (access(path, F_OK) == 0)
        return -EEXIST; /* known before the work of a key */
    struct cyi_certificate_plan plan = {.name = given->name != NULL ? given->name : "cycos",
                                        .not_before = now,
                                        .not_after = now + (int64_t) days * DAY,
                                        .rsa = given->rsa};
    int rc = cyi_certificate_make(text, &plan);
    if (rc > 0)
        rc = write_file(path, text, (size_t) rc);
    explicit_bzero(text, sizeof text);
    return rc;
}

int
cy_secret_create(const char *path)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t random[32], text[2 * sizeof random + 1];
    if (getrandom(random, sizeof random, 0) != (ssize_t) sizeof random)
        return -EIO;
    for (size_t i = 0; i < sizeof random; i++) {
        text[2 * i] = (uint8_t) digits[random[i] >> 4];
        text[2 * i + 1] = (uint8_t) digits[random[i] & 15];
    }
    text[sizeof text - 1] = '\n';
    int rc = write_file(path, text, sizeof text);
    explicit_bzero(random, sizeof random);
    explicit_bzero(text, sizeof text);
    return rc;
}
