/*
 * task.c - the table of tasks: spawning, running, ending.
 *
 * Records live in chunks that never move and are not freed while the node lives, so a
 * reference is checked by an index and a compare of generations. Memory of a record is
 * reused last in first out.
 */
#include "task.h"
#include <cycos/impl/channel.h>
#include <cycos/impl/node.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { CHUNK_BYTES = CYI_TASK_CHUNK * sizeof(struct cyi_task) };

void
cyi_tasks_init(struct cyi_tasks *tasks, uint32_t max)
{
    *tasks = (struct cyi_tasks){.max = max};
}

/* Pages of the table come and go with the system's lazy memory; only touched ones count. */
static void *
lazy_memory(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

static size_t
directory_bytes(const struct cyi_tasks *tasks)
{
    return ((size_t) tasks->max / CYI_TASK_CHUNK + 1) * sizeof(struct cyi_task *);
}

void
cyi_tasks_fini(struct cyi_core *core)
{
    struct cyi_tasks *tasks = &core->tasks;
    for (uint32_t i = 0; i < tasks->chunk_count; i++)
        munmap(tasks->chunks[i], CHUNK_BYTES);
    if (tasks->chunks != NULL)
        munmap(tasks->chunks, directory_bytes(tasks));
    cyi_tasks_init(tasks, tasks->max);
}

static struct cyi_task *
task_at(const struct cyi_tasks *tasks, uint32_t index)
{
    return &tasks->chunks[index / CYI_TASK_CHUNK][index % CYI_TASK_CHUNK];
}

struct cyi_task *
cyi_task_find_ended(struct cyi_core *core, uint32_t slot, uint32_t generation)
{
    uint32_t index = slot & CYI_SLOT_MASK;
    if (slot >> 28 != CY_KIND_TASK || index >= core->tasks.count)
        return NULL;
    struct cyi_task *task = task_at(&core->tasks, index);
    return task->generation == generation && task->state == CYI_TASK_ENDED ? task : NULL;
}

void
cyi_task_each(struct cyi_core *core, void (*visit)(struct cyi_task *task, void *arg), void *arg)
{
    for (uint32_t i = 0; i < core->tasks.count; i++) {
        struct cyi_task *task = task_at(&core->tasks, i);
        if (task->state != CYI_TASK_FREE)
            visit(task, arg);
    }
}

const struct cyi_task *
cyi_task_at(const struct cyi_core *core, uint32_t place)
{
    const struct cyi_task *task = task_at(&core->tasks, place);
    return task->state != CYI_TASK_FREE ? task : NULL;
}

static struct cyi_task *
fresh_record(struct cyi_tasks *tasks)
{
    if (tasks->count == tasks->max)
        return NULL;
    if (tasks->chunks == NULL && (tasks->chunks = lazy_memory(directory_bytes(tasks))) == NULL)
        return NULL;
    if (tasks->count == tasks->chunk_count * CYI_TASK_CHUNK) {
        struct cyi_task *chunk = lazy_memory(CHUNK_BYTES);
        if (chunk == NULL)
            return NULL;
        tasks->chunks[tasks->chunk_count++] = chunk;
    }
    struct cyi_task *task = task_at(tasks, tasks->count);
    task->slot = (uint32_t) CY_KIND_TASK << 28 | tasks->count++;
    task->generation = 1;
    return task;
}

static struct cyi_task *
take_record(struct cyi_tasks *tasks)
{
    struct cyi_task *task = tasks->free;
    if (__builtin_expect(task == NULL, 0))
        return fresh_record(tasks);
    tasks->free = task->run_next;
    return task;
}

static void
put_record(struct cyi_tasks *tasks, struct cyi_task *task)
{
    task->state = CYI_TASK_FREE;
    if (++task->generation == 0)
        task->generation = 1;
    task->run_next = tasks->free;
    tasks->free = task;
}

/* The node runs while some core has a task that is no daemon; cores only tell of changes. */
static void
count_task(struct cyi_core *core, const struct cyi_task *task)
{
    core->tasks.alive++;
    core->counters.spawned++;
    if ((task->flags & CYI_TASK_DAEMON) == 0 && core->tasks.counted++ == 0)
        cyi_node_core_live(core->node);
}

static void
uncount_task(struct cyi_core *core, const struct cyi_task *task)
{
    core->tasks.alive--;
    core->counters.ended++;
    if ((task->flags & CYI_TASK_DAEMON) == 0 && --core->tasks.counted == 0)
        cyi_node_core_idle(core->node);
}

static void
fill_record(struct cyi_core *core, struct cyi_task *task, const struct cyi_spawn *spawn)
{
    task->sp = NULL;
    task->stack = NULL;
    task->first = NULL;
    task->last = &task->first;
    task->queued = 0;
    task->promised = 0;
    task->mailbox_max = spawn->mailbox_max;
    task->flags = spawn->flags;
    task->fn = spawn->fn;
    task->arg = spawn->arg;
    task->timer = (struct cyi_timer){0};
    task->answer = NULL;
    task->name = spawn->name;
    task->extra = NULL;
    task->exit_code = 0;
    task->stack_class = spawn->stack_class;
    task->core = core->index;
    task->wait_since = (uint32_t) (core->sched.now >> CYI_SINCE_SHIFT);
}

/* A handler has nothing to do. */
static void
await_message(const struct cyi_core *core, struct cyi_task *task)
{
    task->state = CYI_TASK_WAITING;
    task->wait = CYI_WAIT_MESSAGE;
    task->wait_object = NULL;
    task->wait_since = (uint32_t) (core->sched.now >> CYI_SINCE_SHIFT);
}

int
cyi_task_start(struct cyi_core *core, struct cyi_task **out, const struct cyi_spawn *spawn)
{
    if (cyi_node_stopping(core->node))
        return -EAGAIN;
    struct cyi_task *task = take_record(&core->tasks);
    if (task == NULL)
        return core->tasks.count == core->tasks.max ? -EAGAIN : -ENOMEM;
    fill_record(core, task, spawn);
    bool ready = spawn->owner == NULL || cyi_task_extra(core, task) != NULL;
    if (!ready || (spawn->flags & CYI_TASK_JOINABLE && !cyi_watch_joinable(core, task))) {
        task->flags = 0; /* the name stays the caller's */
        cyi_task_release(core, task);
        return -ENOMEM;
    }
    if (spawn->owner != NULL)
        task->extra->owner = spawn->owner;
    count_task(core, task);
    if (spawn->flags & CYI_TASK_HANDLER) {
        await_message(core, task);
    } else {
        task->state = CYI_TASK_READY;
        cyi_sched_push(&core->sched, task);
    }
    *out = task;
    return 0;
}

struct cyi_extra *
cyi_task_extra(struct cyi_core *core, struct cyi_task *task)
{
    if (task->extra == NULL) {
        struct cyi_extra *extra = cyi_heap_take(&core->heap, 0, sizeof *extra);
        if (extra == NULL)
            return NULL;
        *extra = (struct cyi_extra){0};
        cyi_list_init(&extra->watchers);
        cyi_list_init(&extra->watches);
        task->extra = extra;
    }
    return task->extra;
}

void
cyi_task_release(struct cyi_core *core, struct cyi_task *task)
{
    struct cyi_owner *owner = task->extra == NULL ? NULL : task->extra->owner;
    if (task->extra != NULL)
        cyi_heap_give(&core->heap, 0, task->extra);
    task->extra = NULL;
    if (owner != NULL)
        owner->gone(core, owner);
    if (task->flags & CYI_TASK_OWN_NAME)
        cyi_heap_give(&core->heap, 0, (void *) (uintptr_t) task->name);
    task->name = "ended"; /* it stays the current one until the next switch */
    put_record(&core->tasks, task);
}

static void
run_defers(struct cyi_core *core, struct cyi_task *task)
{
    struct cyi_defer *defer;
    task->flags |= CYI_TASK_CLEANING;
    while (task->extra != NULL && (defer = task->extra->defers) != NULL) {
        task->extra->defers = defer->next;
        defer->fn(defer->arg);
        cyi_heap_give(&core->heap, 0, defer);
    }
}

static void
end_task(struct cyi_core *core, struct cyi_task *task)
{
    run_defers(core, task);
    enum cy_exit_reason reason = task->flags & CYI_TASK_CANCELLED ? CY_EXIT_TERMINATED
                                 : task->exit_code != 0           ? CY_EXIT_ERROR
                                                                  : CY_EXIT_NORMAL;
    task->state = CYI_TASK_ENDED;
    if (task->flags & CYI_TASK_NAMED)
        cyi_node_gone(core, cyi_task_ref(core, task));
    if (task->flags & CYI_TASK_SUBSCRIBED)
        cyi_channel_subscriber_gone(core, task->slot, task->generation);
    cyi_mailbox_drop(core, task);
    if (task->flags & CYI_TASK_CONGESTED)
        cyi_congestion_over(core, task);
    bool keep = task->extra != NULL && cyi_watch_ended(core, task, reason);
    if (task->flags & CYI_TASK_MAIN)
        cyi_node_main_ended(core->node, reason, task->exit_code);
    uncount_task(core, task);
    if (!keep)
        cyi_task_release(core, task);
}

/*
 * Left behind at the node's end: its stack is not unwound and its clean-ups do not run, but
 * our memory is given back, and nothing finds it any more.
 */
void
cyi_task_abandon(struct cyi_core *core, struct cyi_task *task)
{
    struct cyi_extra *extra = task->extra;
    for (struct cyi_defer *defer; extra != NULL && (defer = extra->defers) != NULL;) {
        extra->defers = defer->next;
        cyi_heap_give(&core->heap, 0, defer);
    }
    task->flags &= (uint16_t) ~CYI_TASK_JOINABLE;
    task->state = CYI_TASK_ENDED;
    cyi_mailbox_drop(core, task);
    if (task->flags & CYI_TASK_CONGESTED)
        cyi_congestion_over(core, task);
    if (task->answer != NULL)
        cyi_msg_drop(core, task->answer);
    if (extra != NULL)
        cyi_watch_ended(core, task, CY_EXIT_TERMINATED);
    cyi_task_release(core, task);
}

static void
run_handler(struct cyi_core *core, struct cyi_task *task)
{
    enum { LEAVE = CYI_TASK_CANCELLED | CYI_TASK_FINISH };
    int left = CYI_HANDLER_BATCH;
    while ((task->flags & LEAVE) == 0 && task->first != NULL && left-- > 0) {
        cy_msg *msg = cyi_mailbox_take(core, task);
        ((cy_handler_fn *) task->fn)(task->arg, &msg);
        if (msg != NULL)
            cy_msg_free(&msg);
    }
    cyi_stack_check(task->stack);
    if (task->flags & LEAVE) {
        end_task(core, task);
    } else if (task->first != NULL) {
        task->state = CYI_TASK_READY;
        cyi_sched_push(&core->sched, task);
    } else {
        await_message(core, task);
    }
}

void
cyi_task_run(struct cyi_core *core, struct cyi_task *task)
{
    if (task->flags & CYI_TASK_HANDLER) {
        run_handler(core, task);
        return;
    }
    task->exit_code = ((cy_task_fn *) task->fn)(task->arg);
    cyi_stack_check(task->stack);
    if ((task->flags & CYI_TASK_BECOMES) == 0) {
        end_task(core, task);
        return;
    }
    task->flags ^= CYI_TASK_BECOMES | CYI_TASK_HANDLER;
    task->fn = task->extra->next_fn;
    task->arg = task->extra->next_state;
    run_handler(core, task);
}

void
cyi_task_become(struct cyi_core *core, cy_handler_fn *fn, void *state)
{
    struct cyi_task *task = core->sched.current;
    CY_ASSERT(task->extra != NULL && (task->flags & CYI_TASK_HANDLER) == 0);
    task->flags |= CYI_TASK_BECOMES;
    task->extra->next_fn = (void *) fn;
    task->extra->next_state = state;
}

struct cyi_owner *
cyi_owner_of_current(struct cyi_core *core)
{
    const struct cyi_task *task = core->sched.current;
    return task->extra == NULL ? NULL : task->extra->owner;
}

bool
cyi_exit_value_is_set(const struct cyi_core *core)
{
    const struct cyi_task *task = core->sched.current;
    return task->extra != NULL && task->extra->exit_value != NULL;
}

int
cy_defer(void (*fn)(void *arg), void *arg)
{
    struct cyi_core *core = cyi_current();
    struct cyi_extra *extra = cyi_task_extra(core, core->sched.current);
    struct cyi_defer *defer = cyi_heap_take(&core->heap, 0, sizeof *defer);
    if (extra == NULL || defer == NULL) {
        if (defer != NULL)
            cyi_heap_give(&core->heap, 0, defer);
        return -ENOMEM;
    }
    *defer = (struct cyi_defer){extra->defers, fn, arg};
    extra->defers = defer;
    return 0;
}

int
cy_exit_value(cy_msg **value)
{
    struct cyi_core *core = cyi_current();
    struct cyi_extra *extra = cyi_task_extra(core, core->sched.current);
    if (extra == NULL || cyi_msg_freeze(core, *value) != 0)
        return -ENOMEM;
    if (extra->exit_value != NULL)
        cyi_msg_drop(core, extra->exit_value);
    extra->exit_value = *value;
    *value = NULL;
    return 0;
}

void
cy_handler_exit(int code)
{
    struct cyi_task *task = cyi_current()->sched.current;
    CY_ASSERT(task->flags & CYI_TASK_HANDLER);
    task->exit_code = code;
    task->flags |= CYI_TASK_FINISH;
}

cy_ref
cy_self(void)
{
    struct cyi_core *core = cyi_current();
    return cyi_task_ref(core, core->sched.current);
}

const char *
cy_task_name(void)
{
    return cyi_current()->sched.current->name;
}

bool
cy_task_alive(cy_ref ref)
{
    struct cyi_core *core = cyi_current();
    if (ref.node != core->home.node || ref.core != core->index)
        return false;
    struct cyi_task *task = cyi_task_find(core, ref.slot, ref.generation);
    return task != NULL;
}
