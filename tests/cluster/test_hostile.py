"""test_hostile.py - a stranger with much time and bandwidth; the friends notice nothing.

All on loopback, so no rights are needed. cluster_attack has what it sends from a recording of
what a friend has said.
"""
import os
import pathlib
import selectors
import socket
import subprocess
import threading
import time
import unittest
import unittest.mock

import lab

SECONDS = max(1, 10 * int(os.environ.get("CY_TEST_SCALE", "100")) // 100)
GROWTH_KIB = 64 << 10
# Freed memory is memory of the node still, up to 256 MiB of it, where the address sanitizer
# keeps it to find who uses it: so much of it that memory grows as without the sanitizer.
QUARANTINE = "quarantine_size_mb=8"
LOG_LINES_PER_SECOND = 100


def udp_socket(port=0):
    """On the port that nodes share, as any process of this user may."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    s.bind(("0.0.0.0", port))
    s.settimeout(lab.PATIENCE_S)
    return s


def record_stream(listener, port):
    """Pass one connection on to a node, and return what the dialer has said."""
    said = b""
    with listener, listener.accept()[0] as dialer, \
            socket.create_connection(("127.0.0.1", port)) as node, \
            selectors.DefaultSelector() as ready:
        ready.register(dialer, selectors.EVENT_READ, node)
        ready.register(node, selectors.EVENT_READ, dialer)
        while True:
            for key, _ in ready.select(lab.PATIENCE_S):
                heard = key.fileobj.recv(4096)
                if not heard:
                    return said
                key.data.sendall(heard)
                said += heard if key.fileobj is dialer else b""


class Hostile(lab.Scenario):
    seconds = SECONDS

    def setUp(self):
        super().setUp()
        options = filter(None, [os.environ.get("ASAN_OPTIONS"), QUARANTINE])
        self.enterContext(unittest.mock.patch.dict(os.environ, ASAN_OPTIONS=":".join(options)))

    def friends(self, *options):
        """Two nodes on loopback, and the recordings of one of them."""
        with udp_socket() as ear:
            self.udp_port = ear.getsockname()[1]
            self.options = ["--udp-port", self.udp_port, "--node", "127.0.0.1", *options]
            a = lab.Node(self.lab, "a", self.options)
            ear.setblocking(False)
            lab.wait_until("a has said its hellos", lambda: self.heard(ear))
            b = lab.Node(self.lab, "b", self.options)
            hello = None
            while hello is None or int.from_bytes(hello[44:46], "little") != b.port:
                lab.wait_until("b says hello", lambda: self.heard(ear))
                hello = self.last
        self.all_meet([a, b])
        stream = self.record(b, a.port)
        self.assertGreater(len(stream), 288 + 40)
        return a, b, [self.write("stream", stream), self.write("hello", hello)]

    def heard(self, ear):
        try:
            self.last = ear.recv(4096)
        except BlockingIOError:
            return False
        return True

    def record(self, dialer, port):
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(lab.PATIENCE_S)
        said = []
        thread = threading.Thread(target=lambda: said.append(record_stream(listener, port)))
        at = listener.getsockname()[1]
        thread.start()
        self.assertEqual(dialer.ask("add", "127.0.0.1", at), "OK")
        thread.join()
        return said[0]

    def write(self, name, data):
        path = self.lab.folder / name
        path.write_bytes(data)
        return path

    def attack(self, victim, files):
        """Returns the largest memory that the victim has had."""
        process = subprocess.Popen(
            [lab.BIN / "cluster_attack", str(victim.port), str(self.udp_port),
             str(self.seconds), *files],
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(process.kill)
        most = 0
        while process.poll() is None:
            most = max(most, victim.memory_kib())
            time.sleep(0.05)
        told = process.stdout.read()
        process.stdout.close()
        self.assertEqual(process.returncode, 0, told)
        connections = int(told.split()[1])
        self.note(f"{told.strip()} in {self.seconds} s: "
                  f"{connections // self.seconds} connections/s")
        self.assertGreater(connections, 100)
        return most

    def withstand(self, *options):
        a, b, files = self.friends(*options)
        for one, other in ((a, b), (b, a)):
            self.assertEqual(one.ask("locate", other.name, other.name), "OK")
            one.tell("pump", other.name)
        marks = a.mark(), b.mark()
        before = a.memory_kib()
        most = self.attack(a, files)
        for node, mark in zip((a, b), marks):
            node.tell("halt")
            line = node.expect("pump", since=mark)
            self.note(f"{node.name}: {line}")
            words = line.split()
            self.assertEqual(words[5], "0", line + a.log()[-2000:])
            self.assertGreater(int(words[3]), 10, line)
            self.never(node, "offline", "online", since=mark)
        self.note(f"memory before {before} KiB, at most {most} KiB")
        self.assertLess(most - before, GROWTH_KIB)
        self.afterwards(a, b)

    def stalls(self, node):
        """Those in which it had the processor; others are the machine's."""
        lines = [line for line in node.log().splitlines() if "event=task.stall" in line]
        return sum("cpu_percent=0" not in line for line in lines)

    def afterwards(self, a, b):
        lines = a.log().count("\n")
        self.note(f"stalls with work: {self.stalls(a)}")
        self.assertIn("net.refused", a.log())
        self.assertLess(lines, 4 * LOG_LINES_PER_SECOND * (SECONDS + 5), a.log()[:2000])
        c = lab.Node(self.lab, "c", self.options)
        self.all_meet([a, b, c])
        self.talk(a, c)
        self.talk(a, b)

    def test_open_node_withstands(self):
        self.withstand()

    def test_node_with_a_secret_withstands(self):
        secret = self.lab.write("secret", "what the stranger does not know 0123\n")
        self.withstand("--secret-file", secret)

    def test_node_with_a_certificate_withstands(self):
        """Each hello of a stranger may cost a signature, by RSA: the most expensive one."""
        self.seconds = max(1, SECONDS // 2)
        self.withstand("--certfile", self.lab.certificate("sskeycert.pem"))

    def test_stranger_has_five_seconds(self):
        a, _, files = self.friends()
        hello = pathlib.Path(files[0]).read_bytes()
        with socket.create_connection(("127.0.0.1", a.port)) as stranger:
            begin = time.monotonic()
            stranger.settimeout(0.5)
            ended = False
            for byte in hello:
                try:
                    stranger.send(bytes([byte]))
                    ended = stranger.recv(1) == b""
                except TimeoutError:
                    pass
                except OSError:
                    ended = True
                if ended:
                    break
            self.note(f"cut off after {time.monotonic() - begin:.1f} s")
            self.assertTrue(ended)

    def test_strangers_are_limited_in_number(self):
        a, b, _ = self.friends()
        self.assertEqual(self.still_open(a, lambda i: "127.0.0.9", 40), 16)
        self.assertEqual(self.still_open(a, lambda i: f"127.0.{1 + i // 200}.{i % 200 + 10}",
                                         300), 256 - 16)
        self.talk(a, b)

    def still_open(self, node, source, count):
        """How many of so many connections the node keeps, although they say nothing."""
        sockets = []
        for i in range(count):
            sockets.append(socket.create_connection(("127.0.0.1", node.port), lab.PATIENCE_S,
                                                    (source(i), 0)))
            self.addCleanup(sockets[-1].close)
        before = None
        while before != len(sockets):  # all have been looked at when nothing changes
            before = len(sockets)
            self.assertEqual(node.ask("peers").split()[0], "1")
            time.sleep(0.2)
            sockets = [s for s in sockets if self.is_open(s)]
        return before

    def is_open(self, s):
        try:
            s.setblocking(False)
            return s.recv(1) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False


if __name__ == "__main__":
    lab.main(at_once=1)
