/* resp.c - RESP as a client needs it: commands to be sent, replies read where they lie. */
#include "resp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { LINE_MAX_BYTES = 65536, LENGTH_DIGITS_MAX = 10 };

/* A length of digits only, with "-1" as the one exception. */
static int
read_length(const char *text, size_t size, long *out)
{
    long value = 0;
    if (size == 2 && memcmp(text, "-1", 2) == 0) {
        *out = -1;
        return 0;
    }
    if (size == 0 || size > LENGTH_DIGITS_MAX)
        return -EPROTO;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -EPROTO;
        value = value * 10 + (text[i] - '0');
    }
    *out = value;
    return 0;
}

static long
parse_bulk(struct load_resp *out, const char *data, size_t size, size_t header, size_t max)
{
    long length;
    if (read_length(out->text, out->size, &length) != 0)
        return -EPROTO;
    if (length < 0) {
        out->type = '_';
        out->size = 0;
        return (long) header;
    }
    if ((size_t) length > max)
        return -EMSGSIZE;
    size_t total = header + (size_t) length + 2;
    if (size < total) {
        out->need = total;
        return 0;
    }
    if (data[total - 2] != '\r' || data[total - 1] != '\n')
        return -EPROTO;
    out->text = data + header;
    out->size = (size_t) length;
    return (long) total;
}

long
load_resp_parse(struct load_resp *out, const char *data, size_t size, size_t bulk_max)
{
    out->need = 0;
    if (size == 0)
        return 0;
    if (memchr("+-:$_", data[0], 5) == NULL)
        return -EPROTO;
    const char *end = memchr(data, '\n', size < LINE_MAX_BYTES ? size : LINE_MAX_BYTES);
    if (end == NULL)
        return size < LINE_MAX_BYTES ? 0 : -EPROTO;
    if (end[-1] != '\r' || end - data < 2)
        return -EPROTO;
    out->type = data[0];
    out->text = data + 1;
    out->size = (size_t) (end - data) - 2;
    size_t header = (size_t) (end - data) + 1;
    if (data[0] == '$')
        return parse_bulk(out, data, size, header, bulk_max);
    return (long) header;
}

void
load_commands_init(struct load_commands *commands, const char *prefix)
{
    size_t key = strlen(prefix) + LOAD_KEY_DIGITS;
    int get = snprintf(commands->get, sizeof commands->get,
                       "*2\r\n$3\r\nGET\r\n$%zu\r\n%s--------\r\n", key, prefix);
    int set = snprintf(commands->set, sizeof commands->set,
                       "*3\r\n$3\r\nSET\r\n$%zu\r\n%s--------\r\n$", key, prefix);
    commands->get_bytes = (size_t) get;
    commands->set_bytes = (size_t) set;
    commands->get_digits_at = commands->get_bytes - LOAD_KEY_DIGITS - 2;
    commands->set_digits_at = commands->set_bytes - LOAD_KEY_DIGITS - 3;
}

static inline void
put_key(char *at, uint32_t key)
{
    static const char digits[] = "0123456789abcdef";
    for (int i = LOAD_KEY_DIGITS - 1; i >= 0; i--, key >>= 4)
        at[i] = digits[key & 15];
}

char *
load_put_get(const struct load_commands *commands, char *to, uint32_t key)
{
    memcpy(to, commands->get, commands->get_bytes);
    put_key(to + commands->get_digits_at, key);
    return to + commands->get_bytes;
}

/* "123\r\n", room for the payload, "\r\n". */
static char *
put_bulk(char *to, size_t bytes, char **payload)
{
    char number[24];
    size_t at = sizeof number, rest = bytes;
    do {
        number[--at] = (char) ('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    memcpy(to, number + at, sizeof number - at);
    to += sizeof number - at;
    memcpy(to, "\r\n", 2);
    *payload = to + 2;
    memcpy(to + 2 + bytes, "\r\n", 2);
    return to + bytes + 4;
}

char *
load_put_set(const struct load_commands *commands, char *to, uint32_t key, size_t bytes,
             char **payload)
{
    memcpy(to, commands->set, commands->set_bytes);
    put_key(to + commands->set_digits_at, key);
    return put_bulk(to + commands->set_bytes, bytes, payload);
}

char *
load_put_echo(char *to, size_t bytes, char **payload)
{
    static const char echo[] = "*2\r\n$4\r\nECHO\r\n$";
    memcpy(to, echo, sizeof echo - 1);
    return put_bulk(to + sizeof echo - 1, bytes, payload);
}
