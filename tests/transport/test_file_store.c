#include "file_shelf.h"
#include <cy_test.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a node takes, and what it does not: the store by itself. */

static void
puts_a_file_in_its_place(void)
{
    struct stat info;
    shelf_begin();
    CU_ASSERT_EQUAL(shelf_take_text("", "plain", "hello"), CY_FILE_SENT);
    CU_ASSERT_EQUAL(shelf_take_text("a/b", "deep", "hello there"), CY_FILE_SENT);
    CU_ASSERT_EQUAL(shelf_take_text("a/b", "empty", ""), CY_FILE_SENT);
    CU_ASSERT_TRUE(shelf_holds("plain", "hello") && shelf_holds("a/b/deep", "hello there"));
    CU_ASSERT_TRUE(shelf_holds("a/b/empty", ""));
    CY_OK(stat(shelf_path_of("plain"), &info));
    CU_ASSERT_EQUAL(info.st_mtim.tv_sec, 1234567890);
    CU_ASSERT_EQUAL(info.st_mtim.tv_nsec, 123456789);
    CU_ASSERT_EQUAL(info.st_mode, S_IFREG | 0644);
    CU_ASSERT_EQUAL(shelf_count_parts(), 0);
    shelf_end();
}

static void
masks_modes(void)
{
    struct stat info;
    shelf_begin();
    struct cyi_file_request request = shelf_request_for("", "f", "x");
    request.mode = 07777;
    CU_ASSERT_EQUAL(shelf_take(alice, &request, "x"), CY_FILE_SENT);
    CY_OK(stat(shelf_path_of("f"), &info));
    CU_ASSERT_EQUAL(info.st_mode & 07777, 0775);
    CU_ASSERT_EQUAL(shelf_take(alice, &request, "x"), CY_FILE_SAME);
    request.mode = 0;
    CU_ASSERT_EQUAL(shelf_take(alice, &request, "x"), CY_FILE_DIFFERS);
    shelf_end();
}

/* Size, time and mode: one that differs is enough. */
static void
tells_what_is_there_already(void)
{
    struct cyi_file_sink sink;
    struct cyi_file_answer answer;
    shelf_begin();
    CU_ASSERT_EQUAL(shelf_take_text("", "f", "hello"), CY_FILE_SENT);
    struct cyi_file_request request = shelf_request_for("", "f", "hello");
    CU_ASSERT_EQUAL(shelf_start(&sink, alice, &request, &answer), CY_FILE_SAME);
    request.size = 6;
    CU_ASSERT_EQUAL(shelf_start(&sink, alice, &request, &answer), CY_FILE_DIFFERS);
    CU_ASSERT_EQUAL(answer.size, 5);
    CU_ASSERT_EQUAL(answer.mode, 0644);
    CU_ASSERT_EQUAL(answer.mtime_ns, 1234567890123456789);
    request = shelf_request_for("", "f", "hello");
    request.mtime_ns++;
    CU_ASSERT_EQUAL(shelf_start(&sink, alice, &request, &answer), CY_FILE_DIFFERS);
    request = shelf_request_for("", "f", "hello");
    request.mode = 0600;
    CU_ASSERT_EQUAL(shelf_start(&sink, alice, &request, &answer), CY_FILE_DIFFERS);
    CU_ASSERT_TRUE(shelf_holds("f", "hello"));
    request.flags = CYI_FILE_REPLACE;
    CU_ASSERT_EQUAL(shelf_take(alice, &request, "HELLO"), CY_FILE_SENT);
    CU_ASSERT_TRUE(shelf_holds("f", "HELLO"));
    shelf_end();
}

/* A file system that keeps whole seconds gives back less than was said. */
static void
takes_a_time_without_its_fraction_for_the_same(void)
{
    struct cyi_file_info there = {
        .size = 5, .mtime_ns = 7000000000, .mode = 0644, .kind = CYI_FILE_REGULAR};
    struct cyi_file_request request = shelf_request_for("", "f", "hello");
    request.mtime_ns = 7000000001;
    CU_ASSERT_TRUE(cyi_file_is_same(&there, &request));
    request.mtime_ns = 8000000000;
    CU_ASSERT_FALSE(cyi_file_is_same(&there, &request));
    there.mtime_ns = 7000000002;
    request.mtime_ns = 7000000001;
    CU_ASSERT_FALSE(cyi_file_is_same(&there, &request));
}

static void
follows_no_link_and_leaves_nothing_outside(void)
{
    char outside[80];
    shelf_begin();
    snprintf(outside, sizeof outside, "%s-outside", shelf_base);
    CY_OK(mkdir(outside, 0700));
    CY_OK(symlink(outside, shelf_path_of("door")));
    CY_OK(symlink("/etc/passwd", shelf_path_of("file")));
    CY_OK(mkdir(shelf_path_of("a"), 0700));
    CY_OK(symlink("../..", shelf_path_of("a/up")));
    CU_ASSERT_EQUAL(shelf_take_text("door", "f", "x"), -ELOOP);
    CU_ASSERT_EQUAL(shelf_take_text("door/deeper", "f", "x"), -ELOOP);
    CU_ASSERT_EQUAL(shelf_take_text("a/up", "f", "x"), -ELOOP);
    CU_ASSERT_EQUAL(shelf_take_text("", "file", "x"), -ELOOP);
    CU_ASSERT_EQUAL(shelf_take_text("", "door", "x"), -ELOOP);
    struct cyi_file_request request = shelf_request_for("", "file", "x");
    request.flags = CYI_FILE_REPLACE;
    CU_ASSERT_EQUAL(shelf_take(alice, &request, "x"), -ELOOP);
    CU_ASSERT_EQUAL(shelf_delete_file(alice, "door", "f"), -ELOOP);
    CU_ASSERT_EQUAL(rmdir(outside), 0); /* it is empty */
    CU_ASSERT_EQUAL(shelf_count_parts(), 0);
    shelf_end();
}

static void
says_what_is_in_the_way(void)
{
    char name[CY_FILE_NAME_MAX + 1];
    shelf_begin();
    CY_OK(mkdir(shelf_path_of("folder"), 0700));
    shelf_put("file", "x");
    CY_OK(mkfifo(shelf_path_of("pipe"), 0600));
    CU_ASSERT_EQUAL(shelf_take_text("", "folder", "x"), -EISDIR);
    CU_ASSERT_EQUAL(shelf_take_text("file", "f", "x"), -ENOTDIR);
    CU_ASSERT_EQUAL(shelf_take_text("file/deeper", "f", "x"), -ENOTDIR);
    CU_ASSERT_EQUAL(shelf_take_text("", "pipe", "x"), -EEXIST);
    memset(name, 'n', CY_FILE_NAME_MAX);
    name[CY_FILE_NAME_MAX] = '\0';
    CU_ASSERT_EQUAL(shelf_take_text("", name, "x"), CY_FILE_SENT);
    CU_ASSERT_EQUAL(shelf_count_parts(), 0);
    shelf_end();
}

static void
says_that_it_may_not_write(void)
{
    shelf_begin();
    CY_OK(mkdir(shelf_path_of("locked"), 0500));
    if (geteuid() != 0)
        CU_ASSERT_EQUAL(shelf_take_text("locked/new", "f", "x"), -EACCES);
    shelf.path = "/proc/nothing-of-that-name";
    CU_ASSERT_EQUAL(shelf_take_text("", "f", "x"), -ENOENT);
    shelf.path = "/proc/sys"; /* where nobody can make anything */
    int rc = shelf_take_text("", "f", "x");
    CU_ASSERT_TRUE(rc == -EACCES || rc == -EPERM || rc == -ENOENT || rc == -EROFS);
    shelf_end();
}

/* In a folder that all may use, somebody else could wait for our files. */
static void
trusts_no_private_folder_that_others_may_write(void)
{
    char name[32];
    shelf_begin();
    snprintf(name, sizeof name, ".cycos-%u", (unsigned) geteuid());
    CY_OK(mkdir(shelf_path_of(name), 0777));
    CY_OK(chmod(shelf_path_of(name), 0777));
    CU_ASSERT_EQUAL(shelf_take_text("", "f", "x"), -EPERM);
    CY_OK(rmdir(shelf_path_of(name)));
    CY_OK(symlink("/tmp", shelf_path_of(name)));
    CU_ASSERT_EQUAL(shelf_take_text("", "f", "x"), -ELOOP);
    shelf_end();
}

static void
refuses_what_does_not_have_its_hash(void)
{
    struct cyi_file_sink sink;
    struct cyi_file_answer answer;
    uint8_t hash[CYI_CRYPTO_HASH];
    shelf_begin();
    struct cyi_file_request request = shelf_request_for("", "f", "12345");
    shelf_hash_text(hash, "12345");
    CU_ASSERT_EQUAL(shelf_start(&sink, alice, &request, &answer), CYI_FILE_GO);
    CY_OK(cyi_file_sink_write(&sink, "12346", 5));
    cyi_file_sink_finish(&sink, hash, &answer);
    CU_ASSERT_EQUAL(answer.result, -EBADMSG);
    CU_ASSERT_EQUAL(shelf_start(&sink, alice, &request, &answer), CYI_FILE_GO);
    CU_ASSERT_EQUAL(answer.size, 0);
    CY_OK(cyi_file_sink_write(&sink, "1234", 4));
    cyi_file_sink_finish(&sink, hash, &answer); /* too early */
    CU_ASSERT_EQUAL(answer.result, -EBADMSG);
    CU_ASSERT_FALSE(shelf_holds("f", "12345"));
    CU_ASSERT_EQUAL(shelf_count_parts(), 0);
    shelf_end();
}

static void
goes_on_where_another_try_was(void)
{
    static const char text[] = "0123456789";
    shelf_begin();
    for (size_t cut = 0; cut <= 10; cut++) {
        struct cyi_file_sink sink;
        struct cyi_file_answer answer;
        char name[8];
        snprintf(name, sizeof name, "f%zu", cut);
        struct cyi_file_request request = shelf_request_for("a", name, text);
        CU_ASSERT_EQUAL(shelf_start(&sink, alice, &request, &answer), CYI_FILE_GO);
        if (cut > 0)
            CY_OK(cyi_file_sink_write(&sink, text, cut));
        cyi_file_sink_close(&sink, true);
        CU_ASSERT_EQUAL(shelf_start(&sink, alice, &request, &answer), CYI_FILE_GO);
        CU_ASSERT_EQUAL(answer.size, cut);
        cyi_file_sink_close(&sink, true);
        CU_ASSERT_EQUAL(shelf_start(&sink, bob, &request, &answer), CYI_FILE_GO);
        CU_ASSERT_EQUAL(answer.size, 0); /* not of another node */
        cyi_file_sink_close(&sink, false);
        CU_ASSERT_EQUAL(shelf_take(alice, &request, text), CY_FILE_SENT);
        snprintf(name, sizeof name, "a/f%zu", cut);
        CU_ASSERT_TRUE(shelf_holds(name, text));
    }
    CU_ASSERT_EQUAL(shelf_count_parts(), 0);
    shelf_end();
}

/* As after a power failure: the size is there, the bytes are not. */
static void
notices_that_what_is_left_is_damaged(void)
{
    struct cyi_file_sink sink;
    struct cyi_file_answer answer;
    uint8_t buffer[16], hash[CYI_CRYPTO_HASH];
    shelf_begin();
    struct cyi_file_request request = shelf_request_for("", "f", "0123456789");
    shelf_hash_text(hash, "0123456789");
    CU_ASSERT_EQUAL(shelf_start(&sink, alice, &request, &answer), CYI_FILE_GO);
    CY_OK(cyi_file_sink_write(&sink, "01x", 3));
    cyi_file_sink_close(&sink, true);
    CU_ASSERT_EQUAL(shelf_start(&sink, alice, &request, &answer), CYI_FILE_GO);
    CU_ASSERT_EQUAL(answer.size, 3);
    CU_ASSERT_EQUAL(cyi_file_sink_write(&sink, "3", 1), -EBADMSG); /* not yet caught up */
    CU_ASSERT_EQUAL(shelf_start(&sink, alice, &request, &answer), CYI_FILE_GO);
    CY_OK(cyi_file_sink_write(&sink, "01x", 3));
    cyi_file_sink_close(&sink, true);
    CU_ASSERT_EQUAL(shelf_start(&sink, alice, &request, &answer), CYI_FILE_GO);
    CY_OK(cyi_file_sink_catch_up(&sink, buffer, sizeof buffer));
    CY_OK(cyi_file_sink_write(&sink, "3456789", 7));
    cyi_file_sink_finish(&sink, hash, &answer);
    CU_ASSERT_EQUAL(answer.result, -EBADMSG);
    request.flags = CYI_FILE_AFRESH;
    CU_ASSERT_EQUAL(shelf_take(alice, &request, "0123456789"), CY_FILE_SENT);
    shelf_end();
}

static void
begins_afresh_when_it_is_told(void)
{
    struct cyi_file_sink sink;
    struct cyi_file_answer answer;
    shelf_begin();
    struct cyi_file_request request = shelf_request_for("", "f", "0123456789");
    CU_ASSERT_EQUAL(shelf_start(&sink, alice, &request, &answer), CYI_FILE_GO);
    CY_OK(cyi_file_sink_write(&sink, "0123", 4));
    cyi_file_sink_close(&sink, true);
    request.flags = CYI_FILE_AFRESH;
    CU_ASSERT_EQUAL(shelf_start(&sink, alice, &request, &answer), CYI_FILE_GO);
    CU_ASSERT_EQUAL(answer.size, 0);
    cyi_file_sink_close(&sink, false);
    CU_ASSERT_EQUAL(shelf_count_parts(), 0);
    shelf_end();
}

/* The older one may hang on a connection that is dead. */
static void
lets_a_newer_transfer_take_over(void)
{
    struct cyi_file_sink older, newer;
    struct cyi_file_answer answer;
    shelf_begin();
    struct cyi_file_request request = shelf_request_for("", "f", "0123456789");
    CU_ASSERT_EQUAL(shelf_start(&older, alice, &request, &answer), CYI_FILE_GO);
    CY_OK(cyi_file_sink_write(&older, "0123", 4));
    CU_ASSERT_EQUAL(shelf_start(&newer, alice, &request, &answer), CYI_FILE_GO);
    CU_ASSERT_EQUAL(answer.size, 4);
    CU_ASSERT_EQUAL(cyi_file_sink_write(&older, "4", 1), -EBUSY);
    cyi_file_sink_close(&older, false);
    cyi_file_sink_close(&newer, true);
    CU_ASSERT_EQUAL(shelf_count_parts(), 1); /* the older has removed nothing */
    CU_ASSERT_EQUAL(shelf_take(alice, &request, "0123456789"), CY_FILE_SENT);
    /* What comes next on the connection of the older one is a transfer like any other. */
    older.request = shelf_request_for("", "g", "x");
    cyi_file_sink_open(&older, alice, &answer);
    CY_OK(cyi_file_sink_write(&older, "x", 1));
    cyi_file_sink_close(&older, false);
    shelf_end();
}

static void
leaves_a_transfer_of_another_process_alone(void)
{
    struct cyi_file_sink sink;
    struct cyi_file_answer answer;
    struct cyi_file_store ours;
    shelf_begin();
    struct cyi_file_request request = shelf_request_for("", "f", "0123456789");
    CU_ASSERT_EQUAL(shelf_start(&sink, alice, &request, &answer), CYI_FILE_GO);
    ours = shelf;
    shelf_open_store(); /* as another node with the same folder */
    struct cyi_file_sink other;
    CU_ASSERT_EQUAL(shelf_start(&other, alice, &request, &answer), -EBUSY);
    CU_ASSERT_EQUAL(shelf_count_parts(), 1);
    cyi_file_store_fini(&shelf);
    shelf = ours;
    sink.store = &shelf;
    cyi_list_init(&shelf.active);
    shelf.active_count = 1;
    cyi_list_append(&shelf.active, &sink.link);
    cyi_file_sink_close(&sink, false);
    shelf_end();
}

static void
does_not_replace_what_has_come_meanwhile(void)
{
    struct cyi_file_sink sink;
    struct cyi_file_answer answer;
    uint8_t hash[CYI_CRYPTO_HASH];
    shelf_begin();
    struct cyi_file_request request = shelf_request_for("", "f", "12345");
    shelf_hash_text(hash, "12345");
    CU_ASSERT_EQUAL(shelf_start(&sink, alice, &request, &answer), CYI_FILE_GO);
    CY_OK(cyi_file_sink_write(&sink, "12345", 5));
    shelf_put("f", "another");
    cyi_file_sink_finish(&sink, hash, &answer);
    CU_ASSERT_EQUAL(answer.result, CY_FILE_DIFFERS);
    CU_ASSERT_EQUAL(answer.size, 7);
    CU_ASSERT_TRUE(shelf_holds("f", "another"));
    CU_ASSERT_EQUAL(shelf_count_parts(), 0);
    shelf_end();
}

static void
makes_a_folder_again_that_was_removed_meanwhile(void)
{
    struct cyi_file_sink sink;
    struct cyi_file_answer answer;
    uint8_t hash[CYI_CRYPTO_HASH];
    shelf_begin();
    struct cyi_file_request request = shelf_request_for("a/b", "f", "12345");
    shelf_hash_text(hash, "12345");
    CU_ASSERT_EQUAL(shelf_start(&sink, alice, &request, &answer), CYI_FILE_GO);
    CY_OK(cyi_file_sink_write(&sink, "12345", 5));
    CY_OK(rmdir(shelf_path_of("a/b")));
    CY_OK(rmdir(shelf_path_of("a")));
    cyi_file_sink_finish(&sink, hash, &answer);
    CU_ASSERT_EQUAL(answer.result, CY_FILE_SENT);
    CU_ASSERT_TRUE(shelf_holds("a/b/f", "12345"));
    shelf_end();
}

/* Written and whole, but for its end. */
static void
begin_version(struct cyi_file_sink *sink, const char *text, uint8_t flags, uint8_t hash[])
{
    struct cyi_file_answer answer;
    struct cyi_file_request request = shelf_request_for("a", "f", text);
    request.flags = flags;
    CU_ASSERT_EQUAL(shelf_start(sink, alice, &request, &answer), CYI_FILE_GO);
    CY_OK(cyi_file_sink_write(sink, text, strlen(text)));
    shelf_hash_text(hash, text);
}

static int
end_version(struct cyi_file_sink *sink, const uint8_t hash[])
{
    struct cyi_file_answer answer;
    cyi_file_sink_finish(sink, hash, &answer);
    CU_ASSERT_EQUAL(shelf_count_parts(), 0);
    return answer.result;
}

static int
take_version(const char *text)
{
    struct cyi_file_request request = shelf_request_for("a", "f", text);
    request.flags = CYI_FILE_REPLACE;
    return shelf_take(alice, &request, text);
}

/* Its sender has given it up; its end comes late, from a connection that hung. */
static void
lets_no_older_transfer_replace_a_newer_one(void)
{
    struct cyi_file_sink older;
    uint8_t hash[CYI_CRYPTO_HASH];
    shelf_begin();
    begin_version(&older, "old", CYI_FILE_REPLACE, hash);
    CU_ASSERT_EQUAL(take_version("newer"), CY_FILE_SENT);
    CU_ASSERT_EQUAL(end_version(&older, hash), CY_FILE_SENT); /* for a moment, as it were */
    CU_ASSERT_TRUE(shelf_holds("a/f", "newer"));
    begin_version(&older, "old", CYI_FILE_REPLACE, hash);
    CU_ASSERT_EQUAL(take_version("newer"), CY_FILE_SAME);
    CU_ASSERT_EQUAL(end_version(&older, hash), CY_FILE_SENT);
    CU_ASSERT_TRUE(shelf_holds("a/f", "newer"));
    CU_ASSERT_EQUAL(take_version("old"), CY_FILE_SENT); /* one that begins now does */
    CU_ASSERT_TRUE(shelf_holds("a/f", "old"));
    shelf_end();
}

static void
lets_no_older_transfer_bring_back_what_was_deleted(void)
{
    struct cyi_file_sink older;
    uint8_t hash[CYI_CRYPTO_HASH];
    shelf_begin();
    CU_ASSERT_EQUAL(take_version("first"), CY_FILE_SENT);
    begin_version(&older, "old", CYI_FILE_REPLACE, hash);
    CY_OK(shelf_delete_file(alice, "a", "f"));
    CU_ASSERT_EQUAL(end_version(&older, hash), CY_FILE_SENT);
    CU_ASSERT_NOT_EQUAL(access(shelf_path_of("a"), F_OK), 0);
    begin_version(&older, "old", 0, hash);
    CU_ASSERT_EQUAL(shelf_delete_file(alice, "a", "f"), -ENOENT);
    CU_ASSERT_EQUAL(end_version(&older, hash), CY_FILE_SENT);
    CU_ASSERT_NOT_EQUAL(access(shelf_path_of("a"), F_OK), 0);
    shelf_end();
}

/* Of another place, or of one that the newer has not reached, it goes on as ever. */
static void
puts_an_older_transfer_in_its_place_when_the_newer_fails(void)
{
    struct cyi_file_sink older, newer;
    uint8_t hash[CYI_CRYPTO_HASH], wrong[CYI_CRYPTO_HASH] = {0};
    struct cyi_file_answer answer;
    shelf_begin();
    begin_version(&older, "old", 0, hash);
    begin_version(&newer, "newer", 0, wrong);
    wrong[0] ^= 1;
    cyi_file_sink_finish(&newer, wrong, &answer);
    CU_ASSERT_EQUAL(answer.result, -EBADMSG);
    CU_ASSERT_EQUAL(shelf_take_text("a", "g", "beside"), CY_FILE_SENT);
    CU_ASSERT_EQUAL(shelf_take_text("b", "f", "beside"), CY_FILE_SENT);
    CU_ASSERT_EQUAL(end_version(&older, hash), CY_FILE_SENT);
    CU_ASSERT_TRUE(shelf_holds("a/f", "old"));
    begin_version(&older, "oldest", CYI_FILE_REPLACE, hash);
    CU_ASSERT_EQUAL(take_version("newer"), CY_FILE_SENT);
    older.request.flags = 0; /* as one that may not replace */
    CU_ASSERT_EQUAL(end_version(&older, hash), CY_FILE_DIFFERS);
    CU_ASSERT_TRUE(shelf_holds("a/f", "newer"));
    shelf_end();
}

CY_TEST_MAIN("transport.file_store", CY_TEST(puts_a_file_in_its_place), CY_TEST(masks_modes),
             CY_TEST(tells_what_is_there_already),
             CY_TEST(takes_a_time_without_its_fraction_for_the_same),
             CY_TEST(follows_no_link_and_leaves_nothing_outside),
             CY_TEST(says_what_is_in_the_way), CY_TEST(says_that_it_may_not_write),
             CY_TEST(trusts_no_private_folder_that_others_may_write),
             CY_TEST(refuses_what_does_not_have_its_hash),
             CY_TEST(goes_on_where_another_try_was),
             CY_TEST(notices_that_what_is_left_is_damaged),
             CY_TEST(begins_afresh_when_it_is_told), CY_TEST(lets_a_newer_transfer_take_over),
             CY_TEST(leaves_a_transfer_of_another_process_alone),
             CY_TEST(does_not_replace_what_has_come_meanwhile),
             CY_TEST(makes_a_folder_again_that_was_removed_meanwhile),
             CY_TEST(lets_no_older_transfer_replace_a_newer_one),
             CY_TEST(lets_no_older_transfer_bring_back_what_was_deleted),
             CY_TEST(puts_an_older_transfer_in_its_place_when_the_newer_fails))
