/* cycos/time.h - monotonic time: durations and absolute deadlines in nanoseconds. */
#ifndef CYCOS_TIME_H
#define CYCOS_TIME_H

#include <cycos/base.h>
#include <stdint.h>

CY_BEGIN_DECLS

/*
 * Nanoseconds of a clock that never goes back. A point in time and a duration have the same
 * type; parameters that are points are named `deadline` and are absolute:
 *
 *     cy_receive(&msg, cy_after(50 * CY_MILLISECOND));
 *
 * Absolute, so that a retry or a chain of calls needs no arithmetic to keep one deadline.
 * Values mean nothing on another node or after a reboot.
 */
typedef int64_t cy_time;

#define CY_NOW     ((cy_time) 0)         /* as a deadline: do not wait at all */
#define CY_FOREVER ((cy_time) INT64_MAX) /* as a deadline: wait without limit */

#define CY_NANOSECOND  ((cy_time) 1)
#define CY_MICROSECOND ((cy_time) 1000)
#define CY_MILLISECOND ((cy_time) 1000000)
#define CY_SECOND      ((cy_time) 1000000000)
#define CY_MINUTE      (60 * CY_SECOND)
#define CY_HOUR        (60 * CY_MINUTE)

/**
 * cy_now - the current monotonic time
 *
 * Read anew by every call: some 20 ns. Under the simulator it is simulated time.
 *
 * Context:   any thread; suspends: no; blocks: no
 * Ownership: none
 * Errors:    none
 * Since:     0.1
 */
cy_time cy_now(void);

/**
 * cy_after - the deadline that lies a duration from now
 * @duration: nanoseconds; 0 or less gives a deadline that has passed
 *
 * Saturates: a sum past the end of time, and cy_after(CY_FOREVER), is CY_FOREVER.
 *
 * Context:   any thread; suspends: no; blocks: no
 * Ownership: none
 * Errors:    none
 * Since:     0.1
 */
cy_time cy_after(cy_time duration);

CY_END_DECLS

#endif
