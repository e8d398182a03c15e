/* cycos/impl/io.h - what the loop, the shutdown and the dump need of the sockets of a core. */
#ifndef CYCOS_IMPL_IO_H
#define CYCOS_IMPL_IO_H

#include <cycos/impl/os.h>
#include <cycos/io.h>

struct cyi_core;

/*
 * Hand on what reactor->wait() has just given: wakes tasks, runs none. All of a batch must be
 * handed on before any task runs, else a task could close a socket that a later event names.
 */
void cyi_io_ready(struct cyi_core *core, const struct cyi_ready *events, int count);

/* The shutdown begins: listeners close, whoever accepts gets -ECANCELED, now and later. */
void cyi_io_stop_accepting(struct cyi_core *core);

/* After the core's last turn: close and free what was left, and say how many that were. */
uint32_t cyi_io_fini(struct cyi_core *core);

/* How many sockets this core has open. */
uint32_t cyi_io_count(struct cyi_core *core);

/* Calls visit(socket, arg) for each open socket of this core. */
void cyi_io_each(struct cyi_core *core, void (*visit)(cy_socket *socket, void *arg), void *arg);

#define CYI_SOCKET_TEXT_MAX (2 * CY_ADDRESS_TEXT_MAX + 32)

/* For the dump: "stream 12 127.0.0.1:80 to 127.0.0.1:4711". Returns the length. */
int cyi_socket_format(char *text, size_t size, const cy_socket *socket);

#endif
