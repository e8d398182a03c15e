/* test_value_sort.c - maps of many entries in every order, and as many as memory has. */
#include "value_hex.h"

#include "sanitizer.h"
#include <stdlib.h>
#include <sys/resource.h>

static uint64_t
next(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

static int
grow(cy_value_writer *w, size_t room)
{
    w->bytes = realloc(w->bytes, 2 * room);
    w->room = 2 * room;
    return w->bytes == NULL ? -ENOMEM : 0;
}

/* The value says which key it belongs to. */
static void
put_entry(cy_value_writer *w, int64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long) number);
    switch (number % 4) {
    case 0:
        cy_value_put_int(w, number);
        break;
    case 1:
        cy_value_put_int(w, -number);
        break;
    case 2:
        cy_value_put_text(w, text);
        break;
    default:
        cy_value_put_bytes(w, text, strlen(text));
        break;
    }
    cy_value_put_text(w, text);
}

static cy_value_writer
write_map(const int64_t *numbers, size_t count, size_t *size)
{
    cy_value_writer w;
    cy_value_writer_init_growing(&w, grow, NULL);
    cy_value_put_map(&w, count);
    for (size_t i = 0; i < count; i++)
        put_entry(&w, numbers[i]);
    CY_OK(cy_value_finish(&w, size));
    return w;
}

static void
shuffle(int64_t *numbers, size_t count, uint64_t *state)
{
    for (size_t i = count; i > 1; i--) {
        size_t j = next(state) % i;
        int64_t number = numbers[i - 1];
        numbers[i - 1] = numbers[j];
        numbers[j] = number;
    }
}

static void
the_order_of_puts_does_not_show_in_the_body(void)
{
    for (uint64_t seed = 0; cy_test_next_seed(&seed, 100);) {
        uint64_t state = seed;
        size_t count = 2 + next(&state) % 200, size = 0, again = 0;
        int64_t *numbers = malloc(count * sizeof *numbers);
        for (size_t i = 0; i < count; i++)
            numbers[i] = 1 + (int64_t) i * 97;
        cy_value_writer one = write_map(numbers, count, &size);
        shuffle(numbers, count, &state);
        cy_value_writer other = write_map(numbers, count, &again);
        CY_OK(cy_value_validate(one.bytes, size));
        CU_ASSERT_TRUE(size == again && memcmp(one.bytes, other.bytes, size) == 0);
        free(one.bytes);
        free(other.bytes);
        free(numbers);
    }
}

/* Quadratic work would take minutes. */
static void
a_map_of_many_entries_is_sorted_in_no_time(void)
{
    size_t count = 300000, size = 0;
    uint64_t state = 1;
    int64_t *numbers = malloc(count * sizeof *numbers);
    for (size_t i = 0; i < count; i++)
        numbers[i] = (int64_t) (count - i);
    shuffle(numbers, count, &state);
    cy_value_writer w = write_map(numbers, count, &size);
    CY_OK(cy_value_validate(w.bytes, size));
    free(w.bytes);
    free(numbers);
}

static void
one_key_twice_among_many_is_found(void)
{
    enum { COUNT = 50 };
    for (int first = 0; first < COUNT; first++) {
        size_t size;
        cy_value_writer w;
        cy_value_writer_init_growing(&w, grow, NULL);
        cy_value_put_map(&w, COUNT + 1);
        for (int i = COUNT; i > 0; i--)
            put_entry(&w, i == 25 ? 1000 : i);
        put_entry(&w, first == 24 ? 1000 : first + 1);
        CY_FAILS(cy_value_finish(&w, &size), -EEXIST);
        free(w.bytes);
    }
}

/* Two large entries in a buffer that is there; no room for their copy is. */
static void
sort_without_memory(void *arg)
{
    enum { LARGE = 8 << 20 };
    uint8_t *buffer = malloc(2 * LARGE + 64), *zeros = calloc(1, LARGE);
    struct rlimit limit = {1 << 20, 1 << 20}; /* less than is mapped already */
    cy_value_writer w;
    size_t size;
    (void) arg;
    setrlimit(RLIMIT_AS, &limit);
    cy_value_writer_init(&w, buffer, 2 * LARGE + 64);
    cy_value_put_map(&w, 2);
    cy_value_put_int(&w, 2), cy_value_put_bytes(&w, zeros, LARGE);
    cy_value_put_int(&w, 1), cy_value_put_bytes(&w, zeros, LARGE);
    printf("%s", cy_errname(cy_value_finish(&w, &size)));
    fflush(stdout);
}

static void
no_memory_to_sort_in_is_an_error(void)
{
    static struct cy_test_child child;
    if (CYI_ASAN || CYI_TSAN) { /* their shadow alone is beyond any limit */
        CU_PASS("no limit possible");
        return;
    }
    CY_OK(cy_test_run_child(&child, sort_without_memory, NULL));
    CU_ASSERT_STRING_EQUAL(child.output, "ENOMEM");
}

CY_TEST_MAIN("runtime.value_sort", CY_TEST(the_order_of_puts_does_not_show_in_the_body),
             CY_TEST(a_map_of_many_entries_is_sorted_in_no_time),
             CY_TEST(one_key_twice_among_many_is_found),
             CY_TEST(no_memory_to_sort_in_is_an_error))
