#include "file_ferry.h"
#include "file_line.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Files from one node to another, over the loopback: what travels, and what it comes to. */

enum { MINUTE = 60 };

static int
send_to(const char *path, const char *dir, uint32_t flags, struct cy_file_stat *stat)
{
    return cy_file_send(&ferry.to, path, dir, flags, stat, cy_after(MINUTE * CY_SECOND));
}

static int
delete_at(const char *name, const char *dir)
{
    return cy_file_delete(&ferry.to, name, dir, cy_after(MINUTE * CY_SECOND));
}

static int
send_sizes(void *arg)
{
    static const size_t SIZES[] = {0, 1, 4096, 65536, 65537, 262144, 262145, 20 << 20};
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

/* The same with a secret: nothing is plain then. */
static void
brings_files_of_all_sizes_sealed(void)
{
    static const char *const password = "a secret that nobody knows";
    ferry_open();
    for (int i = 0; i < 2; i++) {
        ferry.setup[i].passwords = &password;
        ferry.setup[i].password_count = 1;
    }
    ferry_run(send_sizes);
    ferry_close();
}

static int
send_and_change(void *arg)
{
    struct cy_file_stat there = {0};
    (void) arg;
    CY_CHECK_EQ(send_to(ferry_file("f", 1000, 1), "a/b", 0, NULL), CY_FILE_SENT);
    CY_CHECK_EQ(send_to(ferry_file("f", 2000, 2), "a/b", 0, &there), CY_FILE_DIFFERS);
    CY_CHECK_EQ(there.size, 1000);
    CY_CHECK_EQ(there.mode, 0644);
    CY_CHECK(there.mtime_ns > 1700000000 * CY_SECOND);
    CY_CHECK_EQ(send_to(ferry_file("f", 2000, 2), "a/b", 0, NULL), CY_FILE_DIFFERS);
    CY_CHECK(ferry_has("a/b/f", 1000, 1));
    uint32_t flags = CY_FILE_OVERWRITE | CY_FILE_RELAXED;
    CY_CHECK_EQ(send_to(ferry_file("f", 2000, 2), "a/b", flags, NULL), CY_FILE_SENT);
    CY_CHECK(ferry_has("a/b/f", 2000, 2));
    CY_CHECK_EQ(chmod(ferry_there("a/b/f"), 0600), 0);
    CY_CHECK_EQ(send_to(ferry_file("f", 2000, 2), "a/b", 0, NULL), CY_FILE_DIFFERS);
    return 0;
}

static void
replaces_only_when_it_may(void)
{
    ferry_test(send_and_change);
}

static int
send_and_delete(void *arg)
{
    (void) arg;
    CY_CHECK_EQ(send_to(ferry_file("f", 1000, 1), "a/b", 0, NULL), CY_FILE_SENT);
    ferry_put_there("theirs", "x");
    CY_CHECK_EQ(delete_at("f", NULL), -ENOENT);
    CY_CHECK_EQ(delete_at("theirs", NULL), -EPERM);
    CY_CHECK_EQ(delete_at("b", "a"), -EISDIR);
    CY_CHECK_EQ(delete_at("here/f", "a/b"), 0); /* of a path the last part counts */
    CY_CHECK(!ferry_exists("a"));
    CY_CHECK_EQ(delete_at("f", "a/b"), -ENOENT);
    CY_CHECK(ferry_exists("theirs"));
    return 0;
}

static void
deletes_what_it_has_sent(void)
{
    ferry_test(send_and_delete);
}

static int
delete_theirs(void *arg)
{
    (void) arg;
    ferry_put_there("theirs", "x");
    CY_CHECK_EQ(delete_at("theirs", NULL), 0);
    CY_CHECK(!ferry_exists("theirs"));
    return 0;
}

static void
deletes_anything_where_it_may(void)
{
    ferry_open();
    ferry.options[1].file_delete_any = true;
    ferry_run(delete_theirs);
    ferry_close();
}

static int
send_nonsense(void *arg)
{
    static char name[300];
    cy_location nowhere = {.port = 0};
    (void) arg;
    const char *path = ferry_file("f", 10, 1);
    CY_CHECK_EQ(send_to("/nothing/of/that/name", NULL, 0, NULL), -ENOENT);
    CY_CHECK_EQ(send_to(ferry.here, NULL, 0, NULL), -EISDIR);
    CY_CHECK_EQ(send_to("/dev/null", NULL, 0, NULL), -EINVAL);
    CY_CHECK_EQ(send_to("f/", NULL, 0, NULL), -EINVAL);
    CY_CHECK_EQ(send_to("", NULL, 0, NULL), -EINVAL);
    CY_CHECK_EQ(send_to(path, "..", 0, NULL), -EINVAL);
    CY_CHECK_EQ(send_to(path, "/tmp", 0, NULL), -EINVAL);
    CY_CHECK_EQ(send_to(path, "a/../../b", 0, NULL), -EINVAL);
    CY_CHECK_EQ(send_to(path, "a\nb", 0, NULL), -EINVAL);
    CY_CHECK_EQ(send_to(path, ".cycos-0", 0, NULL), -EINVAL);
    CY_CHECK_EQ(send_to(path, NULL, 4, NULL), -EINVAL);
    memset(name, 'n', sizeof name - 1);
    CY_CHECK_EQ(send_to(path, name, 0, NULL), -ENAMETOOLONG);
    CY_CHECK_EQ(delete_at(name, NULL), -ENAMETOOLONG);
    CY_CHECK_EQ(delete_at("..", NULL), -EINVAL);
    CY_CHECK_EQ(delete_at("f", "a/.."), -EINVAL);
    CY_CHECK_EQ(cy_file_send(&nowhere, path, NULL, 0, NULL, CY_FOREVER), -EINVAL);
    CY_CHECK_EQ(send_to(path, "", 0, NULL), CY_FILE_SENT); /* no folder */
    return 0;
}

static void
refuses_what_makes_no_sense(void)
{
    ferry_test(send_nonsense);
}

static int
send_in_the_way(void *arg)
{
    (void) arg;
    const char *path = ferry_file("f", 1000, 1);
    CY_CHECK_EQ(mkdir(ferry_there("f"), 0700), 0);
    CY_CHECK_EQ(send_to(path, NULL, 0, NULL), -EISDIR);
    CY_CHECK_EQ(rmdir(ferry_there("f")), 0);
    ferry_put_there("file", "x");
    CY_CHECK_EQ(send_to(path, "file", 0, NULL), -ENOTDIR);
    CY_CHECK_EQ(symlink("/tmp", ferry_there("link")), 0);
    CY_CHECK_EQ(send_to(path, "link", 0, NULL), -ELOOP);
    CY_CHECK_EQ(send_to(ferry_file("big", 5001, 1), NULL, 0, NULL), -EFBIG);
    CY_CHECK_EQ(send_to(ferry_file("most", 5000, 1), NULL, 0, NULL), CY_FILE_SENT);
    CY_CHECK_EQ(send_to(ferry_file("more", 1001, 1), NULL, 0, NULL), -EDQUOT);
    CY_CHECK_EQ(send_to(path, NULL, 0, NULL), CY_FILE_SENT);
    CY_CHECK_EQ(ferry_parts(), 0);
    return 0;
}

static void
says_why_the_other_side_refuses(void)
{
    ferry_open();
    ferry.options[1].max_file_size = 5000;
    ferry.options[1].file_quota = 6000;
    ferry_run(send_in_the_way);
    ferry_close();
}

struct told {
    uint64_t last;
    uint32_t count;
};

static void
note_progress(uint64_t done, uint64_t size, void *arg)
{
    struct told *told = arg;
    CY_CHECK(done > told->last && done <= size);
    told->last = done;
    told->count++;
}

static int
send_with_progress(void *arg)
{
    struct told told = {0};
    struct cy_file_job job = {.path = ferry_file("f", 20 << 20, 1),
                              .dir = "a",
                              .name = "another",
                              .progress = note_progress,
                              .arg = &told};
    (void) arg;
    CY_CHECK_EQ(cy_file_send_job(&ferry.to, &job, NULL, cy_after(MINUTE * CY_SECOND)),
                CY_FILE_SENT);
    CY_CHECK_EQ(told.last, 20 << 20);
    CY_CHECK(told.count > 3);
    CY_CHECK(ferry_has("a/another", 20 << 20, 1));
    job.name = "a/b";
    CY_CHECK_EQ(cy_file_send_job(&ferry.to, &job, NULL, CY_FOREVER), -EINVAL);
    return 0;
}

static void
tells_how_far_it_is(void)
{
    ferry_test(send_with_progress);
}

static int
send_too_long(void *arg)
{
    (void) arg;
    const char *path = ferry_file("f", 4 << 20, 1);
    CY_CHECK_EQ(cy_file_send(&ferry.to, path, NULL, 0, NULL, CY_NOW), -ETIMEDOUT);
    CY_CHECK(!ferry_exists("f"));
    CY_CHECK_EQ(send_to(path, NULL, 0, NULL), CY_FILE_SENT);
    return 0;
}

static void
keeps_to_the_deadline(void)
{
    ferry_test(send_too_long);
}

static void
change_it(uint64_t done, uint64_t size, void *arg)
{
    (void) done;
    (void) size;
    CY_CHECK_EQ(utimensat(AT_FDCWD, arg, NULL, 0), 0);
}

static void
shorten_it(uint64_t done, uint64_t size, void *arg)
{
    (void) done;
    (void) size;
    CY_CHECK_EQ(truncate(arg, 1 << 20), 0);
}

static int
send_while_it_changes(void *arg)
{
    char path[256];
    (void) arg;
    snprintf(path, sizeof path, "%s", ferry_file("f", 20 << 20, 1));
    struct cy_file_job job = {.path = path, .progress = change_it, .arg = path};
    CY_CHECK_EQ(cy_file_send_job(&ferry.to, &job, NULL, CY_FOREVER), -ESTALE);
    snprintf(path, sizeof path, "%s", ferry_file("g", 30 << 20, 1));
    job.progress = shorten_it;
    CY_CHECK_EQ(cy_file_send_job(&ferry.to, &job, NULL, CY_FOREVER), -ESTALE);
    CY_CHECK(!ferry_exists("f") && !ferry_exists("g"));
    CY_CHECK_EQ(send_to(ferry_file("h", 1000, 1), NULL, 0, NULL), CY_FILE_SENT);
    CY_CHECK(ferry_parts() <= 1); /* one whose end could not be told */
    return 0;
}

static void
notices_that_the_file_changes(void)
{
    ferry_test(send_while_it_changes);
}

static void
fill_there(uint64_t done, uint64_t size, void *arg)
{
    (void) done;
    (void) size;
    (void) arg;
    if (!ferry_exists("f"))
        ferry_put_there("f", "meanwhile");
}

static int
send_what_comes_meanwhile(void *arg)
{
    struct cy_file_stat stat = {0};
    struct cy_file_job job = {.path = ferry_file("f", 20 << 20, 1), .progress = fill_there};
    (void) arg;
    CY_CHECK_EQ(cy_file_send_job(&ferry.to, &job, &stat, CY_FOREVER), CY_FILE_DIFFERS);
    CY_CHECK_EQ(stat.size, 9);
    CY_CHECK_EQ(ferry_parts(), 0);
    return 0;
}

static void
tells_what_has_come_meanwhile(void)
{
    ferry_test(send_what_comes_meanwhile);
}

static int
send_here(void *arg)
{
    cy_location self = cy_self_location();
    char path[256];
    struct told told = {0};
    (void) arg;
    snprintf(path, sizeof path, "%s", ferry_file("f", 3 << 20, 1));
    struct cy_file_job job = {
        .path = path, .dir = "in", .progress = note_progress, .arg = &told};
    CY_CHECK_EQ(cy_file_send_job(&self, &job, NULL, CY_FOREVER), CY_FILE_SENT);
    CY_CHECK_EQ(told.last, 3 << 20);
    CY_CHECK_EQ(cy_file_send(&self, path, "in", 0, NULL, CY_FOREVER), CY_FILE_SAME);
    CY_CHECK_EQ(cy_file_send(&self, path, "..", 0, NULL, CY_FOREVER), -EINVAL);
    CY_CHECK_EQ(cy_file_delete(&self, "f", NULL, CY_FOREVER), -EPERM); /* the original */
    CY_CHECK_EQ(cy_file_delete(&self, "f", "in", CY_FOREVER), 0);
    CY_CHECK_EQ(cy_file_delete(&self, "f", "in", CY_FOREVER), -ENOENT);
    CY_CHECK_EQ(access(path, F_OK), 0);
    return 0;
}

static void
brings_a_file_to_the_own_node(void)
{
    ferry_test(send_here);
}

static int
send_without_a_network(void *arg)
{
    cy_location to = {.port = 1};
    (void) arg;
    CY_CHECK_EQ(cy_file_send(&to, "/etc/hostname", NULL, 0, NULL, CY_FOREVER), CY_ENOPEER);
    CY_CHECK_EQ(cy_file_delete(&to, "f", NULL, CY_FOREVER), CY_ENOPEER);
    return 0;
}

static void
needs_a_network(void)
{
    CY_OK(cy_node_run(1, send_without_a_network, NULL));
}

static int
send_to_nobody(void *arg)
{
    cy_location nobody = ferry.to;
    (void) arg;
    const char *path = ferry_file("f", 10, 1);
    CY_CHECK_EQ(send_to(path, NULL, 0, NULL), CY_FILE_SENT);
    atomic_store(&ferry.over, true); /* the taker ends, and its port with it */
    int rc = CY_FILE_SAME;
    while (rc == CY_FILE_SAME) /* also on a connection that is kept */
        rc = cy_file_send(&nobody, path, NULL, 0, NULL, cy_after(MINUTE * CY_SECOND));
    while (rc == -ECONNRESET || rc == -EPIPE) /* while it ends */
        rc = cy_file_send(&nobody, path, NULL, 0, NULL, cy_after(MINUTE * CY_SECOND));
    CY_CHECK_EQ(rc, -ECONNREFUSED);
    return 0;
}

static void
says_that_nobody_is_there(void)
{
    ferry_test(send_to_nobody);
}

struct crowd {
    uint32_t sent, refused, other;
    uint32_t left;
};

static int
send_one(void *arg)
{
    struct crowd *crowd = arg;
    char name[16];
    snprintf(name, sizeof name, "f%u", crowd->left);
    crowd->left--;
    char path[256]; /* of this task: others make files while this one waits */
    snprintf(path, sizeof path, "%s", ferry_file(name, 300000, 1));
    int rc = cy_file_send(&ferry.to, path, NULL, 0, NULL, CY_FOREVER);
    crowd->sent += rc == CY_FILE_SENT;
    crowd->refused += rc == -EAGAIN;
    crowd->other += rc != CY_FILE_SENT && rc != -EAGAIN;
    if (rc != CY_FILE_SENT && rc != -EAGAIN)
        CY_CHECK_EQ(rc, CY_FILE_SENT);
    return 0;
}

static int
send_many(void *arg)
{
    struct crowd crowd = {.left = 40};
    struct cy_task_options options = {.joinable = true};
    cy_ref tasks[40];
    (void) arg;
    for (uint32_t i = 0; i < 40; i++)
        CY_CHECK_EQ(cy_task_spawn_on(&tasks[i], cy_core_index(), send_one, &crowd, &options),
                    0);
    for (uint32_t i = 0; i < 40; i++)
        CY_CHECK_EQ(cy_join(NULL, tasks[i], CY_FOREVER), 0);
    CY_CHECK_EQ(crowd.sent + crowd.refused, 40);
    CY_CHECK_EQ(crowd.other, 0);
    CY_CHECK(crowd.sent >= 8 && crowd.refused >= 8); /* 32 may try, of those 8 at a time */
    CY_CHECK_EQ(ferry_parts(), 0);
    return 0;
}

/* Both sides count: the giver what it sends, the taker what it takes of one peer. */
static void
keeps_to_the_number_of_transfers(void)
{
    ferry_open();
    ferry.setup[0].limits.file_sends_max = 32;
    ferry.setup[1].limits.files.files_peer = 8;
    ferry_run(send_many);
    ferry_close();
}

/* The connection of the first transfer is kept; a second one is one too many. */
static int
send_on_one_connection(void *arg)
{
    struct cyi_net_core *net = cyi_net_core(cyi_self);
    (void) arg;
    const char *path = ferry_file("f", 1000, 1);
    CY_CHECK_EQ(send_to(path, NULL, 0, NULL), CY_FILE_SENT);
    CY_CHECK_EQ(send_to(path, NULL, 0, NULL), CY_FILE_SAME);
    CY_CHECK_EQ(net->file_line_count, 1);
    struct cyi_list kept; /* out of sight, so that another one is made */
    cyi_list_init(&kept);
    cyi_list_splice(&kept, &net->file_lines);
    CY_CHECK_EQ(send_to(path, NULL, 0, NULL), -EAGAIN);
    cyi_file_lines_close(net); /* its other end is closed already */
    cyi_list_splice(&net->file_lines, &kept);
    CY_CHECK_EQ(send_to(path, NULL, 0, NULL), CY_FILE_SAME);
    return 0;
}

static void
keeps_to_the_number_of_connections(void)
{
    ferry_open();
    ferry.setup[1].limits.file_serves_max = 1;
    ferry.setup[1].limits.file_linger_ns = CY_HOUR;
    ferry.setup[0].limits.file_linger_ns = CY_HOUR;
    ferry_run(send_on_one_connection);
    ferry_close();
}

static int
start_only(void *arg)
{
    (void) arg;
    return 0;
}

static void
starts_only_with_a_folder(void)
{
    ferry_open();
    ferry.options[0].dest_path = "/nothing/of/that/name";
    CY_FAILS(cy_run(&ferry.options[0], start_only, NULL), -ENOENT);
    CU_ASSERT_PTR_NOT_NULL(strstr(ferry.options[0].error, "dest-path"));
    ferry.options[0].dest_path = "/dev/null";
    CY_FAILS(cy_run(&ferry.options[0], start_only, NULL), -ENOTDIR);
    ferry_close();
}

CY_TEST_MAIN("transport.file", CY_TEST(brings_files_of_all_sizes),
             CY_TEST(brings_files_of_all_sizes_sealed), CY_TEST(replaces_only_when_it_may),
             CY_TEST(deletes_what_it_has_sent), CY_TEST(deletes_anything_where_it_may),
             CY_TEST(refuses_what_makes_no_sense), CY_TEST(says_why_the_other_side_refuses),
             CY_TEST(tells_how_far_it_is), CY_TEST(keeps_to_the_deadline),
             CY_TEST(notices_that_the_file_changes), CY_TEST(tells_what_has_come_meanwhile),
             CY_TEST(brings_a_file_to_the_own_node), CY_TEST(needs_a_network),
             CY_TEST(says_that_nobody_is_there), CY_TEST(keeps_to_the_number_of_transfers),
             CY_TEST(keeps_to_the_number_of_connections), CY_TEST(starts_only_with_a_folder))
