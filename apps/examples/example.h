/* example.h - what all examples have in common: a node with a network. */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <cycos/channel.h>
#include <cycos/mailbox.h>
#include <cycos/peer.h>
#include <cycos/registry.h>
#include <cycos/rti.h>
#include <cycos/run.h>
#include <cycos/task.h>
#include <stdio.h>
#include <string.h>

/* What is left of the command line for the example itself: argv[1], argv[2], ... */
struct example {
    int argc;
    char **argv;
};

/* Parse the options of a node (--help), join the network, run `main` with a struct example. */
int example_run(int argc, char **argv, cy_task_fn *main);

/* The argument at `at`, or what it is when it was not given. */
const char *example_argument(const struct example *example, int at, const char *otherwise);

long example_number(const struct example *example, int at, long otherwise);

/* Say what went wrong, for people; returns `code`. */
int example_failed(const char *what, int code);

/* The text that a message holds, which may lack its terminator. */
#define EXAMPLE_TEXT(msg) (int) cy_msg_size(msg), (const char *) cy_msg_body(msg)

#endif
