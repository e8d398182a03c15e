/* cycos/mailbox.h - sending to tasks and channels, receiving in a task. */
#ifndef CYCOS_MAILBOX_H
#define CYCOS_MAILBOX_H

#include <cycos/msg.h>
#include <cycos/time.h>

CY_BEGIN_DECLS

/**
 * cy_send - hand a message to a task or channel, here, on another core or another node
 * @to:  whom; a stale reference is an error, not a crash
 * @msg: the variable that owns the message
 *
 * Never waits. Messages from one sender to one receiver arrive in order. -EAGAIN means that
 * the recipient's mailbox, or the way to its core, is full: keep the message, yield or
 * drop. A recipient on another core may die on the way; the message is then counted lost.
 * What the system told this task (tags from CY_TAG_SYSTEM on) cannot be sent to another node.
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: moves *@msg on success
 * Errors:    -ESRCH no such task or channel, or its node has ended; -EAGAIN full; -ENOMEM to
 *            another core; to another node also CY_ENOPEER it cannot be reached, -EINVAL a tag
 *            of the system
 * Since:     0.1
 */
CY_MUST_CHECK int cy_send(cy_ref to, cy_msg **msg);

/**
 * cy_send_bytes - cy_send() of a copy of some bytes
 * @to:   whom
 * @tag:  as for cy_msg_create()
 * @body: the bytes; may be NULL when @size is 0
 * @size: how many, at most CY_MSG_MAX
 *
 * Up to 40 bytes to another core of the node cost no allocation.
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: copies
 * Errors:    as cy_send() and cy_msg_copy()
 * Since:     0.1
 */
CY_MUST_CHECK int cy_send_bytes(cy_ref to, uint32_t tag, const void *body, size_t size);

/**
 * cy_deliver - send, and wait until the message is in the recipient's queue
 * @to:       a task or channel
 * @msg:      the variable that owns the message
 * @deadline: absolute; CY_FOREVER to wait as long as it takes
 *
 * Returns 1 when the message was in the recipient's queue (for a channel: the number of
 * recipients); 0 when the deadline passed first and the outcome is unknown; a negative code
 * when it was surely not delivered.
 *
 * Context:   a task; suspends: when the recipient is not on this core; blocks: no
 * Ownership: moves *@msg when the result is not negative; on failure the caller has it back
 * Errors:    as cy_send(): -ESRCH no such task, -EAGAIN mailbox full, CY_ENOPEER;
 *            -ECANCELED this task was terminated before it sent
 * Since:     0.1
 */
CY_MUST_CHECK int cy_deliver(cy_ref to, cy_msg **msg, cy_time deadline);

/**
 * cy_call - send a request and wait for the reply to this very request
 * @reply:    receives the reply; untouched on failure
 * @to:       a task that answers with cy_reply()
 * @msg:      the variable that owns the request
 * @deadline: absolute
 *
 * A reply that comes after the deadline is dropped; it never shows up in the mailbox.
 *
 * Context:   a task; suspends: yes; blocks: no
 * Ownership: moves *@msg unless sending it failed; the caller owns *@reply
 * Errors:    as cy_send(); -ETIMEDOUT, -ECANCELED; CY_EFRAME another node's answer was none
 * Since:     0.1
 */
CY_MUST_CHECK int cy_call(cy_msg **reply, cy_ref to, cy_msg **msg, cy_time deadline);

/**
 * cy_reply - answer a request that came by cy_call()
 * @request: the request, still owned by the caller
 * @reply:   the variable that owns the answer
 *
 * To a request that came by cy_send() the answer goes as an ordinary message.
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: moves *@reply on success; borrows @request
 * Errors:    as cy_send(); CY_ENOPEER the node that asked is gone
 * Since:     0.1
 */
CY_MUST_CHECK int cy_reply(const cy_msg *request, cy_msg **reply);

/**
 * cy_receive - take the next message out of the own mailbox
 * @out:      receives the message; untouched on failure
 * @deadline: absolute; CY_NOW does not wait
 *
 * Context:   a task; suspends: while the mailbox is empty; blocks: no
 * Ownership: the caller owns *@out
 * Errors:    -ETIMEDOUT, -ECANCELED this task was terminated
 * Since:     0.1
 */
CY_MUST_CHECK int cy_receive(cy_msg **out, cy_time deadline);

/**
 * cy_receive_tag - take the oldest message of one tag, leaving the others in place
 * @out:      receives the message; untouched on failure
 * @tag:      which
 * @deadline: absolute
 *
 * Looks at each waiting message once, however long the wait.
 *
 * Context:   a task; suspends: while there is none; blocks: no
 * Ownership: the caller owns *@out
 * Errors:    -ETIMEDOUT, -ECANCELED
 * Since:     0.1
 */
CY_MUST_CHECK int cy_receive_tag(cy_msg **out, uint32_t tag, cy_time deadline);

/* Says whether cy_receive_if() shall take this message; must neither suspend nor change it. */
typedef bool cy_match_fn(const cy_msg *msg, void *arg);

/**
 * cy_receive_if - take the oldest message that a function accepts
 * @out:      receives the message; untouched on failure
 * @match:    asked once for each message
 * @arg:      passed to @match
 * @deadline: absolute
 *
 * Context:   a task; suspends: while there is none; blocks: no
 * Ownership: the caller owns *@out
 * Errors:    -ETIMEDOUT, -ECANCELED
 * Since:     0.1
 */
CY_MUST_CHECK int cy_receive_if(cy_msg **out, cy_match_fn *match, void *arg, cy_time deadline);

/**
 * cy_mailbox_count - messages waiting in the own mailbox
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: nothing
 * Errors:    none
 * Since:     0.1
 */
uint32_t cy_mailbox_count(void);

CY_END_DECLS

#endif
