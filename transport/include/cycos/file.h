/* cycos/file.h - sending files to peers. */
#ifndef CYCOS_FILE_H
#define CYCOS_FILE_H

#include <cycos/err.h>
#include <cycos/location.h>
#include <cycos/time.h>
#include <stdint.h>

CY_BEGIN_DECLS

/*
 * A peer keeps what it gets under its dest_path (cycos/options.h) and nowhere else. A file is
 * there under its name when all of it has arrived, is on the disk and has the hash, made by
 * SHA-256, that the sender has computed; not before, and never half. A transfer that was cut
 * goes on where it was when the same file is sent again, for ten minutes.
 *
 * Whose file it is: a node with a name is known by it, also after a restart; one without is
 * another node after a restart.
 */

/* What cy_file_send() has come to. */
enum cy_file_result {
    CY_FILE_SENT,    /* it is there now */
    CY_FILE_SAME,    /* it was there already: same size, time and mode */
    CY_FILE_DIFFERS, /* another one is there, and may not be overwritten */
};

enum cy_file_flags {
    CY_FILE_OVERWRITE = 1, /* replace a file that differs */
    CY_FILE_RELAXED = 2,   /* do not wait for the disk: a power failure may undo it */
};

struct cy_file_stat {
    uint64_t size;    /* bytes */
    int64_t mtime_ns; /* last modified: since 1970 */
    uint32_t mode;    /* permissions, such as 0644 */
};

#define CY_FILE_NAME_MAX 255  /* bytes of a file's name */
#define CY_FILE_DIR_MAX  1023 /* bytes of a relative folder */

/**
 * cy_file_send - send a file to a peer
 * @to:       where; the port of a core
 * @path:     the file here, a regular one; its last part is its name there
 * @dir:      a folder under the peer's dest_path, made if there is none; NULL: dest_path itself
 * @flags:    of enum cy_file_flags
 * @stat:     receives what is there instead when CY_FILE_DIFFERS; may be NULL
 * @deadline: absolute, for all of it
 *
 * Returns CY_FILE_SENT, CY_FILE_SAME or CY_FILE_DIFFERS. The peer sets the time of the file
 * and its mode, without set-user-ID, set-group-ID, sticky and writing for everybody. A peer
 * that is silent for a while is given up before the deadline.
 *
 * Context:   a task; suspends: yes; blocks: no
 * Ownership: borrows
 * Errors:    here: -ENOENT, -EACCES, -EISDIR, -EINVAL not a regular file, or a dir or name that
 *            is not allowed, -ENAMETOOLONG, -EAGAIN too many transfers, -ESTALE the file has
 *            changed meanwhile, -EMFILE, -EIO; on the way: -ECONNREFUSED, -ECONNRESET,
 *            -EHOSTUNREACH, -ENETUNREACH, CY_EAUTH..., -ETIMEDOUT, -ECANCELED, CY_ENOPEER no
 *            network; there: -EFBIG more than max_file_size, -EDQUOT more than the quota,
 *            -ENOSPC, -EROFS, -EACCES, -EISDIR a folder has that name, -ENOTDIR a file is where
 *            dir has a folder, -ELOOP a symbolic link is, -EXDEV another file system is, -EBUSY
 *            another transfer of this file has taken over, -EAGAIN too many transfers, -EBADMSG
 *            damaged on the way, -EIO
 * Since:     0.1
 */
CY_MUST_CHECK int cy_file_send(const cy_location *to, const char *path, const char *dir,
                               uint32_t flags, struct cy_file_stat *stat, cy_time deadline);

/* More about a transfer. All zero is the default of everything but path. */
struct cy_file_job {
    const char *path; /* the file here */
    const char *dir;  /* as above */
    const char *name; /* there; NULL: the last part of path */
    uint32_t flags;
    /* Now and then, in the task that sends: the peer has `done` of `size` bytes. */
    void (*progress)(uint64_t done, uint64_t size, void *arg);
    void *arg;
};

/**
 * cy_file_send_job - send a file, with a name of its own or news of the progress
 * @to:       where; the port of a core
 * @job:      what
 * @stat:     receives what is there instead when CY_FILE_DIFFERS; may be NULL
 * @deadline: absolute, for all of it
 *
 * Context:   a task; suspends: yes; blocks: no
 * Ownership: borrows @job
 * Errors:    as cy_file_send()
 * Since:     0.1
 */
CY_MUST_CHECK int cy_file_send_job(const cy_location *to, const struct cy_file_job *job,
                                   struct cy_file_stat *stat, cy_time deadline);

/**
 * cy_file_delete - delete a file at a peer
 * @from:     the peer; the port of a core
 * @name:     the file there; of a path only the last part counts, as for cy_file_send()
 * @dir:      the folder that it was sent to, or NULL
 * @deadline: absolute
 *
 * The peer deletes what this node has sent it since it started, and any other file only if its
 * option file-delete-any says so. Folders that are empty then go with it.
 *
 * Context:   a task; suspends: yes; blocks: no
 * Ownership: borrows
 * Errors:    -ENOENT, -EPERM this node has not sent it, -EISDIR, -EINVAL a dir or name that is
 *            not allowed; and of the way and of there as cy_file_send()
 * Since:     0.1
 */
CY_MUST_CHECK int cy_file_delete(const cy_location *from, const char *name, const char *dir,
                                 cy_time deadline);

CY_END_DECLS

#endif
