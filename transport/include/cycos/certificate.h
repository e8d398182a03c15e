/* cycos/certificate.h - making the files by which nodes trust each other. */
#ifndef CYCOS_CERTIFICATE_H
#define CYCOS_CERTIFICATE_H

#include <cycos/base.h>
#include <stdbool.h>
#include <stdint.h>

CY_BEGIN_DECLS

/* All zero is the default of everything. */
struct cy_certificate_options {
    const char *name; /* whom it names, up to CY_CERTIFICATE_NAME_MAX bytes; NULL: "cycos" */
    uint32_t days;    /* it is valid for, from now on; 0: 1000; up to CY_CERTIFICATE_DAYS_MAX */
    bool rsa;         /* RSA with 2048 bits; else P-256, whose handshakes cost a tenth */
};

#define CY_CERTIFICATE_NAME_MAX 63
#define CY_CERTIFICATE_DAYS_MAX 36500
#define CY_CERTIFICATE_DAYS     1000

/**
 * cy_certificate_create - make a key and a certificate for TLS, in one file
 * @path:    of the file, which does not exist yet
 * @options: or NULL
 *
 * The same as
 *
 *     openssl req -x509 -newkey rsa:2048 -keyout FILE -nodes -out FILE -sha256 -days 1000
 *
 * asks for: a key without a password, and a certificate that signs itself. The file goes to
 * each node over a safe way, and is the certfile of each. Only its owner may read it.
 *
 * Context:   any thread; suspends: no; blocks: for up to some seconds with RSA
 * Ownership: nothing
 * Errors:    -EEXIST it does exist, -EINVAL the name or the days, -ENOMEM, and what open(2),
 *            write(2) and fsync(2) say; there is no file then
 * Since:     0.1
 */
CY_MUST_CHECK int cy_certificate_create(const char *path,
                                        const struct cy_certificate_options *options);

/**
 * cy_secret_create - make a shared secret, in a file
 * @path: of the file, which does not exist yet
 *
 * 32 random bytes as 64 hexadecimal digits and a newline. The file goes to each node over a
 * safe way, and is a secret_file of each. Only its owner may read it.
 *
 * Context:   any thread; suspends: no; blocks: as the file system does
 * Ownership: nothing
 * Errors:    -EEXIST it does exist, and what open(2), write(2) and fsync(2) say; there is no
 *            file then
 * Since:     0.1
 */
CY_MUST_CHECK int cy_secret_create(const char *path);

CY_END_DECLS

#endif
