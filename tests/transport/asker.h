/* asker.h - questions to the cores of a trio, and what they answer. */
#ifndef ASKER_H
#define ASKER_H

#include "trio.h"

#include "net.h"
#include <cycos/control.h>
#include <cycos/peer.h>
#include <cycos/registry.h>
#include <cycos/value.h>

#define PATIENCE cy_after(20 * CY_SECOND)

/* One answer at a time; `map` reads it. */
struct answer {
    cy_msg *msg;
    cy_value_reader map;
};
extern struct answer answer;

/* As trio_run(). */
void run(cy_task_fn *test);
/* At the end of a test: 0. */
int done(void);

cy_location core_location(uint32_t node, uint16_t core);
/* The task that answers for this core, found as others find it. */
cy_ref control_of(uint32_t node, uint16_t core);

/* Ask, and wait for the answer; the first takes the question. */
void ask_with(cy_ref control, cy_msg *question);
void ask_page(cy_ref control, const char *what, uint64_t from, uint64_t max);
void ask(cy_ref control, const char *what);

/* Entries of a map, which must be there and of that type. */
cy_value_reader entry(const cy_value_reader *map, const char *key);
uint64_t number(const cy_value_reader *map, const char *key);
bool flag(const cy_value_reader *map, const char *key);
bool is_text(const cy_value_reader *map, const char *key, const char *expect);
/* Good until the next but one. */
const char *text(const cy_value_reader *map, const char *key);
cy_value_reader map_in(const cy_value_reader *map, const char *key);

/* Lists of the answer. */
cy_value_reader list(const char *key);
uint32_t length(const char *key);
/* The item whose entry is this text. */
bool find_item(const char *key, const char *name, const char *expect, cy_value_reader *out);
/* Where the list goes on; 0: it does not. */
uint64_t next(void);

/* A task of this name that waits, a daemon, on the caller's core. */
int spawn_named(void *arg);
/* So many of them. */
int spawn_many(void *arg);
/* In a task: take messages of a tag that nobody sends. */
int wait_for_anything(void *arg);

#endif
