/* metrics_text.c - the text format of Prometheus: numbers with their names, for every core. */
#include "metrics_text.h"
#include <inttypes.h>
#include <string.h>

enum { NO_CORE = -1 };

/* A newline would end the line, a backslash begins what stands for one. */
static void
write_escaped(FILE *out, const char *text, char also)
{
    for (; *text != '\0'; text++) {
        if (*text == '\n') {
            fputs("\\n", out);
            continue;
        }
        if (*text == '\\' || *text == also)
            fputc('\\', out);
        fputc(*text, out);
    }
}

void
cyi_metric_write_quoted(FILE *out, const char *value)
{
    fputc('"', out);
    write_escaped(out, value, '"');
    fputc('"', out);
}

void
cyi_metric_write_head(FILE *out, const struct cyi_metric *metric)
{
    fprintf(out, "# HELP %s ", metric->name);
    write_escaped(out, metric->help, '\\');
    fprintf(out, "\n# TYPE %s %s\n", metric->name,
            metric->type == CYI_METRIC_COUNTER ? "counter" : "gauge");
}

static void
write_labels(FILE *out, const struct cyi_metric *metric, int core)
{
    if (core == NO_CORE && metric->labels == NULL)
        return;
    fputc('{', out);
    if (core != NO_CORE)
        fprintf(out, "core=\"%d\"", core);
    if (metric->labels != NULL)
        fprintf(out, "%s%s", core != NO_CORE ? "," : "", metric->labels);
    fputc('}', out);
}

static void
write_value(FILE *out, const struct cyi_metric *metric, int core, uint64_t value)
{
    fputs(metric->name, out);
    write_labels(out, metric, core);
    if (metric->seconds)
        fprintf(out, " %" PRIu64 ".%09" PRIu64 "\n", value / 1000000000, value % 1000000000);
    else
        fprintf(out, " %" PRIu64 "\n", value);
}

static void
write_metric(FILE *out, const struct cyi_metrics_table *table, const struct cyi_metric *metric,
             uint32_t row)
{
    for (uint16_t i = 0; i < table->core_count; i++) {
        uint64_t value = table->values[(size_t) i * table->sets->metrics + row];
        if (table->up[i] && (!metric->of_node || i == 0))
            write_value(out, metric, metric->of_node ? NO_CORE : i, value);
    }
}

static void
write_up(FILE *out, const struct cyi_metrics_table *table)
{
    static const struct cyi_metric up = {
        .name = "cycos_core_up",
        .help = "Whether the core has answered in time; it shows no other numbers if not.",
        .type = CYI_METRIC_GAUGE,
    };
    cyi_metric_write_head(out, &up);
    for (uint16_t i = 0; i < table->core_count; i++)
        write_value(out, &up, i, table->up[i]);
}

void
cyi_metrics_write(FILE *out, const struct cyi_metrics_table *table)
{
    uint32_t row = 0;
    const char *last = "";
    write_up(out, table);
    for (uint32_t i = 0; i < table->sets->count; i++) {
        const struct cyi_metric_set *set = table->sets->sets[i];
        for (uint32_t j = 0; j < set->count; j++, row++) {
            const struct cyi_metric *metric = &set->metrics[j];
            if (strcmp(metric->name, last) != 0)
                cyi_metric_write_head(out, metric);
            last = metric->name;
            write_metric(out, table, metric, row);
        }
    }
}
