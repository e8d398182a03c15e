/*
 * file_here.c - a file for a core of this node: the same rules, and no connection.
 *
 * Tests: tests/transport/test_file.c
 */
#include "file_give.h"

static int
open_here(void *arg)
{
    struct cyi_file_giving *giving = arg;
    giving->sink.request = giving->request;
    cyi_file_sink_open(&giving->sink, giving->owner_id, &giving->answer);
    if (!giving->whole)
        cyi_file_source_rewind(&giving->source);
    return 0;
}

static int
copy_piece(void *arg)
{
    struct cyi_file_giving *giving = arg;
    uint8_t *buffer = giving->buffer[0];
    if (giving->whole)
        return cyi_file_sink_write(&giving->sink, buffer, giving->request.size);
    uint64_t left = giving->request.size - giving->source.hash.size;
    size_t size = left < CYI_FILE_PIECE ? left : CYI_FILE_PIECE;
    int rc = cyi_file_source_read(&giving->source, buffer, size);
    return rc != 0 ? rc : cyi_file_sink_write(&giving->sink, buffer, size);
}

static int
finish_here(void *arg)
{
    struct cyi_file_giving *giving = arg;
    int rc = giving->whole ? 0 : cyi_file_source_end(&giving->source, giving->sha256);
    if (rc == 0)
        cyi_file_sink_finish(&giving->sink, giving->sha256, &giving->answer);
    return rc;
}

static int
close_here(void *arg)
{
    struct cyi_file_giving *giving = arg;
    cyi_file_sink_close(&giving->sink, false);
    return 0;
}

static int
delete_here(void *arg)
{
    struct cyi_file_giving *giving = arg;
    return cyi_file_store_delete(giving->sink.store, giving->owner_id, &giving->request);
}

static void
prepare(struct cyi_file_giving *giving)
{
    const struct cyi_node *node = giving->line.owner->core->node;
    const char *name = node->options->name != NULL ? node->options->name : "";
    cyi_file_owner_id(giving->owner_id, node->incarnation, name);
    giving->sink.store = &giving->line.owner->net->files;
}

static int
next_piece(struct cyi_file_giving *giving)
{
    struct cyi_core *core = giving->line.owner->core;
    if (core->os->now(core->os) >= giving->line.deadline)
        return -ETIMEDOUT;
    int rc = cy_yield();
    if (rc == 0)
        rc = cyi_file_job_run(&giving->job, copy_piece, giving);
    if (rc == 0 && giving->what->progress != NULL)
        giving->what->progress(giving->sink.at, giving->request.size, giving->what->arg);
    return rc;
}

int
cyi_file_give_here(struct cyi_file_giving *giving)
{
    prepare(giving);
    giving->request.flags |= CYI_FILE_AFRESH; /* a copy is faster than to look what is there */
    if (giving->buffer[0] == NULL)
        giving->buffer[0] = cyi_file_buffer_take(giving->line.owner, CYI_FILE_ROOM);
    if (giving->buffer[0] == NULL)
        return -ENOMEM;
    (void) cyi_file_job_run(&giving->job, open_here, giving);
    if (giving->answer.result != CYI_FILE_GO)
        return 0;
    int rc = 0;
    while (rc == 0 && giving->sink.at < giving->request.size)
        rc = next_piece(giving);
    if (rc == 0)
        rc = cyi_file_job_run(&giving->job, finish_here, giving);
    (void) cyi_file_job_run(&giving->job, close_here, giving);
    return rc;
}

int
cyi_file_delete_here(struct cyi_file_giving *giving)
{
    prepare(giving);
    return cyi_file_job_run(&giving->job, delete_here, giving);
}
