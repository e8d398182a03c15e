/*
 * options_ini.c - reads the file that --config names.
 *
 *     # a comment; also ;
 *     udp-port = 5000
 *     peers = a.example.org, b.example.org:4000
 *     name = "quoted, with \" \\ \n \x20"
 *     [kv]
 *     port = 6379
 *
 * Keys before the first [section], and in [cycos], are the node's; other sections are the
 * application's. A quoted value is one item, commas and all. What cannot be understood is an
 * error, so that no misspelt key is silently without effect.
 */
#include "options.h"
#include <string.h>

enum { LINE_BYTES_MAX = CY_OPTION_VALUE_MAX + 256, LINES_MAX = 65536 };

struct ini {
    struct cyi_option_reader *reader;
    FILE *file;
    const char *path;
    int line, section; /* section: index of its set */
    char text[LINE_BYTES_MAX + 1];
};

static void
set_where(struct ini *ini, const char *key)
{
    size_t bytes = strlen(ini->path), most = 160;
    bool cut = bytes > most;
    snprintf(ini->reader->where, sizeof ini->reader->where, "%s%s:%d%s%.64s", cut ? "..." : "",
             cut ? ini->path + bytes - most : ini->path, ini->line, *key != '\0' ? ": " : "",
             key);
}

static int
fail(struct ini *ini, const char *value, const char *why)
{
    return cyi_option_fail(ini->reader, value, "%s", why);
}

/* 1: a line without its newline is in text; 0: end of file; negative: bad. */
static int
read_line(struct ini *ini)
{
    int n = 0, c;
    ini->line++;
    set_where(ini, "");
    while ((c = getc(ini->file)) != EOF && c != '\n') {
        if (c == '\0')
            return fail(ini, NULL, "holds a NUL byte; this is no text");
        if (n == LINE_BYTES_MAX)
            return fail(ini, NULL, "the line is too long");
        ini->text[n++] = (char) c;
    }
    ini->text[n] = '\0';
    if (c == EOF && ferror(ini->file)) {
        int error = errno;
        (void) cyi_option_fail(ini->reader, NULL, "%s", cy_strerror(-error));
        return -error;
    }
    if (n == 0 && c == EOF)
        return 0;
    return ini->line <= LINES_MAX ? 1 : fail(ini, NULL, "the file has too many lines");
}

/* Cuts blanks at both ends; text is changed. */
static char *
trim(char *text)
{
    text += strspn(text, " \t\r");
    size_t n = strlen(text);
    while (n > 0 && strchr(" \t\r", text[n - 1]) != NULL)
        n--;
    text[n] = '\0';
    return text;
}

static int
hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *p = c != '\0' ? strchr(digits, c) : NULL;
    return p != NULL ? (int) (p - digits) : -1;
}

/* One escape behind its backslash; returns how many bytes it has, 0 when it is none. */
static int
unescape(const char *p, char *out)
{
    static const char names[] = "\"\\nrt", bytes[] = "\"\\\n\r\t";
    const char *found = *p != '\0' ? strchr(names, *p) : NULL;
    if (found != NULL) {
        *out = bytes[found - names];
        return 1;
    }
    int high = *p == 'x' ? hex_digit(p[1]) : -1;
    int low = high >= 0 ? hex_digit(p[2]) : -1;
    *out = (char) (high * 16 + low);
    return low >= 0 && *out != '\0' ? 3 : 0;
}

/* Takes the quotes off, in place. */
static int
unquote(struct ini *ini, char *text)
{
    char *to = text;
    const char *p = text + 1;
    while (*p != '\0' && *p != '"') {
        if (*p != '\\') {
            *to++ = *p++;
            continue;
        }
        char byte;
        int bytes = unescape(p + 1, &byte);
        if (bytes == 0)
            return fail(ini, p, "begins with an unknown escape");
        *to++ = byte;
        p += bytes + 1;
    }
    if (*p == '\0')
        return fail(ini, NULL, "the closing quote is missing");
    if (p[1] != '\0')
        return fail(ini, p + 1, "stands behind the closing quote");
    *to = '\0';
    return 0;
}

static int
read_section(struct ini *ini, char *text)
{
    size_t bytes = strlen(text);
    if (text[bytes - 1] != ']')
        return fail(ini, text, "is no [section]");
    text[bytes - 1] = '\0';
    const char *name = trim(text + 1);
    for (unsigned set = 0; set < ini->reader->set_count; set++) {
        if (strcmp(ini->reader->sets[set].section, name) == 0) {
            ini->section = (int) set;
            return 0;
        }
    }
    return fail(ini, name, "is an unknown section");
}

/* What was given already is an error, but for lists, which grow. */
static int
check_repetition(struct ini *ini, struct cyi_option_at at)
{
    struct cyi_option_reader *reader = ini->reader;
    bool given = (reader->given[at.set] >> at.index & 1) != 0;
    if (given && cyi_option_of(reader, at)->type != CY_OPTION_LIST)
        return cyi_option_fail(reader, NULL, "is given again, after line %d",
                               reader->line[at.set][at.index]);
    reader->line[at.set][at.index] = ini->line;
    return 0;
}

static int
read_pair(struct ini *ini, char *text)
{
    struct cyi_option_at at;
    char *equals = strchr(text, '=');
    if (equals == NULL)
        return fail(ini, text, "is not of the form key = value");
    *equals = '\0';
    const char *key = trim(text);
    char *value = trim(equals + 1);
    if (!cyi_option_find(ini->reader, ini->section, key, strlen(key), true, &at)) {
        if (strcmp(key, "secret") == 0)
            return fail(ini, NULL, "put the secret into a file of its own, as secret-file");
        return fail(ini, key, "is an unknown option");
    }
    set_where(ini, cyi_option_of(ini->reader, at)->name);
    bool quoted = value[0] == '"';
    int rc = check_repetition(ini, at);
    if (rc == 0 && quoted)
        rc = unquote(ini, value);
    return rc < 0 ? rc : cyi_option_set(ini->reader, at, value, quoted);
}

static int
read_lines(struct ini *ini)
{
    int rc;
    while ((rc = read_line(ini)) > 0) {
        char *text = trim(ini->text);
        if (*text == '\0' || *text == '#' || *text == ';')
            continue;
        rc = *text == '[' ? read_section(ini, text) : read_pair(ini, text);
        if (rc < 0)
            break;
    }
    return rc;
}

int
cyi_options_read_file(struct cyi_option_reader *reader, const char *path)
{
    struct ini ini = {.reader = reader, .path = path};
    cyi_option_new_source(reader);
    ini.file = fopen(path, "re");
    if (ini.file == NULL) {
        int error = errno;
        (void) cyi_option_fail(reader, path, "cannot be opened: %s", cy_strerror(-error));
        return -error;
    }
    int rc = read_lines(&ini);
    fclose(ini.file);
    return rc;
}
