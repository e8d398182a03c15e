/* value_msg.c - bodies in messages: they grow there, so that nothing is copied at the end. */
#include "value.h"

enum { FIRST = 192 }; /* bytes to begin with; the message's block is one of 256 bytes then */

static int
grow_msg(cy_value_writer *w, size_t room)
{
    cy_msg *old = w->owner, *msg;
    size_t more = w->room == 0 ? FIRST : 2 * w->room;
    if (more > CY_MSG_MAX)
        more = CY_MSG_MAX;
    int rc = cy_msg_create(&msg, w->tag, room > more ? room : more);
    if (rc != 0)
        return rc;
    if (w->size != 0)
        memcpy(cy_msg_body(msg), w->bytes, w->size);
    cy_msg_free(&old);
    w->owner = msg;
    w->bytes = cy_msg_body(msg);
    w->room = cy_msg_size(msg);
    return 0;
}

void
cy_value_writer_init_msg(cy_value_writer *w, uint32_t tag)
{
    cy_value_writer_init_growing(w, grow_msg, NULL);
    w->tag = tag;
}

/* Nothing can be put any more: the message is gone. */
static void
close_writer(cy_value_writer *w)
{
    w->bytes = NULL;
    w->size = w->room = 0;
    w->owner = NULL;
    w->error = -EINVAL;
}

void
cy_value_writer_fini(cy_value_writer *w)
{
    if (w->grow != grow_msg)
        return;
    cy_msg *msg = w->owner;
    cy_msg_free(&msg);
    close_writer(w);
}

int
cy_value_finish_msg(cy_value_writer *w, cy_msg **msg)
{
    size_t size;
    CY_ASSERT(w->grow == grow_msg);
    int rc = cy_value_finish(w, &size);
    if (rc != 0) {
        cy_value_writer_fini(w);
        return rc;
    }
    *msg = w->owner;
    cy_msg_truncate(*msg, size);
    close_writer(w);
    return 0;
}

int
cy_value_reader_init_msg(cy_value_reader *r, const cy_msg *msg)
{
    return cy_value_reader_init(r, cy_msg_body(msg), cy_msg_size(msg));
}
