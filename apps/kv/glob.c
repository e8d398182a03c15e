/* glob.c - patterns of KEYS, SCAN and PSUBSCRIBE, matched without recursion. */
#include "glob.h"

/* Matches one byte against the class behind '['; *p ends on the ']' or at the pattern's end. */
static bool
class_match(const char **p, const char *end, char byte)
{
    const char *at = *p;
    bool inverted = at < end && *at == '^';
    bool match = false;

    at += inverted;
    for (; at < end && *at != ']'; at++) {
        if (*at == '\\' && end - at >= 2) {
            at++;
            match |= *at == byte;
        } else if (end - at >= 3 && at[1] == '-') {
            char low = at[0] < at[2] ? at[0] : at[2];
            char high = at[0] < at[2] ? at[2] : at[0];
            match |= byte >= low && byte <= high;
            at += 2;
        } else {
            match |= *at == byte;
        }
    }
    *p = at;
    return match != inverted;
}

/* Matches one byte against the element at *p, which is no star; moves *p behind it. */
static bool
element_match(const char **p, const char *end, char byte)
{
    const char *at = *p;
    bool match;

    if (*at == '?') {
        match = true;
    } else if (*at == '[') {
        at++;
        match = class_match(&at, end, byte);
    } else {
        if (*at == '\\' && end - at >= 2)
            at++;
        match = *at == byte;
    }
    *p = at < end ? at + 1 : end;
    return match;
}

bool
kv_glob_match(const char *pattern, size_t pattern_bytes, const char *text, size_t text_bytes)
{
    const char *p = pattern;
    const char *p_end = pattern + pattern_bytes;
    const char *t = text;
    const char *t_end = text + text_bytes;
    const char *star = NULL;  /* behind the last star seen */
    const char *retry = NULL; /* where that star's rest was tried last */

    if (text_bytes == 0)
        return pattern_bytes == 0;
    while (t < t_end) {
        if (p < p_end && *p == '*') {
            star = ++p;
            retry = t;
        } else if (p < p_end && element_match(&p, p_end, *t)) {
            t++;
        } else if (star != NULL) {
            /* Only the last star need take more: an earlier one could not do better. */
            p = star;
            t = ++retry;
        } else {
            return false;
        }
    }
    while (p < p_end && *p == '*')
        p++;
    return p == p_end;
}
