/*
 * file_ferry.h - two nodes of this process on the loopback: one gives files, the other takes.
 *
 * The test is the main task of the giver. Both have folders of their own under a temporary
 * one, which is removed afterwards.
 */
#ifndef CY_FILE_FERRY_H
#define CY_FILE_FERRY_H

#include "cy_node.h"
#include "net.h"
#include <cycos/file.h>
#include <cycos/peer.h>
#include <stdatomic.h>

struct file_ferry {
    struct cyi_net_setup setup[2];
    struct cy_options options[2];
    char base[64];  /* the temporary folder */
    char here[80];  /* what the giver sends lies here */
    char there[80]; /* dest_path of the taker */
    cy_location to; /* the taker's core 0 */
    atomic_bool ready, over;
};
extern struct file_ferry ferry;

/* Make folders and options; change the latter before ferry_run(). */
void ferry_open(void);
/* Run the taker, and the test in the giver; assert what the test has checked. */
void ferry_run(cy_task_fn *test);
/* Remove everything. */
void ferry_close(void);
/* All three. */
void ferry_test(cy_task_fn *test);

/* A file of the giver: `size` bytes that follow from the seed; its path. */
const char *ferry_file(const char *name, size_t size, uint32_t seed);
/* Does the taker have a file of this name with these bytes? */
bool ferry_has(const char *name, size_t size, uint32_t seed);
/* Something at the taker: any file, with text. */
void ferry_put_there(const char *name, const char *text);
/* A path at the taker. */
const char *ferry_there(const char *name);
bool ferry_exists(const char *name);
/* How many temporary files the taker has. */
int ferry_parts(void);

#endif
