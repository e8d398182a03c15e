/* signature.h - what arguments a method takes, so that wrong ones are refused early. */
#ifndef CYI_RTI_SIGNATURE_H
#define CYI_RTI_SIGNATURE_H

#include <cycos/args.h>

struct cyi_signature;

/* Of a text as cy_rti_create() describes it. -EINVAL, -ENAMETOOLONG, -E2BIG, -ENOMEM. */
CY_MUST_CHECK int cyi_signature_create(struct cyi_signature **out, const char *text);
void cyi_signature_free(struct cyi_signature **signature);

/* Read the arguments to their end: 0, or -EINVAL and the text is in the reader. */
CY_MUST_CHECK int cyi_signature_check(const struct cyi_signature *signature,
                                      cy_args_reader *args);

#endif
