/* cycos/impl/time.h - arithmetic on deadlines that cannot overflow. */
#ifndef CYCOS_IMPL_TIME_H
#define CYCOS_IMPL_TIME_H

#include <cycos/time.h>

/*
 * point + duration, kept within CY_NOW..CY_FOREVER. CY_FOREVER absorbs every duration, also
 * a negative one: the end of time does not come closer.
 */
static inline cy_time
cyi_time_add(cy_time point, cy_time duration)
{
    cy_time sum;
    if (point == CY_FOREVER || duration == CY_FOREVER)
        return CY_FOREVER;
    if (__builtin_add_overflow(point, duration, &sum))
        return duration > 0 ? CY_FOREVER : CY_NOW;
    return sum < CY_NOW ? CY_NOW : sum;
}

/* How long to wait for a deadline: 0 when it has passed, CY_FOREVER when it never comes. */
static inline cy_time
cyi_time_until(cy_time deadline, cy_time now)
{
    if (deadline == CY_FOREVER)
        return CY_FOREVER;
    return deadline <= now ? 0 : deadline - now;
}

#endif
