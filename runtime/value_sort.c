/* value_sort.c - the entries of a map, put into the order of their keys. */
#include "value.h"
#include <stdlib.h>

struct entry {
    const uint8_t *bytes;
    size_t key_size, size;
};

static int
compare(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    return cyi_value_compare(x->bytes, x->key_size, y->bytes, y->key_size);
}

/* Fill the table, unless it is NULL; returns how many entries there are. */
static size_t
split(struct entry *table, const uint8_t *at, const uint8_t *end)
{
    size_t count = 0;
    for (; at != end; count++) {
        const uint8_t *value = cyi_value_over(at, end, 1);
        const uint8_t *next = cyi_value_over(value, end, 1);
        if (table != NULL)
            table[count] = (struct entry){at, (size_t) (value - at), (size_t) (next - at)};
        at = next;
    }
    return count;
}

/* The entries of the table, back to back; -EEXIST when two neighbours have the same key. */
static int
gather(uint8_t *to, const struct entry *table, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && compare(&table[i - 1], &table[i]) == 0)
            return -EEXIST;
        memcpy(to, table[i].bytes, table[i].size);
        to += table[i].size;
    }
    return 0;
}

int
cyi_value_sort(uint8_t *entries, size_t size)
{
    size_t count = split(NULL, entries, entries + size);
    struct entry *table = malloc(count * sizeof *table + size);
    if (table == NULL)
        return -ENOMEM;
    uint8_t *sorted = (uint8_t *) (table + count);
    split(table, entries, entries + size);
    qsort(table, count, sizeof *table, compare);
    int rc = gather(sorted, table, count);
    if (rc == 0)
        memcpy(entries, sorted, size);
    free(table);
    return rc;
}
