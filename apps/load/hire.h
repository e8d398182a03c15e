/* hire.h - what a coordinator and a worker on another node tell each other. */
#ifndef LOAD_HIRE_H
#define LOAD_HIRE_H

#include "messages.h"

#define LOAD_WORKER_NAME "load.worker"

/* To a worker. The first two are calls. */
enum {
    LOAD_HIRE_ASK = 32, /* a struct load_hire_ask; answered by a load_hire_answer */
    LOAD_HIRE_ORDER,    /* an assignment; answered by a load_staff and references */
    LOAD_HIRE_RELEASE,  /* no body */
    LOAD_HIRE_STOP,     /* by the worker's own node: it is to end; no body */
};

/*
 * What generators report has the layout of this program: another version, or another kind of
 * machine, is told by these words and not hired.
 */
#define LOAD_HIRE_VERSION UINT32_C(0x6c770001)

struct load_hire_ask {
    uint32_t version, done_bytes;
};

struct load_hire_answer {
    int32_t error;  /* 0; -EBUSY somebody else has hired it, -EPROTONOSUPPORT */
    uint32_t cores; /* of the worker */
    char name[64];  /* of its first core */
};

/* Behind it: the references of as many generators, in the order of their parts. */
struct load_staff {
    int32_t error; /* 0, or why there are none; for people: */
    uint32_t count;
    char text[376];
};

#endif
