/*
 * fuzz_certificate.c - files of certificates and keys: what is refused, says why.
 *
 * The input is the text of the certfile; behind a zero byte follows that of the cafile.
 */
#include "fuzz.h"
#include "tls.h"
#include <string.h>

static void
check_words(const char *why, size_t size)
{
    size_t length = strnlen(why, size);
    CY_ASSERT(length > 0 && length < size);
    CY_ASSERT(memchr(why, '\n', length) == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *) data;
    const char *zero = size == 0 ? NULL : memchr(text, 0, size);
    struct cyi_tls_files files = {.certificate = {"certificate", text, size}};
    struct cyi_tls_context *context = NULL;
    char why[256] = "";
    if (size > CYI_TLS_FILE_MAX)
        return -1;
    if (size == 0)
        files.certificate.text = "";
    if (zero != NULL) {
        files.certificate.size = (size_t) (zero - text);
        files.ca = (struct cyi_tls_file){"ca", zero + 1, size - files.certificate.size - 1};
    }
    int rc =
        cyi_tls_context_create(&context, &files, INT64_C(2000000000) * CY_SECOND, why, 256);
    CY_ASSERT((rc == 0) == (context != NULL) && rc <= 0);
    if (rc != 0)
        check_words(why, sizeof why);
    cyi_tls_context_release(&context);
    return 0;
}
