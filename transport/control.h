/* control.h - the parts of the service that tells of a core; <cycos/control.h> says what. */
#ifndef CYI_CONTROL_H
#define CYI_CONTROL_H

#include <cycos/control.h>
#include <cycos/impl/core.h>
#include <cycos/value.h>

struct cyi_net;

/* What was asked. */
struct cyi_question {
    const char *what; /* of the table in control.c */
    uint64_t from;
    uint32_t max;
};

/* Before the cores run. */
CY_MUST_CHECK int cyi_control_start(struct cyi_net *net);

/* Begin the map of an answer that will have `more` entries beside those that all have. */
void cyi_control_begin(cy_value_writer *w, const struct cyi_core *core,
                       const struct cyi_question *question, size_t more);

/* A key and its value. */
void cyi_control_put_uint(cy_value_writer *w, const char *key, uint64_t value);
void cyi_control_put_bool(cy_value_writer *w, const char *key, bool value);
/* What may be no UTF-8. */
void cyi_control_put_text(cy_value_writer *w, const char *key, const char *text);
/* The same of a text of any length, which it may change. */
void cyi_control_put_long(cy_value_writer *w, const char *key, char *text);
void cyi_control_put_location(cy_value_writer *w, const char *key, cy_ref ref);
/* 0 is the end: nil. */
void cyi_control_put_next(cy_value_writer *w, uint64_t next);

struct cyi_named_count {
    const char *key;
    uint64_t count;
};
void cyi_control_put_counts(cy_value_writer *w, const char *key,
                            const struct cyi_named_count *counts, size_t n);

/* Each writes one answer, on the core it is about. Negative: an error to be told instead. */
typedef int cyi_control_fn(struct cyi_core *core, const struct cyi_question *question,
                           cy_value_writer *w);
cyi_control_fn cyi_control_ping, cyi_control_node, cyi_control_counters, cyi_control_tasks,
    cyi_control_names, cyi_control_links, cyi_control_dump;

#endif
