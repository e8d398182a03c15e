/* registry.c - names of tasks and channels: the calls of applications. */
#include <cycos/registry.h>

#include "names.h"
#include <cycos/impl/channel.h>
#include <cycos/impl/node.h>

#include <string.h>

static void
gone(struct cyi_core *core, void *data, cy_ref ref)
{
    (void) core;
    cyi_rcu_register(); /* once more; at the node's end the thread may not be registered */
    cyi_names_forget(data, ref);
    cyi_rcu_unregister();
}

static void
fini(void *data)
{
    struct cyi_names *names = data;
    cyi_names_free(&names);
}

static int
create(struct cyi_extension *out)
{
    struct cyi_names *names;
    int rc = cyi_names_create(&names, CYI_NAMES_MAX);
    if (rc == 0)
        *out = (struct cyi_extension){.data = names, .gone = gone, .fini = fini};
    return rc;
}

struct cyi_names *
cyi_names_of(struct cyi_node *node)
{
    return cyi_node_extend(node, CYI_EXTENSION_REGISTRY, create);
}

int
cyi_names_resolver(struct cyi_node *node, const struct cyi_resolver *resolver)
{
    struct cyi_names *names = cyi_names_of(node);
    if (names == NULL)
        return -ENOMEM;
    cyi_names_ask(names, resolver);
    return 0;
}

/* Each core asks once. */
static struct cyi_names *
names_of(struct cyi_core *core)
{
    if (core->names == NULL)
        core->names = cyi_names_of(core->node);
    return core->names;
}

static int
make_key(struct cyi_key *out, enum cy_kind kind, const char *name)
{
    size_t size = strnlen(name, CY_NAME_MAX + 1);
    if (size == 0)
        return -EINVAL;
    if (size > CY_NAME_MAX)
        return -ENAMETOOLONG;
    *out = cyi_key_make(kind, name, size);
    return 0;
}

int
cyi_name_register(struct cyi_core *core, const char *name, cy_ref owner)
{
    struct cyi_key key;
    int rc = make_key(&key, cy_ref_kind(owner), name);
    if (rc != 0)
        return rc;
    struct cyi_names *names = names_of(core);
    return names == NULL ? -ENOMEM : cyi_names_add(names, core, &key, owner);
}

int
cyi_name_unregister(struct cyi_core *core, const char *name, cy_ref owner)
{
    struct cyi_key key;
    struct cyi_names *names = names_of(core);
    if (names == NULL || make_key(&key, cy_ref_kind(owner), name) != 0)
        return -ENOENT;
    return cyi_names_remove(names, &key, owner);
}

int
cyi_name_lookup(cy_ref *out, enum cy_kind kind, const char *name)
{
    struct cyi_key key;
    struct cyi_names *names = names_of(cyi_current());
    if (names == NULL || make_key(&key, kind, name) != 0)
        return -ENOENT;
    return cyi_names_lookup(names, &key, out) ? 0 : -ENOENT;
}

/* Without a network a node has one place, nowhere, and knows no other. */
static uint32_t
place_of(struct cyi_core *core, const struct cyi_names *names, const cy_location *location)
{
    static const uint8_t nowhere[sizeof location->address];
    const struct cyi_resolver *resolver = cyi_names_asks(names);
    if (resolver != NULL)
        return resolver->here(core, location);
    bool own = location->port == 0 && memcmp(location->address, nowhere, sizeof nowhere) == 0;
    return own ? CYI_CORE_ANY : CYI_CORE_NONE;
}

static int
locate_at(cy_ref *out, const struct cyi_key *key, const cy_location *location, cy_time deadline)
{
    struct cyi_core *core = cyi_current();
    struct cyi_names *names = core->names;
    struct cyi_search search = {.key = key, .core = CYI_CORE_ANY, .location = location};
    bool network = cyi_names_asks(names) != NULL;
    if (location != NULL)
        search.core = place_of(core, names, location);
    if (search.core == CYI_CORE_NONE && !network)
        return CY_ENOPEER;
    /* A core of this node is asked here only; all of this host, or of the network, is more. */
    if (location == NULL || location->port == 0 || search.core == CYI_CORE_NONE)
        search.ask = network && deadline != CY_NOW;
    return cyi_names_wait(names, core, &search, out, deadline);
}

int
cyi_name_locate(cy_ref *out, enum cy_kind kind, const char *name, const cy_location *location,
                cy_time deadline)
{
    struct cyi_key key;
    struct cyi_core *core = cyi_current();
    if (core->sched.current->flags & (CYI_TASK_CANCELLED | CYI_TASK_CLEANING))
        return -ECANCELED;
    int rc = make_key(&key, kind, name);
    if (rc != 0)
        return rc;
    struct cyi_names *names = names_of(core);
    if (names == NULL)
        return -ENOMEM;
    if (location == NULL && cyi_names_lookup(names, &key, out))
        return 0;
    return locate_at(out, &key, location, deadline);
}

int
cy_task_register(const char *name)
{
    struct cyi_core *core = cyi_current();
    struct cyi_task *task = core->sched.current;
    cy_ref self = cyi_task_ref(core, task);
    int rc = cyi_name_register(core, name == NULL ? task->name : name, self);
    if (rc == 0)
        task->flags |= CYI_TASK_NAMED;
    return rc;
}

int
cy_task_unregister(const char *name)
{
    struct cyi_core *core = cyi_current();
    const struct cyi_task *task = core->sched.current;
    cy_ref self = cyi_task_ref(core, task);
    return cyi_name_unregister(core, name == NULL ? task->name : name, self);
}

int
cy_task_lookup(cy_ref *out, const char *name)
{
    return cyi_name_lookup(out, CY_KIND_TASK, name);
}

int
cy_task_locate(cy_ref *out, const char *name, const cy_location *location, cy_time deadline)
{
    return cyi_name_locate(out, CY_KIND_TASK, name, location, deadline);
}

/* The name that a channel of this core was created with, or NULL if there is no such one. */
static const char *
own_name(struct cyi_core *core, cy_ref channel)
{
    if (channel.node != core->home.node || channel.core != core->index)
        return NULL;
    return cyi_channel_named(core, channel.slot, channel.generation);
}

int
cy_channel_register(cy_ref channel, const char *name)
{
    struct cyi_core *core = cyi_current();
    const char *own = own_name(core, channel);
    if (own == NULL)
        return -ESRCH;
    return cyi_name_register(core, name == NULL ? own : name, channel);
}

int
cy_channel_unregister(cy_ref channel, const char *name)
{
    struct cyi_core *core = cyi_current();
    const char *own = own_name(core, channel);
    if (own == NULL)
        return -ESRCH;
    return cyi_name_unregister(core, name == NULL ? own : name, channel);
}

int
cy_channel_lookup(cy_ref *out, const char *name)
{
    return cyi_name_lookup(out, CY_KIND_CHANNEL, name);
}

int
cy_channel_locate(cy_ref *out, const char *name, const cy_location *location, cy_time deadline)
{
    return cyi_name_locate(out, CY_KIND_CHANNEL, name, location, deadline);
}
