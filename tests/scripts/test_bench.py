"""test_bench.py - scripts/bench and its turns, with stand-ins for programs, peers and build."""
import json
import os
import shutil
import subprocess
import sys
import unittest

from helper import ROOT, SCRIPTS, Case, alive, until

sys.path.insert(0, str(ROOT / "bench/harness"))
import machine
import result
import table
import turns

WORKLOADS = {
    "contestants": {"raw": {"title": "raw machine"},
                    "other": {"title": "Other", "package": "other", "peer": True},
                    "lazy": {"title": "Lazy", "peer": True}, "cycos": {"title": "cycos"}},
    "rows": [
        {"name": "ping.task", "title": "Ping", "unit": "ns", "better": "smaller", "quick": True,
         "target": {"value": 10},
         "from": {"cycos": {"run": "bench_a", "quick": "bench_a little",
                            "where": {"bench": "a.ping", "core": 1}}},
         "peers": {"*": "ping.*", "raw": "ping.slow"}},
        {"name": "rate", "title": "Rate", "unit": "million_per_second", "better": "larger",
         "target": {"of": "raw", "times": 0.5},
         "from": {"cycos": {"run": "bench_a", "where": {"bench": "a.rate"}},
                  "raw": {"run": "{bench}/raw_rate", "where": {"bench": "r"}}}},
    ],
}
PEER = """#!/bin/sh
echo "$(basename $0) $*" >>{log}
[ "$1" != --list ] || {{ echo ping; exit; }}
echo '{{"bench":"ping.fast","cpus":1,"ns":30}}'
echo '{{"bench":"ping.slow","cpus":1,"ns":60}}'
echo '{{"bench":"ping.fast","cpus":2,"ns":1}}'
"""
BUILD = """#!/bin/sh
[ "$1" != --list ] || {{ echo raw other lazy; exit; }}
echo "build $1" >>{log}
[ $1 != lazy ] || {{ echo "build: no lazyc is installed" >&2; exit 3; }}
cp {folder}/peer $2/$1
"""


def row(**more):
    return table.Row({"name": "n", "title": "t", "unit": "ns", "better": "smaller",
                      "from": {"cycos": {"run": "bench_a"}}, **more})


class Bench(Case):
    def setUp(self):
        super().setUp()
        self.log = self.folder / "log"
        self.log.write_text("")
        (self.folder / "scripts").mkdir()
        for name in ("bench", "common.sh"):
            shutil.copy(SCRIPTS / name, self.folder / "scripts")
        shutil.copytree(ROOT / "bench/harness", self.folder / "bench/harness",
                        ignore=shutil.ignore_patterns("__pycache__"))
        (self.folder / "bench/workloads.json").write_text(json.dumps(WORKLOADS))
        (self.folder / "bench/quoted.json").write_text('{"source": "", "figures": []}')
        self.program("scripts/deps", f'#!/bin/sh\necho "deps $*" >>{self.log}\n')
        self.program("bin/cmake", f'#!/bin/sh\necho "cmake $*" >>{self.log}\n')
        self.program("peer", PEER.format(log=self.log))
        self.program("bench/peers/build", BUILD.format(folder=self.folder, log=self.log))
        self.program("bench/raw_rate", self.prints({"bench": "r", "ns": 25}, name="raw_rate"))
        self.ours()

    def prints(self, *lines, name="bench_a", code=0):
        echo = "\n".join(f"echo '{json.dumps(line)}'" for line in lines)
        return f'#!/bin/sh\necho "{name} $*" >>{self.log}\necho words\n{echo}\nexit {code}\n'

    def ours(self, ping=20, code=0):
        for noun in ("a", "b"):
            self.program(f"bench/bench_{noun}.c", "")
        self.program("build/release/bin/bench_a", self.prints(
            {"bench": "a.ping", "core": 0, "ns": 1}, {"bench": "a.ping", "core": 1, "ns": ping},
            {"bench": "a.rate", "million_per_second": 50}, code=code))
        self.program("build/release/bin/bench_b", self.prints(
            {"bench": "b", "big": True, "ns": 7, "ns_min": 6, "ns_max": 9}, name="bench_b"))

    def call(self, *arguments):
        return self.run_script(self.folder / "scripts/bench", *arguments, env={
            "PATH": f"{self.folder}/bin:{os.environ['PATH']}"})

    def ran(self):
        """The programs in the order in which they measured."""
        lines = self.log.read_text().splitlines()
        return [line.strip() for line in lines
                if not line.startswith(("deps", "cmake", "build")) and "--list" not in line]

    def found(self, name="bench"):
        return json.loads((self.folder / f"build/{name}.json").read_text())

    def test_it_runs_all_our_programs_and_prints_lines_and_a_table(self):
        done = self.call("--rounds", "2")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.ran(), ["bench_a", "raw_rate"] * 2 + ["bench_b"] * 2)
        lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
        self.assertEqual(len(lines), 2 * 5)
        self.assertIn("| Ping | ns |  |  |  | 20.0 | <= 10 ns | **no** |", done.stdout)
        self.assertIn("| b | big true | 7.00 | 6.00 | 9.00 | ns |", done.stdout)
        self.assertIn("cpus", self.found()["machine"])
        self.assertEqual((self.folder / "build/bench.md").read_text(),
                         done.stdout[done.stdout.index("Machine"):])

    def test_beside_the_peers_everybody_runs_in_turn(self):
        done = self.call("peers", "--rounds", "2")
        self.assertEqual(done.returncode, 0, done.stderr)
        once = ["bench_a", "raw ping --cpus 1", "other ping --cpus 1", "raw_rate"]
        self.assertEqual(self.ran(), once * 2)
        self.assertIn("left out: lazy: build: no lazyc is installed", done.stderr)
        ping, rate = self.found("peers")["rows"]
        self.assertEqual(ping["who"]["other"]["median"], 30)  # the better of its figures
        self.assertEqual(ping["who"]["other"]["figure"], "ping.fast")
        self.assertEqual(ping["who"]["other"]["times"]["median"], 1.5)
        self.assertEqual(ping["who"]["raw"]["median"], 60)  # the one that the row names
        self.assertEqual(rate["who"]["raw"]["median"], 40)  # 25 ns each
        self.assertEqual((rate["bound"], rate["met"]), (20, True))

    def test_rows_peers_and_what_was_measured_before_can_be_chosen(self):
        self.assertEqual(self.call("peers", "--rounds", "1").returncode, 0)
        self.ours(ping=5)
        done = self.call("peers", "--rounds", "1", "--rows", "pi*", "--who", "raw", "--keep")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.ran()[-2:], ["bench_a", "raw ping --cpus 1"])
        rows = {row["name"]: row for row in self.found("peers")["rows"]}
        self.assertEqual(list(rows), ["ping.task", "rate"])
        self.assertTrue(rows["ping.task"]["met"])
        self.assertEqual(self.call("--rows", "pong").returncode, 2)

    def test_results_of_another_machine_are_not_kept(self):
        self.assertEqual(self.call("--rounds", "1").returncode, 0)
        found = self.found()
        found["machine"]["cpu"] = "another"
        (self.folder / "build/bench.json").write_text(json.dumps(found))
        done = self.call("--rounds", "1", "--keep")
        self.assertEqual(done.returncode, 2)
        self.assertIn("of another machine", done.stderr)

    def test_a_peer_is_built_again_when_it_is_older_than_its_sources(self):
        def built():
            self.log.write_text("")
            self.assertEqual(self.call("peers", "--rounds", "1", "--who", "raw").returncode, 0)
            return "build raw" in self.log.read_text()
        os.utime(self.folder / "bench/peers/build", (1, 1))
        self.assertTrue(built())
        self.assertFalse(built())
        end = (self.folder / "build/peers/raw").stat().st_mtime
        os.utime(self.folder / "bench/peers/build", (end + 1, end + 1))
        self.assertTrue(built())

    def test_a_smoke_run_does_little_of_few_rows(self):
        done = self.call("peers", "--quick")
        self.assertEqual(done.returncode, 0, done.stderr)
        little = "ping --cpus 1 --scale 2"
        once = ["bench_a little", f"raw {little}", f"other {little}"]
        self.assertEqual(self.ran(), once * 2)

    def test_programs_that_are_built_already_are_not_built(self):
        self.call("--rounds", "1")
        self.assertIn("cmake", self.log.read_text())
        self.log.write_text("")
        done = self.call("--rounds", "1", "--bin", self.folder / "build/release/bin")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("cmake", self.log.read_text())
        self.assertNotIn("deps", self.log.read_text())

    def test_a_program_that_fails_fails_the_run_and_is_named(self):
        self.ours(code=3)
        done = self.call("--rounds", "1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("bench_a: ended with 3", done.stderr)
        self.assertIn("a.ping", done.stdout)  # what it printed still counts

    def test_a_program_that_is_not_there_is_named(self):
        (self.folder / "build/release/bin/bench_a").unlink()
        done = self.call("--rounds", "1")
        self.assertIn("bench_a: there is no such program", done.stderr)
        self.assertIn("ping.task: cycos has no figure", done.stderr)

    def test_one_program_alone(self):
        self.assertEqual(self.call("--list").stdout.split(), ["a", "b"])
        done = self.call("b", "a")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.ran(), ["bench_b", "bench_a"])
        self.ours(code=3)
        self.assertEqual(self.call("a").returncode, 1)
        self.assertIn("no bench 'c'; there are: a b", self.call("c").stderr)

    def test_the_page_is_rendered_and_checked(self):
        page = self.folder / "bench/README.md"
        page.write_text("# Figures\n\n<!-- figures: made by hand -->\nold\n"
                        "<!-- end of figures -->\nThe end.\n")
        results = self.folder / "bench/results.json"
        self.call("peers", "--rounds", "1", "--output", results)
        self.assertEqual(self.call("render", "--check").returncode, 1)
        self.assertIn("\nold\n", page.read_text())
        self.assertEqual(self.call("render").returncode, 0)
        self.assertIn("| Ping | ns |", page.read_text())
        self.assertNotIn("\nold\n", page.read_text())
        self.assertTrue(page.read_text().endswith("\n<!-- end of figures -->\nThe end.\n"))
        self.assertTrue((self.folder / "bench/results.svg").exists())
        self.assertEqual(self.call("render", "--check").returncode, 0)

    def test_what_runs_ends_with_it(self):
        flag = self.folder / "pid"
        self.program("build/release/bin/bench_a", f"#!/bin/sh\necho $$ >{flag}\nsleep 600\n")
        with subprocess.Popen([sys.executable, "-B", self.folder / "bench/harness", "own"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as harness:
            until(lambda: flag.exists() and flag.read_text().endswith("\n"), "the program")
            harness.terminate()
        self.assertEqual(harness.returncode, 1)
        until(lambda: not alive(int(flag.read_text())), "the end of the program")

    def test_what_was_measured_before_it_ended_is_there(self):
        workloads = {**WORKLOADS, "rows": [WORKLOADS["rows"][0], {
            **WORKLOADS["rows"][1], "from": {"cycos": {"run": "bench_b"}}}]}
        (self.folder / "bench/workloads.json").write_text(json.dumps(workloads))
        ran = self.folder / "ran"
        self.program("build/release/bin/bench_b", f"#!/bin/sh\n: >{ran}\nsleep 600\n")
        with subprocess.Popen([sys.executable, "-B", self.folder / "bench/harness", "own"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as harness:
            until(ran.exists, "the second program")
            harness.terminate()
        self.assertEqual([row["name"] for row in self.found()["rows"]], ["ping.task"])

    def test_two_results_are_compared(self):
        self.call("--rounds", "3", "--output", self.folder / "old.json")
        self.ours(ping=40)
        self.call("--rounds", "3", "--output", self.folder / "new.json")
        done = self.call("compare", self.folder / "old.json", self.folder / "new.json")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"ping.task +cycos +20.0 ns +40.0 ns +0.50x +5 % +slower")
        done = self.call("compare", self.folder / "new.json", self.folder / "old.json")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"ping.task .*faster")
        (self.folder / "old.json").write_text("{}")
        done = self.call("compare", self.folder / "old.json", self.folder / "new.json")
        self.assertEqual(done.returncode, 2)
        self.assertIn("not a result", done.stderr)


class Turns(Case):
    def test_what_a_command_has_started_ends_with_it(self):
        flag = self.folder / "pid"
        code, lines = turns.run(
            ["sh", "-c", f"sleep 600 & echo $! >{flag}; echo '{{\"a\":1}}'"], 1)
        self.assertEqual((code, lines), (0, [{"a": 1}]))
        until(lambda: not alive(int(flag.read_text())), "the end of what it started")

    def test_what_hangs_is_ended(self):
        code, lines = turns.run(["sh", "-c", "echo '{}'; exec sleep 600"], 1, limit_s=0.5)
        self.assertEqual(code, -9)
        self.assertIn(lines, ([], [{}]))

    def test_lines_that_are_no_figures_are_passed_over(self):
        self.assertEqual(turns.parse('words\n{"bench": "a"}\n{broken\n[1]\n'), [{"bench": "a"}])


class Result(unittest.TestCase):
    def test_a_ratio_is_taken_between_neighbours(self):
        found = result.of_row(row(), [{"cycos": 10, "raw": 5}, {"cycos": 20, "raw": 10},
                                      {"cycos": 40, "raw": 60}], {})
        self.assertEqual(found["who"]["raw"]["times"], {"median": 0.5, "min": 0.5, "max": 1.5})
        self.assertEqual(found["who"]["cycos"],
                         {"values": [10, 20, 40], "median": 20, "min": 10, "max": 40})

    def test_who_has_no_figure_in_a_turn_is_not_compared_there(self):
        found = result.of_row(row(), [{"cycos": 10, "raw": None}, {"cycos": 20, "raw": 10},
                                      {"cycos": None, "raw": 9}], {})
        self.assertEqual(found["who"]["raw"]["values"], [None, 10, 9])
        self.assertEqual(found["who"]["raw"]["times"]["median"], 0.5)

    def met(self, turns_of, **more):
        found = result.of_row(row(**more), turns_of, {})
        return found["bound"], found["met"]

    def test_a_target_is_met_at_it_and_not_beyond(self):
        self.assertEqual(self.met([{"cycos": 10}], target={"value": 10}), (10, True))
        self.assertEqual(self.met([{"cycos": 10.01}], target={"value": 10}), (10, False))
        larger = {"target": {"value": 10}, "better": "larger"}
        self.assertEqual(self.met([{"cycos": 10}], **larger), (10, True))
        self.assertEqual(self.met([{"cycos": 9.99}], **larger), (10, False))

    def test_a_target_may_be_another_contestant_times_and_plus(self):
        target = {"of": "raw", "times": 2, "plus": 3}
        self.assertEqual(self.met([{"cycos": 23, "raw": 10}], target=target), (23, True))
        self.assertEqual(self.met([{"cycos": 24, "raw": 10}], target=target), (23, False))
        self.assertEqual(self.met([{"cycos": 24}], target=target), (None, None))
        self.assertEqual(self.met([{"cycos": 24}]), (None, None))


class Table(unittest.TestCase):
    def test_the_table_of_the_project_is_sound(self):
        known = table.load(ROOT / "bench/workloads.json")
        programs = {path.stem for path in (ROOT / "bench").glob("bench_*.c")}
        later = {"bench_node"}
        for one in known.rows:
            self.assertIn("cycos", one.sources, one.name)
            for source in one.sources.values():
                word = source.run.split()[0]
                path = word.replace("{bench}", str(ROOT / "bench"))
                self.assertTrue(word in programs | later or os.access(path, os.X_OK), word)
        quoted = json.loads((ROOT / "bench/quoted.json").read_text())
        rows = {one.name for one in known.rows}
        for entry in quoted["figures"]:
            self.assertIn(entry["row"], rows)

    def test_what_is_wrong_in_a_table_is_named(self):
        for more, said in (({"unit": "miles"}, "no unit 'miles'"), ({"x": 1}, "unknown 'x'"),
                           ({"better": "maybe"}, "better is"),
                           ({"target": {"vlaue": 1}}, "a target has")):
            with self.assertRaisesRegex(table.Wrong, said):
                row(**more)
        good = WORKLOADS["rows"][0]
        for rows, said in (([good, good], "two of them"),
                           ([{**good, "peers": {"nobody": "x.*"}}], "no contestant 'nobody'")):
            with self.assertRaisesRegex(table.Wrong, said):
                table.Table({**WORKLOADS, "rows": rows})

    def test_the_machine_is_described(self):
        found = machine.machine()
        self.assertGreater(found["memory_mb"], 0)
        self.assertTrue(found["cpu"] and found["kernel"] and found["cpus"])
        versions = machine.versions(ROOT, {"x": {"title": "X", "package": "no-such-package"}})
        self.assertEqual(versions["x"], "unknown")


if __name__ == "__main__":
    unittest.main(verbosity=2)
