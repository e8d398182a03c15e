/* value_find.c - looking a key up in a map that is being read. */
#include "value.h"

/* What we look for, and the order of what we find: as the encodings are ordered. */
struct key {
    struct cyi_value_head head;
    const char *text;
};

/* Where the wanted key stands to the one that begins with `head`: before it, at it, behind. */
static int
compare(const struct key *want, const struct cyi_value_head *head, const uint8_t *content)
{
    if (want->head.major != head->major)
        return want->head.major < head->major ? -1 : 1;
    if (want->head.value != head->value)
        return want->head.value < head->value ? -1 : 1;
    if (head->major != CYI_VALUE_TEXT)
        return 0;
    return memcmp(want->text, content, (size_t) head->value);
}

static int
find(const cy_value_reader *map, const struct key *want, cy_value_reader *value)
{
    if (!map->is_map)
        return -EPROTOTYPE;
    CY_ASSERT(map->left % 2 == 0 && "between a key and its value");
    const uint8_t *at = map->at, *end = map->end;
    for (size_t left = map->left; left > 0; left -= 2) {
        struct cyi_value_head head;
        const uint8_t *content = cyi_value_head(&head, at, end);
        if (content == NULL)
            return -EBADMSG;
        const uint8_t *behind = content;
        if (head.major >= CYI_VALUE_BYTES) {
            if (head.value > (size_t) (end - content))
                return -EBADMSG;
            behind += head.value;
        }
        int order = compare(want, &head, content);
        if (order < 0)
            break;
        if (order == 0) {
            *value = (cy_value_reader){.at = behind, .end = end, .left = 1};
            return 0;
        }
        if ((at = cyi_value_over(behind, end, 1)) == NULL)
            return -EBADMSG;
    }
    return -ENOENT;
}

int
cy_value_find(const cy_value_reader *map, const char *key, cy_value_reader *value)
{
    struct key want = {{.major = CYI_VALUE_TEXT, .value = strlen(key)}, key};
    return find(map, &want, value);
}

int
cy_value_find_int(const cy_value_reader *map, int64_t key, cy_value_reader *value)
{
    struct key want = {{.major = CYI_VALUE_UINT, .value = (uint64_t) key}, NULL};
    if (key < 0)
        want.head =
            (struct cyi_value_head){.major = CYI_VALUE_NEGATIVE, .value = ~(uint64_t) key};
    return find(map, &want, value);
}
