#include "loopback.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static int
talk_and_half_close(void *arg)
{
    cy_socket *end[2];
    char text[16];
    (void) arg;
    CHECK(make_pair(end) == 0);
    CHECK(cy_write(end[0], "hello", 5, SOON) == 5);
    CHECK(cy_read(end[1], text, sizeof text, SOON) == 5 && memcmp(text, "hello", 5) == 0);
    CHECK(cy_write(end[0], "last", 4, SOON) == 4 && cy_shutdown_write(end[0]) == 0);
    CHECK(cy_read(end[1], text, 2, SOON) == 2 && cy_read(end[1], text, 16, SOON) == 2);
    CHECK(cy_read(end[1], text, 16, SOON) == 0 && cy_read(end[1], text, 16, SOON) == 0);
    CHECK(cy_write(end[0], "x", 1, SOON) == -EPIPE);
    CHECK(cy_write(end[1], "answer", 6, SOON) == 6);
    CHECK(cy_read(end[0], text, sizeof text, SOON) == 6);
    close_pair(end);
    return 0;
}

static void
one_direction_can_end_while_the_other_goes_on(void)
{
    run(talk_and_half_close);
}

static int
shutdown_without_connection(void *arg)
{
    cy_socket *socket;
    cy_address at = any_port("127.0.0.1");
    (void) arg;
    CHECK(cyi_socket_open(&socket, cyi_self, &at, CYI_SOCKET_STREAM) == 0);
    CHECK(cy_shutdown_write(socket) == -ENOTCONN);
    CHECK(cy_socket_remote(&at, socket) == -ENOTCONN);
    cy_close(&socket);
    return 0;
}

static void
what_is_not_connected_cannot_be_half_closed(void)
{
    run(shutdown_without_connection);
}

/* Closes with a reset, as a process that was killed may. */
static void
break_off(cy_socket **end)
{
    struct linger hard = {.l_onoff = 1};
    setsockopt((*end)->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    cy_close(end);
}

static int
read_in_vain(void *socket)
{
    char c;
    return (int) cy_read(socket, &c, 1, SOON);
}

static int
suffer_resets(void *arg)
{
    cy_socket *end[2];
    cy_ref task;
    char c;
    (void) arg;
    CHECK(make_pair(end) == 0);
    break_off(&end[0]);
    CHECK(cy_read(end[1], &c, 1, SOON) == -ECONNRESET);
    CHECK(cy_write(end[1], "x", 1, SOON) == -EPIPE);
    cy_close(&end[1]);
    CHECK(make_pair(end) == 0);
    CHECK(cy_task_spawn(&task, read_in_vain, end[1], &joinable) == 0);
    CHECK(cy_yield() == 0);
    break_off(&end[0]);
    CHECK(join_code(task) == -ECONNRESET);
    cy_close(&end[1]);
    return 0;
}

static void
a_reset_is_told_to_who_reads_now_or_later(void)
{
    run(suffer_resets);
}

static char bulk[1 << 20];

/* Not only lets others run for a moment. */
static bool
waits(const struct cyi_task *task)
{
    return task != NULL && task->state == CYI_TASK_WAITING;
}

static int
fill_up(void *socket)
{
    ssize_t n;
    do
        n = cy_write(socket, bulk, sizeof bulk, SOON);
    while (n == sizeof bulk);
    return (int) n;
}

static int
break_off_under_a_writer(void *arg)
{
    cy_socket *end[2];
    cy_ref task;
    (void) arg;
    CHECK(make_pair(end) == 0);
    CHECK(cy_task_spawn(&task, fill_up, end[1], &joinable) == 0);
    while (!waits(end[1]->writer))
        CHECK(cy_yield() == 0);
    break_off(&end[0]);
    int code = join_code(task);
    CHECK(code == -ECONNRESET || code == -EPIPE);
    cy_close(&end[1]);
    return 0;
}

static void
a_reset_ends_a_writer_that_waits(void)
{
    run(break_off_under_a_writer);
}

static int
read_with_deadlines(void *arg)
{
    cy_socket *end[2];
    char text[8] = "";
    (void) arg;
    CHECK(make_pair(end) == 0);
    CHECK(cy_read(end[1], text, sizeof text, CY_NOW) == -ETIMEDOUT);
    CHECK(cy_read(end[1], text, sizeof text, cy_after(CY_MILLISECOND)) == -ETIMEDOUT);
    CHECK(cy_write(end[0], "abc", 3, SOON) == 3);
    CHECK(cy_read(end[1], text, sizeof text, SOON) == 3);
    CHECK(cy_write(end[0], "def", 3, SOON) == 3);
    CHECK(cy_read_full(end[1], text, 4, cy_after(CY_MILLISECOND)) == -ETIMEDOUT);
    close_pair(end);
    return 0;
}

static void
reading_ends_at_the_deadline(void)
{
    run(read_with_deadlines);
}

static int
write_with_deadlines(void *arg)
{
    cy_socket *end[2];
    (void) arg;
    CHECK(make_pair(end) == 0);
    ssize_t n;
    while ((n = cy_write(end[0], bulk, sizeof bulk, cy_after(CY_MILLISECOND))) == sizeof bulk)
        ;
    CHECK(n == -ETIMEDOUT);
    CHECK(cy_write(end[0], "x", 1, CY_NOW) == -ETIMEDOUT);
    close_pair(end);
    return 0;
}

static void
writing_ends_at_the_deadline(void)
{
    run(write_with_deadlines);
}

static int
cancel_a_reader(void *arg)
{
    cy_socket *end[2];
    cy_ref task;
    char c = 0;
    (void) arg;
    CHECK(make_pair(end) == 0);
    CHECK(cy_task_spawn(&task, read_in_vain, end[1], &joinable) == 0);
    CHECK(cy_yield() == 0);
    CHECK(cy_write(end[0], "x", 1, SOON) == 1);
    CHECK(cy_terminate(task) == 0);
    CHECK(join_code(task) == -ECANCELED);
    CHECK(cy_read(end[1], &c, 1, SOON) == 1 && c == 'x');
    close_pair(end);
    return 0;
}

static void
a_terminated_reader_leaves_the_data_to_the_next(void)
{
    run(cancel_a_reader);
}

static int
write_when_terminated(void *socket)
{
    CHECK(cy_terminate(cy_self()) == 0);
    char c;
    CHECK(cy_write(socket, "x", 1, SOON) == -ECANCELED);
    CHECK(cy_read(socket, &c, 1, SOON) == -ECANCELED);
    return 0;
}

static int
run_a_terminated_one(void *arg)
{
    cy_socket *end[2];
    cy_ref task;
    char c;
    (void) arg;
    CHECK(make_pair(end) == 0);
    CHECK(cy_write(end[1], "x", 1, SOON) == 1 && cy_write(end[0], "y", 1, SOON) == 1);
    CHECK(cy_read(end[1], &c, 1, SOON) == 1); /* so that both are ready by now */
    CHECK(cy_task_spawn(&task, write_when_terminated, end[0], &joinable) == 0);
    CHECK(join_code(task) == 0);
    close_pair(end);
    return 0;
}

static void
a_terminated_task_is_refused_even_when_it_need_not_wait(void)
{
    run(run_a_terminated_one);
}

enum { STREAM_BYTES = 24 << 20 };

static uint8_t
byte_at(size_t position)
{
    return (uint8_t) (position * 2654435761U >> 13);
}

static int
pour(void *socket)
{
    uint8_t *all = malloc(STREAM_BYTES);
    CHECK(all != NULL);
    for (size_t i = 0; i < STREAM_BYTES; i++)
        all[i] = byte_at(i);
    ssize_t n = cy_write(socket, all, STREAM_BYTES, SOON);
    free(all);
    CHECK(n == STREAM_BYTES);
    CHECK(cy_shutdown_write(socket) == 0);
    return 0;
}

/* Reads pieces of many sizes, also such as end exactly where a piece ends. */
static int
drink(cy_socket *socket)
{
    static uint8_t piece[200000];
    size_t position = 0, size = 1;
    ssize_t n;
    while ((n = cy_read(socket, piece, size, SOON)) > 0) {
        for (ssize_t i = 0; i < n; i++)
            CHECK(piece[i] == byte_at(position + (size_t) i));
        position += (size_t) n;
        size = size * 3 % (sizeof piece - 1) + 1;
    }
    CHECK(n == 0 && position == STREAM_BYTES);
    return 0;
}

static int
pour_and_drink(void *arg)
{
    cy_socket *end[2];
    cy_ref task;
    (void) arg;
    CHECK(make_pair(end) == 0);
    CHECK(cy_task_spawn(&task, pour, end[0], &joinable) == 0);
    CHECK(drink(end[1]) == 0);
    CHECK(join_code(task) == 0);
    close_pair(end);
    return 0;
}

static void
a_buffer_far_larger_than_the_kernels_arrives_whole(void)
{
    run(pour_and_drink);
}

static int
drink_of(void *socket)
{
    return drink(socket);
}

/* Each end is read by one task and written by another, all at once. */
static int
both_directions(void *arg)
{
    cy_socket *end[2];
    cy_ref task[2][2];
    (void) arg;
    CHECK(make_pair(end) == 0);
    for (int i = 0; i < 2; i++) {
        CHECK(cy_task_spawn(&task[i][0], pour, end[i], &joinable) == 0);
        CHECK(cy_task_spawn(&task[i][1], drink_of, end[i], &joinable) == 0);
    }
    for (int i = 0; i < 2; i++) {
        CHECK(join_code(task[i][0]) == 0);
        CHECK(join_code(task[i][1]) == 0);
    }
    close_pair(end);
    return 0;
}

static void
one_task_reads_while_another_writes(void)
{
    run(both_directions);
}

enum { PARTS = 1024, PART_BYTES = 9000 };

static int
write_parts(void *socket)
{
    static struct iovec parts[PARTS + 1];
    static uint8_t all[PARTS * PART_BYTES];
    for (size_t i = 0; i < sizeof all; i++)
        all[i] = byte_at(i);
    for (size_t i = 0; i <= PARTS; i++)
        parts[i] = (struct iovec){all + i * PART_BYTES, PART_BYTES};
    CHECK(cy_writev(socket, parts, PARTS + 1, SOON) == -EINVAL);
    CHECK(cy_writev(socket, parts, -1, SOON) == -EINVAL);
    CHECK(cy_writev(socket, parts, PARTS, SOON) == sizeof all);
    return 0;
}

static int
gather(void *arg)
{
    static uint8_t all[PARTS * PART_BYTES];
    cy_socket *end[2];
    cy_ref task;
    (void) arg;
    CHECK(make_pair(end) == 0);
    CHECK(cy_task_spawn(&task, write_parts, end[0], &joinable) == 0);
    CHECK(cy_read_full(end[1], all, sizeof all, SOON) == sizeof all);
    CHECK(join_code(task) == 0);
    for (size_t i = 0; i < sizeof all; i++)
        CHECK(all[i] == byte_at(i));
    CHECK(cy_read(end[1], all, 1, CY_NOW) == -ETIMEDOUT);
    close_pair(end);
    return 0;
}

static void
as_many_parts_as_allowed_arrive_in_order_and_one_more_is_refused(void)
{
    run(gather);
}

static int
write_empty_parts(void *arg)
{
    struct iovec parts[5] = {{0}, {(char *) "a", 1}, {0}, {(char *) "b", 1}, {0}};
    char text[4];
    cy_socket *end[2];
    (void) arg;
    CHECK(make_pair(end) == 0);
    CHECK(cy_writev(end[0], parts, 5, SOON) == 2);
    CHECK(cy_read_full(end[1], text, 2, SOON) == 2 && memcmp(text, "ab", 2) == 0);
    CHECK(cy_writev(end[0], parts, 0, SOON) == 0);
    CHECK(cy_write(end[0], "", 0, SOON) == 0);
    close_pair(end);
    return 0;
}

static void
empty_parts_are_nothing(void)
{
    run(write_empty_parts);
}

static int
compete(void *arg)
{
    cy_socket *end[2];
    cy_ref reader, writer;
    char c;
    (void) arg;
    CHECK(make_pair(end) == 0);
    CHECK(cy_task_spawn(&reader, read_in_vain, end[0], &joinable) == 0);
    CHECK(cy_task_spawn(&writer, fill_up, end[0], &joinable) == 0);
    while (!waits(end[0]->writer) || !waits(end[0]->reader))
        CHECK(cy_yield() == 0);
    CHECK(cy_read(end[0], &c, 1, SOON) == -EBUSY);
    CHECK(cy_write(end[0], "x", 1, SOON) == -EBUSY);
    cy_close(&end[0]);
    CHECK(end[0] == NULL);
    CHECK(join_code(reader) == -EBADF);
    CHECK(join_code(writer) == -EBADF);
    cy_close(&end[1]);
    return 0;
}

static void
each_direction_has_one_user_and_closing_ends_both(void)
{
    run(compete);
}

static int
read_until_the_end(void *arg)
{
    cy_socket *end[2];
    char text[16];
    (void) arg;
    CHECK(make_pair(end) == 0);
    CHECK(cy_write(end[0], "abc", 3, SOON) == 3);
    CHECK(cy_read(end[1], text, 1, SOON) == 1);
    CHECK(cy_write(end[0], "def", 3, SOON) == 3);
    cy_close(&end[0]);
    CHECK(cy_read_full(end[1], text, sizeof text, SOON) == 5 && memcmp(text, "bcdef", 5) == 0);
    CHECK(cy_read_full(end[1], text, 1, SOON) == 0);
    CHECK(cy_read_full(end[1], text, 0, SOON) == 0);
    cy_close(&end[1]);
    return 0;
}

static void
reading_in_full_stops_short_at_the_end_only(void)
{
    run(read_until_the_end);
}

/* Urgent data ends a read early: what follows it must not be taken for not there. */
static int
read_past_urgent_data(void *arg)
{
    cy_socket *end[2];
    char text[16];
    (void) arg;
    CHECK(make_pair(end) == 0);
    CHECK(send(end[0]->fd, "ab!", 3, MSG_OOB) == 3);
    CHECK(send(end[0]->fd, "cd", 2, 0) == 2);
    CHECK(cy_read_full(end[1], text, 4, SOON) == 4 && memcmp(text, "abcd", 4) == 0);
    close_pair(end);
    return 0;
}

static void
urgent_data_does_not_stall_what_follows(void)
{
    run(read_past_urgent_data);
}

static uint32_t reads, empty_reads, writes;

static ssize_t
count_read(struct cyi_os *os, int fd, void *buffer, size_t size)
{
    ssize_t n = real_os->socket->read(os, fd, buffer, size);
    reads++;
    empty_reads += n == -EAGAIN;
    return n;
}

static ssize_t
count_writev(struct cyi_os *os, int fd, const struct iovec *parts, int count)
{
    writes++;
    return real_os->socket->writev(os, fd, parts, count);
}

enum { ROUNDS = 100 };

static int
echo(void *socket)
{
    char text[64];
    ssize_t n;
    while ((n = cy_read(socket, text, sizeof text, SOON)) > 0)
        CHECK(cy_write(socket, text, (size_t) n, SOON) == n);
    return (int) n;
}

/* Each end waits for the other, so a needless call would find nothing. */
static int
count_calls(void *arg)
{
    cy_socket *end[2];
    cy_ref task;
    char text[64];
    (void) arg;
    CHECK(make_pair(end) == 0);
    CHECK(cy_task_spawn(&task, echo, end[0], &joinable) == 0);
    struct cyi_socket_ops *calls = use_fake_calls();
    calls->read = count_read;
    calls->writev = count_writev;
    reads = empty_reads = writes = 0;
    for (int i = 0; i < ROUNDS; i++) {
        CHECK(cy_write(end[1], "ping", 4, SOON) == 4);
        CHECK(cy_read(end[1], text, sizeof text, SOON) == 4);
    }
    use_real_calls();
    CHECK(reads == 2 * ROUNDS && empty_reads == 0 && writes == 2 * ROUNDS);
    CHECK(cy_shutdown_write(end[1]) == 0 && join_code(task) == 0);
    close_pair(end);
    return 0;
}

static void
a_round_trip_costs_one_read_and_one_write_at_each_end(void)
{
    run(count_calls);
}

CY_TEST_MAIN("runtime.stream", CY_TEST(one_direction_can_end_while_the_other_goes_on),
             CY_TEST(what_is_not_connected_cannot_be_half_closed),
             CY_TEST(a_reset_is_told_to_who_reads_now_or_later),
             CY_TEST(a_reset_ends_a_writer_that_waits), CY_TEST(reading_ends_at_the_deadline),
             CY_TEST(writing_ends_at_the_deadline),
             CY_TEST(a_terminated_reader_leaves_the_data_to_the_next),
             CY_TEST(a_terminated_task_is_refused_even_when_it_need_not_wait),
             CY_TEST(a_buffer_far_larger_than_the_kernels_arrives_whole),
             CY_TEST(one_task_reads_while_another_writes),
             CY_TEST(as_many_parts_as_allowed_arrive_in_order_and_one_more_is_refused),
             CY_TEST(empty_parts_are_nothing),
             CY_TEST(each_direction_has_one_user_and_closing_ends_both),
             CY_TEST(reading_in_full_stops_short_at_the_end_only),
             CY_TEST(urgent_data_does_not_stall_what_follows),
             CY_TEST(a_round_trip_costs_one_read_and_one_write_at_each_end))
