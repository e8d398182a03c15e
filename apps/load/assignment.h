/* assignment.h - the order for a worker on another node, as a message. */
#ifndef LOAD_ASSIGNMENT_H
#define LOAD_ASSIGNMENT_H

#include "settings.h"

#include <cycos/msg.h>

/* The flags say it all again, so that a worker makes the same settings of them. */
struct load_assignment {
    struct load_flags flags;
    char target[300];
    double trial_rate;     /* of --find-max; 0: this is no trial */
    uint32_t first, count; /* the parts of this worker */
    uint32_t parts;        /* of all */
    uint32_t run;
    bool fill;
    char *texts; /* what the flags point to, of one that was read */
};

/* -ENOMEM, -EMSGSIZE, -EILSEQ a flag is not UTF-8. */
int load_assignment_write(cy_msg **out, const struct load_assignment *assignment, uint32_t tag);

/* -EBADMSG: not one, or a flag out of its range; -ENOMEM. */
int load_assignment_read(struct load_assignment *out, const cy_msg *msg);
void load_assignment_fini(struct load_assignment *assignment);

#endif
