"""kv_cluster.py - instances of kv that scripts/launch has made one cluster."""
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time

from kv_programs import Client, kv_program

LAUNCH = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "launch"
PATIENCE_S = 60


def until(condition, what):
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"did not happen: {what}")
        time.sleep(0.01)


def free_udp_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Cluster:
    """Starts it and waits until it is ready; ports[i] is where instance i serves clients."""

    def __init__(self, size, *options, restart=0):
        command = [LAUNCH, "-n", size, "--name", "kv", "--udp-port", free_udp_port(),
                   "--restart", restart, "--backoff-ms", 1, "--", kv_program(),
                   "--node", "127.0.0.1", "--port", "0", "--cluster-size", "{n}",
                   "--cluster-index", "{i}", *options]
        self.process = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.ports, self.pids, self.lines = [0] * size, [0] * size, []
        self.ready = 0  # how often all were
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        try:
            until(lambda: self.ready > 0 or self.process.poll() is not None, "it is ready")
            if self.process.poll() is not None:
                raise RuntimeError(self.output())
        except BaseException:
            self.kill()
            raise

    def read(self):
        for line in self.process.stdout:
            line = line.decode(errors="replace")
            self.lines.append(line)
            if match := re.match(r"kv-(\d+) \| kv: ready on \S*:(\d+)", line):
                self.ports[int(match[1])] = int(match[2])
            elif match := re.match(r"launch \| kv-(\d+): pid (\d+) ", line):
                self.pids[int(match[1])] = int(match[2])
            elif line == "launch | ready\n":
                self.ready += 1

    def output(self):
        return "".join(self.lines)

    def client(self, index):
        return Client(self.ports[index])

    def kill_instance(self, index, number=signal.SIGKILL):
        os.kill(self.pids[index], number)

    def stop(self):
        """The exit status of launch: that of the first instance that failed, or 0."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.kill()
        self.reader.join(PATIENCE_S)
        return self.process.returncode

    def kill(self):
        self.process.kill()
        self.process.wait()
