/* messages.c - what generators and their coordinator tell each other. */
#include "messages.h"
#include "packed.h"

#include <cycos/task.h>
#include <errno.h>
#include <string.h>

#define PAUSE_NS CY_MILLISECOND
enum { TRIES_OF_THE_LAST_WORD = 5000 };

/* The body is made as large as it may get and then cut to what was needed. */
static int
send_packed(cy_ref to, cy_msg **msg, size_t used, unsigned tries)
{
    cy_msg_truncate(*msg, used);
    int rc = cy_send(to, msg);
    while (rc == -EAGAIN && --tries > 0 && cy_sleep(PAUSE_NS) == 0)
        rc = cy_send(to, msg);
    cy_msg_free(msg);
    return rc;
}

int
load_send_second(cy_ref to, const struct load_msg_second *head,
                 const struct load_histogram *corrected)
{
    cy_msg *msg;
    size_t bound = load_packed_bound(corrected);
    int rc = cy_msg_create(&msg, LOAD_MSG_SECOND, sizeof *head + bound);
    if (rc != 0)
        return rc;
    char *body = cy_msg_body(msg);
    memcpy(body, head, sizeof *head);
    long used = load_pack(corrected, body + sizeof *head, bound);
    return send_packed(to, &msg, sizeof *head + (size_t) used, 1);
}

int
load_send_done(cy_ref to, struct load_msg_done *head, const struct load_histogram *corrected,
               const struct load_histogram *raw)
{
    cy_msg *msg;
    size_t bound = load_packed_bound(corrected), raw_bound = load_packed_bound(raw);
    int rc = cy_msg_create(&msg, LOAD_MSG_DONE, sizeof *head + bound + raw_bound);
    if (rc != 0)
        return rc;
    char *body = cy_msg_body(msg);
    long used = load_pack(corrected, body + sizeof *head, bound);
    head->corrected_bytes = (uint64_t) used;
    memcpy(body, head, sizeof *head);
    size_t at = sizeof *head + (size_t) used;
    long raw_used = load_pack(raw, body + at, raw_bound);
    return send_packed(to, &msg, at + (size_t) raw_used, TRIES_OF_THE_LAST_WORD);
}

int
load_read_second(const cy_msg *msg, struct load_msg_second *head,
                 struct load_histogram *corrected)
{
    const char *body = cy_msg_body(msg);
    size_t size = cy_msg_size(msg);
    if (size < sizeof *head)
        return -EBADMSG;
    memcpy(head, body, sizeof *head);
    return load_unpack_add(corrected, body + sizeof *head, size - sizeof *head);
}

int
load_read_done(const cy_msg *msg, struct load_msg_done *head, struct load_histogram *corrected,
               struct load_histogram *raw)
{
    const char *body = cy_msg_body(msg);
    size_t size = cy_msg_size(msg);
    if (size < sizeof *head)
        return -EBADMSG;
    memcpy(head, body, sizeof *head);
    if (head->corrected_bytes > size - sizeof *head)
        return -EBADMSG;
    size_t middle = sizeof *head + (size_t) head->corrected_bytes;
    int rc = load_unpack_add(corrected, body + sizeof *head, (size_t) head->corrected_bytes);
    return rc != 0 ? rc : load_unpack_add(raw, body + middle, size - middle);
}
