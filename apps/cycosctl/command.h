/* command.h - the commands of the program. */
#ifndef CTL_COMMAND_H
#define CTL_COMMAND_H

#include "ctl.h"

/* Returns the exit status. In a task of a node with a network, unless it runs alone. */
typedef int ctl_command_fn(struct ctl *ctl);

struct ctl_command {
    const char *name;
    const char *arguments; /* "NAME TEXT" */
    const char *help;
    ctl_command_fn *run;
    int min, max; /* arguments; max -1: any number */
    bool alone;   /* without a node */
};

extern const struct ctl_command ctl_commands[];
extern const size_t ctl_command_count;

/* NULL: there is no such one. */
const struct ctl_command *ctl_command_find(const char *name);

ctl_command_fn ctl_peers, ctl_names, ctl_locate, ctl_tasks, ctl_links, ctl_node, ctl_top,
    ctl_send, ctl_dump, ctl_ping, ctl_call, ctl_file, ctl_keygen, ctl_cert;

#endif
