/*
 * file_send.c - the public calls that send and delete files, but for the bytes (file_give.c).
 *
 * Tests: tests/transport/test_file.c
 */
#include "file_give.h"
#include <cycos/impl/heap.h>

/* The last part of a path, which may end in slashes only if there is nothing else. */
static const char *
last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static int
fill_place(struct cyi_file_request *request, const char *dir, const char *name)
{
    size_t dir_size = dir != NULL ? strlen(dir) : 0, name_size = strlen(name);
    int rc = dir != NULL ? cyi_file_dir_check(dir, dir_size) : 0;
    if (rc == 0)
        rc = cyi_file_name_check(name, name_size);
    if (rc != 0)
        return rc;
    if (dir != NULL)
        memcpy(request->dir, dir, dir_size + 1);
    memcpy(request->name, name, name_size + 1);
    return cyi_file_place_check(request->dir, request->name);
}

static int
fill_request(struct cyi_file_request *request, const struct cy_file_job *job)
{
    if ((job->flags & (uint32_t) ~(CY_FILE_OVERWRITE | CY_FILE_RELAXED)) != 0)
        return -EINVAL;
    request->verb = CYI_FILE_SEND;
    request->flags = (uint8_t) ((job->flags & CY_FILE_OVERWRITE ? CYI_FILE_REPLACE : 0) |
                                (job->flags & CY_FILE_RELAXED ? CYI_FILE_LAZY : 0));
    return fill_place(request, job->dir, job->name != NULL ? job->name : last_part(job->path));
}

/* A place among those that send, with its memory. */
static int
get_giving(struct cyi_file_giving **out, const cy_location *to, cy_time deadline)
{
    struct cyi_core *core = cyi_current();
    struct cyi_net_core *owner = cyi_net_core(core);
    struct cyi_file_giving *giving;
    uint8_t class = cyi_heap_class(sizeof *giving);
    if (owner == NULL)
        return CY_ENOPEER;
    if (to->port == 0)
        return -EINVAL;
    if (owner->file_sends >= owner->net->limits.file_sends_max)
        return -EAGAIN;
    giving = cyi_heap_take(&core->heap, class, sizeof *giving);
    if (giving == NULL)
        return -ENOMEM;
    memset(giving, 0, sizeof *giving);
    giving->line.owner = owner;
    giving->line.deadline = deadline;
    giving->source.os = core->os;
    giving->source.fd = -1;
    giving->source.fast_hash = owner->net->files.fast_hash;
    giving->line.to = *to;
    owner->file_sends++;
    *out = giving;
    return 0;
}

static void
put_giving(struct cyi_file_giving *giving)
{
    struct cyi_net_core *owner = giving->line.owner;
    struct cyi_heap *heap = &owner->core->heap;
    cyi_file_line_close(&giving->line);
    for (int i = 0; i < 2; i++)
        cyi_file_buffer_give(owner, &giving->buffer[i]);
    cyi_heap_give(heap, cyi_heap_class(sizeof *giving), giving);
    owner->file_sends--;
}

/* The connection was idle and the other side has closed it meanwhile: nothing has happened. */
static bool
was_closed(int rc)
{
    return rc == -ECONNRESET || rc == -EPIPE || rc == -ENOTCONN || rc == -EBADF;
}

/* Ask the other side, on a kept connection if there is one. */
static int
ask(struct cyi_file_giving *giving)
{
    uint8_t body[CYI_FILE_REQUEST_MAX];
    size_t size = cyi_file_request_write(body, &giving->request);
    int rc;
    for (bool fresh = false;; fresh = true) {
        cy_location to = giving->line.to;
        rc = cyi_file_line_open(&giving->line, giving->line.owner, &to, &fresh);
        if (rc != 0)
            return rc;
        rc = cyi_file_line_put(&giving->line, CYI_FILE_REQUEST, body, size);
        if (rc == 0)
            rc = cyi_file_get_answer(giving);
        if (rc == 0)
            return 0;
        cyi_file_line_close(&giving->line);
        if (fresh || !was_closed(rc))
            return rc;
    }
}

/* A small file is read here and now: each visit to the pool costs more than its bytes do. */
static int
open_source(void *arg)
{
    struct cyi_file_giving *giving = arg;
    struct cyi_file_source *source = &giving->source;
    uint32_t piece = giving->line.owner->net->limits.file_piece_bytes;
    uint32_t small = piece < CYI_FILE_SMALL ? piece : CYI_FILE_SMALL;
    int rc = cyi_file_source_open(source);
    if (rc != 0 || source->info.size > small || giving->buffer[0] == NULL)
        return rc;
    cyi_file_source_rewind(source);
    rc = cyi_file_source_read(source, giving->buffer[0], source->info.size);
    if (rc == 0)
        rc = cyi_file_source_end(source, giving->sha256);
    giving->whole = rc == 0;
    cyi_file_source_close(source);
    return rc;
}

/* Room for a small file; without it the file is read piece by piece. */
static int
open_file(struct cyi_file_giving *giving)
{
    giving->buffer[0] = cyi_file_buffer_take(giving->line.owner, CYI_FILE_SMALL_ROOM);
    int rc = cyi_file_job_run(&giving->job, open_source, giving);
    if (!giving->whole)
        cyi_file_buffer_give(giving->line.owner, &giving->buffer[0]);
    giving->request.size = giving->source.info.size;
    giving->request.mtime_ns = giving->source.info.mtime_ns;
    giving->request.mode = giving->source.info.mode;
    return rc;
}

static int
close_source(void *arg)
{
    struct cyi_file_giving *giving = arg;
    cyi_file_source_close(&giving->source);
    return 0;
}

/* One try: 0, and what it has come to is in the answer. */
static int
send_once(struct cyi_file_giving *giving)
{
    int rc = ask(giving);
    if (rc == CY_ESELF)
        return cyi_file_give_here(giving);
    if (rc == 0 && giving->answer.result == CYI_FILE_GO)
        rc = cyi_file_give(giving);
    if (rc == 0)
        cyi_file_line_keep(&giving->line);
    else
        cyi_file_line_close(&giving->line);
    return rc;
}

/* What was left of an earlier try may be damaged by a crash: then all of it goes again. */
static int
send_file(struct cyi_file_giving *giving)
{
    int rc = send_once(giving);
    if (rc == 0 && giving->answer.result == -EBADMSG && giving->offset > 0) {
        giving->request.flags |= CYI_FILE_AFRESH;
        rc = send_once(giving);
    }
    return rc != 0 ? rc : giving->answer.result;
}

int
cy_file_send_job(const cy_location *to, const struct cy_file_job *job,
                 struct cy_file_stat *stat, cy_time deadline)
{
    struct cyi_file_giving *giving;
    int rc = get_giving(&giving, to, deadline);
    if (rc != 0)
        return rc;
    giving->what = job;
    giving->source.path = job->path;
    rc = fill_request(&giving->request, job);
    if (rc == 0)
        rc = open_file(giving);
    if (rc == 0)
        rc = send_file(giving);
    if (giving->source.fd >= 0)
        (void) cyi_file_job_run(&giving->job, close_source, giving);
    if (rc == CY_FILE_SENT)
        giving->line.owner->counters.files_sent++;
    if (rc == CY_FILE_DIFFERS && stat != NULL)
        *stat = (struct cy_file_stat){.size = giving->answer.size,
                                      .mtime_ns = giving->answer.mtime_ns,
                                      .mode = giving->answer.mode};
    put_giving(giving);
    return rc;
}

int
cy_file_send(const cy_location *to, const char *path, const char *dir, uint32_t flags,
             struct cy_file_stat *stat, cy_time deadline)
{
    struct cy_file_job job = {.path = path, .dir = dir, .flags = flags};
    return cy_file_send_job(to, &job, stat, deadline);
}

int
cy_file_delete(const cy_location *from, const char *name, const char *dir, cy_time deadline)
{
    struct cyi_file_giving *giving;
    int rc = get_giving(&giving, from, deadline);
    if (rc != 0)
        return rc;
    giving->request.verb = CYI_FILE_DELETE;
    rc = fill_place(&giving->request, dir, last_part(name));
    if (rc == 0)
        rc = ask(giving);
    if (rc == 0)
        cyi_file_line_keep(&giving->line);
    if (rc == CY_ESELF)
        rc = cyi_file_delete_here(giving);
    if (rc == 0)
        rc = giving->answer.result;
    put_giving(giving);
    return rc > 0 ? -EBADMSG : rc;
}
