/*
 * fuzz_value.c - a body that is accepted can be read, and is what we would write.
 *
 * All else is refused by every function that checks, with the same error.
 */
#include "fuzz.h"
#include <cycos/value.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS_MAX = 128 }; /* keys and values of a map */

static int
grow(cy_value_writer *w, size_t room)
{
    uint8_t *bytes = realloc(w->bytes, 2 * room);
    if (bytes == NULL)
        return -ENOMEM;
    w->bytes = bytes;
    w->room = 2 * room;
    return 0;
}

static void
copy_number(cy_value_writer *w, cy_value_reader *r)
{
    const void *bytes;
    size_t size;
    int64_t number;
    uint64_t large;
    if (cy_value_get_int(r, &number) == 0) {
        cy_value_put_int(w, number);
    } else if (cy_value_get_uint(r, &large) == 0) {
        cy_value_put_uint(w, large);
    } else { /* below INT64_MIN: we have no type for it */
        CY_ASSERT(cy_value_get_encoded(r, &bytes, &size) == 0);
        cy_value_put_encoded(w, bytes, size);
    }
}

static void
copy_string(cy_value_writer *w, cy_value_reader *r)
{
    const void *bytes;
    const char *text;
    size_t size;
    if (cy_value_get_text(r, &text, &size) == 0) {
        cy_value_put_text_n(w, text, size);
    } else {
        CY_ASSERT(cy_value_get_bytes(r, &bytes, &size) == 0);
        cy_value_put_bytes(w, bytes, size);
    }
}

static void
copy_fixed(cy_value_writer *w, cy_value_reader *r, enum cy_value_type type)
{
    bool truth;
    double number;
    cy_ref ref;
    if (type == CY_VALUE_BOOL) {
        CY_ASSERT(cy_value_get_bool(r, &truth) == 0);
        cy_value_put_bool(w, truth);
    } else if (type == CY_VALUE_DOUBLE) {
        CY_ASSERT(cy_value_get_double(r, &number) == 0);
        cy_value_put_double(w, number);
    } else if (type == CY_VALUE_REF) {
        CY_ASSERT(cy_value_get_ref(r, &ref) == 0);
        cy_value_put_ref(w, ref);
    } else {
        CY_ASSERT(cy_value_get_nil(r) == 0);
        cy_value_put_nil(w);
    }
}

/* Recursion is safe here: the check has limited the depth. */
static void
copy_all(cy_value_writer *w, cy_value_reader *r)
{
    cy_value_reader items;
    enum cy_value_type type;
    while ((type = cy_value_peek(r)) != CY_VALUE_NONE) {
        switch (type) {
        case CY_VALUE_INT:
            copy_number(w, r);
            break;
        case CY_VALUE_TEXT:
        case CY_VALUE_BYTES:
            copy_string(w, r);
            break;
        case CY_VALUE_LIST:
            CY_ASSERT(cy_value_get_list(r, &items) == 0);
            cy_value_put_list(w, items.left);
            copy_all(w, &items);
            break;
        case CY_VALUE_MAP:
            CY_ASSERT(cy_value_get_map(r, &items) == 0);
            cy_value_put_map(w, items.left / 2);
            copy_all(w, &items);
            break;
        default:
            copy_fixed(w, r, type);
            break;
        }
    }
    CY_ASSERT(cy_value_skip(r) == -ENODATA);
}

/* Each key that is text or a number is found, with the value that follows it. */
static void
find_all(cy_value_reader map)
{
    const cy_value_reader whole = map;
    while (map.left != 0) {
        const char *text;
        char key[64];
        size_t size;
        int64_t number;
        int rc = -ENOENT;
        cy_value_reader value = map;
        if (cy_value_get_int(&map, &number) == 0) {
            rc = cy_value_find_int(&whole, number, &value);
        } else if (cy_value_get_text(&map, &text, &size) == 0) {
            if (size < sizeof key && memchr(text, 0, size) == NULL) {
                memcpy(key, text, size);
                key[size] = '\0';
                rc = cy_value_find(&whole, key, &value);
            }
        } else {
            CY_ASSERT(cy_value_skip(&map) == 0);
        }
        CY_ASSERT(rc == -ENOENT || value.at == map.at);
        CY_ASSERT(cy_value_skip(&map) == 0);
    }
}

/* The same map, written from its last entry to the first. */
static void
reverse(cy_value_reader map, const uint8_t *data, size_t size)
{
    const void *parts[PARTS_MAX];
    size_t sizes[PARTS_MAX], count = 0, written;
    cy_value_writer w;
    if (map.left > PARTS_MAX)
        return;
    for (; map.left > 0; count++)
        CY_ASSERT(cy_value_get_encoded(&map, &parts[count], &sizes[count]) == 0);
    cy_value_writer_init_growing(&w, grow, NULL);
    cy_value_put_map(&w, count / 2);
    for (; count > 0; count -= 2) {
        cy_value_put_encoded(&w, parts[count - 2], sizes[count - 2]);
        cy_value_put_encoded(&w, parts[count - 1], sizes[count - 1]);
    }
    CY_ASSERT(cy_value_finish(&w, &written) == 0);
    CY_ASSERT(written == size && memcmp(w.bytes, data, size) == 0);
    free(w.bytes);
}

static void
check_text(const uint8_t *data, size_t size)
{
    char little[16], *all;
    int length = cy_value_format(NULL, 0, data, size);
    CY_ASSERT(length > 0);
    CY_ASSERT(cy_value_format(little, sizeof little, data, size) == length);
    CY_ASSERT(strlen(little) == ((size_t) length < 15 ? (size_t) length : 15));
    all = malloc((size_t) length + 1);
    if (all == NULL)
        return;
    CY_ASSERT(cy_value_format(all, (size_t) length + 1, data, size) == length);
    CY_ASSERT(strlen(all) == (size_t) length);
    CY_ASSERT(memcmp(all, little, strlen(little)) == 0);
    free(all);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cy_value_reader r, map;
    cy_value_writer w, whole;
    size_t written;
    uint8_t none;
    int rc = cy_value_validate(data, size);
    cy_value_writer_init(&whole, &none, 0);
    cy_value_put_encoded(&whole, data, size);
    if (rc != 0) {
        CY_ASSERT(cy_value_reader_init(&r, data, size) == rc);
        CY_ASSERT(cy_value_finish(&whole, &written) == rc);
        CY_ASSERT(cy_value_format(NULL, 0, data, size) == rc);
        return 0;
    }
    CY_ASSERT(cy_value_finish(&whole, &written) == -ENOBUFS && whole.size == size);
    CY_ASSERT(cy_value_reader_init(&r, data, size) == 0);
    if (cy_value_get_map(&r, &map) == 0) {
        find_all(map);
        reverse(map, data, size);
    }
    CY_ASSERT(cy_value_reader_init(&r, data, size) == 0);
    cy_value_writer_init_growing(&w, grow, NULL);
    copy_all(&w, &r);
    CY_ASSERT(cy_value_finish(&w, &written) == 0);
    CY_ASSERT(written == size && memcmp(w.bytes, data, size) == 0);
    free(w.bytes);
    check_text(data, size);
    return 0;
}
