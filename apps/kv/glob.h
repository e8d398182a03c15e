/* glob.h - patterns of KEYS, SCAN and PSUBSCRIBE. */
#ifndef KV_GLOB_H
#define KV_GLOB_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Does the whole text match? The pattern knows '*', '?', '[abc]', '[^a-c]' and '\' before a
 * byte that shall stand for itself. As in Redis an unclosed '[' ends with the pattern, and the
 * empty text matches nothing but the empty pattern. Takes at most pattern times text steps.
 */
bool kv_glob_match(const char *pattern, size_t pattern_bytes, const char *text,
                   size_t text_bytes);

#endif
