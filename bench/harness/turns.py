"""turns.py - runs the contestants in turns and collects what they print.

Rows that one program of ours measures are one group. In each round of a group everybody runs
once, as a process of its own, cycos first (A B C, A B C ...): a machine that gets slower slows
all, and a ratio is taken between neighbours. All are kept to the same CPUs.
"""
import fnmatch
import json
import os
import pathlib
import shlex
import signal
import subprocess
import tempfile

import units

LIMIT_S = 900  # for one process; it only serves to end what hangs


def parse(text):
    """The lines that are JSON objects; a program may say other things too."""
    lines = []
    for line in text.splitlines():
        try:
            value = json.loads(line) if line.startswith("{") else None
        except ValueError:
            value = None
        if isinstance(value, dict):
            lines.append(value)
    return lines


def run(command, cpus, limit_s=LIMIT_S):
    """(exit code, lines). Whatever the command has started ends with it."""
    mask = ",".join(str(cpu) for cpu in sorted(os.sched_getaffinity(0))[:cpus])
    # A file and no pipe: what it has started may hold a pipe open.
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(["taskset", "-c", mask, *command], stdout=out,
                                   stdin=subprocess.DEVNULL, start_new_session=True)
        try:
            code = process.wait(limit_s)
        except subprocess.TimeoutExpired:
            code = -signal.SIGKILL
        finally:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
        out.seek(0)
        return code, parse(out.read())


class Peers:
    """The programs under bench/peers: built when they are out of date, asked what they can do.

    Some take a minute to build, and nobody wants that before each measurement.
    """

    def __init__(self, build, folder, left_out, scale=100, chosen=()):
        self.folder, self.left_out, self.scale = folder, left_out, scale
        self.can = {who: self.make(build, who) for who in self.everybody(build)
                    if not chosen or who in chosen}

    def everybody(self, build):
        listed = subprocess.run([build, "--list"], text=True, check=True,
                                stdout=subprocess.PIPE).stdout
        return listed.split()

    def is_built(self, build, who):
        program = pathlib.Path(self.folder, who)
        sources = [path for path in pathlib.Path(build).parent.rglob("*") if path.is_file()]
        return program.exists() and program.stat().st_mtime > max(
            path.stat().st_mtime for path in sources)

    def make(self, build, who):
        if not self.is_built(build, who):
            built = subprocess.run([build, who, self.folder], text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE)
            if built.returncode != 0:
                why = (built.stderr.strip().splitlines() or ["does not build"])[-1]
                self.left_out[who] = why
                return set()
        listed = subprocess.run([f"{self.folder}/{who}", "--list"], text=True, check=True,
                                stdout=subprocess.PIPE).stdout
        return set(listed.split())

    def command(self, row, who):
        """What measures the row's figure of this peer, or None."""
        workload = row.workload(who)
        if workload not in self.can.get(who, ()):
            return None
        command = [f"{self.folder}/{who}", workload, "--cpus", str(row.cpus)]
        if self.scale != 100:
            command += ["--scale", str(self.scale)]
        return tuple(command), row.cpus


class Ours:
    """Programs named in the table: those of build/release/bin, and scripts in bench/."""

    def __init__(self, places, quick=False):
        self.places, self.quick = places, quick

    def command(self, source):
        words = shlex.split(source.command(self.quick).format(**self.places))
        if "/" not in words[0]:
            words[0] = f"{self.places['bin']}/{words[0]}"
        return tuple(words), 2


class Lines:
    """Every line that our own programs print, over all rounds, in the order of the first."""

    def __init__(self):
        self.found = {}

    def add(self, command, lines):
        seen = {}
        for line in lines:
            bench = line.get("bench")
            unit = units.unit_of(line)
            if bench is None or unit is None:
                continue
            nth = seen[bench] = seen.get(bench, 0) + 1
            kept = self.found.setdefault((command, bench, nth),
                                         {"line": line, "unit": unit, "of": []})
            low, high = line.get(unit + "_min"), line.get(unit + "_max")
            if low is None or high is None:  # a lone maximum is a limit, not an extreme
                low = high = line.get(unit)
            if unit in line:
                kept["of"].append([line[unit], low, high])


class Turns:
    """One measurement; `samples` has for each row {contestant: value} of each round.

    Without `peers` only our own programs run. `extra` are programs of which no row asks
    anything, but whose lines belong to the result.
    """

    def __init__(self, rows, ours, peers=None, extra=(), show=print):
        self.rows, self.ours, self.peers, self.extra = rows, ours, peers, extra
        self.show, self.lines, self.notes, self.failed = show, Lines(), {}, False
        self.cpus = len(os.sched_getaffinity(0))
        self.samples = {row.name: [] for row in rows}
        self.figures = {row.name: {} for row in rows}

    def commands(self, row):
        """{contestant: command} for the row, cycos first; explicit sources win."""
        found = {}
        for who, source in row.sources.items():
            if self.peers or who in ("cycos", "raw"):
                found[who] = self.ours.command(source)
        for who in self.peers.can if self.peers else ():
            command = self.peers.command(row, who)
            if who not in found and command is not None and row.cpus <= self.cpus:
                found[who] = command
        return dict(sorted(found.items(), key=lambda item: item[0] != "cycos"))

    def groups(self):
        """Lists of (row, commands) that begin with the same program of ours."""
        groups = {}
        for row in self.rows:
            commands = self.commands(row)
            groups.setdefault(commands["cycos"], []).append((row, commands))
        return list(groups.values())

    def note(self, command, text):
        self.notes[" ".join([pathlib.Path(command[0]).name, *command[1:]])] = text

    def execute(self, who, command, cpus):
        if not pathlib.Path(command[0]).exists():
            self.note(command, "there is no such program")
            return []
        code, lines = run(command, cpus)
        if code != 0:
            self.note(command, f"ended with {code}")
            self.failed |= who == "cycos"
        for line in lines:
            self.show(json.dumps(line))
        if who == "cycos":
            self.lines.add(command, lines)
        return lines

    def value(self, row, who, lines):
        """The contestant's figure for the row; of several the best, with its name."""
        found = {}
        source = row.sources.get(who)
        for line in lines:
            if source is None:
                if not fnmatch.fnmatch(line.get("bench", ""), row.pattern(who)) \
                        or line.get("cpus", row.cpus) != row.cpus:
                    continue
            elif not source.matches(line):
                continue
            value = units.read(line, row.unit, source and source.key, source and source.unit)
            if value is not None:
                found[value] = line.get("bench", "")
        if not found:
            return None
        best = row.better(found)
        self.figures[row.name][who] = found[best]
        return best

    def turn(self, group):
        """Everybody once; a command that serves several rows runs once for all of them."""
        said = {}
        for row, commands in group:
            for who, (command, cpus) in commands.items():
                if command not in said:
                    said[command] = self.execute(who, command, cpus)
        for row, commands in group:
            values = {who: self.value(row, who, said[command])
                      for who, (command, _) in commands.items()}
            self.samples[row.name].append(values)

    def finish(self, group):
        for row, _ in group:
            if all(turn.get("cycos") is None for turn in self.samples[row.name]):
                self.notes[row.name] = "cycos has no figure"

    def groups_in_turn(self, rounds):
        """Measures; yields after each group, when there is something to keep."""
        for group in self.groups():
            for _ in range(rounds):
                self.turn(group)
            self.finish(group)
            yield
        for command in self.extra:
            for _ in range(rounds):
                self.execute("cycos", (command,), 2)
            yield
