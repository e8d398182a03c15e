/* table.c - rows as a table for people. */
#include "table.h"

#include <string.h>

enum { COLUMNS_MAX = 32, LINE_MAX_BYTES = COLUMNS_MAX * (CTL_CELL_MAX + 2) };

static void
cell_of(char *text, const struct ctl_column *column, const struct ctl_row *row)
{
    cy_value_reader value = {0}, map = ctl_row_read(row);
    if (!ctl_value_at(&map, column->path, &value))
        value = (cy_value_reader){0};
    ctl_cell_format(text, column->kind, value);
}

/* A line under construction. */
struct line {
    char text[LINE_MAX_BYTES];
    size_t used;
};

static void
add(struct line *line, const char *text, size_t pad_before, size_t pad_after)
{
    size_t size = strlen(text);
    if (line->used + pad_before + size + pad_after >= sizeof line->text)
        return;
    memset(line->text + line->used, ' ', pad_before);
    line->used += pad_before;
    memcpy(line->text + line->used, text, size);
    line->used += size;
    memset(line->text + line->used, ' ', pad_after);
    line->used += pad_after;
}

static void
end_line(FILE *out, struct line *line, size_t width)
{
    size_t columns = 0, at = 0;
    while (at < line->used && (width == 0 || columns < width)) {
        columns++;
        at++;
        while (at < line->used && ((unsigned char) line->text[at] & 0xc0) == 0x80)
            at++;
    }
    while (at > 0 && line->text[at - 1] == ' ')
        at--;
    fwrite(line->text, 1, at, out);
    fputc('\n', out);
    line->used = 0;
}

static void
add_cell(struct line *line, const struct ctl_column *column, const char *text, size_t width)
{
    size_t fill = width - ctl_cell_width(text);
    bool right = ctl_cell_is_number(column->kind);
    if (line->used > 0)
        add(line, "  ", 0, 0);
    add(line, text, right ? fill : 0, right ? 0 : fill);
}

static void
measure(size_t *widths, const struct ctl_column *columns, size_t count,
        const struct ctl_rows *rows)
{
    char text[CTL_CELL_MAX];
    for (size_t i = 0; i < count; i++) {
        widths[i] = ctl_cell_width(columns[i].title);
        for (size_t j = 0; j < rows->count; j++) {
            cell_of(text, &columns[i], &rows->row[j]);
            if (ctl_cell_width(text) > widths[i])
                widths[i] = ctl_cell_width(text);
        }
    }
}

void
ctl_table_print(FILE *out, const struct ctl_column *columns, size_t count,
                const struct ctl_rows *rows, size_t width)
{
    size_t widths[COLUMNS_MAX];
    char text[CTL_CELL_MAX];
    struct line line = {.used = 0};
    CY_ASSERT(count <= COLUMNS_MAX);
    measure(widths, columns, count, rows);
    for (size_t i = 0; i < count; i++)
        add_cell(&line, &columns[i], columns[i].title, widths[i]);
    end_line(out, &line, width);
    for (size_t j = 0; j < rows->count; j++) {
        for (size_t i = 0; i < count; i++) {
            cell_of(text, &columns[i], &rows->row[j]);
            add_cell(&line, &columns[i], text, widths[i]);
        }
        end_line(out, &line, width);
    }
}

void
ctl_table_print_one(FILE *out, const struct ctl_column *columns, size_t count,
                    const struct ctl_row *row)
{
    char text[CTL_CELL_MAX];
    size_t width = 0;
    for (size_t i = 0; i < count; i++)
        if (ctl_cell_width(columns[i].title) > width)
            width = ctl_cell_width(columns[i].title);
    for (size_t i = 0; i < count; i++) {
        cell_of(text, &columns[i], row);
        fprintf(out, "%-*s  %s\n", (int) width, columns[i].title, text);
    }
}
