/*
 * method.h - a method: what it was created with, and its jobs.
 *
 * A method is a daemon task of its core, its server, which takes calls and starts tasks. Its
 * reference is the server's, but for the kind. Everything of it belongs to its core; what its
 * tasks on other cores have to say comes posted. It lives until its server has ended and all
 * that it has started is forgotten.
 */
#ifndef CYI_RTI_METHOD_H
#define CYI_RTI_METHOD_H

#include "jobs.h"
#include "metrics.h"
#include "signature.h"
#include <cycos/impl/core.h>
#include <cycos/registry.h>
#include <cycos/rti.h>

struct cyi_method {
    struct cyi_list link; /* of the core's methods */
    cy_ref server;
    cy_rti_fn *fn;
    struct cy_rti_options options; /* pointers in it are the method's own, or NULL */
    struct cyi_signature *signature;
    cy_location *allow;
    struct cyi_jobs jobs;
    uint16_t next_core;
    bool closed; /* takes no calls any more */
    bool ended;  /* the server has */
    char name[CY_NAME_MAX + 1];
};

/* RTI's part of a core. */
struct cyi_rti_core {
    struct cyi_list all; /* of the node, under its lock */
    struct cyi_list methods;
    struct cyi_list monitors; /* monitor.c */
    uint32_t monitors_count;
    struct cyi_rti_counters counters;
};
/* The core's, made if need be; NULL without memory. */
struct cyi_rti_core *cyi_rti_core(struct cyi_core *core);

/* The method of this core that a reference names, or NULL. */
struct cyi_method *cyi_method_find(struct cyi_core *core, cy_ref method);
/* Forget it if nothing is left of it. */
void cyi_method_release(struct cyi_method *method);
void cyi_method_free(struct cyi_method *method);

/* The server's task function; its argument is the method. */
int cyi_method_serve(void *arg);
/* Something has changed that the server waits for: a first result, the end. */
void cyi_method_wake(struct cyi_core *core, const struct cyi_method *method);
/* Nobody will ask for the result of a job. */
void cyi_method_forget(struct cyi_core *core, struct cyi_job *job);
/* A core of another node was lost: what becomes of what it has started. */
void cyi_method_lost(struct cyi_core *core, struct cyi_method *method, cy_ref peer);

static inline struct cyi_method *
cyi_method_of(const struct cyi_job *job)
{
    return cyi_container_of(job->jobs, struct cyi_method, jobs);
}

static inline cy_ref
cyi_rti_as(cy_ref ref, enum cy_kind kind)
{
    ref.slot = (ref.slot & CYI_SLOT_MASK) | (uint32_t) kind << 28;
    return ref;
}

#endif
