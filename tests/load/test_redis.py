"""test_redis.py - the harness against a redis-server of its own, from outside."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

LOAD = os.path.join(os.environ["CY_TEST_BIN"], "load")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@unittest.skipIf(shutil.which("redis-server") is None, "there is no redis-server")
class Redis(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        cls.port = free_port()
        cls.server = subprocess.Popen(
            ["redis-server", "--port", str(cls.port), "--bind", "127.0.0.1", "--save", "",
             "--appendonly", "no", "--dir", cls.folder],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        cls.wait_for_the_server()

    @classmethod
    def wait_for_the_server(cls):
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", cls.port), 1).close()
                return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("redis-server does not listen")

    @classmethod
    def tearDownClass(cls):
        cls.server.terminate()
        cls.server.wait(30)
        shutil.rmtree(cls.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def load(self, *args, status=0):
        run = subprocess.run(
            [LOAD, "--warmup", "100ms", "--duration", "500ms", "--connections", "6", *args,
             f"kv://127.0.0.1:{self.port}"], capture_output=True, text=True, timeout=120)
        self.assertEqual(run.returncode, status, run.stdout + run.stderr)
        return run.stdout, run.stderr

    def result(self, *args, **kwargs):
        path = self.path("result.json")
        self.load("--json", path, *args, **kwargs)
        with open(path) as file:
            return json.load(file)

    def test_a_closed_loop_is_without_errors_and_faults(self):
        result = self.result("--pipeline", "16", "--assert", "errors==0,faults==0")
        self.assertGreater(result["summary"]["requests"], 0)
        self.assertEqual(result["format"], "cycos-load 1")

    def test_shared_keys_zipf_and_sizes_of_all_kinds(self):
        for size in ("16", "16-4096", "zipf:16-100k"):
            result = self.result("--shared-keys", "--keys", "500", "--distribution", "zipf:1.1",
                                 "--value-size", size, "--mix", "1:1", "--pipeline", "8")
            self.assertEqual(result["summary"]["faults"], 0)

    def test_values_larger_than_any_socket_buffer(self):
        # By a schedule: all that is due is sent, and awaited, however slow the machine is.
        result = self.result("--keys", "6", "--value-size", "9m", "--mix", "1:1",
                             "--rate", "40", "--drop-after", "60s",
                             "--pipeline", "4", "--connections", "2", "--timeout", "60s")
        self.assertEqual(result["summary"]["sent"], 20)
        self.assertEqual(result["summary"]["faults"], 0)
        self.assertEqual(result["summary"]["errors"], 0)

    def test_an_open_loop_sends_its_schedule(self):
        for arrival in ("uniform", "poisson"):
            result = self.result("--rate", "2k", "--arrival", arrival)
            self.assertEqual(result["summary"]["faults"], 0)
            due = result["summary"]["sent"] + result["summary"]["dropped"]
            self.assertTrue(800 < due < 1200, due)

    def test_stages_are_followed(self):
        result = self.result("--warmup", "0s", "--stages", "1s:1k,1s:1k,1s:0")
        self.assertEqual([round(s["offered"]) for s in result["seconds"]], [500, 1000, 500])
        self.assertEqual(result["summary"]["sent"] + result["summary"]["dropped"], 2000)

    def test_a_run_without_filling_may_read_nothing(self):
        result = self.result("--no-fill", "--key-prefix", "none:", "--mix", "100:0")
        self.assertEqual(result["summary"]["faults"], 0)

    def test_the_search_tries_rates(self):
        result = self.result("--find-max", "--slo", "p99<10s", "--rate", "200k",
                             "--trial", "100ms", "--pipeline", "16")
        trials = result["find_max"]["trials"]
        self.assertGreaterEqual(len(trials), 2)
        self.assertEqual(trials[0]["rate"], 200000)
        failed = [trial for trial in trials if not trial["passed"]]
        self.assertTrue(all(trial["rate"] > result["find_max"]["rate"] for trial in failed
                            if [t["rate"] for t in failed].count(trial["rate"]) == 2))
        passed = [trial["rate"] for trial in trials if trial["passed"]]
        self.assertEqual(result["find_max"]["rate"], max(passed, default=0))

    def test_every_file_is_written(self):
        self.load("--hgrm", self.path("a.hgrm"), "--html", self.path("a.html"),
                  "--json", self.path("a.json"), "--label", "first")
        with open(self.path("a.hgrm")) as file:
            lines = file.read().splitlines()
        self.assertRegex(lines[0], r"^ +Value +Percentile TotalCount 1/\(1-Percentile\)$")
        for line in lines[2:-4]:
            self.assertRegex(line, r"^ *\d+\.\d{3} [01]\.\d{12} +\d+ +\d+\.\d\d$")
        with open(self.path("a.html")) as file:
            page = file.read()
        self.assertEqual(page.count("<svg "), 3)
        self.assertIn("<h1>first</h1>", page)

    def test_two_results_are_compared(self):
        self.load("--json", self.path("one.json"), "--duration", "2s")
        self.load("--json", self.path("two.json"), "--duration", "2s", "--pipeline", "16")
        run = subprocess.run([LOAD, "compare", self.path("one.json"), self.path("two.json")],
                             capture_output=True, text=True, timeout=60)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("note: settings.pipeline differs: 1 and 16", run.stdout)
        self.assertRegex(run.stdout, r"throughput +\S+ +\S+ +\d+\.\d{3}")

    def test_a_line_is_printed_each_second(self):
        _, err = self.load("--duration", "2s")
        lines = [line for line in err.splitlines() if re.search(r"/s  p50 ", line)]
        self.assertEqual(len(lines), 3)  # the warm-up and two seconds
        self.assertTrue(lines[0].startswith("warm-up"))

    def test_an_interrupt_ends_the_run_with_its_report(self):
        run = subprocess.Popen(
            [LOAD, "--duration", "1h", "--log-level", "error", f"kv://127.0.0.1:{self.port}"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(run.wait)
        self.addCleanup(run.kill)  # else its writes are faults of the tests that follow
        # Until something was answered in a second that counts: the warm-up does not.
        for line in run.stderr:
            if not line.startswith("warm-up") and re.search(r"[1-9][\d.kM]*/s  p50 ", line):
                break
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=60)
        self.assertIn("INTERRUPTED", out)
        self.assertIn("faults       0", out)
        self.assertEqual(run.returncode, 0, err)


if __name__ == "__main__":
    unittest.main(verbosity=2)
