/* channel_table.c - the places of channels; generations tell their occupants apart. */
#include "channel.h"

#include <stdlib.h>

enum { FIRST_CAPACITY = 16 };

static int
grow(struct cyi_channel_table *table)
{
    uint32_t capacity = table->capacity == 0 ? FIRST_CAPACITY : table->capacity * 2;
    struct cyi_channel_slot *slots = realloc(table->slots, capacity * sizeof *slots);
    if (slots == NULL)
        return -ENOMEM;
    table->slots = slots;
    table->capacity = capacity;
    return 0;
}

int
cyi_channel_table_put(struct cyi_channel_table *table, struct cyi_channel *channel)
{
    uint32_t index;
    if (table->open >= table->max)
        return -EAGAIN;
    if (table->free != 0) {
        index = table->free - 1;
        table->free = table->slots[index].next_free;
    } else {
        if (table->count == table->capacity && grow(table) != 0)
            return -ENOMEM;
        index = table->count++;
        table->slots[index].generation = 1;
    }
    struct cyi_channel_slot *slot = &table->slots[index];
    slot->channel = channel;
    channel->slot = (uint32_t) CY_KIND_CHANNEL << 28 | index;
    channel->generation = slot->generation;
    table->open++;
    return 0;
}

void
cyi_channel_table_take(struct cyi_channel_table *table, struct cyi_channel *channel)
{
    uint32_t index = channel->slot & CYI_SLOT_MASK;
    struct cyi_channel_slot *slot = &table->slots[index];
    CY_ASSERT(slot->channel == channel);
    slot->channel = NULL;
    if (++slot->generation == 0)
        slot->generation = 1;
    slot->next_free = table->free;
    table->free = index + 1;
    table->open--;
}

struct cyi_channel *
cyi_channel_table_at(const struct cyi_channel_table *table, uint32_t slot, uint32_t generation)
{
    uint32_t index = slot & CYI_SLOT_MASK;
    if (slot >> 28 != CY_KIND_CHANNEL || index >= table->count)
        return NULL;
    const struct cyi_channel_slot *at = &table->slots[index];
    return at->generation == generation ? at->channel : NULL;
}
