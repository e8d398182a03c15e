/* file_shelf.c - a store of files by itself, on a folder of the system. */
#include "file_shelf.h"

#include <cy_test.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct cyi_file_store shelf;
char shelf_base[64];
const uint8_t alice[CYI_FILE_OWNER] = "alice", bob[CYI_FILE_OWNER] = "bob";

char *
shelf_path_of(const char *name)
{
    static char path[4096];
    snprintf(path, sizeof path, "%s/%s", shelf_base, name);
    return path;
}

void
shelf_open_store(void)
{
    CY_OK(cyi_file_store_init(&shelf, cyi_os_linux()));
    shelf.path = shelf_base;
    shelf.limits = (struct cyi_file_limits){
        .keep_ns = CY_HOUR, .files_max = 4, .files_peer = 3, .records_max = 100};
}

void
shelf_begin(void)
{
    snprintf(shelf_base, sizeof shelf_base, "/tmp/cy-store-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(shelf_base));
    shelf_open_store();
}

void
shelf_end(void)
{
    char command[192];
    cyi_file_store_fini(&shelf);
    snprintf(command, sizeof command, "chmod -R u+w %s && rm -rf %s", shelf_base, shelf_base);
    CY_OK(system(command));
}

struct cyi_file_request
shelf_request_for(const char *dir, const char *name, const char *text)
{
    struct cyi_file_request request = {.verb = CYI_FILE_SEND,
                                       .size = strlen(text),
                                       .mtime_ns = 1234567890123456789,
                                       .mode = 0644};
    memcpy(request.dir, dir, strlen(dir));
    memcpy(request.name, name, strlen(name));
    return request;
}

int
shelf_start(struct cyi_file_sink *sink, const uint8_t *owner,
            const struct cyi_file_request *request, struct cyi_file_answer *answer)
{
    *sink = (struct cyi_file_sink){.store = &shelf, .request = *request};
    cyi_file_sink_open(sink, owner, answer);
    return answer->result;
}

void
shelf_hash_text(uint8_t out[CYI_CRYPTO_HASH], const char *text)
{
    struct cyi_file_hash hash;
    cyi_file_hash_init(&hash, false);
    cyi_file_hash_update(&hash, text, strlen(text));
    cyi_file_hash_final(out, &hash);
}

/* All of it in one go; the result. */
int
shelf_take(const uint8_t *owner, const struct cyi_file_request *request, const char *text)
{
    static uint8_t buffer[1024];
    struct cyi_file_sink sink;
    struct cyi_file_answer answer;
    uint8_t hash[CYI_CRYPTO_HASH];
    if (shelf_start(&sink, owner, request, &answer) != CYI_FILE_GO)
        return answer.result;
    int rc = 1;
    while (rc == 1)
        rc = cyi_file_sink_catch_up(&sink, buffer, sizeof buffer);
    if (rc == 0 && strlen(text) > sink.at)
        rc = cyi_file_sink_write(&sink, text + sink.at, strlen(text) - sink.at);
    if (rc != 0)
        return rc;
    shelf_hash_text(hash, text);
    cyi_file_sink_finish(&sink, hash, &answer);
    return answer.result;
}

int
shelf_take_text(const char *dir, const char *name, const char *text)
{
    struct cyi_file_request request = shelf_request_for(dir, name, text);
    return shelf_take(alice, &request, text);
}

int
shelf_delete_file(const uint8_t *owner, const char *dir, const char *name)
{
    struct cyi_file_request request = shelf_request_for(dir, name, "");
    return cyi_file_store_delete(&shelf, owner, &request);
}

bool
shelf_holds(const char *name, const char *text)
{
    char got[256] = "";
    int fd = open(shelf_path_of(name), O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, got, sizeof got - 1) : -1;
    if (fd >= 0)
        close(fd);
    return n == (ssize_t) strlen(text) && memcmp(got, text, (size_t) n) == 0;
}

void
shelf_put(const char *name, const char *text)
{
    int fd = open(shelf_path_of(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CU_ASSERT_TRUE(fd >= 0);
    CU_ASSERT_EQUAL(write(fd, text, strlen(text)), (ssize_t) strlen(text));
    close(fd);
}

int
shelf_count_parts(void)
{
    char name[32];
    int n = 0;
    const struct dirent *entry;
    snprintf(name, sizeof name, ".cycos-%u", (unsigned) geteuid());
    DIR *stream = opendir(shelf_path_of(name));
    while (stream != NULL && (entry = readdir(stream)) != NULL)
        n += entry->d_name[0] != '.';
    if (stream != NULL)
        closedir(stream);
    return n;
}
