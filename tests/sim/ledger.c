/* ledger.c - parties that send to each other, and the balance of what came. */
#include "ledger.h"

#include <cycos/peer.h>
#include <member.h>
#include <stdlib.h>
#include <string.h>

enum { HEARD = 0x80, TAG_DATA = 7, TAG_CALL = 8, TAG_REPLY = 9, FIRST_PORT = 7000 };

/* What a message begins with; a pattern follows. */
struct head {
    uint32_t from, to, seq, size;
};

static struct {
    uint64_t worlds, quiet, sent, received, refused, unknown, missing, replies, lost, crashed;
} totals;

/* Half of the worlds are small and fast, the others differ. */
static void
draw_limits(struct cyi_net_limits *limits)
{
    if (one_in(2))
        return;
    limits->window_bytes = UINT32_C(70000) << draw(7);
    limits->queue_bytes = UINT64_C(70000) << draw(9);
    limits->ack_ns = draw_time(50 * CY_MILLISECOND);
    limits->idle_ns = 200 * CY_MILLISECOND + draw_time(2 * CY_SECOND); /* some round trips */
    limits->redial_max_ns = limits->redial_ns + draw_time(2 * CY_SECOND);
}

static void
draw_node(uint32_t i, bool secret)
{
    static const char *const passwords[] = {"a secret of this cluster"};
    struct cyi_net_setup *setup = &ledger()->setup[i];
    cyi_net_setup_init(setup);
    draw_limits(&setup->limits);
    setup->passwords = passwords;
    setup->password_count = secret;
    setup->no_aes = i % 3 == 2; /* some are not good at it, and the others have to notice */
    world.options[i].network = &setup->network;
    world.options[i].cores = draw_between(1, 3);
    world.options[i].tcp_port = FIRST_PORT + 10 * i;
}

static void
limit_latency(struct cyi_sim_options *o, cy_time max)
{
    if (o->latency_ns_max > max)
        o->latency_ns_max = max;
}

/* A connection must be good enough for a handshake within 5 s, for a probe within 4.25 s. */
static void
tame(struct cyi_sim_options *o)
{
    uint32_t buffer = UINT32_C(512) << draw(8);
    ledger()->plan.buffer_bytes = buffer;
    o->buffer_max = 0; /* some would have place for one byte */
    if (o->segment_max != 0 && o->segment_max < 16)
        o->segment_max = 16;
    limit_latency(o, 20 * CY_MILLISECOND);
    limit_latency(o, buffer * 5 * CY_MICROSECOND);
    if (o->segment_max != 0)
        limit_latency(o, o->segment_max * 10 * CY_MICROSECOND);
    o->refuse_chance = 0; /* means that the other one has ended */
    /* Most frames of 64 KiB get through: what is cut in between has to come again whole. */
    uint32_t unit = o->segment_max != 0 && o->segment_max < buffer ? o->segment_max : buffer;
    o->reset_chance = one_in(2) ? 0 : draw(unit / 256 + 1);
}

static void
draw_plan(struct ledger_plan *plan)
{
    const struct cyi_sim_options *o = &world.sim_options;
    bool slow = plan->buffer_bytes < 16384 || (o->segment_max != 0 && o->segment_max < 1024);
    plan->parties = draw_between(1, 3);
    plan->messages = 10 + (uint32_t) draw_time(200);
    plan->burst_max = 1 + (uint32_t) draw_time(50);
    plan->size_max = slow ? 10000 : 200 << 10;
    plan->bytes = slow ? 100 << 10 : 1 << 20;
    plan->pause_max = 10 * CY_MILLISECOND + draw_time(CY_SECOND);
    plan->stop_at = 8 * CY_SECOND;
    plan->end_at = 30 * CY_SECOND;
}

void
ledger_prepare(uint32_t nodes_min, uint32_t nodes_max)
{
    bool secret = one_in(4);
    world.nodes = draw_between(nodes_min, nodes_max);
    world.hosts = draw_between(1, world.nodes);
    tame(&world.sim_options);
    for (uint32_t i = 0; i < world.nodes; i++)
        draw_node(i, secret);
    draw_plan(&ledger()->plan);
    world.swarm.begin = 0;
    world.swarm.end = ledger()->plan.stop_at;
    world.swarm.crashed = ledger_crashed;
}

struct ledger_instance *
ledger_self(void)
{
    for (uint32_t i = ledger()->instance_count; i > 0; i--) {
        if (ledger()->instances[i - 1].node == cyi_self->node)
            return &ledger()->instances[i - 1];
    }
    return NULL;
}

static uint32_t
index_of(const struct ledger_instance *instance)
{
    return (uint32_t) (instance - ledger()->instances);
}

void
ledger_crashed(struct cyi_sim *sim, struct cyi_node *node, void *arg)
{
    (void) sim;
    (void) arg;
    for (uint32_t i = 0; i < ledger()->instance_count; i++) {
        struct ledger_instance *instance = &ledger()->instances[i];
        if (instance->node != node)
            continue;
        instance->crashed = true;
        instance->node = NULL;
        note(i);
    }
}

bool
ledger_parted(const struct ledger_instance *a, const struct ledger_instance *b)
{
    return a->crashed || b->crashed || a->life[index_of(b)] != 0 || b->life[index_of(a)] != 0;
}

static struct ledger_instance *
instance_of(uint32_t party)
{
    return &ledger()->instances[ledger()->parties[party].instance];
}

/* Entries. */

static uint8_t *
entry_of(uint32_t from, uint32_t to, uint32_t seq)
{
    return &ledger()->pairs[from][to].entries[seq - 1];
}

static uint32_t
book(uint32_t from, uint32_t to)
{
    struct ledger_pair *pair = &ledger()->pairs[from][to];
    if (pair->count == pair->max) {
        pair->max = 2 * pair->max + 16;
        pair->entries = realloc(pair->entries, pair->max);
        EXPECT(pair->entries != NULL);
    }
    pair->entries[pair->count++] = LEDGER_OPEN;
    return pair->count;
}

static void
set_state(uint32_t from, uint32_t to, uint32_t seq, enum ledger_state state)
{
    uint8_t *entry = entry_of(from, to, seq);
    EXPECT(state != LEDGER_REFUSED || (*entry & HEARD) == 0);
    *entry = (uint8_t) ((*entry & HEARD) | state);
    note((uint64_t) seq << 32 | state);
    ledger()->sent += state == LEDGER_SENT || state == LEDGER_QUEUED;
    ledger()->refused += state == LEDGER_REFUSED;
    ledger()->unknown += state == LEDGER_OPEN;
}

/* Byte i of a message whose pattern begins with this one. */
static uint8_t
pattern(uint8_t first, uint32_t i)
{
    return (uint8_t) (first + i + (i >> 8) * 3);
}

static uint8_t
pattern_first(const struct head *head)
{
    return (uint8_t) (head->seq * 31 + head->from * 5);
}

static cy_msg *
compose(const struct head *head, uint32_t tag)
{
    cy_msg *msg;
    if (cy_msg_create(&msg, tag, sizeof *head + head->size) != 0)
        return NULL;
    uint8_t *body = cy_msg_body(msg);
    const uint32_t size = head->size; /* the bytes could alias it, as far as compilers know */
    const uint8_t first = pattern_first(head);
    memcpy(body, head, sizeof *head);
    for (uint32_t i = 0; i < size; i++)
        body[sizeof *head + i] = pattern(first, i);
    return msg;
}

static bool
is_whole(const cy_msg *msg, const struct head *head)
{
    const uint8_t *body = cy_msg_body(msg);
    bool whole = cy_msg_size(msg) == sizeof *head + head->size;
    const uint8_t first = pattern_first(head);
    for (uint32_t i = 0; whole && i < head->size; i++)
        whole = body[sizeof *head + i] == pattern(first, i);
    return whole;
}

/* Receiving. */

static void
reply_to(const cy_msg *request, const struct head *head)
{
    cy_msg *reply = compose(head, TAG_REPLY);
    if (reply == NULL)
        return;
    int rc = cy_reply(request, &reply);
    EXPECT(rc == 0 || rc == CY_ENOPEER);
    cy_msg_free(&reply);
    ledger()->replies++;
}

static void
check_in(uint32_t me, const cy_msg *msg)
{
    struct head head;
    EXPECT(cy_msg_size(msg) >= sizeof head);
    memcpy(&head, cy_msg_body(msg), sizeof head);
    EXPECT_EQ(head.to, me);
    EXPECT(head.from < ledger()->party_count && is_whole(msg, &head));
    struct ledger_pair *pair = &ledger()->pairs[head.from][me];
    EXPECT(head.seq > pair->heard && head.seq <= pair->count);
    if (world.complaint[0] != '\0')
        return;
    uint8_t *entry = entry_of(head.from, me, head.seq);
    EXPECT((*entry & ~HEARD) != LEDGER_REFUSED);
    *entry |= HEARD;
    pair->heard = head.seq;
    ledger()->received++;
    note((uint64_t) head.seq << 32 | head.from << 16 | me);
    if (cy_msg_tag(msg) == TAG_CALL)
        reply_to(msg, &head);
}

static int
hear_for(uint32_t me, cy_time duration)
{
    cy_time until = cy_after(duration);
    cy_msg *msg;
    int rc;
    while ((rc = cy_receive(&msg, until)) == 0) {
        check_in(me, msg);
        cy_msg_free(&msg);
    }
    return rc == -ETIMEDOUT ? 0 : rc;
}

/* Sending. */

static bool
is_failure(int rc)
{
    return rc == -EAGAIN || rc == -ESRCH || rc == CY_ENOPEER ||
           (rc == -ENOMEM && ledger()->plan.no_memory);
}

static uint32_t
draw_size(void)
{
    struct ledger_plan *plan = &ledger()->plan;
    uint32_t size = (uint32_t) draw_time(plan->size_max) - 1;
    if (size <= 1024)
        return size;
    if (size > plan->bytes)
        return 1024;
    plan->bytes -= size;
    return size;
}

static int
send_one(const struct head *head, cy_ref to)
{
    cy_msg *msg = compose(head, TAG_DATA);
    int rc = -ENOMEM;
    if (msg != NULL)
        rc = one_in(2) ? cy_send(to, &msg)
                       : cy_send_bytes(to, TAG_DATA, cy_msg_body(msg), cy_msg_size(msg));
    cy_msg_free(&msg);
    EXPECT(rc == 0 || is_failure(rc));
    set_state(head->from, head->to, head->seq, rc == 0 ? LEDGER_SENT : LEDGER_REFUSED);
    return rc;
}

static int
deliver_one(const struct head *head, cy_ref to)
{
    cy_msg *msg = compose(head, TAG_DATA);
    int rc = -ENOMEM;
    if (msg != NULL)
        rc = cy_deliver(to, &msg, one_in(4) ? CY_FOREVER : cy_after(draw_time(CY_SECOND)));
    EXPECT(rc == 0 || rc == 1 || is_failure(rc) || rc == -ECANCELED);
    EXPECT(cyi_sim_now(world.sim) < ledger()->plan.end_at); /* nobody waits for ever */
    EXPECT_EQ(msg == NULL, rc >= 0 || (rc == -ENOMEM && msg == NULL));
    if (msg != NULL)
        EXPECT(is_whole(msg, head));
    cy_msg_free(&msg);
    set_state(head->from, head->to, head->seq,
              rc == 1   ? LEDGER_QUEUED
              : rc == 0 ? LEDGER_OPEN
                        : LEDGER_REFUSED);
    return rc < 0 ? rc : 0;
}

static int
call_one(const struct head *head, cy_ref to)
{
    cy_msg *msg = compose(head, TAG_CALL), *reply = NULL;
    struct head back;
    int rc = -ENOMEM;
    bool failed = msg == NULL;
    if (msg != NULL)
        rc = cy_call(&reply, to, &msg, cy_after(draw_time(CY_SECOND)));
    if (rc == 0) {
        memcpy(&back, cy_msg_body(reply), sizeof back);
        EXPECT(memcmp(&back, head, sizeof back) == 0 && is_whole(reply, head));
    }
    EXPECT(rc == 0 || is_failure(rc) || rc == -ETIMEDOUT || rc == -ECANCELED);
    failed = failed || msg != NULL;
    cy_msg_free(&reply);
    cy_msg_free(&msg);
    set_state(head->from, head->to, head->seq,
              rc == 0  ? LEDGER_QUEUED
              : failed ? LEDGER_REFUSED
                       : LEDGER_OPEN);
    return rc;
}

static int
post_one(uint32_t me, uint32_t to)
{
    cy_ref ref = ledger()->parties[to].ref;
    struct head head = {.from = me, .to = to, .size = draw_size()};
    head.seq = book(me, to);
    switch (draw(8)) {
    case 0:
        return deliver_one(&head, ref);
    case 1:
        return call_one(&head, ref);
    default:
        return send_one(&head, ref);
    }
}

/* Somebody of another node; now and then of one that has ended. */
static bool
draw_party(uint32_t me, uint32_t *out)
{
    for (int tries = 0; tries < 16; tries++) {
        *out = draw(ledger()->party_count);
        const struct ledger_party *party = &ledger()->parties[*out];
        if (party->instance == ledger()->parties[me].instance || cy_ref_is_nobody(party->ref) ||
            (instance_of(*out)->crashed && !one_in(10)))
            continue;
        return true;
    }
    return false;
}

static uint32_t
burst(uint32_t me)
{
    uint32_t to, n = 1 + draw(ledger()->plan.burst_max);
    if (!draw_party(me, &to))
        return 0;
    for (uint32_t i = 0; i < n; i++) {
        int rc = post_one(me, to);
        EXPECT(rc != -ESRCH || ledger()->instances[ledger()->parties[to].instance].crashed ||
               ledger()->instance_count > 1);
        if (rc != 0)
            break;
    }
    return n;
}

/* Long enough for the messages to last until the faults are over, mostly. */
static cy_time
draw_pause(const struct ledger_plan *plan)
{
    return one_in(4) ? draw_time(CY_MILLISECOND) : draw_time(plan->pause_max);
}

static int
party(void *arg)
{
    struct ledger_plan *plan = &ledger()->plan;
    uint32_t me = (uint32_t) (uintptr_t) arg, sent = 0;
    ledger()->parties[me].ref = cy_self();
    while (cyi_sim_now(world.sim) < plan->stop_at && world.complaint[0] == '\0') {
        if (sent < plan->messages)
            sent += burst(me);
        (void) !hear_for(me, sent < plan->messages ? draw_pause(plan) : CY_SECOND);
    }
    while (cyi_sim_now(world.sim) < plan->end_at + CY_SECOND && world.complaint[0] == '\0') {
        if (hear_for(me, CY_SECOND) != 0)
            break;
    }
    return 0;
}

/* A node. */

static struct ledger_instance *
open_instance(uint32_t slot)
{
    if (ledger()->instance_count == LEDGER_INSTANCES)
        return NULL;
    struct ledger_instance *instance = &ledger()->instances[ledger()->instance_count++];
    *instance = (struct ledger_instance){.node = cyi_self->node, .slot = slot};
    memcpy(instance->incarnation, cyi_self->node->incarnation, sizeof instance->incarnation);
    return instance;
}

/* Without memory for it there is one party less. */
static void
start_party(uint32_t instance)
{
    if (ledger()->party_count == LEDGER_PARTIES)
        return;
    uint32_t number = ledger()->party_count++;
    ledger()->parties[number].instance = instance;
    int rc = cy_task_spawn_on(NULL, (uint16_t) draw(cy_core_count()), party,
                              (void *) (uintptr_t) number, NULL);
    EXPECT(rc == 0 || (rc == -ENOMEM && ledger()->plan.no_memory));
}

static void
close_books(struct ledger_instance *self)
{
    const struct cyi_node *node = self->node;
    for (uint16_t i = 0; i < node->core_count; i++)
        self->lost += node->cores[i]->counters.lost;
    for (uint32_t i = 0; i < ledger()->instance_count; i++)
        self->life[i] = cyi_members_life(cyi_net_core(node->cores[0])->net->members,
                                         ledger()->instances[i].incarnation);
    self->closed = true;
}

static int
sleep_until(cy_time at)
{
    while (cyi_sim_now(world.sim) < at && world.complaint[0] == '\0') {
        if (cy_sleep(CY_SECOND / 2) == -ECANCELED)
            return -ECANCELED;
    }
    return 0;
}

int
ledger_main(void *number)
{
    struct ledger_plan *plan = &ledger()->plan;
    struct ledger_instance *self = open_instance((uint32_t) (uintptr_t) number);
    cyi_sim_buffer(world.sim, CYI_SIM_ALL, plan->buffer_bytes);
    for (uint32_t i = 0; self != NULL && i < plan->parties; i++)
        start_party(index_of(self));
    if (self != NULL && plan->companion != NULL)
        EXPECT_EQ(cy_task_spawn(NULL, plan->companion, self, NULL), 0);
    (void) !sleep_until(plan->end_at);
    if (self != NULL)
        close_books(self);
    (void) !sleep_until(plan->end_at + 5 * CY_SECOND);
    cy_shutdown(CY_NOW);
    return 0;
}

/* The balance. */

static void
check_pair(uint32_t from, uint32_t to)
{
    struct ledger_pair *pair = &ledger()->pairs[from][to];
    const struct ledger_instance *a = instance_of(from), *b = instance_of(to);
    /* Of a node that it has never met, the sender counts the loss without a declaration. */
    bool excuse = ledger_parted(a, b) || ledger()->plan.no_memory || a->lost > 0;
    for (uint32_t i = 0; i < pair->count; i++) {
        bool heard = pair->entries[i] & HEARD;
        uint8_t state = pair->entries[i] & (HEARD - 1);
        if (heard || b->crashed)
            continue;
        EXPECT(state != LEDGER_QUEUED);
        EXPECT(state != LEDGER_SENT || excuse);
        ledger()->missing += state == LEDGER_SENT && !a->crashed;
    }
    free(pair->entries);
}

static void
add_totals(uint64_t lost)
{
    const struct ledger *l = ledger();
    totals.worlds++;
    totals.sent += l->sent;
    totals.received += l->received;
    totals.refused += l->refused;
    totals.unknown += l->unknown;
    totals.missing += l->missing;
    totals.replies += l->replies;
    totals.quiet += l->missing == 0;
    totals.lost += lost;
    for (uint32_t i = 0; i < l->instance_count; i++)
        totals.crashed += l->instances[i].crashed;
}

void
ledger_check(void)
{
    uint64_t lost = 0;
    for (uint32_t i = 0; i < ledger()->party_count; i++) {
        for (uint32_t j = 0; j < ledger()->party_count; j++)
            check_pair(i, j);
    }
    for (uint32_t i = 0; i < ledger()->instance_count; i++) {
        const struct ledger_instance *instance = &ledger()->instances[i];
        EXPECT(instance->crashed || instance->closed);
        lost += instance->lost;
    }
    EXPECT(ledger()->missing <= lost);
    EXPECT(ledger()->received > 0 || ledger()->sent == 0 || ledger()->missing > 0 ||
           ledger()->plan.no_memory || world.swarm.kinds != 0);
    add_totals(lost);
}

void
ledger_print(const char *what)
{
    if (getenv("CY_TEST_VERBOSE") == NULL)
        return;
    printf("\n%s: %llu worlds, %llu without a loss; sent %llu, received %llu, refused %llu, "
           "unknown %llu, missing %llu (counted %llu), replies %llu, crashes %llu\n",
           what, (unsigned long long) totals.worlds, (unsigned long long) totals.quiet,
           (unsigned long long) totals.sent, (unsigned long long) totals.received,
           (unsigned long long) totals.refused, (unsigned long long) totals.unknown,
           (unsigned long long) totals.missing, (unsigned long long) totals.lost,
           (unsigned long long) totals.replies, (unsigned long long) totals.crashed);
}
