/* progress.h - the line that a run prints each second. */
#ifndef LOAD_PROGRESS_H
#define LOAD_PROGRESS_H

#include "result.h"

#include <stdio.h>

/* What is not 0 and should be, stands at the end of the line, so that it is seen. */
void load_progress_print(FILE *file, const struct load_second *second);

/* One trial of --find-max. */
void load_progress_trial(FILE *file, const struct load_trial *trial);

#endif
