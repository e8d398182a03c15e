/* time.c - the monotonic clock, through the seam where there is a core. */
#include <cycos/impl/core.h>
#include <cycos/impl/time.h>
#include <time.h>

cy_time
cy_now(void)
{
    struct cyi_core *core = cyi_self;
    struct timespec t;
    if (core != NULL)
        return core->os->now(core->os);
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * CY_SECOND + t.tv_nsec;
}

cy_time
cy_after(cy_time duration)
{
    return cyi_time_add(cy_now(), duration);
}
