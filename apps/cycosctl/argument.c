/* argument.c - the words of a command line become the arguments of a method. */
#include "argument.h"

#include "json_read.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool
ctl_argument_split(const char *word, char *name, const char **value)
{
    size_t size = 0;
    if (isalpha((unsigned char) word[0]) || word[0] == '_')
        while (isalnum((unsigned char) word[size]) || word[size] == '_')
            size++;
    name[0] = '\0';
    *value = word;
    if (size == 0 || word[size] != '=')
        return true;
    if (size > CTL_ARGUMENT_NAME_MAX)
        return false;
    memcpy(name, word, size);
    name[size] = '\0';
    *value = word + size + 1;
    return true;
}

static bool
put_int(cy_value_writer *w, const char *text, const char **wrong)
{
    const char *digits = text + (text[0] == '-' || text[0] == '+');
    *wrong = "is no integer";
    if (*digits == '\0' || digits[strspn(digits, "0123456789")] != '\0')
        return false;
    *wrong = "is an integer of more than 64 bits";
    errno = 0;
    if (text[0] == '-') {
        long long number = strtoll(text, NULL, 10);
        if (errno == 0)
            cy_value_put_int(w, number);
    } else {
        unsigned long long number = strtoull(text, NULL, 10);
        if (errno == 0)
            cy_value_put_uint(w, number);
    }
    return errno == 0;
}

static bool
put_double(cy_value_writer *w, const char *text, const char **wrong)
{
    char *end;
    *wrong = "is no number";
    if (text[0] == '\0' || isspace((unsigned char) text[0]))
        return false;
    double number = strtod(text, &end);
    if (*end != '\0')
        return false;
    cy_value_put_double(w, number);
    return true;
}

static int
digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char) tolower((unsigned char) c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
put_bytes(cy_value_writer *w, const char *text, const char **wrong)
{
    size_t size = strlen(text) / 2;
    uint8_t *bytes = malloc(size + 1);
    bool good = bytes != NULL && strlen(text) % 2 == 0;
    *wrong = bytes != NULL ? "are no pairs of hexadecimal digits" : "are too many";
    for (size_t i = 0; good && i < size; i++) {
        int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
        good = high >= 0 && low >= 0;
        if (good)
            bytes[i] = (uint8_t) (high << 4 | low);
    }
    if (good)
        cy_value_put_bytes(w, bytes, size);
    free(bytes);
    return good;
}

static bool
put_json(cy_value_writer *w, const char *text, const char **wrong)
{
    return ctl_json_put(w, text, wrong, NULL);
}

static bool
put_text(cy_value_writer *w, const char *text, const char **wrong)
{
    (void) wrong; /* not UTF-8 is found by the writer */
    cy_value_put_text(w, text);
    return true;
}

static const struct {
    const char *prefix;
    bool (*put)(cy_value_writer *w, const char *text, const char **wrong);
} KINDS[] = {
    {"text:", put_text},   {"int:", put_int},   {"double:", put_double},
    {"bytes:", put_bytes}, {"json:", put_json},
};

/* Digits around a point or before an exponent; neither "inf" nor hexadecimal. */
static bool
looks_like_double(const char *text)
{
    const char *at = text + (text[0] == '-' || text[0] == '+');
    size_t before = strspn(at, "0123456789"), after = 0;
    at += before;
    bool point = *at == '.';
    if (point) {
        after = strspn(at + 1, "0123456789");
        at += 1 + after;
    }
    if (before + after == 0)
        return false;
    if (*at == 'e' || *at == 'E') {
        at += 1 + (at[1] == '-' || at[1] == '+');
        size_t exponent = strspn(at, "0123456789");
        return exponent > 0 && at[exponent] == '\0';
    }
    return point && *at == '\0';
}

static bool
looks_like_int(const char *text)
{
    const char *digits = text + (text[0] == '-' || text[0] == '+');
    return *digits != '\0' && digits[strspn(digits, "0123456789")] == '\0';
}

bool
ctl_argument_put(cy_value_writer *w, const char *value, const char **wrong)
{
    for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++) {
        size_t size = strlen(KINDS[i].prefix);
        if (strncmp(value, KINDS[i].prefix, size) == 0)
            return KINDS[i].put(w, value + size, wrong);
    }
    if (looks_like_int(value))
        return put_int(w, value, wrong);
    if (looks_like_double(value))
        return put_double(w, value, wrong);
    if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0)
        cy_value_put_bool(w, value[0] == 't');
    else if (strcmp(value, "nil") == 0)
        cy_value_put_nil(w);
    else
        cy_value_put_text(w, value);
    return true;
}
