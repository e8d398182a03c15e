/* program.h - the program from its arguments to its exit status. */
#ifndef CTL_PROGRAM_H
#define CTL_PROGRAM_H

int ctl_program(int argc, char **argv);

#endif
