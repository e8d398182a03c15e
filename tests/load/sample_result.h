/* sample_result.h - a result that tests of the reports share. */
#ifndef LOAD_SAMPLE_RESULT_H
#define LOAD_SAMPLE_RESULT_H

#include "machine.h"
#include "result.h"

#include <stdio.h>

struct sample {
    struct load_settings settings;
    struct load_result result;
    struct load_machine machine;
};

/*
 * Two cores, a warm-up of 1 s and `seconds` of measuring at about 1000 requests per second,
 * 1 to 1000 us each; the rate of second i is 1000 + i % 3. Open loop at 1k/s.
 */
void sample_make(struct sample *sample, size_t seconds);
void sample_free(struct sample *sample);

/* What a function prints about it; the caller frees the text. */
typedef int sample_writer(FILE *file, const struct load_result *result,
                          const struct load_machine *machine);
char *sample_text(const struct sample *sample, sample_writer *write);

#endif
