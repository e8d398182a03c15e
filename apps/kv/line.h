/* line.h - the words of an inline command, with quotes as in redis-cli. */
#ifndef KV_LINE_H
#define KV_LINE_H

#include <stddef.h>

/*
 * Finds the next word at *at, before `end`, and moves *at behind it. Quotes and escapes are
 * resolved in place. Returns 1 with the word, 0 when there is none, -1 when a quote is not
 * closed or something follows the closing one.
 */
int kv_line_word(char **at, char *end, const char **word, size_t *bytes);

#endif
