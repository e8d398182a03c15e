/*
 * wire_file.h - what travels on a connection for files, as bytes; wire.md says it byte by byte.
 *
 * Pure, as wire.h: behind the intros both sides exchange messages, each
 *
 *     header (8 bytes) | body | 16 bytes of authentication, with a secret
 */
#ifndef CYI_WIRE_FILE_H
#define CYI_WIRE_FILE_H

#include "wire.h"
#include <cycos/file.h>

enum {
    CYI_FILE_HEADER = 8,
    CYI_FILE_REQUEST_BYTES = 32, /* and the folder, and the name */
    CYI_FILE_REQUEST_MAX = CYI_FILE_REQUEST_BYTES + CY_FILE_DIR_MAX + CY_FILE_NAME_MAX,
    CYI_FILE_ANSWER_BYTES = 24,
    CYI_FILE_PROGRESS_BYTES = 8,
    CYI_FILE_END_BYTES = 32,
    CYI_FILE_DATA_MAX = 256 << 10,  /* bytes in one message */
    CYI_FILE_SEALED_MAX = 64 << 10, /* the same where it is sealed */
    CYI_FILE_WINDOW = 8 << 20,      /* bytes on the way; progress comes four times in it */
};

enum cyi_file_message {
    CYI_FILE_REQUEST = 1, /* by the sender; then nothing until the answer */
    CYI_FILE_ANSWER,      /* by the receiver */
    CYI_FILE_DATA,
    CYI_FILE_PROGRESS, /* by the receiver: so many bytes of the file are there */
    CYI_FILE_END,      /* the hash of the whole file (file_hash.h) */
    CYI_FILE_ABORT,    /* instead: forget it */
    CYI_FILE_MESSAGES,
};

enum cyi_file_verb { CYI_FILE_SEND, CYI_FILE_DELETE, CYI_FILE_VERBS };

/* Flags of a request. */
enum {
    CYI_FILE_REPLACE = 1, /* what is there */
    CYI_FILE_LAZY = 2,    /* need not be on the disk */
    CYI_FILE_AFRESH = 4,  /* not on with what is left of another try */
    CYI_FILE_REQUEST_FLAGS = 7,
};

struct cyi_file_request {
    uint8_t verb, flags;
    uint64_t size; /* at most INT64_MAX */
    int64_t mtime_ns;
    uint32_t mode;                 /* permissions and the three bits above them */
    char dir[CY_FILE_DIR_MAX + 1]; /* empty: none */
    char name[CY_FILE_NAME_MAX + 1];
};

enum { CYI_FILE_GO = 3 }; /* a result besides those of enum cy_file_result */

struct cyi_file_answer {
    int32_t result; /* of enum cy_file_result, CYI_FILE_GO, or a negative code */
    uint32_t mode;  /* of what is there, when it differs */
    uint64_t size;  /* the same; with CYI_FILE_GO: from where on */
    int64_t mtime_ns;
};

/*
 * The name of a file: 1 to CY_FILE_NAME_MAX bytes without "/", control characters, and neither
 * "." nor "..". A folder: names with "/" between them, at most CY_FILE_DIR_MAX bytes. What
 * begins with CYI_FILE_PRIVATE may not stand first: the receiver keeps its own things there.
 * 0, -EINVAL, -ENAMETOOLONG.
 */
#define CYI_FILE_PRIVATE ".cycos-"
CY_MUST_CHECK int cyi_file_name_check(const char *name, size_t size);
CY_MUST_CHECK int cyi_file_dir_check(const char *dir, size_t size);
/* The two together: the name may not be private either, when there is no folder. */
CY_MUST_CHECK int cyi_file_place_check(const char *dir, const char *name);

/* The header. read: the size, or -EBADMSG: no such message, or it cannot have that size. */
void cyi_file_header_write(uint8_t out[CYI_FILE_HEADER], enum cyi_file_message kind,
                           size_t size);
CY_MUST_CHECK int cyi_file_header_read(enum cyi_file_message *kind,
                                       const uint8_t in[CYI_FILE_HEADER]);

/* Bodies. write returns the size. read: 0 or -EBADMSG. */
size_t cyi_file_request_write(uint8_t *out, const struct cyi_file_request *request);
CY_MUST_CHECK int cyi_file_request_read(struct cyi_file_request *out, const uint8_t *in,
                                        size_t size);
void cyi_file_answer_write(uint8_t out[CYI_FILE_ANSWER_BYTES],
                           const struct cyi_file_answer *answer);
CY_MUST_CHECK int cyi_file_answer_read(struct cyi_file_answer *out,
                                       const uint8_t in[CYI_FILE_ANSWER_BYTES]);

#endif
