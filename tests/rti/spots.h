/* spots.h - where a method and its caller may be: on one core, on two, on two nodes. */
#ifndef RTI_SPOTS_H
#define RTI_SPOTS_H

#include "trio.h"
#include <cycos/rti.h>

struct spot {
    uint32_t node;
    uint16_t core;
};
enum { SPOTS = 4 };
extern const struct spot spots[SPOTS]; /* the first is the test's own */

/* Of the method that is made next. */
struct making {
    cy_rti_fn *fn;
    const struct cy_rti_options *options;
    const char *name; /* to register; or NULL */
    cy_ref method;
};
/* Make a method there. */
cy_ref spot_method(struct spot spot, cy_rti_fn *fn, const struct cy_rti_options *options);
/* Run fn(arg) there, wait for its end. */
int spot_run(struct spot spot, cy_task_fn *fn, void *arg);
/* Close it, from its own core. */
void spot_close(cy_ref method, struct spot spot);

/* Join a task: its reason and code; the value is compared as text, unless that is NULL. */
void expect_exit(cy_ref task, enum cy_exit_reason reason, int code, const char *value);
/* The next message is the exit of that task. */
void expect_monitored(cy_ref task, enum cy_exit_reason reason, int code);

/* Methods. */
int rti_sum(cy_args_reader *args);    /* a, b: their sum is the exit code */
int rti_echo(cy_args_reader *args);   /* text: the exit value */
int rti_linger(cy_args_reader *args); /* until it is terminated; code: its exit code */
int rti_nothing(cy_args_reader *args);

#endif
