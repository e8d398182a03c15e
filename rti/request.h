/*
 * request.h - what callers and methods say to each other.
 *
 *     call      [number, flags, [values without a name], {name: value}]
 *     cancel    number: the caller has not waited for the answer of this call
 *     answer    the reference of the task, or a text: what is wrong with the arguments
 *
 * All other errors travel as the results of requests. Readers trust nothing.
 */
#ifndef CYI_RTI_REQUEST_H
#define CYI_RTI_REQUEST_H

#include "args.h"
#include <cycos/msg.h>

/* Tags of applications: those of the system stay in their node. The methods' tasks are ours. */
enum { CYI_RTI_CALL = 0x72746901, CYI_RTI_CANCEL = 0x72746902, CYI_RTI_ANSWER = 0x72746903 };

enum { CYI_RTI_KEEP = 1 }; /* flags: the caller wants a reference, so the result is kept */

struct cyi_rti_request {
    uint64_t number; /* of the caller's core */
    bool keep;
    cy_args_reader args;
};

/* The errors of arguments, -ENOMEM, -EMSGSIZE. `args` may be NULL. */
CY_MUST_CHECK int cyi_rti_request_make(cy_msg **out, const cy_args *args, uint64_t number,
                                       bool keep);
/* -EBADMSG, -EOPNOTSUPP, -E2BIG; untouched then. The reader borrows the body. */
CY_MUST_CHECK int cyi_rti_request_read(struct cyi_rti_request *out, const void *body,
                                       size_t size);

CY_MUST_CHECK int cyi_rti_cancel_make(cy_msg **out, uint64_t number);
CY_MUST_CHECK int cyi_rti_cancel_read(uint64_t *number, const void *body, size_t size);

/* A message that cyi_rti_accept() fills in and cannot fail any more; or the refusal. */
CY_MUST_CHECK int cyi_rti_answer_make(cy_msg **out);
void cyi_rti_accept(cy_msg *answer, cy_ref task);
void cyi_rti_refuse(cy_msg *answer, const char *why);
/* 0 and a task of that node; -EINVAL, the text is in args, which may be NULL; or CY_EFRAME. */
CY_MUST_CHECK int cyi_rti_answer_read(cy_ref *task, cy_args *args, const void *body,
                                      size_t size, uint32_t node);

#endif
