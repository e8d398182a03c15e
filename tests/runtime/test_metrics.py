"""test_metrics.py - the metrics of a program are what Prometheus reads, and are documented."""
import contextlib
import http.client
import os
import pathlib
import re
import shutil
import socket
import subprocess
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("CY_TEST_BIN", str(ROOT / "build/test/bin")))
KV = BIN / "kv"
PATIENCE_S = 60

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (\d+(?:\.\d+)?)")
COMMENT = re.compile(rf"# (HELP|TYPE) ({NAME}) ((?:[^\\]|\\[\\n])+)")


def parse(text):
    """{name: (type, help, {labels: value})}; ValueError for what a strict reader refuses."""
    found, current = {}, None
    if not text.endswith("\n"):
        raise ValueError("the last line has no end")
    for line in text[:-1].split("\n"):
        if comment := COMMENT.fullmatch(line):
            what, name, rest = comment.groups()
            if what == "HELP":
                if name in found:
                    raise ValueError(f"{name} comes twice")
                found[name], current = [None, rest, {}], name
            elif name != current or found[name][0] is not None or found[name][2]:
                raise ValueError(f"TYPE out of place: {line}")
            elif rest not in ("counter", "gauge"):
                raise ValueError(f"unknown type: {line}")
            else:
                found[name][0] = rest
        elif sample := SAMPLE.fullmatch(line):
            name, labels, value = sample.groups()
            if name != current or found[name][0] is None:
                raise ValueError(f"sample out of place: {line}")
            labels = tuple(re.findall(LABEL, labels or ""))
            names = [label.partition("=")[0] for label in labels]
            if len(set(names)) != len(names) or labels in found[name][2]:
                raise ValueError(f"twice the same: {line}")
            found[name][2][labels] = float(value)
        else:
            raise ValueError(f"not understood: {line!r}")
    for name, (kind, _, samples) in found.items():
        if kind is None or not samples:
            raise ValueError(f"{name} has no type or no sample")
        if (kind == "counter") != name.endswith("_total"):
            raise ValueError(f"{name} is a {kind}")
    return {name: tuple(parts) for name, parts in found.items()}


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Node:
    """A program that shows its metrics: kv, unless it is another."""

    def __init__(self, *options, program=(KV, "--port", "0")):
        for _ in range(20):  # a port may be taken between our look and its bind
            self.port = free_port()
            self.process = subprocess.Popen(
                [*program, "--metrics-port", str(self.port), "--stall", "0",
                 "--log-level", "error", *options],
                text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            first = self.process.stdout.readline()
            if "ready" in first or "Address already in use" not in first:
                break
            self.stop()
        self.first = first

    def get(self, path="/metrics"):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        with contextlib.closing(connection):
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.getheader("Content-Type"), answer.read().decode()

    def page(self):
        status, _, text = self.get()
        if status != 200:
            raise AssertionError(f"status {status}")
        return text

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        output, _ = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, output


class Metrics(unittest.TestCase):
    def start(self, *options, **program):
        node = Node(*options, **program)
        self.addCleanup(node.stop)
        return node

    def cluster(self):
        """Two nodes that have found each other; a word comes from each when they have."""
        common = ["--cluster-size", "2", "--cores", "2", "--node", "127.0.0.1",
                  "--udp-port", str(free_port(socket.SOCK_DGRAM))]
        first = subprocess.Popen(
            [KV, "--port", "0", *common, "--cluster-index", "0", "--log-level", "error"],
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(first.communicate, timeout=PATIENCE_S)
        self.addCleanup(first.terminate)
        node = self.start(*common, "--cluster-index", "1", "--name", "second")
        self.assertTrue(node.first.startswith("kv: ready"), node.first)
        return node

    def methods(self):
        """One that others may call."""
        port = str(free_port(socket.SOCK_DGRAM))
        return self.start("--node", "127.0.0.1", "--udp-port", port,
                          program=(BIN / "cycosctl_methods",))

    def assertParses(self, text):
        try:
            return parse(text)
        except ValueError as error:
            self.fail(f"{error} in\n{text}")

    def test_page_is_what_a_strict_reader_takes(self):
        node = self.start("--cores", "2")
        status, kind, text = node.get()
        self.assertEqual((status, kind), (200, "text/plain; version=0.0.4; charset=utf-8"))
        found = self.assertParses(text)
        self.assertEqual(found["cycos_core_up"][2], {('core="0"',): 1, ('core="1"',): 1})
        self.assertEqual(node.get("/")[0], 404)
        self.assertEqual(node.stop()[0], 0)

    def test_counters_only_rise(self):
        node = self.start("--cores", "2")
        before = self.assertParses(node.page())
        for _ in range(20):
            after = self.assertParses(node.page())
            for name, (kind, _, samples) in before.items():
                for labels, value in samples.items():
                    if kind == "counter":
                        self.assertGreaterEqual(after[name][2][labels], value, name)
            before = after
        self.assertGreater(before["cycos_switches_total"][2][('core="0"',)], 20)

    def test_shows_the_network_and_each_name_is_documented(self):
        node = self.cluster()
        deadline = time.monotonic() + PATIENCE_S
        found = self.assertParses(node.page())
        while found["cycos_network_peers_online"][2] != {(): 2}:
            self.assertLess(time.monotonic(), deadline, "never met")
            found = self.assertParses(node.page())
        self.assertIn('name="second"', list(found["cycos_node_info"][2])[0])
        self.assertGreater(found["cycos_network_received_bytes_total"][2][('core="0"',)], 0)
        page = (ROOT / "runtime/metrics.md").read_text()
        documented = re.findall(r"^\| `(cycos_\w+)", page, re.MULTILINE)
        self.assertEqual(len(set(documented)), len(documented))
        found |= self.assertParses(self.methods().page())
        self.assertEqual(sorted(documented), sorted(found))

    def test_promtool_finds_nothing_to_complain_of(self):
        promtool = os.environ.get("CY_PROMTOOL") or shutil.which("promtool")
        if promtool is None:
            self.skipTest("no promtool (Debian's package prometheus has it)")
        for node in (self.cluster(), self.methods()):
            result = subprocess.run([promtool, "check", "metrics"], input=node.page(),
                                    text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            self.assertEqual((result.returncode, result.stdout), (0, ""))

    def test_says_why_it_does_not_start(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            result = subprocess.run(
                [KV, "--port", "0", "--metrics-port", str(taken.getsockname()[1])], text=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE_S)
        self.assertEqual(result.returncode, 1)
        self.assertIn("metrics at 127.0.0.1, port ", result.stdout)


class Reader(unittest.TestCase):
    """The reader above is strict, or the tests above are blind."""
    HEAD = "# HELP a Of a.\n# TYPE a gauge\n"

    def test_takes_what_is_right(self):
        found = parse(self.HEAD + 'a{b="\\"\\\\\\n x"} 1.5\na 2\n')
        self.assertEqual(found["a"][0], "gauge")
        self.assertEqual(sorted(found["a"][2].values()), [1.5, 2])

    def test_refuses_what_is_wrong(self):
        for wrong in ("", "a 1\n", self.HEAD, self.HEAD + "a 1", self.HEAD + "a  1\n",
                      self.HEAD + "a -1\n", self.HEAD + "a NaN\n", self.HEAD + "a 1\na 2\n",
                      self.HEAD + "a 1\nb 1\n", self.HEAD + 'a{b="x"x"} 1\n',
                      self.HEAD + 'a{b="\\x"} 1\n', self.HEAD + 'a{b="1",b="2"} 1\n',
                      self.HEAD + "a 1\n" + self.HEAD + "a 2\n", self.HEAD + "a 1\n\n",
                      "# TYPE a gauge\na 1\n", "# HELP a Of a.\na 1\n",
                      "# HELP a Of a.\n# TYPE a counter\na 1\n",
                      "# HELP a_total A.\n# TYPE a_total gauge\na_total 1\n",
                      "# HELP a Of \\a.\n# TYPE a gauge\na 1\n"):
            with self.assertRaises(ValueError, msg=repr(wrong)):
                parse(wrong)


if __name__ == "__main__":
    unittest.main(verbosity=2)
