/* sample_result.c - a result that tests of the reports share. */
#include "sample_result.h"

#include "cy_test.h"

#include <stdlib.h>

static void
make_settings(struct load_settings *settings, size_t seconds)
{
    struct load_flags flags;
    char error[300];
    load_flags_init(&flags);
    flags.rate = "1k";
    flags.label = "a <b> & \"c\"";
    flags.assertion = "p99<5ms,errors==0";
    flags.duration_ns = (int64_t) seconds * 1000000000;
    CY_OK(load_settings_make(settings, &flags, "kv://127.0.0.1:7000", error, sizeof error));
}

static void
make_seconds(struct load_result *result)
{
    for (size_t i = 0; i < result->second_count; i++)
        result->seconds[i] = (struct load_second){.from_s = (double) i - 1,
                                                  .width_s = 1,
                                                  .offered = 1000,
                                                  .completed = 1000 + i % 3,
                                                  .p50_ns = 500000,
                                                  .p99_ns = 990000 + (int64_t) (i % 3),
                                                  .max_ns = 1000000};
    result->seconds_done = result->second_count;
}

void
sample_make(struct sample *sample, size_t seconds)
{
    struct load_result *result = &sample->result;
    make_settings(&sample->settings, seconds);
    CY_OK(load_result_init(result, &sample->settings, seconds + 1, 2));
    for (int64_t i = 0; i < 1000 * (int64_t) seconds; i++) {
        load_histogram_record(result->corrected, 1000 * (i % 1000 + 1));
        load_histogram_record(result->raw, 900 * (i % 1000 + 1));
    }
    make_seconds(result);
    result->elapsed_s = (double) seconds;
    for (size_t i = 0; i < 2; i++) {
        result->cores[i].connections = 25;
        result->cores[i].busy = 0.5;
        result->cores[i].counters.completed = 500 * seconds;
        load_counters_add(&result->total, &result->cores[i].counters);
    }
    load_predicates_check(&sample->settings.assertion, result, &result->verdict);
    load_machine_read(&sample->machine);
}

void
sample_free(struct sample *sample)
{
    load_result_fini(&sample->result);
}

char *
sample_text(const struct sample *sample, sample_writer *write)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    CY_OK(write(file, &sample->result, &sample->machine));
    fclose(file);
    return text;
}
