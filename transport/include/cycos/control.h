/*
 * cycos/control.h - what each core of a node with a network tells those who ask.
 *
 * A core answers questions about itself; it changes nothing. Whoever is a peer may ask: in a
 * network with a secret or certificates, who has them. The option --no-control turns it off.
 *
 * The service is a task with two names, "cycos.control.INDEX" by the core's index in its node
 * and "cycos.control:PORT" by its TCP port: so cy_task_locate() with the location of a peer
 * finds that of this very core. A question is sent by cy_call(), with any tag. Question and
 * answer are one value (value.h) each: a map. What is unknown in it is to be passed over, so
 * that entries can be added; what is described here stays while "v" is the same.
 *
 * A question:
 *
 *     "v"       1: CY_CONTROL_VERSION
 *     "do"      what is asked for, a text: see below
 *     "from"    where a list goes on: the "next" of the answer before; none: at its beginning
 *     "max"     how many entries, 1 to CY_CONTROL_PAGE_MAX; more, or none: that
 *
 * Each answer has "v", and if all is well "do" as in the question, "core" (its index), "node"
 * (the incarnation of its node, 16 bytes) and "at" (ns of the core's clock). Otherwise it has
 * "error", a name as of cy_errname(): "EBADMSG" no such value, "EPROTONOSUPPORT" another
 * version, "EOPNOTSUPP" nothing of that name can be asked for, "EINVAL" an entry; "ENOMEM";
 * and "why", a text for people. By "do" an answer has besides:
 *
 *     "ping"      nothing
 *     "node"      "name" (a text, empty without), "version", "process" (its number), "up_ns",
 *                 "phase" ("running", "stopping", "terminating", "ended"), "options" (as a file
 *                 for --config; secrets are not in it), "members" (counters by name), "cores":
 *                 a list of "core", "name", "location" (a text), "control" (a reference)
 *     "counters"  "name" (of the core), "up_ns", "counters" (those of struct cy_core_counters
 *                 by name, "idle_ns" among them), "network" (counters of the links by name),
 *                 "mailboxes": "queued" (messages that wait for tasks), "deepest" (of them, in
 *                 one mailbox), "deepest_task" (its name), "complete" (false: only the first
 *                 CY_CONTROL_WALK_MAX tasks were looked at); "links": "count", "connected",
 *                 "queued_bytes"
 *     "tasks"     "alive" (how many there are), "tasks": a list of "task" (its reference),
 *                 "name", "state", "wait" (what for; nil), "object" (the socket, name... that
 *                 it waits for), "waited_ns", "timeout_ns" (nil: none), "queued",
 *                 "mailbox_max", "promised", "stack_used", "stack_bytes", "flags" (a list of
 *                 texts); and "next"
 *     "names"     of the whole node. "names": a list of "name", "kind" ("task", "channel",
 *                 "method"), "ref"; and "next". A name that changes hands meanwhile may be
 *                 listed twice
 *     "links"     "links": a list of "number", "peer" (a location as text), "node" (the first
 *                 32 bits of its incarnation), "core", "state" ("connected", "dialling",
 *                 "waiting", "idle"), "hub", "stream", "queued_bytes", "flying_bytes",
 *                 "bytes_sent", "bytes_received", "frames_sent", "frames_received", "dials"
 *                 (failed in a row); and "next"
 *     "dump"      "text" (what SIGQUIT prints of this core), "cut" (it was longer than
 *                 CY_CONTROL_TEXT_MAX bytes)
 *
 * "next" is nil at the end of a list. A page may be empty and yet not the last one. Texts that
 * are no UTF-8 come with a question mark for each byte that is not ASCII.
 */
#ifndef CYCOS_CONTROL_H
#define CYCOS_CONTROL_H

#define CY_CONTROL_VERSION  1
#define CY_CONTROL_NAME     "cycos.control"
#define CY_CONTROL_PAGE_MAX 500       /* entries of a list in one answer */
#define CY_CONTROL_WALK_MAX 16384     /* records that one question makes a core look at */
#define CY_CONTROL_TEXT_MAX (4 << 20) /* bytes */

#endif
