"""table.py - the table of workloads: reads bench/workloads.json and says what is wrong in it.

A row is one line of the result. `from` names, for a contestant, the program to run and which
of its lines is the figure:

    "from": {"cycos": {"run": "bench_link", "where": {"bench": "link.call", "cpus": 1}}}

`peers` names the figures that the programs under bench/peers print, as WORKLOAD.FIGURE with
wildcards in FIGURE; of several the best counts, and "*" stands for whoever has no entry:

    "peers": {"*": "link_call.*", "raw": "link_call.epoll"}

`target` is a value, or what another contestant needs, times and plus something:

    "target": {"of": "raw", "times": 1.15}
"""
import fnmatch
import json

import units

KEYS = {"name", "title", "unit", "better", "cpus", "limit", "target", "from", "peers", "quick",
        "note"}
NEEDED = {"name", "title", "unit", "better", "from"}


class Wrong(Exception):
    """The table, or what is asked of it, makes no sense."""


class Source:
    """A contestant's figure from a program of ours: the command, and which line."""

    def __init__(self, who, text):
        self.who, self.run = who, text["run"]
        self.where = text.get("where", {})
        self.key, self.unit = text.get("value"), text.get("unit")
        self.quick = text.get("quick", self.run)

    def command(self, quick):
        return self.quick if quick else self.run

    def matches(self, line):
        return all(line.get(key) == value for key, value in self.where.items())


class Row:
    def __init__(self, text):
        missing, unknown = NEEDED - text.keys(), text.keys() - KEYS
        name = text.get("name", "?")
        if missing or unknown:
            raise Wrong(f"row {name}: " + ", ".join(
                [f"no '{k}'" for k in sorted(missing)]
                + [f"unknown '{k}'" for k in sorted(unknown)]))
        self.name, self.title, self.unit = name, text["title"], text["unit"]
        self.smaller = text["better"] == "smaller"
        self.cpus = text.get("cpus", 1)
        self.limit, self.target = text.get("limit"), text.get("target")
        self.sources = {who: Source(who, source) for who, source in text["from"].items()}
        self.patterns = text.get("peers", {})
        self.quick, self.note = text.get("quick", False), text.get("note", "")
        if self.unit not in units.UNITS:
            raise Wrong(f"row {name}: no unit '{self.unit}'")
        if text["better"] not in ("smaller", "larger"):
            raise Wrong(f"row {name}: better is 'smaller' or 'larger'")
        if not (self.target or {}).keys() <= {"value", "of", "times", "plus"}:
            raise Wrong(f"row {name}: a target has value, or of, times and plus")

    def pattern(self, who):
        """WORKLOAD.FIGURE of a peer, or None: it cannot do this."""
        return self.patterns.get(who, self.patterns.get("*"))

    def workload(self, who):
        pattern = self.pattern(who)
        return pattern.split(".")[0] if pattern else None

    def better(self, values):
        return min(values) if self.smaller else max(values)

    def times(self, value, ours):
        """How many times as well as `value` ours is: above 1 we are ahead."""
        return value / ours if self.smaller else ours / value

    def bound(self, others):
        """What the target allows, given the other contestants' figures; None if unknown."""
        target = self.target
        if target is None:
            return None
        if "value" in target:
            return target["value"]
        if target["of"] not in others:
            return None
        return others[target["of"]] * target.get("times", 1) + target.get("plus", 0)

    def target_text(self):
        target = self.target
        if target is None:
            return ""
        sign = "<=" if self.smaller else ">="
        if "value" in target:
            return f"{sign} {units.bare(target['value'], self.unit)}"
        times = f"{target['times']:g} x " if "times" in target else ""
        plus = f" + {units.bare(target['plus'], self.unit)}" if "plus" in target else ""
        return f"{sign} {times}{target['of']}{plus}"


class Table:
    def __init__(self, text):
        self.contestants = text["contestants"]
        self.rows = [Row(row) for row in text["rows"]]
        names = [row.name for row in self.rows]
        for row in self.rows:
            if names.count(row.name) > 1:
                raise Wrong(f"row {row.name}: there are two of them")
            wanted = {*row.sources, *row.patterns, (row.target or {}).get("of", "*")}
            for who in sorted(wanted - {*self.contestants, "*"}):
                raise Wrong(f"row {row.name}: no contestant '{who}'")

    def title(self, who):
        return self.contestants[who]["title"]

    def chosen(self, patterns, quick=False):
        """The rows whose names match; all of them without a pattern."""
        rows = [row for row in self.rows if row.quick or not quick]
        for pattern in patterns:
            if not any(fnmatch.fnmatch(row.name, pattern) for row in rows):
                raise Wrong(f"no row '{pattern}'; there are: "
                            + ", ".join(row.name for row in rows))
        return [row for row in rows if not patterns
                or any(fnmatch.fnmatch(row.name, pattern) for pattern in patterns)]


def load(path):
    return Table(json.loads(path.read_text()))
