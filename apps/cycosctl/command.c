/*
 * command.c - the commands of the program.
 *
 * Tests: tests/cycosctl/test_program.c
 */
#include "command.h"

#include <string.h>

const struct ctl_command ctl_commands[] = {
    {"peers", "", "cores of the network, and how they are", ctl_peers, 0, 0, false},
    {"names", "[CORE...]", "names of tasks and channels, of all nodes or those of cores",
     ctl_names, 0, -1, false},
    {"locate", "NAME", "find a task or channel; waits until somebody has the name", ctl_locate,
     1, 1, false},
    {"tasks", "[CORE...]", "tasks and what they wait for", ctl_tasks, 0, -1, false},
    {"links", "[CORE...]", "connections between cores of different nodes", ctl_links, 0, -1,
     false},
    {"node", "CORE", "a node: its process, options and cores", ctl_node, 1, 1, false},
    {"top", "[CORE...]", "what cores do, again and again", ctl_top, 0, -1, false},
    {"send", "NAME TEXT", "deliver a message to a task or channel", ctl_send, 2, 2, false},
    {"dump", "[CORE...]", "all there is to be said of cores, as text", ctl_dump, 0, -1, false},
    {"call", "METHOD [ARG...]", "start a method's task, and show how it ends", ctl_call, 1, -1,
     false},
    {"file", "put|rm CORE FILE [DIR]", "give a file to a node, or take it away again", ctl_file,
     3, 4, false},
    {"keygen", "FILE", "make a secret for --secret-file", ctl_keygen, 1, 1, true},
    {"cert", "FILE", "make a key and a certificate for --certfile", ctl_cert, 1, 1, true},
    {"ping", "[CORE...]", "how long an answer takes", ctl_ping, 0, -1, false},
};
const size_t ctl_command_count = sizeof ctl_commands / sizeof ctl_commands[0];

const struct ctl_command *
ctl_command_find(const char *name)
{
    for (size_t i = 0; i < ctl_command_count; i++)
        if (strcmp(ctl_commands[i].name, name) == 0)
            return &ctl_commands[i];
    return NULL;
}
