/*
 * cycos/impl/rcu.h - read-copy-update for the process-wide tables. Two back ends: liburcu's
 * QSBR flavour, and (for the thread sanitizer, which cannot see into liburcu) a lock.
 *
 * A core is registered while its loop runs, announces a quiescent state once per turn and is
 * offline while it sleeps. No task may suspend inside a read section: asserted.
 */
#ifndef CYCOS_IMPL_RCU_H
#define CYCOS_IMPL_RCU_H

void cyi_rcu_register(void);
void cyi_rcu_unregister(void);
void cyi_rcu_quiescent(void);
void cyi_rcu_offline(void);
void cyi_rcu_online(void);
void cyi_rcu_read_lock(void);
void cyi_rcu_read_unlock(void);

#endif
