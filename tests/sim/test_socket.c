#include "seeds.h"

#include <cycos/io.h>
#include <string.h>

/*
 * Clients of one node talk to echo servers on all cores of another, through connections that
 * cut, delay, refuse and break by the seed. What comes back is what went out, up to a break.
 */

enum { CLIENTS_MAX = 6, BYTES_MAX = 6000, CHUNK = 1000, PORT = 7000, DATAGRAMS = 30 };

struct client {
    cy_socket *socket;
    uint32_t number, total, sent, came, users;
    bool broken;
};

struct state {
    struct client clients[CLIENTS_MAX];
    uint32_t count, left, listening;
    bool faults, done;
    uint32_t echoed[256]; /* datagrams by number */
};

static struct state *
state(void)
{
    return world.state;
}

static void
prepare(void)
{
    struct cyi_sim_options *o = &world.sim_options;
    o->latency_ns_max = draw_time(CY_MILLISECOND); /* a buffer may have one byte */
    world.nodes = 2;
    world.hosts = draw_between(1, 2);
    state()->count = draw_between(1, CLIENTS_MAX);
    state()->faults = one_in(3);
    if (!state()->faults)
        return;
    o->refuse_chance = draw(CYI_SIM_CERTAIN / 4);
    o->reset_chance = draw(CYI_SIM_CERTAIN / 100);
    o->no_socket_chance = draw(CYI_SIM_CERTAIN / 4);
    o->loss_chance = draw(CYI_SIM_CERTAIN / 2);
    o->duplicate_chance = draw(CYI_SIM_CERTAIN / 2);
}

static cy_address
server_address(uint16_t port)
{
    cy_address address;
    EXPECT_EQ(cy_address_parse(&address,
                               one_in(2) && world.hosts == 1 ? "127.0.0.1" : "10.0.0.1", port),
              0);
    return address;
}

static uint8_t
pattern(uint32_t client, uint32_t at)
{
    return (uint8_t) (client * 31 + at + (at >> 8));
}

static bool
is_break(ssize_t rc)
{
    return state()->faults &&
           (rc == -ECONNRESET || rc == -EPIPE || rc == -ENOTCONN || rc == -ETIMEDOUT);
}

static int
echo(void *arg)
{
    cy_socket *socket = arg;
    uint8_t bytes[CHUNK];
    ssize_t n;
    for (;;) {
        n = cy_read(socket, bytes, draw_between(1, CHUNK), draw_deadline(20 * CY_MILLISECOND));
        if (n == -ETIMEDOUT)
            n = cy_yield() == 0 ? 1 : 0;
        else if (n > 0)
            n = cy_write(socket, bytes, (size_t) n, CY_FOREVER);
        if (n <= 0)
            break;
        if (one_in(10))
            cy_sleep(draw_time(CY_MILLISECOND));
    }
    EXPECT(n == 0 || n == -ECANCELED || is_break(n));
    if (one_in(2))
        (void) !cy_shutdown_write(socket);
    cy_close(&socket);
    return 0;
}

static bool
is_scarce(int rc)
{
    return rc == -EMFILE && state()->faults;
}

static int
listener(void *arg)
{
    struct cy_listen_options options = {.reuse_port = true, .backlog = (int) draw(4)};
    cy_socket *socket, *stream;
    cy_address address;
    int rc;
    (void) arg;
    EXPECT_EQ(cy_address_parse(&address, one_in(2) ? "0.0.0.0" : "[::]", PORT), 0);
    while (is_scarce(rc = cy_tcp_listen(&socket, &address, &options)))
        continue;
    EXPECT_EQ(rc, 0);
    state()->listening++;
    while ((rc = cy_tcp_accept(&stream, socket, draw_deadline(CY_SECOND))) != -ECANCELED) {
        EXPECT(rc == 0 || rc == -ETIMEDOUT || is_scarce(rc));
        if (rc == 0 && cy_task_spawn(NULL, echo, stream, NULL) != 0)
            cy_close(&stream);
        if (rc != 0 && cy_yield() != 0)
            break;
    }
    cy_close(&socket);
    return 0;
}

/* Sends each datagram back to where it came from. */
static int
reflector(void *arg)
{
    cy_socket *socket;
    cy_address address, from;
    uint8_t bytes[64];
    int rc;
    (void) arg;
    EXPECT_EQ(cy_address_parse(&address, "0.0.0.0", PORT), 0);
    while (is_scarce(rc = cy_udp_open(&socket, &address, NULL)))
        continue;
    EXPECT_EQ(rc, 0);
    state()->listening++;
    for (;;) {
        ssize_t n = cy_receive_from(socket, bytes, sizeof bytes, &from, CY_FOREVER);
        if (n < 0)
            break;
        EXPECT_EQ(n, bytes[0] % 100);
        EXPECT_EQ(cy_send_to(socket, bytes, (size_t) n, &from), n);
    }
    cy_close(&socket);
    return 0;
}

static int
serve(void)
{
    uint32_t wanted = (uint32_t) cy_core_count() + 1;
    for (uint16_t i = 0; i < cy_core_count(); i++) {
        while (cy_task_spawn_on(NULL, i, listener, NULL, NULL) != 0)
            cy_yield();
    }
    while (cy_task_spawn(NULL, reflector, NULL, NULL) != 0)
        cy_yield();
    while (!state()->done)
        cy_sleep(10 * CY_MILLISECOND);
    EXPECT_EQ(state()->listening, wanted);
    cy_shutdown(10 * CY_SECOND);
    return 0;
}

static void
leave(struct client *client)
{
    if (--client->users > 0)
        return;
    EXPECT(client->broken || client->came == client->total);
    EXPECT(client->came <= client->total);
    cy_close(&client->socket);
    state()->left--;
}

static int
reader(void *arg)
{
    struct client *client = arg;
    uint8_t bytes[CHUNK];
    ssize_t n;
    for (;;) {
        n = cy_read(client->socket, bytes, draw_between(1, CHUNK),
                    draw_deadline(20 * CY_MILLISECOND));
        if (n == -ETIMEDOUT) {
            cy_yield();
            continue;
        }
        if (n <= 0)
            break;
        for (ssize_t i = 0; i < n; i++)
            EXPECT_EQ(bytes[i], pattern(client->number, client->came + (uint32_t) i));
        client->came += (uint32_t) n;
        note(client->came);
        if (one_in(10))
            cy_sleep(draw_time(CY_MILLISECOND));
    }
    EXPECT(n == 0 || is_break(n));
    client->broken |= n != 0 || state()->faults;
    leave(client);
    return 0;
}

static ssize_t
write_some(struct client *client)
{
    uint8_t bytes[CHUNK];
    uint32_t n = draw_between(1, CHUNK), cut;
    if (n > client->total - client->sent)
        n = client->total - client->sent;
    for (uint32_t i = 0; i < n; i++)
        bytes[i] = pattern(client->number, client->sent + i);
    cut = draw(n + 1);
    struct iovec parts[3] = {{bytes, cut}, {bytes, 0}, {bytes + cut, n - cut}};
    ssize_t rc = cy_writev(client->socket, parts, 3, CY_FOREVER);
    EXPECT(rc == n || is_break(rc));
    if (rc == n)
        client->sent += n;
    return rc;
}

static int
connect_somehow(struct client *client)
{
    int rc;
    do {
        cy_address to = server_address(PORT);
        rc = cy_tcp_connect(&client->socket, &to, cy_after(CY_MINUTE));
        if (rc != 0)
            cy_sleep(draw_time(CY_MILLISECOND));
        EXPECT(rc == 0 || rc == -ETIMEDOUT || rc == -ECONNREFUSED || is_scarce(rc) ||
               is_break(rc));
    } while (rc != 0);
    return rc;
}

static int
writer(void *arg)
{
    struct client *client = arg;
    client->total = draw(BYTES_MAX);
    connect_somehow(client);
    client->users = 2;
    while (cy_task_spawn(NULL, reader, client, NULL) != 0)
        cy_yield();
    while (client->sent < client->total && write_some(client) > 0) {
        if (one_in(4))
            cy_sleep(draw_time(CY_MILLISECOND));
    }
    client->broken |= client->sent < client->total;
    (void) !cy_shutdown_write(client->socket);
    leave(client);
    return 0;
}

/* Datagrams may come late, twice or never, but whole. */
static void
exchange_datagrams(void)
{
    cy_socket *socket;
    cy_address any, to = server_address(PORT), from;
    uint8_t bytes[128];
    EXPECT_EQ(cy_address_parse(&any, "0.0.0.0", 0), 0);
    while (cy_udp_open(&socket, &any, NULL) != 0)
        cy_yield();
    uint32_t came = 0;
    for (uint32_t i = 0; i < DATAGRAMS; i++) {
        memset(bytes, (int) (i + 3), sizeof bytes);
        EXPECT_EQ(cy_send_to(socket, bytes, bytes[0] % 100, &to), bytes[0] % 100);
        ssize_t n = cy_receive_from(socket, bytes, sizeof bytes, &from, cy_after(CY_SECOND));
        EXPECT(n == -ETIMEDOUT || n == bytes[0] % 100);
        came += n > 0;
    }
    EXPECT(state()->faults || world.sim_options.pause_chance != 0 ||
           world.sim_options.jump_chance != 0 || came == DATAGRAMS);
    cy_close(&socket);
}

static int
talk(void *arg)
{
    if ((uintptr_t) arg == 0)
        return serve();
    while (state()->listening <= world.options[0].cores)
        cy_sleep(CY_MILLISECOND);
    state()->left = state()->count;
    for (uint32_t i = 0; i < state()->count; i++) {
        struct client *client = &state()->clients[i];
        client->number = i;
        uint16_t on = (uint16_t) draw(cy_core_count());
        while (cy_task_spawn_on(NULL, on, writer, client, NULL) != 0)
            cy_yield();
    }
    exchange_datagrams();
    while (state()->left > 0)
        cy_sleep(10 * CY_MILLISECOND);
    state()->done = true;
    return 0;
}

static void
check(void)
{
    struct cyi_sim_counters counters;
    cyi_sim_count(world.sim, &counters);
    EXPECT_EQ(counters.sockets, 0);
}

static void
what_comes_back_is_what_went_out(void)
{
    static const struct seeds_program program = {sizeof(struct state), prepare, talk, check};
    seeds_run(&program, 1000);
}

CY_TEST_MAIN("sim.socket", CY_TEST(what_comes_back_is_what_went_out))
