"""test_faults.py - servers with one fault each: exactly that must be counted."""
import json
import os
import signal
import subprocess
import tempfile
import time
import unittest

from stand_in import Echo, Resp

PATIENCE_S = 120
LOAD = os.path.join(os.environ["CY_TEST_BIN"], "load")
FAULTS = ["lost", "duplicated", "reordered", "corrupted", "stale"]
ERRORS = ["error_replies", "disconnects", "connect_errors", "timeouts"]


def start(folder, *args):
    """The harness on one core."""
    return subprocess.Popen([LOAD, "--cores", "1", "--no-progress", "--json",
                             os.path.join(folder, "result.json"), *args],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finish(folder, process):
    """Exit status, result, output."""
    text, _ = process.communicate(timeout=PATIENCE_S)
    path, result = os.path.join(folder, "result.json"), None
    if os.path.exists(path):
        with open(path) as file:
            result = json.load(file)
    return process.returncode, result, text


def load(*args):
    with tempfile.TemporaryDirectory() as folder:
        return finish(folder, start(folder, *args))


def wait_until(process, condition):
    """Or until the process has ended, which the caller will see."""
    end = time.monotonic() + PATIENCE_S
    while not condition() and process.poll() is None:
        if time.monotonic() > end:
            process.kill()
            raise TimeoutError(process.communicate()[0])
        time.sleep(0.005)


class Case(unittest.TestCase):
    pipeline = 8

    def run_against(self, server, *args, scheme="kv", connections=2):
        """Until the fault was made and, by as many replies as it takes, found."""
        options = ["--connections", str(connections), "--pipeline", str(self.pipeline),
                   "--duration", "1h", "--warmup", "0s", "--timeout", "60s"]
        if scheme == "kv":
            options += ["--keys", str(50 * connections), "--mix", "70:30"]
        with tempfile.TemporaryDirectory() as folder:
            process = start(folder, *options, *args, f"{scheme}://127.0.0.1:{server.port}")
            wait_until(process, lambda: server.replies >= 500 and
                       (server.done or server.fault is None))
            enough = server.answered + 500
            wait_until(process, lambda: server.answered >= enough)
            process.send_signal(signal.SIGINT)
            status, result, text = finish(folder, process)
        self.assertIsNotNone(result, text)
        self.assertGreater(result["summary"]["requests"], 0, text)
        return status, result["summary"], text

    def check(self, server, status, summary, text, **expected):
        self.assertTrue(server.done or server.fault is None, "the fault was not made: " + text)
        for name in FAULTS + ERRORS:
            self.assertEqual(summary[name], expected.get(name, 0), name + ": " + text)
        self.assertEqual(status, 1 if any(name in FAULTS for name in expected) else 0, text)


class RespFaults(Case):
    def one(self, fault, **expected):
        with Resp(fault, at=500, pipeline=self.pipeline) as server:
            self.check(server, *self.run_against(server), **expected)

    def test_a_right_server_has_none(self):
        self.one(None)

    def test_a_dropped_reply_is_one_lost(self):
        self.one("drop", lost=1)

    def test_a_repeated_reply_is_one_duplicated(self):
        self.one("repeat", duplicated=1)

    def test_two_exchanged_replies_are_one_reordered(self):
        self.one("exchange", reordered=1)

    def test_a_changed_byte_is_one_corrupted(self):
        self.one("corrupt", corrupted=1)

    def test_the_value_of_another_key_is_one_corrupted(self):
        self.one("foreign", corrupted=1)

    def test_an_old_value_is_one_stale(self):
        self.one("old", stale=1)

    def test_a_forgotten_value_is_one_stale(self):
        self.one("forget", stale=1)

    def test_an_error_reply_is_an_error_and_no_fault(self):
        self.one("refuse", error_replies=1)


class WithoutPipeline(RespFaults):
    """One request at a time: there is no neighbour to exchange with or to repeat."""
    pipeline = 1

    def test_two_exchanged_replies_are_one_reordered(self):
        self.skipTest("needs two outstanding requests")

    def test_the_value_of_another_key_is_one_corrupted(self):
        self.skipTest("the stand-in takes it from a neighbour")

    def test_a_dropped_reply_is_one_lost(self):
        """Nothing more comes: the time-out gives the connection up, and a new one goes on."""
        with Resp("drop", at=500) as server:
            result = self.run_against(server, "--timeout", "5s", connections=1)
            self.check(server, *result, lost=1, timeouts=1)


class Endings(Case):
    def test_a_close_with_a_full_pipeline_loses_all_of_it(self):
        with Resp("close", at=500, pipeline=8) as server:
            result = self.run_against(server, connections=1)
            self.check(server, *result, lost=8, disconnects=1)

    def test_nonsense_ends_the_connection(self):
        with Resp("nonsense", at=500) as server:
            status, summary, text = self.run_against(server, connections=1)
        self.assertEqual(status, 1, text)
        self.assertEqual(summary["corrupted"], 1, text)
        self.assertEqual(summary["disconnects"], 1, text)

    def test_a_server_that_falls_silent_times_out(self):
        with Resp("mute", at=500) as server:
            status, summary, text = self.run_against(
                server, "--timeout", "5s", connections=1)
        self.assertEqual(status, 1, text)
        self.assertEqual(summary["timeouts"], 1, text)
        self.assertGreaterEqual(summary["lost"], 1, text)
        self.assertLessEqual(summary["lost"], 8, text)

    def test_a_stall_shows_in_the_corrected_latency(self):
        """400 requests in 2 s; for 0.5 s the server does nothing, so that some 100 wait."""
        with Resp("stall", at=100, pause=0.5) as server:
            status, result, text = load(
                "--connections", "1", "--keys", "50", "--rate", "200", "--duration", "2s",
                "--warmup", "0s", f"kv://127.0.0.1:{server.port}")
        self.assertEqual(status, 0, text)
        self.assertGreaterEqual(result["latency_us"]["corrected"]["p90"], 100000, text)
        self.assertGreaterEqual(result["summary"]["late"], 50, text)

    def test_what_is_too_late_is_dropped_and_counted(self):
        with Resp("stall", at=100, pause=0.5) as server:
            status, result, text = load(
                "--connections", "1", "--keys", "50", "--rate", "200", "--duration", "2s",
                "--warmup", "0s", "--drop-after", "100ms", "--assert", "dropped==0",
                f"kv://127.0.0.1:{server.port}")
        self.assertEqual(status, 1, text)
        self.assertGreaterEqual(result["summary"]["dropped"], 40, text)

    def test_a_failed_assertion_is_the_exit_status(self):
        with Resp("refuse", at=500) as server:
            status, summary, text = self.run_against(server, "--assert", "errors==0")
        self.assertEqual(status, 1, text)
        self.assertIn("errors==0                FAILS: 1", text)

    def test_assertions_that_hold_are_not(self):
        with Resp() as server:
            status, summary, text = self.run_against(
                server, "--assert", "faults==0,p99<1h,errors<1")
        self.assertEqual(status, 0, text)


class EchoFaults(Case):
    def one(self, fault, **expected):
        with Echo(fault, at=500, pipeline=self.pipeline) as server:
            self.check(server, *self.run_against(server, "--value-size", "64", scheme="tcp"),
                       **expected)

    def test_a_right_server_has_none(self):
        self.one(None)

    def test_a_dropped_frame_is_one_lost(self):
        self.one("drop", lost=1)

    def test_a_repeated_frame_is_one_duplicated(self):
        self.one("repeat", duplicated=1)

    def test_two_exchanged_frames_are_one_reordered(self):
        self.one("exchange", reordered=1)

    def test_a_changed_byte_is_one_corrupted(self):
        self.one("corrupt", corrupted=1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
