/* flags.h - what the program can be told beside the options of a node. */
#ifndef CTL_FLAGS_H
#define CTL_FLAGS_H

#include <cycos/options.h>

enum ctl_format { CTL_FORMAT_AUTO, CTL_FORMAT_TABLE, CTL_FORMAT_JSON };
enum ctl_kind { CTL_KIND_ANY, CTL_KIND_TASK, CTL_KIND_CHANNEL, CTL_KIND_METHOD };

#define CTL_TIMEOUT (5 * CY_SECOND) /* unless an option says so */

struct ctl_flags {
    int format; /* enum ctl_format */
    bool json;
    cy_time timeout;     /* for an answer */
    cy_time settle;      /* all are there when nobody has come for so long */
    cy_time interval;    /* of top and ping */
    uint32_t count;      /* of top and ping; 0: one ping, top without end */
    int kind;            /* enum ctl_kind */
    const char *at;      /* of which core a name is; NULL: any */
    uint32_t tag;        /* of a message that is sent */
    bool all;            /* also what is cycos' own */
    bool overwrite;      /* a file that is there and differs */
    const char *subject; /* of a certificate; NULL: as the library likes */
    uint32_t days;       /* it is valid; 0: the same */
    bool rsa;
};

/* The options for cy_options_parse_with(); fills in the defaults. */
void ctl_flags_init(struct ctl_flags *flags, struct cy_option_set *set);

/* Are tables wanted? `terminal`: the output goes to one. */
bool ctl_flags_table(const struct ctl_flags *flags, bool terminal);

#endif
