/* options.h - how the parts of the options work together. */
#ifndef CYI_OPTIONS_H
#define CYI_OPTIONS_H

#include <cycos/options.h>

enum { CYI_OPTIONS_MAX = 64 }; /* in a set */

/* The node's options; `target` is the given struct (also one that is only read). */
struct cy_option_set cyi_options_node_set(const struct cy_options *options);

/* One reading of all sources. */
struct cyi_option_reader {
    struct cy_options *options; /* takes error messages and owns the memory */
    struct cy_option_set sets[2];
    unsigned set_count;
    char where[320]; /* the place of the value that is being read, for messages */
    /* Per source: */
    uint64_t given[2];            /* bit: the option has been given */
    int line[2][CYI_OPTIONS_MAX]; /* where in the file */
};

/* Which option of which set. */
struct cyi_option_at {
    unsigned set, index;
};

static inline const struct cy_option *
cyi_option_of(const struct cyi_option_reader *reader, struct cyi_option_at at)
{
    return &reader->sets[at.set].options[at.index];
}

static inline void *
cyi_option_field(const struct cyi_option_reader *reader, struct cyi_option_at at)
{
    return (char *) reader->sets[at.set].target + cyi_option_of(reader, at)->offset;
}

static inline bool
cyi_option_in_range(const struct cy_option *option, int64_t value)
{
    return value >= option->min && value <= option->max;
}

/* Finds a name, where - and _ are the same if `loose`. In one set, or (-1) in all. */
bool cyi_option_find(const struct cyi_option_reader *reader, int set, const char *name,
                     size_t bytes, bool loose, struct cyi_option_at *out);

/* Writes "WHERE: 'VALUE' WHY" to options->error and returns -EINVAL. `value` may be NULL. */
CY_PRINTF(3, 4)
int cyi_option_fail(struct cyi_option_reader *reader, const char *value, const char *why, ...);

/*
 * Stores a value, checked. Lists grow when the present source has given them before; with
 * `whole`, commas are part of the one item.
 */
CY_MUST_CHECK int cyi_option_set(struct cyi_option_reader *reader, struct cyi_option_at at,
                                 const char *value, bool whole);

/* Checks what a field holds. */
CY_MUST_CHECK int cyi_option_check(struct cyi_option_reader *reader, struct cyi_option_at at);

/* A string, or one item of a list. */
CY_MUST_CHECK int cyi_option_check_text(struct cyi_option_reader *reader,
                                        const struct cy_option *option, const char *value);

/* cyi_option_fail() for a number, size or duration, and for a choice: what it should be. */
int cyi_option_fail_range(struct cyi_option_reader *reader, const struct cy_option *option,
                          const char *value);
int cyi_option_fail_choice(struct cyi_option_reader *reader, const struct cy_option *option,
                           const char *value);

/* A field as text, for help and files: not for strings and lists. */
#define CYI_OPTION_TEXT_MAX 64
void cyi_option_text(const struct cy_option *option, const void *target, char *text);

/* Forgets what the previous source has given. */
void cyi_option_new_source(struct cyi_option_reader *reader);

CY_MUST_CHECK int cyi_options_read_file(struct cyi_option_reader *reader, const char *path);

/* What node's options must fulfil together. */
CY_MUST_CHECK int cyi_options_check_together(struct cyi_option_reader *reader);

#endif
