/* program.h - the four things that the program does. */
#ifndef LOAD_PROGRAM_H
#define LOAD_PROGRAM_H

/* Exit statuses. */
enum {
    LOAD_EXIT_OK = 0,
    LOAD_EXIT_FAILED = 1, /* a fault, a failed assertion, nothing answered, a worker lost */
    LOAD_EXIT_USAGE = 2,
    LOAD_EXIT_CANNOT = 3, /* no connection, no name, no worker, no port, no file */
};

/* All of main(). */
int load_program(int argc, char **argv);

#endif
