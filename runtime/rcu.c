/*
 * rcu.c - the two back ends of read-copy-update: liburcu's QSBR, and a lock.
 *
 * Caveats of liburcu 0.13 to 0.15, all of them measured:
 *   - a registered thread that blocks while online stops every grace period, so the loop goes
 *     offline before it sleeps;
 *   - what cyi_rcu_call() is given runs on a thread of the library, one per process, which a
 *     fork loses unless the library is told: hence the fork handlers;
 *   - that thread looks for work every 10 ms, and so long does waiting for it take;
 *   - polling for grace periods, and the flavour "signal", are not in all of these versions.
 *
 * Synchronisation:
 *   R1  threads      seq_cst; a thread that registers after we have seen ourselves alone comes
 *                    after our change of the table, and reads it changed
 *   R2  outstanding  release when done -> acquire in barrier   what the callback did
 */
#include <cycos/impl/rcu.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

_Thread_local struct cyi_rcu_thread cyi_rcu_thread;

#ifndef CY_RCU_LOCK

/* The short functions as inline code: the library allows it under any licence. */
#define URCU_INLINE_SMALL_FUNCTIONS 1
#include <urcu/urcu-qsbr.h>

_Static_assert(sizeof(struct rcu_head) <= sizeof((struct cyi_rcu_record *) 0)->reserved,
               "a record holds what the library needs");

static void
install_fork_handlers(void)
{
    int error =
        pthread_atfork(urcu_qsbr_call_rcu_before_fork, urcu_qsbr_call_rcu_after_fork_parent,
                       urcu_qsbr_call_rcu_after_fork_child);
    CY_ASSERT(error == 0);
}

static _Atomic uint32_t threads;
static _Atomic uint64_t outstanding;

static void
start_helper(void *arg)
{
    (void) arg;
    (void) urcu_qsbr_get_default_call_rcu_data();
}

static void
begin_once(void)
{
    install_fork_handlers();
    cyi_rcu_unpinned(start_helper, NULL);
}

static void
backend_register(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, begin_once);
    /* R1: before the first read. */
    atomic_fetch_add_explicit(&threads, 1, memory_order_seq_cst);
    urcu_qsbr_register_thread();
}

static void
backend_unregister(void)
{
    urcu_qsbr_unregister_thread();
    /* R1: after the last read. */
    atomic_fetch_sub_explicit(&threads, 1, memory_order_seq_cst);
}

static void
backend_quiescent(void)
{
    urcu_qsbr_quiescent_state();
}

static void
backend_offline(void)
{
    urcu_qsbr_thread_offline();
}

static void
backend_online(void)
{
    urcu_qsbr_thread_online();
}

static void
backend_update_begin(void)
{
}

static void
backend_update_end(void)
{
}

static void
run_record(struct rcu_head *head)
{
    struct cyi_rcu_record *record = (struct cyi_rcu_record *) (void *) head;
    record->fn(record);
    /* R2: the record is not looked at any more. */
    atomic_fetch_sub_explicit(&outstanding, 1, memory_order_release);
}

static void
backend_call(struct cyi_rcu_record *record, bool elsewhere)
{
    /* R1: we are registered, so 1 is ourselves, and we are in no read section. */
    if (!elsewhere && atomic_load_explicit(&threads, memory_order_seq_cst) == 1) {
        record->fn(record);
        return;
    }
    /* R2: until run_record(). */
    atomic_fetch_add_explicit(&outstanding, 1, memory_order_relaxed);
    urcu_qsbr_call_rcu((struct rcu_head *) (void *) record->reserved, run_record);
}

void
cyi_rcu_barrier(void)
{
    CY_ASSERT(!cyi_rcu_in_read_section() && !cyi_rcu_thread.updating);
    /* R2: most often nothing is under way. */
    if (atomic_load_explicit(&outstanding, memory_order_acquire) != 0)
        urcu_qsbr_barrier();
}

#else

/*
 * One lock for all tables of the process. Writers are preferred: the default would let
 * readers that never pause keep a writer out for ever.
 */
static pthread_rwlock_t lock = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;

static void
backend_register(void)
{
}

static void
backend_unregister(void)
{
}

static void
backend_quiescent(void)
{
}

static void
backend_offline(void)
{
}

static void
backend_online(void)
{
}

void
cyi_rcu_lock_reader(void)
{
    pthread_rwlock_rdlock(&lock);
}

void
cyi_rcu_unlock_reader(void)
{
    pthread_rwlock_unlock(&lock);
}

static void
backend_update_begin(void)
{
    pthread_rwlock_wrlock(&lock);
}

static void
backend_update_end(void)
{
    pthread_rwlock_unlock(&lock);
}

/* Whoever could see the object has left its read section when we get the lock. */
static void
backend_call(struct cyi_rcu_record *record, bool elsewhere)
{
    (void) elsewhere;
    pthread_rwlock_wrlock(&lock);
    pthread_rwlock_unlock(&lock);
    record->fn(record);
}

void
cyi_rcu_barrier(void)
{
    CY_ASSERT(!cyi_rcu_in_read_section() && !cyi_rcu_thread.updating);
}

#endif

/* The first thread of a process is no core, so it is not pinned. */
void
cyi_rcu_unpinned(void (*fn)(void *arg), void *arg)
{
    cpu_set_t own, all;
    pthread_t me = pthread_self();
    bool moved = pthread_getaffinity_np(me, sizeof own, &own) == 0 &&
                 sched_getaffinity(getpid(), sizeof all, &all) == 0 &&
                 pthread_setaffinity_np(me, sizeof all, &all) == 0;
    fn(arg);
    if (moved)
        pthread_setaffinity_np(me, sizeof own, &own);
}

void
cyi_rcu_register(void)
{
    struct cyi_rcu_thread *thread = &cyi_rcu_thread;
    CY_ASSERT(!thread->updating);
    if (thread->registered++ == 0)
        backend_register();
    cyi_rcu_online();
    thread->ready = true;
}

void
cyi_rcu_unregister(void)
{
    struct cyi_rcu_thread *thread = &cyi_rcu_thread;
    CY_ASSERT(thread->registered > 0 && thread->reading == 0 && !thread->updating);
    if (--thread->registered > 0)
        return;
    cyi_rcu_online();
    backend_unregister();
    *thread = (struct cyi_rcu_thread){0};
}

void
cyi_rcu_quiescent(void)
{
    const struct cyi_rcu_thread *thread = &cyi_rcu_thread;
    CY_ASSERT(thread->reading == 0 && !thread->updating);
    if (thread->registered > 0 && !thread->offline)
        backend_quiescent();
}

void
cyi_rcu_offline(void)
{
    struct cyi_rcu_thread *thread = &cyi_rcu_thread;
    CY_ASSERT(thread->reading == 0 && !thread->updating);
    if (thread->registered == 0 || thread->offline)
        return;
    thread->offline = true;
    thread->ready = false;
    backend_offline();
}

void
cyi_rcu_online(void)
{
    struct cyi_rcu_thread *thread = &cyi_rcu_thread;
    if (thread->registered == 0 || !thread->offline)
        return;
    backend_online();
    thread->offline = false;
    thread->ready = true;
}

void
cyi_rcu_update_begin(void)
{
    struct cyi_rcu_thread *thread = &cyi_rcu_thread;
    CY_ASSERT(thread->ready && thread->reading == 0);
    thread->updating = true;
    thread->ready = false;
    backend_update_begin();
}

void
cyi_rcu_update_end(void)
{
    CY_ASSERT(cyi_rcu_thread.updating);
    backend_update_end();
    cyi_rcu_thread.updating = false;
    cyi_rcu_thread.ready = true;
}

void
cyi_rcu_call(struct cyi_rcu_record *record, void (*fn)(struct cyi_rcu_record *self))
{
    CY_ASSERT(cyi_rcu_thread.ready && cyi_rcu_thread.reading == 0);
    record->fn = fn;
    backend_call(record, false);
}

void
cyi_rcu_call_elsewhere(struct cyi_rcu_record *record, void (*fn)(struct cyi_rcu_record *self))
{
    CY_ASSERT(cyi_rcu_thread.ready && cyi_rcu_thread.reading == 0);
    record->fn = fn;
    backend_call(record, true);
}
