/* cycos/run.h - a node: its start, its cores, its end. */
#ifndef CYCOS_RUN_H
#define CYCOS_RUN_H

#include <cycos/options.h>
#include <cycos/task.h>

CY_BEGIN_DECLS

/**
 * cy_run - start a node, run a task on its core 0, wait for the node's end
 * @options: from cy_options_init() and cy_options_parse(); read only
 * @main:    the first task, named "main"
 * @arg:     passed to @main
 *
 * Starts one thread per core, pinned to the CPUs of the calling thread's affinity mask. The
 * node ends when the last task that is no daemon has ended, or by cy_shutdown(), or by SIGTERM
 * or SIGINT (a second one ends the process at once). SIGQUIT prints every task and what it
 * waits for. SIGHUP has the files of the certificate read again: connections that stand go on,
 * and a file that is wrong changes nothing. Several nodes may run in one process.
 *
 * A task that runs for longer than options->stall_ns is reported with its stack. Its thread is
 * asked by a real-time signal, so a system call in which it blocks may return EINTR. A task
 * that does not leave its core when the grace is over ends the process with
 * CY_EXIT_INCOMPLETE. While a node runs, a fault names its task before it ends the process.
 *
 * Context:   a thread that is no core; suspends: no; blocks: until the node has ended
 * Ownership: borrows @options
 * Errors:    -EINVAL an option, -ENOENT a file or a host, -EACCES a file or a port, -ENOTDIR
 *            the dest-path, CY_ENOCERT, CY_EEXPIRED, CY_EEARLY, -ENOKEY and others of the
 *            certificate, -EADDRINUSE, -EADDRNOTAVAIL (options->error says which and why);
 *            -ENOMEM, -EMFILE, -EAGAIN threads. Otherwise the exit status: what @main returned
 *            if it ended by itself (0 to 255), 0 after a complete shutdown, CY_EXIT_INCOMPLETE
 *            when tasks were left
 * Since:     0.1
 */
CY_MUST_CHECK int cy_run(struct cy_options *options, cy_task_fn *main, void *arg);

#define CY_EXIT_INCOMPLETE 75 /* the exit status when the grace ran out: EX_TEMPFAIL */

/**
 * cy_shutdown - end this node in good order
 * @grace: nanoseconds that tasks have to finish by themselves
 *
 * At once: no new tasks (-EAGAIN), listeners stop accepting, every task's cy_stopping() is
 * true. When the grace has passed, what is left is terminated; what does not end within
 * another second is reported by name and left behind, and the exit status says so.
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: nothing
 * Errors:    none; a second call can only shorten the grace
 * Since:     0.1
 */
void cy_shutdown(cy_time grace);

/**
 * cy_stopping - has the shutdown of this node begun?
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: nothing
 * Errors:    none
 * Since:     0.1
 */
bool cy_stopping(void);

/**
 * cy_wait_stopping - wait for the shutdown of this node to begin
 * @deadline: absolute
 *
 * For the task that owns something which must be closed in good order.
 *
 * Context:   a task; suspends: yes; blocks: no
 * Ownership: nothing
 * Errors:    -ETIMEDOUT, -ECANCELED
 * Since:     0.1
 */
CY_MUST_CHECK int cy_wait_stopping(cy_time deadline);

/**
 * cy_core_count - how many cores this node has
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: nothing
 * Errors:    none
 * Since:     0.1
 */
uint16_t cy_core_count(void);

/**
 * cy_core_index - which of them the caller is on, from 0
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: nothing
 * Errors:    none
 * Since:     0.1
 */
uint16_t cy_core_index(void);

/**
 * cy_core_name - name of the core the caller is on, such as "web.0"
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: borrowed from the node
 * Errors:    none
 * Since:     0.1
 */
const char *cy_core_name(void);

/**
 * cy_random - random bytes from the node's source
 * @buffer: receives them
 * @size:   how many
 *
 * From getrandom(2); repeatable in a simulation.
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: nothing
 * Errors:    none
 * Since:     0.1
 */
void cy_random(void *buffer, size_t size);

/* What a core has counted since its start; read by its own tasks. */
struct cy_core_counters {
    uint64_t turns, switches, spawned, ended;
    uint64_t sent_here, sent_across, received_across, refused, lost;
    uint64_t timers_fired, sleeps, wakeups_sent, io_events, stalls;
    uint32_t tasks, stacks, stacks_pooled;
    uint64_t message_bytes; /* taken for messages, without those of more than 64 KiB */
    uint64_t idle_ns;       /* with nothing to do, spinning or asleep; the rest it was busy */
};

/**
 * cy_core_read_counters - what this core has counted
 * @out: receives a copy
 *
 * Context:   a task or handler; suspends: no; blocks: no
 * Ownership: copies
 * Errors:    none
 * Since:     0.1
 */
void cy_core_read_counters(struct cy_core_counters *out);

CY_END_DECLS

#endif
