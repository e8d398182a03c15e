/*
 * file_source.h - a file of this node that is to be sent: opened, read, and hashed on the way.
 *
 * All of it runs on threads of the pool.
 */
#ifndef CYI_FILE_SOURCE_H
#define CYI_FILE_SOURCE_H

#include "file_hash.h"
#include <cycos/impl/os.h>

struct cyi_file_source {
    struct cyi_os *os;
    const char *path;
    int fd; /* -1: not open */
    bool fast_hash;
    struct cyi_file_info info; /* as it was when it was opened */
    struct cyi_file_hash hash;
};

/* -EISDIR, -EINVAL not a regular file, or what open() says. */
CY_MUST_CHECK int cyi_file_source_open(struct cyi_file_source *source);
void cyi_file_source_close(struct cyi_file_source *source);
/* Hash from the beginning. */
void cyi_file_source_rewind(struct cyi_file_source *source);
/* The next `size` bytes, hashed. -ESTALE there are not so many any more. */
CY_MUST_CHECK int cyi_file_source_read(struct cyi_file_source *source, void *buffer,
                                       size_t size);
/* The hash of the whole. -ESTALE it is not the file that it was. */
CY_MUST_CHECK int cyi_file_source_end(struct cyi_file_source *source,
                                      uint8_t sha256[CYI_CRYPTO_HASH]);

#endif
