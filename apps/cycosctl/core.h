/* core.h - cores that are asked: who they are, how they are found, what they answer. */
#ifndef CTL_CORE_H
#define CTL_CORE_H

#include "ctl.h"
#include "sample.h"

#include <cycos/peer.h>

enum { CTL_CORES_MAX = 65536 };

/* How nodes are called that this program makes; it shows them with --all only. */
#define CTL_OWN_NAME "cycosctl-"

struct ctl_core {
    struct cy_peer peer;
    cy_ref control; /* the task that answers for it; nobody: not yet known */
    int error;      /* why there is no answer */
    char why[128];  /* what it said itself; or empty */
    cy_msg *msg;    /* the last answer; `map` reads it */
    cy_value_reader map;
    struct ctl_rows items;  /* of a list that was asked for */
    cy_time took;           /* how long the last answer took */
    struct ctl_sample last; /* of the last round */
};

struct ctl_cores {
    struct ctl_core *core;
    uint32_t count;
};

void ctl_cores_fini(struct ctl_cores *cores);

/*
 * In a task: the cores that the arguments name, or all there are. Returns an exit status, and
 * has said what is wrong.
 */
int ctl_cores_find(struct ctl *ctl, struct ctl_cores *out);

/* In a task: all there are now; those that are known keep what is known of them. -ENOMEM. */
CY_MUST_CHECK int ctl_cores_renew(const struct ctl *ctl, struct ctl_cores *cores);

/* One core by its name or location. An error as cy_peer_add() and cy_peer_locate() have it. */
int ctl_core_find(struct ctl *ctl, struct cy_peer *out, const char *text);

/* "10.0.0.1:4000", "host:4000", "[::1]:4000" into its halves; false: it is something else. */
bool ctl_split_location(const char *text, char *host, size_t size, uint16_t *port);

#endif
