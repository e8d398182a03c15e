/*
 * tls_load.c - reads the files of certificates and keys.
 *
 * At the start and when the operator asks for it, never on a core, so it may block. A file
 * that has a private key in it is the owner's alone, as a file with a secret is.
 *
 * Tests: tests/transport/test_tls_context.c
 */
#include "tls.h"
#include <cycos/err.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct loader {
    char *why;
    size_t why_size;
    char *texts[3];
    size_t sizes[3];
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

/* Non-blocking: a pipe without a writer would hold the start up for ever. */
static FILE *
open_file(int *error, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
    *error = file == NULL ? -errno : 0;
    if (file != NULL)
        setvbuf(file, NULL, _IONBF, 0); /* in which a key would stay behind */
    else if (fd >= 0)
        close(fd);
    return file;
}

static int
check_file(const struct loader *loader, const char *path, FILE *file, struct stat *st)
{
    if (fstat(fileno(file), st) != 0)
        return fail(loader, -errno, "%s: %s", path, cy_strerror(-errno));
    if (!S_ISREG(st->st_mode))
        return fail(loader, -EINVAL, "%s: not a regular file", path);
    if (st->st_size > CYI_TLS_FILE_MAX)
        return fail(loader, -EFBIG, "%s: it has more than %d bytes", path, CYI_TLS_FILE_MAX);
    return 0;
}

/* What was opened is asked, so nobody can exchange the file in between. */
static int
read_text(struct loader *loader, int n, const char *path, FILE *file)
{
    static const char key[] = "PRIVATE KEY-----";
    struct stat st;
    int rc = check_file(loader, path, file, &st);
    if (rc != 0)
        return rc;
    char *text = malloc(CYI_TLS_FILE_MAX + 1);
    if (text == NULL)
        return fail(loader, -ENOMEM, "%s", cy_strerror(-ENOMEM));
    loader->texts[n] = text;
    errno = 0;
    size_t size = loader->sizes[n] = fread(text, 1, CYI_TLS_FILE_MAX + 1, file);
    if (ferror(file))
        return fail(loader, -errno, "%s: %s", path, cy_strerror(-errno));
    if (size > CYI_TLS_FILE_MAX) /* it has grown since */
        return fail(loader, -EFBIG, "%s: it has more than %d bytes", path, CYI_TLS_FILE_MAX);
    if (memmem(text, size, key, sizeof key - 1) != NULL && (st.st_mode & 077) != 0)
        return fail(loader, -EACCES,
                    "%s: others may use the key in it (mode %04o); chmod 600 mends it", path,
                    (unsigned) st.st_mode & 07777);
    return 0;
}

static int
read_file(struct cyi_tls_file *out, struct loader *loader, int n, const char *path)
{
    int rc;
    if (path == NULL)
        return 0;
    FILE *file = open_file(&rc, path);
    if (file == NULL)
        return fail(loader, rc, "%s: %s", path, cy_strerror(rc));
    rc = read_text(loader, n, path, file);
    fclose(file);
    *out = (struct cyi_tls_file){path, loader->texts[n], loader->sizes[n]};
    return rc;
}

int
cyi_tls_context_load(struct cyi_tls_context **out, const struct cy_options *options,
                     cy_time now, char *why, size_t why_size)
{
    struct loader loader = {.why = why, .why_size = why_size};
    struct cyi_tls_files files = {.certificate = {.name = options->certfile}};
    int rc = read_file(&files.certificate, &loader, 0, options->certfile);
    if (rc == 0)
        rc = read_file(&files.key, &loader, 1, options->keyfile);
    if (rc == 0)
        rc = read_file(&files.ca, &loader, 2, options->cafile);
    if (rc == 0)
        rc = cyi_tls_context_create(out, &files, now, why, why_size);
    for (int i = 0; i < 3; i++) {
        if (loader.texts[i] != NULL)
            explicit_bzero(loader.texts[i], loader.sizes[i]);
        free(loader.texts[i]);
    }
    return rc;
}
