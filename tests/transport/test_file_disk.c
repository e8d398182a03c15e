#include "trio.h"

#include <cycos/file.h>
#include <cycos/peer.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/*
 * The disk of the node that takes files is full, broken, or may not be written; and whatever
 * else the system of either node may refuse.
 */

enum { TAKER = 1, SIZE = 4 << 20 };
static uint8_t bytes[SIZE];
static cy_location to;

static void
set_disk(struct cyi_sim_disk disk)
{
    cyi_sim_disk(trio.sim, TAKER, &disk);
}

/* It becomes full when half of the file is there. */
static void
fill_disk(uint64_t done, uint64_t size, void *arg)
{
    bool *filled = arg;
    if (*filled || done < size / 2)
        return;
    *filled = true;
    set_disk((struct cyi_sim_disk){.room = done});
}

static int
send_it(bool *filled)
{
    struct cy_file_job job = {.path = "/tmp/f", .dir = "in"};
    if (filled != NULL) {
        job.progress = fill_disk;
        job.arg = filled;
    }
    return cy_file_send_job(&to, &job, NULL, cy_after(CY_MINUTE));
}

static int64_t
there(void)
{
    const uint8_t *found;
    return cyi_sim_file_get(trio.sim, TAKER, "/tmp/in/f", &found);
}

static int
where_it_is(void *arg)
{
    (void) arg;
    to = cy_self_location();
    return 0;
}

static int
send_to_bad_disks(void *arg)
{
    bool filled = false;
    char parts[64];
    (void) arg;
    snprintf(parts, sizeof parts, "/tmp/.cycos-%u", (unsigned) geteuid());
    cyi_sim_file_put(trio.sim, 0, "/tmp/f", bytes, SIZE);
    CY_CHECK_EQ(trio_on(TAKER, 0, where_it_is, NULL), 0);
    CY_CHECK_EQ(cy_peer_add(&to, NULL, cy_after(CY_MINUTE)), 0);
    set_disk((struct cyi_sim_disk){.room = SIZE - 1});
    CY_CHECK_EQ(send_it(NULL), -ENOSPC); /* seen before a byte is sent */
    CY_CHECK_EQ(there(), -ENOENT);
    CY_CHECK(cyi_sim_file_count(trio.sim, TAKER, parts) <= 0);
    set_disk((struct cyi_sim_disk){.error_chance = CYI_SIM_CERTAIN});
    CY_CHECK_EQ(send_it(NULL), -EIO);
    set_disk((struct cyi_sim_disk){.read_only = true});
    CY_CHECK_EQ(send_it(NULL), -EROFS);
    set_disk((struct cyi_sim_disk){0});
    CY_CHECK_EQ(send_it(&filled), -ENOSPC);
    CY_CHECK(filled);
    CY_CHECK_EQ(there(), -ENOENT);
    set_disk((struct cyi_sim_disk){.room = SIZE});
    CY_CHECK_EQ(send_it(NULL), CY_FILE_SENT);
    CY_CHECK_EQ(there(), SIZE);
    CY_CHECK_EQ(cyi_sim_file_count(trio.sim, TAKER, parts), 0);
    CY_CHECK_EQ(cyi_sim_file_count(trio.sim, TAKER, "/tmp/in"), 1);
    return 0;
}

static void
a_bad_disk_is_told_and_leaves_nothing(void)
{
    for (uint32_t i = 0; i < SIZE; i++)
        bytes[i] = (uint8_t) (i * 2654435761U >> 24);
    trio_run(send_to_bad_disks);
}

/* Calls of a host that fail; the rest is as it was. */

static int refusal;
static struct cyi_socket_ops sockets;
static struct cyi_file_ops files;
static const struct cyi_socket_ops *own_sockets;
static const struct cyi_file_ops *own_files;

static void
use_fakes(uint32_t node)
{
    struct cyi_os *os = trio.node[node]->os;
    own_sockets = os->socket;
    own_files = os->file;
    sockets = *own_sockets;
    files = *own_files;
    os->socket = &sockets;
    os->file = &files;
}

static void
use_own(uint32_t node)
{
    trio.node[node]->os->socket = own_sockets;
    trio.node[node]->os->file = own_files;
}

static int
refuse_folder(struct cyi_os *os, int root, const char *path)
{
    return root == -1 ? own_files->open_folder(os, root, path) : refusal;
}

static int
refuse_create(struct cyi_os *os, int folder, const char *name, uint32_t mode)
{
    (void) os, (void) folder, (void) name, (void) mode;
    return refusal;
}

static int
refuse_connect(struct cyi_os *os, int fd, const struct sockaddr *whom, socklen_t size)
{
    (void) os, (void) fd, (void) whom, (void) size;
    return refusal;
}

static int
refuse_open(struct cyi_os *os, const char *path)
{
    (void) os, (void) path;
    return refusal;
}

/* What is hashed is not what is sent. */
static ssize_t
read_wrongly(struct cyi_os *os, int fd, void *buffer, size_t size, uint64_t offset)
{
    ssize_t n = own_files->read(os, fd, buffer, size, offset);
    if (n > 0)
        *(uint8_t *) buffer ^= 1;
    return n;
}

static int
send_without_job(void)
{
    return cy_file_send(&to, "/tmp/f", "in", 0, NULL, cy_after(CY_MINUTE));
}

static int
delete_it(void)
{
    return cy_file_delete(&to, "f", "in", cy_after(CY_MINUTE));
}

static void
be_refused_there(void)
{
    static const int reasons[] = {-EACCES, -EROFS, -ENOSPC, -EDQUOT, -EIO, -ELOOP, -EXDEV};
    use_fakes(TAKER);
    for (uint32_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        refusal = reasons[i];
        files.open_folder = refuse_folder;
        CY_CHECK_EQ(send_without_job(), refusal);
        CY_CHECK_EQ(send_it(NULL), refusal);
        CY_CHECK_EQ(delete_it(), refusal);
        files.open_folder = own_files->open_folder;
        files.create = refuse_create;
        CY_CHECK_EQ(send_it(NULL), refusal);
        files.create = own_files->create;
    }
    use_own(TAKER);
    CY_CHECK_EQ(there(), -ENOENT);
}

static void
be_refused_here(void)
{
    static const int reasons[] = {-EACCES, -EIO, -ENOENT, -ENAMETOOLONG, -EMFILE};
    use_fakes(0);
    files.open = refuse_open;
    for (uint32_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        refusal = reasons[i];
        CY_CHECK_EQ(send_without_job(), refusal);
        CY_CHECK_EQ(send_it(NULL), refusal);
    }
    files.open = own_files->open;
    files.read = read_wrongly;
    CY_CHECK_EQ(send_without_job(), -EBADMSG);
    CY_CHECK_EQ(send_it(NULL), -EBADMSG);
    use_own(0);
    CY_CHECK_EQ(there(), -ENOENT);
}

static void
be_refused_on_the_way(void)
{
    static const int reasons[] = {-ECONNREFUSED, -EHOSTUNREACH, -ENETUNREACH, -EMFILE};
    use_fakes(0);
    sockets.connect = refuse_connect;
    for (uint32_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        refusal = reasons[i];
        CY_CHECK_EQ(send_without_job(), refusal);
        CY_CHECK_EQ(send_it(NULL), refusal);
        CY_CHECK_EQ(delete_it(), refusal);
    }
    use_own(0);
}

static int
send_to_who_refuses(void *arg)
{
    (void) arg;
    cyi_sim_file_put(trio.sim, 0, "/tmp/f", bytes, SIZE);
    CY_CHECK_EQ(trio_on(TAKER, 0, where_it_is, NULL), 0);
    be_refused_on_the_way(); /* before there is a connection that could be used again */
    CY_CHECK_EQ(cy_peer_add(&to, NULL, cy_after(CY_MINUTE)), 0);
    be_refused_there();
    be_refused_here();
    CY_CHECK_EQ(send_it(NULL), CY_FILE_SENT);
    CY_CHECK_EQ(there(), SIZE);
    CY_CHECK_EQ(delete_it(), 0);
    CY_CHECK_EQ(there(), -ENOENT);
    return 0;
}

static void
each_refusal_is_told_by_its_name(void)
{
    trio_run(send_to_who_refuses);
}

CY_TEST_MAIN("transport.file_disk", CY_TEST(a_bad_disk_is_told_and_leaves_nothing),
             CY_TEST(each_refusal_is_told_by_its_name))
