/*
 * test_files.c - files between nodes that crash, on disks that fail, when the network breaks.
 *
 * Whenever one looks, each file at the taker is one of the versions that were sent, whole, and
 * none that is older than the last of which the giver heard that it is there; not even when the
 * power has failed. At last all are there, and nothing else is.
 */
#include "net.h"
#include "seeds.h"

#include <cycos/file.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    FILES = 6,
    TASKS = 2,
    SIZE_MAX_ = 60000,
    PORT = 4000,
    GIVER = 0,
    TAKER = 1,
};

#define KEEP (5 * CY_SECOND)

struct file {
    uint32_t version, size; /* the newest that the giver has */
    uint32_t there;         /* that the taker has, as far as the giver knows */
    bool done;
};

struct state {
    struct cyi_net_setup setup[2];
    struct file files[FILES];
    cy_time calm; /* no faults any more */
    uint32_t sent, failed, looks, resumed;
    uint64_t bytes_out;
};

static const char *const password = "a secret that nobody knows";

static struct state *
state(void)
{
    return world.state;
}

static uint8_t
byte_of(uint32_t number, uint32_t version, uint32_t at)
{
    uint32_t x = (number * 31 + version) * 2654435761U + at * 40503U;
    return (uint8_t) (x >> 13);
}

/* The first eight bytes say what it is; a file that is shorter has none of them. */
static void
write_version(uint32_t number)
{
    static uint8_t bytes[SIZE_MAX_];
    struct file *file = &state()->files[number];
    char path[32];
    file->version++;
    file->size = one_in(4) ? draw(64) : draw(SIZE_MAX_);
    for (uint32_t i = 0; i < file->size; i++)
        bytes[i] = byte_of(number, file->version, i);
    snprintf(path, sizeof path, "/tmp/out/f%u", number);
    cyi_sim_file_put(world.sim, GIVER, path, bytes, file->size);
}

static bool
is_version(uint32_t number, uint32_t version, const uint8_t *bytes, int64_t size)
{
    for (int64_t i = 0; i < size; i++)
        if (bytes[i] != byte_of(number, version, (uint32_t) i))
            return false;
    return true;
}

/* Sizes are not remembered: a version cut short would pass, but for the hash of its own. */
static uint32_t sizes[FILES][4096];

static void
look_at(uint32_t number)
{
    const struct file *file = &state()->files[number];
    const uint8_t *bytes;
    char path[32];
    snprintf(path, sizeof path, "/tmp/in/f%u", number);
    int64_t size = cyi_sim_file_get(world.sim, TAKER, path, &bytes);
    uint32_t version = file->there > 0 ? file->there : 1;
    if (size < 0) {
        EXPECT_EQ(file->there, 0);
        return;
    }
    while (version <= file->version && (sizes[number][version] != (uint64_t) size ||
                                        !is_version(number, version, bytes, size)))
        version++;
    EXPECT(version <= file->version);
}

static void
look(struct cyi_sim *sim, void *arg)
{
    (void) arg;
    state()->looks++;
    for (uint32_t i = 0; i < FILES; i++)
        look_at(i);
    if (cyi_sim_now(sim) < state()->calm)
        cyi_sim_at(sim, cyi_sim_now(sim) + 20 * CY_MILLISECOND, look, NULL);
}

static void
calm_down(struct cyi_sim *sim, void *arg)
{
    static const struct cyi_sim_disk good;
    (void) arg;
    cyi_sim_disk(sim, GIVER, &good);
    cyi_sim_disk(sim, TAKER, &good);
}

static void
prepare_nodes(void)
{
    bool secret = one_in(2);
    world.nodes = world.hosts = 2;
    for (uint32_t i = 0; i < 2; i++) {
        struct cyi_net_setup *setup = &state()->setup[i];
        cyi_net_setup_init(setup);
        setup->limits.file_idle_ns = 3 * CY_SECOND;
        setup->limits.handshake_ns = 2 * CY_SECOND;
        setup->limits.file_piece_bytes = 4096;
        setup->limits.file_window_bytes = 16384;
        setup->limits.files.keep_ns = KEEP;
        setup->passwords = &password;
        setup->password_count = secret;
        world.options[i].network = &setup->network;
        world.options[i].cores = draw_between(1, 2);
        world.options[i].tcp_port = PORT;
        world.options[i].name = i == GIVER ? "giver" : "taker";
        world.options[i].discover_peers = one_in(2);
    }
}

static void
prepare(void)
{
    prepare_nodes();
    world.options[TAKER].dest_path = "/tmp";
    if (world.sim_options.buffer_max != 0 && world.sim_options.buffer_max < 4096)
        world.sim_options.buffer_max = 4096;
    if (world.sim_options.segment_max != 0 && world.sim_options.segment_max < 256)
        world.sim_options.segment_max = 256;
    world.sim_options.latency_ns_max = draw_time(5 * CY_MILLISECOND);
    world.sim_options.jump_chance = 0;
    world.sim_options.no_socket_chance = 0; /* a node without a port does not start */
    world.sim_options.may_crash = true;
    world.sim_options.turns_max = 50 * 1000 * 1000;
    world.swarm.kinds = one_in(5) ? 0 : draw(1U << CYI_SIM_FAULT_KINDS);
    world.swarm.begin = draw_time(CY_SECOND);
    world.swarm.end = world.swarm.begin + CY_SECOND + draw_time(10 * CY_SECOND);
    world.swarm.every_max = 10 * CY_MILLISECOND + draw_time(CY_SECOND);
    world.swarm.lasts_max = draw_time(3 * CY_SECOND);
    world.may_lose_tasks = true;
    state()->calm = world.swarm.end + CY_SECOND;
}

/* By the giver's first task of all: the world is there by then. */
static void
prepare_world(void)
{
    struct cyi_sim_disk disk = {
        .error_chance = one_in(2) ? 0 : draw(2000),
        .short_chance = one_in(2) ? 0 : draw(CYI_SIM_CERTAIN),
        .room = one_in(3) ? SIZE_MAX_ + draw(3 * SIZE_MAX_) : 0,
    };
    if (state()->looks > 0)
        return;
    cyi_sim_disk(world.sim, TAKER, &disk);
    disk.room = 0;
    cyi_sim_disk(world.sim, GIVER, &disk);
    look(world.sim, NULL);
    cyi_sim_at(world.sim, state()->calm, calm_down, NULL);
}

static cy_location
taker(void)
{
    cy_location to = {.port = (uint16_t) (PORT + draw(world.options[TAKER].cores))};
    static const uint8_t address[16] = {[10] = 0xff, [11] = 0xff, 10, 0, 0, 2};
    memcpy(to.address, address, sizeof to.address);
    return to;
}

static bool
is_calm(void)
{
    return cyi_sim_now(world.sim) > state()->calm;
}

static int
send_once(uint32_t number)
{
    cy_location to = taker();
    char path[32];
    uint32_t flags = CY_FILE_OVERWRITE;
    snprintf(path, sizeof path, "/tmp/out/f%u", number);
    int rc = cy_file_send(&to, path, "in", flags, NULL,
                          is_calm() ? CY_FOREVER : draw_deadline(20 * CY_SECOND));
    note((uint64_t) rc);
    return rc;
}

/* Until it is there, or another version is wanted. */
static void
bring(uint32_t number)
{
    struct file *file = &state()->files[number];
    int rc = -1;
    while (rc < 0 && rc != -ECANCELED) {
        uint32_t version = file->version;
        rc = send_once(number);
        if (rc >= 0) {
            EXPECT(rc == CY_FILE_SENT || rc == CY_FILE_SAME);
            file->there = version;
            state()->sent++;
        } else {
            state()->failed++;
        }
        if (rc < 0 && cy_sleep(draw_time(500 * CY_MILLISECOND)) != 0)
            return;
        if (rc < 0 && !is_calm() && one_in(4))
            return;
    }
}

static int
give(void *arg)
{
    uint32_t first = (uint32_t) (uintptr_t) arg;
    int rc = 0;
    while (rc == 0 && !is_calm()) {
        uint32_t number = first + TASKS * draw(FILES / TASKS);
        struct file *file = &state()->files[number];
        if (file->version == 0 || one_in(2)) {
            write_version(number);
            sizes[number][file->version] = file->size;
        }
        rc = cy_sleep(draw_time(300 * CY_MILLISECOND));
        if (rc == 0)
            bring(number);
    }
    for (uint32_t number = first; rc == 0 && number < FILES; number += TASKS) {
        if (state()->files[number].version == 0) {
            write_version(number);
            sizes[number][1] = state()->files[number].size;
        }
        bring(number);
        state()->files[number].done = true;
    }
    return 0;
}

static bool
is_done(void)
{
    bool done = true;
    for (uint32_t i = 0; i < FILES; i++)
        done = done && state()->files[i].done;
    return done;
}

static int
run(void *arg)
{
    struct cy_task_options daemon = {.daemon = true};
    if (arg == NULL)
        prepare_world();
    for (uint32_t i = 0; arg == NULL && i < TASKS; i++)
        while (cy_task_spawn_on(NULL, (uint16_t) draw(world.options[GIVER].cores), give,
                                (void *) (uintptr_t) i, &daemon) == -ENOMEM)
            cy_yield();
    while (!is_done())
        if (cy_sleep(50 * CY_MILLISECOND) != 0)
            return 0;
    cy_sleep(arg == NULL ? 0 : 3 * KEEP);
    return 0;
}

static void
check(void)
{
    char parts[32];
    for (uint32_t i = 0; i < FILES; i++) {
        look_at(i);
        EXPECT_EQ(state()->files[i].there, state()->files[i].version);
    }
    snprintf(parts, sizeof parts, "/tmp/.cycos-%u", (unsigned) geteuid());
    EXPECT_EQ(cyi_sim_file_count(world.sim, TAKER, parts), 0);
    EXPECT_EQ(cyi_sim_file_count(world.sim, TAKER, "/tmp/in"), FILES);
}

static const struct seeds_program PROGRAM = {
    .state_bytes = sizeof(struct state), .prepare = prepare, .main = run, .check = check};

static void
a_file_is_there_whole_or_not_at_all(void)
{
    seeds_run(&PROGRAM, 40);
}

CY_TEST_MAIN("sim.files", CY_TEST(a_file_is_there_whole_or_not_at_all))
