/*
 * pool.c - threads of a node for work that blocks.
 *
 * One queue under one lock: work that blocks takes so long that a lock does not count. The
 * pool's memory is its own, because a thread that hangs in work which may be abandoned (a
 * name server that does not answer) outlives the node.
 */
#include <cycos/impl/node.h>
#include <cycos/impl/pool.h>
#include <cycos/pool.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

struct worker {
    struct cyi_pool *pool;
    pthread_t thread;
    struct cyi_work *work; /* in run() now */
    bool abandoned;        /* the node has ended without us */
};

struct cyi_pool {
    pthread_mutex_t lock; /* for all that follows */
    pthread_cond_t more;  /* work was queued, or the end has come */
    struct cyi_list queue;
    uint32_t queued, idle;
    uint32_t active, active_max; /* queued or in run() */
    uint32_t count, count_max;   /* of workers */
    uint32_t abandoned;          /* threads that still use this memory after the node's end */
    bool ending;
    struct worker workers[];
};

static void
destroy(struct cyi_pool *pool)
{
    pthread_cond_destroy(&pool->more);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

static struct cyi_pool *
create(const struct cy_options *options)
{
    uint32_t threads = options->pool_threads > 0 ? options->pool_threads : 1;
    struct cyi_pool *pool = calloc(1, sizeof *pool + threads * sizeof pool->workers[0]);
    if (pool == NULL)
        return NULL;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->more, NULL);
    cyi_list_init(&pool->queue);
    pool->count_max = threads;
    pool->active_max = threads + options->pool_queue_max;
    return pool;
}

static struct cyi_pool *
pool_of(struct cyi_node *node)
{
    pthread_mutex_lock(&node->lock);
    if (node->pool == NULL)
        node->pool = create(node->options);
    struct cyi_pool *pool = node->pool;
    pthread_mutex_unlock(&node->lock);
    return pool;
}

static void
hand_back(struct cyi_core *core, struct cyi_foreign *finished)
{
    struct cyi_work *work = cyi_container_of(finished, struct cyi_work, finished);
    work->done(core, work);
}

/* With the lock held: the next work, or NULL at the end. */
static struct cyi_work *
next_work(struct cyi_pool *pool)
{
    while (!pool->ending && cyi_list_empty(&pool->queue)) {
        pool->idle++;
        pthread_cond_wait(&pool->more, &pool->lock);
        pool->idle--;
    }
    if (pool->ending)
        return NULL;
    pool->queued--;
    return cyi_container_of(cyi_list_pop(&pool->queue), struct cyi_work, link);
}

/* With the lock held, given up while the work runs. Posting comes last: it ends our loan. */
static void
run_one(struct worker *self, struct cyi_work *work)
{
    struct cyi_pool *pool = self->pool;
    self->work = work;
    pthread_mutex_unlock(&pool->lock);
    work->run(work);
    pthread_mutex_lock(&pool->lock);
    self->work = NULL;
    pool->active--;
    if (self->abandoned)
        work->abandon(work);
    else
        cyi_post_foreign(work->core, &work->finished);
}

enum { POOL_NICE = 10 };

static void *
worker_main(void *arg)
{
    struct worker *self = arg;
    struct cyi_pool *pool = self->pool;
    struct cyi_work *work;
    /* Of this thread, as Linux does it: a core that has work must not wait for one of us. */
    (void) !setpriority(PRIO_PROCESS, 0, POOL_NICE);
    pthread_mutex_lock(&pool->lock);
    while (!self->abandoned && (work = next_work(pool)) != NULL)
        run_one(self, work);
    bool last = self->abandoned && --pool->abandoned == 0;
    pthread_mutex_unlock(&pool->lock);
    if (last)
        destroy(pool);
    return NULL;
}

/* Where the process may run; the core that starts a thread is pinned to one processor. */
static void
spread(pthread_attr_t *attributes)
{
    cpu_set_t set;
    if (sched_getaffinity(getpid(), sizeof set, &set) == 0)
        pthread_attr_setaffinity_np(attributes, sizeof set, &set);
}

/* With the lock held. Without another thread those that are there must do. */
static void
start_worker(struct cyi_pool *pool)
{
    struct worker *worker = &pool->workers[pool->count];
    char name[16];
    static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP};
    sigset_t all, before;
    pthread_attr_t attributes;
    worker->pool = pool;
    sigfillset(&all);
    /* Faults of what it runs must find their handlers. */
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        sigdelset(&all, faults[i]);
    pthread_attr_init(&attributes);
    spread(&attributes);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&worker->thread, &attributes, worker_main, worker) == 0) {
        snprintf(name, sizeof name, "pool.%u", pool->count++);
        pthread_setname_np(worker->thread, name);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
}

static int
enqueue(struct cyi_pool *pool, struct cyi_work *work)
{
    if (pool->active == pool->active_max)
        return -EAGAIN;
    if (pool->queued >= pool->idle && pool->count < pool->count_max)
        start_worker(pool);
    if (pool->count == 0)
        return -EAGAIN;
    pool->active++;
    pool->queued++;
    cyi_list_append(&pool->queue, &work->link);
    pthread_cond_signal(&pool->more);
    return 0;
}

static void
run_on_the_core(struct cyi_core *core, const void *args)
{
    struct cyi_work *work = *(struct cyi_work *const *) args;
    work->run(work);
    work->done(core, work);
}

int
cyi_pool_submit(struct cyi_core *core, struct cyi_work *work)
{
    if (core->os->simulated)
        return cyi_post_call(core, core->index, run_on_the_core, &work, sizeof work);
    struct cyi_pool *pool = pool_of(core->node);
    if (pool == NULL)
        return -ENOMEM;
    work->core = core;
    work->finished.fn = hand_back;
    pthread_mutex_lock(&pool->lock);
    int r = enqueue(pool, work);
    pthread_mutex_unlock(&pool->lock);
    return r;
}

/* What nobody has begun: done() is for what has run. */
static void
abandon_queue(struct cyi_pool *pool)
{
    struct cyi_list *link;
    while ((link = cyi_list_pop(&pool->queue)) != NULL) {
        struct cyi_work *work = cyi_container_of(link, struct cyi_work, link);
        if (work->abandon != NULL)
            work->abandon(work);
    }
}

/* With the lock held: no thread takes work from now on; those that may hang are let go. */
static void
let_go(struct cyi_pool *pool)
{
    pool->ending = true;
    pthread_cond_broadcast(&pool->more);
    for (uint32_t i = 0; i < pool->count; i++) {
        struct worker *worker = &pool->workers[i];
        if (worker->work == NULL || worker->work->abandon == NULL)
            continue;
        worker->abandoned = true;
        pool->abandoned++;
        pthread_detach(worker->thread);
    }
}

/* With the lock held, given up while waiting. */
static void
join_others(struct cyi_pool *pool)
{
    for (uint32_t i = 0; i < pool->count; i++) {
        if (pool->workers[i].abandoned)
            continue;
        pthread_mutex_unlock(&pool->lock);
        pthread_join(pool->workers[i].thread, NULL);
        pthread_mutex_lock(&pool->lock);
    }
}

void
cyi_pool_fini(struct cyi_node *node)
{
    struct cyi_pool *pool = node->pool;
    if (pool == NULL)
        return;
    node->pool = NULL;
    pthread_mutex_lock(&pool->lock);
    let_go(pool);
    pool->abandoned++; /* we count too, or the last of them would free the pool under us */
    join_others(pool);
    abandon_queue(pool);
    bool last = --pool->abandoned == 0;
    pthread_mutex_unlock(&pool->lock);
    if (last)
        destroy(pool);
}

/* A call of cy_blocking(), on the stack of its task. */
struct call {
    struct cyi_work work;
    int (*fn)(void *arg);
    void *arg;
    int result;
    struct cyi_task *task;
    bool ended;
};

static void
call_run(struct cyi_work *work)
{
    struct call *call = cyi_container_of(work, struct call, work);
    call->result = call->fn(call->arg);
}

static void
call_done(struct cyi_core *core, struct cyi_work *work)
{
    struct call *call = cyi_container_of(work, struct call, work);
    call->ended = true;
    cyi_wake(core, call->task, 0);
}

int
cy_blocking(int *result, int (*fn)(void *arg), void *arg)
{
    struct cyi_core *core = cyi_current();
    struct call call = {.work = {.run = call_run, .done = call_done},
                        .fn = fn,
                        .arg = arg,
                        .task = core->sched.current};
    int r = cyi_pool_submit(core, &call.work);
    if (r < 0)
        return r;
    while (!call.ended) {
        r = cyi_park(core, CYI_WAIT_POOL, NULL, CY_FOREVER);
        CY_ASSERT(r == 0);
    }
    if (result != NULL)
        *result = call.result;
    return 0;
}
