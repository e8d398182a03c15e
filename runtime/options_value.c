/* options_value.c - one option: found by its name, set from text. */
#include "options.h"
#include "size.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A link in the chain of what cy_options_fini() frees. */
struct block {
    struct block *next;
    _Alignas(16) char data[];
};

/* At least `bytes` bytes that live as long as the options. */
static void *
allocate(struct cy_options *options, size_t bytes)
{
    struct block *block = malloc(sizeof *block + bytes);
    if (block == NULL)
        return NULL;
    block->next = options->owned;
    options->owned = block;
    return block->data;
}

void
cy_options_fini(struct cy_options *options)
{
    struct block *block = options->owned;
    while (block != NULL) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
    options->owned = NULL;
}

static bool
same_name(const char *name, const char *text, size_t bytes, bool loose)
{
    if (strlen(name) != bytes)
        return false;
    for (size_t i = 0; i < bytes; i++)
        if (name[i] != text[i] && !(loose && name[i] == '-' && text[i] == '_'))
            return false;
    return true;
}

bool
cyi_option_find(const struct cyi_option_reader *reader, int set, const char *name, size_t bytes,
                bool loose, struct cyi_option_at *out)
{
    for (unsigned s = 0; s < reader->set_count; s++) {
        if (set >= 0 && (unsigned) set != s)
            continue;
        for (unsigned i = 0; i < reader->sets[s].count; i++) {
            if (!same_name(reader->sets[s].options[i].name, name, bytes, loose))
                continue;
            *out = (struct cyi_option_at){.set = s, .index = i};
            return true;
        }
    }
    return false;
}

void
cyi_option_new_source(struct cyi_option_reader *reader)
{
    memset(reader->given, 0, sizeof reader->given);
}

/* The index of a word in "one|two|three"; -1 when it is not there. */
static int
choice_index(const char *choices, const char *word)
{
    size_t bytes = strlen(word);
    for (int i = 0;; i++) {
        size_t n = strcspn(choices, "|");
        if (n == bytes && memcmp(choices, word, n) == 0)
            return i;
        if (choices[n] == '\0')
            return -1;
        choices += n + 1;
    }
}

static int
set_number(struct cyi_option_reader *reader, struct cyi_option_at at, const char *value)
{
    const struct cy_option *option = cyi_option_of(reader, at);
    int64_t number = 0;
    uint64_t bytes = 0;
    int rc;
    if (option->type == CY_OPTION_SIZE) {
        rc = cy_size_parse(&bytes, value);
        number = (int64_t) bytes;
    } else if (option->type == CY_OPTION_DURATION) {
        rc = cy_duration_parse(&number, value);
    } else {
        rc = cyi_number_parse(&number, value);
    }
    if (rc < 0 || !cyi_option_in_range(option, number))
        return cyi_option_fail_range(reader, option, value);
    if (option->type == CY_OPTION_NUMBER)
        *(uint32_t *) cyi_option_field(reader, at) = (uint32_t) number;
    else
        *(int64_t *) cyi_option_field(reader, at) = number;
    return 0;
}

static int
set_switch(struct cyi_option_reader *reader, struct cyi_option_at at, const char *value)
{
    static const char words[] = "no|yes|off|on|false|true|0|1";
    int index = choice_index(words, value);
    if (index < 0)
        return cyi_option_fail(reader, value, "is neither yes nor no");
    *(bool *) cyi_option_field(reader, at) = index % 2 != 0;
    return 0;
}

static int
set_choice(struct cyi_option_reader *reader, struct cyi_option_at at, const char *value)
{
    const struct cy_option *option = cyi_option_of(reader, at);
    int index = choice_index(option->choices, value);
    if (index < 0)
        return cyi_option_fail_choice(reader, option, value);
    *(int *) cyi_option_field(reader, at) = index;
    return 0;
}

static const char *
copy(struct cy_options *options, const char *text, size_t bytes)
{
    char *result = allocate(options, bytes + 1);
    if (result == NULL)
        return NULL;
    memcpy(result, text, bytes);
    result[bytes] = '\0';
    return result;
}

static int
fail_memory(struct cyi_option_reader *reader)
{
    (void) cyi_option_fail(reader, NULL, "out of memory");
    return -ENOMEM;
}

static int
set_string(struct cyi_option_reader *reader, struct cyi_option_at at, const char *value)
{
    int rc = cyi_option_check_text(reader, cyi_option_of(reader, at), value);
    if (rc < 0)
        return rc;
    const char *text = copy(reader->options, value, strlen(value));
    if (text == NULL)
        return fail_memory(reader);
    *(const char **) cyi_option_field(reader, at) = text;
    return 0;
}

/* The array is ours and has room for the next power of two: else it is copied. */
static int
append(struct cyi_option_reader *reader, struct cy_option_list *list, const char *item)
{
    if ((list->count & (list->count - 1)) == 0) {
        size_t room = list->count > 0 ? 2 * (size_t) list->count : 1;
        const char **items = allocate(reader->options, room * sizeof *items);
        if (items == NULL)
            return fail_memory(reader);
        if (list->count > 0)
            memcpy(items, list->items, list->count * sizeof *items);
        list->items = items;
    }
    ((const char **) list->items)[list->count++] = item;
    return 0;
}

static int
add_item(struct cyi_option_reader *reader, struct cyi_option_at at, const char *text,
         size_t bytes)
{
    const struct cy_option *option = cyi_option_of(reader, at);
    struct cy_option_list *list = cyi_option_field(reader, at);
    int64_t most = option->max < CY_OPTION_LIST_MAX ? option->max : CY_OPTION_LIST_MAX;
    if (list->count >= most) {
        (void) cyi_option_fail(reader, NULL, "more than %" PRId64 " items", most);
        return -E2BIG;
    }
    const char *item = copy(reader->options, text, bytes);
    if (item == NULL)
        return fail_memory(reader);
    int rc = cyi_option_check_text(reader, option, item);
    return rc < 0 ? rc : append(reader, list, item);
}

static int
set_list(struct cyi_option_reader *reader, struct cyi_option_at at, const char *value,
         bool whole)
{
    if ((reader->given[at.set] >> at.index & 1) == 0)
        *(struct cy_option_list *) cyi_option_field(reader, at) = (struct cy_option_list){0};
    if (whole)
        return add_item(reader, at, value, strlen(value));
    if (*value == '\0')
        return 0;
    for (const char *p = value;; p++) {
        p += strspn(p, " \t");
        size_t bytes = strcspn(p, ","), kept = bytes;
        while (kept > 0 && (p[kept - 1] == ' ' || p[kept - 1] == '\t'))
            kept--;
        int rc = add_item(reader, at, p, kept);
        if (rc < 0)
            return rc;
        p += bytes;
        if (*p == '\0')
            return 0;
    }
}

static int
set_by_type(struct cyi_option_reader *reader, struct cyi_option_at at, const char *value,
            bool whole)
{
    switch (cyi_option_of(reader, at)->type) {
    case CY_OPTION_SWITCH:
        return set_switch(reader, at, value);
    case CY_OPTION_CHOICE:
        return set_choice(reader, at, value);
    case CY_OPTION_STRING:
        return set_string(reader, at, value);
    case CY_OPTION_LIST:
        return set_list(reader, at, value, whole);
    default:
        return set_number(reader, at, value);
    }
}

int
cyi_option_set(struct cyi_option_reader *reader, struct cyi_option_at at, const char *value,
               bool whole)
{
    int rc = set_by_type(reader, at, value, whole);
    if (rc == 0)
        reader->given[at.set] |= UINT64_C(1) << at.index;
    return rc;
}
