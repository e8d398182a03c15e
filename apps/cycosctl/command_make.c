/*
 * command_make.c - the files by which nodes trust each other: a secret, a certificate.
 *
 * Tests: tests/cycosctl/test_make.py
 */
#include "command.h"

#include <cycos/certificate.h>

static int
made(const struct ctl *ctl, int rc)
{
    if (rc == 0)
        return CTL_OK;
    return ctl_fail(ctl, CTL_FAILED, "%s: %s", ctl->argv[0],
                    rc == -EEXIST ? "it is there already" : cy_strerror(rc));
}

int
ctl_keygen(struct ctl *ctl)
{
    return made(ctl, cy_secret_create(ctl->argv[0]));
}

int
ctl_cert(struct ctl *ctl)
{
    const struct cy_certificate_options options = {
        .name = ctl->flags.subject, .days = ctl->flags.days, .rsa = ctl->flags.rsa};
    return made(ctl, cy_certificate_create(ctl->argv[0], &options));
}
