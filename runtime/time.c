/* time.c - the monotonic clock, through the seam where there is a core. */
#include <cycos/impl/core.h>
#include <cycos/impl/time.h>

cy_time
cy_now(void)
{
    struct cyi_core *core = cyi_self;
    struct cyi_os *os = core != NULL ? core->os : cyi_os_linux();
    return os->now(os);
}

cy_time
cy_after(cy_time duration)
{
    return cyi_time_add(cy_now(), duration);
}
