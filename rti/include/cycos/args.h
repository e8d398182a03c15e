/*
 * cycos/args.h - the arguments of a method: the caller writes them, the method reads them.
 *
 * The caller gives values one after the other, some with a name:
 *
 *     cy_args args;
 *     cy_args_init(&args);
 *     cy_args_put_text(&args, NULL, "world");
 *     cy_args_put_int(&args, "times", 3);
 *     rc = cy_rti_call(&task, method, &args, deadline);
 *     cy_args_fini(&args);
 *
 * The method names its parameters, in order. Each takes the next value without a name, or,
 * when there is none left, the value of its name:
 *
 *     cy_args_get_text(args, "whom", &whom, &size);
 *     cy_args_optional(args);
 *     cy_args_get_int(args, "times", &times);
 *     if (cy_args_end(args) != 0)
 *         return -EINVAL; // the exit value says: argument 2 ('times'): expected int, got text
 *
 * Values are those of <cycos/value.h>; they travel as deterministic CBOR.
 */
#ifndef CYCOS_ARGS_H
#define CYCOS_ARGS_H

#include <cycos/value.h>

CY_BEGIN_DECLS

enum {
    CY_ARGS_MAX = 64,        /* arguments in a call */
    CY_ARGS_NAME_MAX = 63,   /* bytes of an argument's name, without the terminator */
    CY_ARGS_ERROR_MAX = 160, /* bytes of the text of an error, with the terminator */
};

/* What a caller gives. Written by the functions below only. */
typedef struct cy_args {
    cy_value_writer values; /* each name and each value, one after the other */
    uint32_t count;
    uint32_t begins[CY_ARGS_MAX]; /* offsets of the values among them */
    uint8_t name_bytes[CY_ARGS_MAX];
    int error;
    char why[CY_ARGS_ERROR_MAX];
} cy_args;

/* What a method was given; borrows the request. */
typedef struct cy_args_reader {
    cy_value_reader positional, named;
    uint32_t count;    /* values without a name, in all */
    uint32_t asked;    /* parameters asked for */
    uint32_t taken;    /* of the values without a name */
    uint64_t answered; /* bit i: entry i of the named ones was asked for */
    bool optional;     /* from here on a value may be absent */
    int error;
    char why[CY_ARGS_ERROR_MAX];
} cy_args_reader;

/**
 * cy_args_init, cy_args_fini - begin without arguments; give their memory back
 * @args: the arguments
 *
 * Context:   any thread; suspends: no; blocks: no
 * Ownership: the memory that the arguments take is theirs, until fini
 * Errors:    none
 * Since:     0.1
 */
void cy_args_init(cy_args *args);
void cy_args_fini(cy_args *args);

/**
 * cy_args_next - where to write the next argument
 * @args: the arguments
 * @name: copied, or NULL
 *
 * Exactly one value must be written: lists and maps as well, 14 deep at most. Another call, or
 * cy_rti_call(), finds it incomplete otherwise. Errors of the value stick, as with a writer.
 *
 * Context:   any thread; suspends: no; blocks: no
 * Ownership: the writer is lent until the next call with @args
 * Errors:    left for cy_rti_call(): -EINVAL the argument before is incomplete, an empty name;
 *            -ENAMETOOLONG, -EILSEQ a name that is not UTF-8, -E2BIG more than CY_ARGS_MAX or
 *            too deep, -ENOMEM, -EMSGSIZE, -EEXIST (by the call) a name twice
 * Since:     0.1
 */
cy_value_writer *cy_args_next(cy_args *args, const char *name);

/**
 * cy_args_put_int, cy_args_put_uint, cy_args_put_double - give a number
 * @args:  the arguments
 * @name:  copied, or NULL
 * @value: the number
 *
 * Context, ownership and errors are those of cy_args_next().
 */
void cy_args_put_int(cy_args *args, const char *name, int64_t value);
void cy_args_put_uint(cy_args *args, const char *name, uint64_t value);
void cy_args_put_double(cy_args *args, const char *name, double value);

/**
 * cy_args_put_bool, cy_args_put_nil, cy_args_put_ref - give one of these
 *
 * Context, ownership and errors are those of cy_args_next().
 */
void cy_args_put_bool(cy_args *args, const char *name, bool value);
void cy_args_put_nil(cy_args *args, const char *name);
void cy_args_put_ref(cy_args *args, const char *name, cy_ref value);

/**
 * cy_args_put_text, cy_args_put_bytes - give text or bytes
 * @text:  copied; ends with NUL; not UTF-8 leaves -EILSEQ
 * @bytes: copied; @size bytes; may be NULL when that is 0
 *
 * Context, ownership and other errors are those of cy_args_next().
 */
void cy_args_put_text(cy_args *args, const char *name, const char *text);
void cy_args_put_bytes(cy_args *args, const char *name, const void *bytes, size_t size);

/**
 * cy_args_error - what was wrong with the arguments, for people
 * @args: the arguments, after a call that returned -EINVAL
 *
 * Such as "argument 2 ('times'): expected int, got text"; "" when nobody complained.
 *
 * Context:   any thread; suspends: no; blocks: no
 * Ownership: the text is good until @args is used again
 * Errors:    none
 * Since:     0.1
 */
const char *cy_args_error(const cy_args *args);

/**
 * cy_args_optional - what is asked for from here on may be absent
 * @args: what the method was given
 *
 * Nil counts as absent. The variable of what is absent stays as it is.
 *
 * Context:   the method's task; suspends: no; blocks: no
 * Ownership: nothing
 * Errors:    none
 * Since:     0.1
 */
void cy_args_optional(cy_args_reader *args);

/**
 * cy_args_get_int, cy_args_get_uint, cy_args_get_double - the next parameter, a number
 * @args:  what the method was given
 * @name:  of the parameter; at most CY_ARGS_NAME_MAX bytes
 * @value: receives it; untouched when it is absent or wrong. A double also from an integer that
 *         it holds exactly
 *
 * The first error sticks: what is asked for later stays untouched, and cy_args_end() returns
 * it.
 *
 * Context:   the method's task; suspends: no; blocks: no
 * Ownership: copies
 * Errors:    left for cy_args_end(): -EINVAL absent, of another type, out of @value's range, or
 *            given both with and without its name
 * Since:     0.1
 */
void cy_args_get_int(cy_args_reader *args, const char *name, int64_t *value);
void cy_args_get_uint(cy_args_reader *args, const char *name, uint64_t *value);
void cy_args_get_double(cy_args_reader *args, const char *name, double *value);

/**
 * cy_args_get_bool, cy_args_get_ref - the next parameter, one of these
 *
 * Context, ownership and errors are those of cy_args_get_int().
 */
void cy_args_get_bool(cy_args_reader *args, const char *name, bool *value);
void cy_args_get_ref(cy_args_reader *args, const char *name, cy_ref *value);

/**
 * cy_args_get_text, cy_args_get_bytes - the next parameter, where it lies
 * @text:  receives where it begins; no NUL follows it
 * @bytes: receives where they begin
 * @size:  receives how many bytes these are
 *
 * Good until the method returns. Context, ownership and errors are those of cy_args_get_int().
 */
void cy_args_get_text(cy_args_reader *args, const char *name, const char **text, size_t *size);
void cy_args_get_bytes(cy_args_reader *args, const char *name, const void **bytes,
                       size_t *size);

/**
 * cy_args_get_list, cy_args_get_map, cy_args_get_value - a reader of the next parameter
 * @reader: receives a reader of what is in the list or map; or of one value of any type, nil
 *          too unless it is optional
 *
 * Good until the method returns. Context, ownership and errors are those of cy_args_get_int().
 */
void cy_args_get_list(cy_args_reader *args, const char *name, cy_value_reader *reader);
void cy_args_get_map(cy_args_reader *args, const char *name, cy_value_reader *reader);
void cy_args_get_value(cy_args_reader *args, const char *name, cy_value_reader *reader);

/**
 * cy_args_rest - all that nobody has asked for
 * @args:       what the method was given
 * @positional: receives a reader of the values left that have no name; or NULL
 * @named:      receives a reader of the map of all named values; or NULL
 *
 * cy_args_end() does not complain about them any more.
 *
 * Context:   the method's task; suspends: no; blocks: no
 * Ownership: the readers borrow, until the method returns
 * Errors:    none
 * Since:     0.1
 */
void cy_args_rest(cy_args_reader *args, cy_value_reader *positional, cy_value_reader *named);

/**
 * cy_args_end - were all arguments as the method wants them?
 * @args: what the method was given
 *
 * Context:   the method's task; suspends: no; blocks: no
 * Ownership: nothing
 * Errors:    -EINVAL the first error, or something was given that nobody has asked for:
 *            cy_args_reader_error() says what
 * Since:     0.1
 */
CY_MUST_CHECK int cy_args_end(cy_args_reader *args);

/**
 * cy_args_reader_error - what was wrong, for people
 * @args: what the method was given
 *
 * A method that returns an error and sets no exit value ends with this text as its value.
 *
 * Context:   the method's task; suspends: no; blocks: no
 * Ownership: borrowed from @args; "" without an error
 * Errors:    none
 * Since:     0.1
 */
const char *cy_args_reader_error(const cy_args_reader *args);

CY_END_DECLS

#endif
