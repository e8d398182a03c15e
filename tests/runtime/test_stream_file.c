#include "loopback.h"

#include <cycos/impl/io.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* A file into a connection, without a copy. */

enum { SIZE = 100000 };

static char name[] = "/tmp/cy-stream-XXXXXX";
static int file;

static void
open_file(void)
{
    static uint8_t bytes[SIZE];
    memcpy(name + sizeof name - 7, "XXXXXX", 6);
    file = mkstemp(name);
    CU_ASSERT_TRUE(file >= 0);
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (uint8_t) (i * i >> 5);
    CU_ASSERT_EQUAL(write(file, bytes, SIZE), SIZE);
    CU_ASSERT_EQUAL(unlink(name), 0);
}

static int
read_part(void *arg)
{
    static uint8_t bytes[SIZE];
    CHECK(cy_read_full(arg, bytes, SIZE - 10, SOON) == SIZE - 10);
    for (size_t i = 0; i < SIZE - 10; i++)
        CHECK(bytes[i] == (uint8_t) ((i + 10) * (i + 10) >> 5));
    return 0;
}

static int
send_part(void *arg)
{
    cy_socket *end[2];
    cy_ref reader;
    struct cy_task_options options = {.joinable = true};
    (void) arg;
    CHECK(make_pair(end) == 0);
    CHECK(cy_task_spawn_on(&reader, 0, read_part, end[1], &options) == 0);
    for (uint64_t at = 10; at < SIZE;) {
        ssize_t n = cyi_stream_send_file(end[0], file, at, SIZE, SOON);
        CHECK(n > 0);
        at += (uint64_t) n;
    }
    CHECK(cyi_stream_send_file(end[0], file, SIZE, 1, SOON) == 0);
    CHECK(cy_join(NULL, reader, CY_FOREVER) == 0);
    cy_close(&end[0]);
    cy_close(&end[1]);
    return 0;
}

static void
sends_a_part_of_a_file(void)
{
    open_file();
    run(send_part);
    close(file);
}

static int
send_too_much(void *arg)
{
    cy_socket *end[2];
    ssize_t n;
    (void) arg;
    CHECK(make_pair(end) == 0);
    do
        n = cyi_stream_send_file(end[0], file, 0, SIZE, cy_after(10 * CY_MILLISECOND));
    while (n > 0);
    CHECK(n == -ETIMEDOUT); /* nobody reads, and the buffers are full */
    cy_close(&end[1]);
    do
        n = cyi_stream_send_file(end[0], file, 0, SIZE, SOON);
    while (n > 0);
    CHECK(n == -ECONNRESET || n == -EPIPE);
    /* Once more: this is where a signal would end the process. */
    CHECK(cyi_stream_send_file(end[0], file, 0, SIZE, SOON) == -EPIPE);
    cy_close(&end[0]);
    return 0;
}

static void
waits_for_room_and_survives_the_end(void)
{
    open_file();
    run(send_too_much);
    close(file);
}

CY_TEST_MAIN("runtime.stream_file", CY_TEST(sends_a_part_of_a_file),
             CY_TEST(waits_for_room_and_survives_the_end))
