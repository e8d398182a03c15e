#include "command.h"
#include "cy_test.h"

#include <ctype.h>

static struct kv_command_index table;

static const struct kv_command *
lookup(const char *name)
{
    kv_command_index_init(&table);
    return kv_command_lookup(&table, name, strlen(name));
}

static void
finds_every_command_in_either_case(void)
{
    kv_command_index_init(&table);
    for (uint32_t i = 0; i < kv_command_count; i++) {
        const struct kv_command *command = &kv_commands[i];
        char upper[32];
        size_t bytes = strlen(command->name);
        if ((command->flags & KV_INTERNAL) != 0)
            continue;
        for (size_t j = 0; j < bytes; j++)
            upper[j] = (char) toupper((unsigned char) command->name[j]);
        CU_ASSERT_PTR_EQUAL(kv_command_lookup(&table, command->name, bytes), command);
        CU_ASSERT_PTR_EQUAL(kv_command_lookup(&table, upper, bytes), command);
        CU_ASSERT_EQUAL(kv_command_number(command), i);
    }
}

static void
finds_nothing_by_a_name_that_is_almost_one(void)
{
    static const char *const names[] = {"",
                                        "ge",
                                        "gett",
                                        "get ",
                                        "GE\x14",
                                        "g\x05t",
                                        "xget",
                                        "sett",
                                        "statistics",
                                        "put",
                                        "punsubscribepunsubscribe",
                                        "punsubscribe1"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        CU_ASSERT_PTR_NULL(lookup(names[i]));
    CU_ASSERT_PTR_NULL(kv_command_lookup(&table, "get\0", 4));
}

static void
the_program_finds_its_own_commands(void)
{
    CU_ASSERT_STRING_EQUAL(kv_command_named("statistics")->name, "statistics");
    CU_ASSERT((kv_command_named("put")->flags & KV_DENY_OOM) == 0);
}

static void
every_row_of_the_table_makes_sense(void)
{
    for (uint32_t i = 0; i < kv_command_count; i++) {
        const struct kv_command *command = &kv_commands[i];
        bool on_shard = command->scope != KV_ON_CONNECTION;
        CU_ASSERT_EQUAL(on_shard, command->run != NULL);
        CU_ASSERT_EQUAL(command->serve != NULL, !on_shard || command->scope == KV_APART);
        CU_ASSERT_NOT_EQUAL(command->arity, 0);
        CU_ASSERT_EQUAL(command->key_step > 0, command->first_key > 0);
        CU_ASSERT(strlen(command->summary) > 5);
        CU_ASSERT(strlen(command->name) <= 16);
        if ((command->flags & KV_DENY_OOM) != 0)
            CU_ASSERT((command->flags & KV_WRITE) != 0);
    }
}

static void
arity_is_exact_or_a_minimum(void)
{
    const struct kv_command *get = lookup("get");
    CU_ASSERT(!kv_command_arity_ok(get, 1));
    CU_ASSERT(kv_command_arity_ok(get, 2));
    CU_ASSERT(!kv_command_arity_ok(get, 3));
    const struct kv_command *del = lookup("del");
    CU_ASSERT(!kv_command_arity_ok(del, 1));
    CU_ASSERT(kv_command_arity_ok(del, 2));
    CU_ASSERT(kv_command_arity_ok(del, 200));
}

static void
words_are_compared_whatever_their_case(void)
{
    CU_ASSERT(kv_arg_is(&(struct kv_arg){"kEePtTl", 7, NULL}, "keepttl"));
    CU_ASSERT(!kv_arg_is(&(struct kv_arg){"keepttl", 6, NULL}, "keepttl"));
    CU_ASSERT(!kv_arg_is(&(struct kv_arg){"keepttlx", 8, NULL}, "keepttl"));
    CU_ASSERT(!kv_arg_is(&(struct kv_arg){"nx\0", 3, NULL}, "nx"));
    CU_ASSERT(kv_arg_is(&(struct kv_arg){"", 0, NULL}, ""));
}

CY_TEST_MAIN("kv.command", CY_TEST(finds_every_command_in_either_case),
             CY_TEST(finds_nothing_by_a_name_that_is_almost_one),
             CY_TEST(the_program_finds_its_own_commands),
             CY_TEST(every_row_of_the_table_makes_sense), CY_TEST(arity_is_exact_or_a_minimum),
             CY_TEST(words_are_compared_whatever_their_case))
