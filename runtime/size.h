/* size.h - numbers with units, to and from text. */
#ifndef CYI_SIZE_H
#define CYI_SIZE_H

#include <cycos/options.h>

#define CYI_SIZE_TEXT_MAX 24 /* bytes that any of these texts needs, with its terminator */

/* Digits and nothing else. -EINVAL, -ERANGE beyond INT64_MAX. */
CY_MUST_CHECK int cyi_number_parse(int64_t *out, const char *text);

/* The shortest exact text that parses to the same: "64k", "1536", "25ms", "0". */
void cyi_size_format(char *text, uint64_t bytes);
void cyi_duration_format(char *text, cy_time duration);

#endif
