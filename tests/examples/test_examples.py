"""test_examples.py - each example does what its first lines say, in processes of its own."""
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import unittest

BIN = pathlib.Path(os.environ.get("CY_TEST_BIN", "build/test/bin")) / "examples"
PATIENCE_S = 60  # a test that needs more hangs


def free_port(kind=socket.SOCK_DGRAM):
    """A port that nobody uses. With a UDP port of its own each test is a cluster of its own."""
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Examples(unittest.TestCase):
    def setUp(self):
        self.port = free_port()

    def start(self, name, *arguments):
        command = [BIN / name, *arguments, "--udp-port", str(self.port), "--node", "127.0.0.1"]
        process = subprocess.Popen(command, text=True, bufsize=1, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def expect(self, process, *lines):
        """Read until each of these beginnings has come, in this order."""
        seen = []
        for line in lines:
            while not seen or not seen[-1].startswith(line):
                text = process.stdout.readline()
                self.assertNotEqual(text, "", f"{line!r} never came: {seen}")
                seen.append(text.rstrip("\n"))
            seen.append("")

    def finish(self, process, status=0):
        process.stdin.close()
        rest = process.stdout.read()
        self.assertEqual(process.wait(PATIENCE_S), status, rest)
        return rest

    def run_one(self, name, *arguments):
        return self.finish(self.start(name, *arguments))

    def test_tasks_talk_by_name(self):
        server = self.start("task_server")
        self.expect(server, "ready")
        self.assertIn("2 delivered", self.run_one("task_client", "hello", "stop"))
        self.expect(server, "hello, says task ")
        self.finish(server)

    def test_tasks_talk_over_tls(self):
        """As in the first lines of task_server.c, by the specification's own command."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        pem = f"{folder.name}/sskeycert.pem"
        command = ("openssl req -x509 -newkey rsa:2048 -keyout PEM -nodes -out PEM -sha256 "
                   "-days 1000 -batch")
        subprocess.run(command.replace("PEM", pem).split(), check=True,
                       stderr=subprocess.DEVNULL)
        server = self.start("task_server", "--certfile", pem)
        self.expect(server, "ready")
        self.assertIn("1 delivered", self.run_one("task_client", "--certfile", pem, "hello"))
        self.expect(server, "hello, says task ")
        self.assertIn("1 delivered", self.run_one("task_client", "--certfile", pem, "stop"))
        self.finish(server)

    def test_nodes_without_the_certificate_are_told_so(self):
        with tempfile.TemporaryDirectory() as folder:
            mine, other = f"{folder}/mine.pem", f"{folder}/other.pem"
            for pem in (mine, other):
                subprocess.run([BIN / "tls_peer", "make", pem], check=True)
            again = subprocess.run([BIN / "tls_peer", "make", mine], text=True,
                                   stderr=subprocess.PIPE)
            self.assertEqual((again.returncode, again.stderr), (1, f"{mine}: File exists\n"))
            port = str(free_port(socket.SOCK_STREAM))
            server = self.start("tls_peer", "serve", "--certfile", mine, "--tcp-port", port)
            self.expect(server, "ready")
            ask = ("tls_peer", "ask", "127.0.0.1", port)
            self.assertIn("delivered", self.run_one(*ask, "--certfile", mine))
            self.expect(server, "safely: a secret")
            self.assertIn("CY_ECERT", self.finish(self.start(*ask, "--certfile", other), 1))
            self.assertIn("CY_ETLS", self.finish(self.start(*ask), 1))
            server.send_signal(signal.SIGTERM)
            self.finish(server)

    def test_a_host_is_found_without_broadcasts(self):
        """What tests/cluster does with a real gateway, on one host."""
        server = self.start("task_server", "--ext-ip-addr", "127.0.0.1")
        self.expect(server, "ready")
        said = self.run_one("nat_peer", "127.0.0.1", "hello")
        self.assertIn("greeter is at 127.0.0.1:", said)
        self.expect(server, "hello, says task ")

    def test_a_client_may_come_first(self):
        client = self.start("task_client", "stop")
        server = self.start("task_server")
        self.assertIn("1 delivered", self.finish(client))
        self.finish(server)

    def test_channel_waits_for_its_readers(self):
        server = self.start("channel_server", "2", "3")
        readers = [self.start("channel_client") for _ in range(2)]
        for reader in readers:
            self.expect(reader, "item 1", "item 2", "end", "unsubscribed")
            self.finish(reader)
        rest = self.finish(server)
        self.assertIn("item 1 reached 2", rest)
        self.assertNotIn("secret", rest)

    def test_chat_has_one_room(self):
        ann = self.start("chat", "ann")
        self.expect(ann, "ann is in")
        bob = self.start("chat", "bob")
        self.expect(bob, "bob is in")
        bob.stdin.write("hello\n")
        self.expect(ann, "bob: hello")
        self.expect(bob, "bob: hello")
        ann.stdin.write("good evening\n")
        self.expect(bob, "ann: good evening")
        self.finish(bob)
        self.finish(ann)

    def test_answer_goes_to_whom_the_question_names(self):
        server = self.start("ask_server")
        self.assertIn("the square of 12 is 144", self.run_one("ask_client", "12"))
        self.expect(server, "ready", "12: Success")
        server.send_signal(signal.SIGTERM)
        self.finish(server)

    def test_logs_are_followed_as_peers_come_and_go(self):
        watch = self.start("log_watch", "2")
        self.expect(watch, "ready")
        first = self.start("log_source", "alpha")
        self.expect(watch, "127.0.0.1:", "alpha: line ")
        second = self.start("log_source", "beta")
        self.expect(watch, "beta: line ")
        first.kill()
        self.expect(watch, "127.0.0.1:")
        second.send_signal(signal.SIGTERM)
        self.finish(second)
        self.assertIn("offline", self.finish(watch))

    def test_agents_find_each_other(self):
        agents = [self.start("agents", name, "2") for name in ("ann", "bob", "cid")]
        for agent, others in zip(agents, (("bob", "cid"), ("ann", "cid"), ("ann", "bob"))):
            rest = self.finish(agent)
            for other in others:
                self.assertIn(f"hears of {other}", rest)
                self.assertIn(f"knows {other}", rest)

    def test_tasks_are_started_elsewhere_with_arguments(self):
        server = self.start("rti_server")
        self.expect(server, "ready")
        self.assertIn("ended with code 3\n", self.run_one("rti_client", "world", "3"))
        self.expect(server, "hello, world", "hello, world", "hello, world")
        self.assertIn("ended with code 1\n", self.run_one("rti_client", "you"))
        self.expect(server, "hello, you")
        self.assertIn("argument 1 ('whom'): missing", self.run_one("rti_client"))
        server.send_signal(signal.SIGTERM)
        self.finish(server)

    def test_jobs_go_to_all_peers_that_appear(self):
        farm = self.start("job_farm", "200")
        first = self.start("job_worker")
        self.expect(first, "ready")
        workers = [self.start("job_worker") for _ in range(2)]
        for worker in workers:
            self.expect(worker, "ready")
        first.kill()  # its job goes to another one
        self.assertIn("148933 primes below 2000000\n", self.finish(farm))
        for worker in workers:
            worker.send_signal(signal.SIGTERM)
            self.finish(worker)

    def test_a_file_is_shipped_and_run(self):
        with tempfile.TemporaryDirectory() as folder:
            os.environ["CYCOS_DEST_PATH"] = f"{folder}/there"
            pathlib.Path(f"{folder}/there").mkdir()
            self.addCleanup(os.environ.pop, "CYCOS_DEST_PATH")
            program = pathlib.Path(folder) / "greet"
            program.write_text("#!/bin/sh\necho hello from afar\nexit 7\n")
            program.chmod(0o755)
            runner = self.start("ship_file")
            self.expect(runner, "ready")
            said = self.run_one("ship_file", str(program))
            self.assertIn("ended: status 7\nremoved: Success", said)
            self.expect(runner, "hello from afar")
            self.assertFalse((pathlib.Path(folder) / "there/jobs").exists())

    def test_wrong_option_is_named(self):
        process = self.start("task_server", "--tcp-port", "seven")
        self.assertIn("tcp-port", self.finish(process, 2))

    def test_nobody_to_talk_to_is_told(self):
        process = self.start("task_client", "hello")
        self.assertIn("nobody is a greeter", self.finish(process, 1))

    def test_examples_are_short(self):
        folder = pathlib.Path(os.environ.get("CY_TEST_SOURCE", ".")) / "apps" / "examples"
        for path in folder.glob("*.c"):
            self.assertLessEqual(len(path.read_text().splitlines()), 80, path.name)


if __name__ == "__main__":
    unittest.main(verbosity=2)
