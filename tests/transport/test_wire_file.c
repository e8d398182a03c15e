#include "wire_bytes.h"
#include "wire_file.h"
#include <cy_test.h>
#include <errno.h>

/* Requests for files, byte by byte: what is refused, and that nothing is spelt in two ways. */

static int
request_again(uint8_t *out, const uint8_t *in, size_t size)
{
    static struct cyi_file_request request;
    int rc = cyi_file_request_read(&request, in, size);
    return rc != 0 ? rc : (int) cyi_file_request_write(out, &request);
}

static struct cyi_file_request
make(const char *dir, const char *name)
{
    struct cyi_file_request request = {
        .verb = CYI_FILE_SEND, .flags = 5, .size = 77, .mtime_ns = -3, .mode = 04755};
    memcpy(request.dir, dir, strlen(dir));
    memcpy(request.name, name, strlen(name));
    return request;
}

static void
gives_back_what_it_reads(void)
{
    uint8_t bytes[CYI_FILE_REQUEST_MAX];
    struct cyi_file_request request = make("a/bc", "file.txt");
    size_t size = cyi_file_request_write(bytes, &request);
    CU_ASSERT_EQUAL(size, 32 + 4 + 8);
    wire_expect_same(request_again, bytes, size);
    wire_expect_whole(request_again, bytes, size);
    CU_ASSERT_TRUE(wire_flip_bits(request_again, bytes, size) > 100);
}

static int
place(const char *dir, const char *name)
{
    return cyi_file_place_check(dir, name);
}

static void
refuses_places_that_lead_elsewhere(void)
{
    static const char *const BAD[] = {"",     ".",        "..",     "a/b",  "/",
                                      "/etc", "a\nb",     "\x7f",   "\x1f", "a\tb",
                                      "../a", ".cycos-0", ".cycos-"};
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        CY_FAILS(place("", BAD[i]), -EINVAL);
    CY_OK(place("", "..."));
    CY_OK(place("", "..a"));
    CY_OK(place("", ".cycos"));
    CY_OK(place("a", ".cycos-0"));
    CY_OK(place("", "\xc3\xa4\xff -"));
}

static void
refuses_folders_that_lead_elsewhere(void)
{
    static const char *const BAD[] = {"/",     "/a",   "a/",     "a//b",     ".",
                                      "..",    "../a", "a/..",   "./a",      "a/../b",
                                      "a/./b", "\x01", "a/\x7f", ".cycos-0", ".cycos-0/a"};
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        CY_FAILS(place(BAD[i], "x"), -EINVAL);
    CY_OK(place("a", "x"));
    CY_OK(place("a/b/c", "x"));
    CY_OK(place("a/.cycos-0", "x"));
}

static void
holds_names_to_their_limits(void)
{
    static char name[CY_FILE_NAME_MAX + 2], dir[CY_FILE_DIR_MAX + 2];
    memset(name, 'n', sizeof name - 1);
    CY_FAILS(place("", name), -ENAMETOOLONG);
    CY_FAILS(place(name, "x"), -ENAMETOOLONG);
    name[CY_FILE_NAME_MAX] = '\0';
    CY_OK(place("", name));
    CY_OK(place(name, name));
    memset(dir, 'd', sizeof dir - 1);
    for (size_t i = 200; i < sizeof dir - 1; i += 200)
        dir[i] = '/';
    CY_FAILS(place(dir, "x"), -ENAMETOOLONG);
    dir[CY_FILE_DIR_MAX] = '\0';
    CY_OK(place(dir, name));
    uint8_t bytes[CYI_FILE_REQUEST_MAX];
    struct cyi_file_request request = make(dir, name);
    CU_ASSERT_EQUAL(cyi_file_request_write(bytes, &request), CYI_FILE_REQUEST_MAX);
    wire_expect_same(request_again, bytes, CYI_FILE_REQUEST_MAX);
}

/* A NUL would end the text early, and the rest would be a second spelling. */
static void
refuses_a_nul_within_a_name(void)
{
    uint8_t bytes[CYI_FILE_REQUEST_MAX];
    struct cyi_file_request request = make("ab/cd", "name");
    size_t size = cyi_file_request_write(bytes, &request);
    for (size_t at = CYI_FILE_REQUEST_BYTES; at < size; at++) {
        uint8_t before = bytes[at];
        bytes[at] = 0;
        wire_expect_refused(request_again, bytes, size);
        bytes[at] = before;
    }
}

static void
refuses_fields_that_mean_nothing(void)
{
    static const struct {
        size_t at;
        uint8_t value;
    } BAD[] = {{0, 2},     {1, 8},  {6, 1},  {7, 1}, {15, 0x80},
               {25, 0x10}, {26, 1}, {28, 1}, {31, 1}};
    uint8_t bytes[CYI_FILE_REQUEST_MAX];
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        struct cyi_file_request request = make("", "x");
        size_t size = cyi_file_request_write(bytes, &request);
        bytes[BAD[i].at] = BAD[i].value;
        wire_expect_refused(request_again, bytes, size);
    }
    struct cyi_file_request request = {.verb = CYI_FILE_DELETE, .name = "x"};
    size_t size = cyi_file_request_write(bytes, &request);
    wire_expect_same(request_again, bytes, size);
    for (size_t at = 1; at < 28; at++) {
        if (at >= 2 && at < 8)
            continue;
        bytes[at] = 1;
        wire_expect_refused(request_again, bytes, size);
        bytes[at] = 0;
    }
}

static void
refuses_messages_of_sizes_that_they_cannot_have(void)
{
    static const struct {
        enum cyi_file_message kind;
        uint32_t min, max;
    } SIZES[] = {{CYI_FILE_REQUEST, 33, CYI_FILE_REQUEST_MAX},
                 {CYI_FILE_ANSWER, 24, 24},
                 {CYI_FILE_DATA, 1, CYI_FILE_DATA_MAX},
                 {CYI_FILE_PROGRESS, 8, 8},
                 {CYI_FILE_END, 32, 32},
                 {CYI_FILE_ABORT, 0, 0}};
    uint8_t header[CYI_FILE_HEADER];
    enum cyi_file_message kind;
    for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) {
        cyi_file_header_write(header, SIZES[i].kind, SIZES[i].min);
        CU_ASSERT_EQUAL(cyi_file_header_read(&kind, header), (int) SIZES[i].min);
        CU_ASSERT_EQUAL(kind, SIZES[i].kind);
        cyi_file_header_write(header, SIZES[i].kind, SIZES[i].max);
        CU_ASSERT_EQUAL(cyi_file_header_read(&kind, header), (int) SIZES[i].max);
        cyi_file_header_write(header, SIZES[i].kind, (size_t) SIZES[i].max + 1);
        CY_FAILS(cyi_file_header_read(&kind, header), -EBADMSG);
        cyi_file_header_write(header, SIZES[i].kind, (size_t) SIZES[i].min - 1);
        CY_FAILS(cyi_file_header_read(&kind, header), -EBADMSG);
    }
    for (int is = 0; is < 256; is += is == 0 ? CYI_FILE_MESSAGES : 1) {
        cyi_file_header_write(header, CYI_FILE_ABORT, 0);
        header[4] = (uint8_t) is;
        CY_FAILS(cyi_file_header_read(&kind, header), -EBADMSG);
    }
    for (int at = 5; at < 8; at++) {
        cyi_file_header_write(header, CYI_FILE_ABORT, 0);
        header[at] = 1;
        CY_FAILS(cyi_file_header_read(&kind, header), -EBADMSG);
    }
}

static void
refuses_answers_that_contradict_themselves(void)
{
    static const struct {
        struct cyi_file_answer answer;
        bool good;
    } CASES[] = {{{CY_FILE_SENT, 0, 0, 0}, true},
                 {{CY_FILE_SENT, 0, 1, 0}, false},
                 {{CY_FILE_SAME, 0, 0, 0}, true},
                 {{CY_FILE_SAME, 0, 0, 1}, false},
                 {{CY_FILE_DIFFERS, 07777, 9, -1}, true},
                 {{CY_FILE_DIFFERS, 010000, 9, 1}, false},
                 {{CYI_FILE_GO, 0, 9, 0}, true},
                 {{CYI_FILE_GO, 1, 9, 0}, false},
                 {{CYI_FILE_GO, 0, UINT64_C(1) << 63, 0}, false},
                 {{-ENOSPC, 0, 0, 0}, true},
                 {{-ENOSPC, 0, 1, 0}, false},
                 {{4, 0, 0, 0}, false},
                 {{-8191, 0, 0, 0}, true},
                 {{-8192, 0, 0, 0}, false}};
    uint8_t bytes[CYI_FILE_ANSWER_BYTES];
    struct cyi_file_answer read;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        cyi_file_answer_write(bytes, &CASES[i].answer);
        CU_ASSERT_EQUAL(cyi_file_answer_read(&read, bytes), CASES[i].good ? 0 : -EBADMSG);
    }
}

CY_TEST_MAIN("transport.wire_file", CY_TEST(gives_back_what_it_reads),
             CY_TEST(refuses_places_that_lead_elsewhere),
             CY_TEST(refuses_folders_that_lead_elsewhere), CY_TEST(holds_names_to_their_limits),
             CY_TEST(refuses_a_nul_within_a_name), CY_TEST(refuses_fields_that_mean_nothing),
             CY_TEST(refuses_messages_of_sizes_that_they_cannot_have),
             CY_TEST(refuses_answers_that_contradict_themselves))
