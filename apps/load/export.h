/* export.h - the result as JSON, for programs and for `compare`. */
#ifndef LOAD_EXPORT_H
#define LOAD_EXPORT_H

#include "machine.h"
#include "result.h"

#include <stdio.h>

/* The value of "format"; a reader refuses what it does not know. */
#define LOAD_EXPORT_FORMAT "cycos-load 1"

/* -EIO when the stream fails. Times are in microseconds, rates per second. */
int load_export(FILE *file, const struct load_result *result,
                const struct load_machine *machine);

#endif
