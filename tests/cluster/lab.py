"""lab.py - hosts, networks and nodes for tests: network namespaces that leave no trace.

A Lab has networks (a bridge in a namespace of its own), hosts (a namespace with a veth to each
of its networks) and nodes (a cluster_probe on a host). The machine itself stays as it is.
"""
import concurrent.futures
import io
import itertools
import os
import pathlib
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

BIN = pathlib.Path(os.environ.get("CY_TEST_BIN", "build/test/bin"))
PATIENCE_S = 90  # whatever takes longer hangs; the machine may be busy with other things
PREFIX = "cycos-lab"
numbers = itertools.count()


class Failed(Exception):
    """A tool of the system has said no, and why."""


def command(*words, **options):
    done = subprocess.run([str(word) for word in words], check=False, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, words))}: {done.stderr.strip()}")
    return done.stdout


def obstacle():
    """Why there can be no namespaces here; None if there can."""
    if os.geteuid() != 0:
        return "needs root, for network namespaces"
    for tool in ("ip", "nsenter", "nft"):
        if shutil.which(tool) is None:
            return f"needs the program {tool}"
    try:
        with Lab() as lab:
            network = lab.network("n")
            network.isolate(lab.host("h", network))
    except Failed as error:
        return f"no network namespaces here: {error}"
    return None


def sweep():
    """Delete what a test left that was killed."""
    folder = pathlib.Path("/run/netns")
    for path in folder.glob(f"{PREFIX}-*") if folder.is_dir() else ():
        if not pathlib.Path("/proc", path.name.split("-")[2]).exists():
            subprocess.run(["ip", "netns", "del", path.name], check=False, capture_output=True)


class Space:
    """A network namespace with its loopback interface up."""

    def __init__(self, name):
        self.name = f"{PREFIX}-{os.getpid()}-{next(numbers)}-{name}"
        command("ip", "netns", "add", self.name)
        # An address can be used at once, not when nobody has objected to it for two seconds.
        for which in ("default", "all"):
            self.set(f"net/ipv6/conf/{which}/accept_dad", 0)
        self.ip("link", "set", "lo", "up")

    def delete(self):
        subprocess.run(["ip", "netns", "del", self.name], check=False, capture_output=True)

    def ip(self, *words):
        return command("ip", "-n", self.name, *words)

    def inside(self, *words):
        return ["nsenter", f"--net=/run/netns/{self.name}", *map(str, words)]

    def set(self, path, value):
        command(*self.inside("sh", "-c", f"test ! -e /proc/sys/{path} || "
                                         f"echo {value} > /proc/sys/{path}"))

    def nft(self, text):
        command(*self.inside("nft", "-f", "-"), input=text)


class Network(Space):
    """A bridge, on which packets get lost as the test wants: silently, as on a wire."""

    def __init__(self, name):
        super().__init__(name)
        self.ip("link", "add", "name", "bridge", "type", "bridge", "forward_delay", "0",
                "mcast_snooping", "0")
        self.ip("link", "set", "bridge", "up")

    def drop(self, *rules):
        """Drop what one of these nftables expressions matches, instead of what was dropped."""
        text = "table bridge lab\ndelete table bridge lab\ntable bridge lab {\n"
        text += "chain forward { type filter hook forward priority 0;\n"
        self.nft(text + "".join(f"{rule} counter drop\n" for rule in rules) + "}\n}\n")

    def isolate(self, *hosts):
        """Let these hosts reach nobody and be reached by nobody; none: heal the network."""
        names = ", ".join(f'"{wire}"' for host in hosts for wire in host.wires)
        self.drop(*(f"{way} {{ {names} }}" for way in ("iifname", "oifname") if names))


class Host(Space):
    """A machine of the laboratory: one interface per network, eth0 first."""

    def __init__(self, lab, name):
        super().__init__(name)
        self.lab, self.interfaces, self.wires = lab, [], []

    def join(self, network, *addresses):
        interface = f"eth{len(self.interfaces)}"
        port = f"p{next(numbers)}"
        self.interfaces.append(interface)
        self.wires.append(port)
        network.ip("link", "add", "name", port, "type", "veth",
                   "peer", "name", interface, "netns", self.name)
        network.ip("link", "set", port, "master", "bridge", "up")
        for address in addresses:
            options = ["nodad"] if ":" in address else ["brd", "+"]
            self.ip("addr", "add", address, *options, "dev", interface)
        self.ip("link", "set", interface, "up")
        return self

    def route(self, gateway):
        self.ip("route", "add", "default", "via", gateway)

    def node(self, name, *options):
        return Node(self.lab, name, options, self)


class Lab:
    """Everything that a test has set up; all of it is gone afterwards."""

    def __init__(self):
        self.spaces, self.nodes = [], []
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=PREFIX))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def network(self, name):
        network = Network(name)
        self.spaces.append(network)
        return network

    def host(self, name, network=None, *addresses):
        host = Host(self, name)
        self.spaces.append(host)
        return host.join(network, *addresses) if network is not None else host

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o600)
        return path

    def certificate(self, name, *options):
        """Key and certificate by the specification's own command, which is not to ask."""
        path = self.folder / name
        command("openssl", "req", "-x509", *(options or ("-newkey", "rsa:2048")), "-keyout",
                path, "-nodes", "-out", path, "-sha256", "-days", "1000", "-subj",
                f"/CN={name}")
        return path

    def close(self):
        for node in self.nodes:
            node.close()
        for space in reversed(self.spaces):
            space.delete()
        shutil.rmtree(self.folder, ignore_errors=True)


class Node:
    """A cluster_probe: commands in, lines out, each with the time at which it was printed."""

    def __init__(self, lab, name, options=(), host=None):
        self.name, self.core, self.lines, self.read = name, f"{name}.0", [], queue.Queue()
        self.log_path = lab.folder / f"{name}-{next(numbers)}.log"
        words = [str(BIN / "cluster_probe"), "--name", name, *map(str, options), name]
        with open(self.log_path, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                host.inside(*words) if host is not None else words, text=True, bufsize=1,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        lab.nodes.append(self)
        threading.Thread(target=self.collect, daemon=True).start()
        self.location = self.expect("ready").split()[1]

    def collect(self):
        for line in self.process.stdout:
            self.read.put(line.rstrip("\n"))
        self.read.put(None)

    @property
    def port(self):
        return int(self.location.rsplit(":", 1)[1])

    def port_of(self, core, seen_by):
        """The port of one of its cores."""
        return int(seen_by.expect(f"online {core}").rsplit(":", 1)[1])

    def log(self):
        return self.log_path.read_text(encoding="utf-8")

    def tell(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")

    def next(self, deadline):
        """The next line, remembered; None when none comes in time."""
        try:
            line = self.read.get(timeout=max(0.001, deadline - time.monotonic()))
        except queue.Empty:
            return None
        if line is None:
            raise AssertionError(f"{self.name} has ended: {self.lines[-20:]}\n{self.log()}")
        when, text = line.split(" ", 1)
        self.lines.append((int(when) / 1e6, text))
        return self.lines[-1]

    def expect(self, *beginnings, since=0, patience=PATIENCE_S):
        """Wait until there is a line for each, in any order; the last line found is returned.

        Lines that came since line number `since` count; self.mark() is that of the next.
        """
        at = self.expect_at(*beginnings, since=since, patience=patience)
        return at[1]

    def expect_at(self, *beginnings, since=0, patience=PATIENCE_S):
        deadline = time.monotonic() + patience
        missing, at, found = set(beginnings), since, None
        while missing:
            if at == len(self.lines) and self.next(deadline) is None:
                raise AssertionError(f"{self.name}: {sorted(missing)} never came: "
                                     f"{self.lines[-20:]}\n{self.log()[-3000:]}")
            hits = {text for text in missing if begins(self.lines[at][1], text)}
            missing -= hits
            found = self.lines[at] if hits else found
            at += 1
        return found

    def mark(self):
        while self.next(0) is not None:
            pass
        return len(self.lines)

    def ask(self, *words, patience=PATIENCE_S):
        """Give a command and wait for its answer, which begins with the same words."""
        at = self.mark()
        self.tell(*words)
        answer = " ".join(map(str, words[:2]))
        return self.expect(answer, since=at, patience=patience)[len(answer):].strip()

    def since(self, mark, *beginnings):
        """The lines since a mark that begin so."""
        self.mark()
        return [text for _, text in self.lines[mark:]
                if any(begins(text, beginning) for beginning in beginnings)]

    def signal(self, number):
        before = time.monotonic()
        self.process.send_signal(number)
        return before

    def stop(self):
        """As a debugger does; returns when each of its threads has stopped."""
        self.signal(signal.SIGSTOP)
        tasks = pathlib.Path("/proc", str(self.process.pid), "task")
        wait_until("stopped", lambda: all(
            (path / "stat").read_text().rsplit(")", 1)[1].split()[0] == "T"
            for path in tasks.iterdir()))
        return time.monotonic()

    def go_on(self):
        return self.signal(signal.SIGCONT)

    def kill(self):
        return self.signal(signal.SIGKILL)

    def memory_kib(self):
        for line in pathlib.Path("/proc", str(self.process.pid), "status").open():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        return 0

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()


def begins(line, words):
    """"got a" begins "got a b", but not "got ab"."""
    return line == words or line.startswith(words + " ")


def wait_until(what, condition, patience=PATIENCE_S):
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"it never came to this: {what}")
        time.sleep(0.02)


def times(node, mark, *beginnings):
    """When each of these lines was printed."""
    return [node.expect_at(text, since=mark)[0] for text in beginnings]


def ms(*seconds):
    return ", ".join(f"{at * 1000:.0f} ms" for at in seconds)


class Scenario(unittest.TestCase):
    """What the tests have in common: a laboratory, and what one asks of nodes in it."""

    def setUp(self):
        self.lab = Lab()
        self.addCleanup(self.lab.close)

    def note(self, text):
        """Something measured, printed with the result."""
        print(f"{self.id().split('.')[-1]}: {text}", flush=True)

    def hosts(self, count, pattern="10.77.0.{}/24"):
        """So many on one network."""
        network = self.lab.network("wire")
        return network, [self.lab.host(f"h{i}", network, pattern.format(i))
                         for i in range(1, count + 1)]

    def three_nodes(self, *options):
        """One on each of three hosts, which know each other; where their lines are now."""
        network, hosts = self.hosts(3)
        nodes = [host.node(name, *options) for host, name in zip(hosts, "abc")]
        self.all_meet(nodes)
        return network, hosts, nodes, [node.mark() for node in nodes]

    def all_meet(self, nodes, marks=None):
        for i, node in enumerate(nodes):
            node.expect(*(f"online {other.core}" for other in nodes if other is not node),
                        since=marks[i] if marks else 0)

    def met_after(self, nodes):
        """How long it took the last one to find all others."""
        self.all_meet(nodes)
        begin = nodes[-1].expect_at("ready")[0]
        return max(times(nodes[-1], 0, *(f"online {n.core}" for n in nodes[:-1]))) - begin

    def talk(self, one, other):
        """A name is found and messages come, both ways."""
        for a, b in ((one, other), (other, one)):
            self.assertEqual(a.ask("locate", b.name, b.name), "OK")
            self.assertEqual(a.ask("deliver", b.name, f"d-from-{a.name}"), "1")
            self.assertEqual(a.ask("send", b.name, f"s-from-{a.name}"), "OK")
            b.expect(f"got d-from-{a.name}", f"got s-from-{a.name}")

    def follow(self, one, other):
        """`one` knows the box of `other`, and hears when it ends."""
        self.assertEqual(one.ask("locate", other.name, other.name), "OK")
        self.assertEqual(one.ask("monitor", other.name), "OK")

    def never(self, node, *beginnings, since=0):
        self.assertEqual(node.since(since, *beginnings), [], node.name)


def run_one(test):
    out = io.StringIO()
    result = unittest.TextTestResult(unittest.runner._WritelnDecorator(out), True, 2)
    begin = time.monotonic()
    test.run(result)
    result.printErrors()
    print(f"{out.getvalue().rstrip()} ({time.monotonic() - begin:.1f} s)", flush=True)
    return result.wasSuccessful()


def flatten(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from flatten(test)
        else:
            yield test


def main(at_once):
    """Run the tests of the calling module, so many at once: mostly they wait."""
    sweep()
    loader = unittest.TestLoader()
    module = sys.modules["__main__"]
    tests = list(flatten(loader.loadTestsFromNames(sys.argv[1:], module) if sys.argv[1:]
                         else loader.loadTestsFromModule(module)))
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        results = list(pool.map(run_one, tests))
    print(f"{len(results)} tests, {results.count(False)} failed")
    sys.exit(not all(results) or not results)
