/* options_write.c - the options as help and as a file that --config reads. */
#include "options.h"
#include <ctype.h>
#include <string.h>

enum { INDENT = 30, WIDTH = 80 };

/* "--[no-]pin", "--stack SIZE". Returns its length. */
static int
print_name(FILE *out, const struct cy_option *option)
{
    static const char *const values[] = {
        [CY_OPTION_NUMBER] = "N",      [CY_OPTION_SIZE] = "SIZE",
        [CY_OPTION_DURATION] = "TIME", [CY_OPTION_STRING] = "TEXT",
        [CY_OPTION_LIST] = "TEXT,...",
    };
    if (option->type == CY_OPTION_SWITCH)
        return fprintf(out, "  --[no-]%s", option->name);
    const char *value = option->choices != NULL ? option->choices : values[option->type];
    return fprintf(out, "  --%s %s", option->name, value);
}

/* A word in `column` or, past the WIDTH, on a new line; returns the column behind it. */
static int
print_word(FILE *out, const char *word, int bytes, int column)
{
    if (column > INDENT && column + 1 + bytes > WIDTH)
        column = fprintf(out, "\n%*s", INDENT, "") - 1;
    return column + fprintf(out, "%s%.*s", column > INDENT ? " " : "", bytes, word);
}

static void
print_option(FILE *out, const void *target, const struct cy_option *option)
{
    char value[CYI_OPTION_TEXT_MAX], text[CYI_OPTION_TEXT_MAX + 16];
    int column = print_name(out, option);
    if (column + 2 > INDENT)
        column = fprintf(out, "\n%*s", INDENT, "") - 1;
    else
        column += fprintf(out, "%*s", INDENT - column, "");
    for (const char *p = option->help; *p != '\0'; p += strspn(p, " ")) {
        int bytes = (int) strcspn(p, " ");
        column = print_word(out, p, bytes, column);
        p += bytes;
    }
    cyi_option_text(option, target, value);
    if (*value != '\0')
        print_word(out, text, snprintf(text, sizeof text, "(default %s)", value), column);
    putc('\n', out);
}

static void
print_set(FILE *out, const struct cy_option_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        print_option(out, set->target, &set->options[i]);
}

/* Known to the parser; here for its help. */
static const struct cy_option config = {
    .name = "config",
    .type = CY_OPTION_STRING,
    .choices = "FILE",
    .help = "take values from a file with lines such as udp-port = 5000",
};

void
cy_options_help(FILE *out, const struct cy_option_set *set)
{
    struct cy_options defaults;
    cy_options_init(&defaults);
    struct cy_option_set node = cyi_options_node_set(&defaults);
    if (set != NULL) {
        fprintf(out, "Options of %s:\n", set->section);
        print_set(out, set);
        putc('\n', out);
    }
    fprintf(out, "Options of the node:\n");
    print_set(out, &node);
    print_option(out, &defaults, &config);
    fprintf(out, "\nEach can also be set in the environment, as CYCOS_UDP_PORT=5000.\n"
                 "Flags win over the environment, the environment over the file.\n"
                 "SIZE takes k, m, g or t; TIME needs ns, us, ms, s, m, h or d.\n");
}

/* Whether the file would read a text as something else if it stood there without quotes. */
static bool
needs_quotes(const char *text, bool in_list)
{
    size_t n = strlen(text);
    if (n == 0 || text[0] == '"' || text[0] == ' ' || text[n - 1] == ' ')
        return true;
    for (; *text != '\0'; text++)
        if ((unsigned char) *text < ' ' || *text == 0x7f || (in_list && *text == ','))
            return true;
    return false;
}

static void
write_text(FILE *out, const char *text, bool in_list)
{
    if (!needs_quotes(text, in_list)) {
        fprintf(out, "%s\n", text);
        return;
    }
    putc('"', out);
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char) *text;
        if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c < ' ' || c == 0x7f)
            fprintf(out, "\\x%02x", c);
        else
            putc(c, out);
    }
    fprintf(out, "\"\n");
}

static void
write_list(FILE *out, const char *name, const struct cy_option_list *list)
{
    if (list->count == 0)
        fprintf(out, "# %s =\n", name);
    for (uint32_t i = 0; i < list->count; i++) {
        fprintf(out, "%s = ", name);
        write_text(out, list->items[i], true);
    }
}

static void
write_option(FILE *out, const struct cy_option *option, const void *target)
{
    char value[CYI_OPTION_TEXT_MAX];
    const void *field = (const char *) target + option->offset;
    if (option->type == CY_OPTION_LIST) {
        write_list(out, option->name, field);
    } else if (option->type == CY_OPTION_STRING) {
        const char *text = *(const char *const *) field;
        fprintf(out, text != NULL ? "%s = " : "# %s =\n", option->name);
        if (text != NULL)
            write_text(out, text, false);
    } else {
        cyi_option_text(option, target, value);
        fprintf(out, "%s = %s\n", option->name, value);
    }
}

static void
write_set(FILE *out, const struct cy_option_set *set)
{
    fprintf(out, "[%s]\n", set->section);
    for (size_t i = 0; i < set->count; i++)
        write_option(out, &set->options[i], set->target);
}

int
cy_options_write_ini(const struct cy_options *options, const struct cy_option_set *set,
                     FILE *out)
{
    struct cy_option_set node = cyi_options_node_set(options);
    write_set(out, &node);
    if (set != NULL) {
        putc('\n', out);
        write_set(out, set);
    }
    return fflush(out) == 0 && !ferror(out) ? 0 : -EIO;
}
