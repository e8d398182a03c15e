/*
 * channel_question.c - what the owner of a channel asks of other nodes, until they answer.
 *
 * A question is known by its number, which no other of this core ever has, and is answered by
 * the core that was asked or by nobody. When that core's node is lost, so is the answer.
 */
#include "channel.h"
#include <stdlib.h>

static struct cyi_place
peer_of(cy_ref ref)
{
    return (struct cyi_place){.core = ref.core, .node = ref.node};
}

static void
forget(struct cyi_channels *channels, struct cyi_question *question)
{
    cyi_map_remove(&channels->question, &question->node);
    cyi_list_remove(&question->link);
}

int
cyi_question_ask(struct cyi_core *core, cy_ref to, struct cyi_question *question,
                 struct cyi_channel_word *word, cy_msg *msg)
{
    struct cyi_channels *channels = core->channels;
    if (core->node->router == NULL)
        return CY_ENOPEER;
    if (channels->question.count >= CYI_QUESTIONS_MAX)
        return -EAGAIN;
    question->number = word->number = ++channels->question_number;
    question->peer = peer_of(to);
    int rc =
        cyi_map_insert(&channels->question, &question->node, cyi_hash_number(question->number));
    if (rc != 0)
        return rc;
    cyi_list_append(&channels->asked, &question->link);
    rc = core->node->router->channel(core, to, word, msg);
    if (rc != 0)
        forget(channels, question);
    return rc;
}

void
cyi_question_answered(struct cyi_core *core, cy_ref from, const struct cyi_channel_word *word,
                      const cy_msg *refs)
{
    struct cyi_map_node *node =
        cyi_map_first(&core->channels->question, cyi_hash_number(word->number));
    if (node == NULL) /* the hash is one to one */
        return;
    struct cyi_question *question = cyi_container_of(node, struct cyi_question, node);
    if (!cyi_place_equal(question->peer, peer_of(from)))
        return;
    forget(core->channels, question);
    question->answered(core, question, word->result, refs);
}

/* Who hears that may ask others, but nobody there. */
void
cyi_questions_lost(struct cyi_core *core, cy_ref peer)
{
    struct cyi_list lost;
    cyi_list_init(&lost);
    cyi_list_for_each_safe(link, &core->channels->asked) {
        struct cyi_question *question = cyi_container_of(link, struct cyi_question, link);
        if (!cyi_place_equal(question->peer, peer_of(peer)))
            continue;
        forget(core->channels, question);
        cyi_list_append(&lost, link);
    }
    while (!cyi_list_empty(&lost)) {
        struct cyi_question *question = cyi_container_of(lost.next, struct cyi_question, link);
        cyi_list_remove(&question->link);
        question->answered(core, question, CY_ENOPEER, NULL);
    }
}

static void
free_question(struct cyi_map_node *node, void *arg)
{
    (void) arg;
    free(cyi_container_of(node, struct cyi_question, node));
}

void
cyi_questions_fini(struct cyi_channels *channels)
{
    cyi_map_drain(&channels->question, free_question, NULL);
    cyi_map_fini(&channels->question);
}
