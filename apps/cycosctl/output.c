/*
 * output.c - text that is gathered and written in one go.
 *
 * A reader that is slow or gone must not hold up the core, which answers probes of other nodes
 * meanwhile: a live display is written by a thread of the pool.
 *
 * Tests: tests/cycosctl/test_table.c
 */
#include "output.h"

#include <cycos/pool.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

static int
reopen(struct ctl_output *out)
{
    out->text = NULL;
    out->bytes = 0;
    out->file = open_memstream(&out->text, &out->bytes);
    return out->file == NULL ? -ENOMEM : 0;
}

int
ctl_output_open(struct ctl_output *out, int fd, bool table)
{
    *out = (struct ctl_output){.fd = fd, .table = table};
    return reopen(out);
}

void
ctl_output_close(struct ctl_output *out)
{
    if (out->file != NULL)
        fclose(out->file);
    free(out->text);
    *out = (struct ctl_output){.fd = -1};
}

static int
write_all(int fd, const char *text, size_t bytes)
{
    while (bytes > 0) {
        ssize_t n = write(fd, text, bytes);
        if (n >= 0) {
            text += n;
            bytes -= (size_t) n;
        } else if (errno == EAGAIN) {
            struct pollfd room = {.fd = fd, .events = POLLOUT};
            (void) poll(&room, 1, -1);
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}

int
ctl_output_flush(struct ctl_output *out)
{
    if (out->file == NULL)
        return -ENOMEM;
    bool lost = ferror(out->file) != 0;
    if (fclose(out->file) != 0 || lost)
        out->error = out->error != 0 ? out->error : -ENOMEM;
    if (out->error == 0)
        out->error = write_all(out->fd, out->text, out->bytes);
    free(out->text);
    int rc = reopen(out);
    return out->error != 0 ? out->error : rc;
}

static int
flush(void *arg)
{
    return ctl_output_flush(arg);
}

int
ctl_output_flush_task(struct ctl_output *out)
{
    int result;
    int rc = cy_blocking(&result, flush, out);
    return rc != 0 ? rc : result;
}
