#include "file_hash.h"
#include "wire_bytes.h"
#include "wire_file.h"
#include <arpa/inet.h>
#include <cy_test.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * The example at the end of transport/wire.md. Each line of it holds the bytes of one field and
 * says what they are. Here they are decoded, and the fields say the same once more, from what
 * was read: bytes and words have to agree line by line.
 */
enum { LINES_MAX = 64, TEXT_MAX = 80, BLOCK_MAX = 1024 };

/* A block of the document, or what the decoder says of it. */
struct block {
    uint8_t bytes[BLOCK_MAX];
    size_t size, lines;
    size_t sizes[LINES_MAX]; /* bytes of each line */
    char texts[LINES_MAX][TEXT_MAX];
};

static struct block read_block, said;

static FILE *
open_document(void)
{
    char path[4096];
    const char *source = getenv("CY_TEST_SOURCE");
    snprintf(path, sizeof path, "%s/transport/wire.md", source != NULL ? source : ".");
    FILE *file = fopen(path, "re");
    if (file == NULL)
        abort();
    return file;
}

/* "01 02 | what it is"; without the words it goes on with the line before. */
static void
parse_line(struct block *block, char *line)
{
    char *words = strstr(line, "| ");
    unsigned byte;
    int used;
    if (words != NULL) {
        *words = '\0';
        words[strcspn(words + 2, "\n") + 2] = '\0';
        snprintf(block->texts[block->lines], TEXT_MAX, "%s", words + 2);
        block->sizes[block->lines++] = 0;
    }
    for (; sscanf(line, " %2x%n", &byte, &used) == 1; line += used) {
        block->bytes[block->size++] = (uint8_t) byte;
        block->sizes[block->lines - 1]++;
    }
}

static void
find(struct block *block, const char *name)
{
    char line[256], head[64];
    bool inside = false;
    FILE *file = open_document();
    memset(block, 0, sizeof *block);
    snprintf(head, sizeof head, "```hex %s\n", name);
    while (fgets(line, sizeof line, file) != NULL && !(inside && strcmp(line, "```\n") == 0)) {
        if (inside)
            parse_line(block, line);
        inside = inside || strcmp(line, head) == 0;
    }
    fclose(file);
    CU_ASSERT_FATAL(block->size > 0);
}

/* The next so many bytes are this. */
CY_PRINTF(2, 3)
static void
say(size_t bytes, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(said.texts[said.lines], TEXT_MAX, format, args);
    va_end(args);
    said.sizes[said.lines++] = bytes;
}

/* Compares what was said with the block, and what was written with its bytes. */
static void
compare(void)
{
    CU_ASSERT_EQUAL(said.lines, read_block.lines);
    for (size_t i = 0; i < said.lines && i < read_block.lines; i++) {
        CU_ASSERT_EQUAL(said.sizes[i], read_block.sizes[i]);
        CU_ASSERT_STRING_EQUAL(said.texts[i], read_block.texts[i]);
        if (strcmp(said.texts[i], read_block.texts[i]) != 0)
            printf("\n    \"%s\" is said to be \"%s\"\n", said.texts[i], read_block.texts[i]);
    }
    CU_ASSERT_EQUAL(said.size, read_block.size);
    CU_ASSERT(memcmp(said.bytes, read_block.bytes, said.size) == 0);
}

static void
say_address(const char *what, const uint8_t address[16])
{
    char text[INET6_ADDRSTRLEN];
    inet_ntop(AF_INET6, address, text, sizeof text);
    say(16, "%s %s", what, text);
}

static void
say_hello(const struct cyi_hello *hello)
{
    static const char *const KINDS[] = {"ask", "relay", "answer"};
    say(4, "CYHI");
    say(1, "version %d", CYI_WIRE_VERSION);
    say(1, "kind %u: %s", hello->kind, KINDS[hello->kind]);
    say(1, "addresses %u", hello->address_count);
    say(1, "zero");
    say(8, "key id: %s", cyi_get64(hello->key_id) == 0 ? "none" : "some");
    say(16, "incarnation");
    say(8, "time %llu", (unsigned long long) hello->time_ms);
    say(4, "sequence %u", hello->sequence);
    say(2, "port %u", hello->port);
    say(2, "zero");
    for (size_t i = 0; i < hello->address_count; i++)
        say_address("address", hello->addresses[i]);
}

static void
the_hello_is_what_the_text_says(void)
{
    static const uint8_t NO_MAC[CYI_HELLO_MAC];
    struct cyi_hello hello;
    memset(&said, 0, sizeof said);
    find(&read_block, "A hello");
    size_t size = read_block.size - CYI_HELLO_MAC;
    CY_OK(cyi_hello_read(&hello, read_block.bytes, size));
    CU_ASSERT(memcmp(read_block.bytes + size, NO_MAC, sizeof NO_MAC) == 0);
    say_hello(&hello);
    say(CYI_HELLO_MAC, "MAC: none");
    said.size = cyi_hello_write(said.bytes, &hello) + CYI_HELLO_MAC;
    compare();
}

static void
say_home(cy_ref home)
{
    say_address("home address", home.address);
    say(2, "home port %u", home.port);
    say(2, "home core %u", home.core);
    say(4, "home node %08x", home.node);
    say(4, "home slot %u", home.slot);
    say(4, "home generation %u", home.generation);
}

static uint8_t *
take_intro(uint8_t *out, const struct cyi_item *item)
{
    static struct cyi_intro intro;
    CU_ASSERT_FATAL(cyi_intro_read(&intro, item->body, item->size) == 0);
    say(16, "incarnation");
    say(2, "core %u", intro.core);
    say(2, "of %u", intro.core_count);
    say(4, "life %u", intro.life);
    say(4, "next %u", intro.next);
    say(4, "features %u", intro.features);
    say(1, "flags:%s%s%s", intro.stream ? " stream" : "", intro.meet ? " meet" : "",
        intro.file ? " file" : "");
    say(1, "bytes of the name %u", intro.name_size);
    say(1, "addresses %u", intro.address_count);
    say(1, "zero");
    say(8, "session %016llx", (unsigned long long) intro.session);
    say_home(intro.home);
    for (size_t i = 0; i < intro.core_count; i++)
        say(2, "port %u", intro.ports[i]);
    for (size_t i = 0; i < intro.address_count; i++)
        say_address("address", intro.addresses[i]);
    if (intro.name_size > 0)
        say(intro.name_size, "name %s", intro.name);
    return out + cyi_intro_write(out, &intro);
}

static void
say_send(const struct cyi_send *send)
{
    say(4, "to slot %08x", send->to_slot);
    say(4, "to generation %u", send->to_generation);
    say(4, "from slot %08x", send->from_slot);
    say(4, "from generation %u", send->from_generation);
    say(4, "tag %u", send->tag);
}

/* The bytes of a message, which are text here. */
static uint8_t *
take_body(uint8_t *out, const struct cyi_item *item, size_t fixed)
{
    size_t size = item->size - fixed;
    if (size > 0)
        say(size, "%.*s", (int) size, (const char *) item->body + fixed);
    memcpy(out, item->body + fixed, size);
    return out + size;
}

static uint8_t *
take_send(uint8_t *out, const struct cyi_item *item)
{
    struct cyi_send send;
    CU_ASSERT_FATAL(cyi_send_read(&send, item->body, item->size) == 0);
    say_send(&send);
    return take_body(cyi_send_write(out, &send), item, CYI_SEND_BYTES);
}

static uint8_t *
take_request(uint8_t *out, const struct cyi_item *item)
{
    struct cyi_request_item request;
    CU_ASSERT_FATAL(cyi_request_read(&request, item->body, item->size) == 0);
    say_send(&request.send);
    say(4, "token %u", request.token);
    return take_body(cyi_request_write(out, &request), item, CYI_REQUEST_BYTES);
}

static uint8_t *
take_answer(uint8_t *out, const struct cyi_item *item)
{
    struct cyi_answer_item answer;
    CU_ASSERT_FATAL(cyi_answer_read(&answer, item->body, item->size) == 0);
    say(4, "to slot %08x", answer.to_slot);
    say(4, "to generation %u", answer.to_generation);
    say(4, "token %u", answer.token);
    say(4, "result %d", answer.result);
    say(8, "value %llu", (unsigned long long) answer.value);
    say(4, "from slot %u", answer.from_slot);
    say(4, "from generation %u", answer.from_generation);
    say(4, "tag %u", answer.tag);
    return take_body(cyi_answer_write(out, &answer), item, CYI_ANSWER_BYTES);
}

static const struct {
    uint8_t op;
    const char *name;
    uint8_t *(*take)(uint8_t *out, const struct cyi_item *item);
} ITEMS[] = {
    {CYI_OP_INTRO, "intro", take_intro},
    {CYI_OP_SEND, "send", take_send},
    {CYI_OP_REQUEST, "request", take_request},
    {CYI_OP_ANSWER, "answer", take_answer},
};

static uint8_t *
take_item(uint8_t *out, const struct cyi_item *item)
{
    for (size_t i = 0; i < sizeof ITEMS / sizeof *ITEMS; i++) {
        if (ITEMS[i].op != item->op)
            continue;
        say(2, "size %u", item->size);
        say(1, "op %u: %s", item->op, ITEMS[i].name);
        say(1, "flags %u", item->flags);
        out = cyi_item_write(out, (enum cyi_op) item->op, item->flags, item->size);
        return ITEMS[i].take(out, item);
    }
    CU_FAIL_FATAL("an item that the example has not");
    return out;
}

/* One frame, without a seal. */
static void
check_frame(const char *name)
{
    struct cyi_frame frame;
    struct cyi_item item;
    memset(&said, 0, sizeof said);
    find(&read_block, name);
    CU_ASSERT_FATAL(cyi_frame_read(&frame, read_block.bytes) == 0);
    CU_ASSERT_EQUAL(read_block.size, CYI_FRAME_HEADER + frame.size);
    say(4, "size %u", frame.size);
    say(4, "number %u", frame.number);
    say(4, "ack %u", frame.ack);
    say(4, "credit %u", frame.credit);
    say(4, "lane %u: %s", frame.lane, frame.lane == CYI_LANE_DATA ? "data" : "control");
    cyi_frame_write(said.bytes, &frame);
    uint8_t *out = said.bytes + CYI_FRAME_HEADER;
    for (size_t at = CYI_FRAME_HEADER; at < read_block.size;) {
        int n = cyi_item_read(&item, read_block.bytes + at, read_block.size - at);
        CU_ASSERT_FATAL(n > 0);
        CU_ASSERT_EQUAL(cyi_item_lane(item.op), frame.lane);
        out = take_item(out, &item);
        at += (size_t) n;
    }
    said.size = (size_t) (out - said.bytes);
    compare();
}

static void
each_side_introduces_itself_as_the_text_says(void)
{
    check_frame("B intro");
    check_frame("A intro");
}

static void
messages_answers_and_acknowledgements_are_what_the_text_says(void)
{
    check_frame("A messages");
    check_frame("B answer");
    check_frame("A acknowledgement");
}

static void
say_request(const struct cyi_file_request *request)
{
    say(1, "verb %u: %s", request->verb, request->verb == CYI_FILE_SEND ? "send" : "delete");
    say(1, "flags %u", request->flags);
    say(2, "bytes of the folder %zu", strlen(request->dir));
    say(2, "bytes of the name %zu", strlen(request->name));
    say(2, "zero");
    say(8, "size of the file %llu", (unsigned long long) request->size);
    say(8, "modified %lld", (long long) request->mtime_ns);
    say(4, "mode 0%o", request->mode);
    say(4, "zero");
    say(strlen(request->dir), "folder %s", request->dir);
    say(strlen(request->name), "name %s", request->name);
}

static void
say_file_answer(const struct cyi_file_answer *answer)
{
    say(4, "result %d", answer->result);
    say(4, "mode 0%o", answer->mode);
    say(8, "size %llu", (unsigned long long) answer->size);
    say(8, "modified %lld", (long long) answer->mtime_ns);
}

/* What is written again from what was read of a body. */
static void
take_file_body(enum cyi_file_message kind, uint8_t *out, const uint8_t *body, size_t size)
{
    struct cyi_file_request request;
    struct cyi_file_answer answer;
    memcpy(out, body, size);
    if (kind == CYI_FILE_REQUEST) {
        CU_ASSERT_FATAL(cyi_file_request_read(&request, body, size) == 0);
        say_request(&request);
        CU_ASSERT_EQUAL(cyi_file_request_write(out, &request), size);
    } else if (kind == CYI_FILE_ANSWER) {
        CU_ASSERT_FATAL(cyi_file_answer_read(&answer, body) == 0);
        say_file_answer(&answer);
        cyi_file_answer_write(out, &answer);
    } else if (kind == CYI_FILE_DATA) {
        say(size, "%.*s", (int) size, (const char *) body);
    } else {
        uint8_t hash[CYI_CRYPTO_HASH];
        struct cyi_file_hash state;
        cyi_file_hash_init(&state, false);
        cyi_file_hash_update(&state, "hello", 5);
        cyi_file_hash_final(hash, &state);
        CU_ASSERT_EQUAL(memcmp(hash, body, size), 0);
        say(size, "hash");
    }
}

static void
check_file_message(const char *name)
{
    static const char *const KINDS[] = {"", "request", "answer", "data", "progress", "end"};
    enum cyi_file_message kind;
    memset(&said, 0, sizeof said);
    find(&read_block, name);
    int size = cyi_file_header_read(&kind, read_block.bytes);
    CU_ASSERT_FATAL(size >= 0 && (size_t) size + CYI_FILE_HEADER == read_block.size);
    say(4, "size %d", size);
    say(1, "%u: %s", kind, KINDS[kind]);
    say(3, "zero");
    cyi_file_header_write(said.bytes, kind, (size_t) size);
    take_file_body(kind, said.bytes + CYI_FILE_HEADER, read_block.bytes + CYI_FILE_HEADER,
                   (size_t) size);
    said.size = read_block.size;
    compare();
}

static void
a_file_travels_as_the_text_says(void)
{
    check_file_message("C request");
    check_file_message("D go");
    check_file_message("C data");
    check_file_message("C end");
    check_file_message("D answer");
}

CY_TEST_MAIN("transport.wire_example", CY_TEST(the_hello_is_what_the_text_says),
             CY_TEST(each_side_introduces_itself_as_the_text_says),
             CY_TEST(messages_answers_and_acknowledgements_are_what_the_text_says),
             CY_TEST(a_file_travels_as_the_text_says))
