/* wire_file.c - requests for files, and the answers, as bytes. */
#include "wire_file.h"
#include <errno.h>

/* Where the fields of a request are. Behind them come the folder, then the name. */
enum {
    AT_VERB = 0,
    AT_FLAGS = 1,
    AT_DIR_SIZE = 2,
    AT_NAME_SIZE = 4,
    AT_ZERO = 6,
    AT_SIZE = 8,
    AT_MTIME = 16,
    AT_MODE = 24,
    AT_ZEROS = 28,
};

enum { MODE_MAX = 07777, CODE_MIN = -8191 };

static bool
is_plain(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((unsigned char) text[i] < ' ' || text[i] == 0x7f)
            return false;
    return true;
}

static bool
is_dots(const char *name, size_t size)
{
    return (size == 1 && name[0] == '.') || (size == 2 && name[0] == '.' && name[1] == '.');
}

int
cyi_file_name_check(const char *name, size_t size)
{
    if (size == 0 || is_dots(name, size) || memchr(name, '/', size) != NULL ||
        !is_plain(name, size))
        return -EINVAL;
    return size > CY_FILE_NAME_MAX ? -ENAMETOOLONG : 0;
}

static bool
is_private(const char *name, size_t size)
{
    size_t prefix = sizeof CYI_FILE_PRIVATE - 1;
    return size >= prefix && memcmp(name, CYI_FILE_PRIVATE, prefix) == 0;
}

int
cyi_file_dir_check(const char *dir, size_t size)
{
    const char *end = dir + size;
    if (size == 0)
        return 0;
    if (is_private(dir, size))
        return -EINVAL;
    for (const char *at = dir;; at++) {
        const char *slash = memchr(at, '/', (size_t) (end - at));
        const char *stop = slash != NULL ? slash : end;
        int rc = cyi_file_name_check(at, (size_t) (stop - at));
        if (rc != 0)
            return rc;
        if (slash == NULL)
            return size > CY_FILE_DIR_MAX ? -ENAMETOOLONG : 0;
        at = slash;
    }
}

int
cyi_file_place_check(const char *dir, const char *name)
{
    size_t size = strlen(name), dir_size = strlen(dir);
    int rc = cyi_file_dir_check(dir, dir_size);
    if (rc == 0)
        rc = cyi_file_name_check(name, size);
    return rc == 0 && dir_size == 0 && is_private(name, size) ? -EINVAL : rc;
}

void
cyi_file_header_write(uint8_t out[CYI_FILE_HEADER], enum cyi_file_message kind, size_t size)
{
    cyi_put32(out, (uint32_t) size);
    out[4] = (uint8_t) kind;
    memset(out + 5, 0, 3);
}

int
cyi_file_header_read(enum cyi_file_message *kind, const uint8_t in[CYI_FILE_HEADER])
{
    static const struct {
        uint32_t min, max;
    } SIZES[CYI_FILE_MESSAGES] = {
        [CYI_FILE_REQUEST] = {CYI_FILE_REQUEST_BYTES + 1, CYI_FILE_REQUEST_MAX},
        [CYI_FILE_ANSWER] = {CYI_FILE_ANSWER_BYTES, CYI_FILE_ANSWER_BYTES},
        [CYI_FILE_DATA] = {1, CYI_FILE_DATA_MAX},
        [CYI_FILE_PROGRESS] = {CYI_FILE_PROGRESS_BYTES, CYI_FILE_PROGRESS_BYTES},
        [CYI_FILE_END] = {CYI_FILE_END_BYTES, CYI_FILE_END_BYTES},
        [CYI_FILE_ABORT] = {0, 0},
    };
    uint32_t size = cyi_get32(in);
    uint8_t is = in[4];
    if (is < CYI_FILE_REQUEST || is >= CYI_FILE_MESSAGES || size < SIZES[is].min ||
        size > SIZES[is].max || (in[5] | in[6] | in[7]) != 0)
        return -EBADMSG;
    *kind = (enum cyi_file_message) is;
    return (int) size;
}

size_t
cyi_file_request_write(uint8_t *out, const struct cyi_file_request *request)
{
    size_t dir = strlen(request->dir), name = strlen(request->name);
    int rc = cyi_file_place_check(request->dir, request->name);
    CY_ASSERT(rc == 0 && request->size <= INT64_MAX && request->mode <= MODE_MAX);
    out[AT_VERB] = request->verb;
    out[AT_FLAGS] = request->flags;
    cyi_put16(out + AT_DIR_SIZE, (uint16_t) dir);
    cyi_put16(out + AT_NAME_SIZE, (uint16_t) name);
    cyi_put16(out + AT_ZERO, 0);
    cyi_put64(out + AT_SIZE, request->size);
    cyi_put64(out + AT_MTIME, (uint64_t) request->mtime_ns);
    cyi_put32(out + AT_MODE, request->mode);
    cyi_put32(out + AT_ZEROS, 0);
    memcpy(out + CYI_FILE_REQUEST_BYTES, request->dir, dir);
    memcpy(out + CYI_FILE_REQUEST_BYTES + dir, request->name, name);
    return CYI_FILE_REQUEST_BYTES + dir + name;
}

static bool
is_request(const uint8_t *in)
{
    if (in[AT_VERB] >= CYI_FILE_VERBS || (in[AT_FLAGS] & ~CYI_FILE_REQUEST_FLAGS) != 0 ||
        cyi_get16(in + AT_ZERO) != 0 || cyi_get32(in + AT_ZEROS) != 0 ||
        cyi_get64(in + AT_SIZE) > INT64_MAX || cyi_get32(in + AT_MODE) > MODE_MAX)
        return false;
    return in[AT_VERB] == CYI_FILE_SEND ||
           (in[AT_FLAGS] == 0 && cyi_get64(in + AT_SIZE) == 0 &&
            cyi_get64(in + AT_MTIME) == 0 && cyi_get32(in + AT_MODE) == 0);
}

int
cyi_file_request_read(struct cyi_file_request *out, const uint8_t *in, size_t size)
{
    if (size < CYI_FILE_REQUEST_BYTES || !is_request(in))
        return -EBADMSG;
    size_t dir = cyi_get16(in + AT_DIR_SIZE), name = cyi_get16(in + AT_NAME_SIZE);
    const char *text = (const char *) in + CYI_FILE_REQUEST_BYTES;
    if (dir > CY_FILE_DIR_MAX || name > CY_FILE_NAME_MAX ||
        size != CYI_FILE_REQUEST_BYTES + dir + name)
        return -EBADMSG;
    /* Checked with its size first: a NUL within would cut the text short. */
    if (cyi_file_dir_check(text, dir) != 0 || cyi_file_name_check(text + dir, name) != 0)
        return -EBADMSG;
    memset(out, 0, sizeof *out);
    memcpy(out->dir, text, dir);
    memcpy(out->name, text + dir, name);
    if (cyi_file_place_check(out->dir, out->name) != 0)
        return -EBADMSG;
    out->verb = in[AT_VERB];
    out->flags = in[AT_FLAGS];
    out->size = cyi_get64(in + AT_SIZE);
    out->mtime_ns = (int64_t) cyi_get64(in + AT_MTIME);
    out->mode = cyi_get32(in + AT_MODE);
    return 0;
}

void
cyi_file_answer_write(uint8_t out[CYI_FILE_ANSWER_BYTES], const struct cyi_file_answer *answer)
{
    cyi_put32(out, (uint32_t) answer->result);
    cyi_put32(out + 4, answer->mode);
    cyi_put64(out + 8, answer->size);
    cyi_put64(out + 16, (uint64_t) answer->mtime_ns);
}

int
cyi_file_answer_read(struct cyi_file_answer *out, const uint8_t in[CYI_FILE_ANSWER_BYTES])
{
    struct cyi_file_answer answer = {.result = (int32_t) cyi_get32(in),
                                     .mode = cyi_get32(in + 4),
                                     .size = cyi_get64(in + 8),
                                     .mtime_ns = (int64_t) cyi_get64(in + 16)};
    bool differs = answer.result == CY_FILE_DIFFERS;
    if (answer.result < CODE_MIN || answer.result > CYI_FILE_GO || answer.size > INT64_MAX ||
        answer.mode > MODE_MAX)
        return -EBADMSG;
    if ((!differs && (answer.mode != 0 || answer.mtime_ns != 0)) ||
        (!differs && answer.result != CYI_FILE_GO && answer.size != 0))
        return -EBADMSG;
    *out = answer;
    return 0;
}
