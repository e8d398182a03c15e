#include "seeds.h"
#include <cycos/io.h>
#include <stdlib.h>
#include <string.h>

/*
 * Clients send streams of bytes that anybody can check to a server that sends them back, over
 * connections that are cut into pieces, refused and reset, by tasks that time out and are
 * terminated. Whatever comes back is the beginning of what was sent; all of it does unless
 * something was reported.
 */

enum { CLIENTS_MAX = 6, BYTES_MAX = 5000, PIECE_MAX = 700, PORT = 7000 };

struct state {
    cy_address at;
    uint32_t clients, left;
    uint32_t whole, broken;
};

static struct state *
state(void)
{
    return world.state;
}

static uint8_t
byte_at(uint64_t stream, uint64_t position)
{
    return (uint8_t) ((stream * 31 + position) * 2654435761U >> 11);
}

/* Gives back what comes, until the other side ends or something breaks. */
static int
echo(void *arg)
{
    cy_socket *socket = arg;
    uint8_t piece[PIECE_MAX];
    ssize_t n, written = 0;
    while ((n = cy_read(socket, piece, draw_between(1, PIECE_MAX), CY_FOREVER)) > 0) {
        written = cy_write(socket, piece, (size_t) n, CY_FOREVER);
        if (written < 0)
            break;
        EXPECT_EQ(written, n);
    }
    if (n == 0)
        cy_shutdown_write(socket);
    cy_close(&socket);
    EXPECT(socket == NULL);
    return 0;
}

static int
accept_all(void *arg)
{
    cy_socket *listener = arg, *socket;
    for (;;) {
        int rc = cy_tcp_accept(&socket, listener, draw_deadline(CY_SECOND));
        if (rc == -ECANCELED)
            break;
        if (rc < 0) {
            EXPECT(rc == -ETIMEDOUT || rc == -EMFILE || rc == -ENOMEM);
            (void) cy_yield();
            continue;
        }
        if (cy_task_spawn(NULL, echo, socket, NULL) != 0)
            cy_close(&socket);
    }
    cy_close(&listener);
    return 0;
}

struct stream {
    cy_socket *socket;
    uint64_t number, bytes;
};

static int
write_stream(void *arg)
{
    struct stream *stream = arg;
    uint8_t piece[PIECE_MAX];
    struct iovec parts[3];
    uint64_t done = 0;
    ssize_t n = 0;
    while (done < stream->bytes && n >= 0) {
        uint64_t size = draw_between(1, PIECE_MAX);
        if (size > stream->bytes - done)
            size = stream->bytes - done;
        for (uint64_t i = 0; i < size; i++)
            piece[i] = byte_at(stream->number, done + i);
        uint64_t cut = draw((uint32_t) size + 1);
        parts[0] = (struct iovec){piece, cut};
        parts[1] = (struct iovec){NULL, 0};
        parts[2] = (struct iovec){piece + cut, size - cut};
        n = cy_writev(stream->socket, parts, 3, CY_FOREVER);
        EXPECT(n < 0 || n == (ssize_t) size);
        done += size;
    }
    if (n >= 0)
        cy_shutdown_write(stream->socket);
    return n < 0 ? (int) n : 0;
}

/* How many bytes came back, or what broke. Time-outs in between must lose nothing. */
static ssize_t
read_stream(struct stream *stream)
{
    uint8_t piece[PIECE_MAX];
    uint64_t position = 0;
    for (;;) {
        cy_time deadline = draw_deadline(10 * CY_MILLISECOND);
        ssize_t n = cy_read(stream->socket, piece, draw_between(1, PIECE_MAX), deadline);
        if (n == -ETIMEDOUT) {
            (void) cy_yield();
            continue;
        }
        if (n <= 0)
            return n < 0 ? n : (ssize_t) position;
        for (ssize_t i = 0; i < n; i++)
            EXPECT_EQ(piece[i], byte_at(stream->number, position + (uint64_t) i));
        position += (uint64_t) n;
        note(position);
    }
}

/* One connection: written by one task and read by another. */
static void
talk(cy_socket *socket, uint64_t number)
{
    static const struct cy_task_options joinable = {.joinable = true};
    struct stream stream = {.socket = socket, .number = number, .bytes = draw(BYTES_MAX)};
    cy_ref writer;
    if (cy_task_spawn(&writer, write_stream, &stream, &joinable) != 0)
        return;
    ssize_t came = read_stream(&stream);
    if (came < 0 && one_in(2))
        EXPECT(cy_terminate(writer) <= 0);
    int rc;
    while ((rc = cy_join(NULL, writer, CY_FOREVER)) == -ENOMEM || rc == -EAGAIN)
        (void) cy_yield();
    if (came == (ssize_t) stream.bytes)
        state()->whole++;
    else
        state()->broken++;
    EXPECT(came < 0 || came <= (ssize_t) stream.bytes);
}

static int
client(void *arg)
{
    uint64_t number = (uintptr_t) arg;
    cy_socket *socket = NULL;
    int rc = cy_tcp_connect(&socket, &state()->at, draw_deadline(CY_SECOND));
    note((uint64_t) (int64_t) rc);
    if (rc == 0)
        talk(socket, number);
    else
        EXPECT(rc == -ECONNREFUSED || rc == -ETIMEDOUT || rc == -EMFILE || rc == -ENOMEM ||
               rc == -ECONNRESET);
    cy_close(&socket);
    return 0;
}

static int
run_clients(void *arg)
{
    cy_socket *listener;
    (void) arg;
    EXPECT_EQ(cy_address_parse(&state()->at, "127.0.0.1", PORT), 0);
    int rc;
    while ((rc = cy_tcp_listen(&listener, &state()->at, NULL)) < 0) {
        EXPECT(rc == -EMFILE || rc == -ENOMEM);
        (void) cy_yield();
    }
    static const struct cy_task_options daemon = {.daemon = true};
    while (cy_task_spawn(NULL, accept_all, listener, &daemon) != 0)
        (void) cy_yield();
    uint32_t count = draw_between(1, CLIENTS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        uint16_t core = (uint16_t) draw(cy_core_count());
        if (cy_task_spawn_on(NULL, core, client, (void *) (uintptr_t) i, NULL) == 0)
            state()->clients++;
    }
    return 0;
}

static void
be_unkind(void)
{
    world.sim_options.refuse_chance = draw(CYI_SIM_CERTAIN / 4);
    world.sim_options.reset_chance = draw(CYI_SIM_CERTAIN / 50);
    world.sim_options.no_socket_chance = draw(CYI_SIM_CERTAIN / 4);
    world.sim_options.no_memory_chance = draw(CYI_SIM_CERTAIN / 20);
}

static void
all_was_whole(void)
{
    EXPECT_EQ(state()->broken, 0);
    note(state()->whole);
}

static uint64_t worlds, whole, broken;

static void
count_them(void)
{
    worlds++;
    whole += state()->whole;
    broken += state()->broken;
    note(state()->whole << 8 | state()->broken);
}

static void
what_comes_back_is_what_was_sent_whatever_breaks(void)
{
    static const struct seeds_program program = {.state_bytes = sizeof(struct state),
                                                 .prepare = be_unkind,
                                                 .main = run_clients,
                                                 .check = count_them};
    worlds = whole = broken = 0;
    seeds_run(&program, 1000);
    /* Else the worlds were not as unkind as they should be; one alone may be anything. */
    CU_ASSERT((whole > 0 && broken > 0) || worlds < 20);
}

static void
all_comes_back_when_nothing_breaks(void)
{
    static const struct seeds_program program = {
        .state_bytes = sizeof(struct state), .main = run_clients, .check = all_was_whole};
    seeds_run(&program, 1000);
}

CY_TEST_MAIN("sim.socket", CY_TEST(what_comes_back_is_what_was_sent_whatever_breaks),
             CY_TEST(all_comes_back_when_nothing_breaks))
