/* monitor.c - a monitor for all that a task starts by a method. */
#include "monitor.h"
#include <cycos/impl/node.h>
#include <stdlib.h>

enum { MONITORS_MAX = 1024 }; /* per core */

struct monitor {
    struct cyi_list link;
    struct cyi_rti_core *home;
    cy_ref caller, method;
    cy_ref watcher; /* nobody: not any more */
};

static struct monitor *
find(const struct cyi_rti_core *rti, cy_ref caller, cy_ref method)
{
    cyi_list_for_each(link, &rti->monitors) {
        struct monitor *monitor = cyi_container_of(link, struct monitor, link);
        if (cy_ref_equal(monitor->method, method) && cy_ref_equal(monitor->caller, caller))
            return monitor;
    }
    return NULL;
}

static void
drop(void *arg)
{
    struct monitor *monitor = arg;
    cyi_list_remove(&monitor->link);
    monitor->home->monitors_count--;
    free(monitor);
}

static int
add(struct cyi_rti_core *rti, cy_ref caller, cy_ref method, cy_ref watcher)
{
    if (rti->monitors_count >= MONITORS_MAX)
        return -ENOBUFS;
    struct monitor *monitor = malloc(sizeof *monitor);
    if (monitor == NULL)
        return -ENOMEM;
    *monitor =
        (struct monitor){.home = rti, .caller = caller, .method = method, .watcher = watcher};
    int rc = cy_defer(drop, monitor);
    if (rc != 0) {
        free(monitor);
        return rc;
    }
    cyi_list_append(&rti->monitors, &monitor->link);
    rti->monitors_count++;
    return 0;
}

static bool
of_this_node(struct cyi_core *core, cy_ref task)
{
    if (cy_ref_kind(task) != CY_KIND_TASK || task.node != core->home.node ||
        task.core >= core->node->core_count)
        return false;
    return task.core != core->index || cy_task_alive(task);
}

int
cy_rti_monitor(cy_ref method, cy_ref task)
{
    struct cyi_core *core = cyi_current();
    struct cyi_rti_core *rti = cyi_rti_core(core);
    if (cy_ref_kind(method) != CY_KIND_METHOD)
        return -ENOENT;
    if (!cy_ref_is_nobody(task) && !of_this_node(core, task))
        return -ESRCH;
    if (rti == NULL)
        return -ENOMEM;
    struct monitor *monitor = find(rti, cy_self(), method);
    if (monitor == NULL)
        return cy_ref_is_nobody(task) ? 0 : add(rti, cy_self(), method, task);
    monitor->watcher = task;
    return 0;
}

cy_ref
cyi_rti_monitor_of(struct cyi_core *core, cy_ref method)
{
    const struct cyi_rti_core *rti = core->rti;
    const struct monitor *monitor = NULL;
    if (rti != NULL && rti->monitors_count != 0)
        monitor = find(rti, cy_self(), method);
    return monitor == NULL ? CY_NOBODY : monitor->watcher;
}

/* Lies on the stack of who asks, and cannot be given up before the answer. */
struct order {
    struct cyi_return asker;
    cy_ref watcher, task;
};

static int
begin_here(struct cyi_core *core, const struct order *order)
{
    struct cyi_task *watcher =
        cyi_task_find(core, order->watcher.slot, order->watcher.generation);
    return watcher == NULL ? -ESRCH : cyi_monitor_for(core, watcher, order->task);
}

static void
begin_there(struct cyi_core *core, const void *args)
{
    const struct order *order = *(const struct order *const *) args;
    struct cyi_return asker = order->asker; /* with the answer, the order may be gone */
    cyi_answer(core, asker, begin_here(core, order), 0, NULL);
}

int
cyi_rti_monitor_begin(struct cyi_core *core, cy_ref watcher, cy_ref task)
{
    struct order order = {.watcher = watcher, .task = task};
    const struct order *at = &order;
    if (watcher.core == core->index)
        return begin_here(core, &order);
    order.asker = cyi_await_begin(core);
    int rc = cyi_post_call(core, watcher.core, begin_there, &at, sizeof at);
    return rc != 0 ? rc : cyi_await(core, CYI_WAIT_SPAWN, NULL, CY_FOREVER, NULL);
}

/* Their callers were left behind at the node's end. */
void
cyi_rti_monitors_fini(struct cyi_rti_core *rti)
{
    cyi_list_for_each_safe(link, &rti->monitors)
        free(cyi_container_of(link, struct monitor, link));
    cyi_list_init(&rti->monitors);
}
