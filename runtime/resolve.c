/* resolve.c - host names to addresses, on the pool, because getaddrinfo() blocks. */
#include "socket.h"
#include <cycos/impl/pool.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

enum { HOST_MAX = 255 };

/*
 * On the heap, because the task need not wait for the answer: a name server may take half a
 * minute not to give one. Whoever comes last, the task or the answer, frees it.
 */
struct lookup {
    struct cyi_work work;
    struct cyi_task *waiter; /* NULL: it has left */
    bool ended;
    int result;
    cy_address found;
    char host[HOST_MAX + 1];
};

static int
code_of(int eai, int system)
{
    switch (eai) {
    case 0:
        return 0;
    case EAI_AGAIN:
        return -EAGAIN;
    case EAI_MEMORY:
        return -ENOMEM;
    case EAI_SYSTEM:
        return -system;
    case EAI_FAIL:
        return -EIO;
    default:
        return -ENOENT;
    }
}

/* The first address is the best that this host can reach: the library sorts by RFC 6724. */
static int
look_up(cy_address *out, const char *host)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *list = NULL;
    int eai = getaddrinfo(host, NULL, &hints, &list);
    int rc = code_of(eai, errno);
    if (eai != 0)
        return rc;
    if (list->ai_addrlen <= sizeof *out)
        memcpy(out, list->ai_addr, list->ai_addrlen);
    else
        rc = -EAFNOSUPPORT;
    freeaddrinfo(list);
    return rc;
}

static void
run(struct cyi_work *work)
{
    struct lookup *lookup = cyi_container_of(work, struct lookup, work);
    lookup->result = look_up(&lookup->found, lookup->host);
}

int
cyi_address_lookup(cy_address *out, const char *host, const struct cyi_os *os)
{
    int rc = cyi_address_parse_host(out, host, 0);
    if (rc != 0)
        rc = os->simulated ? -ENOENT : look_up(out, host);
    return rc;
}

static void
done(struct cyi_core *core, struct cyi_work *work)
{
    struct lookup *lookup = cyi_container_of(work, struct lookup, work);
    if (lookup->waiter == NULL) {
        free(lookup);
        return;
    }
    lookup->ended = true;
    cyi_wake(core, lookup->waiter, 0);
}

static void
abandon(struct cyi_work *work)
{
    free(cyi_container_of(work, struct lookup, work));
}

static int
start(struct lookup **out, struct cyi_core *core, const char *host)
{
    size_t length = strlen(host);
    if (length == 0 || length > HOST_MAX || core->os->simulated) /* no names in a simulation */
        return -ENOENT;
    struct lookup *lookup = calloc(1, sizeof *lookup);
    if (lookup == NULL)
        return -ENOMEM;
    lookup->work = (struct cyi_work){.run = run, .done = done, .abandon = abandon};
    lookup->waiter = core->sched.current;
    memcpy(lookup->host, host, length);
    int r = cyi_pool_submit(core, &lookup->work);
    if (r < 0)
        free(lookup);
    else
        *out = lookup;
    return r;
}

int
cy_address_resolve(cy_address *out, const char *host, uint16_t port, cy_time deadline)
{
    struct cyi_core *core = cyi_current();
    struct lookup *lookup;
    if (cyi_address_parse_host(out, host, port) == 0)
        return 0;
    int r = start(&lookup, core, host);
    if (r < 0)
        return r;
    r = cyi_park(core, CYI_WAIT_NAME, lookup->host, deadline);
    if (!lookup->ended) { /* timed out or cancelled */
        lookup->waiter = NULL;
        return r;
    }
    r = lookup->result;
    if (r == 0) {
        *out = lookup->found;
        out->u.v4.sin_port = htons(port);
    }
    free(lookup);
    return r;
}
