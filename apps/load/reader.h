/* reader.h - a task that takes payloads, keeps books of them, and answers. */
#ifndef LOAD_READER_H
#define LOAD_READER_H

#include "books.h"

#include <cycos/mailbox.h>

struct load_reader {
    const char *name;    /* under which it is found, and its books */
    uint32_t subscribed; /* how many readers the channel of that name has */
    struct load_books books;
};

/* The calling task gets the name, and that of the books. As cy_task_register(). */
int load_reader_register(const struct load_reader *reader);

/* Reads until the task is terminated; frees the books. */
void load_reader_run(struct load_reader *reader);

#endif
