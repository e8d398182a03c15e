/* watch.h - the note that tells of a task's end, for watch.c and watch_away.c. */
#ifndef CYI_WATCH_H
#define CYI_WATCH_H

#include "task.h"
#include <cycos/impl/node.h>

struct cyi_foreign_watch;

/*
 * The result of a joinable task is forgotten when a join has got it, not when it was sent: the
 * deadline of a join on another core may pass while the note is on its way. Such a note is a
 * JOIN_KEPT, and who takes it says so. The last two hang at a task for another node's sake:
 * they never leave its core.
 */
enum cyi_note_kind {
    CYI_NOTE_MONITOR,
    CYI_NOTE_JOIN,
    CYI_NOTE_JOIN_KEPT,
    CYI_NOTE_NOTIFY,
    CYI_NOTE_RESULT,
    CYI_NOTE_NOTIFY_AWAY, /* the sender is who is to be told */
    CYI_NOTE_FOREIGN,
};

/* The watcher's side of a monitor, and of a join of another node's task. */
struct cyi_watch {
    struct cyi_list link;
    cy_ref target;
    cy_msg *note;
};

/* What the body of an exit message holds. On its way the watched task is the sender. */
struct cyi_note {
    struct cyi_shared *value; /* first: where CYI_MSG_SHARED looks for it */
    union {
        struct {
            struct cyi_list link; /* in the watched task's watchers */
            union {
                struct cyi_watch *record;
                struct cyi_foreign_watch *foreign;
            };
            uint32_t watcher_slot, watcher_generation;
            uint32_t token; /* of a join */
            uint16_t watcher_core;
        };
        cy_ref task; /* watched: once it has arrived, as it may be sent on */
    };
    uint8_t kind, reason;
    int32_t code;
    uint32_t value_bytes;
};
_Static_assert(sizeof(struct cyi_note) <= CYI_MSG_INLINE, "a note fits the smallest message");

static inline struct cyi_note *
cyi_note_of(const cy_msg *msg)
{
    return (struct cyi_note *) (uintptr_t) msg->body;
}

static inline cy_msg *
cyi_note_msg(struct cyi_list *link)
{
    struct cyi_note *note = cyi_container_of(link, struct cyi_note, link);
    return cyi_container_of((uint8_t *) note, struct cy_msg, body);
}

/* A note that tells `watcher`, a task of this node; NULL without memory. */
cy_msg *cyi_note_make(struct cyi_core *core, enum cyi_note_kind kind, cy_ref watcher,
                      cy_ref watched);

/* On the watcher's core: the note has come. True when somebody took it. */
bool cyi_note_arrives(struct cyi_core *core, cy_msg *msg);

/* The result of an ended task that nobody has joined, or NULL. */
cy_msg *cyi_watch_result(struct cyi_core *core, uint32_t slot, uint32_t generation);
/* Somebody has been told of it. */
void cyi_watch_told(struct cyi_core *core, uint32_t slot, uint32_t generation);

/* A join has the result of a task that had ended. */
void cyi_watch_joined(struct cyi_core *core, struct cyi_task *ended);
/* On the joiner's core: somebody has the result, which its own core may forget. */
void cyi_watch_say_taken(struct cyi_core *core, cy_ref ended);
/* True when the result is to be kept: nobody has joined yet, as far as we know. */
bool cyi_watch_keep(struct cyi_core *core, struct cyi_task *task, enum cy_exit_reason reason,
                    bool joined);
/* The exit value of a task, a message or NULL, goes along with a note. */
void cyi_note_set_value(cy_msg *msg, cy_msg *value);

/* Forget the watcher's record. */
void cyi_watch_drop(struct cyi_core *core, struct cyi_watch *record);

/* A task of another node is not watched any more; frees the note. */
void cyi_unwatch_away(struct cyi_core *core, cy_ref target, cy_msg *note);

/* A join has got the result of a task of another node. */
void cyi_watch_taken_away(struct cyi_core *core, cy_ref ended);

/* A task of this core has ended: tell the other node that a note stands for; frees it. */
void cyi_watch_tell_away(struct cyi_core *core, const struct cyi_task *task, cy_msg *msg,
                         enum cy_exit_reason reason);

#endif
