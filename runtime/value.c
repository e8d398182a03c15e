/*
 * value.c - checking bodies: well-formed, deterministic, within our limits.
 *
 * One loop with its own small stack, so that hostile nesting costs nothing. The key of an
 * entry is compared with the one before it only: so the whole is linear.
 */
#include "value.h"

/* A list or map in which the loop is; the outermost is the body, with one value. */
struct level {
    uint64_t left; /* values to come; even in a map: a key is next */
    const uint8_t *key;
    size_t key_size; /* 0: the map has had no key */
    bool is_map;
};

/* A tag: ours, around a reference. */
static int
check_tag(const struct cyi_value_head *head, const uint8_t **at, const uint8_t *end)
{
    if (head->value != CY_VALUE_REF_TAG)
        return -EOPNOTSUPP;
    if (end - *at < 2 + CYI_VALUE_REF_BYTES ||
        (*at)[0] != (CYI_VALUE_BYTES << 5 | CYI_VALUE_IN_1) || (*at)[1] != CYI_VALUE_REF_BYTES)
        return -EBADMSG;
    *at += 2 + CYI_VALUE_REF_BYTES;
    return 0;
}

static int
check_simple(const struct cyi_value_head *head)
{
    uint64_t bits;
    if (head->info >= CYI_VALUE_FALSE && head->info <= CYI_VALUE_NULL)
        return 0;
    if (head->info == CYI_VALUE_IN_1)
        return head->value < 32 ? -EBADMSG : -EOPNOTSUPP;
    if (head->info < CYI_VALUE_IN_1)
        return -EOPNOTSUPP;
    size_t size = (size_t) 1 << (head->info - CYI_VALUE_IN_1);
    size_t shortest = cyi_float_shortest(&bits, cyi_float_value(head->value, size));
    return shortest == size && bits == head->value ? 0 : -EBADMSG;
}

/* What follows the head of a value that is no list, no map and no integer. */
static int
check_content(const struct cyi_value_head *head, const uint8_t **at, const uint8_t *end)
{
    if (head->major == CYI_VALUE_TAG)
        return check_tag(head, at, end);
    if (head->major == CYI_VALUE_SIMPLE)
        return check_simple(head);
    if (head->value > (size_t) (end - *at))
        return -EBADMSG;
    if (head->major == CYI_VALUE_TEXT && !cyi_utf8_valid(*at, (size_t) head->value))
        return -EBADMSG;
    *at += head->value;
    return 0;
}

/* A key that ends at `end`: of a type that keys have, and behind the one before it? */
static int
check_key(struct level *map, unsigned major, const uint8_t *key, const uint8_t *end)
{
    size_t size = (size_t) (end - key);
    if (major > CYI_VALUE_TEXT)
        return -EOPNOTSUPP;
    if (map->key_size != 0 && cyi_value_compare(map->key, map->key_size, key, size) >= 0)
        return -EBADMSG;
    map->key = key;
    map->key_size = size;
    return 0;
}

/* More values than bytes are left cannot be; so the number of values never overflows. */
static int
check_list(struct level *level, const struct cyi_value_head *head, size_t bytes_left)
{
    uint64_t values = head->value;
    bool is_map = head->major == CYI_VALUE_MAP;
    if (values > (is_map ? bytes_left / 2 : bytes_left))
        return -EBADMSG;
    *level = (struct level){.left = is_map ? 2 * values : values, .is_map = is_map};
    return 0;
}

/* The next value, or the head of a list or map; that is one more level. */
static inline int
check_value(struct level **level, const struct level *deepest, const uint8_t **at,
            const uint8_t *end)
{
    struct level *here = *level;
    struct cyi_value_head head;
    const uint8_t *start = *at;
    bool is_key = here->is_map && here->left % 2 == 0;
    int rc = 0;
    if ((*at = cyi_value_head(&head, start, end)) == NULL)
        return -EBADMSG;
    here->left--;
    if (head.major == CYI_VALUE_LIST || head.major == CYI_VALUE_MAP) {
        if (is_key)
            return -EOPNOTSUPP;
        if (here == deepest)
            return -E2BIG;
        return check_list(++*level, &head, (size_t) (end - *at));
    }
    if (head.major > CYI_VALUE_NEGATIVE)
        rc = check_content(&head, at, end);
    if (rc == 0 && is_key)
        rc = check_key(here, head.major, start, *at);
    return rc;
}

int
cyi_value_check(const uint8_t *body, size_t size, unsigned depth_max)
{
    struct level levels[CY_VALUE_DEPTH_MAX + 1], *level = levels;
    if (size == 0)
        return -EBADMSG; /* and there may be no body to point to */
    const uint8_t *at = body, *end = body + size;
    *level = (struct level){.left = 1};
    for (;;) {
        for (; level->left == 0; level--) {
            if (level == levels)
                return at == end ? 0 : -EBADMSG;
        }
        int rc = check_value(&level, levels + depth_max, &at, end);
        if (rc != 0)
            return rc;
    }
}

int
cy_value_validate(const void *body, size_t size)
{
    return cyi_value_check(body, size, CY_VALUE_DEPTH_MAX);
}
