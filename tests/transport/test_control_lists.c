#include "asker.h"

/* Lists of tasks, names and links, in pages. */

static int
ask_about_tasks(void *arg)
{
    static char odd[] = "blank and \xff\xc3\xa9", name[] = "blank and \xc3\xa9";
    cy_value_reader task;
    cy_ref control = control_of(2, 1), ref = CY_NOBODY;
    (void) arg;
    CY_CHECK_EQ(trio_on(2, 1, spawn_named, odd), 0);
    CY_CHECK_EQ(trio_on(2, 1, spawn_named, name), 0);
    ask(control, "tasks");
    CY_CHECK_EQ(number(&answer.map, "alive"), length("tasks"));
    CY_CHECK_EQ(next(), 0);
    CY_CHECK(find_item("tasks", "name", "blank and ???", &task));
    CY_CHECK(find_item("tasks", "name", "blank and \xc3\xa9", &task));
    CY_CHECK(is_text(&task, "state", "waiting"));
    CY_CHECK(is_text(&task, "wait", "message"));
    CY_CHECK(number(&task, "stack_used") > 0);
    CY_CHECK(number(&task, "stack_bytes") >= number(&task, "stack_used"));
    cy_value_reader value = entry(&task, "timeout_ns"), flags = entry(&task, "flags");
    CY_CHECK_EQ(cy_value_get_nil(&value), 0);
    CY_CHECK_EQ(cy_value_get_list(&flags, &flags), 0);
    const char *word = "";
    size_t size = 0;
    CY_CHECK_EQ(cy_value_get_text(&flags, &word, &size), 0);
    CY_CHECK(size == 6 && memcmp(word, "daemon", 6) == 0);
    value = entry(&task, "task");
    CY_CHECK_EQ(cy_value_get_ref(&value, &ref), 0);
    for (int i = 0; i < 3; i++)
        CY_CHECK_EQ(cy_send_bytes(ref, 1, NULL, 0), 0);
    cy_sleep(CY_SECOND);
    ask(control, "tasks");
    CY_CHECK(find_item("tasks", "name", "blank and \xc3\xa9", &task));
    CY_CHECK_EQ(number(&task, "queued"), 3);
    CY_CHECK(number(&task, "waited_ns") > (uint64_t) (900 * CY_MILLISECOND));
    CY_CHECK(find_item("tasks", "name", CY_CONTROL_NAME, &task)); /* itself, at work */
    CY_CHECK(is_text(&task, "state", "running"));
    value = entry(&task, "wait");
    CY_CHECK_EQ(cy_value_get_nil(&value), 0);
    return done();
}

static void
tasks_are_told_with_what_they_wait_for(void)
{
    run(ask_about_tasks);
}

static int
page_through_tasks(void *arg)
{
    cy_ref control = control_of(1, 0);
    uint32_t sum = 0, pages = 0;
    uint64_t from = 0, alive;
    (void) arg;
    CY_CHECK_EQ(trio_on(1, 0, spawn_many, (void *) (uintptr_t) (CY_CONTROL_PAGE_MAX + 1)), 0);
    ask(control, "tasks");
    alive = number(&answer.map, "alive");
    CY_CHECK(alive > CY_CONTROL_PAGE_MAX);
    CY_CHECK_EQ(length("tasks"), CY_CONTROL_PAGE_MAX);
    CY_CHECK(next() != 0);
    ask_page(control, "tasks", 0, CY_CONTROL_PAGE_MAX + 1); /* is taken for the limit */
    CY_CHECK_EQ(length("tasks"), CY_CONTROL_PAGE_MAX);
    do {
        ask_page(control, "tasks", from, 100);
        CY_CHECK(length("tasks") <= 100);
        sum += length("tasks");
        from = next();
        pages++;
    } while (from != 0 && pages < 100);
    CY_CHECK_EQ(sum, alive);
    CY_CHECK_EQ(pages, (alive + 99) / 100);
    ask_page(control, "tasks", UINT64_MAX, 1);
    CY_CHECK_EQ(length("tasks"), 0);
    CY_CHECK_EQ(next(), 0);
    return done();
}

static void
many_tasks_come_in_pages(void)
{
    run(page_through_tasks);
}

static int
own_names(void *arg)
{
    char name[CY_NAME_MAX + 1];
    for (uintptr_t i = 0; i < (uintptr_t) arg; i++) {
        snprintf(name, sizeof name, "name-%zu", (size_t) i);
        CY_CHECK_EQ(cy_task_register(name), 0);
    }
    return wait_for_anything(NULL);
}

/* How many are told of, in pages of so many. */
static uint32_t
count_names(cy_ref control, uint32_t max)
{
    uint32_t sum = 0, pages = 0;
    uint64_t from = 0;
    do {
        ask_page(control, "names", from, max);
        CY_CHECK(length("names") <= max);
        sum += length("names");
        from = next();
    } while (from != 0 && ++pages < 1000);
    return sum;
}

static int
ask_about_names(void *arg)
{
    enum { NAMES = 1200, ALWAYS = 2 * TRIO_CORES };
    cy_ref control = control_of(1, 1), ref, told = CY_NOBODY;
    cy_value_reader name, value;
    cy_location there = core_location(1, 0);
    (void) arg;
    CY_CHECK_EQ(count_names(control, 1), ALWAYS);
    CY_CHECK(find_item("names", "kind", "task", &name));
    trio_spawn(1, 0, own_names, (void *) (uintptr_t) 1);
    CY_CHECK_EQ(cy_task_locate(&ref, "name-0", &there, PATIENCE), 0);
    ask(control, "names");
    CY_CHECK(find_item("names", "name", "name-0", &name));
    value = entry(&name, "ref");
    CY_CHECK_EQ(cy_value_get_ref(&value, &told), 0);
    CY_CHECK(cy_ref_equal(told, ref));
    CY_CHECK_EQ(cy_terminate(ref), 0);
    cy_sleep(CY_SECOND);
    CY_CHECK_EQ(count_names(control, 10), ALWAYS);
    trio_spawn(1, 0, own_names, (void *) (uintptr_t) NAMES);
    CY_CHECK_EQ(cy_task_locate(&ref, "name-1199", &there, PATIENCE), 0);
    CY_CHECK_EQ(count_names(control, CY_CONTROL_PAGE_MAX), NAMES + ALWAYS);
    CY_CHECK_EQ(count_names(control, 7), NAMES + ALWAYS);
    return done();
}

static void
names_are_told_once_each_in_pages(void)
{
    run(ask_about_names);
}

static int
ask_about_links(void *arg)
{
    char me[CY_LOCATION_TEXT_MAX];
    cy_value_reader link;
    cy_location location = core_location(0, 0);
    (void) arg;
    cy_location_format(me, sizeof me, &location);
    ask(control_of(1, 1), "links");
    CY_CHECK_EQ(length("links"), 1);
    CY_CHECK(find_item("links", "peer", me, &link));
    CY_CHECK(is_text(&link, "state", "connected"));
    CY_CHECK_EQ(number(&link, "node"), trio.node[0]->tag);
    CY_CHECK_EQ(number(&link, "core"), 0);
    CY_CHECK(!flag(&link, "hub"));
    uint64_t in = number(&link, "bytes_received"), out = number(&link, "bytes_sent");
    uint64_t frames = number(&link, "frames_received");
    CY_CHECK(in > 0 && frames > 0);
    ask(control_of(1, 1), "links");
    CY_CHECK(find_item("links", "peer", me, &link));
    CY_CHECK(number(&link, "bytes_received") > in);
    CY_CHECK(number(&link, "bytes_sent") > out);
    CY_CHECK(number(&link, "frames_received") > frames);
    CY_CHECK(number(&link, "frames_sent") > 0);
    ask(control_of(1, 0), "links");
    CY_CHECK(length("links") >= TRIO_NODES - 1);
    ask_page(control_of(1, 0), "links", 0, 1);
    CY_CHECK_EQ(length("links"), 1);
    CY_CHECK(next() > 1);
    ask_page(control_of(1, 0), "links", UINT64_MAX, 1);
    CY_CHECK_EQ(length("links"), 0);
    CY_CHECK_EQ(next(), 0);
    return done();
}

static void
links_are_told_with_their_traffic(void)
{
    run(ask_about_links);
}

CY_TEST_MAIN("transport.control_lists", CY_TEST(tasks_are_told_with_what_they_wait_for),
             CY_TEST(many_tasks_come_in_pages), CY_TEST(names_are_told_once_each_in_pages),
             CY_TEST(links_are_told_with_their_traffic))
