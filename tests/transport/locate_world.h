/* locate_world.h - nodes that seek names of each other, and what their records say of it. */
#ifndef CY_LOCATE_WORLD_H
#define CY_LOCATE_WORLD_H

#include "locate.h"
#include "member_world.h"
#include <cycos/registry.h>

#define MS CY_MILLISECOND

/* Friendly nodes 0 to count - 1 on hosts of their own, each with a script, until `end`. */
void locate_open(uint32_t count, cy_task_fn *const *scripts, cy_time end);

/* In a script: sleep up to this time of the world. */
void until(cy_time at);
/* Run fn as a task on that core, and wait for its end. */
void on_core(uint16_t core, cy_task_fn *fn, void *arg);
/* Let a task of that core have the name until the world ends; or for a while. */
cy_ref hold(uint16_t core, const char *name);
cy_ref hold_for(uint16_t core, const char *name, cy_time duration);

struct cyi_net *net_of(uint32_t node);
struct cyi_locate_counters counters_of(uint32_t node);
uint32_t tag_of(uint32_t node);
cy_location location_of(uint32_t node, uint16_t core);
/* Questions of ours; of others that stand here. */
uint32_t questions_of(uint32_t node);
uint32_t standing_on(uint32_t node);

#define WORLD_EQ(a, b) world_equal((long long) (a), (long long) (b), #a " == " #b, __LINE__)
void world_equal(long long a, long long b, const char *text, int line);

#endif
