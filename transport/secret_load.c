/*
 * secret_load.c - reads secrets from files and from the environment.
 * Tests: tests/transport/test_secret.c
 *
 * Once, before the cores start, so it may block. It is the one file of this folder that reads
 * from the file system, and a simulated node is given its secrets by cyi_secrets_make().
 */
#include "secret_set.h"
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define VARIABLE "CYCOS_SECRET"

struct loader {
    struct cyi_secrets *secrets;
    char *why;
    size_t why_size;
};

CY_PRINTF(3, 4)
static int
fail(const struct loader *loader, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(loader->why, loader->why_size, format, args);
    va_end(args);
    return code;
}

/* One newline at the end is the editor's; every other byte is part of the secret. */
static struct cyi_bytes
without_newline(const char *text, size_t size)
{
    if (size > 0 && text[size - 1] == '\n')
        size--;
    if (size > 0 && text[size - 1] == '\r')
        size--;
    return (struct cyi_bytes){text, size};
}

static int
add(const struct loader *loader, const char *source, const char *text, size_t size)
{
    int rc =
        cyi_secrets_add(loader->secrets, without_newline(text, size), CYI_SECRET_COST_LOG2);
    switch (rc) {
    case 0:
        return 0;
    case -EINVAL:
        return fail(loader, rc, "%s: the secret is empty", source);
    case -E2BIG:
        return fail(loader, rc, "%s: more than %d secrets", source, CYI_SECRETS_MAX);
    default:
        return fail(loader, rc, "%s: %s", source, cy_strerror(rc));
    }
}

static int
check_file(const struct loader *loader, const char *path, int fd)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return fail(loader, -errno, "%s: %s", path, cy_strerror(-errno));
    if (!S_ISREG(st.st_mode))
        return fail(loader, -EINVAL, "%s: not a regular file", path);
    if ((st.st_mode & 077) != 0)
        return fail(loader, -EACCES,
                    "%s: others may use this secret (mode %04o); chmod 600 mends it", path,
                    (unsigned) st.st_mode & 07777);
    if (st.st_size > CYI_SECRET_BYTES_MAX)
        return fail(loader, -EFBIG, "%s: a secret has at most %d bytes", path,
                    CYI_SECRET_BYTES_MAX);
    return 0;
}

/* Without a buffer, in which the secret would stay behind. Returns the bytes read. */
static int
read_file(char *text, size_t size, int fd)
{
    FILE *file = fdopen(fd, "r");
    if (file == NULL) {
        int rc = -errno;
        close(fd);
        return rc;
    }
    setvbuf(file, NULL, _IONBF, 0);
    errno = 0;
    size_t got = fread(text, 1, size, file);
    int rc = ferror(file) ? -errno : (int) got;
    fclose(file);
    return rc;
}

/* The mode is asked of what was opened, so nobody can exchange the file in between. */
static int
open_file(const struct loader *loader, const char *path)
{
    /* Non-blocking: a pipe without a writer would hold the start up for ever. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return fail(loader, -errno, "%s: %s", path, cy_strerror(-errno));
    int rc = check_file(loader, path, fd);
    if (rc != 0) {
        close(fd);
        return rc;
    }
    return fd;
}

static int
add_file(const struct loader *loader, const char *path)
{
    char text[CYI_SECRET_BYTES_MAX + 1];
    int fd = open_file(loader, path);
    if (fd < 0)
        return fd;
    int rc = read_file(text, sizeof text, fd);
    if (rc < 0)
        rc = fail(loader, rc, "%s: %s", path, cy_strerror(rc));
    else if (rc > CYI_SECRET_BYTES_MAX) /* it has grown since */
        rc = fail(loader, -EFBIG, "%s: a secret has at most %d bytes", path,
                  CYI_SECRET_BYTES_MAX);
    else
        rc = add(loader, path, text, (size_t) rc);
    explicit_bzero(text, sizeof text);
    return rc;
}

static int
add_variable(const struct loader *loader)
{
    const char *text = getenv(VARIABLE);
    if (text == NULL)
        return 0;
    size_t size = strnlen(text, CYI_SECRET_BYTES_MAX + 1);
    if (size > CYI_SECRET_BYTES_MAX)
        return fail(loader, -EFBIG, "%s: a secret has at most %d bytes", VARIABLE,
                    CYI_SECRET_BYTES_MAX);
    return add(loader, VARIABLE, text, size);
}

int
cyi_secrets_load(struct cyi_secrets **out, const struct cy_options *options, char *why,
                 size_t why_size)
{
    struct loader loader;
    loader.why = why;
    loader.why_size = why_size;
    int rc = cyi_secrets_create(&loader.secrets);
    if (rc != 0)
        return fail(&loader, rc, "%s", cy_strerror(rc));
    for (uint32_t i = 0; rc == 0 && i < options->secret_file.count; i++)
        rc = add_file(&loader, options->secret_file.items[i]);
    if (rc == 0)
        rc = add_variable(&loader);
    if (rc == 0)
        *out = loader.secrets;
    else
        cyi_secrets_free(&loader.secrets);
    return rc;
}
