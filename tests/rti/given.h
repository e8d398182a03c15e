/* given.h - arguments as a method gets them, without a method. */
#ifndef RTI_GIVEN_H
#define RTI_GIVEN_H

#include "args.h"

enum { GIVEN_BYTES = 8192 };

struct given {
    uint8_t positional[GIVEN_BYTES], named[GIVEN_BYTES];
};

/* Complete arguments, which it frees, to be read from the bytes in `given`. */
void given_read(struct given *given, cy_args *args, cy_args_reader *reader);

#endif
