/* main.c - the load-testing harness. */
#include "program.h"

int
main(int argc, char **argv)
{
    return load_program(argc, argv);
}
