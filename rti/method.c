/* method.c - methods and their names. */
#include "method.h"
#include <cycos/impl/name.h>
#include <cycos/impl/node.h>
#include <cycos/impl/stack.h>
#include <stdlib.h>
#include <string.h>

enum {
    TASKS = 1024,
    RESULTS = 1024,
    RESULTS_BYTES = 16 << 20,
};
#define RESULT_NS (30 * CY_SECOND)

struct cyi_method *
cyi_method_find(struct cyi_core *core, cy_ref method)
{
    cy_ref server = cyi_rti_as(method, CY_KIND_TASK);
    if (cy_ref_kind(method) != CY_KIND_METHOD || method.node != core->home.node ||
        method.core != core->index)
        return NULL;
    const struct cyi_task *task = cyi_task_find(core, server.slot, server.generation);
    if (task == NULL || task->fn != (void *) cyi_method_serve)
        return NULL;
    struct cyi_method *found = task->arg;
    return found->closed ? NULL : found;
}

void
cyi_method_free(struct cyi_method *method)
{
    cyi_list_remove(&method->link);
    cyi_jobs_fini(&method->jobs);
    cyi_signature_free(&method->signature);
    free(method->allow);
    free(method);
}

void
cyi_method_release(struct cyi_method *method)
{
    if (method->ended && method->jobs.alive == 0)
        cyi_method_free(method);
}

static int
check_options(const struct cyi_core *core, const struct cy_rti_options *options,
              const char *name)
{
    size_t name_bytes = strnlen(name, CY_NAME_MAX + 1);
    size_t stack = options->stack_bytes;
    if (name_bytes == 0 || options->tasks_max > CY_RTI_TASKS_MAX || options->result_ns < 0 ||
        options->allow_count > CY_RTI_ALLOW_MAX ||
        cyi_stack_class(stack != 0 ? stack : core->node->options->stack_bytes) == 0)
        return -EINVAL;
    return name_bytes > CY_NAME_MAX ? -ENAMETOOLONG : 0;
}

static struct cyi_job_limits
limits_of(const struct cy_rti_options *options)
{
    uint32_t tasks = options->tasks_max != 0 ? options->tasks_max : TASKS;
    return (struct cyi_job_limits){
        .tasks = tasks,
        .peer_tasks = options->peer_tasks_max != 0 ? options->peer_tasks_max : tasks,
        .results = options->results_max != 0 ? options->results_max : RESULTS,
        .results_bytes = options->results_bytes != 0 ? options->results_bytes : RESULTS_BYTES,
        .result_ns = options->result_ns != 0 ? options->result_ns : RESULT_NS,
    };
}

static int
copy_allowed(struct cyi_method *method, const struct cy_rti_options *options)
{
    if (options->allow_count == 0)
        return 0;
    method->allow = calloc(options->allow_count, sizeof *method->allow);
    if (method->allow == NULL)
        return -ENOMEM;
    memcpy(method->allow, options->allow, options->allow_count * sizeof *method->allow);
    return 0;
}

static int
make(struct cyi_core *core, struct cyi_method **out, cy_rti_fn *fn, const char *name,
     const struct cy_rti_options *options)
{
    struct cyi_rti_core *rti = cyi_rti_core(core);
    struct cyi_method *method = rti == NULL ? NULL : calloc(1, sizeof *method);
    struct cyi_job_limits limits = limits_of(options);
    if (method == NULL)
        return -ENOMEM;
    cyi_list_append(&rti->methods, &method->link);
    cyi_jobs_init(&method->jobs, &limits, &core->node->hash_key);
    method->fn = fn;
    method->options = *options;
    method->options.name = method->name;
    method->options.signature = NULL;
    method->options.allow = NULL;
    memcpy(method->name, name, strlen(name));
    int rc = copy_allowed(method, options);
    if (rc == 0 && options->signature != NULL)
        rc = cyi_signature_create(&method->signature, options->signature);
    if (rc != 0)
        cyi_method_free(method);
    else
        *out = method;
    return rc;
}

int
cy_rti_create_named(cy_ref *out, cy_rti_fn *fn, const char *name,
                    const struct cy_rti_options *options)
{
    static const struct cy_rti_options defaults;
    struct cyi_core *core = cyi_current();
    struct cyi_method *method;
    if (options == NULL)
        options = &defaults;
    if (options->name != NULL)
        name = options->name;
    int rc = check_options(core, options, name);
    if (rc == 0)
        rc = make(core, &method, fn, name, options);
    if (rc != 0)
        return rc;
    const struct cy_task_options server = {.name = method->name, .daemon = true};
    rc = cy_task_spawn(&method->server, cyi_method_serve, method, &server);
    if (rc != 0)
        cyi_method_free(method);
    else
        *out = cyi_rti_as(method->server, CY_KIND_METHOD);
    return rc;
}

int
cy_rti_close(cy_ref method)
{
    struct cyi_core *core = cyi_current();
    struct cyi_method *found = cyi_method_find(core, method);
    if (found == NULL)
        return -ENOENT;
    found->closed = true;
    cyi_node_gone(core, method);
    cyi_method_wake(core, found);
    return 0;
}

int
cy_rti_register(cy_ref method, const char *name)
{
    struct cyi_core *core = cyi_current();
    const struct cyi_method *found = cyi_method_find(core, method);
    if (found == NULL)
        return -ENOENT;
    return cyi_name_register(core, name == NULL ? found->name : name, method);
}

int
cy_rti_unregister(cy_ref method, const char *name)
{
    struct cyi_core *core = cyi_current();
    const struct cyi_method *found = cyi_method_find(core, method);
    if (found == NULL)
        return -ENOENT;
    return cyi_name_unregister(core, name == NULL ? found->name : name, method);
}

int
cy_rti_lookup(cy_ref *out, const char *name)
{
    return cyi_name_lookup(out, CY_KIND_METHOD, name);
}

int
cy_rti_locate(cy_ref *out, const char *name, const cy_location *location, cy_time deadline)
{
    return cyi_name_locate(out, CY_KIND_METHOD, name, location, deadline);
}
