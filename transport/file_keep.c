/*
 * file_keep.c - the store of files from its beginning on, and what dead transfers leave.
 *
 * Tests: tests/transport/test_file.c
 */
#include "file_job.h"
#include "file_line.h"
#include <stdio.h>
#include <stdlib.h>

static const char *
temporary_folder(const struct cyi_os *os)
{
    const char *folder = os->simulated ? NULL : getenv("TMPDIR");
    return folder != NULL && folder[0] != '\0' ? folder : "/tmp";
}

/* Without a dest_path of its own a node starts, too, where there is no temporary folder. */
int
cyi_files_open(struct cyi_net *net, char *why, size_t size)
{
    const struct cy_options *options = net->node->options;
    struct cyi_file_store *store = &net->files;
    int rc = cyi_file_store_init(store, net->node->os);
    if (rc != 0)
        return rc;
    store->path = options->dest_path != NULL ? options->dest_path : temporary_folder(store->os);
    store->size_max = options->max_file_size;
    store->quota = options->file_quota;
    store->delete_any = options->file_delete_any;
    store->limits = net->limits.files;
    rc = options->dest_path != NULL ? cyi_file_store_check(store) : 0;
    if (rc != 0)
        snprintf(why, size, "dest-path '%s': %s", store->path, cy_strerror(rc));
    return rc;
}

static int
tidy(void *arg)
{
    return cyi_file_store_tidy(arg);
}

int
cyi_files_keep(void *arg)
{
    struct cyi_net *net = arg;
    struct cyi_file_job job = {.running = false};
    cy_time pause = net->files.limits.keep_ns / 4;
    do
        (void) cyi_file_job_run(&job, tidy, &net->files);
    while (cy_sleep(pause) == 0);
    return 0;
}
