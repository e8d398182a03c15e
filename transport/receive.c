/*
 * receive.c - what comes in on a connection: bytes become frames, frames become items.
 *
 * All connections of a core read into one large buffer, because only one reads at a time; the
 * beginning of a frame that has not come whole is kept aside until the next read.
 *
 * Tests: tests/sim/test_links.c
 */
#include "connection.h"
#include "member.h"
#include <cycos/impl/io.h>
#include <string.h>

static struct cyi_heap *
heap_of(const struct cyi_connection *connection)
{
    return &connection->owner->core->heap;
}

static int
carry_out_control(struct cyi_link *link, const struct cyi_item *item)
{
    if (item->op == CYI_OP_INTRO)
        return -EBADMSG; /* it has had its time */
    if (link->hub) {
        cyi_members_control(link->owner->net->members, link, item);
        return 0;
    }
    if (item->op == CYI_OP_BYE)
        return -ECONNRESET;
    return 0;
}

/* A part of a long item. When it was the last, the item is carried out. */
static int
assemble(struct cyi_link *link, const uint8_t *part, size_t size)
{
    struct cyi_assembly *assembly = &link->assembly;
    cy_msg *msg = assembly->msg;
    if (msg == NULL) {
        bool fits = size <= assembly->skip;
        assembly->skip -= fits ? (uint32_t) size : 0;
        return fits ? 0 : -EBADMSG;
    }
    if (size > msg->size - assembly->filled)
        return -EBADMSG;
    memcpy(msg->body + assembly->filled, part, size);
    assembly->filled += (uint32_t) size;
    if (assembly->filled < msg->size)
        return 0;
    struct cyi_arrival arrival = {.op = assembly->op,
                                  .flags = assembly->flags,
                                  .body = msg->body,
                                  .size = msg->size,
                                  .donor = msg};
    assembly->msg = NULL;
    int rc = cyi_link_carry_out(link, &arrival);
    if (arrival.donor != NULL)
        cyi_msg_drop(cyi_self, arrival.donor);
    return rc;
}

enum { STALL_DOUBLINGS = 6 };
enum { LONG_MAX_BYTES = (64 << 20) + 256 }; /* CY_MSG_MAX and any fixed part */

/* There is no memory for it: carried out as far as that goes, so that who waits is told. */
static int
refuse_assembly(struct cyi_link *link, const struct cyi_item *item,
                const struct cyi_long_item *longer)
{
    struct cyi_arrival arrival = {.op = longer->op,
                                  .flags = item->flags,
                                  .body = item->body + CYI_LONG_BYTES,
                                  .size = item->size - CYI_LONG_BYTES,
                                  .cut_short = true};
    link->assembly = (struct cyi_assembly){.skip = longer->total - (uint32_t) arrival.size};
    return cyi_link_carry_out(link, &arrival);
}

static int
begin_assembly(struct cyi_link *link, const struct cyi_item *item)
{
    struct cyi_long_item longer;
    if (link->assembly.msg != NULL || link->assembly.skip != 0 ||
        cyi_long_read(&longer, item->body, item->size) != 0 || longer.total > LONG_MAX_BYTES)
        return -EBADMSG;
    cy_msg *msg = cyi_msg_take(link->owner->core, 0, longer.total);
    if (msg == NULL)
        return refuse_assembly(link, item, &longer);
    link->assembly = (struct cyi_assembly){.msg = msg, .op = longer.op, .flags = item->flags};
    return assemble(link, item->body + CYI_LONG_BYTES, item->size - CYI_LONG_BYTES);
}

static int
carry_out_data(struct cyi_link *link, const struct cyi_item *item)
{
    link->owner->counters.items_received++;
    if (item->op == CYI_OP_LONG)
        return begin_assembly(link, item);
    if (item->op == CYI_OP_MORE)
        return assemble(link, item->body, item->size);
    struct cyi_arrival arrival = {
        .op = item->op, .flags = item->flags, .body = item->body, .size = item->size};
    return cyi_link_carry_out(link, &arrival);
}

/* An item may end the connection, or the link. */
static int
walk(struct cyi_connection *connection, enum cyi_lane lane, const uint8_t *at, size_t size)
{
    struct cyi_item item;
    while (size > 0 && connection->link != NULL) {
        int n = cyi_item_read(&item, at, size);
        if (n < 0 || cyi_item_lane(item.op) != lane)
            return -EBADMSG;
        int rc = lane == CYI_LANE_DATA ? carry_out_data(connection->link, &item)
                                       : carry_out_control(connection->link, &item);
        if (rc != 0)
            return rc;
        at += n;
        size -= (size_t) n;
    }
    return 0;
}

/* Counted before it is carried out: what cannot be carried out is not to come again. */
static int
take_data(struct cyi_connection *connection, const struct cyi_frame *frame, const uint8_t *body)
{
    struct cyi_link *link = connection->link;
    struct cyi_core *core = link->owner->core;
    if (frame->number != link->expected)
        return cyi_frame_before(frame->number, link->expected) ? 0 : -EBADMSG;
    link->expected = cyi_frame_after(link->expected);
    link->unacked_bytes += CYI_FRAME_HEADER + frame->size;
    if (link->ack_at == CY_FOREVER)
        link->ack_at = core->sched.now + link->owner->net->limits.ack_ns;
    if (link->unacked_bytes >= link->owner->net->limits.window_bytes / 8) {
        link->acknowledge = true;
        cyi_link_activate(link);
    }
    return walk(connection, CYI_LANE_DATA, body, frame->size);
}

static int
take_frame(struct cyi_connection *connection, const struct cyi_frame *frame, uint8_t *bytes)
{
    struct cyi_link *link = connection->link;
    uint8_t *body = bytes + CYI_FRAME_HEADER;
    if (connection->secured) {
        int rc = cyi_unseal(&connection->receive, bytes, CYI_FRAME_HEADER, body,
                            frame->size + CYI_SEAL_OVERHEAD, body);
        if (rc != 0)
            return rc;
    }
    connection->owner->counters.frames_received++;
    link->traffic.frames_received++;
    int rc = cyi_link_acknowledged(link, frame->ack);
    if (rc != 0)
        return rc;
    link->credit = frame->credit;
    if (frame->lane == CYI_LANE_DATA)
        return take_data(connection, frame, body);
    return walk(connection, CYI_LANE_CONTROL, body, frame->size);
}

/* All whole frames; how many bytes they took, or an error. */
static ssize_t
take_frames(struct cyi_connection *connection, uint8_t *bytes, size_t size)
{
    size_t seal = connection->secured ? CYI_SEAL_OVERHEAD : 0;
    size_t at = 0;
    struct cyi_frame frame;
    while (size - at >= CYI_FRAME_HEADER && connection->link != NULL) {
        int rc = cyi_frame_read(&frame, bytes + at);
        if (rc != 0)
            return rc;
        size_t whole = CYI_FRAME_HEADER + frame.size + seal;
        if (size - at < whole)
            break;
        rc = take_frame(connection, &frame, bytes + at);
        if (rc != 0)
            return rc;
        at += whole;
    }
    return (ssize_t) at;
}

static int
keep_rest(struct cyi_connection *connection, const uint8_t *bytes, size_t size)
{
    uint8_t class = cyi_heap_class(size);
    if (connection->rest != NULL && (size == 0 || class != connection->rest_class)) {
        cyi_heap_give(heap_of(connection), connection->rest_class, connection->rest);
        connection->rest = NULL;
    }
    connection->rest_size = (uint32_t) size;
    if (size == 0)
        return 0;
    if (connection->rest == NULL)
        connection->rest = cyi_heap_take(heap_of(connection), class, size);
    if (connection->rest == NULL)
        return -ENOMEM;
    connection->rest_class = class;
    memcpy(connection->rest, bytes, size);
    return 0;
}

/* Something came, be it a part of a frame or of a record. */
static void
note_heard(struct cyi_connection *connection, size_t bytes)
{
    connection->owner->counters.bytes_received += bytes;
    connection->link->traffic.bytes_received += bytes;
    connection->heard_at = connection->owner->core->sched.now;
    connection->link->used_at = connection->heard_at;
    if (connection->link->hub)
        cyi_members_alive(connection->owner->net->members, connection->link);
}

/* What a read brought, opened; as for cyi_stream_try_read(). */
static ssize_t
read_some(struct cyi_connection *connection, uint8_t *buffer, size_t size)
{
    size_t heard;
    ssize_t n;
    if (connection->tls == NULL) {
        n = cyi_stream_try_read(connection->socket, buffer, size);
        heard = n > 0 ? (size_t) n : 0;
    } else {
        n = cyi_tls_try_read(connection->tls, connection->socket, buffer, size, &heard);
    }
    if (heard != 0)
        note_heard(connection, heard);
    return n;
}

/* One read, and what it brought. 0, -EAGAIN nothing came, or the end. */
static int
receive(struct cyi_connection *connection)
{
    uint8_t *buffer = connection->owner->receive;
    size_t size = connection->rest_size;
    ssize_t n = read_some(connection, buffer + size, CYI_RECEIVE_BYTES - size);
    if (n <= 0)
        return n == 0 ? -ECONNRESET : (int) n;
    if (size != 0)
        memcpy(buffer, connection->rest, size);
    size += (size_t) n;
    ssize_t used = take_frames(connection, buffer, size);
    if (used < 0)
        return (int) used;
    if (connection->link == NULL)
        return connection->error;
    return keep_rest(connection, buffer + used, size - (size_t) used);
}

/* Closed when neither side wants to keep it and nobody waits for anything. */
static bool
idle(const struct cyi_link *link)
{
    cy_time since = link->owner->core->sched.now - link->used_at;
    return !link->stream && !link->peer_stream && !link->hub && !cyi_link_pending(link) &&
           since >= link->owner->net->limits.idle_ns;
}

/*
 * Also where the connection is kept: that may change while it is being waited for, and what
 * was not written for want of memory is tried again.
 */
static cy_time
next_look(const struct cyi_link *link)
{
    cy_time idle_at = link->used_at + link->owner->net->limits.idle_ns;
    return idle_at < link->ack_at ? idle_at : link->ack_at;
}

/*
 * The other side has long ceased to say that it gets what we send. It may be that it knows of
 * the connection no more and nobody tells us; the hubs notice such a thing by their probes. The
 * patience doubles, lest a slow way is never given the time that one frame takes.
 */
static bool
stalled(struct cyi_connection *connection)
{
    struct cyi_link *link = connection->link;
    cy_time now = link->owner->core->sched.now;
    if (link->flying_bytes == 0 && connection->piece_count == 0) {
        connection->heard_at = now;
        return false;
    }
    uint32_t doublings = link->stalls < STALL_DOUBLINGS ? link->stalls : STALL_DOUBLINGS;
    if (now - connection->heard_at < link->owner->net->limits.stall_ns << doublings)
        return false;
    link->stalls++;
    return true;
}

/* Its time has come: to acknowledge, or to go. */
static int
look(struct cyi_connection *connection)
{
    struct cyi_link *link = connection->link;
    cy_time now = link->owner->core->sched.now;
    if (link->ack_at <= now) {
        link->acknowledge = true;
        link->ack_at = CY_FOREVER;
        cyi_link_activate(link);
        return 0;
    }
    if (idle(link))
        return -ETIME;
    if (stalled(connection))
        return -ETIMEDOUT;
    if (link->used_at + link->owner->net->limits.idle_ns <= now)
        link->used_at = now; /* somebody still waits */
    return 0;
}

int
cyi_connection_serve(struct cyi_connection *connection)
{
    int rc = 0;
    while (rc == 0 && connection->link != NULL) {
        rc = receive(connection);
        if (rc != -EAGAIN)
            continue;
        rc = cyi_stream_wait(connection->socket, next_look(connection->link));
        if (rc == -ETIMEDOUT && connection->link != NULL)
            rc = look(connection);
    }
    if (rc == -EBADMSG || rc == -EPROTO)
        connection->owner->counters.bad_frame++;
    if (rc == -EDQUOT && connection->link != NULL)
        cyi_members_flooded(connection->owner->core, connection->link->home.node);
    return connection->error != 0 ? connection->error : rc;
}
