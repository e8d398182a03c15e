/*
 * file_line.c - messages on a connection for files.
 *
 * Tests: tests/transport/test_file.c
 */
#include "file_line.h"
#include <cycos/impl/io.h>
#include <cycos/impl/time.h>

cy_time
cyi_file_line_until(const struct cyi_file_line *line)
{
    struct cyi_core *core = line->owner->core;
    cy_time idle = cyi_time_add(core->os->now(core->os), line->owner->net->limits.file_idle_ns);
    return idle < line->deadline ? idle : line->deadline;
}

/* Header and body lie behind each other, with room for a seal. */
static int
put(struct cyi_file_line *line, uint8_t *message, enum cyi_file_message kind, size_t size)
{
    struct cyi_connection *connection = line->connection;
    uint8_t *body = message + CYI_FILE_HEADER;
    cyi_file_header_write(message, kind, size);
    if (connection->secured) {
        int rc = cyi_seal(&connection->send, message, CYI_FILE_HEADER, body, size, body);
        if (rc != 0)
            return rc;
        size += CYI_SEAL_OVERHEAD;
    }
    return cyi_connection_write_full(connection, message, CYI_FILE_HEADER + size,
                                     cyi_file_line_until(line));
}

int
cyi_file_line_put(struct cyi_file_line *line, enum cyi_file_message kind, const void *body,
                  size_t size)
{
    uint8_t message[CYI_FILE_HEADER + CYI_FILE_REQUEST_MAX + CYI_SEAL_OVERHEAD];
    CY_ASSERT(size <= CYI_FILE_REQUEST_MAX);
    if (size > 0)
        memcpy(message + CYI_FILE_HEADER, body, size);
    return put(line, message, kind, size);
}

/* A sealed message gets a copy of its own: it is longer than its part of the bytes. */
static int
put_sealed(struct cyi_file_line *line, const uint8_t *bytes, size_t size)
{
    struct cyi_heap *heap = &line->owner->core->heap;
    size_t whole = CYI_FILE_HEADER + CYI_FILE_SEALED_MAX + CYI_SEAL_OVERHEAD;
    uint8_t class = cyi_heap_class(whole);
    uint8_t *message = cyi_heap_take(heap, class, whole);
    int rc = message == NULL ? -ENOMEM : 0;
    while (rc == 0 && size > 0) {
        size_t n = size < CYI_FILE_SEALED_MAX ? size : CYI_FILE_SEALED_MAX;
        rc = cyi_file_pace(line, n);
        if (rc != 0)
            break;
        memcpy(message + CYI_FILE_HEADER, bytes, n);
        rc = put(line, message, CYI_FILE_DATA, n);
        bytes += n;
        size -= n;
    }
    if (message != NULL)
        cyi_heap_give(heap, class, message);
    return rc;
}

static int
put_header(struct cyi_file_line *line, size_t size)
{
    uint8_t header[CYI_FILE_HEADER];
    cyi_file_header_write(header, CYI_FILE_DATA, size);
    return cyi_connection_write_full(line->connection, header, sizeof header,
                                     cyi_file_line_until(line));
}

static int
put_plain(struct cyi_file_line *line, const uint8_t *bytes, size_t size)
{
    int rc = cyi_file_pace(line, size);
    if (rc == 0)
        rc = put_header(line, size);
    return rc != 0 ? rc
                   : cyi_connection_write_full(line->connection, bytes, size,
                                               cyi_file_line_until(line));
}

static size_t
message_of(size_t size)
{
    return size < CYI_FILE_DATA_MAX ? size : CYI_FILE_DATA_MAX;
}

int
cyi_file_line_put_data(struct cyi_file_line *line, const uint8_t *bytes, size_t size)
{
    int rc = 0;
    if (line->connection->secured)
        return put_sealed(line, bytes, size);
    for (size_t n; rc == 0 && size > 0; bytes += n, size -= n) {
        n = message_of(size);
        rc = put_plain(line, bytes, n);
    }
    return rc;
}

/* When the file has become shorter in this very moment, the message cannot be completed. */
static int
send_message(struct cyi_file_line *line, int file, uint64_t offset, size_t size)
{
    int rc = cyi_file_pace(line, size);
    if (rc == 0)
        rc = put_header(line, size);
    while (rc == 0 && size > 0) {
        ssize_t n = cyi_stream_send_file(line->connection->socket, file, offset, size,
                                         cyi_file_line_until(line));
        if (n <= 0)
            return n < 0 ? (int) n : -ESTALE;
        offset += (size_t) n;
        size -= (size_t) n;
    }
    return rc;
}

int
cyi_file_line_send_file(struct cyi_file_line *line, int file, uint64_t offset, size_t size)
{
    int rc = 0;
    for (size_t n; rc == 0 && size > 0; offset += n, size -= n) {
        n = message_of(size);
        rc = send_message(line, file, offset, n);
    }
    return rc;
}

int
cyi_file_line_get(struct cyi_file_line *line, enum cyi_file_message *kind, uint8_t *body,
                  size_t room)
{
    struct cyi_connection *connection = line->connection;
    size_t seal = connection->secured ? CYI_SEAL_OVERHEAD : 0;
    uint8_t header[CYI_FILE_HEADER];
    cy_time deadline = cyi_file_line_until(line);
    int rc = cyi_connection_read_full(connection, header, sizeof header, deadline);
    int size = rc == 0 ? cyi_file_header_read(kind, header) : rc;
    if (size < 0)
        return size;
    if ((size_t) size + CYI_SEAL_OVERHEAD > room ||
        (connection->secured && size > CYI_FILE_SEALED_MAX))
        return -EBADMSG;
    if (*kind == CYI_FILE_DATA)
        rc = cyi_file_pace(line, (size_t) size);
    if (rc == 0 && (size_t) size + seal > 0)
        rc = cyi_connection_read_full(connection, body, (size_t) size + seal, deadline);
    if (rc == 0 && connection->secured)
        rc = cyi_unseal(&connection->receive, header, sizeof header, body, (size_t) size + seal,
                        body);
    return rc == 0 ? size : rc;
}

int
cyi_file_line_put_answer(struct cyi_file_line *line, const struct cyi_file_answer *answer)
{
    uint8_t body[CYI_FILE_ANSWER_BYTES];
    cyi_file_answer_write(body, answer);
    return cyi_file_line_put(line, CYI_FILE_ANSWER, body, sizeof body);
}

int
cyi_file_line_put_progress(struct cyi_file_line *line, uint64_t at)
{
    uint8_t body[CYI_FILE_PROGRESS_BYTES];
    cyi_put64(body, at);
    return cyi_file_line_put(line, CYI_FILE_PROGRESS, body, sizeof body);
}

void
cyi_file_line_close(struct cyi_file_line *line)
{
    if (line->connection != NULL)
        cyi_connection_free(&line->connection);
}
