/* certificate.h - keys and certificates in memory; cycos/certificate.h makes files of them. */
#ifndef CYI_CERTIFICATE_H
#define CYI_CERTIFICATE_H

#include <cycos/certificate.h>
#include <stddef.h>

enum { CYI_CERTIFICATE_BYTES = 8 << 10 };

struct cyi_certificate_plan {
    const char *name;
    int64_t not_before, not_after; /* seconds since 1970; until the year 9999 */
    bool rsa;
};

/*
 * Key and certificate, as PEM; the length. `out` has CYI_CERTIFICATE_BYTES and is to be wiped
 * by the caller. Random bytes are the system's. -EINVAL the name, -ENOMEM, -EIO the library
 * refuses.
 */
CY_MUST_CHECK int cyi_certificate_make(uint8_t *out, const struct cyi_certificate_plan *plan);

#endif
