"""test_cycosctl.py - the program from outside, against nodes on loopback."""
import contextlib
import json
import os
import pathlib
import pty
import re
import select
import signal
import socket
import subprocess
import time
import unittest

from network import BIN, FAILED, OK, PATIENCE_S, REFUSED, SILENCE, USAGE, Network, free_port


class Commands(Network):
    def test_peers_are_told_with_how_they_are(self):
        rows = self.json("peers")
        self.assertEqual([r["name"] for r in rows], ["web.0"])
        row = rows[0]
        self.assertIsNone(row["error"])
        self.assertRegex(row["location"], r"^127\.0\.0\.1:\d+$")
        self.assertRegex(row["node"], r"^[0-9a-f]{8}$")
        self.assertGreater(row["tasks"], 1)
        self.assertGreater(row["up_ns"], 0)
        lines = self.table("peers").splitlines()
        self.assertRegex(lines[0], r"^CORE +LOCATION +NODE +UP")
        self.assertTrue(lines[1].startswith("web.0  "), lines)

    def test_names_leave_out_what_is_of_cycos(self):
        self.assertEqual([r["name"] for r in self.json("names")], ["greeter"])
        row = self.json("names", "web.0")[0]
        self.assertEqual(row["kind"], "task")
        self.assertRegex(row["ref"], r"^task 0\.\d+#\d+@[0-9a-f]{8}$")
        everything = [r["name"] for r in self.json("names", "--all")]
        self.assertIn("cycos.control.0", everything)
        self.assertEqual(everything, sorted(everything))
        self.assertEqual(self.json("names", "--kind", "channel"), [])
        self.assertIn("greeter", self.table("names"))

    def test_a_name_is_located(self):
        found = self.json("locate", "greeter")
        self.assertEqual((found["name"], found["kind"]), ("greeter", "task"))
        self.assertEqual(found["location"], self.json("peers")[0]["location"])
        self.assertEqual(self.json("locate", "greeter", "--at", "web.0"), found)
        self.assertEqual(self.json("locate", "greeter", "--at", found["location"]), found)
        self.assertRegex(self.table("locate", "greeter"), r"(?m)^name +greeter$")

    def test_a_name_that_nobody_has_is_silence(self):
        for words in (["greet"], ["greeter", "--kind", "channel"]):
            done = self.run_it("locate", *words, "--timeout", "100ms", status=SILENCE)
            self.assertEqual(done.stdout, "")
            self.assertIn("nobody has the name", done.stderr)
        done = self.run_it("locate", "greeter", "--at", "web.9", "--timeout", "100ms",
                           status=SILENCE)
        self.assertIn("web.9: no such core", done.stderr)
        done = self.run_it("locate", "x" * 64, status=FAILED)
        self.assertIn("File name too long", done.stderr)

    def test_tasks_are_told_with_what_they_wait_for(self):
        rows = {r["name"]: r for r in self.json("tasks", "web.0")}
        self.assertEqual(rows["main"]["wait"], "message")
        self.assertIn("registered", rows["main"]["flags"])
        self.assertEqual(rows["main"]["at"], "web.0")
        self.assertEqual(rows["cycos.control"]["state"], "running")
        lines = self.table("tasks").splitlines()
        self.assertRegex(lines[0], r"^CORE +NAME +TASK +STATE +WAIT")
        self.assertEqual(len(lines), 1 + len(self.json("tasks")))

    def test_links_lead_to_us(self):
        rows = self.json("links", "web.0")
        self.assertTrue(any(r["state"] == "connected" and r["hub"] for r in rows), rows)
        self.assertIn("PEER", self.table("links"))

    def test_a_node_tells_its_options_and_cores(self):
        node = self.json("node", "web.0")
        self.assertEqual(node["name"], "web")
        self.assertEqual(node["process"], self.server.pid)
        self.assertEqual([c["name"] for c in node["cores"]], ["web.0"])
        self.assertIn(f"udp-port = {self.port}\n", node["options"])
        text = self.table("node", "web.0")
        self.assertRegex(text, rf"(?m)^process +{self.server.pid}$")
        self.assertIn(f"\nudp-port = {self.port}\n", text)

    def test_a_dump_is_what_a_signal_would_print(self):
        row = self.json("dump", "web.0")[0]
        self.assertFalse(row["cut"])
        self.assertTrue(row["text"].startswith("cycos: core 0 web.0, node "))
        text = self.table("dump")
        self.assertRegex(text, r"(?m)^  main +task 0\.")
        self.assertIn("turns=", text)

    def test_ping_measures_each_round(self):
        rows = self.json("ping", "web.0")
        self.assertGreater(rows[0]["took_ns"], 0)
        text = self.table("ping", "--count", "3", "--interval", "10ms")
        self.assertEqual(text.count("web.0"), 3)

    def test_who_is_not_there_does_not_answer(self):
        for command in ("ping", "tasks", "links", "node", "dump", "names", "top"):
            done = self.run_it(command, "web.7", "--timeout", "50ms", status=SILENCE)
            self.assertIn("web.7: no such core has shown up", done.stderr)
        nowhere = f"127.0.0.1:{free_port(socket.SOCK_STREAM)}"
        done = self.run_it("ping", nowhere, "--timeout", "2s", status=SILENCE)
        self.assertIn(nowhere, done.stderr)

    def test_a_text_is_delivered(self):
        sent = self.json("send", "greeter", "a text for you")
        self.assertEqual(sent["delivered"], 1)
        self.wait_for(self.server, "a text for you, says task ")
        self.json("send", "greeter", "--", "--not an option")
        self.wait_for(self.server, "--not an option, says task ")
        self.run_it("send", "nobody", "text", "--timeout", "100ms", status=SILENCE)

    def test_a_channel_tells_how_many_it_reached(self):
        with self.visitor("examples/channel_server"):
            self.assert_channel()

    def assert_channel(self):
        self.assertEqual(self.json("locate", "news")["kind"], "channel")
        self.assertEqual(self.json("send", "news", "nobody listens")["delivered"], 0)

    def test_top_counts_for_a_second(self):
        done = self.run_it("top", "--count", "3", "--interval", "50ms")
        rounds = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([r["round"] for r in rounds], [1, 2, 3])
        for one in rounds:
            core = one["cores"][0]
            self.assertEqual(core["name"], "web.0")
            self.assertTrue(0 <= core["busy_percent"] <= 100, core)
            self.assertGreater(core["switches_s"], 0)  # it answers us, at least
        text = self.table("top", "web.0", "--count", "2", "--interval", "50ms")
        self.assertEqual(len(re.findall(r"(?m)^web\.0 ", text)), 2)
        self.assertIn("1 core, ", text)

    def test_top_shows_who_comes_and_goes(self):
        top = subprocess.Popen(self.command("top", "--interval", "50ms"), text=True, bufsize=1,
                               stdout=subprocess.PIPE)
        self.addCleanup(top.stdout.close)
        self.addCleanup(top.wait)
        self.addCleanup(top.kill)

        def wait_for_cores(*names):
            for line in top.stdout:
                if sorted(c["name"] for c in json.loads(line)["cores"]) == sorted(names):
                    return
            self.fail(f"top ended without {names}")
        wait_for_cores("web.0")
        with self.visitor("examples/task_server", "--name", "other"):
            wait_for_cores("other.0", "web.0")
            self.until_peers(2)
            self.until_peers(3, "--all")  # top is one, too
        wait_for_cores("web.0")
        top.send_signal(signal.SIGINT)
        for _ in top.stdout:
            pass
        self.assertEqual(top.wait(PATIENCE_S), OK)


class Cores(Network):
    """A node with two cores: each is a peer."""

    server_name = "cycosctl_methods"
    server_options = ("--cores", "2")

    def until_both(self):
        self.until_peers(2)
        return [r["name"] for r in self.json("peers")]

    def test_each_core_answers_for_itself(self):
        self.assertEqual(self.until_both(), ["web.0", "web.1"])
        self.assertEqual({r["at"] for r in self.json("tasks", "web.1")}, {"web.1"})
        self.assertEqual([r["name"] for r in self.json("dump", "web.1", "web.0")],
                         ["web.1", "web.0"])
        self.assertEqual([r["core"] for r in self.json("peers")], [0, 1])
        self.assertEqual(len({r["node"] for r in self.json("ping", "web.0", "web.1")}), 1)
        self.assertEqual([c["core"] for c in self.json("node", "web.1")["cores"]], [0, 1])

    def test_names_of_a_node_are_listed_once(self):
        self.until_both()
        names = [r["name"] for r in self.json("names", "web.0", "web.1")]
        self.assertEqual(names, ["echo", "fails", "hangs", "says_bytes", "says_text"])
        self.assertEqual([r["name"] for r in self.json("names")], names)

    def test_top_shows_the_busiest_first(self):
        self.until_both()
        text = self.table("top", "web.0", "web.1", "--count", "1", "--interval", "50ms")
        rows = [line.split() for line in text.splitlines() if line.startswith("web.")]
        self.assertEqual(len(rows), 2)
        self.assertGreaterEqual(float(rows[0][1]), float(rows[1][1]))
        self.assertIn("2 cores, ", text)


class Ends(Network):
    """What becomes of the output, and of us."""

    def test_a_reader_that_has_enough_ends_it_quietly(self):
        for words in (["top", "--interval", "10ms"], ["tasks"], ["dump"]):
            process = subprocess.Popen(self.command(*words), stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE)
            process.stdout.close()
            self.assertEqual(process.stderr.read(), b"")
            process.stderr.close()
            self.assertEqual(process.wait(PATIENCE_S), FAILED)

    def test_output_that_cannot_be_written_is_told(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run(self.command("peers"), stdout=full, stderr=subprocess.PIPE,
                                  text=True, timeout=PATIENCE_S)
        self.assertEqual(done.returncode, FAILED)
        self.assertIn("cannot write: No space left", done.stderr)

    def test_a_wait_can_be_interrupted(self):
        process = subprocess.Popen(self.command("locate", "nobody", "--timeout", "1h"),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        while b"cy-core-0" not in self.thread_names(process):
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(PATIENCE_S), FAILED)

    @staticmethod
    def thread_names(process):
        names = []
        for path in pathlib.Path(f"/proc/{process.pid}/task").glob("*/comm"):
            with contextlib.suppress(OSError):
                names.append(path.read_bytes())
        return b"".join(names)

    def on_terminal(self, *words, term="xterm", size=(24, 80)):
        """Runs it with a terminal for its output; what it wrote there."""
        try:
            here, there = pty.openpty()
        except OSError as error:  # a bare chroot has no /dev/pts
            self.skipTest(str(error))
        import fcntl
        import struct
        import termios
        fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
        process = subprocess.Popen(self.command(*words), stdout=there,
                                   env={**os.environ, "TERM": term})
        os.close(there)
        text, end = b"", time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            if not select.select([here], [], [], 1)[0]:
                continue
            try:
                text += os.read(here, 65536)
            except OSError:  # the other side has closed it
                break
        os.close(here)
        self.assertEqual(process.wait(PATIENCE_S), OK)
        return text.decode()

    def test_a_terminal_gets_tables(self):
        text = self.on_terminal("peers")
        self.assertTrue(text.startswith("CORE "), text)
        self.assertNotIn("\x1b", text)
        self.assertEqual(json.loads(self.on_terminal("peers", "--json"))[0]["name"], "web.0")

    def test_top_clears_a_terminal_that_can_be_cleared(self):
        words = ["top", "--count", "2", "--interval", "50ms"]
        text = self.on_terminal(*words)
        self.assertEqual(text.count("\x1b[H\x1b[J"), 2)
        lines = re.split(r"\r\n|\x1b\[H\x1b\[J", text)
        self.assertTrue(all(len(line) <= 80 for line in lines), lines)
        self.assertNotIn("\x1b", self.on_terminal(*words, term="dumb"))


class Guarded(Network):
    """A network with a secret; its nodes have the smallest stacks."""

    server_options = ("--stack", "16k")

    @classmethod
    def setUpClass(cls):
        cls.secret(cls, "the secret of this network")
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        os.environ.pop("CYCOS_SECRET")

    @staticmethod
    def secret(case, text):
        os.environ["CYCOS_SECRET"] = text

    def test_who_knows_the_secret_is_answered(self):
        location = self.json("peers")[0]["location"]
        self.assertEqual(self.json("ping", location)[0]["error"], None)
        self.assertIn("CYCOS", self.json("node", location)["options"].upper())
        self.assertNotIn("the secret of", json.dumps(self.json("node", location)))
        for secret in ("another secret than that", None):
            if secret is None:
                os.environ.pop("CYCOS_SECRET")
            else:
                os.environ["CYCOS_SECRET"] = secret
            try:
                self.run_it("ping", location, status=REFUSED)
                done = self.run_it("peers", "--timeout", "200ms", status=SILENCE)
                self.assertIn("nobody else is in this network", done.stderr)
                done = self.run_it("ping", "web.0", "--timeout", "200ms", status=SILENCE)
                self.assertTrue(done.stderr.endswith("no such core has shown up\n"))
                for words in (("peers",), ("ping", "web.0"), ("send", "echo", "text"),
                              ("locate", "echo", "--at", "web.0")):
                    self.run_until("others are here, but with another certificate or secret",
                                   *words, "--peers", location, status=REFUSED)
            finally:
                self.secret(self, "the secret of this network")


class Silent(Network):
    server_options = ("--no-control",)

    def test_a_node_that_does_not_answer_is_a_peer_all_the_same(self):
        rows = json.loads(self.run_until("web.0", "peers", status=OK))
        self.assertEqual(rows[0]["name"], "web.0")
        self.assertEqual(rows[0]["error"], "no answer")
        self.assertIsNone(rows[0]["tasks"])
        self.assertEqual(self.json("locate", "greeter")["name"], "greeter")
        out = self.run_until("web.0: no answer", "tasks", "web.0", status=SILENCE)
        self.assertEqual(json.loads(out), [])
        out = self.run_until("no answer", "ping", "web.0", status=SILENCE)
        self.assertEqual(json.loads(out)[0]["error"], "no answer")


class Alone(unittest.TestCase):
    def test_usage_is_told(self):
        for words, usage in ((("keygen",), "keygen FILE"), (("send", "x"), "send NAME TEXT"),
                             (("peers", "x"), "peers"), (("node",), "node CORE")):
            done = subprocess.run([BIN / "cycosctl", *words], text=True, capture_output=True,
                                  timeout=PATIENCE_S)
            self.assertEqual(done.returncode, USAGE)
            self.assertEqual(done.stderr, f"cycosctl: {words[0]}: usage: cycosctl {usage}\n")

    def test_nobody_is_silence(self):
        done = subprocess.run([BIN / "cycosctl", "peers", "--udp-port", str(free_port()),
                               "--node", "127.0.0.1", "--timeout", "100ms"], text=True,
                              capture_output=True, timeout=PATIENCE_S)
        self.assertEqual(done.returncode, SILENCE)
        self.assertIn("nobody else is in this network", done.stderr)

    def test_a_node_that_cannot_start_is_told(self):
        done = subprocess.run([BIN / "cycosctl", "peers", "--node", "192.0.2.1"], text=True,
                              capture_output=True, timeout=PATIENCE_S)
        self.assertEqual(done.returncode, FAILED)
        self.assertIn("cannot listen", done.stderr)


if __name__ == "__main__":
    unittest.main()
