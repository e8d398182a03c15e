#include "file_store.h"
#include <cy_test.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a node takes, and what it does not: the store by itself, on a folder of the system. */

static struct cyi_file_store store;
static char base[64];
static const uint8_t alice[CYI_FILE_OWNER] = "alice", bob[CYI_FILE_OWNER] = "bob";

static char *
path_of(const char *name)
{
    static char path[4096];
    snprintf(path, sizeof path, "%s/%s", base, name);
    return path;
}

static void
open_store(void)
{
    CY_OK(cyi_file_store_init(&store, cyi_os_linux()));
    store.path = base;
    store.limits = (struct cyi_file_limits){
        .keep_ns = CY_HOUR, .files_max = 4, .files_peer = 3, .records_max = 100};
}

static void
begin(void)
{
    snprintf(base, sizeof base, "/tmp/cy-store-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(base));
    open_store();
}

static void
end(void)
{
    char command[192];
    cyi_file_store_fini(&store);
    snprintf(command, sizeof command, "chmod -R u+w %s && rm -rf %s", base, base);
    CY_OK(system(command));
}

static struct cyi_file_request
request_for(const char *dir, const char *name, const char *text)
{
    struct cyi_file_request request = {.verb = CYI_FILE_SEND,
                                       .size = strlen(text),
                                       .mtime_ns = 1234567890123456789,
                                       .mode = 0644};
    memcpy(request.dir, dir, strlen(dir));
    memcpy(request.name, name, strlen(name));
    return request;
}

static int
start(struct cyi_file_sink *sink, const uint8_t *owner, const struct cyi_file_request *request,
      struct cyi_file_answer *answer)
{
    *sink = (struct cyi_file_sink){.store = &store, .request = *request};
    cyi_file_sink_open(sink, owner, answer);
    return answer->result;
}

static void
hash_text(uint8_t out[CYI_CRYPTO_HASH], const char *text)
{
    cyi_crypto_sha256(out, (struct cyi_bytes){text, strlen(text)});
}

/* All of it in one go; the result. */
static int
take(const uint8_t *owner, const struct cyi_file_request *request, const char *text)
{
    static uint8_t buffer[1024];
    struct cyi_file_sink sink;
    struct cyi_file_answer answer;
    uint8_t hash[CYI_CRYPTO_HASH];
    if (start(&sink, owner, request, &answer) != CYI_FILE_GO)
        return answer.result;
    int rc = 1;
    while (rc == 1)
        rc = cyi_file_sink_catch_up(&sink, buffer, sizeof buffer);
    if (rc == 0 && strlen(text) > sink.at)
        rc = cyi_file_sink_write(&sink, text + sink.at, strlen(text) - sink.at);
    if (rc != 0)
        return rc;
    hash_text(hash, text);
    cyi_file_sink_finish(&sink, hash, &answer);
    return answer.result;
}

static int
take_text(const char *dir, const char *name, const char *text)
{
    struct cyi_file_request request = request_for(dir, name, text);
    return take(alice, &request, text);
}

static int
delete_file(const uint8_t *owner, const char *dir, const char *name)
{
    struct cyi_file_request request = request_for(dir, name, "");
    return cyi_file_store_delete(&store, owner, &request);
}

static bool
holds(const char *name, const char *text)
{
    char got[256] = "";
    int fd = open(path_of(name), O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, got, sizeof got - 1) : -1;
    if (fd >= 0)
        close(fd);
    return n == (ssize_t) strlen(text) && memcmp(got, text, (size_t) n) == 0;
}

static void
put(const char *name, const char *text)
{
    int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CU_ASSERT_TRUE(fd >= 0);
    CU_ASSERT_EQUAL(write(fd, text, strlen(text)), (ssize_t) strlen(text));
    close(fd);
}

static int
count_parts(void)
{
    char name[32];
    int n = 0;
    const struct dirent *entry;
    snprintf(name, sizeof name, ".cycos-%u", (unsigned) geteuid());
    DIR *stream = opendir(path_of(name));
    while (stream != NULL && (entry = readdir(stream)) != NULL)
        n += entry->d_name[0] != '.';
    if (stream != NULL)
        closedir(stream);
    return n;
}

static void
puts_a_file_in_its_place(void)
{
    struct stat info;
    begin();
    CU_ASSERT_EQUAL(take_text("", "plain", "hello"), CY_FILE_SENT);
    CU_ASSERT_EQUAL(take_text("a/b", "deep", "hello there"), CY_FILE_SENT);
    CU_ASSERT_EQUAL(take_text("a/b", "empty", ""), CY_FILE_SENT);
    CU_ASSERT_TRUE(holds("plain", "hello") && holds("a/b/deep", "hello there"));
    CU_ASSERT_TRUE(holds("a/b/empty", ""));
    CY_OK(stat(path_of("plain"), &info));
    CU_ASSERT_EQUAL(info.st_mtim.tv_sec, 1234567890);
    CU_ASSERT_EQUAL(info.st_mtim.tv_nsec, 123456789);
    CU_ASSERT_EQUAL(info.st_mode, S_IFREG | 0644);
    CU_ASSERT_EQUAL(count_parts(), 0);
    end();
}

static void
masks_modes(void)
{
    struct stat info;
    begin();
    struct cyi_file_request request = request_for("", "f", "x");
    request.mode = 07777;
    CU_ASSERT_EQUAL(take(alice, &request, "x"), CY_FILE_SENT);
    CY_OK(stat(path_of("f"), &info));
    CU_ASSERT_EQUAL(info.st_mode & 07777, 0775);
    CU_ASSERT_EQUAL(take(alice, &request, "x"), CY_FILE_SAME);
    request.mode = 0;
    CU_ASSERT_EQUAL(take(alice, &request, "x"), CY_FILE_DIFFERS);
    end();
}

/* Size, time and mode: one that differs is enough. */
static void
tells_what_is_there_already(void)
{
    struct cyi_file_sink sink;
    struct cyi_file_answer answer;
    begin();
    CU_ASSERT_EQUAL(take_text("", "f", "hello"), CY_FILE_SENT);
    struct cyi_file_request request = request_for("", "f", "hello");
    CU_ASSERT_EQUAL(start(&sink, alice, &request, &answer), CY_FILE_SAME);
    request.size = 6;
    CU_ASSERT_EQUAL(start(&sink, alice, &request, &answer), CY_FILE_DIFFERS);
    CU_ASSERT_EQUAL(answer.size, 5);
    CU_ASSERT_EQUAL(answer.mode, 0644);
    CU_ASSERT_EQUAL(answer.mtime_ns, 1234567890123456789);
    request = request_for("", "f", "hello");
    request.mtime_ns++;
    CU_ASSERT_EQUAL(start(&sink, alice, &request, &answer), CY_FILE_DIFFERS);
    request = request_for("", "f", "hello");
    request.mode = 0600;
    CU_ASSERT_EQUAL(start(&sink, alice, &request, &answer), CY_FILE_DIFFERS);
    CU_ASSERT_TRUE(holds("f", "hello"));
    request.flags = CYI_FILE_REPLACE;
    CU_ASSERT_EQUAL(take(alice, &request, "HELLO"), CY_FILE_SENT);
    CU_ASSERT_TRUE(holds("f", "HELLO"));
    end();
}

/* A file system that keeps whole seconds gives back less than was said. */
static void
takes_a_time_without_its_fraction_for_the_same(void)
{
    struct cyi_file_info there = {
        .size = 5, .mtime_ns = 7000000000, .mode = 0644, .kind = CYI_FILE_REGULAR};
    struct cyi_file_request request = request_for("", "f", "hello");
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
    begin();
    snprintf(outside, sizeof outside, "%s-outside", base);
    CY_OK(mkdir(outside, 0700));
    CY_OK(symlink(outside, path_of("door")));
    CY_OK(symlink("/etc/passwd", path_of("file")));
    CY_OK(mkdir(path_of("a"), 0700));
    CY_OK(symlink("../..", path_of("a/up")));
    CU_ASSERT_EQUAL(take_text("door", "f", "x"), -ELOOP);
    CU_ASSERT_EQUAL(take_text("door/deeper", "f", "x"), -ELOOP);
    CU_ASSERT_EQUAL(take_text("a/up", "f", "x"), -ELOOP);
    CU_ASSERT_EQUAL(take_text("", "file", "x"), -ELOOP);
    CU_ASSERT_EQUAL(take_text("", "door", "x"), -ELOOP);
    struct cyi_file_request request = request_for("", "file", "x");
    request.flags = CYI_FILE_REPLACE;
    CU_ASSERT_EQUAL(take(alice, &request, "x"), -ELOOP);
    CU_ASSERT_EQUAL(delete_file(alice, "door", "f"), -ELOOP);
    CU_ASSERT_EQUAL(rmdir(outside), 0); /* it is empty */
    CU_ASSERT_EQUAL(count_parts(), 0);
    end();
}

static void
says_what_is_in_the_way(void)
{
    char name[CY_FILE_NAME_MAX + 1];
    begin();
    CY_OK(mkdir(path_of("folder"), 0700));
    put("file", "x");
    CY_OK(mkfifo(path_of("pipe"), 0600));
    CU_ASSERT_EQUAL(take_text("", "folder", "x"), -EISDIR);
    CU_ASSERT_EQUAL(take_text("file", "f", "x"), -ENOTDIR);
    CU_ASSERT_EQUAL(take_text("file/deeper", "f", "x"), -ENOTDIR);
    CU_ASSERT_EQUAL(take_text("", "pipe", "x"), -EEXIST);
    memset(name, 'n', CY_FILE_NAME_MAX);
    name[CY_FILE_NAME_MAX] = '\0';
    CU_ASSERT_EQUAL(take_text("", name, "x"), CY_FILE_SENT);
    CU_ASSERT_EQUAL(count_parts(), 0);
    end();
}

static void
says_that_it_may_not_write(void)
{
    begin();
    CY_OK(mkdir(path_of("locked"), 0500));
    if (geteuid() != 0)
        CU_ASSERT_EQUAL(take_text("locked/new", "f", "x"), -EACCES);
    store.path = "/proc/nothing-of-that-name";
    CU_ASSERT_EQUAL(take_text("", "f", "x"), -ENOENT);
    store.path = "/proc/sys"; /* where nobody can make anything */
    int rc = take_text("", "f", "x");
    CU_ASSERT_TRUE(rc == -EACCES || rc == -EPERM || rc == -ENOENT || rc == -EROFS);
    end();
}

/* In a folder that all may use, somebody else could wait for our files. */
static void
trusts_no_private_folder_that_others_may_write(void)
{
    char name[32];
    begin();
    snprintf(name, sizeof name, ".cycos-%u", (unsigned) geteuid());
    CY_OK(mkdir(path_of(name), 0777));
    CY_OK(chmod(path_of(name), 0777));
    CU_ASSERT_EQUAL(take_text("", "f", "x"), -EPERM);
    CY_OK(rmdir(path_of(name)));
    CY_OK(symlink("/tmp", path_of(name)));
    CU_ASSERT_EQUAL(take_text("", "f", "x"), -ELOOP);
    end();
}

static void
holds_sizes_to_the_limit(void)
{
    begin();
    store.size_max = 5;
    CU_ASSERT_EQUAL(take_text("", "at", "12345"), CY_FILE_SENT);
    CU_ASSERT_EQUAL(take_text("", "beyond", "123456"), -EFBIG);
    struct cyi_file_request request = request_for("", "huge", "");
    store.size_max = 0;
    request.size = INT64_MAX;
    CU_ASSERT_EQUAL(take(alice, &request, ""), -ENOSPC);
    CU_ASSERT_EQUAL(count_parts(), 0);
    end();
}

/* What was announced is a limit, too. */
static void
takes_no_more_than_was_announced(void)
{
    struct cyi_file_sink sink;
    struct cyi_file_answer answer;
    begin();
    struct cyi_file_request request = request_for("", "f", "12345");
    CU_ASSERT_EQUAL(start(&sink, alice, &request, &answer), CYI_FILE_GO);
    CY_OK(cyi_file_sink_write(&sink, "123", 3));
    CU_ASSERT_EQUAL(cyi_file_sink_write(&sink, "456", 3), -EBADMSG);
    CU_ASSERT_EQUAL(count_parts(), 0);
    CU_ASSERT_EQUAL(store.active_count, 0);
    end();
}

static void
refuses_what_does_not_have_its_hash(void)
{
    struct cyi_file_sink sink;
    struct cyi_file_answer answer;
    uint8_t hash[CYI_CRYPTO_HASH];
    begin();
    struct cyi_file_request request = request_for("", "f", "12345");
    hash_text(hash, "12345");
    CU_ASSERT_EQUAL(start(&sink, alice, &request, &answer), CYI_FILE_GO);
    CY_OK(cyi_file_sink_write(&sink, "12346", 5));
    cyi_file_sink_finish(&sink, hash, &answer);
    CU_ASSERT_EQUAL(answer.result, -EBADMSG);
    CU_ASSERT_EQUAL(start(&sink, alice, &request, &answer), CYI_FILE_GO);
    CU_ASSERT_EQUAL(answer.size, 0);
    CY_OK(cyi_file_sink_write(&sink, "1234", 4));
    cyi_file_sink_finish(&sink, hash, &answer); /* too early */
    CU_ASSERT_EQUAL(answer.result, -EBADMSG);
    CU_ASSERT_FALSE(holds("f", "12345"));
    CU_ASSERT_EQUAL(count_parts(), 0);
    end();
}

static void
goes_on_where_another_try_was(void)
{
    static const char text[] = "0123456789";
    begin();
    for (size_t cut = 0; cut <= 10; cut++) {
        struct cyi_file_sink sink;
        struct cyi_file_answer answer;
        char name[8];
        snprintf(name, sizeof name, "f%zu", cut);
        struct cyi_file_request request = request_for("a", name, text);
        CU_ASSERT_EQUAL(start(&sink, alice, &request, &answer), CYI_FILE_GO);
        if (cut > 0)
            CY_OK(cyi_file_sink_write(&sink, text, cut));
        cyi_file_sink_close(&sink, true);
        CU_ASSERT_EQUAL(start(&sink, alice, &request, &answer), CYI_FILE_GO);
        CU_ASSERT_EQUAL(answer.size, cut);
        cyi_file_sink_close(&sink, true);
        CU_ASSERT_EQUAL(start(&sink, bob, &request, &answer), CYI_FILE_GO);
        CU_ASSERT_EQUAL(answer.size, 0); /* not of another node */
        cyi_file_sink_close(&sink, false);
        CU_ASSERT_EQUAL(take(alice, &request, text), CY_FILE_SENT);
        snprintf(name, sizeof name, "a/f%zu", cut);
        CU_ASSERT_TRUE(holds(name, text));
    }
    CU_ASSERT_EQUAL(count_parts(), 0);
    end();
}

/* As after a power failure: the size is there, the bytes are not. */
static void
notices_that_what_is_left_is_damaged(void)
{
    struct cyi_file_sink sink;
    struct cyi_file_answer answer;
    uint8_t buffer[16], hash[CYI_CRYPTO_HASH];
    begin();
    struct cyi_file_request request = request_for("", "f", "0123456789");
    hash_text(hash, "0123456789");
    CU_ASSERT_EQUAL(start(&sink, alice, &request, &answer), CYI_FILE_GO);
    CY_OK(cyi_file_sink_write(&sink, "01x", 3));
    cyi_file_sink_close(&sink, true);
    CU_ASSERT_EQUAL(start(&sink, alice, &request, &answer), CYI_FILE_GO);
    CU_ASSERT_EQUAL(answer.size, 3);
    CU_ASSERT_EQUAL(cyi_file_sink_write(&sink, "3", 1), -EBADMSG); /* not yet caught up */
    CU_ASSERT_EQUAL(start(&sink, alice, &request, &answer), CYI_FILE_GO);
    CY_OK(cyi_file_sink_write(&sink, "01x", 3));
    cyi_file_sink_close(&sink, true);
    CU_ASSERT_EQUAL(start(&sink, alice, &request, &answer), CYI_FILE_GO);
    CY_OK(cyi_file_sink_catch_up(&sink, buffer, sizeof buffer));
    CY_OK(cyi_file_sink_write(&sink, "3456789", 7));
    cyi_file_sink_finish(&sink, hash, &answer);
    CU_ASSERT_EQUAL(answer.result, -EBADMSG);
    request.flags = CYI_FILE_AFRESH;
    CU_ASSERT_EQUAL(take(alice, &request, "0123456789"), CY_FILE_SENT);
    end();
}

static void
begins_afresh_when_it_is_told(void)
{
    struct cyi_file_sink sink;
    struct cyi_file_answer answer;
    begin();
    struct cyi_file_request request = request_for("", "f", "0123456789");
    CU_ASSERT_EQUAL(start(&sink, alice, &request, &answer), CYI_FILE_GO);
    CY_OK(cyi_file_sink_write(&sink, "0123", 4));
    cyi_file_sink_close(&sink, true);
    request.flags = CYI_FILE_AFRESH;
    CU_ASSERT_EQUAL(start(&sink, alice, &request, &answer), CYI_FILE_GO);
    CU_ASSERT_EQUAL(answer.size, 0);
    cyi_file_sink_close(&sink, false);
    CU_ASSERT_EQUAL(count_parts(), 0);
    end();
}

/* The older one may hang on a connection that is dead. */
static void
lets_a_newer_transfer_take_over(void)
{
    struct cyi_file_sink older, newer;
    struct cyi_file_answer answer;
    begin();
    struct cyi_file_request request = request_for("", "f", "0123456789");
    CU_ASSERT_EQUAL(start(&older, alice, &request, &answer), CYI_FILE_GO);
    CY_OK(cyi_file_sink_write(&older, "0123", 4));
    CU_ASSERT_EQUAL(start(&newer, alice, &request, &answer), CYI_FILE_GO);
    CU_ASSERT_EQUAL(answer.size, 4);
    CU_ASSERT_EQUAL(cyi_file_sink_write(&older, "4", 1), -EBUSY);
    cyi_file_sink_close(&older, false);
    cyi_file_sink_close(&newer, true);
    CU_ASSERT_EQUAL(count_parts(), 1); /* the older has removed nothing */
    CU_ASSERT_EQUAL(take(alice, &request, "0123456789"), CY_FILE_SENT);
    end();
}

static void
leaves_a_transfer_of_another_process_alone(void)
{
    struct cyi_file_sink sink;
    struct cyi_file_answer answer;
    struct cyi_file_store ours;
    begin();
    struct cyi_file_request request = request_for("", "f", "0123456789");
    CU_ASSERT_EQUAL(start(&sink, alice, &request, &answer), CYI_FILE_GO);
    ours = store;
    open_store(); /* as another node with the same folder */
    struct cyi_file_sink other;
    CU_ASSERT_EQUAL(start(&other, alice, &request, &answer), -EBUSY);
    CU_ASSERT_EQUAL(count_parts(), 1);
    cyi_file_store_fini(&store);
    store = ours;
    sink.store = &store;
    cyi_list_init(&store.active);
    store.active_count = 1;
    cyi_list_append(&store.active, &sink.link);
    cyi_file_sink_close(&sink, false);
    end();
}

static void
keeps_transfers_to_their_number(void)
{
    struct cyi_file_sink sinks[5];
    struct cyi_file_answer answer;
    begin();
    for (int i = 0; i < 5; i++) {
        char name[8];
        snprintf(name, sizeof name, "f%d", i);
        struct cyi_file_request request = request_for("", name, "0123456789");
        int want = i < 3 ? CYI_FILE_GO : -EAGAIN;
        CU_ASSERT_EQUAL(start(&sinks[i], alice, &request, &answer), want); /* 3 of a peer */
    }
    struct cyi_file_request request = request_for("", "g", "0123456789");
    CU_ASSERT_EQUAL(start(&sinks[3], bob, &request, &answer), CYI_FILE_GO);
    request = request_for("", "h", "0123456789");
    CU_ASSERT_EQUAL(start(&sinks[4], bob, &request, &answer), -EAGAIN); /* 4 in all */
    for (int i = 0; i < 4; i++)
        cyi_file_sink_close(&sinks[i], false);
    CU_ASSERT_EQUAL(take(bob, &request, "0123456789"), CY_FILE_SENT);
    CU_ASSERT_EQUAL(count_parts(), 0);
    end();
}

static void
keeps_each_peer_to_its_quota(void)
{
    struct cyi_file_sink sink;
    struct cyi_file_answer answer;
    begin();
    store.quota = 10;
    CU_ASSERT_EQUAL(take_text("", "a", "123456"), CY_FILE_SENT);
    CU_ASSERT_EQUAL(take_text("", "b", "12345"), -EDQUOT);
    CU_ASSERT_EQUAL(take_text("", "b", "1234"), CY_FILE_SENT);
    CU_ASSERT_EQUAL(take_text("", "c", "1"), -EDQUOT);
    struct cyi_file_request request = request_for("", "d", "1234567890");
    CU_ASSERT_EQUAL(take(bob, &request, "1234567890"), CY_FILE_SENT); /* has its own */
    CU_ASSERT_EQUAL(delete_file(alice, "", "b"), 0);
    CU_ASSERT_EQUAL(take_text("", "c", "1"), CY_FILE_SENT);
    request = request_for("", "a", "987654321");
    request.flags = CYI_FILE_REPLACE;
    CU_ASSERT_EQUAL(take(alice, &request, "987654321"), CY_FILE_SENT); /* instead of 6 */
    CU_ASSERT_EQUAL(take_text("", "e", "1"), -EDQUOT);
    CY_OK(unlink(path_of("a"))); /* a program has used it up */
    request = request_for("", "e", "123");
    CU_ASSERT_EQUAL(start(&sink, alice, &request, &answer), CYI_FILE_GO);
    CU_ASSERT_EQUAL(take_text("", "g", "1234567"), -EDQUOT); /* under way counts */
    cyi_file_sink_close(&sink, false);
    CU_ASSERT_EQUAL(take_text("", "g", "1234567"), CY_FILE_SENT);
    end();
}

static void
remembers_so_many_files(void)
{
    begin();
    store.limits.records_max = 3;
    CU_ASSERT_EQUAL(take_text("", "a", "1"), CY_FILE_SENT);
    CU_ASSERT_EQUAL(take_text("", "b", "1"), CY_FILE_SENT);
    CU_ASSERT_EQUAL(take_text("", "c", "1"), CY_FILE_SENT);
    CU_ASSERT_EQUAL(take_text("", "d", "1"), -ENOBUFS);
    CY_OK(unlink(path_of("b")));
    CU_ASSERT_EQUAL(take_text("", "d", "1"), CY_FILE_SENT);
    CU_ASSERT_EQUAL(store.record_count, 3);
    end();
}

static void
deletes_what_that_peer_has_sent(void)
{
    begin();
    CU_ASSERT_EQUAL(take_text("a/b", "f", "x"), CY_FILE_SENT);
    CU_ASSERT_EQUAL(take_text("a", "g", "x"), CY_FILE_SENT);
    put("own", "x");
    CU_ASSERT_EQUAL(delete_file(bob, "a/b", "f"), -EPERM);
    CU_ASSERT_EQUAL(delete_file(alice, "", "own"), -EPERM);
    CU_ASSERT_EQUAL(delete_file(alice, "", "nothing"), -ENOENT);
    CU_ASSERT_EQUAL(delete_file(alice, "no/folder", "f"), -ENOENT);
    CU_ASSERT_EQUAL(delete_file(alice, "a", "b"), -EISDIR);
    CU_ASSERT_EQUAL(delete_file(alice, "a/b", "f"), 0);
    CU_ASSERT_NOT_EQUAL(access(path_of("a/b"), F_OK), 0); /* it was empty */
    CU_ASSERT_TRUE(holds("a/g", "x"));
    CU_ASSERT_EQUAL(delete_file(alice, "a/b", "f"), -ENOENT);
    store.delete_any = true;
    CU_ASSERT_EQUAL(delete_file(bob, "a", "g"), 0);
    CU_ASSERT_EQUAL(delete_file(bob, "", "own"), 0);
    CU_ASSERT_EQUAL(store.record_count, 0);
    end();
}

/* A name that was sent, and another file under it now. */
static void
deletes_nothing_that_has_changed_since(void)
{
    begin();
    CU_ASSERT_EQUAL(take_text("", "f", "x"), CY_FILE_SENT);
    put("f", "something else");
    CU_ASSERT_EQUAL(delete_file(alice, "", "f"), -EPERM);
    CU_ASSERT_TRUE(holds("f", "something else"));
    struct cyi_file_request request = request_for("", "f", "y");
    request.flags = CYI_FILE_REPLACE;
    CU_ASSERT_EQUAL(take(bob, &request, "y"), CY_FILE_SENT);
    CU_ASSERT_EQUAL(delete_file(alice, "", "f"), -EPERM); /* now it is the other's */
    CU_ASSERT_EQUAL(delete_file(bob, "", "f"), 0);
    end();
}

static void
does_not_replace_what_has_come_meanwhile(void)
{
    struct cyi_file_sink sink;
    struct cyi_file_answer answer;
    uint8_t hash[CYI_CRYPTO_HASH];
    begin();
    struct cyi_file_request request = request_for("", "f", "12345");
    hash_text(hash, "12345");
    CU_ASSERT_EQUAL(start(&sink, alice, &request, &answer), CYI_FILE_GO);
    CY_OK(cyi_file_sink_write(&sink, "12345", 5));
    put("f", "another");
    cyi_file_sink_finish(&sink, hash, &answer);
    CU_ASSERT_EQUAL(answer.result, CY_FILE_DIFFERS);
    CU_ASSERT_EQUAL(answer.size, 7);
    CU_ASSERT_TRUE(holds("f", "another"));
    CU_ASSERT_EQUAL(count_parts(), 0);
    end();
}

static void
makes_a_folder_again_that_was_removed_meanwhile(void)
{
    struct cyi_file_sink sink;
    struct cyi_file_answer answer;
    uint8_t hash[CYI_CRYPTO_HASH];
    begin();
    struct cyi_file_request request = request_for("a/b", "f", "12345");
    hash_text(hash, "12345");
    CU_ASSERT_EQUAL(start(&sink, alice, &request, &answer), CYI_FILE_GO);
    CY_OK(cyi_file_sink_write(&sink, "12345", 5));
    CY_OK(rmdir(path_of("a/b")));
    CY_OK(rmdir(path_of("a")));
    cyi_file_sink_finish(&sink, hash, &answer);
    CU_ASSERT_EQUAL(answer.result, CY_FILE_SENT);
    CU_ASSERT_TRUE(holds("a/b/f", "12345"));
    end();
}

static void
tidies_what_is_old_and_in_nobodys_hands(void)
{
    struct cyi_file_sink sinks[3];
    struct cyi_file_answer answer;
    begin();
    CY_OK(cyi_file_store_open(&store));
    for (int i = 0; i < 3; i++) {
        char name[8];
        snprintf(name, sizeof name, "f%d", i);
        struct cyi_file_request request = request_for("", name, "12345");
        CU_ASSERT_EQUAL(start(&sinks[i], alice, &request, &answer), CYI_FILE_GO);
        CY_OK(cyi_file_sink_write(&sinks[i], "123", 3));
    }
    cyi_file_sink_close(&sinks[0], true);
    cyi_file_sink_close(&sinks[1], true);
    CY_OK(cyi_file_store_tidy(&store));
    CU_ASSERT_EQUAL(count_parts(), 3); /* all are young */
    struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    for (int i = 0; i < 3; i += 2)
        CY_OK(utimensat(store.parts, sinks[i].part_name, old, 0));
    CY_OK(cyi_file_store_tidy(&store));
    CU_ASSERT_EQUAL(count_parts(), 2); /* the third is under way */
    cyi_file_sink_close(&sinks[2], true);
    CY_OK(cyi_file_store_tidy(&store));
    CU_ASSERT_EQUAL(count_parts(), 1);
    store.limits.keep_ns = 0;
    CY_OK(cyi_file_store_tidy(&store));
    CU_ASSERT_EQUAL(count_parts(), 0);
    end();
}

static void
makes_no_folder_only_to_tidy(void)
{
    begin();
    CU_ASSERT_EQUAL(cyi_file_store_tidy(&store), -ENOENT);
    CU_ASSERT_EQUAL(rmdir(base), 0);
    CY_OK(mkdir(base, 0700));
    end();
}

CY_TEST_MAIN("transport.file_store", CY_TEST(puts_a_file_in_its_place), CY_TEST(masks_modes),
             CY_TEST(tells_what_is_there_already),
             CY_TEST(takes_a_time_without_its_fraction_for_the_same),
             CY_TEST(follows_no_link_and_leaves_nothing_outside),
             CY_TEST(says_what_is_in_the_way), CY_TEST(says_that_it_may_not_write),
             CY_TEST(trusts_no_private_folder_that_others_may_write),
             CY_TEST(holds_sizes_to_the_limit), CY_TEST(takes_no_more_than_was_announced),
             CY_TEST(refuses_what_does_not_have_its_hash),
             CY_TEST(goes_on_where_another_try_was),
             CY_TEST(notices_that_what_is_left_is_damaged),
             CY_TEST(begins_afresh_when_it_is_told), CY_TEST(lets_a_newer_transfer_take_over),
             CY_TEST(leaves_a_transfer_of_another_process_alone),
             CY_TEST(keeps_transfers_to_their_number), CY_TEST(keeps_each_peer_to_its_quota),
             CY_TEST(remembers_so_many_files), CY_TEST(deletes_what_that_peer_has_sent),
             CY_TEST(deletes_nothing_that_has_changed_since),
             CY_TEST(does_not_replace_what_has_come_meanwhile),
             CY_TEST(makes_a_folder_again_that_was_removed_meanwhile),
             CY_TEST(tidies_what_is_old_and_in_nobodys_hands),
             CY_TEST(makes_no_folder_only_to_tidy))
