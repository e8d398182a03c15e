/*
 * channel_search.c - would a channel that subscribes close a circle through other nodes?
 *
 * Each node knows what its own channels feed. So the owner of the new edge goes from node to
 * node, and asks each channel of another node that it meets to which others it leads, until
 * it has met itself or all. The edge stands in the graph before the search begins: of several
 * that would close a circle together, the search that began last sees all others. So they may
 * all be refused, but are never all accepted.
 *
 * A node that is lost leads nowhere: before it can be reached again it has dropped its
 * subscribers elsewhere.
 */
#include "channel.h"
#include <stdlib.h>

struct search {
    struct cyi_question question;
    struct cyi_return who;
    cy_ref subscriber;
    struct cyi_place channel;
    uint32_t count, next; /* channels met; of those, looked into */
    bool asking;          /* counted in channels->searches */
    cy_ref met[CYI_SEARCH_CHANNELS];
};

/* Whatever address they name. */
static bool
is_same(cy_ref a, cy_ref b)
{
    return a.node == b.node && a.core == b.core && a.slot == b.slot &&
           a.generation == b.generation;
}

static int
meet(struct search *search, cy_ref channel)
{
    for (uint32_t i = 0; i < search->count; i++) {
        if (is_same(search->met[i], channel))
            return 0;
    }
    if (search->count == CYI_SEARCH_CHANNELS)
        return -ENOBUFS;
    search->met[search->count++] = channel;
    return 0;
}

/* Our own: the graph knows. */
static int
look_here(struct cyi_core *core, struct search *search, cy_ref channel)
{
    cy_ref *found = malloc(CYI_SEARCH_CHANNELS * sizeof *found);
    int count = found == NULL
                    ? -ENOMEM
                    : cyi_channel_graph_reach(core->node, cyi_place_of(core, channel),
                                              search->channel, found, CYI_SEARCH_CHANNELS);
    int rc = count < 0 ? count : 0;
    for (int i = 0; rc == 0 && i < count; i++)
        rc = meet(search, found[i]);
    free(found);
    return rc;
}

static int
ask_there(struct cyi_core *core, struct search *search, cy_ref channel)
{
    struct cyi_channel_word word = {
        .verb = CYI_CHANNEL_TRACE, .slot = channel.slot, .generation = channel.generation};
    if (!search->asking && core->channels->searches >= CYI_SEARCHES_MAX)
        return -EAGAIN;
    int rc = cyi_question_ask(core, channel, &search->question, &word, NULL);
    if (rc == CY_ENOPEER || rc == -ESRCH)
        return 0;
    if (rc != 0)
        return rc;
    core->channels->searches += !search->asking;
    search->asking = true;
    return CYI_PENDING;
}

/* 0: all have been met. */
static int
go_on(struct cyi_core *core, struct search *search)
{
    int rc = 0;
    while (rc == 0 && search->next < search->count) {
        cy_ref channel = search->met[search->next++];
        rc = cyi_is_away(core, channel) ? ask_there(core, search, channel)
                                        : look_here(core, search, channel);
    }
    return rc;
}

/* The edge is the member's from here on, or is taken out. */
static int
conclude(struct cyi_core *core, const struct search *search, int result)
{
    struct cyi_channel *channel =
        cyi_channel_find(core, search->channel.slot, search->channel.generation);
    if (result == 0 && channel != NULL)
        return cyi_channel_admit(core, channel, search->subscriber, search->who, true);
    cyi_channel_graph_remove(core->node, search->channel,
                             cyi_place_of(core, search->subscriber));
    return result != 0 ? result : -ESRCH;
}

static void
traced(struct cyi_core *core, struct cyi_question *self, int result, const cy_msg *refs)
{
    struct search *search = (struct search *) self;
    const cy_ref *found = refs == NULL ? NULL : cyi_msg_body(refs);
    uint32_t count = refs == NULL ? 0 : refs->size / (uint32_t) sizeof *found;
    int rc = result < 0 && result != CY_ENOPEER ? result : 0;
    for (uint32_t i = 0; rc == 0 && i < count; i++)
        rc = meet(search, found[i]);
    if (rc == 0)
        rc = go_on(core, search);
    if (rc == CYI_PENDING)
        return;
    rc = conclude(core, search, rc);
    if (rc != CYI_PENDING)
        cyi_channel_answer(core, search->who, rc, NULL);
    core->channels->searches -= search->asking;
    free(search);
}

static int
begin(struct cyi_core *core, struct cyi_channel *channel, cy_ref subscriber,
      struct cyi_return who)
{
    struct search *search = malloc(sizeof *search);
    if (search == NULL)
        return -ENOMEM;
    search->question = (struct cyi_question){.answered = traced};
    search->who = who;
    search->subscriber = subscriber;
    search->channel = cyi_channel_place(core, channel);
    search->count = search->next = 0;
    search->asking = false;
    int rc = meet(search, subscriber);
    if (rc == 0)
        rc = go_on(core, search);
    if (rc != CYI_PENDING)
        free(search);
    return rc;
}

int
cyi_channel_connect(struct cyi_core *core, struct cyi_channel *channel, cy_ref subscriber,
                    struct cyi_return who)
{
    struct cyi_place self = cyi_channel_place(core, channel);
    struct cyi_place place = cyi_place_of(core, subscriber);
    int rc =
        cyi_channel_graph_add(core->node, self, place, place.node == 0 ? NULL : &subscriber);
    if (rc != 0)
        return rc;
    if (core->node->router == NULL) /* what leads to no other node */
        return 0;
    rc = begin(core, channel, subscriber, who);
    if (rc < 0)
        cyi_channel_graph_remove(core->node, self, place);
    return rc;
}
