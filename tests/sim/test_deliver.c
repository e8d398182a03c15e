#include "seeds.h"

#include <string.h>

/*
 * Clients deliver and call, with deadlines, and are terminated now and then; servers answer
 * late, in another order, or end. What a result promises must be true of the server's side.
 */

enum { SERVERS = 6, MORTAL = 3, CLIENTS = 8, SPARED = 3, IDS = 2000, HELD = 4 };
enum { TAG_DELIVER = 1, TAG_CALL, TAG_REPLY };

enum verdict { NOT_USED, UNKNOWN, SURE, REFUSED };

struct message {
    enum verdict verdict;
    uint32_t server, received;
};

struct state {
    struct message messages[IDS];
    cy_ref servers[SERVERS], clients[CLIENTS];
    bool gone[SERVERS];  /* it has ended, or will soon */
    uint32_t used, left; /* clients that run */
    bool lossless;
};

static struct state *
state(void)
{
    return world.state;
}

static void
prepare(void)
{
    if (one_in(4))
        world.sim_options.no_memory_chance = draw_scarcity();
    state()->lossless = world.sim_options.no_memory_chance == 0;
}

static bool
is_mortal(uint32_t server)
{
    return server >= SERVERS - MORTAL;
}

static int
make(cy_msg **out, uint32_t tag, uint32_t server)
{
    uint32_t id = state()->used;
    if (id == IDS)
        return -ENOBUFS;
    int rc = cy_msg_copy(out, tag, &id, sizeof id);
    if (rc == 0)
        state()->messages[state()->used++] = (struct message){UNKNOWN, server, 0};
    return rc;
}

static uint32_t
id_of(const cy_msg *msg)
{
    uint32_t id;
    memcpy(&id, cy_msg_body(msg), sizeof id);
    return id;
}

/* Of a call or a delivery that failed. */
static bool
is_possible(int rc, uint32_t server)
{
    return rc == -EAGAIN || rc == -ECANCELED || (rc == -ENOMEM && !state()->lossless) ||
           (rc == -ESRCH && is_mortal(server));
}

static int
deliver(uint32_t server, cy_time deadline)
{
    cy_msg *msg = NULL;
    int rc = make(&msg, TAG_DELIVER, server);
    if (rc != 0)
        return 0;
    struct message *it = &state()->messages[id_of(msg)];
    rc = cy_deliver(state()->servers[server], &msg, deadline);
    note((uint64_t) rc);
    EXPECT((rc < 0) == (msg != NULL));
    EXPECT(rc == 0 || rc == 1 || is_possible(rc, server));
    it->verdict = rc == 1 ? SURE : rc == 0 ? UNKNOWN : REFUSED;
    cy_msg_free(&msg);
    return rc;
}

static int
call(uint32_t server, cy_time deadline)
{
    cy_msg *msg = NULL, *reply = NULL;
    int rc = make(&msg, TAG_CALL, server);
    if (rc != 0)
        return 0;
    uint32_t id = id_of(msg);
    struct message *it = &state()->messages[id];
    rc = cy_call(&reply, state()->servers[server], &msg, deadline);
    note((uint64_t) rc);
    EXPECT((rc == 0) == (reply != NULL));
    EXPECT(rc == 0 || rc == -ETIMEDOUT || is_possible(rc, server));
    if (rc == 0) {
        EXPECT_EQ(cy_msg_tag(reply), TAG_REPLY);
        EXPECT_EQ(id_of(reply), id);
        EXPECT(cy_ref_equal(cy_msg_sender(reply), state()->servers[server]));
    }
    if (msg != NULL)
        EXPECT(rc < 0);
    it->verdict = rc == 0 ? SURE : msg != NULL ? REFUSED : UNKNOWN;
    cy_msg_free(&msg);
    cy_msg_free(&reply);
    return rc;
}

static void
client_left(void *arg)
{
    (void) arg;
    state()->left--;
}

static int
client(void *arg)
{
    (void) arg;
    while (cy_defer(client_left, NULL) != 0)
        cy_sleep(1);
    for (uint32_t n = draw_between(1, 250); n > 0; n--) {
        uint32_t server = draw(SERVERS);
        cy_time deadline = draw_deadline(20 * CY_MILLISECOND);
        /* A server that dies may have taken our request with it. */
        if (deadline == CY_FOREVER && (is_mortal(server) || !state()->lossless))
            deadline = cy_after(CY_SECOND);
        int rc = one_in(2) ? deliver(server, deadline) : call(server, deadline);
        EXPECT_EQ(cy_mailbox_count(), 0);
        if (rc == -ECANCELED || (one_in(4) && cy_sleep(draw_time(CY_MILLISECOND)) != 0))
            break;
    }
    return 0;
}

static void
answer(cy_msg **request)
{
    cy_msg *reply = NULL;
    uint32_t id = id_of(*request);
    while (cy_msg_copy(&reply, TAG_REPLY, &id, sizeof id) != 0)
        cy_yield();
    int rc;
    while ((rc = cy_reply(*request, &reply)) == -EAGAIN)
        cy_yield();
    EXPECT(rc == 0);
    cy_msg_free(&reply);
    cy_msg_free(request);
}

static void
take(uint32_t me, const cy_msg *msg)
{
    struct message *it = &state()->messages[id_of(msg)];
    EXPECT_EQ(it->server, me);
    EXPECT_EQ(it->received, 0);
    it->received++;
    note(id_of(msg));
}

/* Takes up to some messages before it answers one of those it has. */
static int
server(void *arg)
{
    uint32_t me = (uint32_t) (uintptr_t) arg, held = 0;
    uint32_t life = is_mortal(me) ? draw(40) : UINT32_MAX;
    cy_msg *requests[HELD];
    while (life-- > 0) {
        cy_msg *msg;
        int rc = held == HELD
                     ? -ETIMEDOUT
                     : cy_receive(&msg,
                                  held == 0 ? CY_FOREVER : cy_after(draw_time(CY_MILLISECOND)));
        if (rc == -ECANCELED)
            break;
        if (rc == 0) {
            take(me, msg);
            requests[held++] = msg;
        }
        if (held > 0 && (rc != 0 || one_in(2))) {
            uint32_t which = draw(held);
            msg = requests[which];
            requests[which] = requests[--held];
            if (cy_msg_tag(msg) == TAG_CALL)
                answer(&msg);
            else
                cy_msg_free(&msg);
        }
        if (one_in(10) && cy_sleep(draw_time(5 * CY_MILLISECOND)) != 0)
            break;
    }
    state()->gone[me] = true;
    while (held > 0)
        cy_msg_free(&requests[--held]);
    return 0;
}

static void
handler(void *arg, cy_msg **msg)
{
    take((uint32_t) (uintptr_t) arg, *msg);
    if (one_in(10))
        cy_sleep(draw_time(CY_MILLISECOND));
    if (cy_msg_tag(*msg) == TAG_CALL)
        answer(msg);
}

static void
spawn_all(void)
{
    for (uint32_t i = 0; i < SERVERS + CLIENTS; i++) {
        bool is_client = i >= SERVERS;
        cy_ref *out = is_client ? &state()->clients[i - SERVERS] : &state()->servers[i];
        void *arg = (void *) (uintptr_t) i;
        uint16_t on = (uint16_t) draw(cy_core_count());
        bool as_handler = !is_client && !is_mortal(i) && one_in(2);
        while ((as_handler
                    ? cy_handler_spawn_on(out, on, handler, arg, NULL)
                    : cy_task_spawn_on(out, on, is_client ? client : server, arg, NULL)) != 0)
            cy_sleep(CY_MILLISECOND);
    }
}

static void
terminate(cy_ref whom)
{
    int rc;
    while ((rc = cy_terminate(whom)) == -EAGAIN || rc == -ENOMEM)
        cy_sleep(CY_MILLISECOND);
}

/* Have those that live taken all that was surely delivered? */
static bool
settled(void)
{
    for (uint32_t id = 0; id < state()->used; id++) {
        const struct message *it = &state()->messages[id];
        if (it->verdict == SURE && it->received == 0 && !is_mortal(it->server))
            return false;
    }
    return true;
}

/* Does a core still know of a full mailbox? Those whose tasks have ended must be forgotten. */
static bool
is_congested(void)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < world.options[0].cores; i++)
        count += world.node[0]->cores[i]->congested_count;
    return count != 0;
}

static int
serve(void *arg)
{
    (void) arg;
    state()->left = CLIENTS;
    spawn_all();
    while (state()->left > 0 || !settled()) {
        EXPECT_EQ(cy_sleep(draw_time(20 * CY_MILLISECOND)), 0);
        if (one_in(10))
            terminate(state()->clients[SPARED + draw(CLIENTS - SPARED)]);
    }
    for (uint32_t i = 0; i < SERVERS; i++)
        terminate(state()->servers[i]);
    cy_time patience = cy_after(CY_MINUTE);
    while (is_congested() && cy_now() < patience)
        cy_sleep(10 * CY_MILLISECOND);
    EXPECT(!is_congested());
    return 0;
}

static void
check(void)
{
    for (uint32_t id = 0; id < state()->used; id++) {
        const struct message *it = &state()->messages[id];
        bool died = is_mortal(it->server) && state()->gone[it->server];
        EXPECT(it->verdict != REFUSED || it->received == 0);
        EXPECT(it->verdict != SURE || it->received == 1 || died);
    }
}

static void
a_result_tells_what_became_of_the_message(void)
{
    static const struct seeds_program program = {sizeof(struct state), prepare, serve, check};
    seeds_run(&program, 1000);
}

CY_TEST_MAIN("sim.deliver", CY_TEST(a_result_tells_what_became_of_the_message))
