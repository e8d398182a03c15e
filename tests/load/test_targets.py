"""test_targets.py - load to tasks and channels of other processes, and by workers in others."""
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cluster"))
import lab

BIN = pathlib.Path(os.environ.get("CY_TEST_BIN", "build/test/bin"))
PATIENCE_S = 90  # what takes longer hangs
FAULTS = ["lost", "duplicated", "reordered", "corrupted", "stale"]


def free_udp_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Program:
    """A running program whose lines can be waited for."""

    def __init__(self, test, *words):
        self.process = subprocess.Popen(
            [str(word) for word in words], text=True, errors="replace",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.seen = ""
        test.addCleanup(self.process.stdout.close)
        test.addCleanup(self.process.wait)
        test.addCleanup(self.process.kill)

    def expect(self, words):
        while True:
            line = self.process.stdout.readline()
            self.seen += line
            if words in line:
                return
            if line == "":
                raise AssertionError(f"{words!r} never came: {self.seen}")

    def signal(self, number):
        self.process.send_signal(number)

    def finish(self):
        """The exit status, and all that was printed."""
        self.seen += self.process.stdout.read()
        return self.process.wait(PATIENCE_S), self.seen


class Network(unittest.TestCase):
    """Each test is a network of its own on the loopback."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.options = ["--udp-port", free_udp_port(), "--node", "127.0.0.1", "--cores", "1"]

    def start(self, *words, program=BIN / "load", ready="ready"):
        started = Program(self, program, *words, *self.options)
        started.expect(ready)
        return started

    def begin(self, *words, duration="300ms", result="result.json"):
        """A run whose end is not waited for, in four connections unless it says otherwise."""
        options = ["--connections", 4, "--duration", duration, "--warmup", "0s", "--json",
                   self.folder / result, "--timeout", "30s"]
        return Program(self, BIN / "load", *self.options, *options, *words)

    def result(self, name="result.json"):
        with open(self.folder / name, encoding="utf-8") as file:
            return json.load(file)

    def load(self, *words, status=0, **options):
        """A whole run: its result and what it printed."""
        got, text = self.begin(*words, "--no-progress", **options).finish()
        self.assertEqual(got, status, text)
        return (self.result() if status != 3 else None), text

    def at_rate(self, rate, *words, **options):
        """Sends all that is due, however busy the machine is: in 300 ms."""
        return self.load("--rate", rate, "--drop-after", "1h", *words, **options)

    def check(self, result, proof, **expected):
        summary = result["summary"]
        self.assertEqual(summary["proof"], proof, summary)
        for name in FAULTS + ["errors", "unproved", "missing"]:
            self.assertEqual(summary[name], expected.get(name, 0), summary)


class Targets(Network):
    def test_every_verb_is_proved_by_a_server_with_books(self):
        self.start("serve", "task://box")
        for verb in ("call", "deliver", "send"):
            result, _ = self.at_rate(1000, "--verb", verb, "task://box")
            self.check(result, "replies and books" if verb == "call" else "books")
            self.assertEqual(result["summary"]["sent"], 300)
            self.assertEqual(result["settings"]["verb"], verb)
        for verb in ("deliver", "send"):
            result, _ = self.at_rate(1000, "--verb", verb, "--value-size", "16-2000",
                                     "channel://box")
            self.check(result, "books")
            self.assertEqual(result["summary"]["sent"], 300)

    def test_a_closed_loop_is_proved_whatever_its_speed(self):
        self.start("serve", "task://box")
        for words in (["--verb", "send", "task://box"], ["--verb", "send", "channel://box"]):
            result, text = self.load(*words, duration="1s")
            self.check(result, "books")
            self.assertGreater(result["summary"]["requests"], 0, text)

    def test_an_open_loop_sends_its_schedule_and_every_report_is_written(self):
        self.options[-1] = 2
        self.start("serve", "--name", "box")
        result, text = self.at_rate(
            1000, "--pipeline", 4, "--subscribers", 2, "--hgrm",
            self.folder / "a.hgrm", "--html", self.folder / "a.html", "--assert",
            "unproved==0,faults==0", "channel://box")
        self.check(result, "books")
        self.assertEqual(result["summary"]["readers"], 2)
        self.assertEqual(result["summary"]["sent"], 300)
        self.assertEqual(result["latency_us"]["corrected"]["count"], 300)
        self.assertRegex(text, r"proof +books of 2 readers\n")
        self.assertRegex(text, r"requests +deliver, 64 bytes\n")
        self.assertIn("1/(1-Percentile)", (self.folder / "a.hgrm").read_text())
        self.assertIn("channel://box", (self.folder / "a.html").read_text())

    def test_sent_without_books_is_unproved(self):
        self.start(program=BIN / "examples" / "task_server")
        result, text = self.at_rate(200, "--verb", "send", "--timeout", "2s", "task://greeter")
        self.check(result, "none", unproved=60)
        self.assertEqual(result["summary"]["sent"], 60)
        self.assertRegex(text, r"proof +none; 60 sent, unproved\n")
        result, _ = self.at_rate(200, "--verb", "deliver", "--no-books", "task://greeter")
        self.check(result, "acknowledgements")
        self.at_rate(200, "--verb", "send", "--no-books", "--assert", "unproved==0",
                     "task://greeter", status=1)

    def test_a_name_that_nobody_has_is_said(self):
        for target in ("task://nobody", "channel://nobody"):
            _, text = self.load("--timeout", "200ms", target, status=3)
            self.assertIn(f"load: cannot find {target}: nobody on this network", text)

    def test_a_server_that_comes_back_is_found_again(self):
        verbs = ("call", "deliver", "send")
        servers = {verb: self.start("serve", f"task://{verb}") for verb in verbs}
        runs = {verb: self.begin(
            "--verb", verb, "--rate", 500, "--drop-after", "1h", f"task://{verb}",
            duration="3s", result=f"{verb}.json") for verb in verbs}
        for verb in verbs:
            runs[verb].expect(" p50 ")  # the first second is over
            servers[verb].signal(signal.SIGKILL)
        for verb in verbs:
            servers[verb].finish()
            servers[verb] = self.start("serve", f"task://{verb}")
        for verb in verbs:
            status, text = runs[verb].finish()
            summary = self.result(f"{verb}.json")["summary"]
            self.assertEqual(summary["sent"], 1500, text)
            self.assertEqual(summary["disconnects"], 1, text)
            # Only a call that was under way can be lost; a send may be without proof.
            for name in ("duplicated", "reordered", "corrupted"):
                self.assertEqual(summary[name], 0, text)
            self.assertLessEqual(summary["lost"], 4 if verb == "call" else 0, text)
            self.assertEqual(status, 1 if summary["lost"] > 0 else 0, text)
            servers[verb].signal(signal.SIGTERM)
        self.assertEqual([server.finish()[0] for server in servers.values()], [0, 0, 0])


class Workers(Network):
    def worker(self, name):
        return self.start("worker", "--name", name)

    def test_two_workers_make_one_result(self):
        self.start("serve", "task://box")
        self.options[-1] = 2
        self.worker("ann")
        self.worker("bob")
        result, text = self.at_rate(1000, "--workers", 2, "task://box")
        self.check(result, "replies and books")
        self.assertEqual(result["summary"]["sent"], 300, text)
        self.assertEqual(result["latency_us"]["corrected"]["count"], 300)
        self.assertEqual(sorted(core["worker"] for core in result["cores"]),
                         ["ann.0", "ann.0", "bob.0", "bob.0"])
        self.assertEqual([core["sent"] for core in result["cores"]], [75] * 4)
        self.assertEqual([round(s["offered"]) for s in result["seconds"]], [300])
        # They are free again, and other targets do as well.
        server = self.start("serve", "tcp://127.0.0.1:0", ready="serving tcp://")
        target = server.seen.split()[1]
        result, text = self.at_rate(1000, "--workers", 2, "--connections", 2, target)
        self.check(result, "replies")
        self.assertEqual([core["sent"] for core in result["cores"]], [150, 150], text)
        self.assertEqual(len({core["worker"] for core in result["cores"]}), 2)

    def test_a_worker_that_dies_is_reported_and_the_rest_goes_on(self):
        self.start("serve", "task://box")
        ann, _ = self.worker("ann"), self.worker("bob")
        run = self.begin("--workers", 2, "task://box", duration="3s")
        run.expect(" p50 ")
        ann.signal(signal.SIGKILL)
        status, text = run.finish()
        self.assertEqual(status, 1, text)
        self.assertRegex(text, r"worker ann\.0, LOST")
        self.assertIn("workers were lost", text)
        result = self.result()
        self.assertEqual(result["summary"]["missing"], 1)
        self.assertEqual(result["summary"]["faults"], 0)
        self.assertEqual({core["worker"]: core["complete"] for core in result["cores"]},
                         {"ann.0": False, "bob.0": True})
        self.assertEqual(len(result["seconds"]), 3)

    def test_a_worker_that_is_told_to_end_says_what_it_has(self):
        self.start("serve", "task://box")
        ann = self.worker("ann")
        run = self.begin("--workers", 1, "task://box", duration="1h")
        run.expect(" p50 ")
        ann.signal(signal.SIGTERM)
        status, text = run.finish()
        self.assertEqual(status, 1, text)
        self.assertRegex(text, r"worker ann\.0, LEFT EARLY")
        self.assertGreater(self.result()["summary"]["requests"], 0)
        self.assertEqual(ann.finish()[0], 0)

    def test_a_busy_worker_is_passed_over(self):
        self.start("serve", "task://box")
        self.worker("ann")
        long = self.begin("--workers", 1, "task://box", duration="1h")
        long.expect(" p50 ")
        _, text = self.load("--workers", 1, "--timeout", "2s", "task://box", status=3)
        self.assertIn("--workers 1: within 2s 0 were found free, 1 busy", text)
        self.worker("bob")
        result, text = self.at_rate(100, "--workers", 1, "task://box")
        self.assertEqual([core["worker"] for core in result["cores"]], ["bob.0"])
        # An interrupt ends the long run in good order, and ann is free.
        long.signal(signal.SIGINT)
        status, text = long.finish()
        self.assertEqual(status, 0, text)
        self.assertIn("INTERRUPTED", text)
        result, text = self.at_rate(100, "--workers", 2, "task://box")
        self.check(result, "replies and books")

    def test_a_worker_whose_coordinator_is_killed_is_free_again(self):
        self.start("serve", "task://box")
        self.worker("ann")
        run = self.begin("--workers", 1, "task://box", duration="1h")
        run.expect(" p50 ")
        run.signal(signal.SIGKILL)
        run.finish()
        result, _ = self.at_rate(100, "--workers", 1, "task://box")
        self.check(result, "replies and books")


if __name__ == "__main__":
    lab.main(at_once=4)
