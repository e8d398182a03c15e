/*
 * control_node.c - what is to be said of a node as a whole, and the dump, for those who ask.
 *
 * Tests: tests/transport/test_control.c
 */
#include "control.h"
#include "member.h"
#include "net.h"
#include <cycos/impl/name.h>
#include <cycos/registry.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define COUNT(of, field)   \
    {                      \
#field, (of).field \
    }

static void
put_members(cy_value_writer *w, struct cyi_net *net)
{
    struct cyi_member_counters n;
    cyi_members_count(net->members, &n);
    const struct cyi_named_count counts[] = {
        COUNT(n, online),        COUNT(n, offline),        COUNT(n, suspected),
        COUNT(n, vouched),       COUNT(n, flooded),        COUNT(n, bad_secret),
        COUNT(n, peers_refused), COUNT(n, hellos_sent),    COUNT(n, hellos_received),
        COUNT(n, hellos_bad),    COUNT(n, hellos_foreign), COUNT(n, hellos_limited),
        COUNT(n, hellos_old),    COUNT(n, relayed),        COUNT(n, answered),
        COUNT(n, announced),
    };
    cyi_control_put_counts(w, "members", counts, sizeof counts / sizeof counts[0]);
}

/* The others' records are not looked at but for what was set before they ran. */
static void
put_cores(cy_value_writer *w, const struct cyi_net *net)
{
    cy_value_put_text(w, "cores");
    cy_value_put_list(w, net->node->core_count);
    for (uint16_t i = 0; i < net->node->core_count; i++) {
        const struct cyi_core *core = net->node->cores[i];
        cy_value_put_map(w, 4);
        cyi_control_put_uint(w, "core", i);
        cyi_control_put_text(w, "name", core->name);
        cyi_control_put_location(w, "location", core->home);
        cy_value_put_text(w, "control");
        cy_value_put_ref(w, net->cores[i].control);
    }
}

static int
write_options(char **text, const struct cy_options *options)
{
    size_t bytes;
    FILE *out = open_memstream(text, &bytes);
    if (out == NULL)
        return -ENOMEM;
    int rc = cy_options_write_ini(options, NULL, out);
    if (fclose(out) != 0 && rc == 0)
        rc = -ENOMEM;
    if (rc != 0)
        free(*text);
    return rc;
}

int
cyi_control_node(struct cyi_core *core, const struct cyi_question *question, cy_value_writer *w)
{
    static const char *const PHASES[] = {"running", "stopping", "terminating", "ended"};
    struct cyi_node *node = core->node;
    char *options;
    int rc = write_options(&options, node->options);
    if (rc != 0)
        return rc;
    cyi_control_begin(w, core, question, 8);
    cyi_control_put_text(w, "name", node->options->name != NULL ? node->options->name : "");
    cyi_control_put_text(w, "version", CYI_VERSION);
    cyi_control_put_uint(w, "process", (uint64_t) getpid());
    cyi_control_put_uint(w, "up_ns", (uint64_t) (core->os->now(core->os) - node->started));
    cyi_control_put_text(w, "phase", PHASES[core->phase]);
    cyi_control_put_long(w, "options", options);
    free(options);
    put_members(w, node->net);
    put_cores(w, node->net);
    return 0;
}

struct name {
    char text[CY_NAME_MAX + 1];
    cy_ref ref;
};
struct page {
    struct name *names;
    uint32_t count;
};

/* Under the registry's lock, so it only copies. */
static void
note_name(const struct cyi_key *key, cy_ref owner, void *arg)
{
    struct page *page = arg;
    struct name *name = &page->names[page->count++];
    memcpy(name->text, key->name, key->size);
    name->text[key->size] = '\0';
    name->ref = owner;
}

static void
put_name(cy_value_writer *w, const struct name *name)
{
    static const char *const KINDS[] = {"none", "task", "channel", "method"};
    unsigned kind = cy_ref_kind(name->ref);
    cy_value_put_map(w, 3);
    cyi_control_put_text(w, "name", name->text);
    cyi_control_put_text(w, "kind", kind <= CY_KIND_METHOD ? KINDS[kind] : "none");
    cy_value_put_text(w, "ref");
    cy_value_put_ref(w, name->ref);
}

int
cyi_control_names(struct cyi_core *core, const struct cyi_question *question,
                  cy_value_writer *w)
{
    struct cyi_names *names = cyi_names_of(core->node);
    struct page page = {.names = malloc(question->max * sizeof *page.names)};
    uint64_t cursor = question->from;
    if (names == NULL || page.names == NULL) {
        free(page.names);
        return -ENOMEM;
    }
    bool more = cyi_names_scan(names, &cursor, question->max, note_name, &page);
    cyi_control_begin(w, core, question, 2);
    cyi_control_put_next(w, more ? cursor : 0);
    cy_value_put_text(w, "names");
    cy_value_put_list(w, page.count);
    for (uint32_t i = 0; i < page.count; i++)
        put_name(w, &page.names[i]);
    free(page.names);
    return 0;
}

int
cyi_control_dump(struct cyi_core *core, const struct cyi_question *question, cy_value_writer *w)
{
    char *text;
    size_t bytes;
    int rc = cyi_core_dump_text(core, &text, &bytes);
    if (rc != 0)
        return rc;
    bool cut = bytes > CY_CONTROL_TEXT_MAX;
    if (cut)
        text[CY_CONTROL_TEXT_MAX] = '\0';
    cyi_control_begin(w, core, question, 2);
    cyi_control_put_bool(w, "cut", cut);
    cyi_control_put_long(w, "text", text);
    free(text);
    return 0;
}
