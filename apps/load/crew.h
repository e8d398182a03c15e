/* crew.h - who makes the load: the cores of this node, or those of workers. */
#ifndef LOAD_CREW_H
#define LOAD_CREW_H

#include "order.h"

struct load_hand {
    cy_ref ref; /* of the worker */
    uint32_t cores;
    uint32_t first, count; /* its parts of the present run, which may be none */
    char name[64];
};

struct load_crew {
    struct load_hand *hands; /* none: the own cores */
    uint32_t hand_count, cores;
    /* Of the present run, by part: */
    uint32_t parts;
    cy_ref *generators;
    struct load_order *orders; /* of the own cores */
};

/*
 * Finds --workers on the network and hires them, or counts the own cores. Workers that are
 * busy are passed over, and asked again while there are not enough. @error says for people
 * why the result is not 0.
 */
int load_crew_gather(struct load_crew *crew, const struct load_settings *settings, char *error,
                     size_t size);
/* Lets the workers go. */
void load_crew_fini(struct load_crew *crew);

/* How many generators a run of these settings has. */
uint32_t load_crew_parts(const struct load_crew *crew, const struct load_settings *settings);

/*
 * Starts the generators; the calling task gets their exit messages. Whatever comes of it,
 * crew->parts of them run, and must be told to stop if they are not all.
 */
int load_crew_start(struct load_crew *crew, const struct load_order *model, char *error,
                    size_t size);
void load_crew_tell(const struct load_crew *crew, uint32_t tag, const void *body, size_t size);

/* The part of a generator; -1 if it is none of ours. */
int64_t load_crew_part(const struct load_crew *crew, cy_ref generator);
/* The worker that has this part; NULL: this node. */
const struct load_hand *load_crew_hand(const struct load_crew *crew, uint32_t part);

#endif
