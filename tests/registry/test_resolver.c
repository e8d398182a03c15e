#include "cy_node.h"
#include "names.h"
#include <cycos/impl/core.h>
#include <cycos/registry.h>

/* A network that is only played, and a task that seeks what it may have. */

enum { ELSEWHERE = 77 }; /* the tag of its only other node */

static struct {
    int error;     /* of ask() */
    uint32_t here; /* of here() */
    bool answers;  /* as soon as the task waits */
    uint32_t asked, forgotten;
    bool with_location;
    struct cyi_asker *asker; /* who waits, or NULL */
} net;

static uint32_t
here(struct cyi_core *core, const cy_location *location)
{
    (void) core;
    (void) location;
    return net.here;
}

static void
answer(struct cyi_core *core, struct cyi_asker *asker)
{
    asker->found = true;
    asker->ref = (cy_ref){.node = ELSEWHERE, .slot = (uint32_t) CY_KIND_TASK << 28};
    cyi_answer(core, asker->task, 0, 0, NULL);
}

static int
answer_soon(void *arg)
{
    (void) arg;
    answer(cyi_self, net.asker);
    return 0;
}

static int
ask(struct cyi_core *core, const struct cyi_key *key, const cy_location *location,
    struct cyi_asker *asker)
{
    (void) core;
    net.asked++;
    net.with_location = location != NULL;
    CY_CHECK(key->kind == CY_KIND_TASK || net.error != 0);
    CY_CHECK_EQ(strcmp(key->name, "wanted"), 0);
    if (net.error != 0)
        return net.error;
    net.asker = asker;
    if (net.answers)
        CY_CHECK_EQ(cy_task_spawn(NULL, answer_soon, NULL, NULL), 0);
    return 0;
}

static void
forget(struct cyi_core *core, struct cyi_asker *asker)
{
    (void) core;
    CY_CHECK(asker == net.asker);
    net.asker = NULL;
    net.forgotten++;
}

static const struct cyi_resolver PLAYED = {.here = here, .ask = ask, .forget = forget};

static uint32_t
seekers(void)
{
    return cyi_names_seekers(cyi_names_of(cyi_self->node));
}

static void
install(void)
{
    memset(&net, 0, sizeof net);
    CY_CHECK_EQ(cyi_names_resolver(cyi_self->node, &PLAYED), 0);
}

static const cy_location SOMEWHERE = {.address = {10}, .port = 4000};
static const cy_location SOME_HOST = {.address = {10}};

static int
alone_body(void *arg)
{
    cy_ref ref = CY_NOBODY;
    cy_location own = {.port = 0};
    (void) arg;
    CY_CHECK_EQ(cy_task_register("wanted"), 0);
    CY_CHECK_EQ(cy_task_locate(&ref, "wanted", &own, CY_FOREVER), 0);
    CY_CHECK(cy_ref_equal(ref, cy_self()));
    CY_CHECK_EQ(cy_task_locate(&ref, "other", &own, cy_after(CY_MICROSECOND)), -ETIMEDOUT);
    CY_CHECK_EQ(cy_task_locate(&ref, "wanted", &SOMEWHERE, CY_FOREVER), CY_ENOPEER);
    CY_CHECK_EQ(cy_channel_locate(&ref, "wanted", &SOME_HOST, CY_FOREVER), CY_ENOPEER);
    return 0;
}

static void
a_node_without_a_network_is_at_one_place(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, alone_body, NULL), 0);
}

static int result;
static cy_ref found;

static int
seek(void *location)
{
    found = CY_NOBODY;
    result = 1;
    result = cy_task_locate(&found, "wanted", location, CY_FOREVER);
    return 0;
}

static cy_ref
spawn_seeker(const cy_location *location)
{
    cy_ref task = CY_NOBODY;
    struct cy_task_options joinable = {.joinable = true};
    CY_CHECK_EQ(cy_task_spawn_on(&task, 0, seek, (void *) (uintptr_t) location, &joinable), 0);
    CY_CHECK_EQ(cy_yield(), 0);
    return task;
}

static int
asks_body(void *arg)
{
    (void) arg;
    install();
    cy_ref seeker = spawn_seeker(NULL);
    CY_CHECK_EQ(net.asked, 1);
    CY_CHECK(!net.with_location);
    CY_CHECK_EQ(seekers(), 1);
    CY_CHECK_EQ(result, 1);
    answer(cyi_self, net.asker);
    CY_CHECK_EQ(cy_join(NULL, seeker, CY_FOREVER), 0);
    CY_CHECK_EQ(result, 0);
    CY_CHECK_EQ(found.node, ELSEWHERE);
    CY_CHECK_EQ(net.forgotten, 1);
    CY_CHECK_EQ(seekers(), 0);
    net.answers = true;
    CY_CHECK_EQ(cy_task_locate(&found, "wanted", NULL, CY_FOREVER), 0);
    CY_CHECK_EQ(found.node, ELSEWHERE);
    CY_CHECK_EQ(net.forgotten, 2);
    return 0;
}

static void
what_is_not_here_is_asked_of_the_network(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, asks_body, NULL), 0);
}

static int
meanwhile_body(void *arg)
{
    (void) arg;
    install();
    cy_ref seeker = spawn_seeker(NULL);
    CY_CHECK_EQ(cy_task_register("wanted"), 0);
    answer(cyi_self, net.asker); /* second */
    CY_CHECK_EQ(cy_join(NULL, seeker, CY_FOREVER), 0);
    CY_CHECK_EQ(result, 0);
    CY_CHECK(cy_ref_equal(found, cy_self()));
    CY_CHECK_EQ(net.forgotten, 1);
    CY_CHECK_EQ(cy_task_locate(&found, "wanted", NULL, CY_FOREVER), 0);
    CY_CHECK_EQ(net.asked, 1); /* it is here: nobody is asked */
    return 0;
}

static void
what_comes_here_meanwhile_is_found_too(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, meanwhile_body, NULL), 0);
}

static int
ends_body(void *arg)
{
    (void) arg;
    install();
    CY_CHECK_EQ(cy_task_locate(&found, "wanted", NULL, CY_NOW), -ETIMEDOUT);
    CY_CHECK_EQ(net.asked, 0);
    CY_CHECK_EQ(cy_task_locate(&found, "wanted", NULL, cy_after(CY_MICROSECOND)), -ETIMEDOUT);
    CY_CHECK_EQ(net.asked, 1);
    CY_CHECK_EQ(net.forgotten, 1);
    cy_ref seeker = spawn_seeker(NULL);
    CY_CHECK_EQ(cy_terminate(seeker), 0);
    CY_CHECK_EQ(cy_join(NULL, seeker, CY_FOREVER), 0);
    CY_CHECK_EQ(result, -ECANCELED);
    CY_CHECK_EQ(net.forgotten, 2);
    net.error = -ENOBUFS;
    CY_CHECK_EQ(cy_task_locate(&found, "wanted", NULL, CY_FOREVER), -ENOBUFS);
    CY_CHECK_EQ(cy_channel_locate(&found, "wanted", NULL, CY_FOREVER), -ENOBUFS);
    net.error = -ENOMEM;
    CY_CHECK_EQ(cy_task_locate(&found, "wanted", NULL, CY_FOREVER), -ENOMEM);
    CY_CHECK_EQ(cy_channel_locate(&found, "wanted", NULL, CY_FOREVER), -ENOMEM);
    CY_CHECK_EQ(net.forgotten, 2);
    CY_CHECK_EQ(seekers(), 0);
    return 0;
}

static void
each_question_ends_once(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, ends_body, NULL), 0);
}

static int
places_body(void *arg)
{
    cy_time soon = CY_MICROSECOND;
    (void) arg;
    install();
    CY_CHECK_EQ(cy_task_register("wanted"), 0);
    net.here = 0; /* this core */
    CY_CHECK_EQ(cy_task_locate(&found, "wanted", &SOMEWHERE, CY_FOREVER), 0);
    net.here = 1; /* another of this node */
    CY_CHECK_EQ(cy_task_locate(&found, "wanted", &SOMEWHERE, cy_after(soon)), -ETIMEDOUT);
    CY_CHECK_EQ(net.asked, 0);
    net.here = CYI_CORE_NONE; /* another node */
    CY_CHECK_EQ(cy_task_locate(&found, "wanted", &SOMEWHERE, CY_NOW), -ETIMEDOUT);
    CY_CHECK_EQ(cy_task_locate(&found, "wanted", &SOMEWHERE, cy_after(soon)), -ETIMEDOUT);
    CY_CHECK_EQ(net.asked, 1);
    CY_CHECK(net.with_location);
    net.answers = true;
    CY_CHECK_EQ(cy_task_locate(&found, "wanted", &SOMEWHERE, CY_FOREVER), 0);
    CY_CHECK_EQ(found.node, ELSEWHERE);
    net.here = CYI_CORE_ANY; /* all of this host */
    CY_CHECK_EQ(cy_task_locate(&found, "wanted", &SOME_HOST, CY_FOREVER), 0);
    CY_CHECK(cy_ref_equal(found, cy_self()));
    CY_CHECK_EQ(cy_task_unregister("wanted"), 0);
    CY_CHECK_EQ(cy_task_locate(&found, "wanted", &SOME_HOST, CY_FOREVER), 0);
    CY_CHECK_EQ(found.node, ELSEWHERE);
    return 0;
}

static void
a_location_says_who_is_asked(void)
{
    CU_ASSERT_EQUAL(cy_node_run(1, places_body, NULL), 0);
}

/* Both cores answer at the same time: whoever is first, the task goes on once. */
static int
owner(void *arg)
{
    (void) arg;
    CY_CHECK_EQ(cy_task_register("wanted"), 0);
    return 0;
}

static int
race_body(void *arg)
{
    (void) arg;
    install();
    for (long round = cy_test_scale(500); round > 0; round--) {
        cy_ref seeker = spawn_seeker(NULL), there = CY_NOBODY;
        struct cy_task_options joinable = {.joinable = true};
        CY_CHECK_EQ(cy_task_spawn_on(&there, 1, owner, NULL, &joinable), 0);
        if (net.asker != NULL)
            answer(cyi_self, net.asker);
        CY_CHECK_EQ(cy_join(NULL, seeker, CY_FOREVER), 0);
        CY_CHECK_EQ(cy_join(NULL, there, CY_FOREVER), 0);
        CY_CHECK_EQ(result, 0);
        CY_CHECK(!cy_ref_is_nobody(found));
    }
    CY_CHECK_EQ(net.asked, net.forgotten);
    CY_CHECK_EQ(seekers(), 0);
    return 0;
}

static void
two_answers_at_once_are_one(void)
{
    CU_ASSERT_EQUAL(cy_node_run(2, race_body, NULL), 0);
}

CY_TEST_MAIN("registry.resolver", CY_TEST(a_node_without_a_network_is_at_one_place),
             CY_TEST(what_is_not_here_is_asked_of_the_network),
             CY_TEST(what_comes_here_meanwhile_is_found_too), CY_TEST(each_question_ends_once),
             CY_TEST(a_location_says_who_is_asked), CY_TEST(two_answers_at_once_are_one))
