/* json_read.h - JSON becomes values. */
#ifndef CTL_JSON_READ_H
#define CTL_JSON_READ_H

#include <cycos/value.h>

enum { CTL_JSON_DEPTH_MAX = 14 }; /* lists and maps around the innermost value */

/*
 * Puts the one value that a text holds, as RFC 8259 has it. A number without a point and
 * without an exponent is an integer, and must fit into 64 bits. False: it is no JSON, and
 * *wrong says why; where, if it is not NULL, is put into *at.
 */
bool ctl_json_put(cy_value_writer *w, const char *text, const char **wrong, size_t *at);

#endif
