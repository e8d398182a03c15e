/* ledger.h - which requests of a connection await a reply, and which reply belongs to which. */
#ifndef LOAD_LEDGER_H
#define LOAD_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum load_operation { LOAD_GET, LOAD_SET, LOAD_TAG };

struct load_request {
    int64_t intended_ns; /* when it should have been sent */
    int64_t sent_ns;
    uint32_t key;
    uint32_t version; /* number of the request on its connection */
    enum load_operation operation;
};

enum load_reply_kind {
    LOAD_OK,      /* a SET was done */
    LOAD_VALUE,   /* an intact payload: key, version and run are known */
    LOAD_NIL,     /* there is no such key */
    LOAD_ERROR,   /* the server refused */
    LOAD_DAMAGED, /* a reply, but not as any server should have sent it */
};

struct load_reply {
    int64_t at_ns;
    uint32_t key, version;
    enum load_reply_kind kind;
    bool ours; /* the payload was written in this run */
};

/* What must all be 0. */
struct load_faults {
    uint64_t lost;       /* sent, never answered */
    uint64_t duplicated; /* answered once more */
    uint64_t reordered;  /* answered behind the reply to a later request */
    uint64_t corrupted;  /* answered with something that is not its answer */
    uint64_t stale; /* answered with a value older than the last acknowledged one, or nil */
};

void load_faults_add(struct load_faults *into, const struct load_faults *from);
uint64_t load_faults_sum(const struct load_faults *faults);

/* Told once for each request that has got its own reply. */
typedef void load_answered_fn(void *arg, const struct load_request *request,
                              const struct load_reply *reply);

/*
 * Replies come in the order of the requests. While the next reply is one that the oldest
 * request may get, that is all. Else there is a doubt: replies are kept until enough of them
 * are there to see what happened, and then the cheapest explanation by losses, surplus,
 * exchanged and damaged replies is taken (an alignment of two sequences, as diff does it).
 * Thus one lost reply counts as one lost reply, not as a damaged one for each that follows.
 */
enum {
    LOAD_DOUBT_MAX = 32,  /* replies that are kept before a doubt is settled */
    LOAD_DOUBT_GUARD = 8, /* of these the last are not judged yet: their sequel is missing */
    LOAD_HISTORY = 16,    /* answered requests that a duplicate is recognised by */
};

struct load_ledger {
    struct load_request *ring;
    uint32_t mask;
    uint32_t depth;      /* requests that may be outstanding */
    uint32_t head, tail; /* the oldest unresolved, the next to be sent; free-running */
    uint32_t resolved;   /* how many lie in the ring before head, at most LOAD_HISTORY */
    uint32_t doubts;     /* replies in doubt[] */
    struct load_reply doubt[LOAD_DOUBT_MAX];
    load_answered_fn *answered;
    void *arg;
    struct load_faults faults;
};

/* -ENOMEM. @depth is at least 1. */
int load_ledger_init(struct load_ledger *ledger, uint32_t depth, load_answered_fn *answered,
                     void *arg);
void load_ledger_fini(struct load_ledger *ledger);

/* Requests that may be sent now. */
uint32_t load_ledger_room(const struct load_ledger *ledger);

/* Requests whose reply has not come. */
uint32_t load_ledger_outstanding(const struct load_ledger *ledger);

/* Only while there is room. The entry is valid until the next call on the ledger. */
struct load_request *load_ledger_push(struct load_ledger *ledger);

/* When the oldest outstanding request was sent; INT64_MAX if there is none. */
int64_t load_ledger_oldest(const struct load_ledger *ledger);

void load_ledger_reply(struct load_ledger *ledger, const struct load_reply *reply);

/* No further reply will come: settles every doubt; what is unanswered is lost. */
void load_ledger_close(struct load_ledger *ledger);

#endif
