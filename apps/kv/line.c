/* line.c - the words of an inline command. */
#include "line.h"

#include <ctype.h>
#include <stdbool.h>

struct cursor {
    char *from; /* next byte to read */
    char *to;   /* where the next byte of the word goes; never ahead of `from` */
    char *end;
};

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    int lower = tolower((unsigned char) c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* A backslash inside double quotes, with at least one byte behind it. */
static void
escape(struct cursor *c)
{
    static const char names[] = "nrtba";
    static const char bytes[] = "\n\r\t\b\a";
    char next = c->from[1];

    if (next == 'x' && c->end - c->from >= 4 && hex_digit(c->from[2]) >= 0 &&
        hex_digit(c->from[3]) >= 0) {
        *c->to++ = (char) (hex_digit(c->from[2]) * 16 + hex_digit(c->from[3]));
        c->from += 4;
        return;
    }
    for (int i = 0; names[i] != '\0'; i++)
        if (next == names[i])
            next = bytes[i];
    *c->to++ = next;
    c->from += 2;
}

/* Everything up to the closing quote, behind which a blank or the end must stand. */
static bool
quoted(struct cursor *c)
{
    char quote = *c->from++;

    while (c->from < c->end) {
        bool pair = *c->from == '\\' && c->from + 1 < c->end;
        if (pair && quote == '"') {
            escape(c);
        } else if (pair && c->from[1] == '\'') {
            *c->to++ = '\'';
            c->from += 2;
        } else if (*c->from == quote) {
            c->from++;
            return c->from == c->end || isspace((unsigned char) *c->from);
        } else {
            *c->to++ = *c->from++;
        }
    }
    return false;
}

static bool
ends_word(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\0';
}

int
kv_line_word(char **at, char *end, const char **word, size_t *bytes)
{
    struct cursor c = {*at, *at, end};

    while (c.from < end && isspace((unsigned char) *c.from))
        c.from++;
    if (c.from == end)
        return 0;
    c.to = c.from;
    char *begin = c.from;
    while (c.from < end && !ends_word(*c.from)) {
        if (*c.from == '"' || *c.from == '\'') {
            if (!quoted(&c))
                return -1;
            break; /* a closing quote ends the word */
        }
        *c.to++ = *c.from++;
    }
    *word = begin;
    *bytes = (size_t) (c.to - begin);
    *at = c.from < end ? c.from + 1 : end;
    return 1;
}
