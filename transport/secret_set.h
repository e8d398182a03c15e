/* secret_set.h - how a set of secrets is made: secret_load.c reads, secret.c derives. */
#ifndef CYI_SECRET_SET_H
#define CYI_SECRET_SET_H

#include "secret.h"

struct cyi_secrets {
    uint32_t count;
    bool weak;
    struct cyi_secret items[CYI_SECRETS_MAX];
};

/* An open set. -ENOMEM. */
CY_MUST_CHECK int cyi_secrets_create(struct cyi_secrets **out);

/* Derives keys of one more. -EINVAL it is empty, -E2BIG there are enough, -ENOMEM. */
CY_MUST_CHECK int cyi_secrets_add(struct cyi_secrets *secrets, struct cyi_bytes password,
                                  int cost_log2);

#endif
