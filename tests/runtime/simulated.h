/* simulated.h - a simulated world without nodes, for tests of its network. */
#ifndef CY_SIMULATED_H
#define CY_SIMULATED_H

#include "cy_test.h"
#include "sim.h"

#include <arpa/inet.h>
#include <string.h>

static struct cyi_sim *sim;

static inline void
open_world(const struct cyi_sim_options *options)
{
    static const struct cyi_sim_options friendly;
    CY_OK(cyi_sim_create(&sim, cy_test_seed(), options != NULL ? options : &friendly));
}

/* All that is under way has come; nothing was forgotten. */
static inline void
close_world(void)
{
    struct cyi_sim_counters counters;
    cyi_sim_count(sim, &counters);
    CU_ASSERT_EQUAL(counters.sockets, 0);
    CU_ASSERT_EQUAL(cyi_sim_free(&sim), 0);
}

/* Let everything happen that is under way. */
static inline void
settle(void)
{
    while (cyi_sim_event_next(sim) != CY_FOREVER) {
        sim->now = cyi_sim_event_next(sim);
        cyi_sim_events_run(sim);
    }
}

/* The same, but only for so long. */
static inline void
settle_for(cy_time duration)
{
    cy_time end = sim->now + duration;
    while (cyi_sim_event_next(sim) <= end) {
        sim->now = cyi_sim_event_next(sim);
        cyi_sim_events_run(sim);
    }
    sim->now = end;
}

static inline struct cyi_os *
host(uint32_t index)
{
    return &sim->hosts[index].os;
}

static inline struct sockaddr_in
v4(const char *address, uint16_t port)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
    CU_ASSERT_EQUAL(inet_pton(AF_INET, address, &in.sin_addr), 1);
    return in;
}

static inline struct sockaddr_in6
v6(const char *address, uint16_t port)
{
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    CU_ASSERT_EQUAL(inet_pton(AF_INET6, address, &in6.sin6_addr), 1);
    return in6;
}

static inline int
bind_v4(struct cyi_os *os, int fd, const char *address, uint16_t port)
{
    struct sockaddr_in in = v4(address, port);
    return os->socket->bind(os, fd, (struct sockaddr *) &in, sizeof in);
}

static inline int
connect_v4(struct cyi_os *os, int fd, const char *address, uint16_t port)
{
    struct sockaddr_in in = v4(address, port);
    return os->socket->connect(os, fd, (struct sockaddr *) &in, sizeof in);
}

static inline int
stream(struct cyi_os *os)
{
    int fd = os->socket->open(os, AF_INET, SOCK_STREAM);
    CU_ASSERT_TRUE(fd >= 0);
    return fd;
}

static inline int
listen_on(struct cyi_os *os, const char *address, uint16_t port)
{
    int fd = stream(os);
    CY_OK(bind_v4(os, fd, address, port));
    CY_OK(os->socket->listen(os, fd, 10));
    return fd;
}

static inline uint16_t
port_of(struct cyi_os *os, int fd)
{
    struct sockaddr_in in = {0};
    socklen_t size = sizeof in;
    CY_OK(os->socket->local(os, fd, (struct sockaddr *) &in, &size));
    CU_ASSERT_EQUAL(size, sizeof in);
    return ntohs(in.sin_port);
}

static inline ssize_t
put(struct cyi_os *os, int fd, const char *text)
{
    struct iovec part = {(void *) (uintptr_t) text, strlen(text)};
    return os->socket->writev(os, fd, &part, 1);
}

static inline void
shut(struct cyi_os *os, int fd)
{
    os->socket->close(os, fd);
}

#endif
