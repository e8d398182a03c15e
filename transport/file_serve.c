/*
 * file_serve.c - the side that takes files: a task for each connection.
 *
 * While a thread of the pool writes one piece and hashes it, the task reads the next from the
 * connection. What goes wrong here is told at once; the sender may be a window ahead by then,
 * which is read and thrown away, so that the connection serves the next request.
 *
 * Tests: tests/transport/test_file.c
 */
#include "file_job.h"
#include "file_line.h"
#include <cycos/impl/heap.h>

enum { LINGERS = 4 }; /* the other side closes first */

struct serving {
    struct cyi_file_line line;
    struct cyi_file_job job;
    struct cyi_file_sink sink;
    struct cyi_file_answer answer;
    struct cyi_file_request request;
    uint8_t owner_id[CYI_FILE_OWNER];
    uint8_t sha256[CYI_CRYPTO_HASH];
    uint64_t received, told;
    uint32_t used;         /* bytes in buffer[filling] */
    uint32_t writing_size; /* of the other one: with the job */
    uint8_t filling;
    bool keep; /* what is there, when the sink is closed */
    uint8_t small[CYI_FILE_REQUEST_MAX + CYI_SEAL_OVERHEAD];
    size_t room;        /* of either buffer */
    uint8_t *buffer[2]; /* or NULL; a small file needs one, of CYI_FILE_SMALL_ROOM */
};

void
cyi_file_owner_id(uint8_t out[CYI_FILE_OWNER], const uint8_t incarnation[16], const char *name)
{
    uint8_t hash[CYI_CRYPTO_HASH];
    if (name[0] == '\0') {
        memcpy(out, incarnation, CYI_FILE_OWNER);
        return;
    }
    cyi_crypto_sha256(hash, (struct cyi_bytes){name, strlen(name)});
    memcpy(out, hash, CYI_FILE_OWNER);
}

/* What runs on threads of the pool. */

static int
open_sink(void *arg)
{
    struct serving *serving = arg;
    cyi_file_sink_open(&serving->sink, serving->owner_id, &serving->answer);
    return 0;
}

static int
catch_up(void *arg)
{
    struct serving *serving = arg;
    return cyi_file_sink_catch_up(&serving->sink, serving->buffer[0], CYI_FILE_SMALL);
}

static int
write_piece(void *arg)
{
    struct serving *serving = arg;
    return cyi_file_sink_write(&serving->sink, serving->buffer[!serving->filling],
                               serving->writing_size);
}

/* The last piece and the end of it in one go: most files have one piece. */
static int
finish_sink(void *arg)
{
    struct serving *serving = arg;
    int rc = 0;
    if (serving->used > 0)
        rc = cyi_file_sink_write(&serving->sink, serving->buffer[serving->filling],
                                 serving->used);
    if (rc == 0)
        cyi_file_sink_finish(&serving->sink, serving->sha256, &serving->answer);
    return rc;
}

static int
close_sink(void *arg)
{
    struct serving *serving = arg;
    cyi_file_sink_close(&serving->sink, serving->keep);
    return 0;
}

static int
delete_file(void *arg)
{
    struct serving *serving = arg;
    return cyi_file_store_delete(serving->sink.store, serving->owner_id, &serving->request);
}

/* From here on the task's part. */

static void
drop_buffers(struct serving *serving)
{
    for (int i = 0; i < 2; i++)
        cyi_file_buffer_give(serving->line.owner, &serving->buffer[i]);
}

/* It fits into one piece, so nothing is handed over before its end. */
static bool
is_small(const struct serving *serving)
{
    uint64_t size = serving->sink.request.size;
    return size <= CYI_FILE_SMALL && size <= serving->line.owner->net->limits.file_piece_bytes;
}

/* Those of the last file serve again, if they are large enough. */
static int
give_buffers(struct serving *serving)
{
    bool small = is_small(serving);
    size_t room = small ? CYI_FILE_SMALL_ROOM : CYI_FILE_ROOM;
    if (serving->room < room)
        drop_buffers(serving);
    if (serving->buffer[0] == NULL)
        serving->room = room;
    for (int i = 0; i < (small ? 1 : 2); i++)
        if (serving->buffer[i] == NULL)
            serving->buffer[i] = cyi_file_buffer_take(serving->line.owner, serving->room);
    serving->filling = 0;
    return serving->buffer[0] != NULL && (small || serving->buffer[1] != NULL) ? 0 : -ENOMEM;
}

/* A job that may take longer than the other side waits: it hears of us meanwhile. */
static int
run_long(struct serving *serving, cyi_file_job_fn *fn)
{
    struct cyi_net_core *owner = serving->line.owner;
    cy_time sign = owner->net->limits.file_idle_ns / 4;
    int rc = 0;
    cyi_file_job_start(&serving->job, fn, serving);
    while (!cyi_file_job_wait(&serving->job, cy_after(sign)))
        if (rc == 0)
            rc = cyi_file_line_put_progress(&serving->line, serving->told);
    return rc != 0 ? rc : serving->job.result;
}

/* Wait for the piece that is being written. */
static int
join_writer(struct serving *serving)
{
    if (serving->writing_size == 0)
        return 0;
    (void) cyi_file_job_wait(&serving->job, CY_FOREVER);
    serving->writing_size = 0;
    return serving->job.result;
}

/* Hand the buffer that is full to the writer, and say now and then how far it is. */
static int
hand_over(struct serving *serving, int *failed)
{
    *failed = join_writer(serving);
    if (*failed != 0)
        return 0;
    serving->writing_size = serving->used;
    serving->used = 0;
    serving->filling = !serving->filling;
    uint64_t at = serving->sink.at; /* before the job begins, which will change it */
    cyi_file_job_start(&serving->job, write_piece, serving);
    if (at - serving->told < serving->line.owner->net->limits.file_window_bytes / 4)
        return 0;
    serving->told = at;
    return cyi_file_line_put_progress(&serving->line, at);
}

/* The next message of the sender; what it says that it still hashes is only a sign of life. */
static int
get(struct serving *serving, enum cyi_file_message *kind)
{
    uint8_t *to = serving->buffer[serving->filling] + serving->used;
    int n;
    do
        n = cyi_file_line_get(&serving->line, kind, to, serving->room - serving->used);
    while (n >= 0 && *kind == CYI_FILE_PROGRESS);
    return n;
}

/* Read and forget until the sender has heard of it. */
static int
drain(struct serving *serving)
{
    enum cyi_file_message kind = CYI_FILE_DATA;
    int n = 0;
    while (n >= 0 && kind == CYI_FILE_DATA) {
        serving->used = 0;
        n = get(serving, &kind);
    }
    return n < 0 ? n : kind == CYI_FILE_END || kind == CYI_FILE_ABORT ? 0 : -EBADMSG;
}

/* Every answer but to a deletion goes out here. */
static int
say(struct serving *serving, const struct cyi_file_answer *answer)
{
    struct cyi_net_counters *counters = &serving->line.owner->counters;
    counters->files_refused += answer->result < 0;
    return cyi_file_line_put_answer(&serving->line, answer);
}

static int
refuse(struct serving *serving, int error)
{
    int rc = say(serving, &(struct cyi_file_answer){.result = error});
    return rc != 0 ? rc : drain(serving);
}

static int
aborted(struct serving *serving)
{
    (void) join_writer(serving);
    serving->keep = false;
    (void) cyi_file_job_run(&serving->job, close_sink, serving);
    return cyi_file_line_put_answer(&serving->line,
                                    &(struct cyi_file_answer){.result = -ECANCELED});
}

static int
complete(struct serving *serving)
{
    int rc = join_writer(serving);
    if (rc == 0)
        rc = run_long(serving, finish_sink);
    else
        serving->answer = (struct cyi_file_answer){.result = rc};
    if (rc < 0 && serving->job.result != rc)
        return rc; /* the connection has failed meanwhile */
    if (rc < 0)
        serving->answer = (struct cyi_file_answer){.result = rc};
    serving->line.owner->counters.files_received += serving->answer.result == CY_FILE_SENT;
    return say(serving, &serving->answer);
}

/* Would another message of the usual size not fit any more? */
static bool
is_full(const struct serving *serving)
{
    uint32_t piece = serving->line.owner->net->limits.file_piece_bytes;
    uint32_t message =
        serving->line.connection->secured ? CYI_FILE_SEALED_MAX : CYI_FILE_DATA_MAX;
    message = piece < message ? piece : message;
    return serving->used + message > piece;
}

/* 0: go on with the next request. */
static int
receive(struct serving *serving)
{
    uint64_t size = serving->sink.request.size;
    for (;;) {
        enum cyi_file_message kind;
        int failed = 0, n = get(serving, &kind);
        if (n < 0)
            return n;
        if (kind == CYI_FILE_ABORT)
            return aborted(serving);
        if (kind == CYI_FILE_END && serving->received == size) {
            memcpy(serving->sha256, serving->buffer[serving->filling] + serving->used,
                   sizeof serving->sha256);
            return complete(serving);
        }
        if (kind != CYI_FILE_DATA || (uint64_t) n > size - serving->received)
            return -EBADMSG;
        serving->received += (uint64_t) n;
        serving->line.owner->counters.file_bytes_received += (uint64_t) n;
        serving->used += (uint32_t) n;
        if (serving->received == size || is_small(serving) || !is_full(serving))
            continue;
        int rc = hand_over(serving, &failed);
        if (failed != 0)
            return refuse(serving, failed);
        if (rc != 0)
            return rc;
    }
}

/* What an earlier try has left is read and hashed again before the rest is added. */
static int
catch_up_all(struct serving *serving)
{
    int more = serving->sink.at > 0 ? 1 : 0;
    while (more == 1) {
        more = cyi_file_job_run(&serving->job, catch_up, serving);
        int rc = cyi_file_line_put_progress(&serving->line, serving->told);
        if (rc != 0)
            return rc;
    }
    return more < 0 ? refuse(serving, more) : 1;
}

static int
take_file(struct serving *serving)
{
    serving->sink.request = serving->request;
    (void) cyi_file_job_run(&serving->job, open_sink, serving);
    if (serving->answer.result == CYI_FILE_GO && give_buffers(serving) != 0)
        serving->answer = (struct cyi_file_answer){.result = -ENOMEM};
    int rc = say(serving, &serving->answer);
    if (rc == 0 && serving->answer.result == CYI_FILE_GO) {
        serving->received = serving->told = serving->sink.at;
        serving->used = 0;
        rc = catch_up_all(serving);
        if (rc == 1)
            rc = receive(serving);
    }
    (void) join_writer(serving);
    serving->keep = true;
    if (serving->sink.owner != NULL) /* it has not come to its end */
        (void) cyi_file_job_run(&serving->job, close_sink, serving);
    return rc;
}

static int
serve_one(struct serving *serving)
{
    struct cyi_net_core *owner = serving->line.owner;
    enum cyi_file_message kind;
    serving->line.deadline = cy_after(LINGERS * owner->net->limits.file_linger_ns);
    int n = cyi_file_line_get(&serving->line, &kind, serving->small, sizeof serving->small);
    if (n < 0)
        return n;
    serving->line.deadline = CY_FOREVER;
    if (kind != CYI_FILE_REQUEST)
        return -EBADMSG;
    int rc = cyi_file_request_read(&serving->request, serving->small, (size_t) n);
    if (rc == 0 && owner->file_serves > owner->net->limits.file_serves_max) {
        rc = say(serving, &(struct cyi_file_answer){.result = -EAGAIN});
        return rc != 0 ? rc : -EAGAIN; /* and the connection ends */
    }
    if (rc != 0)
        return rc;
    if (serving->request.verb == CYI_FILE_SEND)
        return take_file(serving);
    rc = cyi_file_job_run(&serving->job, delete_file, serving);
    return cyi_file_line_put_answer(&serving->line, &(struct cyi_file_answer){.result = rc});
}

void
cyi_file_serve(struct cyi_connection *connection, const struct cyi_intro *peer)
{
    struct cyi_net_core *owner = connection->owner;
    struct cyi_heap *heap = &owner->core->heap;
    struct serving *serving =
        cyi_heap_take(heap, cyi_heap_class(sizeof *serving), sizeof *serving);
    if (serving == NULL)
        return;
    memset(serving, 0, sizeof *serving);
    serving->line.owner = owner;
    serving->line.connection = connection;
    serving->sink.store = &owner->net->files;
    cyi_file_owner_id(serving->owner_id, peer->incarnation, peer->name);
    owner->file_serves++;
    while (serve_one(serving) == 0)
        continue;
    owner->file_serves--;
    drop_buffers(serving);
    cyi_heap_give(heap, cyi_heap_class(sizeof *serving), serving);
}
