/* assert.c - the end of a program whose caller's bug was found. */
#include <cycos/impl/core.h>
#include <stdio.h>
#include <stdlib.h>

void
cy_assert_fail(const char *condition, const char *file, int line)
{
    const struct cyi_core *core = cyi_self;
    const struct cyi_task *task = core != NULL ? core->sched.current : NULL;
    fprintf(stderr, "cycos: %s:%d: assertion failed: %s (task %s, core %d)\n", file, line,
            condition, task != NULL ? task->name : "none", core != NULL ? core->index : -1);
    abort();
}
