/* ledger.c - which requests of a connection await a reply, and which reply belongs to which. */
#include "ledger.h"
#include "align.h"

#include <cycos/base.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void
load_faults_add(struct load_faults *into, const struct load_faults *from)
{
    into->lost += from->lost;
    into->duplicated += from->duplicated;
    into->reordered += from->reordered;
    into->corrupted += from->corrupted;
    into->stale += from->stale;
}

uint64_t
load_faults_sum(const struct load_faults *faults)
{
    return faults->lost + faults->duplicated + faults->reordered + faults->corrupted +
           faults->stale;
}

int
load_ledger_init(struct load_ledger *ledger, uint32_t depth, load_answered_fn *answered,
                 void *arg)
{
    /* Unresolved are at most the outstanding ones and one for each reply in doubt. */
    uint32_t need = depth + LOAD_DOUBT_MAX + LOAD_HISTORY, capacity = 1;
    while (capacity < need)
        capacity *= 2;
    memset(ledger, 0, sizeof *ledger);
    ledger->ring = calloc(capacity, sizeof *ledger->ring);
    if (ledger->ring == NULL)
        return -ENOMEM;
    ledger->mask = capacity - 1;
    ledger->depth = depth;
    ledger->answered = answered;
    ledger->arg = arg;
    return 0;
}

void
load_ledger_fini(struct load_ledger *ledger)
{
    free(ledger->ring);
    ledger->ring = NULL;
}

static inline struct load_request *
request_at(const struct load_ledger *ledger, uint32_t number)
{
    return &ledger->ring[number & ledger->mask];
}

uint32_t
load_ledger_outstanding(const struct load_ledger *ledger)
{
    uint32_t unresolved = ledger->tail - ledger->head;
    return unresolved > ledger->doubts ? unresolved - ledger->doubts : 0;
}

uint32_t
load_ledger_room(const struct load_ledger *ledger)
{
    uint32_t outstanding = load_ledger_outstanding(ledger);
    return outstanding < ledger->depth ? ledger->depth - outstanding : 0;
}

struct load_request *
load_ledger_push(struct load_ledger *ledger)
{
    CY_ASSERT(load_ledger_room(ledger) > 0);
    return request_at(ledger, ledger->tail++);
}

int64_t
load_ledger_oldest(const struct load_ledger *ledger)
{
    if (load_ledger_outstanding(ledger) == 0)
        return INT64_MAX;
    return request_at(ledger, ledger->head + ledger->doubts)->sent_ns;
}

static void
resolve(struct load_ledger *ledger, uint32_t count)
{
    ledger->head += count;
    ledger->resolved += count;
    if (ledger->resolved > LOAD_HISTORY)
        ledger->resolved = LOAD_HISTORY;
}

/* Copies requests into one piece: the history, then those that are unresolved. */
static void
gather(const struct load_ledger *ledger, struct load_alignment *a)
{
    uint32_t unresolved = ledger->tail - ledger->head;
    a->history = ledger->resolved;
    a->requests = unresolved < LOAD_ALIGN_MAX ? unresolved : LOAD_ALIGN_MAX;
    a->replies = ledger->doubts;
    for (uint32_t i = 0; i < a->history + a->requests; i++)
        a->request[i] = *request_at(ledger, ledger->head - a->history + i);
    memcpy(a->reply, ledger->doubt, ledger->doubts * sizeof a->reply[0]);
}

static void
commit(struct load_ledger *ledger, struct load_alignment *a)
{
    load_faults_add(&ledger->faults, &a->faults);
    for (uint32_t i = 0; i < a->judged_requests; i++) {
        const struct load_request *request = &a->request[a->history + i];
        const struct load_reply *reply = &a->reply[a->partner[i] & (LOAD_DOUBT_MAX - 1)];
        if (a->partner[i] != LOAD_NO_PARTNER && load_match(request, reply) == LOAD_MATCH)
            ledger->answered(ledger->arg, request, reply);
    }
    resolve(ledger, a->judged_requests);
    /* What was not judged is looked at again, now that the sequences are in step. */
    ledger->doubts = 0;
    for (uint32_t j = a->judged_replies; j < a->replies; j++)
        load_ledger_reply(ledger, &a->reply[j]);
}

/* Out of the way of the replies that are in order: it needs some kilobytes of stack. */
static __attribute__((noinline)) void
settle(struct load_ledger *ledger, uint32_t guard, bool final)
{
    struct load_alignment a;
    gather(ledger, &a);
    a.final = final && a.requests == ledger->tail - ledger->head;
    load_align(&a, guard);
    commit(ledger, &a);
}

void
load_ledger_reply(struct load_ledger *ledger, const struct load_reply *reply)
{
    struct load_request *head = request_at(ledger, ledger->head);
    if (ledger->doubts == 0 && ledger->head != ledger->tail) {
        enum load_match match = load_match(head, reply);
        if (match == LOAD_MATCH_DAMAGED)
            ledger->faults.corrupted++;
        if (match == LOAD_MATCH)
            ledger->answered(ledger->arg, head, reply);
        if (match != LOAD_MATCH_NO) {
            resolve(ledger, 1);
            return;
        }
    }
    ledger->doubt[ledger->doubts++] = *reply;
    /* More replies than requests: nothing that comes later can make that clearer. */
    if (ledger->head == ledger->tail)
        settle(ledger, 0, false);
    else if (ledger->doubts == LOAD_DOUBT_MAX)
        settle(ledger, LOAD_DOUBT_GUARD, false);
}

void
load_ledger_close(struct load_ledger *ledger)
{
    while (ledger->doubts > 0)
        settle(ledger, 0, true);
    uint32_t lost = ledger->tail - ledger->head;
    ledger->faults.lost += lost;
    resolve(ledger, lost);
}
