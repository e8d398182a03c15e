/* fuzz_file.c - messages about files: what is accepted is safe, and written as it was read. */
#include "fuzz.h"
#include "wire_file.h"
#include <errno.h>

static void
check_request(const uint8_t *body, size_t size)
{
    static struct cyi_file_request request;
    static uint8_t again[CYI_FILE_REQUEST_MAX];
    int rc = cyi_file_request_read(&request, body, size);
    CY_ASSERT(rc == 0 || rc == -EBADMSG);
    if (rc != 0)
        return;
    CY_ASSERT(cyi_file_request_write(again, &request) == size);
    CY_ASSERT(memcmp(again, body, size) == 0);
    CY_ASSERT(strchr(request.name, '/') == NULL && request.name[0] != '\0');
    CY_ASSERT(strcmp(request.name, "..") != 0 && strcmp(request.name, ".") != 0);
    CY_ASSERT(request.dir[0] != '/' && strstr(request.dir, "//") == NULL);
    CY_ASSERT(strncmp(request.dir, "../", 3) != 0 && strstr(request.dir, "/../") == NULL);
    CY_ASSERT(strcmp(request.dir, "..") != 0);
}

static void
check_answer(const uint8_t *body)
{
    struct cyi_file_answer answer;
    uint8_t again[CYI_FILE_ANSWER_BYTES];
    int rc = cyi_file_answer_read(&answer, body);
    CY_ASSERT(rc == 0 || rc == -EBADMSG);
    if (rc != 0)
        return;
    cyi_file_answer_write(again, &answer);
    CY_ASSERT(memcmp(again, body, sizeof again) == 0);
    CY_ASSERT(answer.size <= INT64_MAX && answer.result <= CYI_FILE_GO);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum cyi_file_message kind;
    if (size < CYI_FILE_HEADER)
        return -1;
    int n = cyi_file_header_read(&kind, data);
    CY_ASSERT(n >= 0 || n == -EBADMSG);
    if (n < 0 || (size_t) n > size - CYI_FILE_HEADER)
        return 0;
    if (kind == CYI_FILE_REQUEST)
        check_request(data + CYI_FILE_HEADER, (size_t) n);
    else if (kind == CYI_FILE_ANSWER)
        check_answer(data + CYI_FILE_HEADER);
    return 0;
}
