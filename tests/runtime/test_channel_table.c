#include "channel.h"
#include "cy_test.h"

#include <stdlib.h>

enum { MAX = 100 };

static struct cyi_channel_table table;
static struct cyi_channel channels[MAX + 1];

static void
begin(void)
{
    table = (struct cyi_channel_table){.max = MAX};
}

static void
end(void)
{
    free(table.slots);
}

static void
a_channel_is_found_by_its_slot_and_generation_only(void)
{
    begin();
    CY_OK(cyi_channel_table_put(&table, &channels[0]));
    uint32_t slot = channels[0].slot, generation = channels[0].generation;
    CU_ASSERT_EQUAL(slot >> 28, CY_KIND_CHANNEL);
    CU_ASSERT_NOT_EQUAL(generation, 0);
    CU_ASSERT_PTR_EQUAL(cyi_channel_table_at(&table, slot, generation), &channels[0]);
    CU_ASSERT_PTR_NULL(cyi_channel_table_at(&table, slot, generation + 1));
    CU_ASSERT_PTR_NULL(cyi_channel_table_at(&table, slot + 1, generation));
    CU_ASSERT_PTR_NULL(cyi_channel_table_at(&table, slot & CYI_SLOT_MASK, generation));
    end();
}

static void
a_slot_that_is_used_again_has_another_generation(void)
{
    begin();
    CY_OK(cyi_channel_table_put(&table, &channels[0]));
    uint32_t slot = channels[0].slot, generation = channels[0].generation;
    cyi_channel_table_take(&table, &channels[0]);
    CU_ASSERT_PTR_NULL(cyi_channel_table_at(&table, slot, generation));
    CU_ASSERT_PTR_NULL(cyi_channel_table_at(&table, slot, generation + 1));
    CY_OK(cyi_channel_table_put(&table, &channels[1]));
    CU_ASSERT_EQUAL(channels[1].slot, slot);
    CU_ASSERT_EQUAL(channels[1].generation, generation + 1);
    CU_ASSERT_PTR_NULL(cyi_channel_table_at(&table, slot, generation));
    end();
}

static void
generations_go_round_without_0(void)
{
    begin();
    CY_OK(cyi_channel_table_put(&table, &channels[0]));
    table.slots[0].generation = UINT32_MAX;
    cyi_channel_table_take(&table, &channels[0]);
    CY_OK(cyi_channel_table_put(&table, &channels[0]));
    CU_ASSERT_EQUAL(channels[0].generation, 1);
    end();
}

static void
it_holds_max_channels_and_no_more(void)
{
    begin();
    for (int i = 0; i < MAX; i++)
        CY_OK(cyi_channel_table_put(&table, &channels[i]));
    CY_FAILS(cyi_channel_table_put(&table, &channels[MAX]), -EAGAIN);
    for (int i = 0; i < MAX; i++)
        CU_ASSERT_PTR_EQUAL(
            cyi_channel_table_at(&table, channels[i].slot, channels[i].generation),
            &channels[i]);
    cyi_channel_table_take(&table, &channels[7]);
    CY_OK(cyi_channel_table_put(&table, &channels[MAX]));
    CU_ASSERT_EQUAL(channels[MAX].slot, channels[7].slot);
    CY_FAILS(cyi_channel_table_put(&table, &channels[7]), -EAGAIN);
    end();
}

CY_TEST_MAIN("runtime.channel_table",
             CY_TEST(a_channel_is_found_by_its_slot_and_generation_only),
             CY_TEST(a_slot_that_is_used_again_has_another_generation),
             CY_TEST(generations_go_round_without_0),
             CY_TEST(it_holds_max_channels_and_no_more))
