#include "cy_test.h"
#include "sim.h"
#include <string.h>

/* Files of simulated hosts: what survives a power failure, and disks that are full or fail. */

static struct cyi_sim *sim;
static struct cyi_os *os;
static int tmp;

static void
begin(uint64_t seed)
{
    static const struct cyi_sim_options friendly = {.may_crash = true};
    CY_OK(cyi_sim_create(&sim, seed, &friendly));
    os = &sim->hosts[1].os;
    tmp = os->file->open_folder(os, -1, "/tmp");
    CU_ASSERT_TRUE(tmp >= 0);
}

static void
end(void)
{
    CU_ASSERT_EQUAL(cyi_sim_free(&sim), 0);
}

static int
make(const char *name, const char *text)
{
    int fd = os->file->create(os, tmp, name, 0600);
    CU_ASSERT_TRUE(fd >= 0);
    CU_ASSERT_EQUAL(os->file->write(os, fd, text, strlen(text), 0), (ssize_t) strlen(text));
    return fd;
}

static bool
holds(const char *path, const char *text)
{
    const uint8_t *bytes;
    int64_t size = cyi_sim_file_get(sim, 1, path, &bytes);
    return size == (int64_t) strlen(text) && memcmp(bytes, text, strlen(text)) == 0;
}

static void
keeps_what_was_synchronised(void)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        begin(seed);
        int fd = make("f", "hello");
        CY_OK(os->file->sync(os, fd));
        CY_OK(os->file->sync(os, tmp));
        cyi_sim_power_off(sim, 1);
        CU_ASSERT_TRUE(holds("/tmp/f", "hello"));
        end();
    }
}

/* Each of these must come: a simulation that never loses anything proves nothing. */
static void
may_lose_what_was_not(void)
{
    int lost = 0, hollow = 0, kept = 0, renamed = 0, both = 0;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        begin(seed);
        int folder = 0;
        (void) make("f", "hello");
        CY_OK(os->file->make_folder(os, tmp, "folder", 0755));
        CY_OK(os->file->sync(os, tmp));
        int fd = make("g", "hello");
        CY_OK(os->file->sync(os, fd));
        CY_OK(os->file->sync(os, tmp));
        folder = os->file->open_folder(os, tmp, "folder");
        CY_OK(os->file->rename(os, tmp, "g", folder, "h", false));
        cyi_sim_power_off(sim, 1);
        bool there = holds("/tmp/folder/h", "hello"), before = holds("/tmp/g", "hello");
        const uint8_t *bytes;
        int64_t size = cyi_sim_file_get(sim, 1, "/tmp/f", &bytes);
        lost += size <= 0;
        hollow += size == 5 && bytes[0] == 0;
        kept += holds("/tmp/f", "hello");
        renamed += there && !before;
        both += there && before;
        end();
    }
    CU_ASSERT_TRUE(lost > 0 && hollow > 0 && kept > 0 && renamed > 0 && both > 0);
}

static void
fails_as_it_is_told(void)
{
    struct cyi_sim_disk disk = {.room = 8};
    char bytes[16] = "0123456789abcde";
    uint64_t space;
    begin(1);
    cyi_sim_disk(sim, 1, &disk);
    int fd = make("f", "12345");
    CY_OK(os->file->space(os, tmp, &space));
    CU_ASSERT_EQUAL(space, 3);
    CU_ASSERT_EQUAL(os->file->write(os, fd, bytes, 10, 5), 3);
    CU_ASSERT_EQUAL(os->file->write(os, fd, bytes, 10, 8), -ENOSPC);
    CU_ASSERT_EQUAL(os->file->write(os, fd, bytes, 8, 0), 8);
    CU_ASSERT_EQUAL(os->file->create(os, tmp, "g", 0600), -ENOSPC);
    CY_OK(os->file->remove(os, tmp, "f"));
    CU_ASSERT_TRUE(os->file->create(os, tmp, "g", 0600) >= 0);
    disk = (struct cyi_sim_disk){.read_only = true};
    cyi_sim_disk(sim, 1, &disk);
    CU_ASSERT_EQUAL(os->file->create(os, tmp, "h", 0600), -EROFS);
    CU_ASSERT_EQUAL(os->file->remove(os, tmp, "g"), -EROFS);
    disk = (struct cyi_sim_disk){.error_chance = CYI_SIM_CERTAIN};
    cyi_sim_disk(sim, 1, &disk);
    CU_ASSERT_EQUAL(os->file->write(os, fd, bytes, 1, 0), -EIO);
    CU_ASSERT_EQUAL(os->file->read(os, fd, bytes, 1, 0), -EIO);
    CU_ASSERT_EQUAL(os->file->sync(os, fd), -EIO);
    disk = (struct cyi_sim_disk){.short_chance = CYI_SIM_CERTAIN};
    cyi_sim_disk(sim, 1, &disk);
    CU_ASSERT_TRUE(os->file->write(os, fd, bytes, 15, 0) < 15);
    end();
}

static void
puts_and_counts_files_from_outside(void)
{
    begin(1);
    cyi_sim_file_put(sim, 1, "/a/b/c", "text", 4);
    CU_ASSERT_TRUE(holds("/a/b/c", "text"));
    CU_ASSERT_EQUAL(cyi_sim_file_count(sim, 1, "/a/b"), 1);
    CU_ASSERT_EQUAL(cyi_sim_file_count(sim, 1, "/a/none"), 0);
    cyi_sim_file_remove(sim, 1, "/a/b/c");
    const uint8_t *bytes;
    CU_ASSERT_EQUAL(cyi_sim_file_get(sim, 1, "/a/b/c", &bytes), -ENOENT);
    CU_ASSERT_EQUAL(cyi_sim_file_get(sim, 1, "/a/b", &bytes), -EISDIR);
    CU_ASSERT_EQUAL(cyi_sim_file_get(sim, 2, "/a/b", &bytes), -ENOENT); /* another host */
    end();
}

static void
locks_until_it_is_closed(void)
{
    begin(1);
    int first = make("f", "1"), second = make("f", "2");
    CY_OK(os->file->lock(os, first));
    CY_FAILS(os->file->lock(os, second), -EWOULDBLOCK);
    os->file->close(os, first);
    os->file->close(os, first); /* a number is not given twice */
    CY_OK(os->file->lock(os, second));
    end();
}

CY_TEST_MAIN("runtime.sim_file", CY_TEST(keeps_what_was_synchronised),
             CY_TEST(may_lose_what_was_not), CY_TEST(fails_as_it_is_told),
             CY_TEST(puts_and_counts_files_from_outside), CY_TEST(locks_until_it_is_closed))
