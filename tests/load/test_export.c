/* test_export.c - the result as JSON: read back, it says the same. */
#include "cy_test.h"
#include "export.h"
#include "json.h"
#include "sample_result.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct sample sample;

static struct load_json *
exported(void)
{
    struct load_json *json = NULL;
    char *text = sample_text(&sample, load_export);
    CY_OK(load_json_parse(&json, text, strlen(text)));
    free(text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(json);
    return json;
}

static size_t
count(const struct load_json *array)
{
    size_t n = 0;
    for (const struct load_json *at = array->child; at != NULL; at = at->next)
        n++;
    return n;
}

static void
every_part_can_be_read_back(void)
{
    sample_make(&sample, 3);
    struct load_json *json = exported();
    CU_ASSERT_STRING_EQUAL(load_json_get_text(json, "format", ""), LOAD_EXPORT_FORMAT);
    CU_ASSERT_STRING_EQUAL(load_json_get_text(json, "settings.label", ""), "a <b> & \"c\"");
    CU_ASSERT_EQUAL(load_json_get(json, "settings.rate", 0), 1000);
    CU_ASSERT_EQUAL(load_json_get(json, "summary.throughput", 0), 1000);
    CU_ASSERT_EQUAL(load_json_get(json, "summary.requests", 0), 3000);
    CU_ASSERT_EQUAL(load_json_get(json, "summary.lost", 7), 0);
    CU_ASSERT_EQUAL(load_json_get(json, "summary.unproved", 7), 0);
    CU_ASSERT_STRING_EQUAL(load_json_get_text(json, "summary.proof", ""), "replies");
    CU_ASSERT_STRING_EQUAL(load_json_get_text(json, "settings.verb", "x"), "");
    CU_ASSERT_EQUAL(load_json_get(json, "latency_us.corrected.max", 0), 1000);
    CU_ASSERT_DOUBLE_EQUAL(load_json_get(json, "latency_us.corrected.p50", 0), 500, 1);
    CU_ASSERT_DOUBLE_EQUAL(load_json_get(json, "latency_us.raw.p50", 0), 450, 1);
    CU_ASSERT_EQUAL(count(load_json_find(json, "seconds")), 4);
    CU_ASSERT_EQUAL(load_json_get(load_json_find(json, "seconds")->child, "warmup", 0), 1);
    CU_ASSERT_EQUAL(count(load_json_find(json, "cores")), 2);
    CU_ASSERT_EQUAL(count(load_json_find(json, "assertions")), 2);
    CU_ASSERT_TRUE(count(load_json_find(json, "percentiles_us")) > 10);
    CU_ASSERT_PTR_NULL(load_json_find(json, "find_max"));
    CU_ASSERT_TRUE(load_json_get(json, "machine.cpus", 0) >= 1);
    load_json_free(&json);
    sample_free(&sample);
}

static void
a_search_lists_its_trials(void)
{
    sample_make(&sample, 1);
    sample.settings.flags.find_max = true;
    sample.settings.flags.slo = "p99<1ms";
    sample.result.trial_count = 2;
    sample.result.trials[1] = (struct load_trial){.rate = 2000, .passed = true};
    sample.result.found_rate = 2000;
    struct load_json *json = exported();
    CU_ASSERT_EQUAL(load_json_get(json, "find_max.rate", 0), 2000);
    const struct load_json *trials = load_json_find(json, "find_max.trials");
    CU_ASSERT_EQUAL(count(trials), 2);
    CU_ASSERT_EQUAL(load_json_get(trials->child->next, "passed", 0), 1);
    load_json_free(&json);
    sample_free(&sample);
}

static void
a_full_disk_is_an_error(void)
{
    FILE *file = fopen("/dev/full", "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    setvbuf(file, NULL, _IONBF, 0);
    sample_make(&sample, 1);
    CY_FAILS(load_export(file, &sample.result, &sample.machine), -EIO);
    sample_free(&sample);
    fclose(file);
}

CY_TEST_MAIN("load.export", CY_TEST(every_part_can_be_read_back),
             CY_TEST(a_search_lists_its_trials), CY_TEST(a_full_disk_is_an_error))
