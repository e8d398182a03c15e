/* test_method.c - methods, their options and their names. */
#include "cy_node.h"
#include "method.h"
#include "names.h"
#include <cycos/impl/node.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
nothing(cy_args_reader *args)
{
    return cy_args_end(args);
}

static int
create(struct cy_rti_options options)
{
    cy_ref method = CY_NOBODY;
    int rc = cy_rti_create(&method, nothing, &options);
    CY_CHECK_EQ(cy_ref_is_nobody(method), rc != 0);
    if (rc == 0)
        CY_CHECK_EQ(cy_rti_close(method), 0);
    return rc;
}

static int
options_body(void *arg)
{
    char name[CY_NAME_MAX + 2];
    cy_location *hosts = calloc(CY_RTI_ALLOW_MAX + 1, sizeof *hosts);
    (void) arg;
    memset(name, 'n', sizeof name);
    name[CY_NAME_MAX + 1] = '\0';
    CY_CHECK_EQ(create((struct cy_rti_options){.name = name}), -ENAMETOOLONG);
    CY_CHECK_EQ(create((struct cy_rti_options){.name = name + 1}), 0);
    CY_CHECK_EQ(create((struct cy_rti_options){.name = ""}), -EINVAL);
    CY_CHECK_EQ(create((struct cy_rti_options){.signature = "a"}), -EINVAL);
    CY_CHECK_EQ(create((struct cy_rti_options){.signature = "a:int"}), 0);
    CY_CHECK_EQ(create((struct cy_rti_options){.stack_bytes = 1 << 30}), -EINVAL);
    CY_CHECK_EQ(create((struct cy_rti_options){.stack_bytes = 65536}), 0);
    CY_CHECK_EQ(create((struct cy_rti_options){.result_ns = -1}), -EINVAL);
    CY_CHECK_EQ(create((struct cy_rti_options){.tasks_max = CY_RTI_TASKS_MAX}), 0);
    CY_CHECK_EQ(create((struct cy_rti_options){.tasks_max = CY_RTI_TASKS_MAX + 1}), -EINVAL);
    CY_CHECK_EQ(
        create((struct cy_rti_options){.allow = hosts, .allow_count = CY_RTI_ALLOW_MAX}), 0);
    CY_CHECK_EQ(
        create((struct cy_rti_options){.allow = hosts, .allow_count = CY_RTI_ALLOW_MAX + 1}),
        -EINVAL);
    free(hosts);
    return 0;
}

static int
signature_body(void *arg)
{
    enum { PARAMETERS = CY_ARGS_MAX + 1, EACH = 8 };
    char name[CY_ARGS_NAME_MAX + 8], many[PARAMETERS * EACH + 1];
    (void) arg;
    snprintf(name, sizeof name, "%0*d:int", CY_ARGS_NAME_MAX + 1, 0);
    CY_CHECK_EQ(create((struct cy_rti_options){.signature = name}), -ENAMETOOLONG);
    CY_CHECK_EQ(create((struct cy_rti_options){.signature = name + 1}), 0);
    for (int i = 0; i < PARAMETERS; i++)
        snprintf(many + i * EACH, EACH + 1, " p%02d:int", i);
    CY_CHECK_EQ(create((struct cy_rti_options){.signature = many}), -E2BIG);
    CY_CHECK_EQ(create((struct cy_rti_options){.signature = many + EACH}), 0);
    CY_CHECK_EQ(create((struct cy_rti_options){.signature = "\xff:int"}), -EILSEQ);
    CY_CHECK_EQ(create((struct cy_rti_options){.signature = "\xc3\xa4:int"}), 0);
    return 0;
}

static void
signatures_are_checked(void)
{
    cy_node_run(1, signature_body, NULL);
}

static void
options_are_checked(void)
{
    cy_node_run(1, options_body, NULL);
}

static void
check_wrong_names(cy_ref method)
{
    const cy_location elsewhere = {.port = 1};
    char longest[CY_NAME_MAX + 2];
    cy_ref found = CY_NOBODY;
    memset(longest, 'n', sizeof longest);
    longest[CY_NAME_MAX + 1] = '\0';
    CY_CHECK_EQ(cy_rti_register(method, longest), -ENAMETOOLONG);
    CY_CHECK_EQ(cy_rti_locate(&found, longest, NULL, cy_after(CY_SECOND)), -ENAMETOOLONG);
    longest[CY_NAME_MAX] = '\0';
    CY_CHECK_EQ(cy_rti_register(method, longest), 0);
    CY_CHECK_EQ(cy_rti_locate(&found, longest, NULL, CY_NOW), 0);
    CY_CHECK_EQ(cy_rti_register(method, ""), -EINVAL);
    CY_CHECK_EQ(cy_rti_locate(&found, "", NULL, cy_after(CY_SECOND)), -EINVAL);
    CY_CHECK_EQ(cy_rti_locate(&found, "afar", &elsewhere, CY_FOREVER), CY_ENOPEER);
    CY_CHECK(cy_ref_equal(found, method));
}

static int
names_body(void *arg)
{
    cy_ref method, other, found = CY_NOBODY;
    (void) arg;
    CY_CHECK_EQ(cy_rti_create(&method, nothing, NULL), 0);
    CY_CHECK_EQ(cy_rti_create(&other, nothing, NULL), 0);
    CY_CHECK_EQ(cy_rti_lookup(&found, "nothing"), -ENOENT);
    CY_CHECK_EQ(cy_rti_locate(&found, "nothing", NULL, cy_after(CY_MICROSECOND)), -ETIMEDOUT);
    CY_CHECK_EQ(cy_rti_register(method, NULL), 0);
    CY_CHECK_EQ(cy_rti_register(method, "nothing"), 0);
    CY_CHECK_EQ(cy_rti_register(other, NULL), -EEXIST);
    CY_CHECK_EQ(cy_rti_register(other, "other"), 0);
    check_wrong_names(other);
    CY_CHECK_EQ(cy_task_register("nothing"), 0); /* tasks have names of their own */
    CY_CHECK_EQ(cy_rti_lookup(&found, "nothing"), 0);
    CY_CHECK(cy_ref_equal(found, method));
    CY_CHECK_EQ(cy_rti_locate(&found, "other", NULL, CY_NOW), 0);
    CY_CHECK(cy_ref_equal(found, other));
    CY_CHECK_EQ(cy_rti_unregister(other, "nothing"), -ENOENT);
    CY_CHECK_EQ(cy_rti_unregister(method, NULL), 0);
    CY_CHECK_EQ(cy_rti_unregister(method, NULL), -ENOENT);
    CY_CHECK_EQ(cy_rti_lookup(&found, "nothing"), -ENOENT);
    CY_CHECK_EQ(cy_rti_call(NULL, method, NULL, CY_FOREVER), 0); /* who knows it may call */
    CY_CHECK_EQ(cy_rti_close(other), 0);
    CY_CHECK_EQ(cy_rti_lookup(&found, "other"), -ENOENT);
    CY_CHECK_EQ(cy_rti_close(other), -ENOENT);
    CY_CHECK_EQ(cy_rti_register(other, NULL), -ENOENT);
    CY_CHECK_EQ(cy_rti_unregister(other, NULL), -ENOENT);
    CY_CHECK_EQ(cy_rti_call(NULL, other, NULL, CY_FOREVER), -ENOENT);
    cy_node_settle();
    CY_CHECK_EQ(cy_rti_call(NULL, other, NULL, CY_FOREVER), -ENOENT);
    return 0;
}

static void
a_method_has_names_until_it_is_closed(void)
{
    cy_node_run(1, names_body, NULL);
}

static int
elsewhere_body(void *arg)
{
    cy_ref method, afar, odd = cy_self();
    (void) arg;
    CY_CHECK_EQ(cy_rti_create(&method, nothing, NULL), 0);
    afar = method;
    afar.core = 1;
    CY_CHECK_EQ(cy_rti_register(afar, NULL), -ENOENT);
    CY_CHECK_EQ(cy_rti_close(afar), -ENOENT);
    CY_CHECK_EQ(cy_rti_call(NULL, afar, NULL, CY_FOREVER), -ENOENT);
    afar.core = 2;
    CY_CHECK_EQ(cy_rti_call(NULL, afar, NULL, CY_FOREVER), CY_ENOPEER);
    afar = method;
    afar.node++;
    CY_CHECK_EQ(cy_rti_call(NULL, afar, NULL, CY_FOREVER), CY_ENOPEER);
    CY_CHECK_EQ(cy_rti_call(NULL, odd, NULL, CY_FOREVER), -ENOENT);
    CY_CHECK_EQ(cy_rti_call(NULL, CY_NOBODY, NULL, CY_FOREVER), -ENOENT);
    odd.slot = (odd.slot & CYI_SLOT_MASK) | (uint32_t) CY_KIND_METHOD << 28; /* we serve none */
    CY_CHECK_EQ(cy_rti_register(odd, NULL), -ENOENT);
    CY_CHECK_EQ(cy_rti_close(odd), -ENOENT);
    return 0;
}

static void
a_reference_that_is_no_method_is_an_error(void)
{
    cy_node_run(2, elsewhere_body, NULL);
}

static cy_ref located;
static int locate_result;

static int
locate(void *arg)
{
    (void) arg;
    locate_result = cy_rti_locate(&located, "late", NULL, CY_FOREVER);
    return 0;
}

static int
make_late(void *arg)
{
    cy_ref *method = arg;
    CY_CHECK_EQ(cy_rti_create(method, nothing, &(struct cy_rti_options){.name = "late"}), 0);
    return cy_rti_register(*method, NULL);
}

static int
locate_body(void *arg)
{
    const struct cy_task_options joinable = {.joinable = true};
    (void) arg;
    for (int i = 0; i < 4; i++) {
        cy_ref seeker, maker, method = CY_NOBODY;
        CY_CHECK_EQ(cy_task_spawn_on(&seeker, (uint16_t) (i % 2), locate, NULL, &joinable), 0);
        cy_node_settle();
        CY_CHECK_EQ(cy_terminate(seeker), 0);
        CY_CHECK_EQ(cy_join(NULL, seeker, CY_FOREVER), 0);
        CY_CHECK_EQ(locate_result, -ECANCELED);
        CY_CHECK_EQ(cy_task_spawn_on(&seeker, (uint16_t) (i % 2), locate, NULL, &joinable), 0);
        cy_node_settle();
        CY_CHECK_EQ(cy_task_spawn_on(&maker, (uint16_t) (i / 2), make_late, &method, &joinable),
                    0);
        CY_CHECK_EQ(cy_join(NULL, maker, CY_FOREVER), 0);
        CY_CHECK_EQ(cy_join(NULL, seeker, CY_FOREVER), 0);
        CY_CHECK_EQ(locate_result, 0);
        CY_CHECK(cy_ref_equal(located, method));
        if (i / 2 == 0)
            CY_CHECK_EQ(cy_rti_close(method), 0);
        else
            CY_CHECK_EQ(cy_terminate(cyi_rti_as(method, CY_KIND_TASK)), 0);
        cy_node_settle();
        CY_CHECK_EQ(cy_rti_lookup(&located, "late"), -ENOENT);
    }
    return 0;
}

static void
locate_waits_until_somebody_has_the_name(void)
{
    cy_node_run(2, locate_body, NULL);
}

/* A node that has room for a few names only. */
enum { FEW = 3 };

static void
few_end(void *data)
{
    struct cyi_names *names = data;
    cyi_names_free(&names);
}

static int
few_names(struct cyi_extension *out, const struct cyi_node *node)
{
    struct cyi_names *names;
    int rc = cyi_names_create(&names, &node->hash_key, FEW);
    if (rc == 0)
        *out = (struct cyi_extension){.data = names, .fini = few_end};
    return rc;
}

static int
limit_body(void *arg)
{
    char name[8];
    cy_ref method;
    (void) arg;
    CY_CHECK(cyi_node_extend(cyi_self->node, CYI_EXTENSION_REGISTRY, few_names) != NULL);
    CY_CHECK_EQ(cy_rti_create(&method, nothing, NULL), 0);
    for (int i = 0; i <= FEW; i++) {
        snprintf(name, sizeof name, "n%d", i);
        CY_CHECK_EQ(cy_rti_register(method, name), i < FEW ? 0 : -ENOBUFS);
    }
    CY_CHECK_EQ(cy_rti_unregister(method, "n0"), 0);
    CY_CHECK_EQ(cy_rti_register(method, NULL), 0);
    return 0;
}

static void
a_node_has_so_many_names_and_no_more(void)
{
    cy_node_run(1, limit_body, NULL);
}

static int
put_starving(void)
{
    cy_args args;
    cy_ref task, method = CY_NOBODY;
    cy_args_init(&args);
    cy_value_put_int(cy_args_next(&args, NULL), 1);
    method.slot = (uint32_t) CY_KIND_METHOD << 28;
    int rc = cy_rti_call(&task, method, &args, CY_FOREVER);
    cy_args_fini(&args);
    return rc;
}

static int
starving_body(void *arg)
{
    const struct cy_rti_options options = {.signature = "a:int"};
    const bool *served = arg;
    cy_ref made = CY_NOBODY, method = cy_self();
    method.slot = (method.slot & CYI_SLOT_MASK) | (uint32_t) CY_KIND_METHOD << 28;
    if (*served)
        CY_CHECK_EQ(cy_rti_create(&method, nothing, NULL), 0);
    if (cy_test_starve()) {
        CY_CHECK_EQ(cy_rti_create(&made, nothing, NULL), -ENOMEM);
        CY_CHECK_EQ(cy_rti_create(&made, nothing, &options), -ENOMEM);
        CY_CHECK_EQ(cy_rti_register(method, "name"), *served ? -ENOMEM : -ENOENT);
        CY_CHECK_EQ(cy_rti_locate(&made, "name", NULL, CY_FOREVER), -ENOMEM);
        CY_CHECK_EQ(cy_rti_monitor(method, cy_self()), -ENOMEM);
        CY_CHECK_EQ(put_starving(), -ENOMEM);
        CY_CHECK(cy_ref_is_nobody(made));
    }
    dprintf(STDOUT_FILENO, "done");
    _exit(0);
}

static void
starve(void *served)
{
    (void) cy_node_run(1, starving_body, served);
}

static void
without_memory_there_is_no_method(void)
{
    static struct cy_test_child child;
    for (int i = 0; i < 2; i++) {
        bool served = i == 1; /* before */
        CY_OK(cy_test_run_child(&child, starve, &served));
        CU_ASSERT_STRING_EQUAL(child.output, "done");
    }
}

/* A network that does not take the question. */
static int refusal;

static int
refuse_to_ask(struct cyi_core *core, const struct cyi_key *key, const cy_location *location,
              struct cyi_asker *asker)
{
    (void) core, (void) location, (void) asker;
    CY_CHECK_EQ(key->kind, CY_KIND_METHOD);
    return refusal;
}

static int
ask_body(void *arg)
{
    static const struct cyi_resolver network = {.ask = refuse_to_ask};
    static const int refusals[] = {-ENOBUFS, -ENOMEM};
    cy_ref found = CY_NOBODY;
    (void) arg;
    CY_CHECK_EQ(cyi_names_resolver(cyi_self->node, &network), 0);
    for (int i = 0; i < 2; i++) {
        refusal = refusals[i];
        CY_CHECK_EQ(cy_rti_locate(&found, "afar", NULL, CY_FOREVER), refusal);
    }
    CY_CHECK(cy_ref_is_nobody(found));
    return 0;
}

static void
what_cannot_be_asked_is_told(void)
{
    cy_node_run(1, ask_body, NULL);
}

static int
left_body(void *arg)
{
    cy_ref method;
    (void) arg;
    for (int i = 0; i < 100; i++)
        CY_CHECK_EQ(cy_rti_create(&method, nothing, NULL), 0);
    CY_CHECK_EQ(cy_rti_call(NULL, method, NULL, CY_FOREVER), 0);
    CY_CHECK_EQ(cy_rti_register(method, NULL), 0);
    return 0; /* with methods and a name left */
}

static void
methods_end_with_their_node(void)
{
    CU_ASSERT_EQUAL(cy_node_run(2, left_body, NULL), 0);
}

/* The child first: the thread sanitizer wants no fork after this process had threads. */
CY_TEST_MAIN("rti.method", CY_TEST(without_memory_there_is_no_method),
             CY_TEST(options_are_checked), CY_TEST(signatures_are_checked),
             CY_TEST(a_method_has_names_until_it_is_closed),
             CY_TEST(a_reference_that_is_no_method_is_an_error),
             CY_TEST(locate_waits_until_somebody_has_the_name),
             CY_TEST(a_node_has_so_many_names_and_no_more),
             CY_TEST(what_cannot_be_asked_is_told), CY_TEST(methods_end_with_their_node))
