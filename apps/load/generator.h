/* generator.h - makes the load of one core: the pace of its lines. */
#ifndef LOAD_GENERATOR_H
#define LOAD_GENERATOR_H

#include "order.h"

/* A task; the argument is a struct load_order that lives as long as it does. */
int load_generate(void *arg);

#endif
