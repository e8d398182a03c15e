/* main.c - cycosctl, the command line of cycos. */
#include "program.h"

int
main(int argc, char **argv)
{
    return ctl_program(argc, argv);
}
