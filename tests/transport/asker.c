/* asker.c - questions to the cores of a trio, and what they answer. */
#include "asker.h"

cy_location
core_location(uint32_t node, uint16_t core)
{
    return cy_ref_location(trio.node[node]->cores[core]->home);
}

cy_ref
control_of(uint32_t node, uint16_t core)
{
    char name[CY_NAME_MAX + 1];
    cy_ref ref = CY_NOBODY;
    cy_location location = core_location(node, core);
    snprintf(name, sizeof name, "%s:%u", CY_CONTROL_NAME, location.port);
    CY_CHECK_EQ(cy_task_locate(&ref, name, &location, PATIENCE), 0);
    return ref;
}

struct answer answer;

void
ask_with(cy_ref control, cy_msg *question)
{
    cy_value_reader body;
    cy_msg_free(&answer.msg);
    CY_CHECK_EQ(cy_call(&answer.msg, control, &question, PATIENCE), 0);
    cy_msg_free(&question);
    CY_CHECK(answer.msg != NULL);
    if (answer.msg == NULL)
        return;
    CY_CHECK_EQ(cy_value_reader_init_msg(&body, answer.msg), 0);
    CY_CHECK_EQ(cy_value_get_map(&body, &answer.map), 0);
}

void
ask_page(cy_ref control, const char *what, uint64_t from, uint64_t max)
{
    cy_value_writer w;
    cy_msg *question = NULL;
    cy_value_writer_init_msg(&w, 7);
    cy_value_put_map(&w, 4);
    cy_value_put_text(&w, "v"), cy_value_put_uint(&w, CY_CONTROL_VERSION);
    cy_value_put_text(&w, "do"), cy_value_put_text(&w, what);
    cy_value_put_text(&w, "from"), cy_value_put_uint(&w, from);
    cy_value_put_text(&w, "max"), cy_value_put_uint(&w, max);
    CY_CHECK_EQ(cy_value_finish_msg(&w, &question), 0);
    ask_with(control, question);
}

void
ask(cy_ref control, const char *what)
{
    ask_page(control, what, 0, CY_CONTROL_PAGE_MAX);
}

cy_value_reader
entry(const cy_value_reader *map, const char *key)
{
    cy_value_reader value = {0};
    CY_CHECK_EQ(cy_value_find(map, key, &value), 0);
    return value;
}

uint64_t
number(const cy_value_reader *map, const char *key)
{
    uint64_t out = UINT64_MAX;
    cy_value_reader value = entry(map, key);
    CY_CHECK_EQ(cy_value_get_uint(&value, &out), 0);
    return out;
}

bool
flag(const cy_value_reader *map, const char *key)
{
    bool out = false;
    cy_value_reader value = entry(map, key);
    CY_CHECK_EQ(cy_value_get_bool(&value, &out), 0);
    return out;
}

/* Good until the next but one. */
const char *
text(const cy_value_reader *map, const char *key)
{
    static char texts[2][256];
    static unsigned turn;
    const char *at = "";
    size_t size = 0;
    cy_value_reader value = entry(map, key);
    CY_CHECK_EQ(cy_value_get_text(&value, &at, &size), 0);
    char *out = texts[turn++ % 2];
    snprintf(out, sizeof texts[0], "%.*s", (int) size, at);
    return out;
}

bool
is_text(const cy_value_reader *map, const char *key, const char *expect)
{
    return strcmp(text(map, key), expect) == 0;
}

cy_value_reader
list(const char *key)
{
    cy_value_reader items = {0}, value = entry(&answer.map, key);
    CY_CHECK_EQ(cy_value_get_list(&value, &items), 0);
    return items;
}

cy_value_reader
map_in(const cy_value_reader *map, const char *key)
{
    cy_value_reader inner = {0}, value = entry(map, key);
    CY_CHECK_EQ(cy_value_get_map(&value, &inner), 0);
    return inner;
}

/* The "next" of the answer; 0 at the end. */
uint64_t
next(void)
{
    cy_value_reader value = entry(&answer.map, "next");
    return cy_value_get_nil(&value) == 0 ? 0 : number(&answer.map, "next");
}

/* The item of a list whose entry is this text. */
bool
find_item(const char *key, const char *name, const char *expect, cy_value_reader *out)
{
    cy_value_reader items = list(key);
    while (cy_value_get_map(&items, out) == 0)
        if (is_text(out, name, expect))
            return true;
    return false;
}

uint32_t
length(const char *key)
{
    cy_value_reader items = list(key);
    uint32_t n = 0;
    while (cy_value_skip(&items) == 0)
        n++;
    return n;
}

void
run(cy_task_fn *test)
{
    answer.msg = NULL;
    trio_run(test);
}

int
done(void)
{
    cy_msg_free(&answer.msg);
    return 0;
}

int
wait_for_anything(void *arg)
{
    cy_msg *msg;
    while (cy_receive_tag(&msg, 99, CY_FOREVER) == 0)
        cy_msg_free(&msg);
    return (int) (intptr_t) arg;
}

int
spawn_named(void *arg)
{
    struct cy_task_options options = {.name = arg, .daemon = true};
    return cy_task_spawn(NULL, wait_for_anything, NULL, &options);
}

int
spawn_many(void *arg)
{
    static char name[] = "one of many";
    for (uintptr_t i = 0; i < (uintptr_t) arg; i++)
        CY_CHECK_EQ(spawn_named(name), 0);
    return 0;
}
