/* file_send.c - the public calls that send and delete files. */
#include <cycos/file.h>

int
cy_file_send_job(const cy_location *to, const struct cy_file_job *job,
                 struct cy_file_stat *stat, cy_time deadline)
{
    (void) to;
    (void) job;
    (void) stat;
    (void) deadline;
    return -ENOSYS;
}

int
cy_file_send(const cy_location *to, const char *path, const char *dir, uint32_t flags,
             struct cy_file_stat *stat, cy_time deadline)
{
    struct cy_file_job job = {.path = path, .dir = dir, .flags = flags};
    return cy_file_send_job(to, &job, stat, deadline);
}

int
cy_file_delete(const cy_location *from, const char *name, const char *dir, cy_time deadline)
{
    (void) from;
    (void) name;
    (void) dir;
    (void) deadline;
    return -ENOSYS;
}
