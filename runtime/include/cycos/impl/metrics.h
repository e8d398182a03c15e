/*
 * cycos/impl/metrics.h - numbers of a node for those who watch it: what components count.
 *
 * A component has a set: a table of what it counts, and a function that fills in the values of
 * one core. Each core does that for itself, in a task of its own that is asked by message: no
 * core's numbers are read from another thread. The names are those of Prometheus: base units,
 * _total for what only rises.
 */
#ifndef CYCOS_IMPL_METRICS_H
#define CYCOS_IMPL_METRICS_H

#include <cycos/ref.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cyi_core;
struct cyi_node;

enum cyi_metric_type { CYI_METRIC_COUNTER, CYI_METRIC_GAUGE };

struct cyi_metric {
    const char *name;   /* "cycos_sleeps_total"; rows of one name stand together */
    const char *help;   /* of the first row of a name */
    const char *labels; /* "reason=\"secret\"", for several rows of one name; or NULL */
    enum cyi_metric_type type;
    bool seconds; /* the value is in nanoseconds, what is shown in seconds */
    bool of_node; /* core 0 fills in the value of the whole node */
};

struct cyi_metric_set {
    const struct cyi_metric *metrics;
    uint32_t count;
    /* On the core: fill in values[0 .. count). Does not suspend. */
    void (*measure)(struct cyi_core *core, uint64_t *values);
};

enum {
    CYI_METRIC_SETS_MAX = 8,
    CYI_METRICS_MAX = 256,            /* rows in all sets */
    CYI_METRICS_CLIENTS_MAX = 8,      /* requests that are being answered at the same time */
    CYI_METRICS_DRAIN_MAX = 64 << 10, /* bytes that a client may send beyond its request */
};

/* Of those that a node has; under its lock. */
struct cyi_metric_sets {
    const struct cyi_metric_set *sets[CYI_METRIC_SETS_MAX];
    uint32_t count;
    uint32_t metrics; /* rows in all of them */
};

/* What every core counts; always the first of a node's sets. */
extern const struct cyi_metric_set cyi_metrics_own;

/*
 * Show a set, from the next request on. Any thread, without the node's lock; again without
 * effect. -ENOBUFS no room.
 */
int cyi_metrics_add(struct cyi_node *node, const struct cyi_metric_set *set);

/*
 * Begin to serve what options->metrics_port says; nothing when it is 0. Before any core runs,
 * after the network was opened; `why` gets a line for people when it fails.
 */
int cyi_metrics_open(struct cyi_node *node, char *why, size_t size);
/* After all tasks have been abandoned. */
void cyi_metrics_close(struct cyi_node *node);

/* How long things may take; set by open, shortened by tests. */
struct cyi_metrics_limits {
    int64_t read_ns;   /* 5 s: from the first byte to the end of the request */
    int64_t sample_ns; /* 2 s: for the cores to answer; who does not is said to be down */
    int64_t write_ns;  /* 10 s: for the client to take the text */
    int64_t drain_ns;  /* 1 s: for the client to close */
};

/* What the tasks of the service share; they are on core 0. NULL when it is off. */
struct cyi_metrics {
    struct cyi_node *node;
    struct cyi_metrics_limits limits;
    uint32_t clients;
    uint64_t served, refused; /* requests answered; connections over the limit */
    cy_ref samplers[];        /* of each core: the task to ask */
};

/* The task that answers for its core. */
int cyi_metrics_sample(void *arg);

/* In a task: all numbers of the node as text, from malloc. -ENOMEM, -ECANCELED. */
int cyi_metrics_collect(char **out, size_t *bytes, struct cyi_metrics *service);

#endif
