/* reactor_epoll.h - the reactor of Linux, and the switch by which tests reach its fall-back. */
#ifndef CYCOS_REACTOR_EPOLL_H
#define CYCOS_REACTOR_EPOLL_H

#include <cycos/impl/os.h>

extern const struct cyi_reactor_ops cyi_reactor_epoll;

/* Wait as on a kernel before 5.11, or behind a filter, that has no epoll_pwait2(). */
void cyi_reactor_epoll_without_pwait2(struct cyi_reactor *reactor);

#endif
