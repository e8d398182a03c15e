/*
 * channel_guest.c - deliveries of other nodes, which wait here until there are enough
 * subscribers.
 *
 * Each link may have so many waiting, and so many bytes of messages with them.
 */
#include "channel.h"
#include <stdlib.h>

/* What came over one link and waits. */
struct guest {
    struct cyi_map_node node; /* in channels->guests */
    uint32_t waits;
    uint64_t bytes;
    uint16_t link;
};

static struct guest *
find(const struct cyi_channels *channels, uint16_t link)
{
    struct cyi_map_node *node = cyi_map_first(&channels->guests, cyi_hash_number(link));
    return node == NULL ? NULL : cyi_container_of(node, struct guest, node);
}

static struct guest *
find_or_make(struct cyi_channels *channels, uint16_t link)
{
    struct guest *guest = find(channels, link);
    if (guest != NULL)
        return guest;
    guest = calloc(1, sizeof *guest);
    if (guest == NULL)
        return NULL;
    guest->link = link;
    if (cyi_map_insert(&channels->guests, &guest->node, cyi_hash_number(link)) == 0)
        return guest;
    free(guest);
    return NULL;
}

static void
leave(struct cyi_channels *channels, uint16_t link, uint32_t bytes)
{
    struct guest *guest = find(channels, link);
    guest->bytes -= bytes;
    if (--guest->waits > 0)
        return;
    cyi_map_remove(&channels->guests, &guest->node);
    free(guest);
}

static int
enter(struct cyi_core *core, uint16_t link, uint32_t bytes)
{
    struct guest *guest = find_or_make(core->channels, link);
    if (guest == NULL)
        return -ENOMEM;
    guest->waits++;
    guest->bytes += bytes;
    if (guest->waits <= CYI_CHANNEL_GUESTS_MAX && guest->bytes <= CYI_CHANNEL_GUEST_BYTES)
        return 0;
    leave(core->channels, link, bytes);
    core->counters.refused++;
    return -EAGAIN;
}

void
cyi_channel_guest_leaves(struct cyi_core *core, struct cyi_channel_wait *wait)
{
    leave(core->channels, wait->who.link, wait->msg->size);
    cyi_msg_drop(core, wait->msg);
    wait->msg = NULL;
}

static int
begin_wait(struct cyi_core *core, struct cyi_channel *channel,
           const struct cyi_channel_word *word, cy_msg *msg)
{
    struct cyi_channel_wait *wait = malloc(sizeof *wait);
    int rc = wait == NULL ? -ENOMEM : enter(core, word->who.link, msg->size);
    if (rc != 0) {
        free(wait);
        return rc;
    }
    *wait = (struct cyi_channel_wait){.who = word->who, .n = word->n, .msg = msg};
    cyi_list_append(&channel->waits, &wait->link);
    return CYI_PENDING;
}

/* The message is taken by whoever counts, and by who waits. */
static void
publish(struct cyi_core *core, const struct cyi_channel *channel, struct cyi_return who,
        cy_msg *msg)
{
    struct cyi_report report = {.task = who};
    int rc = cyi_channel_publish_counted(core, channel, msg, &report);
    if (rc != -EINPROGRESS)
        cyi_channel_answer(core, who, rc, NULL);
}

void
cyi_channel_deliver_for(struct cyi_core *core, const struct cyi_channel_word *word, cy_msg *msg)
{
    struct cyi_channel *channel = cyi_channel_find(core, word->slot, word->generation);
    int rc = -ESRCH;
    core->counters.received_across++;
    if (channel != NULL && channel->confirmed >= word->n) {
        publish(core, channel, word->who, msg);
        return;
    }
    if (channel != NULL)
        rc = begin_wait(core, channel, word, msg);
    if (rc == CYI_PENDING)
        return;
    cyi_channel_answer(core, word->who, rc, NULL);
    cyi_msg_drop(core, msg);
}

/* Nobody waits for the answer but the record of the request, which it ends. */
void
cyi_channel_recall_for(struct cyi_core *core, const struct cyi_channel_word *word)
{
    struct cyi_channel *channel = cyi_channel_find(core, word->slot, word->generation);
    if (channel == NULL)
        return;
    cyi_list_for_each_safe(link, &channel->waits) {
        struct cyi_channel_wait *wait = cyi_container_of(link, struct cyi_channel_wait, link);
        if (wait->msg != NULL && cyi_return_equal(&wait->who, &word->who))
            cyi_channel_wait_end(core, wait, -ETIMEDOUT);
    }
}

struct whom {
    uint32_t slot, generation;
};

static struct cyi_channel_wait *
first_ready(const struct cyi_channel *channel)
{
    cyi_list_for_each(link, &channel->waits) {
        struct cyi_channel_wait *wait = cyi_container_of(link, struct cyi_channel_wait, link);
        if (wait->msg != NULL && wait->n <= channel->confirmed)
            return wait;
    }
    return NULL;
}

/* What is published may close the channel, by its transform: so it is looked up each time. */
static void
publish_ready(struct cyi_core *core, const void *args)
{
    const struct whom *whom = args;
    struct cyi_channel_wait *wait;
    struct cyi_channel *channel;
    while ((channel = cyi_channel_find(core, whom->slot, whom->generation)) != NULL &&
           (wait = first_ready(channel)) != NULL) {
        cy_msg *msg = wait->msg;
        struct cyi_return who = wait->who;
        cyi_list_remove(&wait->link);
        leave(core->channels, who.link, msg->size);
        free(wait);
        publish(core, channel, who, msg);
    }
}

/* Not from within whoever counts subscribers. */
void
cyi_channel_guests_check(struct cyi_core *core, const struct cyi_channel *channel)
{
    struct whom whom = {channel->slot, channel->generation};
    cyi_post_answer(core, core->index, publish_ready, &whom, sizeof whom);
}

void
cyi_channel_guests_lost(struct cyi_core *core, struct cyi_channel *channel, uint16_t link)
{
    cyi_list_for_each_safe(at, &channel->waits) {
        struct cyi_channel_wait *wait = cyi_container_of(at, struct cyi_channel_wait, link);
        if (wait->msg == NULL || wait->who.link != link)
            continue;
        cyi_list_remove(at);
        cyi_channel_guest_leaves(core, wait);
        free(wait);
    }
}

static void
free_guest(struct cyi_map_node *node, void *arg)
{
    (void) arg;
    free(cyi_container_of(node, struct guest, node));
}

void
cyi_channel_guests_fini(struct cyi_channels *channels)
{
    cyi_map_drain(&channels->guests, free_guest, NULL);
    cyi_map_fini(&channels->guests);
}
