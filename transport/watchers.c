/*
 * watchers.c - tasks that want to know of peers: their messages, and those who wait.
 *
 * A watch is entered on the watcher's core and comes into force on the hub, which first says
 * who is online now; so each task gets every change after that once and in order. Messages
 * have their place whatever else is in the mailbox, but not without end: of a task that reads
 * none, some tens of thousands, then they are counted lost.
 *
 * Tests: tests/transport/test_member_peer.c
 */
#include "member_table.h"
#include <cycos/impl/msg.h>
#include <cycos/impl/post.h>
#include <stdlib.h>
#include <string.h>

struct whom {
    uint32_t slot, generation;
    uint16_t core;
};

static struct cyi_members *
members_of(const struct cyi_core *core)
{
    return cyi_net_core(core)->net->members;
}

static void
free_watcher(struct cyi_members *members, struct cyi_watcher *watcher)
{
    cyi_list_remove(&watcher->link);
    members->watcher_count--;
    free(watcher);
}

static struct cyi_watcher *
find_watcher(const struct cyi_members *members, const struct whom *whom)
{
    cyi_list_for_each(link, &members->watchers) {
        struct cyi_watcher *watcher = cyi_container_of(link, struct cyi_watcher, link);
        if (watcher->core == whom->core && watcher->slot == whom->slot &&
            watcher->generation == whom->generation)
            return watcher;
    }
    return NULL;
}

/* On the hub: that task has ended. */
static void
forget(struct cyi_core *hub, const void *args)
{
    struct cyi_members *members = members_of(hub);
    pthread_mutex_lock(&members->lock);
    struct cyi_watcher *watcher = find_watcher(members, args);
    if (watcher != NULL)
        free_watcher(members, watcher);
    pthread_mutex_unlock(&members->lock);
}

/* On the watcher's core. On its way the watcher is the message's sender. */
static void
arrive(struct cyi_core *core, cy_msg *msg)
{
    struct whom whom = {msg->sender.slot, msg->sender.generation, core->index};
    struct cyi_task *task = cyi_task_find(core, whom.slot, whom.generation);
    msg->flags &= (uint8_t) ~CYI_MSG_RUN;
    msg->sender = CY_NOBODY;
    if (task == NULL)
        cyi_post_answer(core, 0, forget, &whom, sizeof whom);
    if (task != NULL && task->promised < CYI_WATCHER_QUEUE_MAX) {
        task->promised++;
        msg->flags |= CYI_MSG_PROMISED;
        cyi_mailbox_put(core, task, msg);
        return;
    }
    if (task != NULL)
        core->counters.lost++;
    cyi_msg_drop(core, msg);
}

static void
send_to(struct cyi_core *hub, const struct cyi_watcher *watcher, const struct cy_peer *peer)
{
    cy_msg *msg = cyi_peer_message(hub, peer);
    if (msg == NULL) {
        hub->counters.lost++;
        return;
    }
    msg->sender = CY_NOBODY;
    msg->sender.slot = watcher->slot;
    msg->sender.generation = watcher->generation;
    if (watcher->core == hub->index) {
        arrive(hub, msg);
        return;
    }
    msg->run = arrive;
    msg->flags |= CYI_MSG_RUN;
    cyi_post_promised(hub, watcher->core, msg);
}

void
cyi_watchers_tell(struct cyi_members *members, const struct cyi_member *member, bool online)
{
    struct cyi_core *hub = cyi_members_hub(members);
    struct cy_peer peer;
    for (uint16_t i = 0; i < member->core_count; i++) {
        pthread_mutex_lock(&members->lock);
        cyi_peer_of_member(&peer, member, i);
        peer.online = online;
        cyi_list_for_each(link, &members->watchers) {
            const struct cyi_watcher *watcher =
                cyi_container_of(link, struct cyi_watcher, link);
            if (!watcher->fresh)
                send_to(hub, watcher, &peer);
        }
        pthread_mutex_unlock(&members->lock);
    }
    cyi_members_changed(members);
    if (members->changed != NULL)
        members->changed(members->changed_arg, member->tag, online);
}

/* Who is online now: the other cores of the node, then those of others. */
static void
replay(struct cyi_members *members, struct cyi_watcher *watcher)
{
    struct cyi_core *hub = cyi_members_hub(members);
    const struct cyi_node *node = hub->node;
    struct cy_peer peer;
    for (uint16_t i = 0; i < node->core_count; i++) {
        cyi_peer_of_core(&peer, node->cores[i]);
        if (i != watcher->core)
            send_to(hub, watcher, &peer);
    }
    cyi_list_for_each(link, &members->all) {
        const struct cyi_member *member = cyi_container_of(link, struct cyi_member, link);
        for (uint16_t i = 0; member->reported && i < member->core_count; i++) {
            cyi_peer_of_member(&peer, member, i);
            send_to(hub, watcher, &peer);
        }
    }
    watcher->fresh = false;
}

static void
begin(struct cyi_core *hub, const void *args)
{
    struct cyi_members *members = members_of(hub);
    pthread_mutex_lock(&members->lock);
    struct cyi_watcher *watcher = find_watcher(members, args);
    if (watcher != NULL && watcher->fresh)
        replay(members, watcher);
    pthread_mutex_unlock(&members->lock);
}

static int
enter(struct cyi_members *members, const struct whom *whom)
{
    if (find_watcher(members, whom) != NULL)
        return -EALREADY;
    if (members->watcher_count == CYI_WATCHERS_MAX)
        return -ENOBUFS;
    struct cyi_watcher *watcher = calloc(1, sizeof *watcher);
    if (watcher == NULL)
        return -ENOMEM;
    watcher->core = whom->core;
    watcher->slot = whom->slot;
    watcher->generation = whom->generation;
    watcher->fresh = true;
    cyi_list_append(&members->watchers, &watcher->link);
    members->watcher_count++;
    return 0;
}

/* On any core: does that task live? Else the hub forgets it. */
static void
check_here(struct cyi_core *core, const void *args)
{
    const struct whom *whom = args;
    if (cyi_task_find(core, whom->slot, whom->generation) == NULL)
        cyi_post_answer(core, 0, forget, whom, sizeof *whom);
}

/* The table is full: perhaps of tasks that have ended since the last change. */
static void
look_for_ended(struct cyi_members *members, struct cyi_core *core)
{
    cyi_list_for_each(link, &members->watchers) {
        const struct cyi_watcher *watcher = cyi_container_of(link, struct cyi_watcher, link);
        struct whom whom = {watcher->slot, watcher->generation, watcher->core};
        cyi_post_answer(core, watcher->core, check_here, &whom, sizeof whom);
    }
}

static void
forget_all(struct cyi_members *members)
{
    pthread_mutex_lock(&members->lock);
    cyi_list_for_each_safe(link, &members->watchers)
        free_watcher(members, cyi_container_of(link, struct cyi_watcher, link));
    pthread_mutex_unlock(&members->lock);
}

/* On the hub, now or later: after what this core has asked of it before. */
static void
on_hub(struct cyi_core *core, cyi_call_fn *fn, const void *args, size_t size)
{
    if (core->index == 0)
        fn(core, args);
    else
        cyi_post_answer(core, 0, fn, args, size);
}

int
cy_peer_watch(cy_ref task)
{
    struct cyi_core *core = cyi_current();
    struct whom whom = {task.slot, task.generation, task.core};
    if (core->net == NULL)
        return CY_ENOPEER;
    if (cy_ref_is_nobody(task)) {
        forget_all(members_of(core));
        return 0;
    }
    if (task.node != core->home.node || task.core >= core->node->core_count)
        return -EINVAL;
    if (cy_ref_kind(task) != CY_KIND_TASK ||
        (task.core == core->index && cyi_task_find(core, task.slot, task.generation) == NULL))
        return -ESRCH;
    struct cyi_members *members = members_of(core);
    pthread_mutex_lock(&members->lock);
    int rc = enter(members, &whom);
    if (rc == -ENOBUFS)
        look_for_ended(members, core);
    pthread_mutex_unlock(&members->lock);
    if (rc == 0)
        on_hub(core, begin, &whom, sizeof whom);
    return rc == -EALREADY ? 0 : rc;
}

int
cyi_members_wait(struct cyi_members *members, struct cyi_core *core, cy_time deadline)
{
    struct cyi_member_core *here = &members->cores[core->index];
    here->waiters++;
    pthread_mutex_unlock(&members->lock);
    int rc = cyi_waitlist_wait(core, &here->waiting, CYI_WAIT_EVENT, deadline);
    pthread_mutex_lock(&members->lock);
    here->waiters--;
    return rc;
}

static void
wake_here(struct cyi_core *core, const void *args)
{
    struct cyi_waitlist *waiting = &members_of(core)->cores[core->index].waiting;
    (void) args;
    while (cyi_waitlist_wake(core, waiting, 0) != NULL)
        continue;
}

void
cyi_members_changed(struct cyi_members *members)
{
    struct cyi_core *hub = cyi_members_hub(members);
    pthread_mutex_lock(&members->lock);
    for (uint16_t i = 0; i < hub->node->core_count; i++) {
        if (members->cores[i].waiters > 0)
            cyi_post_answer(hub, i, wake_here, &i, sizeof i);
    }
    pthread_mutex_unlock(&members->lock);
}
