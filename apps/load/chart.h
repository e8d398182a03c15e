/* chart.h - line charts as SVG. */
#ifndef LOAD_CHART_H
#define LOAD_CHART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum load_chart_unit { LOAD_CHART_SECONDS, LOAD_CHART_RATE, LOAD_CHART_TIME, LOAD_CHART_LEVEL };

/*
 * An axis from low to high. With `logarithmic` low is above 0. LOAD_CHART_LEVEL is the axis of
 * percentile curves: its values are log10(1 / (1 - p)), so that 90, 99, 99.9 % lie evenly.
 */
struct load_axis {
    double low, high;
    bool logarithmic;
    enum load_chart_unit unit;
};

struct load_chart {
    FILE *file;
    struct load_axis x, y;
};

/* Makes an axis from 0, or from a power of ten below @least, to a round value above @most. */
struct load_axis load_axis_fit(double least, double most, bool logarithmic,
                               enum load_chart_unit unit);

/* The steps between ticks of a linear axis: 1, 2 or 5 times a power of ten, about @ticks. */
double load_axis_step(double span, unsigned ticks);

/* Between these two the lines are drawn. */
void load_chart_begin(struct load_chart *chart, FILE *file, const char *title);
void load_chart_end(struct load_chart *chart);

/* A stretch of the x axis with another background. */
void load_chart_shade(const struct load_chart *chart, double from, double to);

/* @style is a CSS class: "a", "b", "c" are colours, "dash" is a dashed line. */
void load_chart_line(const struct load_chart *chart, const char *style, const double *x,
                     const double *y, size_t count);

#endif
