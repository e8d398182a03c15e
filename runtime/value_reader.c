/*
 * value_reader.c - reading bodies that cy_value_validate() has accepted.
 *
 * The bounds are checked again here: a body that changes under a reader yields nonsense or
 * -EBADMSG, but no access outside of it.
 */
#include "value.h"

const uint8_t *
cyi_value_over(const uint8_t *at, const uint8_t *end, uint64_t count)
{
    while (count-- > 0) {
        struct cyi_value_head head;
        if ((at = cyi_value_head(&head, at, end)) == NULL)
            return NULL;
        switch (head.major) {
        case CYI_VALUE_BYTES:
        case CYI_VALUE_TEXT:
            if (head.value > (size_t) (end - at))
                return NULL;
            at += head.value;
            break;
        case CYI_VALUE_MAP:
            count += 2 * head.value;
            break;
        case CYI_VALUE_LIST:
            count += head.value;
            break;
        case CYI_VALUE_TAG:
            count++;
            break;
        default:
            break;
        }
    }
    return at;
}

int
cy_value_reader_init(cy_value_reader *r, const void *body, size_t size)
{
    int rc = cy_value_validate(body, size);
    if (rc == 0)
        *r = (cy_value_reader){.at = body, .end = (const uint8_t *) body + size, .left = 1};
    return rc;
}

static enum cy_value_type
simple_type(unsigned info)
{
    if (info >= CYI_VALUE_IN_2)
        return CY_VALUE_DOUBLE;
    return info == CYI_VALUE_NULL ? CY_VALUE_NIL : CY_VALUE_BOOL;
}

enum cy_value_type
cy_value_peek(const cy_value_reader *r)
{
    static const uint8_t TYPES[] = {
        [CYI_VALUE_UINT] = CY_VALUE_INT,    [CYI_VALUE_NEGATIVE] = CY_VALUE_INT,
        [CYI_VALUE_BYTES] = CY_VALUE_BYTES, [CYI_VALUE_TEXT] = CY_VALUE_TEXT,
        [CYI_VALUE_LIST] = CY_VALUE_LIST,   [CYI_VALUE_MAP] = CY_VALUE_MAP,
        [CYI_VALUE_TAG] = CY_VALUE_REF,
    };
    if (r->left == 0 || r->at == r->end)
        return CY_VALUE_NONE;
    unsigned major = *r->at >> 5;
    return major == CYI_VALUE_SIMPLE ? simple_type(*r->at & 31)
                                     : (enum cy_value_type) TYPES[major];
}

/* The next value's head; r->at stays. Returns what follows the head in *next. */
static inline int
look(const cy_value_reader *r, struct cyi_value_head *head, const uint8_t **next)
{
    if (r->left == 0)
        return -ENODATA;
    *next = cyi_value_head(head, r->at, r->end);
    return *next != NULL ? 0 : -EBADMSG;
}

static inline int
move(cy_value_reader *r, const uint8_t *next)
{
    r->at = next;
    r->left--;
    return 0;
}

int
cy_value_get_int(cy_value_reader *r, int64_t *value)
{
    struct cyi_value_head head;
    const uint8_t *next;
    int rc = look(r, &head, &next);
    if (rc != 0)
        return rc;
    if (head.major > CYI_VALUE_NEGATIVE)
        return -EPROTOTYPE;
    if (head.value > INT64_MAX)
        return -EOVERFLOW;
    *value = head.major == CYI_VALUE_UINT ? (int64_t) head.value : -1 - (int64_t) head.value;
    return move(r, next);
}

int
cy_value_get_uint(cy_value_reader *r, uint64_t *value)
{
    struct cyi_value_head head;
    const uint8_t *next;
    int rc = look(r, &head, &next);
    if (rc != 0)
        return rc;
    if (head.major > CYI_VALUE_NEGATIVE)
        return -EPROTOTYPE;
    if (head.major == CYI_VALUE_NEGATIVE)
        return -EOVERFLOW;
    *value = head.value;
    return move(r, next);
}

/* An integer as a double, if that is exact: 53 bits from the first to the last that is set. */
static int
exact_double(double *out, const struct cyi_value_head *head)
{
    uint64_t size = head->value;
    bool negative = head->major == CYI_VALUE_NEGATIVE;
    if (negative && size == UINT64_MAX) {
        *out = -0x1p64;
        return 0;
    }
    size += negative;
    if (size != 0 && 64 - __builtin_clzll(size) - __builtin_ctzll(size) > 53)
        return -EOVERFLOW;
    *out = negative ? -(double) size : (double) size;
    return 0;
}

int
cy_value_get_double(cy_value_reader *r, double *value)
{
    struct cyi_value_head head;
    const uint8_t *next;
    int rc = look(r, &head, &next);
    if (rc != 0)
        return rc;
    if (head.major <= CYI_VALUE_NEGATIVE)
        rc = exact_double(value, &head);
    else if (head.major == CYI_VALUE_SIMPLE && head.info >= CYI_VALUE_IN_2)
        *value = cyi_float_value(head.value, (size_t) 1 << (head.info - CYI_VALUE_IN_1));
    else
        rc = -EPROTOTYPE;
    return rc != 0 ? rc : move(r, next);
}

int
cy_value_get_bool(cy_value_reader *r, bool *value)
{
    struct cyi_value_head head;
    const uint8_t *next;
    int rc = look(r, &head, &next);
    if (rc != 0)
        return rc;
    if (head.major != CYI_VALUE_SIMPLE ||
        (head.info != CYI_VALUE_TRUE && head.info != CYI_VALUE_FALSE))
        return -EPROTOTYPE;
    *value = head.info == CYI_VALUE_TRUE;
    return move(r, next);
}

int
cy_value_get_nil(cy_value_reader *r)
{
    struct cyi_value_head head;
    const uint8_t *next;
    int rc = look(r, &head, &next);
    if (rc != 0)
        return rc;
    if (head.major != CYI_VALUE_SIMPLE || head.info != CYI_VALUE_NULL)
        return -EPROTOTYPE;
    return move(r, next);
}

/* Text or bytes. */
static inline int
get_string(cy_value_reader *r, unsigned major, const uint8_t **bytes, size_t *size)
{
    struct cyi_value_head head;
    const uint8_t *next;
    int rc = look(r, &head, &next);
    if (rc != 0)
        return rc;
    if (head.major != major)
        return -EPROTOTYPE;
    if (head.value > (size_t) (r->end - next))
        return -EBADMSG;
    *bytes = next;
    *size = (size_t) head.value;
    return move(r, next + head.value);
}

int
cy_value_get_text(cy_value_reader *r, const char **text, size_t *size)
{
    const uint8_t *bytes;
    int rc = get_string(r, CYI_VALUE_TEXT, &bytes, size);
    if (rc == 0)
        *text = (const char *) bytes;
    return rc;
}

int
cy_value_get_bytes(cy_value_reader *r, const void **bytes, size_t *size)
{
    const uint8_t *start;
    int rc = get_string(r, CYI_VALUE_BYTES, &start, size);
    if (rc == 0)
        *bytes = start;
    return rc;
}

int
cy_value_get_ref(cy_value_reader *r, cy_ref *value)
{
    struct cyi_value_head head;
    const uint8_t *at;
    int rc = look(r, &head, &at);
    if (rc != 0)
        return rc;
    if (head.major != CYI_VALUE_TAG)
        return -EPROTOTYPE;
    if (r->end - at < 2 + CYI_VALUE_REF_BYTES)
        return -EBADMSG;
    at += 2;
    memcpy(value, at, sizeof *value);
    value->port = le16toh(value->port);
    value->core = le16toh(value->core);
    value->node = le32toh(value->node);
    value->slot = le32toh(value->slot);
    value->generation = le32toh(value->generation);
    return move(r, at + CYI_VALUE_REF_BYTES);
}

/* A list or a map. */
static int
get_items(cy_value_reader *r, unsigned major, cy_value_reader *items)
{
    struct cyi_value_head head;
    const uint8_t *first;
    int rc = look(r, &head, &first);
    if (rc != 0)
        return rc;
    if (head.major != major)
        return -EPROTOTYPE;
    bool is_map = major == CYI_VALUE_MAP;
    size_t count = (size_t) head.value << is_map;
    const uint8_t *end = cyi_value_over(first, r->end, count);
    if (end == NULL)
        return -EBADMSG;
    move(r, end);
    *items = (cy_value_reader){.at = first, .end = end, .left = count, .is_map = is_map};
    return 0;
}

int
cy_value_get_list(cy_value_reader *r, cy_value_reader *items)
{
    return get_items(r, CYI_VALUE_LIST, items);
}

int
cy_value_get_map(cy_value_reader *r, cy_value_reader *items)
{
    return get_items(r, CYI_VALUE_MAP, items);
}

int
cy_value_get_encoded(cy_value_reader *r, const void **bytes, size_t *size)
{
    if (r->left == 0)
        return -ENODATA;
    const uint8_t *start = r->at, *end = cyi_value_over(start, r->end, 1);
    if (end == NULL)
        return -EBADMSG;
    *bytes = start;
    *size = (size_t) (end - start);
    return move(r, end);
}

int
cy_value_skip(cy_value_reader *r)
{
    const void *bytes;
    size_t size;
    return cy_value_get_encoded(r, &bytes, &size);
}
