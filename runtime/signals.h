/*
 * signals.h - SIGTERM, SIGINT, SIGQUIT and SIGHUP for the nodes of a process.
 *
 * Synchronisation (also of signals.c):
 *   G1  listener.stops, dumps, reloads, number
 *                                      relaxed; the word that wakes the listener orders them
 *   G2  pipe_in, handlers              seq_cst: the last to leave hides the pipe, then waits
 *                                      until no handler is about to write into it
 */
#ifndef CYI_SIGNALS_H
#define CYI_SIGNALS_H

#include <cycos/base.h>
#include <stdatomic.h>
#include <stdint.h>

/* Somebody who wants to hear of signals. */
struct cyi_listener {
    struct cyi_listener *next; /* in the list of the process */
    int source;                /* readable when a signal has come to the process */
    int word;                  /* an eventfd, written when one has come to this listener */
    _Atomic uint32_t stops, dumps, reloads;
    _Atomic int number; /* of the last that asked to stop */
};

/*
 * Handle the signals from the first listener to the last one; then what was before is back.
 * `word` is the caller's. Call both on the thread that will listen.
 */
CY_MUST_CHECK int cyi_signals_join(struct cyi_listener *listener, int word);
void cyi_signals_leave(struct cyi_listener *listener);

/* Take what has come to the process, and tell every listener. */
void cyi_signals_read(const struct cyi_listener *listener);

#endif
