/*
 * file_buffer.c - the room for the pieces of files.
 *
 * Such a buffer is larger than the blocks of a heap, so it would outlive a node whose tasks
 * are dropped with all they have. A list of the core's knows them.
 *
 * Tests: tests/transport/test_file_buffer.c
 */
#include "file_line.h"
#include <cycos/impl/heap.h>
#include <stdlib.h>

struct buffer {
    struct cyi_list link; /* in owner->file_buffers */
    _Alignas(64) uint8_t bytes[];
};
_Static_assert(CYI_FILE_SMALL_ROOM > CYI_HEAP_BLOCK_MIN << (CYI_HEAP_CLASSES - 1),
               "it comes from malloc(), so it can be freed without its heap");

uint8_t *
cyi_file_buffer_take(struct cyi_net_core *owner, size_t room)
{
    CY_ASSERT(room >= CYI_FILE_SMALL_ROOM);
    struct buffer *buffer =
        cyi_heap_take(&owner->core->heap, CYI_HEAP_BIG, sizeof *buffer + room);
    if (buffer == NULL)
        return NULL;
    cyi_list_init(&buffer->link);
    cyi_list_append(&owner->file_buffers, &buffer->link);
    return buffer->bytes;
}

void
cyi_file_buffer_give(struct cyi_net_core *owner, uint8_t **variable)
{
    if (*variable == NULL)
        return;
    struct buffer *buffer = cyi_container_of(*variable, struct buffer, bytes[0]);
    *variable = NULL;
    cyi_list_remove(&buffer->link);
    cyi_heap_give(&owner->core->heap, CYI_HEAP_BIG, buffer);
}

/* Not by way of the heap: it is to go on saying that nobody has given them back. */
void
cyi_file_buffers_drop(struct cyi_net_core *owner)
{
    cyi_list_for_each_safe(link, &owner->file_buffers) {
        cyi_list_remove(link);
        free(cyi_container_of(link, struct buffer, link));
    }
}
