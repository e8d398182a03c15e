/* resp.h - RESP as a client needs it: commands to be sent, replies read where they lie. */
#ifndef LOAD_RESP_H
#define LOAD_RESP_H

#include <stddef.h>
#include <stdint.h>

struct load_resp {
    char type;        /* '+' '-' ':' '$', or '_' for nil */
    const char *text; /* into the buffer that was parsed */
    size_t size;
    size_t need; /* when incomplete: bytes that the whole reply takes, if that is known */
};

/*
 * Reads one reply at @data. Returns how many bytes it takes; 0 when it is not complete yet;
 * -EPROTO when this is no reply to one of our commands; -EMSGSIZE when a bulk string is longer
 * than @bulk_max. Of a nil bulk string and of RESP3's null the type is '_'.
 */
long load_resp_parse(struct load_resp *out, const char *data, size_t size, size_t bulk_max);

#define LOAD_KEY_PREFIX_MAX 64
#define LOAD_KEY_DIGITS     8   /* hexadecimal digits behind the prefix */
#define LOAD_COMMAND_MAX    160 /* bytes of a command around its key and its value */

/* The constant text of the three commands, made once: a request is a copy and eight digits. */
struct load_commands {
    char get[LOAD_COMMAND_MAX], set[LOAD_COMMAND_MAX];
    size_t get_bytes, set_bytes; /* of set: without the value and its length */
    size_t get_digits_at, set_digits_at;
};

/* @prefix has at most LOAD_KEY_PREFIX_MAX bytes. */
void load_commands_init(struct load_commands *commands, const char *prefix);

/* These write to @to, which has LOAD_COMMAND_MAX bytes and those of the payload, and return
 * its new end. Where the payload goes is stored in *payload; the caller fills it. */
char *load_put_get(const struct load_commands *commands, char *to, uint32_t key);
char *load_put_set(const struct load_commands *commands, char *to, uint32_t key, size_t bytes,
                   char **payload);
char *load_put_echo(char *to, size_t bytes, char **payload);

#endif
