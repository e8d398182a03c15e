/*
 * file_source.c - a file of this node that is to be sent.
 *
 * Tests: tests/transport/test_file.c
 */
#include "file_source.h"
#include <errno.h>

int
cyi_file_source_open(struct cyi_file_source *source)
{
    struct cyi_os *os = source->os;
    source->fd = os->file->open(os, source->path);
    if (source->fd < 0)
        return source->fd;
    int rc = os->file->info(os, source->fd, &source->info);
    if (rc == 0 && source->info.kind != CYI_FILE_REGULAR)
        rc = source->info.kind == CYI_FILE_FOLDER ? -EISDIR : -EINVAL;
    return rc;
}

void
cyi_file_source_close(struct cyi_file_source *source)
{
    if (source->fd >= 0)
        source->os->file->close(source->os, source->fd);
    source->fd = -1;
}

void
cyi_file_source_rewind(struct cyi_file_source *source)
{
    cyi_file_hash_init(&source->hash, source->fast_hash);
}

int
cyi_file_source_read(struct cyi_file_source *source, void *buffer, size_t size)
{
    struct cyi_os *os = source->os;
    uint8_t *at = buffer;
    for (size_t left = size; left > 0;) {
        size_t most = left < CYI_FILE_BITE ? left : CYI_FILE_BITE;
        ssize_t n = os->file->read(os, source->fd, at, most, source->hash.size);
        if (n <= 0)
            return n < 0 ? (int) n : -ESTALE;
        cyi_file_hash_update(&source->hash, at, (size_t) n);
        at += n;
        left -= (size_t) n;
    }
    return 0;
}

int
cyi_file_source_end(struct cyi_file_source *source, uint8_t sha256[CYI_CRYPTO_HASH])
{
    struct cyi_file_info now;
    int rc = source->os->file->info(source->os, source->fd, &now);
    if (rc != 0)
        return rc;
    if (now.size != source->info.size || now.mtime_ns != source->info.mtime_ns)
        return -ESTALE;
    cyi_file_hash_final(sha256, &source->hash);
    return 0;
}
