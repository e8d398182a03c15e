/*
 * cycos/impl/router.h - what the runtime asks of a network, and what a network brings in.
 *
 * The runtime knows nothing of other nodes but that references lead there. A node that was
 * given a network has a router: a table of calls, one for each thing that can be done to a
 * task or channel of another node. What comes from there is carried out by the cyi_..._arrives
 * functions, on the core that the reference names.
 *
 * All calls are made on the caller's core, and none suspends. None calls back from within: an
 * answer or the end of a watch comes later, though it may come in the same turn. After the
 * network's leave() the calls still come, while the tasks left behind are abandoned.
 */
#ifndef CYCOS_IMPL_ROUTER_H
#define CYCOS_IMPL_ROUTER_H

#include <cycos/impl/task.h>
#include <cycos/msg.h>
#include <cycos/run.h>

struct cyi_core;
struct cyi_node;

enum cyi_command { CYI_COMMAND_TERMINATE, CYI_COMMAND_RESUME, CYI_COMMAND_FORGET_RESULT };

/* An end of a task as it travels. The value is bytes of the exit value, if there are any. */
struct cyi_ended {
    enum cy_exit_reason reason;
    int code;
    const void *value;
    size_t value_bytes;
};

/* What cores of two nodes say to each other about a channel. Its owner is the core it is on. */
enum cyi_channel_verb {
    CYI_CHANNEL_SUBSCRIBE,   /* to the owner: who, subscriber; answered as a request */
    CYI_CHANNEL_UNSUBSCRIBE, /* the same */
    CYI_CHANNEL_DELIVER,     /* to the owner: who, n to wait for; a message; answered so, too */
    CYI_CHANNEL_RECALL,      /* to the owner: who; it is answered, whatever it has come to */
    CYI_CHANNEL_CLOSE,       /* to the owner */
    CYI_CHANNEL_JOIN,        /* by the owner: number, subscriber of the other node; replied */
    CYI_CHANNEL_PART,        /* by the owner: subscriber */
    CYI_CHANNEL_LEFT,        /* to the owner: subscriber; it has ended */
    CYI_CHANNEL_DROP,        /* by the owner: it was closed */
    CYI_CHANNEL_FORWARD,     /* by the owner: number (0: none) if replied, n hops; a message */
    CYI_CHANNEL_TRACE,       /* to the owner: number; replied with whom it leads to */
    CYI_CHANNEL_REPLY,       /* over link who.link: number, result; references as a message */
    CYI_CHANNEL_VERBS,
};
struct cyi_channel_word {
    enum cyi_channel_verb verb;
    uint32_t slot, generation; /* of the channel, on its owner's core */
    struct cyi_return who;
    cy_ref subscriber;
    uint32_t n;
    uint64_t number;
    int result;
};

struct cyi_router {
    /*
     * Take a message, its sender filled in. With CYI_MSG_DELIVER or CYI_MSG_CALL in its flags
     * the answer comes back by cyi_answer_arrives() to the sender with msg->token; with
     * CYI_MSG_DELIVER a message that surely was not delivered comes back with it. 0, -EAGAIN
     * at a limit, -ESRCH the node is known to have ended, CY_ENOPEER it cannot be reached,
     * -ENOMEM; the caller then still owns the message.
     */
    int (*send)(struct cyi_core *core, cy_ref to, cy_msg *msg);
    /* The same for bytes from the current task, without a message of their own. */
    int (*send_bytes)(struct cyi_core *core, cy_ref to, uint32_t tag, const void *body,
                      size_t size);
    /*
     * Where answers to a request of `sender`, a task of another node, go: the `link` of a
     * struct cyi_return whose core is the caller's. 0: that node is gone.
     */
    uint16_t (*link)(struct cyi_core *core, cy_ref sender);
    /* Answer a request that came over a link of this core. Takes msg, which may be NULL. */
    void (*answer)(struct cyi_core *core, const struct cyi_return *to, int result,
                   uint64_t value, cy_msg *msg);
    /* CYI_COMMAND_FORGET_RESULT must go through at the link's limit too. */
    int (*command)(struct cyi_core *core, cy_ref to, enum cyi_command what);
    /*
     * Begin a watch of a task there. The note stays the runtime's, and names the watch:
     * cyi_watch_ends() comes for it exactly once, unless unwatch() came before, after which
     * the note is no more. Errors as for send(); then there is no watch.
     */
    int (*watch)(struct cyi_core *core, cy_ref target, bool join, cy_msg *note);
    void (*unwatch)(struct cyi_core *core, cy_ref target, const cy_msg *note);
    /* A task of ours has ended that had asked by cy_notify() to tell a task there. */
    void (*notify)(struct cyi_core *core, cy_ref watcher, cy_ref ended,
                   const struct cyi_ended *how);
    /*
     * A mailbox is full that the core of `from` has sent to: once for each such core, until
     * cyi_congestion_forget() of its node. Then once: all that were told may go on.
     */
    void (*congested)(struct cyi_core *core, cy_ref from, uint32_t slot, uint32_t generation);
    void (*relieved)(struct cyi_core *core, uint32_t slot, uint32_t generation);
    /*
     * Say a word about a channel to the core of `to`. Takes the message of a delivery if 0,
     * and brings it back as send() does; borrows any other. RECALL, PART, LEFT, DROP and REPLY
     * go through at the link's limit too, but make no link. Errors as for send().
     */
    int (*channel)(struct cyi_core *core, cy_ref to, const struct cyi_channel_word *word,
                   cy_msg *msg);
};

/*
 * A network: opened with its node before any core runs, closed after all have stopped. open()
 * gives each core its address and port (core->home), sets node->net, node->router and
 * core->net, and may start daemon tasks; `why` gets a line for people when it fails.
 */
struct cyi_network {
    int (*open)(struct cyi_node *node, char *why, size_t size);
    /* At the end of each turn of a core: write what the turn has produced. */
    void (*flush)(struct cyi_core *core);
    /*
     * The operator has changed files and says so. On a thread that is no core, while the cores
     * run, never at the same time as another call of it or as leave(); may block. Or NULL.
     */
    void (*reload)(struct cyi_node *node);
    /* No core turns any more: bring out what still waits, within a moment, and say goodbye. */
    void (*leave)(struct cyi_node *node);
    /* All tasks have been abandoned, all sockets are closed: give the memory back. */
    void (*close)(struct cyi_node *node);
};

/* From here on: what a network calls, on the core that it concerns. */

/*
 * A message has come, msg->to and msg->sender filled in, with CYI_MSG_DELIVER or CYI_MSG_CALL
 * and its token if the sender waits for an answer. Takes it. One with a tag of the system is
 * counted lost.
 */
void cyi_message_arrives(struct cyi_core *core, cy_msg *msg);
/*
 * The answer to a request of a task of this core (slot, generation, token). Late ones, and
 * those to a task that waits for something of this node, are dropped. Takes msg, which may be
 * NULL.
 */
void cyi_answer_arrives(struct cyi_core *core, const struct cyi_return *to, int result,
                        uint64_t value, cy_msg *msg);
void cyi_command_arrives(struct cyi_core *core, enum cyi_command what, uint32_t slot,
                         uint32_t generation);
/*
 * A task there holds senders back, or lets them go on. It says so once each to a core, in this
 * order.
 */
void cyi_congestion_arrives(struct cyi_core *core, cy_ref task, bool full);
/*
 * Nothing of that node will come any more: forget which mailboxes are full there, and which of
 * its cores were told of ours.
 */
void cyi_congestion_forget(struct cyi_core *core, uint32_t node);

/* Whose watch it is that router.watch() is to begin: not always the running task's. */
void cyi_watch_watcher(const cy_msg *note, uint32_t *slot, uint32_t *generation);
/* A watch that router.watch() began is over. The value is copied. */
void cyi_watch_ends(struct cyi_core *core, cy_msg *msg, const struct cyi_ended *how);
/* cy_notify() of a task of another node: the task `ended` says that it has. */
void cyi_notice_arrives(struct cyi_core *core, uint32_t slot, uint32_t generation, cy_ref ended,
                        const struct cyi_ended *how);

/*
 * A watch of a task of this core by a task of another node. The network owns the record and
 * keeps it until ended() was called, which happens exactly once, maybe at once and from within
 * the call, or until it has called cyi_foreign_unwatch().
 */
struct cyi_foreign_watch {
    void (*ended)(struct cyi_core *core, struct cyi_foreign_watch *self,
                  const struct cyi_ended *how);
    cy_msg *note; /* the runtime's */
};
void cyi_foreign_watch(struct cyi_core *core, struct cyi_foreign_watch *watch, uint32_t slot,
                       uint32_t generation);
void cyi_foreign_unwatch(struct cyi_core *core, struct cyi_foreign_watch *watch);

/*
 * A word about a channel has come from the core `from`; who.core and who.link say to where an
 * answer goes. The body of a reply's message is cy_refs. Takes the message, which may be NULL.
 */
void cyi_channel_word_arrives(struct cyi_core *core, cy_ref from,
                              const struct cyi_channel_word *word, cy_msg *msg);
/* Nothing will come from that core any more: its subscribers and channels are gone. */
void cyi_channels_lost(struct cyi_core *core, cy_ref peer, uint16_t link);

#endif
