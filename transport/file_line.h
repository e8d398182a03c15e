/*
 * file_line.h - a connection for files: messages one after another, sealed with a secret.
 *
 * One task has it. Whoever reads waits no longer than the transfer may stand still, nor than
 * its deadline allows. All calls suspend. After an error the connection is of no more use.
 */
#ifndef CYI_FILE_LINE_H
#define CYI_FILE_LINE_H

#include "connection.h"
#include "wire_file.h"

enum {
    CYI_FILE_PIECE = 1 << 20, /* bytes that one job handles */
    CYI_FILE_ROOM = CYI_FILE_PIECE + CYI_FILE_END_BYTES + CYI_SEAL_OVERHEAD,
    CYI_FILE_SMALL = 64 << 10, /* bytes of a file that is handled in one go */
    CYI_FILE_SMALL_ROOM = CYI_FILE_SMALL + CYI_FILE_END_BYTES + CYI_SEAL_OVERHEAD,
};

struct cyi_file_line {
    struct cyi_list link; /* in owner->file_lines, or unlinked */
    struct cyi_net_core *owner;
    struct cyi_connection *connection; /* NULL: none */
    cy_location to;                    /* where it leads */
    cy_time deadline;
    cy_time idle_since; /* in the list */
};

/* The deadline of the next step. */
cy_time cyi_file_line_until(const struct cyi_file_line *line);
/* A message; `size` at most CYI_FILE_REQUEST_MAX. */
CY_MUST_CHECK int cyi_file_line_put(struct cyi_file_line *line, enum cyi_file_message kind,
                                    const void *body, size_t size);
/* Bytes of a file, at most CYI_FILE_PIECE, as one message or more. */
CY_MUST_CHECK int cyi_file_line_put_data(struct cyi_file_line *line, const uint8_t *bytes,
                                         size_t size);
/* The same from the file itself; the connection is plain. */
CY_MUST_CHECK int cyi_file_line_send_file(struct cyi_file_line *line, int file, uint64_t offset,
                                          size_t size);
/*
 * The next message, its body into `room` bytes at `body`, of which CYI_SEAL_OVERHEAD are for
 * the seal. Returns the size. -EBADMSG it makes no sense, or does not fit.
 */
CY_MUST_CHECK int cyi_file_line_get(struct cyi_file_line *line, enum cyi_file_message *kind,
                                    uint8_t *body, size_t room);
CY_MUST_CHECK int cyi_file_line_put_answer(struct cyi_file_line *line,
                                           const struct cyi_file_answer *answer);
CY_MUST_CHECK int cyi_file_line_put_progress(struct cyi_file_line *line, uint64_t at);
/* Close the connection, if there is one. */
void cyi_file_line_close(struct cyi_file_line *line);

/* file_dial.c */

/*
 * A connection to this core of another node: one that is idle (*fresh false), or a new one.
 * CY_ESELF: it is a core of this node; and what dialling and shaking hands says.
 */
CY_MUST_CHECK int cyi_file_line_open(struct cyi_file_line *line, struct cyi_net_core *owner,
                                     const cy_location *to, bool *fresh);
/* Nothing is under way on it: keep it for the next file, for a moment. */
void cyi_file_line_keep(struct cyi_file_line *line);
/* None is kept yet. */
void cyi_file_lines_open(struct cyi_net_core *owner);
/* Close those that are kept: the node ends. */
void cyi_file_lines_close(struct cyi_net_core *owner);

/*
 * file_pace.c: before so many bytes of a file are sent or taken. Lets messages pass, and other
 * transfers. Suspends; -ECANCELED.
 */
CY_MUST_CHECK int cyi_file_pace(struct cyi_file_line *line, size_t bytes);

/* file_buffer.c: CYI_FILE_SMALL_ROOM bytes or more; NULL without memory. */
uint8_t *cyi_file_buffer_take(struct cyi_net_core *owner, size_t room);
/* Give it back, if there is one. */
void cyi_file_buffer_give(struct cyi_net_core *owner, uint8_t **variable);
/* Free those whose tasks were dropped: the node ends. */
void cyi_file_buffers_drop(struct cyi_net_core *owner);

/* file_serve.c: what a node that has dialled sends, until it ends; it frees nothing. */
void cyi_file_serve(struct cyi_connection *connection, const struct cyi_intro *peer);
/* Who that is, for records and quotas. */
void cyi_file_owner_id(uint8_t out[CYI_FILE_OWNER], const uint8_t incarnation[16],
                       const char *name);
/* file_keep.c: the store of a node that begins. *why says what is wrong with its dest_path. */
CY_MUST_CHECK int cyi_files_open(struct cyi_net *net, char *why, size_t size);
/* The daemon on the hub that removes what dead transfers leave. Takes the struct cyi_net. */
int cyi_files_keep(void *arg);

#endif
