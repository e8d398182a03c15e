/* tls_files.c - keys and certificates for tests, as openssl makes them and as we do. */
#include "tls_files.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

char tls_why[256];
enum { PATHS = 24 };
static char folder[64], paths[PATHS][TLS_PATH_BYTES];

void
tls_folder_begin(void)
{
    snprintf(folder, sizeof folder, "/tmp/cycos-tls-XXXXXX");
    memset(paths, 0, sizeof paths);
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
}

void
tls_folder_end(void)
{
    char command[96];
    snprintf(command, sizeof command, "rm -r %s", folder);
    CU_ASSERT_EQUAL(system(command), 0);
}

const char *
tls_path(const char *name)
{
    for (int i = 0; i < PATHS; i++) {
        if (paths[i][0] == 0)
            snprintf(paths[i], TLS_PATH_BYTES, "%s/%s", folder, name);
        if (strcmp(strrchr(paths[i], '/') + 1, name) == 0)
            return paths[i];
    }
    CU_FAIL_FATAL("too many files");
    return NULL;
}

int
tls_shell(const char *format, ...)
{
    char command[1024], whole[1200];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    snprintf(whole, sizeof whole, "cd %s && { %s; } >/dev/null 2>&1 </dev/null", folder,
             command);
    int status = system(whole);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void
tls_write(const char *name, const char *text, unsigned mode)
{
    int fd = open(tls_path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CU_ASSERT_EQUAL(write(fd, text, strlen(text)), (ssize_t) strlen(text));
    CU_ASSERT_EQUAL(fchmod(fd, mode), 0);
    close(fd);
}

void
tls_read(char *text, const char *name)
{
    int fd = open(tls_path(name), O_RDONLY | O_CLOEXEC);
    ssize_t n = read(fd, text, TLS_TEXT_BYTES - 1);
    CU_ASSERT_TRUE_FATAL(n > 0);
    text[n] = 0;
    close(fd);
}

const char *
tls_specified(void)
{
    static char text[TLS_TEXT_BYTES];
    if (text[0] != 0)
        return text;
    tls_folder_begin();
    CU_ASSERT_EQUAL(tls_shell("openssl req -x509 -newkey rsa:2048 -keyout sskeycert.pem -nodes "
                              "-out sskeycert.pem -sha256 -days 1000 -batch"),
                    0);
    tls_read(text, "sskeycert.pem");
    tls_folder_end();
    return text;
}

void
tls_make(char *text, const char *name, int64_t not_before, int64_t not_after)
{
    struct cyi_certificate_plan plan = {
        .name = name, .not_before = not_before, .not_after = not_after};
    int n = cyi_certificate_make((uint8_t *) text, &plan);
    CU_ASSERT_TRUE_FATAL(n > 0);
    text[n] = 0;
}

void
tls_make_lasting(char *text, const char *name)
{
    tls_make(text, name, 0, INT64_C(7258118400)); /* 2200 */
}

void
tls_add(char *text, const char *other)
{
    const char *from = strstr(other, "-----BEGIN CERT");
    size_t have = strlen(text), size = strlen(from) + 1;
    CU_ASSERT_TRUE_FATAL(have + size <= TLS_TEXT_BYTES);
    memcpy(text + have, from, size);
}

int
tls_context(struct cyi_tls_context **out, const char *certificate, const char *key,
            const char *ca, cy_time now)
{
    struct cyi_tls_files files = {.certificate = {"certificate", certificate, 0},
                                  .key = {"key", key, 0},
                                  .ca = {"ca", ca, 0}};
    files.certificate.size = strlen(certificate);
    files.key.size = key != NULL ? strlen(key) : 0;
    files.ca.size = ca != NULL ? strlen(ca) : 0;
    return cyi_tls_context_create(out, &files, now, tls_why, sizeof tls_why);
}
