/*
 * cycos/impl/list.h - intrusive doubly linked list, circular, with a head that is a link too.
 *
 * A member embeds a struct cyi_list and belongs to at most one list at a time. All operations
 * are O(1); nothing is allocated, nothing is locked.
 *
 * An unlinked member points at itself (cyi_list_init), so remove is idempotent. Zeroed memory
 * is also a valid unlinked member for cyi_list_linked() and cyi_list_remove(), but not a
 * valid head.
 */
#ifndef CYCOS_IMPL_LIST_H
#define CYCOS_IMPL_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct cyi_list {
    struct cyi_list *next;
    struct cyi_list *prev;
};

/* The object of this type whose member is at ptr. */
/* clang-format off */
#define cyi_container_of(ptr, type, member) \
    ((type *) (void *) ((char *) (ptr) - offsetof(type, member)))
/* clang-format on */

/* Visits each link from the oldest to the newest. The body must not unlink the visited one. */
#define cyi_list_for_each(link, head) \
    for (struct cyi_list *link = (head)->next; link != (head); link = link->next)

/* The same, but the body may unlink or free the visited link (no other). */
#define cyi_list_for_each_safe(link, head)                                                \
    for (struct cyi_list *link = (head)->next, *link##_next = link->next; link != (head); \
         link = link##_next, link##_next = link->next)

static inline void
cyi_list_init(struct cyi_list *list)
{
    list->next = list->prev = list;
}

static inline bool
cyi_list_empty(const struct cyi_list *head)
{
    return head->next == head;
}

/* Whether a member is in a list now. Meaningless for a head. */
static inline bool
cyi_list_linked(const struct cyi_list *link)
{
    return link->next != NULL && link->next != link;
}

static inline void
cyi_list_insert_between(struct cyi_list *link, struct cyi_list *prev, struct cyi_list *next)
{
    link->prev = prev;
    link->next = next;
    prev->next = link;
    next->prev = link;
}

/* The member must be unlinked; it is overwritten unseen. */
static inline void
cyi_list_append(struct cyi_list *head, struct cyi_list *link)
{
    cyi_list_insert_between(link, head->prev, head);
}

static inline void
cyi_list_prepend(struct cyi_list *head, struct cyi_list *link)
{
    cyi_list_insert_between(link, head, head->next);
}

/* Unlinks a linked member and leaves its own pointers as they are: the caller marks it. */
static inline void
cyi_list_cut(struct cyi_list *link)
{
    link->next->prev = link->prev;
    link->prev->next = link->next;
}

/* Unlinks a member, if it is linked. */
static inline void
cyi_list_remove(struct cyi_list *link)
{
    if (link->next == NULL)
        return;
    cyi_list_cut(link);
    cyi_list_init(link);
}

/* The oldest member, or NULL; it stays in the list. */
static inline struct cyi_list *
cyi_list_first(const struct cyi_list *head)
{
    return cyi_list_empty(head) ? NULL : head->next;
}

static inline struct cyi_list *
cyi_list_last(const struct cyi_list *head)
{
    return cyi_list_empty(head) ? NULL : head->prev;
}

/* Unlinks and returns the oldest member, or NULL. */
static inline struct cyi_list *
cyi_list_pop(struct cyi_list *head)
{
    struct cyi_list *link = cyi_list_first(head);
    if (link != NULL)
        cyi_list_remove(link);
    return link;
}

/* Moves every member of `from` behind the members of `to`; leaves `from` empty. */
static inline void
cyi_list_splice(struct cyi_list *to, struct cyi_list *from)
{
    if (cyi_list_empty(from))
        return;
    from->next->prev = to->prev;
    to->prev->next = from->next;
    from->prev->next = to;
    to->prev = from->prev;
    cyi_list_init(from);
}

#endif
