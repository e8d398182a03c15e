/*
 * file_give.c - the bytes of a file that goes out.
 *
 * A thread of the pool reads and hashes each piece before it is sent, while the one before is
 * on its way. On a plain connection the kernel then takes the piece from its own memory, where
 * that read has just put it: so a core neither copies nor waits for a disk.
 *
 * Tests: tests/transport/test_file.c
 */
#include "file_give.h"

enum { CATCH_UP = 16 << 20 }; /* bytes hashed by one job */

static const struct cyi_net_limits *
limits_of(const struct cyi_file_giving *giving)
{
    return &giving->line.owner->net->limits;
}

/* The size of the next piece, of so many bytes. */
static uint32_t
piece_of(const struct cyi_file_giving *giving, uint64_t left)
{
    uint32_t most = limits_of(giving)->file_piece_bytes;
    return left < most ? (uint32_t) left : most;
}

static int
give_buffers(struct cyi_file_giving *giving)
{
    for (int i = 0; i < 2; i++)
        if (giving->buffer[i] == NULL)
            giving->buffer[i] = cyi_file_buffer_take(giving->line.owner, CYI_FILE_ROOM);
    return giving->buffer[0] != NULL && giving->buffer[1] != NULL ? 0 : -ENOMEM;
}

/* What runs on threads of the pool. */

static int
read_piece(void *arg)
{
    struct cyi_file_giving *giving = arg;
    return cyi_file_source_read(&giving->source, giving->buffer[giving->reading],
                                giving->reading_size);
}

static int
catch_up(void *arg)
{
    struct cyi_file_giving *giving = arg;
    uint64_t from = giving->source.hash.size, left;
    int rc = 0;
    while (rc == 0 && (left = giving->offset - giving->source.hash.size) > 0 &&
           giving->source.hash.size - from < CATCH_UP)
        rc = cyi_file_source_read(&giving->source, giving->buffer[0], piece_of(giving, left));
    return rc;
}

static int
end_source(void *arg)
{
    struct cyi_file_giving *giving = arg;
    return cyi_file_source_end(&giving->source, giving->sha256);
}

/* From here on the task's part. */

static void
tell(struct cyi_file_giving *giving, uint64_t there)
{
    giving->there = there;
    if (giving->what->progress != NULL)
        giving->what->progress(there, giving->request.size, giving->what->arg);
}

/* The next word of the other side: 1 progress, 0 its answer. */
static int
hear(struct cyi_file_giving *giving)
{
    uint8_t body[CYI_FILE_ANSWER_BYTES + CYI_SEAL_OVERHEAD];
    enum cyi_file_message kind;
    int n = cyi_file_line_get(&giving->line, &kind, body, sizeof body);
    if (n < 0)
        return n;
    if (kind == CYI_FILE_ANSWER)
        return cyi_file_answer_read(&giving->answer, body);
    if (kind != CYI_FILE_PROGRESS)
        return -EBADMSG;
    uint64_t there = cyi_get64(body);
    if (there < giving->there || there > giving->sent)
        return -EBADMSG;
    if (there > giving->there)
        tell(giving, there);
    return 1;
}

int
cyi_file_get_answer(struct cyi_file_giving *giving)
{
    int rc = hear(giving);
    return rc == 1 ? -EBADMSG : rc;
}

static int
hear_answer(struct cyi_file_giving *giving)
{
    int rc;
    do
        rc = hear(giving);
    while (rc == 1);
    return rc == 0 && giving->answer.result == CYI_FILE_GO ? -EBADMSG : rc;
}

static void
start_reading(struct cyi_file_giving *giving, uint64_t from)
{
    uint64_t left = giving->request.size - from;
    giving->reading_size = piece_of(giving, left);
    giving->reading = !giving->reading;
    if (left > 0)
        cyi_file_job_start(&giving->job, read_piece, giving);
}

static int
join_reader(struct cyi_file_giving *giving)
{
    if (giving->reading_size == 0)
        return 0;
    (void) cyi_file_job_wait(&giving->job, CY_FOREVER);
    giving->reading_size = 0;
    return giving->job.result;
}

static int
send_piece(struct cyi_file_giving *giving, const uint8_t *bytes, uint32_t size)
{
    if (!cyi_connection_is_plain(giving->line.connection))
        return cyi_file_line_put_data(&giving->line, bytes, size);
    return cyi_file_line_send_file(&giving->line, giving->source.fd, giving->sent, size);
}

/* Room for one more piece, or the answer that came too early: 0. */
static int
wait_for_room(struct cyi_file_giving *giving)
{
    const struct cyi_net_limits *limits = limits_of(giving);
    uint64_t most = limits->file_window_bytes - limits->file_piece_bytes;
    int rc = 1;
    while (rc == 1 && giving->sent - giving->there > most)
        rc = hear(giving);
    return rc == 0 && giving->answer.result >= 0 ? -EBADMSG : rc;
}

/* 1: all is sent. 0: the other side has refused it half-way. *failed: our own error. */
static int
send_pieces(struct cyi_file_giving *giving, int *failed)
{
    int rc = 1;
    start_reading(giving, giving->offset);
    while (rc == 1 && giving->sent < giving->request.size) {
        uint32_t size = giving->reading_size;
        const uint8_t *bytes = giving->buffer[giving->reading];
        *failed = join_reader(giving);
        if (*failed != 0)
            return 1;
        start_reading(giving, giving->sent + size);
        rc = send_piece(giving, bytes, size);
        giving->sent += size;
        giving->line.owner->counters.file_bytes_sent += size;
        rc = rc != 0 ? rc : wait_for_room(giving);
    }
    return rc;
}

static int
catch_up_all(struct cyi_file_giving *giving, int *failed)
{
    int rc = 0;
    while (rc == 0 && *failed == 0 && giving->source.hash.size < giving->offset) {
        *failed = cyi_file_job_run(&giving->job, catch_up, giving);
        rc = cyi_file_line_put_progress(&giving->line, giving->source.hash.size);
    }
    return rc;
}

static int
say_end(struct cyi_file_giving *giving)
{
    int rc = cyi_file_line_put(&giving->line, CYI_FILE_END, giving->sha256, CYI_FILE_END_BYTES);
    return rc != 0 ? rc : hear_answer(giving);
}

static int
give_up(struct cyi_file_giving *giving, int error)
{
    int rc = cyi_file_line_put(&giving->line, CYI_FILE_ABORT, NULL, 0);
    if (rc == 0)
        rc = hear_answer(giving);
    if (rc == 0)
        giving->answer = (struct cyi_file_answer){.result = error};
    return rc;
}

static int
give_bytes(struct cyi_file_giving *giving)
{
    int failed = 0;
    int rc = catch_up_all(giving, &failed);
    if (rc == 0 && failed == 0) {
        rc = send_pieces(giving, &failed);
        (void) join_reader(giving);
        if (rc == 0) /* it has said why; our word ends the exchange */
            return cyi_file_line_put(&giving->line, CYI_FILE_ABORT, NULL, 0);
        rc = rc == 1 ? 0 : rc;
    }
    if (rc == 0 && failed == 0)
        failed = cyi_file_job_run(&giving->job, end_source, giving);
    if (rc != 0)
        return rc;
    if (failed != 0)
        return give_up(giving, failed);
    return say_end(giving);
}

/* A small one. */
static int
give_whole(struct cyi_file_giving *giving)
{
    uint32_t left = (uint32_t) (giving->request.size - giving->offset);
    int rc = 0;
    if (left > 0)
        rc = cyi_file_line_put_data(&giving->line, giving->buffer[0] + giving->offset, left);
    giving->sent += left;
    giving->line.owner->counters.file_bytes_sent += left;
    return rc != 0 ? rc : say_end(giving);
}

int
cyi_file_give(struct cyi_file_giving *giving)
{
    giving->offset = giving->sent = giving->there = giving->answer.size;
    if (giving->offset > giving->request.size)
        return -EBADMSG;
    int rc = giving->whole ? 0 : give_buffers(giving);
    if (rc != 0)
        return rc;
    if (giving->whole) {
        rc = give_whole(giving);
    } else {
        cyi_file_source_rewind(&giving->source);
        rc = give_bytes(giving);
    }
    if (rc == 0 && giving->answer.result == CY_FILE_SENT &&
        giving->request.size > giving->there)
        tell(giving, giving->request.size);
    return rc;
}
