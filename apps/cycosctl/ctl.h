/* ctl.h - one run of the program: what it was told, where its output goes. */
#ifndef CTL_H
#define CTL_H

#include "flags.h"
#include "output.h"

#include <cycos/run.h>

/* The exit status; cycosctl.md tells users. */
enum ctl_status {
    CTL_OK,
    CTL_FAILED,  /* what was asked for went wrong */
    CTL_USAGE,   /* it makes no sense */
    CTL_SILENCE, /* nobody answered in time */
    CTL_REFUSED, /* secret or certificate are not those of the network */
};

struct ctl_command;

struct ctl {
    struct ctl_flags flags;
    const struct ctl_command *command;
    char name[CY_NODE_NAME_MAX + 1]; /* of our node, unless an option says so */
    int argc;                        /* behind the command */
    char **argv;
    struct ctl_output output;
    int status;
};

/* Says on standard error what is wrong; returns the status. */
CY_PRINTF(3, 4)
int ctl_fail(const struct ctl *ctl, int status, const char *format, ...);

/* The status for what a call of cycos has returned. */
int ctl_status_of(int error);

/* The deadline of what begins now. */
cy_time ctl_deadline(const struct ctl *ctl);

#endif
