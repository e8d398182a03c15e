"""compare.py - two results beside each other: a verdict only beyond the noise.

A figure is faster or slower when both hold, and else the same:

  1. the medians differ by more than the noise: the largest of 5 %, of the spread of the old
     values, of the new ones, and of the drift;
  2. the intervals do not overlap.

The interval is the middle half of the values (from the lower quartile to the upper one) if
there are five or more, else all of them; the spread is its width over the median. A single
value decides nothing. The drift is how far the figures of others have moved in the median,
whose versions are the same in both results: that was the machine, so ours may move as far.
Larger counts as faster where larger is better, and less memory too.
"""
import statistics

import units

FLOOR = 0.05  # what a verdict takes at least
QUARTILES = 5  # so many values have quartiles that say something


def interval(values):
    values = sorted(value for value in values if value is not None)
    if len(values) < QUARTILES:
        return values[0], values[-1]
    lower, _, upper = statistics.quantiles(values, n=4, method="inclusive")
    return lower, upper


def median(values):
    return statistics.median(value for value in values if value is not None)


def count(values):
    return sum(value is not None for value in values)


def spread(values):
    low, high = interval(values)
    return (high - low) / median(values) if median(values) else 0.0


def gain(old, new, smaller):
    """How many times as good as the old the new median is."""
    before, after = median(old), median(new)
    if before == after:
        return 1.0
    if 0 in (before, after):
        return float("inf") if (after < before) == smaller else 0.0
    return before / after if smaller else after / before


def verdict(old, new, smaller, drift=0.0):
    """(word, gain, noise) for the values of one figure."""
    change = gain(old, new, smaller)
    if min(count(old), count(new)) < 2:
        return "unsure", change, None
    noise = max(FLOOR, spread(old), spread(new), drift)
    (old_low, old_high), (new_low, new_high) = interval(old), interval(new)
    apart = new_low > old_high or new_high < old_low
    if apart and change > 1 + noise:
        return "faster", change, noise
    if apart and change * (1 + noise) < 1:
        return "slower", change, noise
    return "same", change, noise


def figures(result):
    """{(name, who): (values, unit, smaller)}: the rows, then what else our programs print."""
    found = {}
    for row in result["rows"]:
        for who, value in row["who"].items():
            found[(row["name"], who)] = value["values"], row["unit"], row["better"] == "smaller"
    for line in result["lines"]:
        about = " ".join(f"{k}={v}" for k, v in line["about"].items()
                         if not isinstance(v, float))
        name = f"{line['bench']} {about}".strip()
        smaller = units.UNITS[line["unit"]][0] in ("time", "size", "share")
        found[(name, "cycos")] = line["values"], line["unit"], smaller
    return {key: value for key, value in found.items() if count(value[0])}


def drift(old, new, versions):
    """How far the others have moved, in the median; `versions` are of both results."""
    moved = []
    for key in old.keys() & new.keys():
        who = key[1]
        if who == "cycos" or versions[0].get(who) != versions[1].get(who):
            continue
        change = gain(old[key][0], new[key][0], True)
        if 0 < change < float("inf"):
            moved.append(max(change, 1 / change) - 1)
    return statistics.median(moved) if moved else 0.0


def lines(old_result, new_result):
    """The report as text, and whether something of ours is slower."""
    old, new = figures(old_result), figures(new_result)
    moved = drift(old, new, (old_result["versions"], new_result["versions"]))
    slower = False
    yield f"{'figure':<44} {'who':<8} {'old':>12} {'new':>12} {'gain':>7} {'noise':>6}  verdict"
    for key in [key for key in old if key in new]:
        (before, unit, smaller), (after, other_unit, _) = old[key], new[key]
        if unit != other_unit:
            continue
        word, change, noise = verdict(before, after, smaller, moved)
        slower |= word == "slower" and key[1] == "cycos"
        allowed = "" if noise is None else f"{noise * 100:.0f} %"
        yield (f"{key[0]:<44} {key[1]:<8} {units.written(median(before), unit):>12} "
               f"{units.written(median(after), unit):>12} {change:>6.2f}x {allowed:>6}  {word}")
    yield f"drift of the others: {moved * 100:.1f} %"
    for title, here, there in (("only in the old", old, new), ("only in the new", new, old)):
        missing = sorted({name for name, who in here.keys() - there.keys() if who == "cycos"})
        if missing:
            yield f"{title}: {', '.join(missing)}"
    if old_result["machine"] != new_result["machine"]:
        yield "the machines differ: no verdict here means that the program has changed"
    return slower


def report(old_result, new_result, show=print):
    """Prints; the exit code: 1 when something of ours is slower."""
    generator = lines(old_result, new_result)
    while True:
        try:
            show(next(generator))
        except StopIteration as end:
            return 1 if end.value else 0
