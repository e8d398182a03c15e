/* senders.c - targets that are reached by messages: task:// and channel://. */
#include "senders.h"
#include "recipient.h"
#include "sender.h"
#include "units.h"

#include <cycos/task.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { WAITING_MAX = 16384, MARK_EVERY_MAX = 1000 };
#define WAITING_BYTES_MAX ((uint64_t) 64 << 20)

/* A line is as many senders as the pipeline is deep. */
struct senders {
    struct load_office office;
    struct load_sender **idle; /* of each line */
    uint32_t pipeline;
};

static int
find(struct load_place *out, const struct load_settings *settings, char *error, size_t size)
{
    char waited[LOAD_UNIT_TEXT_MAX];
    int rc = load_recipient_find(&out->recipient, settings, settings->flags.timeout_ns);
    if (rc == -ETIMEDOUT)
        snprintf(error, size,
                 "cannot find %s: nobody on this network has had that name for %s (the UDP "
                 "port and the secret must be those of the others; --peers, --timeout)",
                 settings->target_text,
                 load_format_duration(waited, (double) settings->flags.timeout_ns));
    else if (rc != 0)
        snprintf(error, size, "cannot find %s: %s", settings->target_text, cy_strerror(rc));
    return rc;
}

uint32_t
load_mark_every(const struct load_settings *settings)
{
    uint64_t streams = (uint64_t) settings->connections * settings->pipeline;
    uint64_t waiting = WAITING_BYTES_MAX / settings->sizes.max_bytes;
    uint64_t every = (waiting < WAITING_MAX ? waiting : WAITING_MAX) / streams;
    every = every < MARK_EVERY_MAX ? every : MARK_EVERY_MAX;
    return every > 0 ? (uint32_t) every : 1;
}

static int
open_all(struct load_group *group, const struct load_order *order)
{
    const struct load_settings *settings = order->settings;
    uint32_t pipeline = settings->pipeline, streams = settings->connections * pipeline;
    struct senders *s = calloc(1, sizeof *s);
    if (s == NULL)
        return -ENOMEM;
    group->lines = s;
    s->pipeline = pipeline;
    s->office = (struct load_office){
        .group = group,
        .recipient = order->place.recipient,
        .run = order->run,
        .streams = streams,
        .mark_every = load_mark_every(settings),
        .senders = calloc((size_t) order->count * pipeline, sizeof *s->office.senders),
    };
    s->idle = calloc(order->count, sizeof(struct load_sender *));
    if (s->office.senders == NULL || s->idle == NULL)
        return -ENOMEM;
    group->unready = order->count * pipeline;
    int rc = load_office_open(&s->office);
    for (uint32_t i = 0; i < order->count * pipeline && rc == 0; i++) {
        struct load_sender *sender = &s->office.senders[i];
        uint32_t number = order->first_connection * pipeline + i;
        sender->office = &s->office;
        sender->idle = &s->idle[i / pipeline];
        sender->stream.id = number;
        load_random_seed(&sender->random, settings->seed, (uint64_t) number + 1);
        rc = load_sender_start(sender);
        s->office.count += rc == 0;
    }
    return rc;
}

static void
close_all(struct load_group *group)
{
    struct senders *s = group->lines;
    if (s == NULL)
        return;
    for (uint32_t i = 0; i < s->office.count; i++)
        load_sender_fini(&s->office.senders[i]);
    free(s->office.senders);
    free(s->idle);
    free(s);
    group->lines = NULL;
}

static bool
room(const struct load_group *group, uint32_t line)
{
    const struct senders *s = group->lines;
    return s->idle[line] != NULL;
}

static int
request(struct load_group *group, uint32_t line, int64_t due_ns)
{
    struct senders *s = group->lines;
    struct load_sender *sender = s->idle[line];
    s->idle[line] = sender->next;
    sender->asked = true;
    sender->due_ns = due_ns;
    load_sender_wake(sender);
    return 0;
}

/* The phase has changed: each of its senders looks what that means for it. */
static void
rouse(const struct senders *s, uint32_t line)
{
    for (uint32_t i = 0; i < s->pipeline; i++) {
        uint32_t at = line * s->pipeline + i;
        if (at < s->office.count)
            load_sender_wake(&s->office.senders[at]);
    }
}

static void
top_up(struct load_group *group, uint32_t line, int64_t now_ns)
{
    (void) now_ns;
    rouse(group->lines, line);
}

static void
drain(struct load_group *group, uint32_t line)
{
    struct senders *s = group->lines;
    rouse(s, line);
    if (s->office.seeking || s->office.count == 0)
        load_office_close(&s->office);
}

static void
give_up(struct load_group *group, uint32_t line)
{
    const struct senders *s = group->lines;
    for (uint32_t i = 0; i < s->pipeline; i++) {
        int rc = cy_terminate(s->office.senders[line * s->pipeline + i].task);
        (void) rc; /* it may have ended */
    }
}

const struct load_kind load_senders = {
    .find = find,
    .open = open_all,
    .close = close_all,
    .room = room,
    .request = request,
    .top_up = top_up,
    .drain = drain,
    .give_up = give_up,
};
