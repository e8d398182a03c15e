/* cycos/impl/pool.h - threads of a node for work that blocks. */
#ifndef CYCOS_IMPL_POOL_H
#define CYCOS_IMPL_POOL_H

#include <cycos/impl/core.h>
#include <cycos/impl/list.h>

struct cyi_node;

/*
 * A piece of work. run() is called on a thread of the pool, then done() on the core that
 * submitted it. Both borrow the work, which must stay valid until done() has begun.
 *
 * Work with an abandon() does not hold up the node's end: if run() has not returned by then,
 * abandon() is called instead of done(), on whatever thread that is and maybe long after; it
 * may touch nothing of the node and typically frees the work. For a run() without abandon()
 * the node's end waits.
 */
struct cyi_work {
    void (*run)(struct cyi_work *work);
    void (*done)(struct cyi_core *core, struct cyi_work *work);
    void (*abandon)(struct cyi_work *work);
    struct cyi_core *core; /* the rest is the pool's */
    struct cyi_list link;
    struct cyi_foreign finished;
};

/*
 * Queue work of the current core. Its threads are started when needed, up to pool_threads. In
 * a simulation the core itself runs the work, at a later turn. -EAGAIN: pool_queue_max works
 * wait already, or there is no thread; -ENOMEM.
 */
CY_MUST_CHECK int cyi_pool_submit(struct cyi_core *core, struct cyi_work *work);

/*
 * At the node's end, when no core turns any more: end the threads. The cores must still be
 * there: a done() may yet be posted to them.
 */
void cyi_pool_fini(struct cyi_node *node);

#endif
