/*
 * link_out.c - the way out: items become frames, frames wait until they are acknowledged.
 *
 * An item is written straight into the open frame, so that a send costs one copy. At the end
 * of a turn the frame is closed, numbered, and written with all others of its link in one
 * call. It stays until the other side has acknowledged it: after a cut it is sent again.
 *
 * Tests: tests/transport/test_link.c
 */
#include "connection.h"
#include <string.h>

enum { CLASS_FIRST = 2, CLASS_SPARE = 4, CLASS_MAX = CYI_HEAP_CLASSES - 1 };

static size_t
block_bytes(uint8_t class)
{
    return (size_t) CYI_HEAP_BLOCK_MIN << class;
}

/*
 * Room for the seal too, so that a sealed frame fits a block of the same class. The largest
 * is several records with TLS.
 */
static size_t
capacity_of(uint8_t class)
{
    size_t seal = class == CLASS_MAX ? CYI_TLS_SLACK : CYI_SEAL_OVERHEAD;
    return block_bytes(class) - sizeof(struct cyi_chunk) - CYI_FRAME_HEADER - seal;
}
_Static_assert((CYI_HEAP_BLOCK_MIN << CLASS_MAX) - (int) sizeof(struct cyi_chunk) -
                       CYI_FRAME_HEADER - CYI_TLS_SLACK >=
                   CYI_ITEM_HEADER + CYI_ITEM_MAX,
               "the longest item fits the largest frame");

static void
close_open(struct cyi_link *link)
{
    struct cyi_chunk *chunk = link->open;
    chunk->number = link->next_number;
    link->next_number = cyi_frame_after(chunk->number);
    link->open = NULL;
}

/* Answers and ends of tasks must not get lost for want of memory: some are provided for. */
void
cyi_link_provide(struct cyi_link *link)
{
    if (link->spare == NULL)
        link->spare =
            cyi_heap_take(&link->owner->core->heap, CLASS_SPARE, block_bytes(CLASS_SPARE));
}

void
cyi_link_drop_spare(struct cyi_link *link)
{
    if (link->spare != NULL)
        cyi_heap_give(&link->owner->core->heap, CLASS_SPARE, link->spare);
    link->spare = NULL;
}

static struct cyi_chunk *
take_chunk(struct cyi_link *link, uint8_t *class, size_t need, bool promised)
{
    struct cyi_chunk *chunk =
        cyi_heap_take(&link->owner->core->heap, *class, block_bytes(*class));
    if (chunk == NULL && promised && need <= capacity_of(CLASS_SPARE)) {
        chunk = link->spare;
        link->spare = NULL;
        *class = CLASS_SPARE;
    }
    return chunk;
}

/* The next frame is as large as this one should have been. */
static int
open_chunk(struct cyi_link *link, size_t need, bool promised)
{
    struct cyi_net_core *owner = link->owner;
    uint8_t class = link->chunk_class < CLASS_FIRST ? CLASS_FIRST : link->chunk_class;
    if (link->open != NULL && class < CLASS_MAX)
        class ++;
    while (capacity_of(class) < need)
        class ++;
    if (!promised && link->queued_bytes != 0 &&
        link->queued_bytes + block_bytes(class) > owner->net->limits.queue_bytes) {
        owner->counters.refused++;
        return -EAGAIN;
    }
    struct cyi_chunk *chunk = take_chunk(link, &class, need, promised);
    if (chunk == NULL)
        return -ENOMEM;
    if (link->open != NULL)
        close_open(link);
    *chunk = (struct cyi_chunk){.capacity = (uint32_t) capacity_of(class), .class = class};
    link->chunk_class = class;
    link->queued_bytes += block_bytes(class);
    *link->last = chunk;
    link->last = &chunk->next;
    link->open = chunk;
    if (link->next_out == NULL)
        link->next_out = chunk;
    return 0;
}

void
cyi_link_activate(struct cyi_link *link)
{
    if (!cyi_list_linked(&link->active))
        cyi_list_append(&link->owner->active, &link->active);
}

static uint8_t *
put(struct cyi_link *link, enum cyi_op op, uint8_t flags, size_t size, bool promised,
    int *error)
{
    size_t need = CYI_ITEM_HEADER + size;
    struct cyi_chunk *chunk = link->open;
    if (chunk == NULL || chunk->capacity - chunk->used < need) {
        *error = open_chunk(link, need, promised);
        if (*error != 0)
            return NULL;
        chunk = link->open;
    }
    uint8_t *at = chunk->bytes + CYI_FRAME_HEADER + chunk->used;
    chunk->used += (uint32_t) need;
    chunk->messages += op == CYI_OP_SEND || op == CYI_OP_FORWARD;
    link->owner->counters.items_sent++;
    cyi_link_activate(link);
    return cyi_item_write(at, op, flags, size);
}

uint8_t *
cyi_link_put(struct cyi_link *link, enum cyi_op op, uint8_t flags, size_t size, int *error)
{
    CY_ASSERT(size <= CYI_ITEM_MAX);
    return put(link, op, flags, size, false, error);
}

/* Where the way out stood before a long item. */
struct mark {
    struct cyi_chunk *open, *next_out, **last;
    uint32_t next_number, used, messages;
};

static struct mark
mark(const struct cyi_link *link)
{
    struct cyi_chunk *open = link->open;
    return (struct mark){.open = open,
                         .next_out = link->next_out,
                         .last = link->last,
                         .next_number = link->next_number,
                         .used = open == NULL ? 0 : open->used,
                         .messages = open == NULL ? 0 : open->messages};
}

static uint32_t
drop_list(struct cyi_link *link, struct cyi_chunk *chunk)
{
    uint32_t messages = 0;
    for (struct cyi_chunk *next; chunk != NULL; chunk = next) {
        next = chunk->next;
        messages += chunk->messages;
        link->queued_bytes -= block_bytes(chunk->class);
        cyi_heap_give(&link->owner->core->heap, chunk->class, chunk);
    }
    return messages;
}

/* Nothing of it was sent yet: that happens between turns only. */
static void
roll_back(struct cyi_link *link, const struct mark *to)
{
    drop_list(link, *to->last);
    *to->last = NULL;
    link->last = to->last;
    link->open = to->open;
    link->next_out = to->next_out;
    link->next_number = to->next_number;
    if (to->open != NULL) {
        to->open->number = 0;
        to->open->used = to->used;
        to->open->messages = to->messages;
    }
}

/* Takes the first n bytes off what is left. */
static void
copy_part(uint8_t *out, struct cyi_parts *rest, size_t n)
{
    size_t fixed = n < rest->fixed_size ? n : rest->fixed_size;
    if (fixed > 0)
        memcpy(out, rest->fixed, fixed);
    rest->fixed += fixed;
    rest->fixed_size -= fixed;
    if (n == fixed)
        return; /* a body of no bytes may be NULL */
    memcpy(out + fixed, rest->body, n - fixed);
    rest->body = (const uint8_t *) rest->body + (n - fixed);
    rest->size -= n - fixed;
}

static size_t
part_size(const struct cyi_parts *rest, size_t most)
{
    size_t left = rest->fixed_size + rest->size;
    return left < most ? left : most;
}

/* The limit is asked for the first part only: who may begin may end. */
static int
put_parts(struct cyi_link *link, const struct cyi_long_item *longer, uint8_t flags,
          struct cyi_parts *rest, bool promised)
{
    int error = 0;
    size_t n = part_size(rest, CYI_ITEM_MAX - CYI_LONG_BYTES);
    uint8_t *at = put(link, CYI_OP_LONG, flags, CYI_LONG_BYTES + n, promised, &error);
    if (at == NULL)
        return error;
    copy_part(cyi_long_write(at, longer), rest, n);
    while ((n = part_size(rest, CYI_ITEM_MAX)) != 0) {
        at = put(link, CYI_OP_MORE, 0, n, true, &error);
        if (at == NULL)
            return error;
        copy_part(at, rest, n);
    }
    link->open->messages += longer->op == CYI_OP_SEND || longer->op == CYI_OP_FORWARD;
    return 0;
}

static int
put_item(struct cyi_link *link, enum cyi_op op, uint8_t flags, const struct cyi_parts *parts,
         bool promised)
{
    struct cyi_parts rest = *parts;
    size_t size = rest.fixed_size + rest.size;
    int error = 0;
    if (size <= CYI_ITEM_MAX) {
        uint8_t *at = put(link, op, flags, size, promised, &error);
        if (at != NULL)
            copy_part(at, &rest, size);
        return error;
    }
    struct cyi_long_item longer = {.total = (uint32_t) size, .op = (uint8_t) op};
    struct mark before = mark(link);
    error = put_parts(link, &longer, flags, &rest, promised);
    if (error != 0)
        roll_back(link, &before);
    return error;
}

int
cyi_link_put_item(struct cyi_link *link, enum cyi_op op, uint8_t flags,
                  const struct cyi_parts *parts)
{
    return put_item(link, op, flags, parts, false);
}

int
cyi_link_put_promised(struct cyi_link *link, enum cyi_op op, uint8_t flags,
                      const struct cyi_parts *parts)
{
    return put_item(link, op, flags, parts, true);
}

void
cyi_link_control(struct cyi_link *link, enum cyi_op op, const void *body, size_t size)
{
    if (link->connection != NULL && cyi_connection_control(link->connection, op, body, size))
        cyi_link_activate(link);
}

/* What every frame says of the other direction. */
static struct cyi_frame
new_frame(struct cyi_link *link, enum cyi_lane lane, uint32_t number, uint32_t size)
{
    link->acknowledge = false;
    link->unacked_bytes = 0;
    link->ack_at = CY_FOREVER;
    return (struct cyi_frame){.size = size,
                              .number = number,
                              .ack = link->expected,
                              .credit = link->owner->net->limits.window_bytes,
                              .lane = (uint8_t) lane};
}

static int
gather_control(struct cyi_link *link)
{
    struct cyi_connection *connection = link->connection;
    if (!cyi_connection_prepare_control(connection))
        return -ENOMEM;
    struct cyi_frame frame = new_frame(link, CYI_LANE_CONTROL, 0, connection->control_used);
    return cyi_connection_take_control(connection, &frame) ? 0 : -EKEYEXPIRED;
}

/* The end of a turn: whose frames are less than half full gets smaller ones. */
static void
close_for_now(struct cyi_link *link)
{
    const struct cyi_chunk *chunk = link->open;
    if (chunk->class > CLASS_FIRST && chunk->used <= capacity_of(chunk->class - 1))
        link->chunk_class = chunk->class - 1;
    close_open(link);
}

static int
gather_data(struct cyi_link *link)
{
    struct cyi_connection *connection = link->connection;
    size_t batch = 0;
    if (link->open != NULL && link->open->used != 0)
        close_for_now(link);
    while (link->next_out != NULL && link->next_out->number != 0 && batch < CYI_BATCH_BYTES &&
           connection->piece_count < CYI_PIECES_MAX) {
        struct cyi_chunk *chunk = link->next_out;
        uint32_t size = CYI_FRAME_HEADER + chunk->used;
        if (link->flying_bytes + size > link->credit)
            break;
        struct cyi_frame frame = new_frame(link, CYI_LANE_DATA, chunk->number, chunk->used);
        int rc = cyi_connection_add(connection, &frame, chunk->bytes);
        if (rc != 0)
            return rc;
        link->owner->counters.resent += chunk->sent;
        chunk->sent = true;
        link->flying_bytes += size;
        link->next_out = chunk->next;
        batch += size;
    }
    return 0;
}

/*
 * How many frames there are to write now; -ENOMEM, or the connection is cut. The control frame
 * goes first. An acknowledgement rides on data, but must not wait for any: where both sides
 * have used up their windows, each waits for the other's.
 */
static int
gather(struct cyi_link *link)
{
    struct cyi_connection *connection = link->connection;
    int rc = connection->control != NULL ? gather_control(link) : 0;
    if (rc == 0)
        rc = gather_data(link);
    if (rc == 0 && link->acknowledge)
        rc = gather_control(link);
    if (rc == -EKEYEXPIRED)
        cyi_connection_cut(connection, rc);
    else if (connection->piece_count != 0)
        return (int) connection->piece_count;
    return rc;
}

void
cyi_link_flush(struct cyi_link *link)
{
    struct cyi_connection *connection = link->connection;
    if (__builtin_expect(link->spare == NULL, 0))
        cyi_link_provide(link);
    if (connection == NULL) {
        cyi_list_remove(&link->active);
        if (cyi_link_wanted(link))
            cyi_link_dial(link);
        return;
    }
    link->used_at = link->owner->core->sched.now;
    while (cyi_connection_write(connection)) {
        int rc = gather(link);
        if (rc == 0)
            cyi_list_remove(&link->active);
        if (rc <= 0)
            return;
    }
}

bool
cyi_link_pending(const struct cyi_link *link)
{
    return link->first != NULL && (link->first->used != 0 || link->first->next != NULL);
}

int
cyi_link_acknowledged(struct cyi_link *link, uint32_t ack)
{
    struct cyi_connection *connection = link->connection;
    if (cyi_frame_before(cyi_frame_after(connection->written), ack))
        return -EBADMSG;
    while (link->first != NULL && link->first->number != 0 &&
           cyi_frame_before(link->first->number, ack)) {
        struct cyi_chunk *chunk = link->first;
        link->first = chunk->next;
        link->stalls = 0;
        link->flying_bytes -= CYI_FRAME_HEADER + chunk->used;
        chunk->next = NULL;
        drop_list(link, chunk);
        /* The window has moved. */
        if (link->next_out != NULL)
            cyi_link_activate(link);
    }
    if (link->first == NULL)
        link->last = &link->first;
    return 0;
}

/* What it has got, it has got by an earlier connection, and acknowledges only now. */
int
cyi_link_resume(struct cyi_link *link, uint32_t next)
{
    struct cyi_connection *connection = link->connection;
    struct cyi_chunk *chunk = link->first;
    bool waits = chunk != NULL && chunk->number != 0;
    connection->written = (waits ? chunk->number : link->next_number) - 1;
    link->flying_bytes = 0;
    link->next_out = link->first;
    while (chunk != NULL && chunk->sent && cyi_frame_before(chunk->number, next)) {
        link->flying_bytes += CYI_FRAME_HEADER + chunk->used;
        link->next_out = chunk->next;
        connection->written = chunk->number;
        chunk = chunk->next;
    }
    if (cyi_frame_after(connection->written) != next)
        return -EBADMSG;
    return cyi_link_acknowledged(link, next);
}

uint32_t
cyi_link_drop_chunks(struct cyi_link *link)
{
    uint32_t messages = drop_list(link, link->first);
    link->first = link->next_out = link->open = NULL;
    link->last = &link->first;
    return messages;
}
