/*
 * cycos/value.h - structured bodies that other languages read too: deterministic CBOR.
 *
 *     cy_value_writer w;
 *     cy_value_writer_init_msg(&w, TAG_ORDER);
 *     cy_value_put_map(&w, 2);
 *     cy_value_put_text(&w, "id"), cy_value_put_int(&w, 4711);
 *     cy_value_put_text(&w, "buyer"), cy_value_put_ref(&w, cy_self());
 *     rc = cy_value_finish_msg(&w, &msg);
 *
 *     cy_value_reader r, order, id;
 *     if ((rc = cy_value_reader_init_msg(&r, msg)) || (rc = cy_value_get_map(&r, &order)) ||
 *         (rc = cy_value_find(&order, "id", &id)) || (rc = cy_value_get_int(&id, &number)))
 *         return rc;
 *
 * A body is one value: an integer from -2^64 to 2^64-1, a double, text (UTF-8), bytes, false,
 * true, nil, a reference, a list or a map of values. The keys of a map are integers, texts or
 * bytes. Lists and maps nest 16 deep at most.
 *
 * On the wire it is RFC 8949 with the rules of its section 4.2.1, so that equal values have
 * equal bytes: shortest heads, shortest floats, one NaN (f97e00), definite lengths, keys in the
 * order of their encodings, none twice. Readers accept nothing else: undefined, other simple
 * values and foreign tags are -EOPNOTSUPP, all else is -EBADMSG.
 *
 * A reference is tag CY_VALUE_REF_TAG around 32 bytes; integers in them are little-endian:
 * address 16, port 2, core 2, node 4, slot 4, generation 4.
 */
#ifndef CYCOS_VALUE_H
#define CYCOS_VALUE_H

#include <cycos/base.h>
#include <cycos/err.h>
#include <cycos/msg.h>
#include <cycos/ref.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

CY_BEGIN_DECLS

#define CY_VALUE_DEPTH_MAX 16                   /* lists and maps around the innermost value */
#define CY_VALUE_REF_TAG   UINT32_C(0x63797266) /* 1668895334, "cyrf" */

/* Written by the functions below only; `bytes` and `size` may be read. */
typedef struct cy_value_writer {
    uint8_t *bytes; /* where the body goes; may move while it grows */
    size_t size;    /* bytes of the body, also of what did not fit */
    size_t room;    /* bytes at `bytes` */
    int (*grow)(struct cy_value_writer *w, size_t room);
    void *owner; /* for grow() */
    uint32_t tag;
    int error; /* the first thing that went wrong */
    unsigned depth;
    struct cy_value_level {
        size_t left;     /* values that are still to come, keys included */
        size_t first;    /* offset of the first of them */
        size_t key;      /* offset of the newest key of a map */
        size_t key_size; /* 0: none yet */
        bool is_map, unsorted;
    } levels[CY_VALUE_DEPTH_MAX + 1];
} cy_value_writer;

/* A plain value, so that a copy is a bookmark. Borrows the body. */
typedef struct cy_value_reader {
    const uint8_t *at, *end;
    size_t left; /* values to read here; a map has two per entry */
    bool is_map;
} cy_value_reader;

enum cy_value_type {
    CY_VALUE_NONE, /* the end */
    CY_VALUE_NIL,
    CY_VALUE_BOOL,
    CY_VALUE_INT,
    CY_VALUE_DOUBLE,
    CY_VALUE_TEXT,
    CY_VALUE_BYTES,
    CY_VALUE_REF,
    CY_VALUE_LIST,
    CY_VALUE_MAP,
};

/**
 * cy_value_writer_init, cy_value_writer_init_growing, cy_value_writer_init_msg - begin a body
 * @w:      the writer; needs no fini unless a message grows in it
 * @buffer: the body's place; NULL with a @size of 0 only measures: see w->size
 * @size:   bytes at @buffer
 * @grow:   called when @room bytes are needed; makes w->bytes at least so large, keeping the
 *          first w->size of them, and sets w->room, or returns a negative error that finish
 *          will return; w->bytes is the caller's to free then as well
 * @owner:  for grow(), as w->owner
 * @tag:    the message that grows here will have it, as for cy_msg_create()
 *
 * Context:   any thread; with a message: a task or handler; suspends: no; blocks: no
 * Ownership: borrows @buffer; a message is the writer's until finish or fini
 * Errors:    none
 * Since:     0.1
 */
void cy_value_writer_init(cy_value_writer *w, void *buffer, size_t size);
void cy_value_writer_init_growing(cy_value_writer *w,
                                  int (*grow)(cy_value_writer *w, size_t room), void *owner);
void cy_value_writer_init_msg(cy_value_writer *w, uint32_t tag);

/**
 * cy_value_writer_fini - give up a message that grows in a writer
 * @w: the writer; finished or not, in whatever way it was begun
 *
 * Context:   that of the writer's init; suspends: no; blocks: no
 * Ownership: frees the message, if it was not finished
 * Errors:    none
 * Since:     0.1
 */
void cy_value_writer_fini(cy_value_writer *w);

/**
 * cy_value_put_int, cy_value_put_uint, cy_value_put_double - write a number
 * @w:     the writer
 * @value: what to write
 *
 * The first error of any put sticks: later ones do nothing, and cy_value_finish() returns it.
 *
 * Context:   any thread; with a message: a task or handler; suspends: no; blocks: no
 * Ownership: copies
 * Errors:    left for finish: -EINVAL more values than announced, -ENOMEM, -EMSGSIZE too long
 *            for a message
 * Since:     0.1
 */
void cy_value_put_int(cy_value_writer *w, int64_t value);
void cy_value_put_uint(cy_value_writer *w, uint64_t value);
void cy_value_put_double(cy_value_writer *w, double value);

/**
 * cy_value_put_bool, cy_value_put_nil, cy_value_put_ref - write one of these
 *
 * Context, ownership and errors are those of cy_value_put_int().
 */
void cy_value_put_bool(cy_value_writer *w, bool value);
void cy_value_put_nil(cy_value_writer *w);
void cy_value_put_ref(cy_value_writer *w, cy_ref value);

/**
 * cy_value_put_text, cy_value_put_text_n, cy_value_put_bytes, cy_value_put_encoded - write it
 * @text:  UTF-8; ends with NUL, or has @size bytes; else -EILSEQ is left for finish
 * @bytes: the bytes, or one value as cy_value_get_encoded() gives it: else the error of
 *         cy_value_validate() is left for finish; may be NULL when @size is 0
 *
 * Context, ownership and other errors are those of cy_value_put_int().
 */
void cy_value_put_text(cy_value_writer *w, const char *text);
void cy_value_put_text_n(cy_value_writer *w, const char *text, size_t size);
void cy_value_put_bytes(cy_value_writer *w, const void *bytes, size_t size);
void cy_value_put_encoded(cy_value_writer *w, const void *bytes, size_t size);

/**
 * cy_value_put_list, cy_value_put_map - begin a list or a map
 * @count: the values that follow belong to the list; the pairs of key and value to the map
 *
 * There is nothing to close: it is complete when its last value is. The keys of a map may come
 * in any order. In the order of their encodings they cost nothing; else they are sorted when
 * the map is complete, which takes memory for a moment.
 *
 * Left for finish: -E2BIG too deep, -EINVAL a key that is no integer, text or bytes, -EEXIST a
 * key twice. Context, ownership and other errors are those of cy_value_put_int().
 */
void cy_value_put_list(cy_value_writer *w, size_t count);
void cy_value_put_map(cy_value_writer *w, size_t count);

/**
 * cy_value_finish, cy_value_finish_msg - end a body and learn whether all went well
 * @w:    the writer; needs an init before it is used again
 * @size: receives the size of the body; untouched on failure
 * @msg:  receives the message; untouched on failure. For a writer of a message only
 *
 * Context:   that of the writer's init; suspends: no; blocks: no
 * Ownership: the caller owns *@msg; on failure the message is freed
 * Errors:    -EINVAL fewer values than announced, -ENOBUFS the buffer is too small (w->size is
 *            what it takes), those of the puts
 * Since:     0.1
 */
CY_MUST_CHECK int cy_value_finish(cy_value_writer *w, size_t *size);
CY_MUST_CHECK int cy_value_finish_msg(cy_value_writer *w, cy_msg **msg);

/**
 * cy_value_validate, cy_value_reader_init, cy_value_reader_init_msg - check a body; read it
 * @r:    the reader, before the one value of the body; untouched on failure
 * @body: the bytes
 * @size: how many
 * @msg:  the message whose body it is
 *
 * One pass, no recursion, no allocation, whoever wrote the bytes.
 *
 * Context:   any thread; suspends: no; blocks: no
 * Ownership: borrows the body, for as long as this reader and those from it are used
 * Errors:    -EBADMSG malformed or not deterministic, -EOPNOTSUPP CBOR that no body has,
 *            -E2BIG too deep
 * Since:     0.1
 */
CY_MUST_CHECK int cy_value_validate(const void *body, size_t size);
CY_MUST_CHECK int cy_value_reader_init(cy_value_reader *r, const void *body, size_t size);
CY_MUST_CHECK int cy_value_reader_init_msg(cy_value_reader *r, const cy_msg *msg);

/**
 * cy_value_peek - the type of the next value, CY_VALUE_NONE at the end
 * @r: the reader
 *
 * Context:   any thread; suspends: no; blocks: no
 * Ownership: borrows
 * Errors:    none
 * Since:     0.1
 */
enum cy_value_type cy_value_peek(const cy_value_reader *r);

/**
 * cy_value_get_int, cy_value_get_uint, cy_value_get_double - read a number
 * @r:     the reader; moves behind the value on success, stays where it is on failure
 * @value: receives the value; untouched on failure. A double also from an integer that it
 *         holds exactly: some languages do not tell 1.0 from 1
 *
 * Context:   any thread; suspends: no; blocks: no
 * Ownership: borrows the body
 * Errors:    -ENODATA no more values here, -EPROTOTYPE a value of another type, -EOVERFLOW a
 *            number that does not fit
 * Since:     0.1
 */
CY_MUST_CHECK int cy_value_get_int(cy_value_reader *r, int64_t *value);
CY_MUST_CHECK int cy_value_get_uint(cy_value_reader *r, uint64_t *value);
CY_MUST_CHECK int cy_value_get_double(cy_value_reader *r, double *value);

/**
 * cy_value_get_bool, cy_value_get_nil, cy_value_get_ref - read one of these
 *
 * Context, ownership and errors are those of cy_value_get_int().
 */
CY_MUST_CHECK int cy_value_get_bool(cy_value_reader *r, bool *value);
CY_MUST_CHECK int cy_value_get_nil(cy_value_reader *r);
CY_MUST_CHECK int cy_value_get_ref(cy_value_reader *r, cy_ref *value);

/**
 * cy_value_get_text, cy_value_get_bytes, cy_value_get_encoded - find bytes in the body
 * @text:  receives where the text begins; no NUL follows it
 * @bytes: receives where the bytes begin, or the encoding of the next value, whatever it is
 * @size:  receives how many bytes these are
 *
 * Context, ownership and errors are those of cy_value_get_int().
 */
CY_MUST_CHECK int cy_value_get_text(cy_value_reader *r, const char **text, size_t *size);
CY_MUST_CHECK int cy_value_get_bytes(cy_value_reader *r, const void **bytes, size_t *size);
CY_MUST_CHECK int cy_value_get_encoded(cy_value_reader *r, const void **bytes, size_t *size);

/**
 * cy_value_get_list, cy_value_get_map, cy_value_skip - step over a value, or into it as well
 * @items: receives a reader of the values in the list or map; a map has key, value, key,
 *         value, in the order of the keys. May be @r: what follows the list is given up then
 *
 * Context, ownership and errors are those of cy_value_get_int().
 */
CY_MUST_CHECK int cy_value_get_list(cy_value_reader *r, cy_value_reader *items);
CY_MUST_CHECK int cy_value_get_map(cy_value_reader *r, cy_value_reader *items);
CY_MUST_CHECK int cy_value_skip(cy_value_reader *r);

/**
 * cy_value_find, cy_value_find_int - the value of a key
 * @map:   what cy_value_get_map() gave, before a key; entries already read are not searched
 * @key:   the key
 * @value: receives a reader of that one value; untouched on failure. Not @map
 *
 * Looks at one key after the other: for maps like records, of a few dozen fields.
 *
 * Context:   any thread; suspends: no; blocks: no
 * Ownership: borrows the body
 * Errors:    -ENOENT no such key, -EPROTOTYPE @map reads no map
 * Since:     0.1
 */
CY_MUST_CHECK int cy_value_find(const cy_value_reader *map, const char *key,
                                cy_value_reader *value);
CY_MUST_CHECK int cy_value_find_int(const cy_value_reader *map, int64_t key,
                                    cy_value_reader *value);

/**
 * cy_value_format - print a body for people, in diagnostic notation: {"id": 4711, "k": h'00ff'}
 * @text:      receives the text, always terminated unless @text_size is 0
 * @text_size: bytes at @text
 * @body:      the body
 * @body_size: its size
 *
 * A reference appears as cy_ref_format() prints it, in angle brackets.
 *
 * Context:   any thread; suspends: no; blocks: no
 * Ownership: copies
 * Errors:    those of cy_value_validate(), and @text is untouched then; -EOVERFLOW longer than
 *            an int can say; else the length that the whole text needs, as snprintf does
 * Since:     0.1
 */
int cy_value_format(char *text, size_t text_size, const void *body, size_t body_size);

CY_END_DECLS

#endif
