#include "asker.h"

#include <unistd.h>

/* What a core tells those who ask: on simulated nodes, the asker is a task of the first. */

static int
ping_all(void *arg)
{
    (void) arg;
    for (uint32_t node = 0; node < TRIO_NODES; node++) {
        for (uint16_t core = 0; core < (uint16_t) TRIO_CORES; core++) {
            const void *bytes;
            size_t size;
            char name[CY_NAME_MAX + 1];
            cy_location location = core_location(node, core);
            cy_ref by_port = control_of(node, core), by_index = CY_NOBODY;
            snprintf(name, sizeof name, "%s.%u", CY_CONTROL_NAME, core);
            CY_CHECK_EQ(cy_task_locate(&by_index, name, &location, PATIENCE), 0);
            CY_CHECK(cy_ref_equal(by_port, by_index));
            ask(by_port, "ping");
            CY_CHECK_EQ(number(&answer.map, "v"), CY_CONTROL_VERSION);
            CY_CHECK(is_text(&answer.map, "do", "ping"));
            CY_CHECK_EQ(number(&answer.map, "core"), core);
            cy_value_reader id = entry(&answer.map, "node");
            CY_CHECK_EQ(cy_value_get_bytes(&id, &bytes, &size), 0);
            CY_CHECK_EQ(size, 16);
            CY_CHECK(memcmp(bytes, trio.node[node]->incarnation, 16) == 0);
        }
    }
    return done();
}

static void
each_core_is_found_and_answers(void)
{
    run(ping_all);
}

static int
ask_about_a_node(void *arg)
{
    uint32_t n = 0;
    cy_value_reader core;
    (void) arg;
    ask(control_of(1, 1), "node");
    CY_CHECK(is_text(&answer.map, "name", ""));
    CY_CHECK(is_text(&answer.map, "phase", "running"));
    CY_CHECK(number(&answer.map, "process") > 1);
    CY_CHECK(number(&answer.map, "up_ns") <= (uint64_t) (10 * CY_MINUTE));
    cy_value_reader members = map_in(&answer.map, "members");
    CY_CHECK_EQ(number(&members, "online"), TRIO_NODES - 1);
    for (cy_value_reader cores = list("cores"); cy_value_get_map(&cores, &core) == 0; n++) {
        char place[CY_LOCATION_TEXT_MAX];
        cy_ref ref = CY_NOBODY;
        cy_location location = core_location(1, (uint16_t) n);
        cy_location_format(place, sizeof place, &location);
        cy_value_reader control = entry(&core, "control");
        CY_CHECK_EQ(number(&core, "core"), n);
        CY_CHECK(is_text(&core, "location", place));
        CY_CHECK(is_text(&core, "name", place));
        CY_CHECK_EQ(cy_value_get_ref(&control, &ref), 0);
        CY_CHECK(cy_ref_equal(ref, control_of(1, (uint16_t) n)));
    }
    CY_CHECK_EQ(n, TRIO_CORES);
    CY_CHECK(strstr(text(&answer.map, "options"), "cores = 2") != NULL);
    return done();
}

static void
a_node_tells_its_options_and_cores(void)
{
    run(ask_about_a_node);
}

static int
ask_about_counters(void *arg)
{
    static char sink[] = "sink";
    cy_ref control = control_of(1, 1);
    (void) arg;
    ask(control, "counters");
    cy_value_reader counters = map_in(&answer.map, "counters");
    uint64_t idle = number(&counters, "idle_ns"), at = number(&answer.map, "at");
    CY_CHECK_EQ(trio_on(1, 1, spawn_named, sink), 0);
    ask(control, "tasks");
    cy_value_reader task, value;
    cy_ref ref = CY_NOBODY;
    CY_CHECK(find_item("tasks", "name", "sink", &task));
    value = entry(&task, "task");
    CY_CHECK_EQ(cy_value_get_ref(&value, &ref), 0);
    for (int i = 0; i < 5; i++)
        CY_CHECK_EQ(cy_send_bytes(ref, 1, NULL, 0), 0);
    cy_sleep(CY_SECOND);
    ask(control, "counters");
    counters = map_in(&answer.map, "counters");
    /* In this world work takes no time: all that passed was idle. */
    CY_CHECK(number(&counters, "idle_ns") > idle);
    CY_CHECK(number(&counters, "idle_ns") - idle <= number(&answer.map, "at") - at);
    CY_CHECK(number(&counters, "tasks") > 0);
    cy_value_reader mail = map_in(&answer.map, "mailboxes");
    CY_CHECK_EQ(number(&mail, "queued"), 5);
    CY_CHECK_EQ(number(&mail, "deepest"), 5);
    CY_CHECK(is_text(&mail, "deepest_task", "sink"));
    CY_CHECK(flag(&mail, "complete"));
    cy_value_reader network = map_in(&answer.map, "network");
    CY_CHECK(number(&network, "frames_received") > 0);
    cy_value_reader links = map_in(&answer.map, "links");
    CY_CHECK_EQ(number(&links, "count"), 1);
    CY_CHECK_EQ(number(&links, "connected"), 1);
    return done();
}

static void
counters_are_told_with_idle_time_and_mailboxes(void)
{
    run(ask_about_counters);
}

static int
ask_about_more_than_is_walked(void *arg)
{
    cy_ref control = control_of(1, 1);
    (void) arg;
    ask(control, "tasks");
    uintptr_t more = CY_CONTROL_WALK_MAX - trio.node[1]->cores[1]->tasks.count;
    /* The task that spawns them takes a place as well. */
    CY_CHECK_EQ(trio_on(1, 1, spawn_many, (void *) (more - 1)), 0);
    ask(control, "counters");
    cy_value_reader mail = map_in(&answer.map, "mailboxes");
    CY_CHECK_EQ(trio.node[1]->cores[1]->tasks.count, CY_CONTROL_WALK_MAX);
    CY_CHECK(flag(&mail, "complete"));
    CY_CHECK_EQ(trio_on(1, 1, spawn_many, (void *) (uintptr_t) 2), 0);
    ask(control, "counters");
    mail = map_in(&answer.map, "mailboxes");
    CY_CHECK(!flag(&mail, "complete"));
    return done();
}

static void
a_walk_over_too_many_tasks_says_so(void)
{
    run(ask_about_more_than_is_walked);
}

static int
make_channels(void *arg)
{
    char name[CY_NAME_MAX + 1];
    cy_ref channel;
    memset(name, 'c', CY_NAME_MAX);
    name[CY_NAME_MAX] = '\0';
    for (uintptr_t i = 0; i < (uintptr_t) arg; i++)
        CY_CHECK_EQ(cy_channel_create(&channel, name, NULL), 0);
    return 0;
}

static size_t
dump_size(cy_ref control)
{
    const char *at = "";
    size_t size = 0;
    ask(control, "dump");
    cy_value_reader value = entry(&answer.map, "text");
    CY_CHECK_EQ(cy_value_get_text(&value, &at, &size), 0);
    CY_CHECK(size > 12 && memcmp(at, "cycos: core ", 12) == 0);
    return size;
}

static int
ask_for_dumps(void *arg)
{
    cy_ref control = control_of(2, 0);
    (void) arg;
    size_t before = dump_size(control);
    CY_CHECK(!flag(&answer.map, "cut"));
    CY_CHECK_EQ(trio_on(2, 0, make_channels, (void *) (uintptr_t) 100), 0);
    size_t each = (dump_size(control) - before) / 100;
    CY_CHECK(each > 64 && each < 1000);
    uintptr_t many = CY_CONTROL_TEXT_MAX / each + 200;
    CY_CHECK_EQ(trio_on(2, 0, make_channels, (void *) many), 0);
    CY_CHECK_EQ(dump_size(control), CY_CONTROL_TEXT_MAX);
    CY_CHECK(flag(&answer.map, "cut"));
    return done();
}

static void
a_dump_is_told_up_to_its_limit(void)
{
    run(ask_for_dumps);
}

static cy_msg *
question_of(const void *body, size_t size)
{
    cy_msg *msg = NULL;
    CY_CHECK_EQ(cy_msg_copy(&msg, 1, body, size), 0);
    return msg;
}

/* {"v": v, "do": what, key: a number or (NULL) a text} */
static cy_msg *
odd_question(uint64_t v, const char *what, const char *key, const uint64_t *value)
{
    cy_value_writer w;
    cy_msg *msg = NULL;
    cy_value_writer_init_msg(&w, 1);
    cy_value_put_map(&w, 3);
    cy_value_put_text(&w, "v"), cy_value_put_uint(&w, v);
    cy_value_put_text(&w, "do");
    if (what != NULL)
        cy_value_put_text(&w, what);
    else
        cy_value_put_nil(&w);
    cy_value_put_text(&w, key);
    if (value != NULL)
        cy_value_put_uint(&w, *value);
    else
        cy_value_put_text(&w, "a text");
    CY_CHECK_EQ(cy_value_finish_msg(&w, &msg), 0);
    return msg;
}

static bool
is_refused(cy_ref control, cy_msg *question, const char *error)
{
    ask_with(control, question);
    CY_CHECK_EQ(number(&answer.map, "v"), CY_CONTROL_VERSION);
    CY_CHECK(text(&answer.map, "why")[0] != '\0');
    return is_text(&answer.map, "error", error);
}

static int
ask_what_makes_no_sense(void *arg)
{
    static const uint8_t empty_map[] = {0xa0}, list_of_none[] = {0x80}, cut_off[] = {0xa1};
    static const uint64_t zero, one = 1;
    cy_ref control = control_of(1, 1);
    (void) arg;
    CY_CHECK(is_refused(control, question_of("", 0), "EBADMSG"));
    CY_CHECK(is_refused(control, question_of("\xff\xff\xff", 3), "EBADMSG"));
    CY_CHECK(is_refused(control, question_of(list_of_none, 1), "EBADMSG"));
    CY_CHECK(is_refused(control, question_of(cut_off, 1), "EBADMSG"));
    CY_CHECK(is_refused(control, question_of(empty_map, 1), "EPROTONOSUPPORT"));
    CY_CHECK(is_refused(control, odd_question(2, "ping", "x", &one), "EPROTONOSUPPORT"));
    CY_CHECK(is_refused(control, odd_question(1, NULL, "x", &one), "EINVAL"));
    CY_CHECK(is_refused(control, odd_question(1, "pin", "x", &one), "EOPNOTSUPP"));
    CY_CHECK(is_refused(control, odd_question(1, "pings", "x", &one), "EOPNOTSUPP"));
    CY_CHECK(is_refused(control, odd_question(1, "tasks", "from", NULL), "EINVAL"));
    CY_CHECK(is_refused(control, odd_question(1, "tasks", "max", NULL), "EINVAL"));
    CY_CHECK(is_refused(control, odd_question(1, "tasks", "max", &zero), "EINVAL"));
    ask_with(control, odd_question(1, "ping", "what nobody knows", NULL));
    CY_CHECK(is_text(&answer.map, "do", "ping"));
    return done();
}

static void
what_makes_no_sense_is_refused_by_name(void)
{
    run(ask_what_makes_no_sense);
}

static uint32_t
draw(uint32_t below)
{
    static uint64_t state = 77;
    state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t) (state >> 33) % below;
}

/* A good question, damaged: some bytes are others, and some of the end may be missing. */
static int
ask_at_random(void *arg)
{
    static const char *const WHAT[] = {"ping", "node", "counters", "tasks", "names", "links"};
    cy_ref control = control_of(1, 1);
    (void) arg;
    for (int i = 0; i < 3000; i++) {
        uint64_t from = draw(40);
        cy_msg *good = odd_question(1, WHAT[draw(6)], draw(2) ? "from" : "max", &from);
        uint8_t bytes[64];
        size_t size = cy_msg_size(good);
        memcpy(bytes, cy_msg_body(good), size);
        cy_msg_free(&good);
        for (uint32_t n = draw(4); n > 0; n--)
            bytes[draw((uint32_t) size)] = (uint8_t) draw(256);
        ask_with(control, question_of(bytes, size - draw(2) * draw((uint32_t) size)));
        CY_CHECK_EQ(number(&answer.map, "v"), CY_CONTROL_VERSION);
    }
    return done();
}

static void
each_damaged_question_gets_an_answer(void)
{
    run(ask_at_random);
}

/* Without waiting for the answer: it comes as a message. */
static int
ask_by_sending(void *arg)
{
    cy_ref control = control_of(1, 1);
    cy_msg *question = odd_question(1, "ping", "x", NULL), *msg;
    cy_value_reader body, map = {0};
    (void) arg;
    CY_CHECK_EQ(cy_send(control, &question), 0);
    CY_CHECK_EQ(cy_receive(&msg, PATIENCE), 0);
    CY_CHECK(cy_ref_equal(cy_msg_sender(msg), control));
    CY_CHECK_EQ(cy_value_reader_init_msg(&body, msg), 0);
    CY_CHECK_EQ(cy_value_get_map(&body, &map), 0);
    CY_CHECK_EQ(number(&map, "core"), 1);
    cy_msg_free(&msg);
    return 0;
}

static void
a_question_may_be_sent_as_any_message(void)
{
    run(ask_by_sending);
}

static int
look_for_none(void *arg)
{
    cy_ref ref;
    (void) arg;
    CY_CHECK_EQ(cy_task_lookup(&ref, CY_CONTROL_NAME ".0"), -ENOENT);
    return 7;
}

static int
look_for_one(void *arg)
{
    cy_ref ref;
    (void) arg;
    CY_CHECK_EQ(cy_task_lookup(&ref, CY_CONTROL_NAME ".0"), 0);
    CY_CHECK_EQ(cy_task_lookup(&ref, CY_CONTROL_NAME ".1"), 0);
    CY_CHECK_EQ(cy_task_lookup(&ref, CY_CONTROL_NAME ".2"), -ENOENT);
    ask(ref, "ping");
    return done();
}

/* A node of its own, on the real system; it ends although the service waits. */
static int
run_alone(bool control, cy_task_fn *fn)
{
    static const char *const loopback[] = {"127.0.0.1"};
    struct cy_options options;
    cy_node_options(&options, 2);
    options.network = cy_network();
    options.discover_peers = false;
    options.udp_port = 20000 + (uint32_t) getpid() % 10000; /* may be shared */
    options.node = (struct cy_option_list){loopback, 1};
    options.control = control;
    return cy_node_run_with(&options, fn, NULL);
}

static void
without_the_option_nobody_answers(void)
{
    CU_ASSERT_EQUAL(run_alone(false, look_for_none), 7);
}

static void
the_service_does_not_keep_a_node_running(void)
{
    answer.msg = NULL;
    CU_ASSERT_EQUAL(run_alone(true, look_for_one), 0);
}

CY_TEST_MAIN("transport.control", CY_TEST(each_core_is_found_and_answers),
             CY_TEST(a_node_tells_its_options_and_cores),
             CY_TEST(counters_are_told_with_idle_time_and_mailboxes),
             CY_TEST(a_walk_over_too_many_tasks_says_so),
             CY_TEST(a_dump_is_told_up_to_its_limit),
             CY_TEST(what_makes_no_sense_is_refused_by_name),
             CY_TEST(each_damaged_question_gets_an_answer),
             CY_TEST(a_question_may_be_sent_as_any_message),
             CY_TEST(without_the_option_nobody_answers),
             CY_TEST(the_service_does_not_keep_a_node_running))
