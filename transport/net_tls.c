/*
 * net_tls.c - the certificate of a node, as it is and as it changes.
 *
 * Tests: tests/transport/test_tls_node.c
 */
#include "net.h"
#include "tls.h"
#include <cycos/impl/log.h>
#include <time.h>

static bool
is_wanted(const struct cyi_net *net, const struct cyi_net_setup *setup)
{
    return net->node->options->certfile != NULL || (setup != NULL && setup->tls != NULL);
}

/* A simulated node has texts instead of files, and a calendar of its own. */
static int
make(struct cyi_tls_context **out, const struct cyi_net *net, const struct cyi_net_setup *setup,
     char *why, size_t size)
{
    struct cyi_os *os = net->node->os;
    cy_time now = os->realtime(os);
    if (setup != NULL && setup->tls != NULL)
        return cyi_tls_context_create(out, setup->tls, now, why, size);
    return cyi_tls_context_load(out, net->node->options, now, why, size);
}

#define SOON (INT64_C(14) * 24 * CY_HOUR)

/* In time for somebody to make another. */
static void
tell(const struct cyi_net *net, const struct cyi_tls_context *context)
{
    char text[32];
    struct tm tm;
    struct cyi_os *os = net->node->os;
    time_t ends = (time_t) cyi_tls_context_ends(context);
    bool soon = ends - os->realtime(os) / CY_SECOND < SOON / CY_SECOND;
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&ends, &tm));
    cyi_log_write(net->node->log, NULL, soon ? CY_LOG_WARN : CY_LOG_INFO, "net.certificate",
                  "until=%s", text);
    int own = cyi_tls_context_own(context);
    if (own != 0)
        cyi_log_write(net->node->log, NULL, CY_LOG_WARN, "net.certificate",
                      "error=%s reason=%s", cy_errname(own),
                      own == CY_ECERT
                          ? "this node's own cafile does not accept its certificate: "
                            "neither do peers that have the same"
                          : cy_strerror(own));
}

int
cyi_net_load_tls(struct cyi_net *net, const struct cyi_net_setup *setup, char *why,
                 size_t why_size)
{
    int rc = is_wanted(net, setup) ? make(&net->tls, net, setup, why, why_size) : 0;
    if (rc == 0 && net->tls != NULL)
        tell(net, net->tls);
    return rc;
}

/* Connections that stand go on with what they began with. */
void
cyi_net_reload_tls(struct cyi_net *net, const struct cyi_net_setup *setup)
{
    struct cyi_tls_context *context;
    char why[256];
    if (!is_wanted(net, setup))
        return;
    int rc = make(&context, net, setup, why, sizeof why);
    if (rc != 0) {
        cyi_log_write(net->node->log, NULL, CY_LOG_ERROR, "net.certificate",
                      "error=%s reason=%s kept=yes", cy_errname(rc), why);
        return;
    }
    tell(net, context);
    pthread_mutex_lock(&net->node->lock);
    struct cyi_tls_context *before = net->tls;
    net->tls = context;
    pthread_mutex_unlock(&net->node->lock);
    cyi_tls_context_release(&before);
}

struct cyi_tls_context *
cyi_net_tls(struct cyi_net *net)
{
    pthread_mutex_lock(&net->node->lock);
    struct cyi_tls_context *context = net->tls == NULL ? NULL : cyi_tls_context_use(net->tls);
    pthread_mutex_unlock(&net->node->lock);
    return context;
}
