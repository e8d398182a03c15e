/*
 * sender.c - a task that sends payloads, one after the other, and has them proved.
 *
 * A sender has at most one request in hand, so that a payload that was refused keeps its place
 * in the stream: it goes out again, to the same recipient or to the next one that has the name,
 * and its latency counts from when it was due.
 * Tests: tests/load/test_senders.c
 */
#include "sender.h"
#include "clock.h"
#include "proof.h"
#include "verb.h"

#include <errno.h>
#include <string.h>

/* To a sender: something has changed; no body. */
enum { NUDGE = LOAD_TALK_PAGE + 1 };

#define PAUSE_NS (100 * CY_MICROSECOND) /* before a full mailbox or link is tried again */

static const struct load_settings *
settings_of(const struct load_sender *sender)
{
    return sender->office->group->settings;
}

static struct load_counters *
counters_of(const struct load_sender *sender)
{
    return &sender->office->group->recorder.counters;
}

void
load_sender_wake(struct load_sender *sender)
{
    int rc = cy_resume(sender->task);
    (void) rc; /* gone only when the run is over */
}

void
load_sender_nudge(struct load_sender *sender)
{
    int rc = cy_send_bytes(sender->task, NUDGE, NULL, 0);
    (void) rc; /* gone only when the run is over */
}

/* No answer about this stream will come any more. What is not confirmed is not proved. */
static void
end_stream(struct load_sender *sender)
{
    struct load_stream *stream = &sender->stream;
    struct load_counters *counters = counters_of(sender);
    enum load_verb verb = settings_of(sender)->verb;
    /* What was not answered is counted as lost when that is seen. */
    if (verb != LOAD_VERB_CALL)
        counters->faults.lost += load_stream_lost(stream);
    if (verb == LOAD_VERB_SEND)
        counters->unproved += stream->sent - load_stream_confirmed(stream);
    stream->sent = stream->heard = 0;
}

static int
begin_stream(struct load_sender *sender)
{
    const struct load_office *office = sender->office;
    end_stream(sender);
    /* Each stream has a number of its own: a reader may have seen the last one. */
    int rc = load_stream_begin(&sender->stream, sender->stream.id + office->streams,
                               office->recipient.readers, office->mark_every);
    if (rc == 0)
        sender->life = office->life;
    return rc;
}

static void
hear(struct load_sender *sender, const cy_msg *msg)
{
    struct load_told told;
    if (cy_msg_tag(msg) != LOAD_TALK_PAGE || cy_msg_size(msg) != sizeof told)
        return;
    memcpy(&told, cy_msg_body(msg), sizeof told);
    int rc = load_stream_hear(&sender->stream, cy_msg_sender(msg), &told,
                              &counters_of(sender)->faults);
    (void) rc; /* of an earlier stream: it was given up */
}

/* Takes one message, if one comes by then. */
static int
hear_one(struct load_sender *sender, cy_time deadline)
{
    cy_msg *msg;
    int rc = cy_receive(&msg, deadline);
    if (rc != 0)
        return rc;
    hear(sender, msg);
    cy_msg_free(&msg);
    return 0;
}

static enum load_outcome
send_mark(struct load_sender *sender)
{
    struct load_stream *stream = &sender->stream;
    const struct load_mark mark = {.number = stream->sent, .stream = stream->id};
    int rc = cy_send_bytes(sender->office->recipient.ref, LOAD_TALK_MARK, &mark, sizeof mark);
    if (rc == 0)
        stream->marked = stream->sent;
    return rc == 0 ? LOAD_DONE : rc == -ESRCH || rc == CY_ENOPEER ? LOAD_GONE : LOAD_FULL;
}

/* Lets the readers catch up with their books. LOAD_UNANSWERED: they say nothing. */
static enum load_outcome
keep_books(struct load_sender *sender)
{
    struct load_stream *stream = &sender->stream;
    cy_time deadline = cy_after(settings_of(sender)->flags.timeout_ns);
    if (load_stream_mark_due(stream)) {
        enum load_outcome outcome = send_mark(sender);
        if (outcome != LOAD_DONE)
            return outcome;
    }
    while (cy_mailbox_count() > 0 || load_stream_full(stream)) {
        if (sender->office->seeking)
            return LOAD_GONE;
        int rc = hear_one(sender, deadline);
        if (rc != 0)
            return rc == -ECANCELED ? LOAD_CANCELED : LOAD_UNANSWERED;
    }
    return LOAD_DONE;
}

static enum load_outcome
make_payload(struct load_sender *sender, cy_msg **msg)
{
    const struct load_settings *settings = settings_of(sender);
    const struct load_stream *stream = &sender->stream;
    const struct load_proof proof = {
        .run = sender->office->run, .key = stream->id, .version = (uint32_t) stream->sent + 1};
    size_t size = load_sizes_next(&settings->sizes, &sender->random);
    if (cy_msg_create(msg, load_verb_tag(settings->verb), size) != 0)
        return LOAD_REFUSED;
    load_proof_write(cy_msg_body(*msg), size, &proof);
    return LOAD_DONE;
}

/* The answer to a call must be what was asked. */
static void
judge_answer(struct load_sender *sender, const cy_msg *answer, struct load_reply *reply)
{
    struct load_proof proof;
    reply->kind = LOAD_DAMAGED;
    if (load_proof_read(&proof, cy_msg_body(answer), cy_msg_size(answer)) == 0 &&
        proof.run == sender->office->run && proof.key == sender->stream.id &&
        proof.version == (uint32_t) sender->stream.sent + 1)
        reply->kind = LOAD_VALUE;
    else
        counters_of(sender)->faults.corrupted++;
}

static void
count_bytes(struct load_sender *sender, const struct load_request *request, size_t sent,
            size_t received)
{
    const struct load_recorder *recorder = &sender->office->group->recorder;
    if (!load_recorder_measures(recorder, request->sent_ns))
        return;
    counters_of(sender)->bytes_sent += sent;
    counters_of(sender)->bytes_received += received;
}

/* One try. What was sent counts, whatever became of it. */
static enum load_outcome
try_once(struct load_sender *sender, struct load_request *request)
{
    struct load_recorder *recorder = &sender->office->group->recorder;
    struct load_reply reply = {.kind = LOAD_OK};
    cy_msg *msg = NULL, *answer = NULL;
    enum load_outcome outcome = make_payload(sender, &msg);
    if (outcome != LOAD_DONE)
        return outcome;
    size_t size = cy_msg_size(msg), answer_size = 0;
    request->sent_ns = load_clock();
    outcome = load_verb_do(settings_of(sender), sender->office->recipient.ref, &msg, &answer);
    reply.at_ns = load_clock();
    if (answer != NULL) {
        answer_size = cy_msg_size(answer);
        judge_answer(sender, answer, &reply);
        cy_msg_free(&answer);
    }
    if (msg == NULL) {
        sender->stream.sent++;
        load_recorder_sent(recorder, request->intended_ns, request->sent_ns);
        count_bytes(sender, request, size, answer_size);
        if (outcome == LOAD_DONE && reply.kind != LOAD_DAMAGED)
            load_recorder_answered(recorder, request, &reply);
    }
    cy_msg_free(&msg);
    return outcome;
}

/* What a try that did not succeed means for the counters. Returns whether to try again. */
static bool
judge(struct load_sender *sender, enum load_outcome outcome)
{
    struct load_counters *counters = counters_of(sender);
    bool call = settings_of(sender)->verb == LOAD_VERB_CALL;
    bool books = sender->stream.readers > 0;
    switch (outcome) {
    case LOAD_FULL:
        return cy_sleep(PAUSE_NS) == 0;
    case LOAD_GONE:
        load_office_lose(sender->office, sender->life);
        return true;
    case LOAD_LEFT:
        counters->faults.lost++;
        load_office_lose(sender->office, sender->life);
        return false;
    case LOAD_UNANSWERED:
        counters->timeouts++;
        counters->faults.lost += call;
        counters->unproved += !call && !books;
        return false;
    case LOAD_PART:
        counters->faults.lost += !books; /* else that is seen there */
        return false;
    case LOAD_REFUSED:
        counters->error_replies++;
        return false;
    case LOAD_DONE:
    case LOAD_CANCELED:
        break;
    }
    return false;
}

/* Waits while there is no recipient. False: the run is over before there is one. */
static bool
await_recipient(struct load_sender *sender)
{
    while (sender->office->seeking && !load_group_over(sender->office->group))
        if (cy_suspend(CY_FOREVER) == -ECANCELED)
            return false;
    return !sender->office->seeking;
}

/* Everything that comes before a try. */
static enum load_outcome
get_ready(struct load_sender *sender)
{
    if (!await_recipient(sender))
        return LOAD_CANCELED;
    if (sender->life != sender->office->life && begin_stream(sender) != 0)
        return LOAD_REFUSED;
    enum load_outcome outcome = keep_books(sender);
    if (outcome != LOAD_UNANSWERED)
        return outcome;
    /* The readers are silent: what they did not confirm stays unproved, and a stream begins
     * with which they may do better. */
    counters_of(sender)->timeouts++;
    return begin_stream(sender) == 0 ? LOAD_FULL : LOAD_REFUSED;
}

static void
transact(struct load_sender *sender, int64_t due_ns)
{
    struct load_recorder *recorder = &sender->office->group->recorder;
    struct load_request request = {.operation = LOAD_TAG, .intended_ns = due_ns};
    enum load_outcome outcome;
    do {
        outcome = get_ready(sender);
        if (outcome == LOAD_DONE)
            outcome = try_once(sender, &request);
    } while (judge(sender, outcome));
    if (outcome == LOAD_CANCELED || outcome == LOAD_FULL)
        recorder->counters.dropped += load_recorder_measures(recorder, due_ns);
}

/* The last mark, and what is said to it. */
static void
close_books(struct load_sender *sender)
{
    struct load_stream *stream = &sender->stream;
    cy_time deadline = cy_after(settings_of(sender)->flags.timeout_ns);
    enum load_outcome outcome = LOAD_FULL;
    bool current = sender->life == sender->office->life && !sender->office->seeking;
    if (stream->readers == 0 || stream->bookless || stream->sent == 0 || !current)
        return;
    while (outcome == LOAD_FULL && cy_now() < deadline) {
        outcome = send_mark(sender);
        if (outcome == LOAD_FULL && cy_sleep(PAUSE_NS) != 0)
            return;
    }
    if (outcome == LOAD_GONE)
        load_office_lose(sender->office, sender->life);
    while (outcome == LOAD_DONE && !stream->bookless && !sender->office->seeking &&
           load_stream_confirmed(stream) < stream->sent) {
        int rc = hear_one(sender, deadline);
        counters_of(sender)->timeouts += rc == -ETIMEDOUT;
        if (rc != 0)
            return;
    }
}

static void
become_idle(struct load_sender *sender)
{
    sender->next = *sender->idle;
    *sender->idle = sender;
    load_group_room(sender->office->group);
}

/* The next request, if there is one now. */
static bool
next_request(struct load_sender *sender, int64_t *due_ns)
{
    const struct load_group *group = sender->office->group;
    if (group->closed_loop && group->phase == LOAD_PHASE_RUNNING) {
        *due_ns = load_clock();
        return true;
    }
    *due_ns = sender->due_ns;
    return sender->asked;
}

static int
load_send(void *arg)
{
    struct load_sender *sender = arg;
    struct load_group *group = sender->office->group;
    int64_t due;
    int rc = 0;
    become_idle(sender);
    load_group_ready(group);
    while (rc != -ECANCELED) {
        if (next_request(sender, &due)) {
            transact(sender, due);
            if (sender->asked)
                become_idle(sender);
            sender->asked = false;
            rc = cy_yield();
        } else if (load_group_over(group)) {
            break;
        } else {
            rc = cy_suspend(CY_FOREVER);
        }
    }
    close_books(sender);
    end_stream(sender);
    load_office_leave(sender->office);
    load_group_leave(group);
    return 0;
}

int
load_sender_start(struct load_sender *sender)
{
    const struct load_office *office = sender->office;
    int rc = load_stream_begin(&sender->stream, sender->stream.id, office->recipient.readers,
                               office->mark_every);
    rc = rc != 0 ? rc : cy_task_spawn(&sender->task, load_send, sender, NULL);
    sender->office->busy += rc == 0;
    sender->office->group->tasks += rc == 0;
    return rc;
}

void
load_sender_fini(struct load_sender *sender)
{
    load_stream_fini(&sender->stream);
}
