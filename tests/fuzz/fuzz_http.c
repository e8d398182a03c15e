/* fuzz_http.c - a request that was judged once is not judged otherwise when more has come. */
#include "fuzz.h"
#include "http.h"
#include <cycos/base.h>
#include <errno.h>
#include <stdbool.h>

static bool
is_judgement(int rc)
{
    return rc == 0 || rc == -EAGAIN || rc == 400 || rc == 414 || rc == 431 || rc == 505;
}

static bool
is_within(const char *part, size_t bytes, const char *text, size_t size)
{
    return bytes > 0 && part >= text && part + bytes <= text + size;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *) data;
    struct cyi_http_request early, late;
    size_t some = size < 2 ? 0 : data[size - 1] * size / 256;
    int first = cyi_http_read(&early, text, some), rc = cyi_http_read(&late, text, size);
    CY_ASSERT(is_judgement(first) && is_judgement(rc));
    CY_ASSERT(first == -EAGAIN || first == rc);
    CY_ASSERT(rc != -EAGAIN || size < CYI_HTTP_HEAD_MAX);
    if (rc != 0)
        return 0;
    CY_ASSERT(is_within(late.method, late.method_bytes, text, size));
    CY_ASSERT(late.path >= text && late.path + late.path_bytes <= text + size);
    return 0;
}
