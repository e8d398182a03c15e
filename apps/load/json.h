/* json.h - JSON: written piece by piece, read into a tree. */
#ifndef LOAD_JSON_H
#define LOAD_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Writes to a stream and keeps the commas and the indentation in order. */
struct load_json_writer {
    FILE *file;
    unsigned depth;
    bool first; /* in the present object or array */
    bool flat;  /* inside an array or object on one line */
};

/* @name is NULL inside an array. Objects and arrays that are opened flat stay on one line. */
void load_json_begin(struct load_json_writer *w, FILE *file);
void load_json_open(struct load_json_writer *w, const char *name, char bracket, bool flat);
void load_json_close(struct load_json_writer *w, char bracket);
void load_json_text(struct load_json_writer *w, const char *name, const char *value);
void load_json_count(struct load_json_writer *w, const char *name, uint64_t value);
void load_json_number(struct load_json_writer *w, const char *name, double value);
void load_json_bool(struct load_json_writer *w, const char *name, bool value);

enum load_json_kind {
    LOAD_JSON_NULL,
    LOAD_JSON_BOOL,
    LOAD_JSON_NUMBER,
    LOAD_JSON_TEXT,
    LOAD_JSON_ARRAY,
    LOAD_JSON_OBJECT,
};

/* A value, with its name when it is a member of an object. */
struct load_json {
    enum load_json_kind kind;
    double number;     /* of a bool: 0 or 1 */
    char *name, *text; /* UTF-8 */
    struct load_json *child, *next;
};

enum { LOAD_JSON_DEPTH_MAX = 32 };

/* -EINVAL malformed, -E2BIG nested too deeply, -ENOMEM. */
int load_json_parse(struct load_json **out, const char *text, size_t size);
void load_json_free(struct load_json **json);

/* A member by its path, such as "summary.throughput"; NULL when there is none. */
const struct load_json *load_json_find(const struct load_json *json, const char *path);
/* Its number, or @otherwise. */
double load_json_get(const struct load_json *json, const char *path, double otherwise);
const char *load_json_get_text(const struct load_json *json, const char *path,
                               const char *otherwise);

#endif
