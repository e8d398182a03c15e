"""test_run.py - scripts/run with stand-ins for the compiler, the server and the load."""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import unittest

from helper import PATIENCE_S, SCRIPTS, Case, until

# As many listeners as cores, all on one port, as kv has. Says in a file how it was started.
KV = """#!{python}
import os, signal, socket, sys
def option(name):
    return sys.argv[len(sys.argv) - 1 - sys.argv[::-1].index(name) + 1]
open("{folder}/kv." + str(os.getpid()), "w").write(" ".join(sys.argv[1:]))
if "{mode}" == "dies":
    sys.exit("no memory today")
sockets = []
for _ in range(int(option("--cores"))):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    s.bind(("127.0.0.1", int(option("--port"))))
    s.listen()
    sockets.append(s)
signal.signal(signal.SIGTERM, lambda n, f: sys.exit({status}))
if "{mode}" == "alone":
    sys.exit("nobody else is here")
print("kv: ready on 127.0.0.1:" + option("--port"), flush=True)
while True:
    signal.pause()
"""
LOAD = """#!/bin/sh
echo "$*" >{folder}/load.arguments
echo "THE REPORT"
{body}
"""


class Run(Case):
    def setUp(self):
        super().setUp()
        (self.folder / "scripts").mkdir()
        for name in ("run", "launch", "common.sh"):
            shutil.copy(SCRIPTS / name, self.folder / "scripts")
        self.program("scripts/deps", f'#!/bin/sh\necho "$*" >{self.folder}/deps.arguments\n')
        self.program("bin/cmake", f'#!/bin/sh\necho "$*" >>{self.folder}/cmake.arguments\n')
        self.kv()
        self.load("exit 0")

    def kv(self, mode="", status=0):
        self.program("build/release/bin/kv", KV.format(
            python=sys.executable, folder=self.folder, mode=mode, status=status))

    def load(self, body):
        self.program("build/release/bin/load", LOAD.format(folder=self.folder, body=body))

    def env(self):
        return {"PATH": f"{self.folder}/bin:{os.environ['PATH']}"}

    def run_it(self, *arguments):
        result = self.run_script(self.folder / "scripts/run", *arguments, env=self.env())
        self.assertEqual(self.left(), [], "servers are left")
        return result

    def servers(self):
        return {int(p.suffix[1:]): p.read_text() for p in self.folder.glob("kv.*")}

    def left(self):
        return [pid for pid in self.servers() if pathlib.Path(f"/proc/{pid}").exists()]

    def arguments(self, of):
        return (self.folder / f"{of}.arguments").read_text()

    def test_builds_starts_loads_reports_and_stops(self):
        result = self.run_it()
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn("THE REPORT\n", result.stdout)
        self.assertEqual(self.arguments("deps"), "build\n")
        self.assertIn("--build build/release", self.arguments("cmake"))
        self.assertIn("--target kv --target load", self.arguments("cmake"))

    def test_starts_one_process_per_core(self):
        result = self.run_it()
        count = len(os.sched_getaffinity(0))
        self.assertIn(f"one process on each of {count} cores", result.stdout)
        commands = self.servers().values()
        self.assertEqual(len(commands), count)
        names = {c.split("--name ")[1].split()[0] for c in commands}
        self.assertEqual(names, {f"kv-{i}" for i in range(count)})
        self.assertTrue(all("--cores 1" in c for c in commands))
        self.assertEqual({c.split("--cluster-index ")[1].split()[0] for c in commands},
                         {str(i) for i in range(count)})
        for option in (f"--cluster-size {count} ", "--node 127.0.0.1 ", "--secret-file "):
            self.assertTrue(all(option in c for c in commands))
        self.assertEqual(len({c.split("--udp-port ")[1].split()[0] for c in commands}), 1)

    def test_waits_until_the_instances_have_found_each_other(self):
        self.kv(mode="alone")  # it listens, but is never ready
        result = self.run_it()
        self.assertEqual(result.returncode, 1)
        self.assertIn("nobody else is here", result.stderr)
        self.assertNotIn("THE REPORT", result.stdout)

    def test_or_one_process_with_a_thread_per_core(self):
        result = self.run_it("--threads")
        (command,) = self.servers().values()
        self.assertIn(f"--cores {len(os.sched_getaffinity(0))}", command)
        self.assertIn("one process with", result.stdout)
        self.assertNotIn("--cluster", command)

    def test_passes_options_to_the_load(self):
        self.run_it("--seconds", "3", "--connections", "7", "--pipeline", "5",
                    "--", "--keys", "9")
        arguments = self.arguments("load")
        for words in ("--duration 3s", "--connections 7", "--pipeline 5", "--keys 9"):
            self.assertIn(words, arguments)

    def test_uses_the_port_that_is_asked_for(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        self.assertEqual(self.run_it("--port", port).returncode, 0)
        self.assertIn(f"kv://127.0.0.1:{port} ", self.arguments("load"))

    def test_refuses_a_port_in_use(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            s.listen()
            result = self.run_it("--port", s.getsockname()[1])
        self.assertEqual(result.returncode, 1)
        self.assertIn("something listens on port", result.stderr)
        self.assertEqual(self.servers(), {})

    def test_status_of_the_load_is_its_own(self):
        self.load("exit 5")
        result = self.run_it()
        self.assertEqual(result.returncode, 5)
        self.assertIn("FAILED with status 5", result.stdout)

    def test_shows_why_the_server_did_not_start(self):
        self.kv(mode="dies")
        result = self.run_it()
        self.assertEqual(result.returncode, 1)
        self.assertIn("no memory today", result.stderr)
        self.assertIn("the server did not start", result.stderr)

    def test_a_server_that_stops_badly_is_a_failure(self):
        self.kv(status=9)
        result = self.run_it()
        self.assertEqual(result.returncode, 9)
        self.assertIn("THE REPORT", result.stdout)

    def test_keeps_the_server_until_it_is_interrupted(self):
        command = [self.folder / "scripts/run", "--keep"]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True,
                                   env={**os.environ, **self.env()})
        self.addCleanup(process.kill)
        for line in process.stdout:
            if "the server goes on" in line:
                break
        self.assertEqual(len(self.left()), len(os.sched_getaffinity(0)))
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_S)
        self.assertEqual(process.returncode, 130)
        until(lambda: not self.left(), "the servers stop")

    def test_refuses_wrong_usage(self):
        for arguments in (["--seconds"], ["--seconds", "0"], ["--port", "x"], ["--nonsense"],
                          ["extra"]):
            with self.subTest(arguments):
                result = self.run_it(*arguments)
                self.assertEqual((result.returncode, self.servers()), (1, {}))
                self.assertIn("run: ", result.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
