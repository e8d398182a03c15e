#include "away.h"
#include "channel.h"

#include <stdlib.h>

struct asked {
    struct cyi_question question;
    int *result;
};

static void
answered(struct cyi_core *core, struct cyi_question *self, int result, const cy_msg *refs)
{
    struct asked *asked = (struct asked *) self;
    (void) core;
    CY_CHECK(refs == NULL);
    *asked->result = result;
    free(asked);
}

enum { UNANSWERED = 99 };

static int
ask(cy_ref to, int *result)
{
    struct cyi_channel_word word = {.verb = CYI_CHANNEL_TRACE};
    struct asked *asked = calloc(1, sizeof *asked);
    asked->question.answered = answered;
    asked->result = result;
    *result = UNANSWERED;
    int rc = cyi_question_ask(cyi_self, to, &asked->question, &word, NULL);
    if (rc != 0)
        free(asked);
    return rc;
}

static void
reply_from(cy_ref from, uint64_t number, int result)
{
    struct cyi_channel_word word = {
        .verb = CYI_CHANNEL_REPLY, .number = number, .result = result};
    away_hear(from, &word);
}

static int
once(void *arg)
{
    cy_ref there = away_ref(2, 1, CY_KIND_CHANNEL, 1);
    int first, second;
    (void) arg;
    away_channel("any"); /* so that this core has channels */
    CY_CHECK_EQ(ask(there, &first), 0);
    CY_CHECK_EQ(ask(there, &second), 0);
    uint64_t a = away_next(CYI_CHANNEL_TRACE)->word.number;
    uint64_t b = away_next(CYI_CHANNEL_TRACE)->word.number;
    CY_CHECK(a != b && a != 0 && b != 0);
    reply_from(away_ref(2, 0, CY_KIND_CHANNEL, 1), a, 1); /* another core; another node */
    reply_from(away_ref(3, 1, CY_KIND_CHANNEL, 1), a, 1);
    reply_from(there, b + 1, 1);
    CY_CHECK(first == UNANSWERED && second == UNANSWERED);
    reply_from(there, b, 2);
    CY_CHECK(first == UNANSWERED && second == 2);
    reply_from(there, b, 3);
    CY_CHECK_EQ(second, 2);
    reply_from(there, a, 4);
    CY_CHECK_EQ(first, 4);
    return 0;
}

static void
who_was_asked_answers_once(void)
{
    away_run(once);
}

static int
losing(void *arg)
{
    int results[3];
    (void) arg;
    away_channel("any");
    CY_CHECK_EQ(ask(away_ref(2, 1, CY_KIND_CHANNEL, 1), &results[0]), 0);
    CY_CHECK_EQ(ask(away_ref(2, 0, CY_KIND_CHANNEL, 1), &results[1]), 0);
    CY_CHECK_EQ(ask(away_ref(3, 1, CY_KIND_CHANNEL, 1), &results[2]), 0);
    cyi_channels_lost(cyi_self, away_ref(2, 1, CY_KIND_CHANNEL, 1), AWAY_LINK);
    CY_CHECK_EQ(results[0], CY_ENOPEER);
    CY_CHECK(results[1] == UNANSWERED && results[2] == UNANSWERED);
    CY_CHECK_EQ(cyi_self->channels->question.count, 2);
    return 0; /* the end of the node answers nobody */
}

static void
a_core_that_is_lost_answers_nothing(void)
{
    away_run(losing);
}

static int
refusing(void *arg)
{
    static int results[CYI_QUESTIONS_MAX];
    cy_ref there = away_ref(2, 1, CY_KIND_CHANNEL, 1);
    int last;
    (void) arg;
    away_channel("any");
    away.refuse = -EAGAIN;
    CY_CHECK_EQ(ask(there, &last), -EAGAIN);
    CY_CHECK_EQ(cyi_self->channels->question.count, 0);
    away.refuse = 0;
    for (uint32_t i = 0; i < CYI_QUESTIONS_MAX; i++) {
        CY_CHECK_EQ(ask(there, &results[i]), 0);
        away.said_count = 0;
    }
    CY_CHECK_EQ(ask(there, &last), -EAGAIN);
    cyi_channels_lost(cyi_self, there, AWAY_LINK);
    CY_CHECK_EQ(results[0], CY_ENOPEER);
    CY_CHECK_EQ(results[CYI_QUESTIONS_MAX - 1], CY_ENOPEER);
    CY_CHECK_EQ(ask(there, &last), 0);
    reply_from(there, CYI_QUESTIONS_MAX + 2, 1);
    CY_CHECK_EQ(last, 1);
    return 0;
}

static void
there_may_be_so_many_at_once(void)
{
    away_run(refusing);
}

CY_TEST_MAIN("runtime.channel_question", CY_TEST(who_was_asked_answers_once),
             CY_TEST(a_core_that_is_lost_answers_nothing),
             CY_TEST(there_may_be_so_many_at_once))
