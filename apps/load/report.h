/* report.h - the result as a table for people. */
#ifndef LOAD_REPORT_H
#define LOAD_REPORT_H

#include "machine.h"
#include "result.h"

#include <stdio.h>

void load_report_print(FILE *file, const struct load_result *result,
                       const struct load_machine *machine);

#endif
