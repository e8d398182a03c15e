/* cell.h - a value as the text of a table's cell. */
#ifndef CTL_CELL_H
#define CTL_CELL_H

#include <cycos/value.h>
#include <stdio.h>

enum ctl_cell {
    CTL_CELL_TEXT,     /* whatever it is; lists with commas */
    CTL_CELL_COUNT,    /* 1234567 as "1234567" */
    CTL_CELL_RATE,     /* a double: "12.3k" */
    CTL_CELL_BYTES,    /* "1.5M" */
    CTL_CELL_DURATION, /* ns: "1.50ms", "2.3s", "3h05m" */
    CTL_CELL_PERCENT,  /* a double from 0 to 100: "12.5" */
};

enum { CTL_CELL_MAX = 256 }; /* bytes, with the terminator */

/*
 * Writes the text of the value that is next, always terminated, and safe to be shown on a
 * terminal, whoever made it. "-" for what is not there, and for nil.
 */
void ctl_cell_format(char *text, enum ctl_cell kind, cy_value_reader value);

/* Is a column of this kind aligned to the right? */
bool ctl_cell_is_number(enum ctl_cell kind);

/* Copies a text, with a question mark for each character that controls terminals. */
void ctl_cell_plain(char *out, size_t room, const char *text, size_t size);

/* How many columns a text takes: a character of UTF-8 is one. */
size_t ctl_cell_width(const char *text);

void ctl_format_bytes(char *text, size_t size, double bytes);
void ctl_format_rate(char *text, size_t size, double rate);
void ctl_format_duration(char *text, size_t size, double ns);

#endif
