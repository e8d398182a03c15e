"""__main__.py - what scripts/bench runs: measures, compares, renders.

    python3 bench/harness own [NOUN...]    our own programs; one line of JSON each, and a table
    python3 bench/harness peers            everybody in turn
    python3 bench/harness compare OLD NEW
    python3 bench/harness render [FILE]
"""
import argparse
import json
import pathlib
import signal
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import chart
import compare
import machine
import page
import result
import table
import turns

BENCH = pathlib.Path(__file__).resolve().parents[1]
ROOT = BENCH.parent
PEERS = ROOT / "build/peers"
QUICK_SCALE = 2  # percent of the work of a peer
ROUNDS = {"own": 3, "peers": 7, "quick": 2}


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def read(path):
    found = json.loads(pathlib.Path(path).read_text())
    if found.get("format") != result.FORMAT:
        raise table.Wrong(f"{path}: not a result of this program")
    return found


def parser():
    top = argparse.ArgumentParser(prog="bench")
    commands = top.add_subparsers(dest="command", required=True)
    for name in ("own", "peers"):
        one = commands.add_parser(name)
        one.add_argument("--rows", action="append", default=[], metavar="NAME",
                         help="only rows whose name matches; wildcards; may be repeated")
        one.add_argument("--who", action="append", default=[], help="only these peers")
        one.add_argument("--rounds", type=int)
        one.add_argument("--quick", action="store_true", help="a little of everything")
        one.add_argument("--keep", action="store_true",
                         help="keep what the file has of rows that are not measured now")
        one.add_argument("--output", type=pathlib.Path)
        one.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin")
    one = commands.add_parser("compare")
    one.add_argument("old")
    one.add_argument("new")
    one = commands.add_parser("render")
    one.add_argument("file", nargs="?", type=pathlib.Path, default=BENCH / "results.json")
    one.add_argument("--page", type=pathlib.Path, default=BENCH / "README.md")
    one.add_argument("--check", action="store_true", help="only say whether it is up to date")
    commands.add_parser("rows")
    return top


def quoted():
    return json.loads((BENCH / "quoted.json").read_text())


def make_peers(arguments, left_out):
    if arguments.command != "peers":
        return None
    PEERS.mkdir(parents=True, exist_ok=True)
    peers = turns.Peers(BENCH / "peers/build", PEERS, left_out,
                        QUICK_SCALE if arguments.quick else 100, arguments.who)
    for who, why in left_out.items():
        say(f"left out: {who}: {why}")
    return peers


def others(rows, bin_folder, ours):
    """Our programs of which no row asks anything."""
    asked = {ours.command(source)[0][0] for row in rows for source in row.sources.values()}
    return [str(path) for path in sorted(bin_folder.glob("bench_*")) if str(path) not in asked]


class Store:
    """Where a result goes, as often as there is more of it: a bench may run for hours."""

    def __init__(self, arguments, known, about):
        name = "build/peers.json" if arguments.command == "peers" else "build/bench.json"
        self.path, self.known, self.about = arguments.output or ROOT / name, known, about
        self.load, self.old = machine.load_average(), None
        if arguments.keep and self.path.exists():
            self.old = read(self.path)
            if self.old["machine"] != about["machine"]:
                raise table.Wrong(f"{self.path} is of another machine")

    def write(self, run):
        """JSON, tables and chart of what has been measured so far; returns the tables."""
        load = [self.load, machine.load_average()]
        found = result.make(run, {**self.about, "load": load})
        if self.old:
            found = result.merged(self.old, found, [row.name for row in self.known.rows])
        drawing = chart.svg(found, self.known.contestants, quoted())
        picture = self.path.with_suffix(".svg")
        text = page.markdown(found, self.known.contestants, quoted(),
                             picture.name if drawing else None)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        for path, words in ((self.path, json.dumps(found, indent=1) + "\n"),
                            (self.path.with_suffix(".md"), text), (picture, drawing)):
            if words:
                path.write_text(words)
        return text


def measure(arguments, known, folder):
    """What has been measured, and its tables."""
    rounds = arguments.rounds or ROUNDS["quick" if arguments.quick else arguments.command]
    rows, left_out = known.chosen(arguments.rows, arguments.quick), {}
    store = Store(arguments, known, {
        "machine": machine.machine(), "versions": machine.versions(ROOT, known.contestants),
        "rounds": rounds, "quick": arguments.quick, "left_out": left_out})
    peers = make_peers(arguments, left_out)
    places = {"bin": arguments.bin.resolve(), "bench": BENCH, "peers": PEERS,
              "folder": folder}
    ours = turns.Ours(places, arguments.quick)
    everything = arguments.command == "own" and not arguments.rows and not arguments.quick
    extra = others(known.rows, places["bin"], ours) if everything else ()
    run = turns.Turns(rows, ours, peers, extra, show=lambda line: print(line, flush=True))
    for _ in run.groups_in_turn(rounds):
        text = store.write(run)
    say(f"{store.path}, and beside it the tables (.md) and the chart (.svg)")
    return run, text


def run_and_print(arguments):
    with tempfile.TemporaryDirectory() as folder:
        run, text = measure(arguments, table.load(BENCH / "workloads.json"), folder)
    for what, why in run.notes.items():
        say(f"{what}: {why}")
    print(text, end="")
    return 1 if run.failed else 0


def render(arguments):
    """The page and the chart from a result; with --check 1 when they are not the same."""
    found = read(arguments.file)
    contestants = table.load(BENCH / "workloads.json").contestants
    drawing = chart.svg(found, contestants, quoted())
    picture = arguments.page.with_name(arguments.file.stem + ".svg")
    figures = page.markdown(found, contestants, quoted(), picture.name if drawing else None)
    new = {arguments.page: page.put_into(arguments.page.read_text(), figures)}
    if drawing:
        new[picture] = drawing
    stale = [path for path, text in new.items()
             if not path.exists() or path.read_text() != text]
    for path in stale:
        say(f"{path}: {'not what the figures say' if arguments.check else 'written'}")
        if not arguments.check:
            path.write_text(new[path])
    return 1 if stale and arguments.check else 0


def main():
    arguments = parser().parse_args()
    # What runs then is in a session of its own; only an exception takes it along.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        if arguments.command == "compare":
            return compare.report(read(arguments.old), read(arguments.new))
        if arguments.command == "render":
            return render(arguments)
        if arguments.command == "rows":
            for row in table.load(BENCH / "workloads.json").rows:
                print(f"{row.name:<24} {row.title} ({row.target_text() or 'no target'})")
            return 0
        return run_and_print(arguments)
    except (table.Wrong, ValueError, OSError) as error:
        say(error)
        return 2


if __name__ == "__main__":
    sys.exit(main())
