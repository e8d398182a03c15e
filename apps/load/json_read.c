/* json_read.c - JSON read into a tree. */
#include "json.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    const char *at, *end;
    unsigned depth;
};

static int read_value(struct reader *r, struct load_json **out);

static void
skip_blanks(struct reader *r)
{
    while (r->at < r->end && memchr(" \t\r\n", *r->at, 4) != NULL)
        r->at++;
}

static bool
take(struct reader *r, char c)
{
    skip_blanks(r);
    if (r->at == r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

static int
read_hex(struct reader *r, unsigned *out)
{
    unsigned value = 0;
    for (int i = 0; i < 4; i++, r->at++) {
        if (r->at == r->end || !isxdigit((unsigned char) *r->at))
            return -EINVAL;
        char c = *r->at;
        value = value * 16 +
                (unsigned) (isdigit((unsigned char) c) ? c - '0' : (c | 32) - 'a' + 10);
    }
    *out = value;
    return 0;
}

/* UTF-8 of a code point; halves of surrogate pairs become the replacement character. */
static char *
put_code(char *to, unsigned code)
{
    if (code >= 0xd800 && code < 0xe000)
        code = 0xfffd;
    if (code < 0x80) {
        *to++ = (char) code;
    } else if (code < 0x800) {
        *to++ = (char) (0xc0 | (code >> 6));
        *to++ = (char) (0x80 | (code & 63));
    } else {
        *to++ = (char) (0xe0 | (code >> 12));
        *to++ = (char) (0x80 | ((code >> 6) & 63));
        *to++ = (char) (0x80 | (code & 63));
    }
    return to;
}

static int
read_escape(struct reader *r, char **to)
{
    static const char from[] = "\"\\/bfnrt", as[] = "\"\\/\b\f\n\r\t";
    if (r->at == r->end)
        return -EINVAL;
    char c = *r->at++;
    if (c == 'u') {
        unsigned code;
        int rc = read_hex(r, &code);
        if (rc == 0)
            *to = put_code(*to, code);
        return rc;
    }
    const char *found = memchr(from, c, sizeof from - 1);
    if (found == NULL)
        return -EINVAL;
    *(*to)++ = as[found - from];
    return 0;
}

static int
read_text(struct reader *r, char **out)
{
    int rc = 0;
    if (!take(r, '"'))
        return -EINVAL;
    /* No escape is longer as text than as what it stands for. */
    const char *quote = r->at;
    while (quote < r->end && *quote != '"')
        quote += *quote == '\\' ? 2 : 1;
    if (quote >= r->end)
        return -EINVAL;
    char *text = malloc((size_t) (quote - r->at) + 1), *to = text;
    if (text == NULL)
        return -ENOMEM;
    while (rc == 0 && r->at < quote) {
        char c = *r->at++;
        if (c == '\\')
            rc = read_escape(r, &to);
        else if ((unsigned char) c < 0x20)
            rc = -EINVAL;
        else
            *to++ = c;
    }
    *to = '\0';
    r->at = quote + 1;
    if (rc == 0)
        *out = text;
    else
        free(text);
    return rc;
}

static int
read_number(struct reader *r, double *out)
{
    char digits[64], *end;
    size_t length = 0;
    while (r->at + length < r->end && length < sizeof digits - 1 &&
           strchr("+-.0123456789eE", r->at[length]) != NULL && r->at[length] != '\0')
        length++;
    memcpy(digits, r->at, length);
    digits[length] = '\0';
    if (length == 0 || digits[0] == '+' || digits[0] == '.')
        return -EINVAL;
    *out = strtod(digits, &end);
    r->at += length;
    return *end == '\0' ? 0 : -EINVAL;
}

static int
read_word(struct reader *r, struct load_json *json)
{
    static const struct {
        const char *word;
        enum load_json_kind kind;
        double number;
    } words[] = {
        {"null", LOAD_JSON_NULL, 0}, {"true", LOAD_JSON_BOOL, 1}, {"false", LOAD_JSON_BOOL, 0}};
    for (size_t i = 0; i < 3; i++) {
        size_t length = strlen(words[i].word);
        if ((size_t) (r->end - r->at) >= length && memcmp(r->at, words[i].word, length) == 0) {
            r->at += length;
            json->kind = words[i].kind;
            json->number = words[i].number;
            return 0;
        }
    }
    json->kind = LOAD_JSON_NUMBER;
    return read_number(r, &json->number);
}

static int
read_members(struct reader *r, struct load_json *json, char close)
{
    struct load_json **tail = &json->child;
    if (take(r, close))
        return 0;
    do {
        char *name = NULL;
        int rc = 0;
        if (close == '}' && (rc = read_text(r, &name)) == 0 && !take(r, ':'))
            rc = -EINVAL;
        rc = rc != 0 ? rc : read_value(r, tail);
        if (rc != 0) {
            free(name);
            return rc;
        }
        (*tail)->name = name;
        tail = &(*tail)->next;
    } while (take(r, ','));
    return take(r, close) ? 0 : -EINVAL;
}

static int
read_body(struct reader *r, struct load_json *json)
{
    if (take(r, '{')) {
        json->kind = LOAD_JSON_OBJECT;
        return read_members(r, json, '}');
    }
    if (take(r, '[')) {
        json->kind = LOAD_JSON_ARRAY;
        return read_members(r, json, ']');
    }
    if (r->at < r->end && *r->at == '"') {
        json->kind = LOAD_JSON_TEXT;
        return read_text(r, &json->text);
    }
    return read_word(r, json);
}

static int
read_value(struct reader *r, struct load_json **out)
{
    if (r->depth == LOAD_JSON_DEPTH_MAX)
        return -E2BIG;
    struct load_json *json = calloc(1, sizeof *json);
    if (json == NULL)
        return -ENOMEM;
    r->depth++;
    int rc = read_body(r, json);
    r->depth--;
    if (rc != 0)
        load_json_free(&json);
    else
        *out = json;
    return rc;
}

int
load_json_parse(struct load_json **out, const char *text, size_t size)
{
    struct reader r = {.at = text, .end = text + size};
    struct load_json *json;
    int rc = read_value(&r, &json);
    if (rc != 0)
        return rc;
    skip_blanks(&r);
    if (r.at != r.end) {
        load_json_free(&json);
        return -EINVAL;
    }
    *out = json;
    return 0;
}

void
load_json_free(struct load_json **json)
{
    struct load_json *at = *json;
    *json = NULL;
    while (at != NULL) {
        struct load_json *next = at->next;
        load_json_free(&at->child);
        free(at->name);
        free(at->text);
        free(at);
        at = next;
    }
}

const struct load_json *
load_json_find(const struct load_json *json, const char *path)
{
    while (json != NULL && *path != '\0') {
        size_t length = strcspn(path, ".");
        const struct load_json *child = json->child;
        while (child != NULL && (child->name == NULL || strlen(child->name) != length ||
                                 memcmp(child->name, path, length) != 0))
            child = child->next;
        json = child;
        path += length + (path[length] == '.');
    }
    return json;
}

double
load_json_get(const struct load_json *json, const char *path, double otherwise)
{
    const struct load_json *found = load_json_find(json, path);
    bool number =
        found != NULL && (found->kind == LOAD_JSON_NUMBER || found->kind == LOAD_JSON_BOOL);
    return number ? found->number : otherwise;
}

const char *
load_json_get_text(const struct load_json *json, const char *path, const char *otherwise)
{
    const struct load_json *found = load_json_find(json, path);
    return found != NULL && found->kind == LOAD_JSON_TEXT ? found->text : otherwise;
}
