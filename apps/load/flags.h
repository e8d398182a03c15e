/* flags.h - the options of the program as the node's option parser reads them. */
#ifndef LOAD_FLAGS_H
#define LOAD_FLAGS_H

#include "settings.h"

#include <cycos/options.h>

/* The table of options, with @flags as its target; @flags holds the defaults. */
struct cy_option_set load_flags_set(struct load_flags *flags);

#endif
