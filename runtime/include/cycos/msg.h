/* cycos/msg.h - messages: heap objects with exactly one owner. */
#ifndef CYCOS_MSG_H
#define CYCOS_MSG_H

#include <cycos/base.h>
#include <cycos/err.h>
#include <cycos/ref.h>

CY_BEGIN_DECLS

typedef struct cy_msg cy_msg;

#define CY_MSG_MAX ((size_t) 64 << 20) /* bytes in one body */

/* Tags below belong to applications, tags from here on to cycos. */
#define CY_TAG_SYSTEM UINT32_C(0xF0000000)
#define CY_TAG_EXIT   (CY_TAG_SYSTEM + 1) /* a watched task ended: cy_exit_read() */
#define CY_TAG_PEER   (CY_TAG_SYSTEM + 2) /* a core came or went */

/**
 * cy_msg_create - allocate a message with an uninitialised body
 * @out:  receives the message; untouched on failure
 * @tag:  the application's word for what this is; below CY_TAG_SYSTEM
 * @size: body size in bytes, at most CY_MSG_MAX
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: the caller owns *@out until a send moves it or cy_msg_free()
 * Errors:    -ENOMEM, -EMSGSIZE, -EINVAL a tag of the system
 * Since:     0.1
 */
CY_MUST_CHECK int cy_msg_create(cy_msg **out, uint32_t tag, size_t size);

/**
 * cy_msg_copy - allocate a message whose body is a copy of some bytes
 * @out:  receives the message; untouched on failure
 * @tag:  as for cy_msg_create()
 * @body: the bytes; may be NULL when @size is 0
 * @size: how many, at most CY_MSG_MAX
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: copies @body; the caller owns *@out
 * Errors:    -ENOMEM, -EMSGSIZE, -EINVAL a tag of the system
 * Since:     0.1
 */
CY_MUST_CHECK int cy_msg_copy(cy_msg **out, uint32_t tag, const void *body, size_t size);

/**
 * cy_msg_share - a second message with the same body, for sending to many
 * @out: receives the message; untouched on failure
 * @msg: the message whose body is shared; its body is immutable from now on
 *
 * The body is freed with the last message that shares it. A body of up to 64 bytes is
 * copied instead, which is cheaper than counting. A larger one may move: ask cy_msg_body()
 * again.
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: borrows @msg; the caller owns *@out
 * Errors:    -ENOMEM
 * Since:     0.1
 */
CY_MUST_CHECK int cy_msg_share(cy_msg **out, cy_msg *msg);

/**
 * cy_msg_free - free a message and clear the caller's variable
 * @msg: the address of the variable that owns it; may hold NULL
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: releases *@msg and sets it to NULL
 * Errors:    none; freeing a message twice, or one that was sent, ends the program with a word
 * Since:     0.1
 */
void cy_msg_free(cy_msg **msg);

/**
 * cy_msg_body - the body, for reading; for writing too while it is not shared
 * @msg: the message
 *
 * Context:   the owner; suspends: no; blocks: no
 * Ownership: the pointer is good until the message is shared, sent or freed; aligned for
 *            any type
 * Errors:    none
 * Since:     0.1
 */
void *cy_msg_body(const cy_msg *msg);

/**
 * cy_msg_size - bytes in the body
 * @msg: the message
 *
 * Context:   the owner; suspends: no; blocks: no
 * Ownership: borrows
 * Errors:    none
 * Since:     0.1
 */
size_t cy_msg_size(const cy_msg *msg);

/**
 * cy_msg_truncate - shorten the body
 * @msg:  the message
 * @size: at most its present size
 *
 * Context:   the owner; suspends: no; blocks: no
 * Ownership: borrows
 * Errors:    none; a larger size is a caller's bug
 * Since:     0.1
 */
void cy_msg_truncate(cy_msg *msg, size_t size);

/**
 * cy_msg_tag - what the sender called this
 * @msg: the message
 *
 * Context:   the owner; suspends: no; blocks: no
 * Ownership: borrows
 * Errors:    none
 * Since:     0.1
 */
uint32_t cy_msg_tag(const cy_msg *msg);

/**
 * cy_msg_set_tag - call a message something else before sending it on
 * @msg: the message
 * @tag: below CY_TAG_SYSTEM
 *
 * Context:   the owner; suspends: no; blocks: no
 * Ownership: borrows
 * Errors:    none; a tag of the system is a caller's bug
 * Since:     0.1
 */
void cy_msg_set_tag(cy_msg *msg, uint32_t tag);

/**
 * cy_msg_sender - the task that sent it
 * @msg: the message
 *
 * Context:   the owner; suspends: no; blocks: no
 * Ownership: borrows
 * Errors:    none; CY_NOBODY when it was never sent
 * Since:     0.1
 */
cy_ref cy_msg_sender(const cy_msg *msg);

CY_END_DECLS

#endif
