/* json.h - values as JSON. */
#ifndef CTL_JSON_H
#define CTL_JSON_H

#include "rows.h"

#include <stdio.h>

/*
 * The next value. What JSON has no word for: bytes become their hexadecimal digits, references
 * what cy_ref_format() makes of them, numbers that are none null, keys texts.
 */
void ctl_json_value(FILE *out, cy_value_reader *r);

/* A text in quotes, printable on any terminal. */
void ctl_json_text(FILE *out, const char *text, size_t size);

/* An array with each row on a line of its own. */
void ctl_json_rows(FILE *out, const struct ctl_rows *rows);

#endif
