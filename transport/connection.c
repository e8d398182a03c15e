/*
 * connection.c - the record of a connection, and what goes out on it.
 *
 * Tests: tests/sim/test_links.c
 */
#include "connection.h"
#include <cycos/impl/io.h>
#include <string.h>

static struct cyi_heap *
heap_of(const struct cyi_connection *connection)
{
    return &connection->owner->core->heap;
}

int
cyi_connection_open(struct cyi_connection **out, struct cyi_net_core *owner, cy_socket *socket)
{
    uint8_t class = cyi_heap_class(sizeof(struct cyi_connection));
    struct cyi_connection *connection =
        cyi_heap_take(&owner->core->heap, class, sizeof *connection);
    if (connection == NULL)
        return -ENOMEM;
    *connection = (struct cyi_connection){.owner = owner, .socket = socket};
    *out = connection;
    return 0;
}

static void
give(struct cyi_connection *connection, uint8_t class, void *block)
{
    if (block != NULL)
        cyi_heap_give(heap_of(connection), class, block);
}

void
cyi_connection_free(struct cyi_connection **freed)
{
    struct cyi_connection *connection = *freed;
    cyi_connection_cut(connection, connection->error);
    cyi_list_remove(&connection->parting);
    for (uint32_t i = 0; i < connection->piece_count; i++) {
        struct cyi_piece *piece = &connection->pieces[connection->piece_first + i];
        give(connection, piece->class, piece->block);
    }
    give(connection, cyi_heap_class(CYI_CONTROL_BYTES), connection->control);
    give(connection, connection->rest_class, connection->rest);
    cyi_seal_fini(&connection->send);
    cyi_seal_fini(&connection->receive);
    cyi_tls_close(&connection->tls);
    give(connection, cyi_heap_class(sizeof *connection), connection);
    *freed = NULL;
}

void
cyi_connection_cut(struct cyi_connection *connection, int error)
{
    struct cyi_link *link = connection->link;
    if (connection->error == 0)
        connection->error = error;
    cy_close(&connection->socket);
    connection->link = NULL;
    if (link != NULL && link->connection == connection)
        link->connection = NULL;
}

bool
cyi_connection_prepare_control(struct cyi_connection *connection)
{
    if (connection->control != NULL)
        return true;
    connection->control_used = 0;
    connection->control = cyi_heap_take(heap_of(connection), cyi_heap_class(CYI_CONTROL_BYTES),
                                        CYI_CONTROL_BYTES);
    return connection->control != NULL;
}

bool
cyi_connection_control(struct cyi_connection *connection, enum cyi_op op, const void *body,
                       size_t size)
{
    if (!cyi_connection_prepare_control(connection))
        return false;
    size_t at = CYI_FRAME_HEADER + connection->control_used;
    size_t room = CYI_CONTROL_BYTES - CYI_TLS_SLACK - at;
    if (room < CYI_ITEM_HEADER + size)
        return false;
    uint8_t *to = cyi_item_write(connection->control + at, op, 0, size);
    if (size > 0)
        memcpy(to, body, size);
    connection->control_used += (uint32_t) (CYI_ITEM_HEADER + size);
    return true;
}

static struct cyi_piece *
new_piece(struct cyi_connection *connection)
{
    CY_ASSERT(connection->piece_first + connection->piece_count < CYI_PIECES_MAX);
    return &connection->pieces[connection->piece_first + connection->piece_count++];
}

/* The bytes of a frame, sealed or made a record of; their number. `out` may be `bytes`. */
static ssize_t
protect(struct cyi_connection *connection, uint8_t *out, size_t room, const uint8_t *bytes,
        size_t size)
{
    if (connection->tls != NULL)
        return cyi_tls_seal(connection->tls, out, room, bytes, size);
    if (out != bytes)
        memcpy(out, bytes, CYI_FRAME_HEADER);
    int rc = cyi_seal(&connection->send, out, CYI_FRAME_HEADER, bytes + CYI_FRAME_HEADER,
                      size - CYI_FRAME_HEADER, out + CYI_FRAME_HEADER);
    return rc != 0 ? rc : (ssize_t) (size + CYI_SEAL_OVERHEAD);
}

static size_t
protected_bytes(const struct cyi_connection *connection, size_t size)
{
    return connection->tls != NULL ? cyi_tls_sealed_bytes(connection->tls, size)
                                   : size + CYI_SEAL_OVERHEAD;
}

/* Sealed in place: a control frame is never sent again. */
bool
cyi_connection_take_control(struct cyi_connection *connection, const struct cyi_frame *frame)
{
    uint8_t *bytes = connection->control;
    size_t size = CYI_FRAME_HEADER + frame->size;
    cyi_frame_write(bytes, frame);
    if (!cyi_connection_is_plain(connection)) {
        ssize_t n = protect(connection, bytes, CYI_CONTROL_BYTES, bytes, size);
        if (n < 0)
            return false;
        size = (size_t) n;
    }
    *new_piece(connection) = (struct cyi_piece){
        .at = bytes, .left = size, .block = bytes, .class = cyi_heap_class(CYI_CONTROL_BYTES)};
    connection->control = NULL;
    connection->control_used = 0;
    return true;
}

int
cyi_connection_add(struct cyi_connection *connection, const struct cyi_frame *frame,
                   uint8_t *bytes)
{
    size_t size = CYI_FRAME_HEADER + frame->size;
    cyi_frame_write(bytes, frame);
    if (cyi_connection_is_plain(connection)) {
        *new_piece(connection) =
            (struct cyi_piece){.at = bytes, .left = size, .number = frame->number};
        return 0;
    }
    size_t room = protected_bytes(connection, size);
    uint8_t class = cyi_heap_class(room);
    uint8_t *block = cyi_heap_take(heap_of(connection), class, room);
    if (block == NULL)
        return -ENOMEM;
    ssize_t n = protect(connection, block, room, bytes, size);
    if (n < 0) {
        give(connection, class, block);
        return -EKEYEXPIRED;
    }
    *new_piece(connection) = (struct cyi_piece){.at = block,
                                                .left = (size_t) n,
                                                .block = block,
                                                .class = class,
                                                .number = frame->number};
    return 0;
}

/* The first n bytes of the pieces have gone. */
static void
pass(struct cyi_connection *connection, size_t n)
{
    /* What goes out after the link has ended is nobody's. */
    struct cyi_link_traffic nobody = {0};
    struct cyi_link_traffic *traffic =
        connection->link != NULL ? &connection->link->traffic : &nobody;
    connection->owner->counters.bytes_sent += n;
    traffic->bytes_sent += n;
    while (connection->piece_count > 0) {
        struct cyi_piece *piece = &connection->pieces[connection->piece_first];
        if (n < piece->left) {
            piece->at += n;
            piece->left -= n;
            return;
        }
        n -= piece->left;
        if (piece->number != 0)
            connection->written = piece->number;
        give(connection, piece->class, piece->block);
        connection->owner->counters.frames_sent++;
        traffic->frames_sent++;
        connection->piece_first++;
        connection->piece_count--;
    }
    connection->piece_first = 0;
}

bool
cyi_connection_write(struct cyi_connection *connection)
{
    struct iovec parts[CYI_PIECES_MAX];
    while (connection->piece_count > 0) {
        for (uint32_t i = 0; i < connection->piece_count; i++) {
            const struct cyi_piece *piece = &connection->pieces[connection->piece_first + i];
            parts[i] = (struct iovec){(void *) (uintptr_t) piece->at, piece->left};
        }
        ssize_t n =
            cyi_stream_try_writev(connection->socket, parts, (int) connection->piece_count);
        if (n < 0) {
            if (n != -EAGAIN)
                cyi_connection_cut(connection, (int) n);
            return false;
        }
        pass(connection, (size_t) n);
    }
    return true;
}

int
cyi_connection_write_full(struct cyi_connection *connection, const void *bytes, size_t size,
                          cy_time deadline)
{
    if (connection->tls != NULL)
        return cyi_tls_write_full(connection->tls, connection->socket, bytes, size, deadline);
    ssize_t n = cy_write(connection->socket, bytes, size, deadline);
    return n < 0 ? (int) n : 0;
}

int
cyi_connection_read_full(struct cyi_connection *connection, void *bytes, size_t size,
                         cy_time deadline)
{
    if (connection->tls != NULL)
        return cyi_tls_read_full(connection->tls, connection->socket, bytes, size, deadline);
    ssize_t n = cy_read_full(connection->socket, bytes, size, deadline);
    return n < 0 ? (int) n : (size_t) n < size ? -ECONNRESET : 0;
}
