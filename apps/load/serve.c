/*
 * serve.c - a raw TCP echo server: something to load, on every core.
 *
 * Each core listens on the same port and serves what it accepts.
 */
#include "serve.h"

#include <cycos/io.h>
#include <cycos/run.h>
#include <errno.h>
#include <stdlib.h>

enum { ECHO_BYTES = 65536 };
#define BREATH (10 * CY_MILLISECOND) /* when there are too many connections for now */

/* What the main task tells a core; the address holds the port that was found. */
struct listening {
    cy_address address;
};

static int
load_echo(void *arg)
{
    cy_socket *socket = arg;
    char *buffer = malloc(ECHO_BYTES);
    while (buffer != NULL) {
        ssize_t got = cy_read(socket, buffer, ECHO_BYTES, CY_FOREVER);
        if (got <= 0 || cy_write(socket, buffer, (size_t) got, CY_FOREVER) < 0)
            break;
    }
    free(buffer);
    cy_close(&socket);
    return 0;
}

static int
accept_all(cy_socket *listener)
{
    for (;;) {
        cy_socket *socket;
        int rc = cy_tcp_accept(&socket, listener, CY_FOREVER);
        if (rc == -ECANCELED || rc == -EBADF)
            return 0;
        if (rc == 0 && cy_task_spawn(NULL, load_echo, socket, NULL) != 0)
            cy_close(&socket);
        if (rc != 0 && cy_sleep(BREATH) != 0)
            return 0;
    }
}

static int
load_accept(void *arg)
{
    struct listening *listening = arg;
    const struct cy_listen_options options = {.reuse_port = true};
    cy_socket *listener;
    int rc = cy_tcp_listen(&listener, &listening->address, &options);
    if (rc == 0) {
        rc = accept_all(listener);
        cy_close(&listener);
    }
    free(listening);
    return rc;
}

static int
serve_on(uint16_t core, const cy_address *address)
{
    struct listening *listening = malloc(sizeof *listening);
    if (listening == NULL)
        return -ENOMEM;
    *listening = (struct listening){.address = *address};
    int rc = cy_task_spawn_on(NULL, core, load_accept, listening, NULL);
    if (rc != 0)
        free(listening);
    return rc;
}

static int
fail(struct load_service *service, const char *what, int rc)
{
    snprintf(service->error, sizeof service->error, "%s %s port %u: %s", what,
             service->target.host, service->target.port, cy_strerror(rc));
    return 3;
}

static void
announce(struct load_service *service, const cy_address *address)
{
    char text[CY_ADDRESS_TEXT_MAX];
    cy_address_format(text, sizeof text, address);
    if (service->announce == NULL)
        return;
    fprintf(service->announce, "serving tcp://%s on %u core%s\n", text, cy_core_count(),
            cy_core_count() == 1 ? "" : "s");
    fflush(service->announce);
}

int
load_serve(void *arg)
{
    struct load_service *service = arg;
    const struct cy_listen_options options = {.reuse_port = true};
    cy_address address;
    cy_socket *listener;
    int rc = cy_address_resolve(&address, service->target.host, service->target.port,
                                cy_after(10 * CY_SECOND));
    if (rc != 0)
        return fail(service, "cannot find", rc);
    rc = cy_tcp_listen(&listener, &address, &options);
    if (rc != 0)
        return fail(service, "cannot listen on", rc);
    rc = cy_socket_local(&address, listener);
    for (uint16_t core = 1; core < cy_core_count() && rc == 0; core++)
        rc = serve_on(core, &address);
    if (rc == 0) {
        announce(service, &address);
        rc = accept_all(listener);
    }
    cy_close(&listener);
    return rc != 0 ? fail(service, "cannot serve on", rc) : 0;
}
