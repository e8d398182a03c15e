/* tls_files.h - keys and certificates for tests, as openssl makes them and as we do. */
#ifndef TLS_FILES_H
#define TLS_FILES_H

#include "certificate.h"
#include "cy_test.h"
#include "tls.h"

enum { TLS_TEXT_BYTES = 4 * CYI_CERTIFICATE_BYTES, TLS_PATH_BYTES = 128 };

/* An empty folder, for one test. */
void tls_folder_begin(void);
void tls_folder_end(void);
/* The path of a file in it, good until its end; of 24 at most. */
const char *tls_path(const char *name);
/* A command of the shell, carried out in it, with nothing to read; its exit status. */
int tls_shell(const char *format, ...) CY_PRINTF(1, 2);
/* Write a file; a mode such as 0600. */
void tls_write(const char *name, const char *text, unsigned mode);
/* Its text, of at most TLS_TEXT_BYTES. */
void tls_read(char *text, const char *name);

/*
 * The certificate of the specification's own command, except that it does not ask: 2048 bits of
 * RSA. It takes a while, so all tests of a program have the same.
 */
const char *tls_specified(void);
/* P-256, with dates in seconds since 1970, of a name. */
void tls_make(char *text, const char *name, int64_t not_before, int64_t not_after);
/* The same, valid for as long as any test runs, simulated or not. */
void tls_make_lasting(char *text, const char *name);

/* Add the certificates of another text, without its key; both have TLS_TEXT_BYTES. */
void tls_add(char *text, const char *other);

/* A context of texts; `key` and `ca` may be NULL. What went wrong is in tls_why. */
extern char tls_why[256];
int tls_context(struct cyi_tls_context **out, const char *certificate, const char *key,
                const char *ca, cy_time now);

#endif
