/* cycos/ref.h - a plain 32-byte value that names a task, a channel or a method anywhere. */
#ifndef CYCOS_REF_H
#define CYCOS_REF_H

#include <cycos/base.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

CY_BEGIN_DECLS

enum cy_kind { CY_KIND_NONE, CY_KIND_TASK, CY_KIND_CHANNEL, CY_KIND_METHOD };

/*
 * May be copied into messages, compared, printed and sent on; owns nothing. A reference to
 * something that has ended is an error code wherever it is used, never a dangling pointer.
 */
typedef struct cy_ref {
    uint8_t address[16]; /* IPv6 or IPv4-mapped; zero: a node without a network */
    uint16_t port;       /* TCP port of the core, host byte order */
    uint16_t core;       /* index of the core in its node */
    uint32_t node;       /* first 32 bits of the node's incarnation; 0: nobody */
    uint32_t slot;       /* kind in the top 4 bits, then the place in the core's table */
    uint32_t generation; /* tells the occupants of one slot apart */
} cy_ref;

#define CY_REF_TEXT_MAX 96 /* bytes that cy_ref_format() needs at most */

/* The reference to nobody: all zero. */
static inline cy_ref
cy_nobody(void)
{
    cy_ref none;
    memset(&none, 0, sizeof none);
    return none;
}
#define CY_NOBODY cy_nobody()

/* What the reference names; CY_KIND_NONE for nobody. */
static inline enum cy_kind
cy_ref_kind(cy_ref ref)
{
    return (enum cy_kind)(ref.slot >> 28);
}

/* Does it name nobody? */
static inline bool
cy_ref_is_nobody(cy_ref ref)
{
    return ref.node == 0;
}

/* Do both name the same thing, of the same incarnation? */
static inline bool
cy_ref_equal(cy_ref a, cy_ref b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

/**
 * cy_ref_format - print a reference for people, such as "task 3.17#2@node-a91c..."
 * @text: receives the text, always terminated
 * @size: bytes at @text; CY_REF_TEXT_MAX is always enough
 * @ref:  what to print
 *
 * Context:   any thread; suspends: no; blocks: no
 * Ownership: copies
 * Errors:    none; returns the length that the whole text needs, as snprintf does
 * Since:     0.1
 */
int cy_ref_format(char *text, size_t size, cy_ref ref);

CY_END_DECLS

#endif
