/*
 * rti.c - RTI's part of a node and of each core.
 *
 * Tests: tests/rti/test_method.c
 */
#include "method.h"
#include "monitor.h"
#include <cycos/impl/node.h>
#include <stdlib.h>

/* The parts of all cores, for the node's end. Only here, and when a core first asks. */
struct rti {
    struct cyi_list cores;
};

static void
lost(struct cyi_core *core, void *data, cy_ref peer)
{
    struct cyi_rti_core *rti = core->rti;
    (void) data;
    if (rti == NULL)
        return;
    cyi_list_for_each(link, &rti->methods) {
        cyi_method_lost(core, cyi_container_of(link, struct cyi_method, link), peer);
    }
}

/* The tasks are no more: what their servers have not given back. */
static void
fini(void *data)
{
    struct rti *all = data;
    struct cyi_list *link;
    cyi_list_for_each_safe(at, &all->cores) {
        struct cyi_rti_core *rti = cyi_container_of(at, struct cyi_rti_core, all);
        while ((link = cyi_list_first(&rti->methods)) != NULL)
            cyi_method_free(cyi_container_of(link, struct cyi_method, link));
        cyi_rti_monitors_fini(rti);
        free(rti);
    }
    free(all);
}

static int
create(struct cyi_extension *out, const struct cyi_node *node)
{
    (void) node;
    struct rti *all = malloc(sizeof *all);
    if (all == NULL)
        return -ENOMEM;
    cyi_list_init(&all->cores);
    *out = (struct cyi_extension){.data = all, .lost = lost, .fini = fini};
    return 0;
}

struct cyi_rti_core *
cyi_rti_core(struct cyi_core *core)
{
    if (core->rti != NULL)
        return core->rti;
    struct rti *all = cyi_node_extend(core->node, CYI_EXTENSION_RTI, create);
    struct cyi_rti_core *rti = all == NULL ? NULL : calloc(1, sizeof *rti);
    if (rti == NULL)
        return NULL;
    cyi_list_init(&rti->methods);
    cyi_list_init(&rti->monitors);
    pthread_mutex_lock(&core->node->lock);
    cyi_list_append(&all->cores, &rti->all);
    pthread_mutex_unlock(&core->node->lock);
    (void) !cyi_metrics_add(core->node, &cyi_rti_metrics); /* no room: not shown */
    core->rti = rti;
    return rti;
}
