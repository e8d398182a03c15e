/* chart.c - line charts as SVG. */
#include "chart.h"
#include "units.h"

#include <math.h>

/* The drawing, and the margins around the field of the lines. */
enum { WIDTH = 860, HEIGHT = 300, LEFT = 76, RIGHT = 40, TOP = 34, BOTTOM = 34 };

double
load_axis_step(double span, unsigned ticks)
{
    double rough = span / ticks, power = pow(10, floor(log10(rough)));
    static const double steps[] = {1, 2, 5};
    for (size_t i = 0; i < 3; i++)
        if (steps[i] * power >= rough * 0.999)
            return steps[i] * power;
    return 10 * power;
}

struct load_axis
load_axis_fit(double least, double most, bool logarithmic, enum load_chart_unit unit)
{
    struct load_axis axis = {.logarithmic = logarithmic, .unit = unit};
    if (logarithmic) {
        least = least > 0 ? least : 1;
        most = most > least ? most : least;
        axis.low = pow(10, floor(log10(least)));
        axis.high = pow(10, ceil(log10(most)));
        if (axis.high <= axis.low)
            axis.high = axis.low * 10;
        return axis;
    }
    if (most <= 0)
        most = 1;
    double step = load_axis_step(most, 5);
    axis.high = ceil(most / step - 1e-9) * step;
    return axis;
}

/* Where a value lies on its axis, from 0 to 1. */
static double
place(const struct load_axis *axis, double value)
{
    double part;
    if (axis->logarithmic) {
        value = value < axis->low ? axis->low : value;
        part = log(value / axis->low) / log(axis->high / axis->low);
    } else {
        part = (value - axis->low) / (axis->high - axis->low);
    }
    return part < 0 ? 0 : part > 1 ? 1 : part;
}

static double
at_x(const struct load_chart *chart, double value)
{
    return LEFT + place(&chart->x, value) * (WIDTH - LEFT - RIGHT);
}

static double
at_y(const struct load_chart *chart, double value)
{
    return HEIGHT - BOTTOM - place(&chart->y, value) * (HEIGHT - TOP - BOTTOM);
}

/* "90%", "99.9%"...: as many digits as there are nines. */
static void
format_level(char text[LOAD_UNIT_TEXT_MAX], double value)
{
    int digits = (int) lround(value) - 2;
    snprintf(text, LOAD_UNIT_TEXT_MAX, "%.*f%%", digits < 0 ? 0 : digits,
             100 * (1 - pow(10, -value)));
}

static void
format_tick(char text[LOAD_UNIT_TEXT_MAX], enum load_chart_unit unit, double value)
{
    switch (unit) {
    case LOAD_CHART_SECONDS:
        snprintf(text, LOAD_UNIT_TEXT_MAX, "%gs", value);
        break;
    case LOAD_CHART_RATE:
        load_format_count(text, value);
        break;
    case LOAD_CHART_TIME:
        load_format_duration(text, value);
        break;
    case LOAD_CHART_LEVEL:
        format_level(text, value);
        break;
    }
}

static void
draw_x_tick(const struct load_chart *chart, double value)
{
    char text[LOAD_UNIT_TEXT_MAX];
    double x = at_x(chart, value);
    format_tick(text, chart->x.unit, value);
    fprintf(chart->file, "<line class=\"grid\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>",
            x, TOP, x, HEIGHT - BOTTOM);
    fprintf(chart->file, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", x,
            HEIGHT - BOTTOM + 18, text);
}

static void
draw_y_tick(const struct load_chart *chart, double value)
{
    char text[LOAD_UNIT_TEXT_MAX];
    double y = at_y(chart, value);
    format_tick(text, chart->y.unit, value);
    fprintf(chart->file, "<line class=\"grid\" x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/>",
            LEFT, y, WIDTH - RIGHT, y);
    fprintf(chart->file, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", LEFT - 8,
            y + 4, text);
}

static void
draw_ticks(const struct load_chart *chart, const struct load_axis *axis,
           void (*draw)(const struct load_chart *chart, double value))
{
    if (axis->logarithmic) {
        int decades = (int) lround(log10(axis->high / axis->low));
        for (int i = 0; i <= decades; i++)
            draw(chart, axis->low * pow(10, i));
        return;
    }
    double step =
        load_axis_step(axis->high - axis->low, axis->unit == LOAD_CHART_RATE ? 5 : 10);
    if (axis->unit == LOAD_CHART_LEVEL)
        step = 1;
    long first = lround(ceil(axis->low / step - 1e-9));
    long last = lround(floor(axis->high / step + 1e-6));
    for (long i = first; i <= last; i++)
        draw(chart, (double) i * step);
}

void
load_chart_begin(struct load_chart *chart, FILE *file, const char *title)
{
    chart->file = file;
    fprintf(file, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n", WIDTH, HEIGHT,
            title);
    fprintf(file, "<text class=\"title\" x=\"%d\" y=\"18\">%s</text>\n", LEFT, title);
    draw_ticks(chart, &chart->x, draw_x_tick);
    draw_ticks(chart, &chart->y, draw_y_tick);
}

void
load_chart_end(struct load_chart *chart)
{
    fputs("</svg>\n", chart->file);
}

void
load_chart_shade(const struct load_chart *chart, double from, double to)
{
    double left = at_x(chart, from), right = at_x(chart, to);
    fprintf(chart->file,
            "<rect class=\"shade\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>\n", left,
            TOP, right - left, HEIGHT - TOP - BOTTOM);
}

void
load_chart_line(const struct load_chart *chart, const char *style, const double *x,
                const double *y, size_t count)
{
    if (count == 0)
        return;
    fprintf(chart->file, "<polyline class=\"line %s\" points=\"", style);
    for (size_t i = 0; i < count; i++)
        fprintf(chart->file, "%.1f,%.1f ", at_x(chart, x[i]), at_y(chart, y[i]));
    fputs("\"/>\n", chart->file);
    if (count == 1) /* a line needs two points to be seen */
        fprintf(chart->file, "<circle class=\"dot %s\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>\n",
                style, at_x(chart, x[0]), at_y(chart, y[0]));
}
