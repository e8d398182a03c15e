/*
 * flags.c - what the program can be told beside the options of a node.
 *
 * Tests: tests/cycosctl/test_program.c
 */
#include "flags.h"

#include <cycos/certificate.h>
#include <cycos/msg.h>
#include <stddef.h>

#define FIELD(name) offsetof(struct ctl_flags, name)

static const struct cy_option options[] = {
    {"format", CY_OPTION_CHOICE, FIELD(format), 0, 0, "auto|table|json",
     "how to print; auto: a table on a terminal, else JSON", NULL},
    {"json", CY_OPTION_SWITCH, FIELD(json), 0, 1, NULL, "the same as --format json", NULL},
    {"timeout", CY_OPTION_DURATION, FIELD(timeout), CY_MILLISECOND, CY_HOUR, "DURATION",
     "wait so long for an answer", NULL},
    {"settle", CY_OPTION_DURATION, FIELD(settle), 0, CY_HOUR, "DURATION",
     "all peers are known when no other one has come for so long", NULL},
    {"interval", CY_OPTION_DURATION, FIELD(interval), 10 * CY_MILLISECOND, CY_HOUR, "DURATION",
     "of top and ping, between two rounds", NULL},
    {"count", CY_OPTION_NUMBER, FIELD(count), 0, UINT32_MAX, "NUMBER",
     "rounds of top and ping; 0: one of ping, of top until interrupted", NULL},
    {"kind", CY_OPTION_CHOICE, FIELD(kind), 0, 0, "any|task|channel|method",
     "of what the name is", NULL},
    {"at", CY_OPTION_STRING, FIELD(at), 1, CY_OPTION_VALUE_MAX, "CORE",
     "only a name of this core", NULL},
    {"tag", CY_OPTION_NUMBER, FIELD(tag), 0, CY_TAG_SYSTEM - 1, "NUMBER",
     "of the message that is sent", NULL},
    {"all", CY_OPTION_SWITCH, FIELD(all), 0, 1, NULL,
     "list what is of cycos itself, and of other runs of this program", NULL},
    {"overwrite", CY_OPTION_SWITCH, FIELD(overwrite), 0, 1, NULL, "replace a file that differs",
     NULL},
    {"subject", CY_OPTION_STRING, FIELD(subject), 1, CY_CERTIFICATE_NAME_MAX, "NAME",
     "whom a certificate names; none: cycos", NULL},
    {"days", CY_OPTION_NUMBER, FIELD(days), 0, CY_CERTIFICATE_DAYS_MAX, "NUMBER",
     "a certificate is valid for; 0: 1000", NULL},
    {"rsa", CY_OPTION_SWITCH, FIELD(rsa), 0, 1, NULL,
     "a certificate with an RSA key; else P-256, which costs less", NULL},
};

void
ctl_flags_init(struct ctl_flags *flags, struct cy_option_set *set)
{
    *flags = (struct ctl_flags){
        .timeout = CTL_TIMEOUT,
        .settle = 300 * CY_MILLISECOND,
        .interval = CY_SECOND,
    };
    *set = (struct cy_option_set){
        .section = "cycosctl",
        .options = options,
        .count = sizeof options / sizeof options[0],
        .target = flags,
    };
}

bool
ctl_flags_table(const struct ctl_flags *flags, bool terminal)
{
    if (flags->json)
        return false;
    return flags->format == CTL_FORMAT_AUTO ? terminal : flags->format == CTL_FORMAT_TABLE;
}
