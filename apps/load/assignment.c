/* assignment.c - the order for a worker on another node, as a message. */
#include "assignment.h"
#include "flags.h"

#include <cycos/value.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Where texts are copied to: as many bytes as the message has, and one for each text. */
struct shelf {
    char *at, *end;
};

static void *
field_of(struct load_flags *flags, const struct cy_option *option)
{
    return (char *) flags + option->offset;
}

/* The fields have the types that their options say; memcpy asks for no more than that. */
static void
put_flag(cy_value_writer *w, const struct cy_option *option, const void *field)
{
    uint32_t number;
    int choice;
    cy_time duration;
    bool on;
    const char *text;
    cy_value_put_text(w, option->name);
    switch (option->type) {
    case CY_OPTION_SWITCH:
        memcpy(&on, field, sizeof on);
        cy_value_put_bool(w, on);
        break;
    case CY_OPTION_NUMBER:
        memcpy(&number, field, sizeof number);
        cy_value_put_uint(w, number);
        break;
    case CY_OPTION_DURATION:
        memcpy(&duration, field, sizeof duration);
        cy_value_put_int(w, duration);
        break;
    case CY_OPTION_CHOICE:
        memcpy(&choice, field, sizeof choice);
        cy_value_put_int(w, choice);
        break;
    case CY_OPTION_STRING:
    case CY_OPTION_SIZE: /* no flag has these two */
    case CY_OPTION_LIST:
        memcpy(&text, field, sizeof text);
        if (text != NULL)
            cy_value_put_text(w, text);
        else
            cy_value_put_nil(w);
        break;
    }
}

static void
put_flags(cy_value_writer *w, const struct load_flags *given)
{
    struct load_flags flags = *given;
    const struct cy_option_set set = load_flags_set(&flags);
    cy_value_put_text(w, "flags");
    cy_value_put_map(w, set.count);
    for (size_t i = 0; i < set.count; i++)
        put_flag(w, &set.options[i], field_of(&flags, &set.options[i]));
}

int
load_assignment_write(cy_msg **out, const struct load_assignment *assignment, uint32_t tag)
{
    cy_value_writer w;
    cy_value_writer_init_msg(&w, tag);
    cy_value_put_map(&w, 8);
    cy_value_put_text(&w, "target"), cy_value_put_text(&w, assignment->target);
    cy_value_put_text(&w, "trial"), cy_value_put_double(&w, assignment->trial_rate);
    cy_value_put_text(&w, "first"), cy_value_put_uint(&w, assignment->first);
    cy_value_put_text(&w, "count"), cy_value_put_uint(&w, assignment->count);
    cy_value_put_text(&w, "parts"), cy_value_put_uint(&w, assignment->parts);
    cy_value_put_text(&w, "run"), cy_value_put_uint(&w, assignment->run);
    cy_value_put_text(&w, "fill"), cy_value_put_bool(&w, assignment->fill);
    put_flags(&w, &assignment->flags);
    return cy_value_finish_msg(&w, out);
}

static int
get_text(cy_value_reader *value, const char **out, struct shelf *shelf)
{
    const char *text;
    size_t size;
    *out = NULL;
    if (cy_value_get_nil(value) == 0)
        return 0;
    if (cy_value_get_text(value, &text, &size) != 0 || memchr(text, '\0', size) != NULL ||
        size >= (size_t) (shelf->end - shelf->at))
        return -EBADMSG;
    memcpy(shelf->at, text, size);
    shelf->at[size] = '\0';
    *out = shelf->at;
    shelf->at += size + 1;
    return 0;
}

static int
choices_of(const struct cy_option *option)
{
    int count = 1;
    for (const char *at = option->choices; (at = strchr(at, '|')) != NULL; at++)
        count++;
    return count;
}

static int
get_flag(cy_value_reader *value, const struct cy_option *option, void *field,
         struct shelf *shelf)
{
    int64_t number = 0;
    bool on;
    const char *text;
    switch (option->type) {
    case CY_OPTION_SWITCH:
        if (cy_value_get_bool(value, &on) != 0)
            return -EBADMSG;
        memcpy(field, &on, sizeof on);
        return 0;
    case CY_OPTION_STRING:
    case CY_OPTION_SIZE:
    case CY_OPTION_LIST:
        if (get_text(value, &text, shelf) != 0)
            return -EBADMSG;
        memcpy(field, &text, sizeof text);
        return 0;
    case CY_OPTION_NUMBER:
    case CY_OPTION_DURATION:
    case CY_OPTION_CHOICE:
        break;
    }
    bool choice = option->type == CY_OPTION_CHOICE;
    int64_t min = choice ? -1 : option->min,
            max = choice ? choices_of(option) - 1 : option->max;
    if (cy_value_get_int(value, &number) != 0 || number < min || number > max)
        return -EBADMSG;
    const uint32_t count = (uint32_t) number;
    const int index = (int) number;
    if (option->type == CY_OPTION_NUMBER)
        memcpy(field, &count, sizeof count);
    else if (choice)
        memcpy(field, &index, sizeof index);
    else
        memcpy(field, &number, sizeof number);
    return 0;
}

/* All that this program knows must be there, so that nothing is left to another default. */
static int
get_flags(const cy_value_reader *order, struct load_flags *flags, struct shelf *shelf)
{
    const struct cy_option_set set = load_flags_set(flags);
    cy_value_reader value, map;
    if (cy_value_find(order, "flags", &value) != 0 || cy_value_get_map(&value, &map) != 0)
        return -EBADMSG;
    for (size_t i = 0; i < set.count; i++) {
        const struct cy_option *option = &set.options[i];
        if (cy_value_find(&map, option->name, &value) != 0 ||
            get_flag(&value, option, field_of(flags, option), shelf) != 0)
            return -EBADMSG;
    }
    return 0;
}

static int
get_number(const cy_value_reader *order, const char *key, uint32_t *out)
{
    cy_value_reader value;
    uint64_t number;
    if (cy_value_find(order, key, &value) != 0 || cy_value_get_uint(&value, &number) != 0 ||
        number > UINT32_MAX)
        return -EBADMSG;
    *out = (uint32_t) number;
    return 0;
}

static int
get_target(const cy_value_reader *order, struct load_assignment *out)
{
    cy_value_reader value;
    struct shelf shelf = {out->target, out->target + sizeof out->target};
    const char *text;
    if (cy_value_find(order, "target", &value) != 0 || get_text(&value, &text, &shelf) != 0 ||
        text == NULL)
        return -EBADMSG;
    return 0;
}

static int
get_all(const cy_msg *msg, struct load_assignment *out, struct shelf *shelf)
{
    cy_value_reader r, order, value;
    if (cy_value_reader_init_msg(&r, msg) != 0 || cy_value_get_map(&r, &order) != 0 ||
        get_target(&order, out) != 0 || get_number(&order, "first", &out->first) != 0 ||
        get_number(&order, "count", &out->count) != 0 ||
        get_number(&order, "parts", &out->parts) != 0 ||
        get_number(&order, "run", &out->run) != 0 ||
        cy_value_find(&order, "trial", &value) != 0 ||
        cy_value_get_double(&value, &out->trial_rate) != 0 ||
        cy_value_find(&order, "fill", &value) != 0 ||
        cy_value_get_bool(&value, &out->fill) != 0)
        return -EBADMSG;
    bool sound = out->count > 0 && out->first < out->parts &&
                 out->count <= out->parts - out->first && out->trial_rate >= 0 &&
                 out->trial_rate <= 1e12;
    return sound ? get_flags(&order, &out->flags, shelf) : -EBADMSG;
}

int
load_assignment_read(struct load_assignment *out, const cy_msg *msg)
{
    size_t size = cy_msg_size(msg) + load_flags_set(&out->flags).count;
    memset(out, 0, sizeof *out);
    out->texts = malloc(size);
    if (out->texts == NULL)
        return -ENOMEM;
    struct shelf shelf = {out->texts, out->texts + size};
    int rc = get_all(msg, out, &shelf);
    if (rc != 0)
        load_assignment_fini(out);
    return rc;
}

void
load_assignment_fini(struct load_assignment *assignment)
{
    free(assignment->texts);
    assignment->texts = NULL;
}
