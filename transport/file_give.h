/* file_give.h - a file that goes out: the task's record of it, and the bytes. */
#ifndef CYI_FILE_GIVE_H
#define CYI_FILE_GIVE_H

#include "file_job.h"
#include "file_line.h"
#include "file_source.h"

struct cyi_file_giving {
    struct cyi_file_line line;
    struct cyi_file_job job;
    struct cyi_file_source source;
    struct cyi_file_request request;
    struct cyi_file_answer answer;
    const struct cy_file_job *what;
    uint64_t offset;       /* where the other side wants it from */
    uint64_t sent, there;  /* bytes of the file; so many the other side has */
    uint32_t reading_size; /* with the job */
    uint8_t reading;       /* the buffer that it fills */
    uint8_t sha256[CYI_CRYPTO_HASH];
    bool whole;                /* all of it is in buffer[0], and the source is closed */
    uint8_t *buffer[2];        /* CYI_FILE_ROOM each, or NULL; of a whole one less */
    struct cyi_file_sink sink; /* when it stays on this node */
    uint8_t owner_id[CYI_FILE_OWNER];
};

/* The answer to a request. */
CY_MUST_CHECK int cyi_file_get_answer(struct cyi_file_giving *giving);
/* The other side said go: all bytes, and then its last answer. */
CY_MUST_CHECK int cyi_file_give(struct cyi_file_giving *giving);
/* The place is on this node: the same without a connection. */
CY_MUST_CHECK int cyi_file_give_here(struct cyi_file_giving *giving);
CY_MUST_CHECK int cyi_file_delete_here(struct cyi_file_giving *giving);

#endif
