/*
 * bench_value.c - packing and reading bodies: a message of many types, and lists of one.
 *
 * `value.encode` and `value.decode` take the message by which the codecs of others were
 * compared: a list of 8 (integers, texts, a double, 256 bytes, 16 integers, a map of 2), 354
 * bytes. Decoding checks the whole body and reads every value. CPU time of the thread.
 */
#include <cycos/value.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RUNS = 7, ROUNDS = 200000, NUMBERS = 1000, TEXT = 1000, BODY_MAX = 16384 };

static uint8_t blob[256];
static uint8_t body[BODY_MAX];
static size_t body_size;
static char text[TEXT + 1];
static int64_t sum; /* printed, so that nothing is computed in vain */

static void
need(int rc)
{
    if (rc == 0)
        return;
    fprintf(stderr, "bench_value: %s\n", cy_strerror(rc));
    exit(1);
}

static int64_t
cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t) now.tv_sec * 1000000000 + now.tv_nsec;
}

static void
encode_message(void)
{
    cy_value_writer w;
    cy_value_writer_init(&w, body, sizeof body);
    cy_value_put_list(&w, 8);
    cy_value_put_uint(&w, 1);
    cy_value_put_text(&w, "worker.add");
    cy_value_put_int(&w, 123456789);
    cy_value_put_double(&w, 3.1);
    cy_value_put_text(&w, "hello world");
    cy_value_put_bytes(&w, blob, sizeof blob);
    cy_value_put_list(&w, 16);
    for (int64_t i = 0; i < 16; i++)
        cy_value_put_int(&w, i * 1000);
    cy_value_put_map(&w, 2);
    cy_value_put_text(&w, "k"), cy_value_put_text(&w, "v");
    cy_value_put_text(&w, "n"), cy_value_put_int(&w, 42);
    need(cy_value_finish(&w, &body_size));
}

static void
decode_message(void)
{
    cy_value_reader r, list, item;
    int64_t number;
    double real;
    const char *string;
    const void *bytes;
    size_t size;
    need(cy_value_reader_init(&r, body, body_size));
    need(cy_value_get_list(&r, &list));
    need(cy_value_get_int(&list, &number));
    need(cy_value_get_text(&list, &string, &size));
    need(cy_value_get_int(&list, &number));
    need(cy_value_get_double(&list, &real));
    need(cy_value_get_text(&list, &string, &size));
    need(cy_value_get_bytes(&list, &bytes, &size));
    need(cy_value_get_list(&list, &item));
    while (cy_value_get_int(&item, &number) == 0)
        sum += number;
    need(cy_value_get_map(&list, &item));
    need(cy_value_find(&item, "k", &r));
    need(cy_value_get_text(&r, &string, &size));
    need(cy_value_find(&item, "n", &r));
    need(cy_value_get_int(&r, &number));
    sum += number;
}

static void
validate(void)
{
    need(cy_value_validate(body, body_size));
}

static void
encode_numbers(void)
{
    cy_value_writer w;
    cy_value_writer_init(&w, body, sizeof body);
    cy_value_put_list(&w, NUMBERS);
    for (int64_t i = 0; i < NUMBERS; i++)
        cy_value_put_int(&w, i * 97);
    need(cy_value_finish(&w, &body_size));
}

static void
decode_numbers(void)
{
    cy_value_reader r, list;
    int64_t number;
    need(cy_value_reader_init(&r, body, body_size));
    need(cy_value_get_list(&r, &list));
    while (cy_value_get_int(&list, &number) == 0)
        sum += number;
}

/* Keys in order, or in the opposite order. */
static void
encode_map(bool ordered)
{
    cy_value_writer w;
    cy_value_writer_init(&w, body, sizeof body);
    cy_value_put_map(&w, NUMBERS);
    for (int64_t i = 0; i < NUMBERS; i++)
        cy_value_put_int(&w, ordered ? i : NUMBERS - i), cy_value_put_nil(&w);
    need(cy_value_finish(&w, &body_size));
}

static void
encode_ordered(void)
{
    encode_map(true);
}

static void
encode_unordered(void)
{
    encode_map(false);
}

static void
encode_text(void)
{
    cy_value_writer w;
    cy_value_writer_init(&w, body, sizeof body);
    cy_value_put_text_n(&w, text, TEXT);
    need(cy_value_finish(&w, &body_size));
}

static int
ascending(const void *a, const void *b)
{
    double x = *(const double *) a, y = *(const double *) b;
    return (x > y) - (x < y);
}

static void
measure(const char *name, void (*once)(void), int rounds)
{
    double ns[RUNS];
    for (int run = 0; run < RUNS; run++) {
        int64_t start = cpu_ns();
        for (int i = 0; i < rounds; i++)
            once();
        ns[run] = (double) (cpu_ns() - start) / rounds;
    }
    qsort(ns, RUNS, sizeof *ns, ascending);
    printf("{\"bench\":\"value.%s\",\"ns\":%.1f,\"ns_min\":%.1f,\"ns_max\":%.1f,\"runs\":%d,"
           "\"bytes\":%zu}\n",
           name, ns[RUNS / 2], ns[0], ns[RUNS - 1], RUNS, body_size);
    fflush(stdout);
}

int
main(void)
{
    measure("encode", encode_message, ROUNDS);
    measure("validate", validate, ROUNDS);
    measure("decode", decode_message, ROUNDS);
    measure("encode_1000_numbers", encode_numbers, ROUNDS / 50);
    measure("decode_1000_numbers", decode_numbers, ROUNDS / 50);
    measure("encode_1000_keys_ordered", encode_ordered, ROUNDS / 50);
    measure("encode_1000_keys_reversed", encode_unordered, ROUNDS / 50);
    memset(text, 'a', TEXT);
    measure("encode_ascii", encode_text, ROUNDS / 10);
    for (size_t i = 0; i < TEXT; i += 2)
        memcpy(text + i, "\xc3\xbc", 2);
    measure("encode_umlauts", encode_text, ROUNDS / 10);
    fprintf(stderr, "sum %lld\n", (long long) sum);
    return 0;
}
