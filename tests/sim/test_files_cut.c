/*
 * test_files_cut.c - a transfer whose connection breaks after exactly n bytes goes on there.
 *
 * The seed says how many bytes and in which direction, so that the cut comes within each
 * message; also whether the taker or the giver dies then, and whether there is a secret, a
 * certificate, or both.
 */
#include "net.h"
#include "seeds.h"
#include "sim_certificate.h"

#include <cycos/file.h>
#include <string.h>

enum { SIZE = 40000, PIECE = 4096, WINDOW = 16384, PORT = 4000, GIVER = 0, TAKER = 1 };
enum { CUT, CRASH_TAKER, CRASH_GIVER, WAYS };

struct state {
    struct cyi_net_setup setup[2];
    uint64_t bytes; /* of the file that went out in the end */
    uint32_t tries, broken;
    int result;
    uint64_t progress, asked;
    bool crashed, done;
};

static const char *const password = "a secret that nobody knows";

static struct state *
state(void)
{
    return world.state;
}

static uint32_t
way(void)
{
    return (uint32_t) (world.seed % WAYS);
}

static bool
has_certificate(void)
{
    return world.seed / WAYS % 16 >= 12;
}

/* With a certificate the handshakes, two of them to begin with, have some kilobytes more. */
static uint64_t
bytes_before(void)
{
    return world.seed / WAYS * 131 % (SIZE + (has_certificate() ? 9000U : 3000U));
}

static void
prepare(void)
{
    world.nodes = world.hosts = 2;
    world.sim_options = (struct cyi_sim_options){
        .latency_ns_max = CY_MILLISECOND, .segment_max = 1000, .may_crash = true};
    world.may_lose_tasks = true;
    for (uint32_t i = 0; i < 2; i++) {
        struct cyi_net_setup *setup = &state()->setup[i];
        cyi_net_setup_init(setup);
        setup->limits.file_piece_bytes = PIECE;
        setup->limits.file_window_bytes = WINDOW;
        setup->limits.file_idle_ns = CY_SECOND;
        setup->passwords = &password;
        setup->password_count = world.seed / WAYS % 2;
        setup->tls = has_certificate() ? &sim_certificate : NULL;
        world.options[i].network = &setup->network;
        world.options[i].cores = 1;
        world.options[i].tcp_port = PORT;
        world.options[i].discover_peers = false;
        world.options[i].name = i == GIVER ? "giver" : "taker";
        world.options[i].dest_path = "/tmp";
    }
}

static void
restart(struct cyi_sim *sim, void *arg)
{
    uint32_t number = (uint32_t) (uintptr_t) arg;
    cyi_sim_bury(sim, &world.node[number]);
    seeds_restart(number);
}

/* When so many bytes have come, whatever is there then is what was left. */
static void
strike(struct cyi_sim *sim, void *arg)
{
    uint32_t number = way() == CRASH_TAKER ? TAKER : GIVER;
    (void) arg;
    if (state()->done || state()->crashed)
        return;
    state()->crashed = true;
    cyi_sim_crash(sim, world.node[number]);
    cyi_sim_at(sim, cyi_sim_now(sim) + 100 * CY_MILLISECOND, restart,
               (void *) (uintptr_t) number);
}

static void
note_progress(uint64_t done, uint64_t size, void *arg)
{
    (void) arg;
    EXPECT(done <= size && size == SIZE);
    state()->progress = done;
    if (way() != CUT && done >= bytes_before() && !state()->crashed)
        cyi_sim_at(world.sim, cyi_sim_now(world.sim), strike, NULL);
}

static void
make_file(void)
{
    static uint8_t bytes[SIZE];
    for (uint32_t i = 0; i < SIZE; i++)
        bytes[i] = (uint8_t) (i * i >> 7);
    cyi_sim_file_put(world.sim, GIVER, "/tmp/out", bytes, SIZE);
    uint32_t from = world.seed / WAYS % 4 == 3 ? TAKER : GIVER;
    if (way() == CUT)
        cyi_sim_cut_after(world.sim, from, 1 - from,
                          from == GIVER ? bytes_before()
                                        : bytes_before() % (has_certificate() ? 4000U : 1200U));
}

static void
send_it(void)
{
    static const uint8_t address[16] = {[10] = 0xff, [11] = 0xff, 10, 0, 0, 2};
    cy_location to = {.port = PORT};
    struct cy_file_job job = {
        .path = "/tmp/out", .dir = "in", .name = "file", .progress = note_progress};
    const struct cyi_net_core *net = cyi_net_core(cyi_self);
    memcpy(to.address, address, sizeof to.address);
    do {
        uint64_t before = net->counters.file_bytes_sent;
        state()->tries++;
        state()->result = cy_file_send_job(&to, &job, NULL, cy_after(60 * CY_SECOND));
        state()->bytes += net->counters.file_bytes_sent - before;
        state()->broken += state()->result < 0;
        if (state()->result < 0 && cy_sleep(50 * CY_MILLISECOND) != 0)
            return;
    } while (state()->result < 0 && state()->tries < 100);
    state()->done = true;
}

static int
run(void *arg)
{
    if (arg == NULL && state()->tries == 0)
        make_file();
    cy_sleep(10 * CY_MILLISECOND); /* until the other one listens */
    if (arg == NULL)
        send_it();
    while (!state()->done)
        if (cy_sleep(10 * CY_MILLISECOND) != 0)
            break;
    return 0;
}

static void
check(void)
{
    const uint8_t *bytes;
    int64_t size = cyi_sim_file_get(world.sim, TAKER, "/tmp/in/file", &bytes);
    EXPECT_EQ(size, SIZE);
    for (int64_t i = 0; i < size; i++)
        EXPECT_EQ(bytes[i], (uint8_t) ((uint32_t) i * (uint32_t) i >> 7));
    EXPECT(state()->result == CY_FILE_SENT || state()->result == CY_FILE_SAME);
    EXPECT(state()->broken <= 3);
    /* What was on the way goes again, and no more. */
    EXPECT(state()->bytes <= SIZE + (uint64_t) state()->broken * (WINDOW + PIECE));
}

static const struct seeds_program PROGRAM = {
    .state_bytes = sizeof(struct state), .prepare = prepare, .main = run, .check = check};

static void
a_transfer_that_was_cut_goes_on_where_it_was(void)
{
    seeds_run(&PROGRAM, 600);
}

CY_TEST_MAIN("sim.files_cut", CY_TEST(a_transfer_that_was_cut_goes_on_where_it_was))
