/* compare.h - two results side by side, and what of their difference is more than noise. */
#ifndef LOAD_COMPARE_H
#define LOAD_COMPARE_H

#include <stddef.h>
#include <stdio.h>

/* Results of the same settings, read from files. */
struct load_results {
    struct load_json *items[64];
    size_t count;
};

/*
 * Reads the files that @paths names, separated by commas: several runs of the same kind are
 * better than one. -errno of open and read, -EINVAL not such a file, -E2BIG more than 64;
 * @error then says which and why.
 */
int load_results_read(struct load_results *out, const char *paths, char *error, size_t size);
void load_results_free(struct load_results *results);

/*
 * Prints ratios of b to a with their 95 % confidence intervals, and a verdict for each. With
 * one file on either side the samples are its seconds, else its runs.
 */
void load_compare_print(FILE *file, const struct load_results *a, const struct load_results *b);

#endif
