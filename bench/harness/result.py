"""result.py - from what came out of the turns to the result: medians, ratios, verdicts.

A ratio is the median of the ratios of neighbours, each contestant's figure and ours in the
same turn. Whether a target that is relative to somebody is met is judged turn by turn too.
"""
import statistics

FORMAT = 1


def summary(values, digits=4):
    """Median and extremes, of what is there."""
    there = [value for value in values if value is not None]
    return {"median": significant(statistics.median(there), digits),
            "min": significant(min(there), digits), "max": significant(max(there), digits)}


def significant(value, digits):
    return float(f"{value:.{digits}g}")


def pairs(turns, who):
    return [(turn[who], turn["cycos"]) for turn in turns
            if turn.get(who) and turn.get("cycos")]


def figure(row, turns, who, name):
    values = [turn.get(who) for turn in turns]
    if all(value is None for value in values):
        return None
    found = {"values": [value if value is None else significant(value, 5) for value in values],
             **summary(values)}
    if name:
        found["figure"] = name
    compared = pairs(turns, who)
    if who != "cycos" and compared:
        found["times"] = summary([row.times(theirs, ours) for theirs, ours in compared], 3)
    return found


def verdict(row, turns):
    """(bound, met): the median bound, and whether our median over the bounds is within."""
    shares, bounds = [], []
    for turn in turns:
        others = {who: value for who, value in turn.items() if value is not None}
        bound = row.bound(others)
        if bound is not None:
            bounds.append(bound)
            if "cycos" in others and bound > 0:
                shares.append(others["cycos"] / bound)
    if not bounds:
        return None, None
    bound = significant(statistics.median(bounds), 4)
    if not shares:
        return bound, None
    share = statistics.median(shares)
    return bound, share <= 1 if row.smaller else share >= 1


def of_row(row, turns, names):
    whos = list(dict.fromkeys(who for turn in turns for who in turn))
    bound, met = verdict(row, turns)
    found = {who: figure(row, turns, who, names.get(who)) for who in whos}
    return {"name": row.name, "title": row.title, "unit": row.unit,
            "better": "smaller" if row.smaller else "larger", "limit": row.limit,
            "target": row.target_text(), "bound": bound, "met": met, "note": row.note,
            "who": {who: value for who, value in found.items() if value is not None}}


def is_in_a_row(turns, command, line):
    return any(command == turns.ours.command(source)[0] and source.matches(line)
               for row in turns.rows for source in row.sources.values())


def of_lines(turns):
    """What our own programs print beyond the rows: each line, its values over the rounds."""
    out = []
    for (command, _, _), kept in turns.lines.found.items():
        unit, rounds = kept["unit"], kept["of"]
        if is_in_a_row(turns, command, kept["line"]):
            continue
        about = {key: value for key, value in kept["line"].items()
                 if key not in ("bench", "runs") and not key.startswith(unit)}
        if rounds:
            out.append({"bench": kept["line"]["bench"], "about": about, "unit": unit,
                        "values": [value for value, _, _ in rounds],
                        "median": statistics.median(value for value, _, _ in rounds),
                        "min": min(low for _, low, _ in rounds),
                        "max": max(high for _, _, high in rounds)})
    return out


def make(turns, about):
    """The whole result; `about` is what the caller knows of machine, versions and rounds."""
    rows = [of_row(row, turns.samples[row.name], turns.figures[row.name])
            for row in turns.rows]
    return {"format": FORMAT, **about, "notes": turns.notes,
            "rows": [row for row in rows if row["who"]], "lines": of_lines(turns)}


def merged(old, new, order):
    """The new result, with what the old one has of rows and lines that it did not measure."""
    names = {row["name"] for row in new["rows"]}
    benches = {line["bench"] for line in new["lines"]}
    rows = [row for row in old["rows"] if row["name"] not in names] + new["rows"]
    lines = [line for line in old["lines"] if line["bench"] not in benches]
    rows = sorted((row for row in rows if row["name"] in order),
                  key=lambda row: order.index(row["name"]))
    return {**new, "rows": rows, "lines": lines + new["lines"],
            "left_out": {**old["left_out"], **new["left_out"]}}
