"""network.py - nodes on loopback, and the program that is run against them.

Each test case is a network of its own, on a UDP port that was free. What must happen is waited
for; only what shall not happen has a time-out, a short one.
"""
import contextlib
import json
import os
import pathlib
import socket
import subprocess
import time
import unittest

BIN = pathlib.Path(os.environ.get("CY_TEST_BIN", "build/test/bin"))
PATIENCE_S = 60  # a test that needs more hangs
OK, FAILED, USAGE, SILENCE, REFUSED = range(5)


def free_port(kind=socket.SOCK_DGRAM):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Network(unittest.TestCase):
    """A node named web, and what the tests need besides."""

    server_name = "examples/task_server"
    server_options = ()
    common = ()

    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        cls.port = free_port()
        cls.network = ["--udp-port", str(cls.port), "--node", "127.0.0.1", *cls.common]
        cls.server = cls.launch(cls.server_name, "--name", "web", *cls.server_options)
        cls.wait_for(cls.server, "ready")

    @classmethod
    def tearDownClass(cls):
        cls.stack.close()

    @classmethod
    def launch(cls, name, *options):
        process = subprocess.Popen([BIN / name, *options, *cls.network], text=True, bufsize=1,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        cls.stack.callback(process.stdout.close)
        cls.stack.callback(process.wait)
        cls.stack.callback(process.kill)
        return process

    @contextlib.contextmanager
    def visitor(self, name, *options):
        """A node that is gone, and known to be so, when the block ends."""
        process = subprocess.Popen([BIN / name, *options, *self.network],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield process
        finally:
            process.kill()  # that is known at once
            process.wait()
        self.until_peers(1)

    def until_peers(self, count, *options):
        """How many somebody sees who does not stay for long depends on the time."""
        end = time.monotonic() + PATIENCE_S
        while (seen := len(self.json("peers", *options))) != count:
            self.assertLess(time.monotonic(), end, f"{seen} peers, not {count}")

    @staticmethod
    def wait_for(process, beginning):
        for line in process.stdout:
            if line.startswith(beginning):
                return line
        raise AssertionError(f"it ended without {beginning!r}")

    def command(self, *words):
        return [str(w) for w in (BIN / "cycosctl", *self.network, "--timeout", "30s",
                                "--settle", "50ms", *words)]

    def run_it(self, *words, status=OK):
        done = subprocess.run(self.command(*words), text=True, capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=PATIENCE_S)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def run_until(self, text, *words, status):
        """What waits in vain, but not before it has come so far that it says this text."""
        for timeout in ("200ms", "1s", "5s", "25s"):
            done = subprocess.run(self.command(*words, "--timeout", timeout), text=True,
                                  capture_output=True, timeout=PATIENCE_S)
            if text in done.stdout + done.stderr:
                break
        self.assertIn(text, done.stdout + done.stderr)
        self.assertEqual(done.returncode, status)
        return done.stdout

    def json(self, *words, status=OK):
        return json.loads(self.run_it(*words, status=status).stdout)

    def table(self, *words):
        return self.run_it("--format", "table", *words).stdout
