/* json_write.c - JSON written piece by piece. */
#include "json.h"

#include <inttypes.h>
#include <math.h>

void
load_json_begin(struct load_json_writer *w, FILE *file)
{
    *w = (struct load_json_writer){.file = file, .first = true};
}

static void
put_text(FILE *file, const char *text)
{
    fputc('"', file);
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char) *text;
        if (c == '"' || c == '\\')
            fprintf(file, "\\%c", c);
        else if (c < 0x20)
            fprintf(file, "\\u%04x", c);
        else
            fputc(c, file);
    }
    fputc('"', file);
}

static void
next_line(struct load_json_writer *w)
{
    if (w->flat) {
        if (!w->first)
            fputc(' ', w->file);
        return;
    }
    if (w->depth > 0)
        fprintf(w->file, "\n%*s", (int) (2 * w->depth), "");
}

static void
put_name(struct load_json_writer *w, const char *name)
{
    if (!w->first)
        fputc(',', w->file);
    next_line(w);
    w->first = false;
    if (name == NULL)
        return;
    put_text(w->file, name);
    fputs(": ", w->file);
}

void
load_json_open(struct load_json_writer *w, const char *name, char bracket, bool flat)
{
    put_name(w, name);
    fputc(bracket, w->file);
    w->depth++;
    w->first = true;
    w->flat = flat;
}

void
load_json_close(struct load_json_writer *w, char bracket)
{
    bool flat = w->flat, empty = w->first;
    w->depth--;
    w->flat = false;
    if (!flat && !empty)
        fprintf(w->file, "\n%*s", (int) (2 * w->depth), "");
    fputc(bracket, w->file);
    w->first = false;
    if (w->depth == 0)
        fputc('\n', w->file);
}

void
load_json_text(struct load_json_writer *w, const char *name, const char *value)
{
    put_name(w, name);
    put_text(w->file, value);
}

void
load_json_count(struct load_json_writer *w, const char *name, uint64_t value)
{
    put_name(w, name);
    fprintf(w->file, "%" PRIu64, value);
}

void
load_json_number(struct load_json_writer *w, const char *name, double value)
{
    put_name(w, name);
    /* JSON has no word for what is not a number. */
    if (isfinite(value))
        fprintf(w->file, "%.10g", value);
    else
        fputs("null", w->file);
}

void
load_json_bool(struct load_json_writer *w, const char *name, bool value)
{
    put_name(w, name);
    fputs(value ? "true" : "false", w->file);
}
