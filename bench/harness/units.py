"""units.py - what a figure is measured in, and how one unit becomes another.

A time per operation and operations per second say the same, so a row may compare them.
"""

# unit: (dimension, factor into the dimension's base, how it is written)
UNITS = {
    "ns": ("time", 1, "ns"),
    "us": ("time", 1e3, "us"),
    "ms": ("time", 1e6, "ms"),
    "per_second": ("rate", 1, "/s"),
    "million_per_second": ("rate", 1e6, "M/s"),
    "bytes": ("size", 1, "B"),
    "kib": ("size", 1024, "KiB"),
    "mib": ("size", 1 << 20, "MiB"),
    "mb_per_second": ("speed", 1, "MB/s"),
    "gb_per_second": ("speed", 1e3, "GB/s"),
    "percent": ("share", 1, "%"),
}


def convert(value, unit, wanted):
    """The value in another unit; None where the two measure different things."""
    (dimension, factor, _), (to, divisor, _) = UNITS[unit], UNITS[wanted]
    if dimension == to:
        return value * factor / divisor
    if {dimension, to} == {"time", "rate"} and value > 0:
        return 1e9 / (value * factor) / divisor
    return None


def unit_of(line):
    """The first key of a program's line that is a unit: that is its figure."""
    return next((key for key in line if key in UNITS), None)


def read(line, wanted, key=None, unit=None):
    """What a line says in the wanted unit, or None. With `key` its figure has another name."""
    key = key or next((k for k in line if k in UNITS
                       and convert(1, k, wanted) is not None), None)
    if key is None or not isinstance(line.get(key), (int, float)):
        return None
    return convert(line[key], unit or key, wanted)


def number(value):
    """Three digits that matter, thousands apart."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def bare(value, unit):
    """A number that somebody chose, as it was written."""
    return f"{value:g} {UNITS[unit][2]}"


def written(value, unit):
    return f"{number(value)} {UNITS[unit][2]}"
