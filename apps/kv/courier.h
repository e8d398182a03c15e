/* courier.h - the side of the connection: its batches for shards of other instances. */
#ifndef KV_COURIER_H
#define KV_COURIER_H

#include "cluster.h"

/*
 * Sends what a part has to say to another instance. When that is not possible its commands are
 * answered with an error. A negative code when this task was terminated.
 */
int kv_courier_send(struct kv_core *core, struct kv_exchange *exchange, uint16_t shard);

/* An answer has come, if it is one that the exchange waits for. */
void kv_courier_answer(struct kv_core *core, struct kv_exchange *exchange, const cy_msg *msg);

/* Instances have ended: what they have not answered is answered with an error. */
void kv_courier_lost(struct kv_core *core, struct kv_exchange *exchange);

/* The time is up for everything that is away. */
void kv_courier_give_up(struct kv_core *core, struct kv_exchange *exchange);

#endif
