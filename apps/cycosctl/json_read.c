/*
 * json_read.c - JSON becomes values.
 *
 * A list of values begins with their number, which JSON does not tell: so the text is read
 * twice at each level, once to count and once to write.
 */
#include "json_read.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    cy_value_writer *w; /* NULL: only count */
    const char *at;
    const char *wrong;
    unsigned depth;
};

static bool read_value(struct reader *r);

static bool
fail(struct reader *r, const char *why)
{
    if (r->wrong == NULL)
        r->wrong = why;
    return false;
}

static void
skip_blanks(struct reader *r)
{
    r->at += strspn(r->at, " \t\r\n");
}

static bool
take(struct reader *r, const char *word)
{
    size_t size = strlen(word);
    if (strncmp(r->at, word, size) != 0)
        return false;
    r->at += size;
    return true;
}

/* Digits, of which there must be one. */
static bool
skip_digits(struct reader *r)
{
    size_t count = strspn(r->at, "0123456789");
    r->at += count;
    return count > 0;
}

static bool
put_integer(struct reader *r, const char *text)
{
    errno = 0;
    if (text[0] == '-') {
        long long number = strtoll(text, NULL, 10);
        if (errno != 0)
            return fail(r, "an integer of more than 64 bits");
        if (r->w != NULL)
            cy_value_put_int(r->w, number);
    } else {
        unsigned long long number = strtoull(text, NULL, 10);
        if (errno != 0)
            return fail(r, "an integer of more than 64 bits");
        if (r->w != NULL)
            cy_value_put_uint(r->w, number);
    }
    return true;
}

static bool
read_number(struct reader *r)
{
    const char *begin = r->at;
    bool integer = true;
    r->at += *r->at == '-';
    if (*r->at == '0')
        r->at++;
    else if (!skip_digits(r))
        return fail(r, "a number without digits");
    if (*r->at == '.') {
        integer = false;
        r->at++;
        if (!skip_digits(r))
            return fail(r, "a point without digits behind it");
    }
    if (*r->at == 'e' || *r->at == 'E') {
        integer = false;
        r->at++;
        r->at += *r->at == '-' || *r->at == '+';
        if (!skip_digits(r))
            return fail(r, "an exponent without digits");
    }
    if (integer)
        return put_integer(r, begin);
    if (r->w != NULL)
        cy_value_put_double(r->w, strtod(begin, NULL));
    return true;
}

static int
hex4(const char *text)
{
    int number = 0;
    for (int i = 0; i < 4; i++) {
        char c = (char) tolower((unsigned char) text[i]);
        if (!isxdigit((unsigned char) c))
            return -1;
        number = number * 16 + (c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return number;
}

/* Behind "\u": one character, of which the second half may follow as another "\u". */
static bool
read_unicode(struct reader *r, uint32_t *out)
{
    int first = hex4(r->at), second;
    if (first < 0)
        return fail(r, "\\u wants four hexadecimal digits");
    r->at += 4;
    *out = (uint32_t) first;
    if (first < 0xd800 || first > 0xdfff)
        return true;
    if (first > 0xdbff || r->at[0] != '\\' || r->at[1] != 'u' ||
        (second = hex4(r->at + 2)) < 0xdc00 || second > 0xdfff)
        return fail(r, "half a character");
    r->at += 6;
    *out = 0x10000 + (((uint32_t) first & 0x3ff) << 10) + ((uint32_t) second & 0x3ff);
    return true;
}

static size_t
put_utf8(char *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char) c;
        return 1;
    }
    size_t more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const uint8_t HEADS[] = {0, 0xc0, 0xe0, 0xf0};
    for (size_t i = more; i > 0; i--) {
        out[i] = (char) (0x80 | (c & 0x3f));
        c >>= 6;
    }
    out[0] = (char) (HEADS[more] | c);
    return more + 1;
}

static bool
read_escape(struct reader *r, char *out, size_t *used)
{
    static const char FROM[] = "\"\\/bfnrt", TO[] = "\"\\/\b\f\n\r\t";
    uint32_t c = 0;
    r->at++;
    const char *known = *r->at != '\0' ? strchr(FROM, *r->at) : NULL;
    if (known != NULL) {
        r->at++;
        out[(*used)++] = TO[known - FROM];
        return true;
    }
    if (*r->at != 'u')
        return fail(r, "an escape that there is not");
    r->at++;
    if (!read_unicode(r, &c))
        return false;
    *used += put_utf8(out + *used, c);
    return true;
}

/* What is written is never longer than what was read. */
static bool
read_text(struct reader *r)
{
    char *text = malloc(strlen(r->at) + 1);
    size_t used = 0;
    bool good = text != NULL || fail(r, "out of memory");
    r->at++;
    while (good && *r->at != '"') {
        if ((unsigned char) *r->at < 0x20)
            good = fail(r, *r->at == '\0' ? "a text without an end" : "a control character");
        else if (*r->at == '\\')
            good = read_escape(r, text, &used);
        else
            text[used++] = *r->at++;
    }
    if (good) {
        r->at++;
        if (r->w != NULL)
            cy_value_put_text_n(r->w, text, used);
    }
    free(text);
    return good;
}

/* One entry of a list or map. */
static bool
read_entry(struct reader *r, bool map)
{
    skip_blanks(r);
    if (!map)
        return read_value(r);
    if (*r->at != '"')
        return fail(r, "a key must be a text");
    if (!read_text(r))
        return false;
    skip_blanks(r);
    if (!take(r, ":"))
        return fail(r, "no : behind a key");
    return read_value(r);
}

/* From behind the bracket; how many entries. */
static bool
read_entries(struct reader *r, bool map, size_t *count)
{
    const char *close = map ? "}" : "]";
    *count = 0;
    skip_blanks(r);
    if (take(r, close))
        return true;
    do {
        if (!read_entry(r, map))
            return false;
        ++*count;
        skip_blanks(r);
    } while (take(r, ","));
    return take(r, close) || fail(r, map ? "neither , nor }" : "neither , nor ]");
}

static bool
read_nest(struct reader *r)
{
    bool map = *r->at++ == '{';
    size_t count;
    if (r->depth == CTL_JSON_DEPTH_MAX)
        return fail(r, "too deep");
    r->depth++;
    if (r->w != NULL) {
        struct reader counting = *r;
        counting.w = NULL;
        if (!read_entries(&counting, map, &count)) {
            *r = counting;
            return false;
        }
        if (map)
            cy_value_put_map(r->w, count);
        else
            cy_value_put_list(r->w, count);
    }
    bool good = read_entries(r, map, &count);
    r->depth--;
    return good;
}

static bool
read_word(struct reader *r)
{
    bool is_true = take(r, "true");
    if (is_true || take(r, "false")) {
        if (r->w != NULL)
            cy_value_put_bool(r->w, is_true);
        return true;
    }
    if (!take(r, "null"))
        return fail(r, *r->at == '\0' ? "it ends too soon" : "no value begins so");
    if (r->w != NULL)
        cy_value_put_nil(r->w);
    return true;
}

static bool
read_value(struct reader *r)
{
    skip_blanks(r);
    if (*r->at == '{' || *r->at == '[')
        return read_nest(r);
    if (*r->at == '"')
        return read_text(r);
    if (*r->at == '-' || isdigit((unsigned char) *r->at))
        return read_number(r);
    return read_word(r);
}

bool
ctl_json_put(cy_value_writer *w, const char *text, const char **wrong, size_t *at)
{
    struct reader r = {.w = w, .at = text};
    bool good = read_value(&r);
    if (good)
        skip_blanks(&r);
    if (good && *r.at != '\0')
        good = fail(&r, "more behind the value");
    if (!good) {
        *wrong = r.wrong;
        if (at != NULL)
            *at = (size_t) (r.at - text);
    }
    return good;
}
