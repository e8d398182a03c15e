/*
 * cycos/impl/name.h - what the network needs of the registry, and what it lends to it.
 *
 * Downwards: a seeker stands in the registry until somebody of this node has a name. Upwards:
 * when a task looks for a name that is not here, the registry asks through an ops struct that
 * the network installs before any core runs.
 */
#ifndef CYCOS_IMPL_NAME_H
#define CYCOS_IMPL_NAME_H

#include <cycos/impl/hash.h>
#include <cycos/impl/list.h>
#include <cycos/impl/map.h>
#include <cycos/impl/task.h>
#include <cycos/location.h>
#include <cycos/ref.h>

struct cyi_core;
struct cyi_node;
struct cyi_names;

/* What is looked up. */
struct cyi_key {
    uint64_t hash;
    const char *name;
    uint8_t size; /* bytes, without a terminator */
    uint8_t kind; /* enum cy_kind */
};

/*
 * The name must be shorter than 256 bytes. The hash key is the node's. Inline, for what a
 * function returns in memory is copied in larger pieces than it was written in.
 */
static inline struct cyi_key
cyi_key_make(const struct cyi_hash_key *hash_key, enum cy_kind kind, const char *name,
             size_t size)
{
    CY_ASSERT(size <= UINT8_MAX);
    return (struct cyi_key){.hash = cyi_hash_name(hash_key, name, size) + kind,
                            .name = name,
                            .size = (uint8_t) size,
                            .kind = (uint8_t) kind};
}

bool cyi_key_equal(const struct cyi_key *a, const struct cyi_key *b);

/* Of which core of a node a name must be: its index, or one of these. */
#define CYI_CORE_ANY  UINT32_MAX
#define CYI_CORE_NONE (UINT32_MAX - 1)

/* Waits for a name of this node; what it points to must stay. */
struct cyi_seeker {
    struct cyi_map_node node; /* of the leader of those with this key */
    struct cyi_list ring;     /* with the others */
    const struct cyi_key *key;
    uint32_t core;
    /* Once, on the core that gives the name, under the registry's lock; out of it by then. */
    void (*found)(struct cyi_core *core, struct cyi_seeker *self, cy_ref ref);
    bool waits;
};

/* The names of the node, made if need be; NULL without memory. */
struct cyi_names *cyi_names_of(struct cyi_node *node);

/* On a core. 0: the name is there, *out is set. 1: the seeker waits for it. -ENOMEM. */
CY_MUST_CHECK int cyi_names_seek(struct cyi_names *names, struct cyi_seeker *seeker,
                                 cy_ref *out);
/* found() does not come any more. No effect on a seeker that does not wait. */
void cyi_names_leave(struct cyi_names *names, struct cyi_seeker *seeker);

/* Give a task of this core a name from outside of it; errors as cy_task_register(). */
CY_MUST_CHECK int cyi_name_give(struct cyi_core *core, struct cyi_task *task, const char *name);

/*
 * Visits up to `max` names, in no order, and moves the cursor, which begins as 0. False at the
 * end. Names that stay are visited; those that come or go meanwhile may be, even twice when
 * their owner has several. visit() is called under the registry's lock. On a core.
 */
bool cyi_names_scan(struct cyi_names *names, uint64_t *cursor, uint32_t max,
                    void (*visit)(const struct cyi_key *key, cy_ref owner, void *arg),
                    void *arg);

/* Lies on the stack of a task that wants to know of a name elsewhere. */
struct cyi_asker {
    struct cyi_list link; /* this, and the next: the network's */
    void *question;
    struct cyi_return task; /* whom to answer, with 0, once `found` and `ref` are set */
    bool found;
    cy_ref ref;
};

/*
 * What is said of names of tasks and channels in <cycos/registry.h>, for any kind. The owner's
 * end is told by cyi_node_gone(), by who makes such things.
 */
CY_MUST_CHECK int cyi_name_register(struct cyi_core *core, const char *name, cy_ref owner);
CY_MUST_CHECK int cyi_name_unregister(struct cyi_core *core, const char *name, cy_ref owner);
CY_MUST_CHECK int cyi_name_lookup(cy_ref *out, enum cy_kind kind, const char *name);
CY_MUST_CHECK int cyi_name_locate(cy_ref *out, enum cy_kind kind, const char *name,
                                  const cy_location *location, cy_time deadline);

struct cyi_resolver {
    /* Which core of this node a location means; CYI_CORE_ANY it is all of this host. */
    uint32_t (*here)(struct cyi_core *core, const cy_location *location);
    /*
     * Ask other nodes, only what is at `location` if it is not NULL. Each 0 is followed by one
     * forget(); after it the asker is the task's again. The answer comes later, not from
     * within. -ENOBUFS too many questions, -ENOMEM.
     */
    int (*ask)(struct cyi_core *core, const struct cyi_key *key, const cy_location *location,
               struct cyi_asker *asker);
    void (*forget)(struct cyi_core *core, struct cyi_asker *asker);
};

/* Before any core runs. -ENOMEM. */
CY_MUST_CHECK int cyi_names_resolver(struct cyi_node *node,
                                     const struct cyi_resolver *resolver);

#endif
