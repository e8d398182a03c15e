#include "trio.h"

#include <cycos/file.h>
#include <cycos/peer.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The disk of the node that takes files is full, broken, or may not be written. */

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

CY_TEST_MAIN("transport.file_disk", CY_TEST(a_bad_disk_is_told_and_leaves_nothing))
