/* cycos/channel.h - publish and subscribe. */
#ifndef CYCOS_CHANNEL_H
#define CYCOS_CHANNEL_H

#include <cycos/msg.h>
#include <cycos/time.h>

CY_BEGIN_DECLS

/*
 * Changes, replaces or drops what is published; the sender stays. Runs on the channel's core
 * with the channel as cy_self(), for each message before any subscriber gets it. It cannot
 * suspend: what would wait returns -ECANCELED. It sets *msg to NULL, having freed it, to drop
 * the message. What it sends to its own channel is dropped and counted as lost.
 */
typedef void cy_transform_fn(void *arg, cy_msg **msg);

#define CY_CHANNEL_NAME_MAX 63 /* bytes, without the terminator */

/* All zero is the default of everything. */
struct cy_channel_options {
    cy_transform_fn *transform;
    void *transform_arg;
    uint32_t subscribers_max; /* 0: 1 048 576 */
};

/**
 * cy_channel_create - make a channel on this core
 * @out:     receives its reference; untouched on failure
 * @name:    copied; used by cy_channel_register() and in dumps
 * @options: or NULL
 *
 * What is sent to the channel by cy_send() reaches every subscriber, in the order in which
 * those of one core have subscribed, with the publisher as sender. A subscriber with a full
 * mailbox misses the message, which is counted. A message crosses to another core, and to
 * another node, once, however many subscribers are there. A task that several channels feed
 * gets it by each path. From node to node it goes at most 16 times, by channels that feed
 * channels.
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: the channel lives until cy_channel_close() or the node's end
 * Errors:    -ENOMEM, -EINVAL no name, -ENAMETOOLONG, -EAGAIN too many channels
 * Since:     0.1
 */
CY_MUST_CHECK int cy_channel_create(cy_ref *out, const char *name,
                                    const struct cy_channel_options *options);

/**
 * cy_channel_close - end a channel; its subscribers are forgotten
 * @channel: of any core of any node
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: nothing
 * Errors:    -ESRCH known to be closed, or its node to have ended; -EAGAIN the way there is
 *            full, -ENOMEM, CY_ENOPEER
 * Since:     0.1
 */
CY_MUST_CHECK int cy_channel_close(cy_ref channel);

/**
 * cy_channel_subscribe - let a task or a channel get what is published
 * @channel:    of any core of any node
 * @subscriber: a task or another channel, anywhere; twice is the same as once
 * @deadline:   absolute
 *
 * In effect at the channel's core when it returns. A subscriber that ends is forgotten, and so
 * are those of a node that is lost: if it comes back, they subscribe again. Before a channel
 * feeds another one, all nodes on the way are asked whether that leads back; of some that
 * would close a cycle together, each may be refused.
 *
 * Context:   a task; suspends: when one of the two is not on this core, or is a channel that
 *            leads to other nodes; blocks: no
 * Ownership: nothing
 * Errors:    -ESRCH no such channel or subscriber, -ELOOP the channels would form a cycle,
 *            -ENOBUFS too many subscribers or channels on the way, -ENOMEM, -EAGAIN the way
 *            there is full; -ETIMEDOUT, -ECANCELED and CY_ENOPEER (the node is lost): it may
 *            still come into effect
 * Since:     0.1
 */
CY_MUST_CHECK int cy_channel_subscribe(cy_ref channel, cy_ref subscriber, cy_time deadline);

/**
 * cy_channel_unsubscribe - stop it
 * @channel:    of any core of any node
 * @subscriber: as subscribed
 * @deadline:   absolute
 *
 * What was published before may still be on its way to another core.
 *
 * Context:   a task; suspends: when the channel is not on this core; blocks: no
 * Ownership: nothing
 * Errors:    -ESRCH no such channel, -ENOENT not subscribed, -EAGAIN the way there is full,
 *            -ENOMEM; -ETIMEDOUT, -ECANCELED and CY_ENOPEER: it may still come into effect
 * Since:     0.1
 */
CY_MUST_CHECK int cy_channel_unsubscribe(cy_ref channel, cy_ref subscriber, cy_time deadline);

/**
 * cy_channel_deliver - wait for subscribers, publish, and say how many got it
 * @channel:  of any core of any node
 * @msg:      the variable that owns the message
 * @n:        wait until there are so many subscribers; 0: do not wait
 * @deadline: absolute, for the waiting and the delivery together
 *
 * Returns the number of tasks in whose queue the message was put, those of subscribed
 * channels included. 0 when the deadline passed before there were @n, and then nobody got it;
 * also when it passed, or this task was terminated, or the channel's node was lost, before
 * another core has said how many got it, and then that is unknown. It is published at most
 * once. What waits on another node is limited: 1024 messages and 4 MiB for each core that
 * sends them to one core there. Of subscribers whose node is lost meanwhile nobody counts.
 *
 * Context:   a task; suspends: yes; blocks: no
 * Ownership: moves *@msg when the result is not negative
 * Errors:    -ESRCH no such channel, -ECANCELED, -EAGAIN the way there is full or too much
 *            waits there, -ENOMEM, CY_ENOPEER, -EINVAL a tag of the system to another node;
 *            then nobody got it
 * Since:     0.1
 */
CY_MUST_CHECK int cy_channel_deliver(cy_ref channel, cy_msg **msg, uint32_t n,
                                     cy_time deadline);

/**
 * cy_channel_subscribers - how many subscribers a channel of this core has
 * @channel: of this core
 *
 * Context:   a task or handler of the channel's core; suspends: no; blocks: no
 * Ownership: nothing
 * Errors:    -ESRCH
 * Since:     0.1
 */
int cy_channel_subscribers(cy_ref channel);

CY_END_DECLS

#endif
