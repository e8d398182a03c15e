/* test_frame.c - frames are found again after any damage, and damage is reported once. */
#include "cy_test.h"
#include "frame.h"
#include "random.h"

#include <string.h>

enum { SIZE = 40, FRAMES = 5 };

static unsigned char stream[SIZE * FRAMES];
static struct load_frame_reader reader;
static unsigned intact, damaged, last_version;

static void
write_frames(void)
{
    for (uint32_t i = 0; i < FRAMES; i++)
        load_frame_write(stream + (size_t) i * SIZE, SIZE,
                         &(struct load_proof){0xabcdef12, 3, i + 1});
    reader =
        (struct load_frame_reader){.run = 0xabcdef12, .min_bytes = SIZE, .max_bytes = SIZE};
    intact = damaged = last_version = 0;
}

static size_t
read_all(const unsigned char *data, size_t size)
{
    size_t at = 0, used;
    struct load_proof proof;
    for (;;) {
        switch (load_frame_read(&reader, data + at, size - at, &used, &proof)) {
        case LOAD_FRAME_NONE:
            return at;
        case LOAD_FRAME_INTACT:
            intact++;
            last_version = proof.version;
            break;
        case LOAD_FRAME_DAMAGED:
            damaged++;
            break;
        case LOAD_FRAME_SKIPPED:
            break;
        }
        at += used;
    }
}

static void
reads_frame_after_frame(void)
{
    write_frames();
    CU_ASSERT_EQUAL(read_all(stream, sizeof stream), sizeof stream);
    CU_ASSERT_EQUAL(intact, FRAMES);
    CU_ASSERT_EQUAL(damaged, 0);
    CU_ASSERT_EQUAL(last_version, FRAMES);
}

static void
waits_for_the_rest_of_a_frame(void)
{
    for (size_t cut = 0; cut < SIZE; cut++) {
        write_frames();
        CU_ASSERT_EQUAL(read_all(stream, cut), 0);
        CU_ASSERT_EQUAL(intact + damaged, 0);
    }
}

static void
a_change_of_any_byte_is_one_damaged_frame(void)
{
    for (size_t at = 0; at < sizeof stream - SIZE; at++) {
        write_frames();
        stream[at] ^= 0x40;
        CU_ASSERT_EQUAL(read_all(stream, sizeof stream), sizeof stream);
        CU_ASSERT_EQUAL(intact, FRAMES - 1);
        CU_ASSERT_EQUAL(damaged, 1);
    }
}

static void
a_missing_byte_damages_one_frame_only(void)
{
    for (size_t at = 0; at < sizeof stream - SIZE; at++) {
        write_frames();
        memmove(stream + at, stream + at + 1, sizeof stream - at - 1);
        CU_ASSERT_EQUAL(read_all(stream, sizeof stream - 1), sizeof stream - 1);
        CU_ASSERT_EQUAL(intact, FRAMES - 1);
        CU_ASSERT_EQUAL(damaged, 1);
    }
}

static void
damage_is_reported_once_however_it_is_cut_into_reads(void)
{
    for (size_t cut = 1; cut < SIZE; cut++) {
        write_frames();
        stream[0] ^= 1;
        size_t used = read_all(stream, cut);
        used += read_all(stream + used, sizeof stream - used);
        CU_ASSERT_EQUAL(used, sizeof stream);
        CU_ASSERT_EQUAL(damaged, 1);
        CU_ASSERT_EQUAL(intact, FRAMES - 1);
    }
}

static void
the_frame_after_damage_can_be_damaged_by_itself(void)
{
    write_frames();
    stream[30] ^= 1;
    stream[SIZE * 2 + 30] ^= 1;
    read_all(stream, sizeof stream);
    CU_ASSERT_EQUAL(damaged, 2);
    CU_ASSERT_EQUAL(intact, FRAMES - 2);
}

static void
any_bytes_are_passed_over_and_the_next_frame_is_found(void)
{
    struct load_random random;
    load_random_seed(&random, 8, 0);
    for (unsigned round = 0; round < 20000; round++) {
        unsigned char noise[100 + SIZE];
        size_t size = (size_t) load_random_below(&random, 100), used = 0;
        write_frames();
        for (size_t i = 0; i < size; i++)
            noise[i] = (unsigned char) load_random_below(&random, 256);
        memcpy(noise + size, stream, SIZE);
        used = read_all(noise, size);
        used += read_all(noise + used, size + SIZE - used);
        CU_ASSERT_EQUAL(used, size + SIZE);
        CU_ASSERT_EQUAL(intact, 1);
        CU_ASSERT_EQUAL(damaged, size > 0);
    }
}

CY_TEST_MAIN("load.frame", CY_TEST(reads_frame_after_frame),
             CY_TEST(waits_for_the_rest_of_a_frame),
             CY_TEST(a_change_of_any_byte_is_one_damaged_frame),
             CY_TEST(a_missing_byte_damages_one_frame_only),
             CY_TEST(damage_is_reported_once_however_it_is_cut_into_reads),
             CY_TEST(the_frame_after_damage_can_be_damaged_by_itself),
             CY_TEST(any_bytes_are_passed_over_and_the_next_frame_is_found))
