/* os_file.h - files of Linux, behind the os seam. */
#ifndef CYI_OS_FILE_H
#define CYI_OS_FILE_H

#include <cycos/impl/os.h>
#include <string.h>

extern const struct cyi_file_ops cyi_file_linux;

/* Move to the next component of a path: its length, 0 at the end. */
static inline size_t
cyi_path_next(const char **path)
{
    *path += strspn(*path, "/");
    return strcspn(*path, "/");
}

/*
 * A folder beneath another, for kernels without openat2() and for sandboxes that forbid it:
 * opened component by component, so that none can be a symbolic link, or lead out.
 */
CY_MUST_CHECK int cyi_file_walk(int root, const char *path);

#endif
