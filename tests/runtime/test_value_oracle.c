/*
 * test_value_oracle.c - our side of test_value_oracle.py: writes and reads bodies on demand.
 *
 *     test_runtime_value_oracle --serve
 *
 * answers each line of its input by one line: "write WORD..." by the body in hexadecimal
 * digits, "read HEX" by the words of the body, both by the name of the error if any. Words:
 *
 *     i-5 u7 d3ff8000000000000 t6869 b00ff T F N    numbers (doubles by their bits), text...
 *     rADDRESS:PORT:CORE:NODE:SLOT:GENERATION       a reference; the address in digits
 *     l2 m3                                         a list, a map; so many values or pairs
 *     e3bffffffffffffffff                           a value that is encoded already
 *
 * Without an argument it is a test of this language.
 */
#include "value_hex.h"

#include <inttypes.h>
#include <stdlib.h>

enum { LINE_MAX_BYTES = 1 << 16 };

static void
put_ref(cy_value_writer *w, const char *word)
{
    unsigned port = 0, core = 0;
    cy_ref ref = CY_NOBODY;
    struct value_bytes address = value_unhex(word);
    memcpy(ref.address, address.bytes, sizeof ref.address);
    sscanf(word + 32, ":%u:%u:%" SCNu32 ":%" SCNu32 ":%" SCNu32, &port, &core, &ref.node,
           &ref.slot, &ref.generation);
    ref.port = (uint16_t) port;
    ref.core = (uint16_t) core;
    cy_value_put_ref(w, ref);
}

static void
put_double(cy_value_writer *w, const char *word)
{
    uint64_t bits = strtoull(word, NULL, 16);
    double value;
    memcpy(&value, &bits, sizeof value);
    cy_value_put_double(w, value);
}

static void
put_word(cy_value_writer *w, const char *word)
{
    struct value_bytes bytes = value_unhex(word + 1);
    switch (*word) {
    case 'i':
        cy_value_put_int(w, strtoll(word + 1, NULL, 10));
        break;
    case 'u':
        cy_value_put_uint(w, strtoull(word + 1, NULL, 10));
        break;
    case 'd':
        put_double(w, word + 1);
        break;
    case 't':
        cy_value_put_text_n(w, (const char *) bytes.bytes, bytes.size);
        break;
    case 'b':
        cy_value_put_bytes(w, bytes.bytes, bytes.size);
        break;
    case 'e':
        cy_value_put_encoded(w, bytes.bytes, bytes.size);
        break;
    case 'r':
        put_ref(w, word + 1);
        break;
    case 'l':
        cy_value_put_list(w, strtoull(word + 1, NULL, 10));
        break;
    case 'm':
        cy_value_put_map(w, strtoull(word + 1, NULL, 10));
        break;
    case 'T':
    case 'F':
        cy_value_put_bool(w, *word == 'T');
        break;
    default:
        cy_value_put_nil(w);
        break;
    }
}

static void
print_hex(FILE *out, char letter, const void *bytes, size_t size)
{
    fputc(letter, out);
    for (size_t i = 0; i < size; i++)
        fprintf(out, "%02x", ((const uint8_t *) bytes)[i]);
}

static void
write_body(FILE *out, char *words)
{
    static uint8_t buffer[LINE_MAX_BYTES];
    cy_value_writer w;
    size_t size;
    cy_value_writer_init(&w, buffer, sizeof buffer);
    for (char *word; (word = strsep(&words, " ")) != NULL;)
        put_word(&w, word);
    int rc = cy_value_finish(&w, &size);
    if (rc == 0)
        print_hex(out, ' ', buffer, size);
    else
        fputs(cy_errname(rc), out);
}

static void
print_integer(FILE *out, cy_value_reader *r)
{
    int64_t number;
    uint64_t natural;
    const void *bytes;
    size_t size;
    if (cy_value_get_int(r, &number) == 0)
        fprintf(out, "i%" PRId64, number);
    else if (cy_value_get_uint(r, &natural) == 0)
        fprintf(out, "u%" PRIu64, natural);
    else if (cy_value_get_encoded(r, &bytes, &size) == 0)
        print_hex(out, 'e', bytes, size);
}

static int
print_string(FILE *out, cy_value_reader *r)
{
    const char *text;
    const void *bytes;
    size_t size;
    int rc = cy_value_get_text(r, &text, &size);
    if (rc == 0) {
        print_hex(out, 't', text, size);
        return 0;
    }
    if ((rc = cy_value_get_bytes(r, &bytes, &size)) == 0)
        print_hex(out, 'b', bytes, size);
    return rc;
}

static int
print_double(FILE *out, cy_value_reader *r)
{
    double value;
    uint64_t bits;
    int rc = cy_value_get_double(r, &value);
    if (rc != 0)
        return rc;
    memcpy(&bits, &value, sizeof bits);
    fprintf(out, "d%016" PRIx64, bits);
    return 0;
}

static int
print_ref(FILE *out, cy_value_reader *r)
{
    cy_ref ref;
    int rc = cy_value_get_ref(r, &ref);
    if (rc != 0)
        return rc;
    print_hex(out, 'r', ref.address, sizeof ref.address);
    fprintf(out, ":%u:%u:%" PRIu32 ":%" PRIu32 ":%" PRIu32, (unsigned) ref.port,
            (unsigned) ref.core, ref.node, ref.slot, ref.generation);
    return 0;
}

static int
print_rest(FILE *out, cy_value_reader *r)
{
    bool truth;
    if (cy_value_get_bool(r, &truth) == 0) {
        fputc(truth ? 'T' : 'F', out);
        return 0;
    }
    fputc('N', out);
    return cy_value_get_nil(r);
}

static int
print_values(FILE *out, cy_value_reader *r)
{
    cy_value_reader items;
    int rc = 0;
    while (rc == 0) {
        fputc(' ', out);
        switch (cy_value_peek(r)) {
        case CY_VALUE_NONE:
            return 0;
        case CY_VALUE_INT:
            print_integer(out, r);
            break;
        case CY_VALUE_DOUBLE:
            rc = print_double(out, r);
            break;
        case CY_VALUE_TEXT:
        case CY_VALUE_BYTES:
            rc = print_string(out, r);
            break;
        case CY_VALUE_REF:
            rc = print_ref(out, r);
            break;
        case CY_VALUE_LIST:
            if ((rc = cy_value_get_list(r, &items)) == 0) {
                fprintf(out, "l%zu", items.left);
                rc = print_values(out, &items);
            }
            break;
        case CY_VALUE_MAP:
            if ((rc = cy_value_get_map(r, &items)) == 0) {
                fprintf(out, "m%zu", items.left / 2);
                rc = print_values(out, &items);
            }
            break;
        default:
            rc = print_rest(out, r);
            break;
        }
    }
    return rc;
}

static void
read_body(FILE *out, const char *hex)
{
    cy_value_reader r;
    struct value_bytes body = value_unhex(hex);
    uint8_t *copy = malloc(body.size + 1); /* the sanitizer watches its end */
    memcpy(copy + 1, body.bytes, body.size);
    int rc = cy_value_reader_init(&r, copy + 1, body.size);
    if (rc == 0)
        rc = print_values(out, &r);
    if (rc != 0)
        fputs(cy_errname(rc), out);
    free(copy);
}

static void
answer(FILE *out, char *line)
{
    char *command = strsep(&line, " ");
    if (strcmp(command, "write") == 0 && line != NULL)
        write_body(out, line);
    else
        read_body(out, line != NULL ? line : "");
    fputc('\n', out);
}

static int
serve(void)
{
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, stdin) > 0) {
        line[strcspn(line, "\n")] = '\0';
        answer(stdout, line);
    }
    free(line);
    return 0;
}

/* Do these words give this body, and the body the words again? */
static bool
agrees(const char *words, const char *hex)
{
    char line[512], *out = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&out, &size);
    snprintf(line, sizeof line, "write %s", words);
    answer(stream, line);
    snprintf(line, sizeof line, "read %s", hex);
    answer(stream, line);
    fclose(stream);
    char *saved = out, *written = strsep(&out, "\n"), *read = strsep(&out, "\n");
    bool same = strcmp(written + strspn(written, " "), hex) == 0;
    for (const char *from = words; *from != '\0'; from += strcspn(from, " ")) {
        from += strspn(from, " ");
        read += strspn(read, " ");
        size_t length = strcspn(from, " ");
        same = same && strncmp(from, read, length) == 0;
        read += strcspn(read, " ");
    }
    free(saved);
    return same;
}

static void
the_words_and_the_body_agree(void)
{
    CU_ASSERT_TRUE(agrees("i-5", "24"));
    CU_ASSERT_TRUE(agrees("u18446744073709551615", "1bffffffffffffffff"));
    CU_ASSERT_TRUE(agrees("e3bffffffffffffffff", "3bffffffffffffffff"));
    CU_ASSERT_TRUE(agrees("l4 d3ff8000000000000 T F N", "84f93e00f5f4f6"));
    CU_ASSERT_TRUE(agrees("m2 i1 t6869 t61 l1 b00ff", "a20162686961618142"
                                                      "00ff"));
    CU_ASSERT_TRUE(
        agrees("ra0a1a2a3a4a5a6a7a8a9aaabacadaeaf:258:772:84281096:286397204:353769240",
               "da637972665820a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
               "02010403080706051413121118171615"));
    CU_ASSERT_FALSE(agrees("i-5", "23"));
    CU_ASSERT_FALSE(agrees("l2 i1", "8201"));
}

int
main(int argc, char **argv)
{
    CU_TestInfo tests[] = {CY_TEST(the_words_and_the_body_agree), CU_TEST_INFO_NULL};
    if (argc == 2 && strcmp(argv[1], "--serve") == 0)
        return serve();
    return cy_test_main(argc, argv, "runtime.value_oracle", tests);
}
