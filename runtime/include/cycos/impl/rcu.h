/*
 * cycos/impl/rcu.h - read-copy-update for the tables that all cores read and few change.
 *
 * Two back ends: liburcu's QSBR flavour, where a reader costs nothing, and a lock
 * (CY_RCU_LOCK) for the thread sanitizer, which cannot see into liburcu.
 *
 * Registration is per thread and counted: a simulation runs many cores in one thread. A thread
 * announces a quiescent state once per turn and is offline while it sleeps; a reader that
 * does neither holds up everybody who waits for memory to be given back. No task may suspend
 * inside a read section: what it points to may be gone when it runs again.
 *
 * What may be called where, asserted in both back ends:
 *
 *   inside a        | read section | update section | call, barrier | quiescent, offline
 *   read section    | yes, nested  | no             | no            | no
 *   update section  | no           | no             | no            | no
 */
#ifndef CYCOS_IMPL_RCU_H
#define CYCOS_IMPL_RCU_H

#include <cycos/base.h>
#include <stdbool.h>
#include <stdint.h>

/* What gives memory back when no reader can see it any more; embedded in the object. */
struct cyi_rcu_record {
    void *reserved[2]; /* the back end's */
    void (*fn)(struct cyi_rcu_record *self);
};

/* The calling thread's read and update sections; only this header and rcu.c change it. */
struct cyi_rcu_thread {
    uint32_t registered;
    uint32_t reading;
    bool updating, offline;
    bool ready; /* to read: registered, online, not updating */
};
extern _Thread_local struct cyi_rcu_thread cyi_rcu_thread
    __attribute__((tls_model("initial-exec")));

/* Before the first read section of a thread, and after the last one. */
void cyi_rcu_register(void);
void cyi_rcu_unregister(void);

/* Nothing that was read is used any more. No effect on a thread that is not registered. */
void cyi_rcu_quiescent(void);

/* Before something that blocks, and after it. Twice is the same as once. */
void cyi_rcu_offline(void);
void cyi_rcu_online(void);

/* The lock back end's part of a read section; there is nothing to do for the other one. */
#ifdef CY_RCU_LOCK
void cyi_rcu_lock_reader(void);
void cyi_rcu_unlock_reader(void);
#else
static inline void
cyi_rcu_lock_reader(void)
{
}

static inline void
cyi_rcu_unlock_reader(void)
{
}
#endif

/* Only on a thread that is registered and online. */
static inline void
cyi_rcu_read_lock(void)
{
    CY_ASSERT(cyi_rcu_thread.ready);
    if (cyi_rcu_thread.reading++ == 0)
        cyi_rcu_lock_reader();
}

static inline void
cyi_rcu_read_unlock(void)
{
    CY_ASSERT(cyi_rcu_thread.reading > 0);
    if (--cyi_rcu_thread.reading == 0)
        cyi_rcu_unlock_reader();
}

/* For cyi_park(), which asserts that it is not so. */
static inline bool
cyi_rcu_in_read_section(void)
{
    return cyi_rcu_thread.reading != 0;
}

/*
 * Around each change of a table. It does not keep other writers out, the table's own mutex
 * does; only the lock back end keeps the readers out.
 */
void cyi_rcu_update_begin(void);
void cyi_rcu_update_end(void);

/*
 * Calls fn(record), perhaps on another thread, when all read sections of now have ended; at
 * once when no other thread is registered. On a registered thread, as an update is.
 */
void cyi_rcu_call(struct cyi_rcu_record *record, void (*fn)(struct cyi_rcu_record *self));

/* The same, but never at once: for work that would hold up a core. */
void cyi_rcu_call_elsewhere(struct cyi_rcu_record *record,
                            void (*fn)(struct cyi_rcu_record *self));

/*
 * Runs fn(arg) on the CPUs of the process, not only on the one that the calling core is
 * pinned to: what the library starts meanwhile, such as its helper thread, inherits them.
 */
void cyi_rcu_unpinned(void (*fn)(void *arg), void *arg);

/* Blocks until all that was passed to cyi_rcu_call() has run. Not for a core that turns. */
void cyi_rcu_barrier(void);

#endif
