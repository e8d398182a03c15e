/* argument.h - the words of a command line become the arguments of a method. */
#ifndef CTL_ARGUMENT_H
#define CTL_ARGUMENT_H

#include <cycos/value.h>

enum { CTL_ARGUMENT_NAME_MAX = 63 }; /* bytes, without the terminator */

/*
 * "name=value" into its halves: the name is a letter or _, then letters, digits and _. Without
 * a name, `name` is empty and the whole word is the value. False: the name is too long.
 */
bool ctl_argument_split(const char *word, char *name, const char **value);

/*
 * Puts a value. Integers, numbers with a point or an exponent, true, false and nil are what
 * they look like, all else is text. "text:", "int:", "double:", "bytes:" (hexadecimal digits)
 * and "json:" say what follows. False: it is not what it claims to be; *wrong says why.
 */
bool ctl_argument_put(cy_value_writer *w, const char *value, const char **wrong);

#endif
