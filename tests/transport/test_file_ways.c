#include "file_ferry.h"
#include "file_line.h"
#include "tls_files.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Files on the four kinds of connections: plain, sealed with a secret, within TLS, and within
 * TLS with a secret. Whatever the way is, what comes of it is the same.
 */

enum { SECRET = 1, TLS = 2, WAYS = 4, MINUTE = 60 };

static const char *const ours = "a secret that nobody knows", *const theirs = "another one";
static char one[TLS_TEXT_BYTES], two[TLS_TEXT_BYTES];
static struct cyi_tls_files files[2];
static int way;

static void
give_secret(int node, const char *const *password)
{
    ferry.setup[node].passwords = password;
    ferry.setup[node].password_count = 1;
}

static void
give_certificate(int node, const char *text)
{
    files[node] = (struct cyi_tls_files){.certificate = {"certificate", text, strlen(text)}};
    ferry.setup[node].tls = &files[node];
}

static void
open_way(int which)
{
    if (one[0] == '\0') {
        tls_make_lasting(one, "cycos");
        tls_make_lasting(two, "cycos");
    }
    way = which;
    ferry_open();
    for (int i = 0; i < 2; i++) {
        if (way & SECRET)
            give_secret(i, &ours);
        if (way & TLS)
            give_certificate(i, one);
    }
}

static void
run_all_ways(cy_task_fn *test)
{
    for (int i = 0; i < WAYS; i++) {
        open_way(i);
        ferry_run(test);
        ferry_close();
    }
}

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

/* Is it the way that it is meant to be? A connection is kept after each file. */
static void
look_at_connection(void)
{
    const struct cyi_net_core *net = cyi_net_core(cyi_self);
    CY_CHECK_EQ(net->file_line_count, 1);
    cyi_list_for_each(link, &net->file_lines) {
        const struct cyi_file_line *line = cyi_container_of(link, struct cyi_file_line, link);
        CY_CHECK_EQ(line->connection->tls != NULL, (way & TLS) != 0);
        CY_CHECK_EQ(line->connection->secured, way == SECRET);
        CY_CHECK_EQ(line->connection->send.gcm != NULL, way == SECRET && cyi_gcm_available());
    }
}

/* Around the sizes of records, of sealed messages and of pieces. */
static int
send_sizes(void *arg)
{
    static const size_t SIZES[] = {0,
                                   1,
                                   16383,
                                   16384,
                                   16385,
                                   (64 << 10) - 1,
                                   64 << 10,
                                   (64 << 10) + 1,
                                   (256 << 10) - 1,
                                   256 << 10,
                                   (256 << 10) + 1,
                                   9 << 20};
    (void) arg;
    for (uint32_t i = 0; i < sizeof SIZES / sizeof SIZES[0]; i++) {
        char name[16];
        snprintf(name, sizeof name, "f%u", i);
        const char *path = ferry_file(name, SIZES[i], i);
        CY_CHECK_EQ(send_to(path, NULL, 0, NULL), CY_FILE_SENT);
        CY_CHECK(ferry_has(name, SIZES[i], i));
        CY_CHECK_EQ(send_to(path, NULL, 0, NULL), CY_FILE_SAME);
    }
    CY_CHECK_EQ(ferry_parts(), 0);
    look_at_connection();
    return 0;
}

static void
bring_files_of_all_sizes(void)
{
    run_all_ways(send_sizes);
}

static int
send_change_delete(void *arg)
{
    struct cy_file_stat there = {0};
    (void) arg;
    CY_CHECK_EQ(send_to(ferry_file("f", 1000, 1), "a/b", 0, NULL), CY_FILE_SENT);
    CY_CHECK_EQ(send_to(ferry_file("f", 2000, 2), "a/b", 0, &there), CY_FILE_DIFFERS);
    CY_CHECK_EQ(there.size, 1000);
    CY_CHECK_EQ(there.mode, 0644);
    CY_CHECK_EQ(send_to(ferry_file("f", 2000, 2), "a/b", CY_FILE_OVERWRITE, NULL),
                CY_FILE_SENT);
    CY_CHECK(ferry_has("a/b/f", 2000, 2));
    ferry_put_there("theirs", "x");
    CY_CHECK_EQ(delete_at("theirs", NULL), -EPERM);
    CY_CHECK_EQ(delete_at("b", "a"), -EISDIR);
    CY_CHECK_EQ(delete_at("f", "a/b"), 0);
    CY_CHECK(!ferry_exists("a"));
    CY_CHECK_EQ(delete_at("f", "a/b"), -ENOENT);
    look_at_connection();
    return 0;
}

static void
change_and_delete(void)
{
    run_all_ways(send_change_delete);
}

static int
send_in_the_way(void *arg)
{
    (void) arg;
    const char *path = ferry_file("f", 1000, 1);
    CY_CHECK_EQ(mkdir(ferry_there("f"), 0700), 0);
    CY_CHECK_EQ(send_to(path, NULL, 0, NULL), -EISDIR);
    ferry_put_there("file", "x");
    CY_CHECK_EQ(send_to(path, "file", 0, NULL), -ENOTDIR);
    CY_CHECK_EQ(symlink("/tmp", ferry_there("link")), 0);
    CY_CHECK_EQ(send_to(path, "link", 0, NULL), -ELOOP);
    CY_CHECK_EQ(send_to(path, "..", 0, NULL), -EINVAL);
    CY_CHECK_EQ(send_to("/nothing/of/that/name", NULL, 0, NULL), -ENOENT);
    CY_CHECK_EQ(send_to(ferry_file("big", (4 << 20) + 1, 1), NULL, 0, NULL), -EFBIG);
    CY_CHECK_EQ(send_to(ferry_file("most", 4 << 20, 1), NULL, 0, NULL), CY_FILE_SENT);
    CY_CHECK_EQ(send_to(ferry_file("more", 1 << 20, 1), NULL, 0, NULL), -EDQUOT);
    CY_CHECK_EQ(ferry_parts(), 0);
    look_at_connection();
    return 0;
}

static void
say_why_the_other_side_refuses(void)
{
    for (int i = 0; i < WAYS; i++) {
        open_way(i);
        ferry.options[1].max_file_size = 4 << 20;
        ferry.options[1].file_quota = (4 << 20) + 1000;
        ferry_run(send_in_the_way);
        ferry_close();
    }
}

/* A file that is refused half-way; the connection is in step afterwards. */
static void
fill_there(uint64_t done, uint64_t size, void *arg)
{
    (void) done;
    (void) size;
    (void) arg;
    if (!ferry_exists("f"))
        ferry_put_there("f", "meanwhile");
}

static void
shorten_it(uint64_t done, uint64_t size, void *arg)
{
    (void) done;
    (void) size;
    CY_CHECK_EQ(truncate(arg, 1 << 20), 0);
}

static int
send_disturbed(void *arg)
{
    struct cy_file_stat stat = {0};
    struct cy_file_job job = {.path = ferry_file("f", 20 << 20, 1), .progress = fill_there};
    char path[256];
    (void) arg;
    CY_CHECK_EQ(cy_file_send_job(&ferry.to, &job, &stat, CY_FOREVER), CY_FILE_DIFFERS);
    CY_CHECK_EQ(stat.size, 9);
    look_at_connection();
    snprintf(path, sizeof path, "%s", ferry_file("g", 30 << 20, 1));
    job = (struct cy_file_job){.path = path, .progress = shorten_it, .arg = path};
    CY_CHECK_EQ(cy_file_send_job(&ferry.to, &job, NULL, CY_FOREVER), -ESTALE);
    CY_CHECK(!ferry_exists("g"));
    CY_CHECK_EQ(send_to(ferry_file("h", 70000, 1), NULL, 0, NULL), CY_FILE_SENT);
    CY_CHECK(ferry_has("h", 70000, 1));
    return 0;
}

static void
are_in_step_after_what_fails_half_way(void)
{
    run_all_ways(send_disturbed);
}

/* The sender dies on its way, and its connection with it. */

static uint64_t told;

static void
die(uint64_t done, uint64_t size, void *arg)
{
    (void) arg;
    CY_CHECK(done < size);
    told = done;
    CY_CHECK_EQ(cy_terminate(cy_self()), 0);
}

static int
send_and_die(void *arg)
{
    struct cy_file_job job = {.path = arg, .progress = die};
    CY_CHECK_EQ(cy_file_send_job(&ferry.to, &job, NULL, CY_FOREVER), -ECANCELED);
    return 0;
}

enum { LONG = 40 << 20 };

static int
send_in_two_tries(void *arg)
{
    const struct cyi_net_core *net = cyi_net_core(cyi_self);
    struct cy_task_options options = {.joinable = true};
    char path[256];
    cy_ref task;
    int rc;
    (void) arg;
    told = 0;
    snprintf(path, sizeof path, "%s", ferry_file("f", LONG, 7));
    CY_CHECK_EQ(cy_task_spawn_on(&task, cy_core_index(), send_and_die, path, &options), 0);
    CY_CHECK_EQ(cy_join(NULL, task, CY_FOREVER), 0);
    CY_CHECK(told > 0 && told < LONG);
    CY_CHECK(!ferry_exists("f"));
    CY_CHECK_EQ(net->file_line_count, 0);
    uint64_t before = net->counters.file_bytes_sent;
    while ((rc = send_to(path, NULL, 0, NULL)) == -EBUSY) /* it writes what had come */
        CY_CHECK_EQ(cy_sleep(CY_MILLISECOND), 0);
    CY_CHECK_EQ(rc, CY_FILE_SENT);
    CY_CHECK(net->counters.file_bytes_sent - before <= LONG - told);
    CY_CHECK(ferry_has("f", LONG, 7));
    CY_CHECK_EQ(ferry_parts(), 0);
    look_at_connection();
    return 0;
}

static void
go_on_where_they_were_cut(void)
{
    run_all_ways(send_in_two_tries);
}

/* Who may not be a peer may not send files either. */

static int expected;

static int
send_refused(void *arg)
{
    (void) arg;
    const char *path = ferry_file("f", 1000, 1);
    CY_CHECK_EQ(send_to(path, NULL, 0, NULL), expected);
    CY_CHECK_EQ(delete_at("f", NULL), expected);
    CY_CHECK(!ferry_exists("f"));
    CY_CHECK_EQ(cyi_net_core(cyi_self)->file_line_count, 0);
    return 0;
}

static void
refuse(int wanted)
{
    expected = wanted;
    ferry_run(send_refused);
    ferry_close();
}

static void
are_for_peers_only(void)
{
    open_way(SECRET);
    give_secret(0, &theirs);
    refuse(CY_EAUTH);
    open_way(TLS);
    give_certificate(0, two);
    refuse(CY_ECERT);
    open_way(TLS);
    ferry.setup[0].tls = NULL;
    refuse(CY_ETLS);
    open_way(TLS);
    ferry.setup[1].tls = NULL;
    refuse(CY_EPLAIN);
    open_way(TLS | SECRET);
    give_secret(0, &theirs);
    refuse(CY_EAUTH);
}

CY_TEST_MAIN("transport.file_ways", CY_TEST(bring_files_of_all_sizes),
             CY_TEST(change_and_delete), CY_TEST(say_why_the_other_side_refuses),
             CY_TEST(are_in_step_after_what_fails_half_way), CY_TEST(go_on_where_they_were_cut),
             CY_TEST(are_for_peers_only))
