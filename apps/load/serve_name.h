/* serve_name.h - something to load by messages: a task and a channel that keep books. */
#ifndef LOAD_SERVE_NAME_H
#define LOAD_SERVE_NAME_H

#include "serve.h"

/*
 * A task: the argument is a struct load_service whose target has a name. Core 0 answers to the
 * name itself, core 1 to NAME.1 and so on. The channel of that name is on core 0; each core
 * subscribes to it.
 */
int load_serve_name(void *arg);

#endif
