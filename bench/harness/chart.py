"""chart.py - a result as a chart: how many times as long as cycos everybody takes.

A line per workload and a mark per contestant, on a logarithmic scale on which cycos is 1:
units differ from line to line, ratios do not. A thin line shows the range of the turns, a
hollow mark is quoted. A bar shows where the target lies: cycos meets it when the bar stands
at 1 or right of it. Written by hand, as an SVG that is readable on light and dark paper.
"""
import math
from xml.sax.saxutils import escape

import units

LABELS, PLOT, AFTER, LINE, TOP = 430, 520, 30, 26, 86
WIDTH = LABELS + PLOT + AFTER

# Told apart by shape as well as by colour; the middle tones stand out from white and black.
MARKS = {
    "raw": ("bar", "#8b8b8b"), "erlang": ("circle", "#d1495b"), "go": ("square", "#1b9aaa"),
    "caf": ("diamond", "#c77700"), "zeromq": ("triangle", "#7a6ff0"),
    "nng": ("cross", "#3d9a50"), "redis": ("circle", "#e0663a"),
    "wolfssl": ("square", "#4f86d9"),
}
SHAPES = ("circle", "square", "diamond", "triangle", "cross")
CYCOS, QUOTED = "#2f81f7", "#8b8b8b"

STYLE = """
text { font: 13px system-ui, "DejaVu Sans", sans-serif; fill: #1f2328; }
.small { font-size: 11.5px; }
.muted { fill: #59636e; }
.end { text-anchor: end; }
.middle { text-anchor: middle; }
.paper { fill: #ffffff; }
.stripe { fill: #f3f5f8; }
.grid { stroke: #d1d9e0; stroke-width: 1; }
.target { stroke: #1f2328; stroke-width: 2; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; }
.muted { fill: #9da7b3; }
.paper { fill: #0d1117; }
.stripe { fill: #161b22; }
.grid { stroke: #343b44; }
.target { stroke: #e6edf3; }
}
"""


def shape(kind, x, y, colour, hollow=False, title=""):
    """One mark; the title shows when the pointer rests on it."""
    paint = f'fill="{"none" if hollow else colour}" stroke="{colour}" stroke-width="1.6"'
    r = 5
    points = {"diamond": [(0, -r - 1), (r + 1, 0), (0, r + 1), (-r - 1, 0)],
              "triangle": [(0, -r - 1), (r + 1, r), (-r - 1, r)]}
    if kind == "circle":
        body = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r}" {paint}>'
        tag = "circle"
    elif kind in points:
        corners = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in points[kind])
        body, tag = f'<polygon points="{corners}" {paint}>', "polygon"
    elif kind == "cross":
        d = 2 * r
        body = (f'<path d="M{x - r:.1f} {y - r:.1f}l{d} {d}m0 {-d}l{-d} {d}" fill="none" '
                f'stroke="{colour}" stroke-width="{1.6 if hollow else 3}">')
        tag = "path"
    else:
        w, h = (2, r + 2) if kind == "bar" else (r - 0.5, r - 0.5)
        body = (f'<rect x="{x - w:.1f}" y="{y - h:.1f}" width="{2 * w}" height="{2 * h}" '
                f'{paint}>')
        tag = "rect"
    return f"{body}<title>{escape(title)}</title></{tag}>"


def text(x, y, words, classes=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{classes}">{escape(words)}</text>'


class Line:
    """A workload in the chart: its marks as (times, low, high, who, shape, colour, hollow)."""

    def __init__(self, row, quoted, title_of):
        self.row, self.marks = row, []
        self.ours = row["who"]["cycos"]["median"]
        for who, figure in row["who"].items():
            if "times" in figure:
                kind, colour = MARKS.get(who, ("circle", QUOTED))
                t = figure["times"]
                self.marks.append((t["median"], t["min"], t["max"], title_of(who), kind, colour,
                                   False))
        for who, value in quoted:
            times = self.times(value)
            self.marks.append((times, times, times, who, None, QUOTED, True))
        self.target = self.times(row["bound"]) if row["bound"] else None

    def times(self, value):
        return value / self.ours if self.row["better"] == "smaller" else self.ours / value

    def all(self):
        return [m[0] for m in self.marks] + ([self.target] if self.target else [])


def lines_of(result, contestants, quoted):
    found = []
    for row in result["rows"]:
        if not row["who"].get("cycos", {}).get("median"):
            continue
        others = []
        for entry in quoted["figures"]:
            if entry["row"] == row["name"]:
                value = units.convert(entry["value"], entry["unit"], row["unit"])
                others += [(entry["who"], value)] if value else []
        line = Line(row, others, lambda who: contestants[who]["title"])
        if line.marks:
            found.append(line)
    return found


class Scale:
    def __init__(self, values):
        self.low = min(-0.25, math.floor(math.log10(min(values)) * 4) / 4)
        self.high = max(1.0, math.ceil(math.log10(max(values)) * 4) / 4)

    def x(self, times):
        share = (math.log10(times) - self.low) / (self.high - self.low)
        return LABELS + 10 + (PLOT - 20) * share

    def ticks(self):
        """The powers of ten, and more between them where it matters: around 1."""
        ticks = [10.0 ** n for n in range(math.ceil(self.low), math.floor(self.high) + 1)]
        between = [t for t in (0.2, 0.5, 2, 5) if self.low <= math.log10(t) <= self.high]
        return sorted(ticks + between)


def tick_text(times):
    return f"{times:g}" if times < 10000 else f"{times / 1000:g}k"


def quoted_shapes(lines):
    whos = list(dict.fromkeys(m[3] for line in lines for m in line.marks if m[6]))
    return {who: SHAPES[i % len(SHAPES)] for i, who in enumerate(whos)}


def legend(lines, hollow):
    solid = dict.fromkeys((m[3], m[4], m[5]) for line in lines for m in line.marks if not m[6])
    entries = [("cycos", "rule", CYCOS, False)]
    entries += [(*entry, False) for entry in solid]
    entries += [(who + ", quoted", kind, QUOTED, True) for who, kind in hollow.items()]
    x, y = 14.0, 46
    entries.append(("target: met if right of 1", "target", "", False))
    for who, kind, colour, is_hollow in entries:
        width = 26 + 7.2 * len(who)
        if x + width > WIDTH - 10:
            x, y = 14.0, y + 20
        if kind in ("rule", "target"):
            look = f'stroke="{colour}" stroke-width="2"' if colour else 'class="target"'
            yield f'<path d="M{x + 5:.1f} {y - 11}v14" {look}/>'
        else:
            yield shape(kind, x + 5, y - 4, colour, is_hollow, who)
        yield text(x + 16, y, who, "small")
        x += width


def workload(line, y, scale, hollow):
    row = line.row
    yield text(14, y + 4, row["title"])
    yield text(LABELS - 8, y + 4, units.written(line.ours, row["unit"]), "small muted end")
    if line.target:
        x = scale.x(line.target)
        yield f'<path d="M{x:.1f} {y - 9}v18" class="target"><title>target</title></path>'
    for times, low, high, who, kind, colour, is_hollow in line.marks:
        if high > low:
            yield (f'<path d="M{scale.x(low):.1f} {y}H{scale.x(high):.1f}" stroke="{colour}" '
                   'stroke-width="1.2" opacity="0.7"/>')
        value = times * line.ours if row["better"] == "smaller" else line.ours / times
        title = f"{who}: {units.written(value, row['unit'])}, {units.number(times)} x"
        yield shape(kind or hollow[who], scale.x(times), y, colour, is_hollow, title)


def axis(scale, top, bottom):
    for tick in scale.ticks():
        x = scale.x(tick)
        if tick != 1:
            yield f'<path d="M{x:.1f} {top}V{bottom}" class="grid"/>'
        yield text(x, bottom + 16, tick_text(tick), "small muted middle")
    x = scale.x(1)
    yield f'<path d="M{x:.1f} {top}V{bottom}" stroke="{CYCOS}" stroke-width="2"/>'
    yield text(LABELS + PLOT / 2, bottom + 34,
               "times as long as cycos, or as much memory; right of 1 cycos is ahead",
               "small muted middle")


def svg(result, contestants, quoted):
    """The chart as text; None when nobody else has a figure."""
    lines = lines_of(result, contestants, quoted)
    if not lines:
        return None
    hollow = quoted_shapes(lines)
    scale = Scale([value for line in lines for value in line.all()] + [1])
    bottom = TOP + LINE * len(lines)
    height = bottom + 48
    machine = f"{result['machine']['cpu']}, {result['machine']['cpus']} CPUs"
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
             f'viewBox="0 0 {WIDTH} {height}" role="img" '
             'aria-label="How many times as long as cycos everybody takes">',
             f"<style>{STYLE}</style>",
             f'<rect class="paper" width="{WIDTH}" height="{height}"/>',
             text(14, 22, "Everybody beside cycos"),
             text(WIDTH - 14, 22, machine, "small muted end")]
    parts += legend(lines, hollow)
    for i in range(0, len(lines), 2):
        parts.append(f'<rect class="stripe" x="6" y="{TOP + LINE * i}" width="{WIDTH - 12}" '
                     f'height="{LINE}"/>')
    parts += axis(scale, TOP, bottom)
    for i, line in enumerate(lines):
        parts += workload(line, TOP + LINE * i + LINE // 2, scale, hollow)
    return "\n".join([*parts, "</svg>", ""])
