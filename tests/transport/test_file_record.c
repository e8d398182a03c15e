#include "file_shelf.h"
#include <cy_test.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Limits, quotas, and who may delete what: the store by itself. */

static void
holds_sizes_to_the_limit(void)
{
    shelf_begin();
    shelf.size_max = 5;
    CU_ASSERT_EQUAL(shelf_take_text("", "at", "12345"), CY_FILE_SENT);
    CU_ASSERT_EQUAL(shelf_take_text("", "beyond", "123456"), -EFBIG);
    struct cyi_file_request request = shelf_request_for("", "huge", "");
    shelf.size_max = 0;
    request.size = INT64_MAX;
    CU_ASSERT_EQUAL(shelf_take(alice, &request, ""), -ENOSPC);
    CU_ASSERT_EQUAL(shelf_count_parts(), 0);
    shelf_end();
}

/* What was announced is a limit, too. */
static void
takes_no_more_than_was_announced(void)
{
    struct cyi_file_sink sink;
    struct cyi_file_answer answer;
    shelf_begin();
    struct cyi_file_request request = shelf_request_for("", "f", "12345");
    CU_ASSERT_EQUAL(shelf_start(&sink, alice, &request, &answer), CYI_FILE_GO);
    CY_OK(cyi_file_sink_write(&sink, "123", 3));
    CU_ASSERT_EQUAL(cyi_file_sink_write(&sink, "456", 3), -EBADMSG);
    CU_ASSERT_EQUAL(shelf_count_parts(), 0);
    CU_ASSERT_EQUAL(shelf.active_count, 0);
    shelf_end();
}

static void
keeps_transfers_to_their_number(void)
{
    struct cyi_file_sink sinks[5];
    struct cyi_file_answer answer;
    shelf_begin();
    for (int i = 0; i < 5; i++) {
        char name[8];
        snprintf(name, sizeof name, "f%d", i);
        struct cyi_file_request request = shelf_request_for("", name, "0123456789");
        int want = i < 3 ? CYI_FILE_GO : -EAGAIN;
        CU_ASSERT_EQUAL(shelf_start(&sinks[i], alice, &request, &answer),
                        want); /* 3 of a peer */
    }
    struct cyi_file_request request = shelf_request_for("", "g", "0123456789");
    CU_ASSERT_EQUAL(shelf_start(&sinks[3], bob, &request, &answer), CYI_FILE_GO);
    request = shelf_request_for("", "h", "0123456789");
    CU_ASSERT_EQUAL(shelf_start(&sinks[4], bob, &request, &answer), -EAGAIN); /* 4 in all */
    for (int i = 0; i < 4; i++)
        cyi_file_sink_close(&sinks[i], false);
    CU_ASSERT_EQUAL(shelf_take(bob, &request, "0123456789"), CY_FILE_SENT);
    CU_ASSERT_EQUAL(shelf_count_parts(), 0);
    shelf_end();
}

static void
keeps_each_peer_to_its_quota(void)
{
    struct cyi_file_sink sink;
    struct cyi_file_answer answer;
    shelf_begin();
    shelf.quota = 10;
    CU_ASSERT_EQUAL(shelf_take_text("", "a", "123456"), CY_FILE_SENT);
    CU_ASSERT_EQUAL(shelf_take_text("", "b", "12345"), -EDQUOT);
    CU_ASSERT_EQUAL(shelf_take_text("", "b", "1234"), CY_FILE_SENT);
    CU_ASSERT_EQUAL(shelf_take_text("", "c", "1"), -EDQUOT);
    struct cyi_file_request request = shelf_request_for("", "d", "1234567890");
    CU_ASSERT_EQUAL(shelf_take(bob, &request, "1234567890"), CY_FILE_SENT); /* has its own */
    CU_ASSERT_EQUAL(shelf_delete_file(alice, "", "b"), 0);
    CU_ASSERT_EQUAL(shelf_take_text("", "c", "1"), CY_FILE_SENT);
    request = shelf_request_for("", "a", "987654321");
    request.flags = CYI_FILE_REPLACE;
    CU_ASSERT_EQUAL(shelf_take(alice, &request, "987654321"), CY_FILE_SENT); /* instead of 6 */
    CU_ASSERT_EQUAL(shelf_take_text("", "e", "1"), -EDQUOT);
    CY_OK(unlink(shelf_path_of("a"))); /* a program has used it up */
    request = shelf_request_for("", "e", "123");
    CU_ASSERT_EQUAL(shelf_start(&sink, alice, &request, &answer), CYI_FILE_GO);
    CU_ASSERT_EQUAL(shelf_take_text("", "g", "1234567"), -EDQUOT); /* under way counts */
    cyi_file_sink_close(&sink, false);
    CU_ASSERT_EQUAL(shelf_take_text("", "g", "1234567"), CY_FILE_SENT);
    shelf_end();
}

static void
remembers_so_many_files(void)
{
    shelf_begin();
    shelf.limits.records_max = 3;
    CU_ASSERT_EQUAL(shelf_take_text("", "a", "1"), CY_FILE_SENT);
    CU_ASSERT_EQUAL(shelf_take_text("", "b", "1"), CY_FILE_SENT);
    CU_ASSERT_EQUAL(shelf_take_text("", "c", "1"), CY_FILE_SENT);
    CU_ASSERT_EQUAL(shelf_take_text("", "d", "1"), -ENOBUFS);
    CY_OK(unlink(shelf_path_of("b")));
    CU_ASSERT_EQUAL(shelf_take_text("", "d", "1"), -ENOBUFS); /* it has just looked */
    shelf.swept_at -= CY_SECOND;
    CU_ASSERT_EQUAL(shelf_take_text("", "d", "1"), CY_FILE_SENT);
    CU_ASSERT_EQUAL(shelf.record_count, 3);
    shelf_end();
}

static void
deletes_what_that_peer_has_sent(void)
{
    shelf_begin();
    CU_ASSERT_EQUAL(shelf_take_text("a/b", "f", "x"), CY_FILE_SENT);
    CU_ASSERT_EQUAL(shelf_take_text("a", "g", "x"), CY_FILE_SENT);
    shelf_put("own", "x");
    CU_ASSERT_EQUAL(shelf_delete_file(bob, "a/b", "f"), -EPERM);
    CU_ASSERT_EQUAL(shelf_delete_file(alice, "", "own"), -EPERM);
    CU_ASSERT_EQUAL(shelf_delete_file(alice, "", "nothing"), -ENOENT);
    CU_ASSERT_EQUAL(shelf_delete_file(alice, "no/folder", "f"), -ENOENT);
    CU_ASSERT_EQUAL(shelf_delete_file(alice, "a", "b"), -EISDIR);
    CU_ASSERT_EQUAL(shelf_delete_file(alice, "a/b", "f"), 0);
    CU_ASSERT_NOT_EQUAL(access(shelf_path_of("a/b"), F_OK), 0); /* it was empty */
    CU_ASSERT_TRUE(shelf_holds("a/g", "x"));
    CU_ASSERT_EQUAL(shelf_delete_file(alice, "a/b", "f"), -ENOENT);
    shelf.delete_any = true;
    CU_ASSERT_EQUAL(shelf_delete_file(bob, "a", "g"), 0);
    CU_ASSERT_EQUAL(shelf_delete_file(bob, "", "own"), 0);
    CU_ASSERT_EQUAL(shelf.record_count, 0);
    shelf_end();
}

/* A name that was sent, and another file under it now. */
static void
deletes_nothing_that_has_changed_since(void)
{
    shelf_begin();
    CU_ASSERT_EQUAL(shelf_take_text("", "f", "x"), CY_FILE_SENT);
    shelf_put("f", "something else");
    CU_ASSERT_EQUAL(shelf_delete_file(alice, "", "f"), -EPERM);
    CU_ASSERT_TRUE(shelf_holds("f", "something else"));
    struct cyi_file_request request = shelf_request_for("", "f", "y");
    request.flags = CYI_FILE_REPLACE;
    CU_ASSERT_EQUAL(shelf_take(bob, &request, "y"), CY_FILE_SENT);
    CU_ASSERT_EQUAL(shelf_delete_file(alice, "", "f"), -EPERM); /* now it is the other's */
    CU_ASSERT_EQUAL(shelf_delete_file(bob, "", "f"), 0);
    shelf_end();
}

static void
tidies_what_is_old_and_in_nobodys_hands(void)
{
    struct cyi_file_sink sinks[3];
    struct cyi_file_answer answer;
    shelf_begin();
    CY_OK(cyi_file_store_open(&shelf));
    for (int i = 0; i < 3; i++) {
        char name[8];
        snprintf(name, sizeof name, "f%d", i);
        struct cyi_file_request request = shelf_request_for("", name, "12345");
        CU_ASSERT_EQUAL(shelf_start(&sinks[i], alice, &request, &answer), CYI_FILE_GO);
        CY_OK(cyi_file_sink_write(&sinks[i], "123", 3));
    }
    cyi_file_sink_close(&sinks[0], true);
    cyi_file_sink_close(&sinks[1], true);
    CY_OK(cyi_file_store_tidy(&shelf));
    CU_ASSERT_EQUAL(shelf_count_parts(), 3); /* all are young */
    struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    for (int i = 0; i < 3; i += 2)
        CY_OK(utimensat(shelf.parts, sinks[i].part_name, old, 0));
    CY_OK(cyi_file_store_tidy(&shelf));
    CU_ASSERT_EQUAL(shelf_count_parts(), 2); /* the third is under way */
    cyi_file_sink_close(&sinks[2], true);
    CY_OK(cyi_file_store_tidy(&shelf));
    CU_ASSERT_EQUAL(shelf_count_parts(), 1);
    shelf.limits.keep_ns = 0;
    CY_OK(cyi_file_store_tidy(&shelf));
    CU_ASSERT_EQUAL(shelf_count_parts(), 0);
    shelf_end();
}

static void
makes_no_folder_only_to_tidy(void)
{
    shelf_begin();
    CU_ASSERT_EQUAL(cyi_file_store_tidy(&shelf), -ENOENT);
    CU_ASSERT_EQUAL(rmdir(shelf_base), 0);
    CY_OK(mkdir(shelf_base, 0700));
    shelf_end();
}

CY_TEST_MAIN("transport.file_record", CY_TEST(holds_sizes_to_the_limit),
             CY_TEST(takes_no_more_than_was_announced),
             CY_TEST(keeps_transfers_to_their_number), CY_TEST(keeps_each_peer_to_its_quota),
             CY_TEST(remembers_so_many_files), CY_TEST(deletes_what_that_peer_has_sent),
             CY_TEST(deletes_nothing_that_has_changed_since),
             CY_TEST(tidies_what_is_old_and_in_nobodys_hands),
             CY_TEST(makes_no_folder_only_to_tidy))
