/* args.h - arguments between those who write or read them and the request. */
#ifndef CYI_ARGS_H
#define CYI_ARGS_H

#include <cycos/args.h>

/* The encoding of an argument, or of its name; size 0: it has none. */
struct cyi_piece {
    const uint8_t *bytes;
    size_t size;
};
struct cyi_piece cyi_args_value(const cy_args *args, uint32_t index);
struct cyi_piece cyi_args_name(const cy_args *args, uint32_t index);

/* Are they complete? 0, or what cy_args_next() and the values have left. */
CY_MUST_CHECK int cyi_args_settle(const cy_args *args);

/* What somebody says against them; printable and cut off if need be. */
void cyi_args_blame(cy_args *args, const char *text, size_t size);

/* Begin to read: the list of those without a name, the map of the others. */
void cyi_args_reader_init(cy_args_reader *args, cy_value_reader positional,
                          cy_value_reader named);

/* Copies text that another node may have chosen: what is not printable becomes a '?'. */
void cyi_args_print(char *out, size_t room, const char *text, size_t size);

#endif
