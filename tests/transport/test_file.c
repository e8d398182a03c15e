#include "file_ferry.h"

#include <string.h>
#include <sys/stat.h>

/* Files from one node to another, over the loopback: what travels, and what it comes to. */

static int
send_to(const char *path, const char *dir, uint32_t flags, struct cy_file_stat *stat)
{
    return cy_file_send(&ferry.to, path, dir, flags, stat, cy_after(60 * CY_SECOND));
}

static int
send_sizes(void *arg)
{
    static const size_t SIZES[] = {0, 1, 4096, 65536, 262144, 262145, 20 << 20};
    (void) arg;
    for (uint32_t i = 0; i < sizeof SIZES / sizeof SIZES[0]; i++) {
        char name[16];
        struct stat there, here;
        snprintf(name, sizeof name, "f%u", i);
        const char *path = ferry_file(name, SIZES[i], i);
        CY_CHECK_EQ(stat(path, &here), 0);
        CY_CHECK_EQ(send_to(path, NULL, 0, NULL), CY_FILE_SENT);
        CY_CHECK(ferry_has(name, SIZES[i], i));
        CY_CHECK_EQ(stat(ferry_there(name), &there), 0);
        CY_CHECK_EQ(there.st_mtim.tv_sec, here.st_mtim.tv_sec);
        CY_CHECK_EQ(there.st_mtim.tv_nsec, here.st_mtim.tv_nsec);
        CY_CHECK_EQ(there.st_mode, here.st_mode);
        CY_CHECK_EQ(send_to(path, NULL, 0, NULL), CY_FILE_SAME);
    }
    CY_CHECK_EQ(ferry_parts(), 0);
    return 0;
}

static void
brings_files_of_all_sizes(void)
{
    ferry_test(send_sizes);
}

CY_TEST_MAIN("transport.file", CY_TEST(brings_files_of_all_sizes))
