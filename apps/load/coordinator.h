/* coordinator.h - steers the generators of all cores and puts together what they found. */
#ifndef LOAD_COORDINATOR_H
#define LOAD_COORDINATOR_H

#include "crew.h"
#include "result.h"

#include <cycos/ref.h>

/* What the main task of the program is given; the result is what it leaves behind. */
struct load_job {
    const struct load_settings *settings;
    struct load_result result;
    bool has_result; /* the caller frees the result then */
    char error[512]; /* why there is none */
    /* What the coordinator works with: */
    struct load_crew crew;
    struct load_place place;
    /* For --find-max: */
    struct load_settings trial;
    struct load_trial trials[LOAD_TRIALS_KEPT];
    size_t trial_count;
    bool kept_passed; /* the result is of a trial that passed */
    bool interrupted;
    cy_ref coordinator;
};

/* A task: the whole run, or all trials of --find-max. The argument is a struct load_job. */
int load_coordinate(void *arg);

#endif
