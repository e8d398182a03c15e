/* screen.h - what the output is shown on. */
#ifndef CTL_SCREEN_H
#define CTL_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

struct ctl_screen {
    size_t columns, lines; /* 0: no limit */
    bool clears;           /* understands the sequences that clear it */
};

struct ctl_screen ctl_screen_of(int fd);

#endif
