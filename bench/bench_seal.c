/* bench_seal.c - sealing and opening frames, and what a handshake costs either side. */
#include "auth.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RUNS = 7, HEADER = 20, LARGEST = 64 << 10, BYTES = 16 << 20, PAIRS = 200 };

static double
now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double) ts.tv_sec * 1e9 + (double) ts.tv_nsec;
}

static int
compare(const void *a, const void *b)
{
    double x = *(const double *) a, y = *(const double *) b;
    return (x > y) - (x < y);
}

/* One JSON line: the median and the range of all runs, in nanoseconds per operation. */
static void
report(const char *bench, int bytes, double *ns)
{
    qsort(ns, RUNS, sizeof *ns, compare);
    printf("{\"bench\":\"%s\",\"bytes\":%d,\"ns\":%.0f,\"ns_min\":%.0f,\"ns_max\":%.0f}\n",
           bench, bytes, ns[RUNS / 2], ns[0], ns[RUNS - 1]);
}

static void
expect(int rc)
{
    if (rc != 0)
        abort();
}

/* In place, as a connection does it: what is sealed is opened again. */
static void
frames(int size, bool aes)
{
    static uint8_t bytes[LARGEST + CYI_SEAL_OVERHEAD];
    static const uint8_t header[HEADER];
    struct cyi_seal from = {.key = {1}}, to = from;
    if (aes) {
        expect(cyi_seal_use_aes(&from, true));
        expect(cyi_seal_use_aes(&to, false));
    }
    size_t sealed = (size_t) size + CYI_SEAL_OVERHEAD;
    int count = BYTES / (size + 256), opened = count / 8;
    double seal[RUNS] = {0}, unseal[RUNS] = {0};
    for (int run = 0; run < RUNS; run++) {
        double start = now_ns(), middle;
        for (int i = 0; i < count; i++)
            expect(cyi_seal(&from, header, HEADER, bytes, (size_t) size, bytes));
        seal[run] = (now_ns() - start) / count;
        for (int i = 0; i < opened; i++) {
            to.counter = from.counter;
            expect(cyi_seal(&from, header, HEADER, bytes, (size_t) size, bytes));
            middle = now_ns();
            expect(cyi_unseal(&to, header, HEADER, bytes, sealed, bytes));
            unseal[run] += (now_ns() - middle) / opened;
        }
    }
    report(aes ? "seal.seal_aes" : "seal.seal", size, seal);
    report(aes ? "seal.unseal_aes" : "seal.unseal", size, unseal);
    cyi_seal_fini(&from);
    cyi_seal_fini(&to);
}

struct ends {
    struct cyi_auth dialer, acceptor;
    uint8_t hello[CYI_AUTH_HELLO_BYTES];
    uint8_t challenge[CYI_AUTH_CHALLENGE_BYTES], proof[CYI_AUTH_PROOF_BYTES];
};

static void
begin(struct ends *ends, const struct cyi_secrets *secrets)
{
    static const uint8_t random[2][CYI_AUTH_RANDOM_BYTES] = {{1}, {2}};
    static const struct cyi_auth_identity one = {.core = 1}, two = {.incarnation = {2}};
    cyi_auth_init(&ends->dialer, CYI_AUTH_DIALER, secrets, &one, random[0]);
    cyi_auth_init(&ends->acceptor, CYI_AUTH_ACCEPTOR, secrets, &two, random[1]);
    cyi_auth_hello(&ends->dialer, ends->hello);
}

/* Both ends together; and what a hello without the secret costs its acceptor. */
static void
handshakes(const char *name, const char *refused, uint32_t secret_count)
{
    static const char *const password[] = {"a secret of the bench"};
    struct cyi_secrets *secrets;
    struct ends ends;
    double whole[RUNS], bad[RUNS];
    expect(cyi_secrets_make(&secrets, password, secret_count, 2));
    for (int run = 0; run < RUNS; run++) {
        double start = now_ns();
        for (int i = 0; i < PAIRS; i++) {
            begin(&ends, secrets);
            expect(cyi_auth_challenge(&ends.acceptor, ends.hello, ends.challenge));
            expect(cyi_auth_proof(&ends.dialer, ends.challenge, ends.proof));
            expect(cyi_auth_finish(&ends.acceptor, ends.proof));
        }
        whole[run] = (now_ns() - start) / PAIRS;
        bad[run] = 0;
        for (int i = 0; i < PAIRS; i++) {
            begin(&ends, secrets);
            ends.hello[40] ^= 1;
            start = now_ns();
            if (cyi_auth_challenge(&ends.acceptor, ends.hello, ends.challenge) == 0)
                abort();
            bad[run] += (now_ns() - start) / PAIRS;
        }
    }
    report(name, 0, whole);
    report(refused, 0, bad);
    cyi_secrets_free(&secrets);
}

int
main(void)
{
    static const int sizes[] = {0, 64, 1 << 10, 16 << 10, LARGEST};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        frames(sizes[i], false);
        if (cyi_gcm_available())
            frames(sizes[i], true);
    }
    handshakes("auth.secured", "auth.secured_refused", 1);
    handshakes("auth.open", "auth.open_refused", 0);
    return 0;
}
