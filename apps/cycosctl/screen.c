/*
 * screen.c - what the output is shown on.
 *
 * Tests: tests/cycosctl/test_cycosctl.py
 */
#include "screen.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct ctl_screen
ctl_screen_of(int fd)
{
    struct ctl_screen screen = {0};
    struct winsize size;
    const char *term = getenv("TERM");
    if (!isatty(fd))
        return screen;
    screen.clears = term != NULL && *term != '\0' && strcmp(term, "dumb") != 0;
    if (ioctl(fd, TIOCGWINSZ, &size) == 0) {
        screen.columns = size.ws_col;
        screen.lines = size.ws_row;
    }
    return screen;
}
