/*
 * invocation.h - a task that a method has started: what it was given, and what it owes.
 *
 * Belongs to the task's core; the job is the method's, on another core perhaps, and hears of
 * the task by what is posted there. The last word, that the task is gone, frees the invocation.
 */
#ifndef CYI_RTI_INVOCATION_H
#define CYI_RTI_INVOCATION_H

#include "method.h"
#include "request.h"

struct cyi_invocation {
    struct cyi_owner owner;
    struct cyi_job *job;
    uint16_t home; /* the method's core */
    cy_ref caller;
    cy_rti_fn *fn;
    void *arg;
    cy_handler_fn *handler;
    void *state; /* of the handler */
    cy_msg *request;
    cy_args_reader args; /* borrows the request */
};

/* NULL without memory. The message is the invocation's, once it has been started. */
struct cyi_invocation *cyi_invocation_make(const struct cyi_method *method, struct cyi_job *job,
                                           cy_msg *msg, const struct cyi_rti_request *request);

/* The task's function. */
int cyi_invocation_run(void *arg);

#endif
