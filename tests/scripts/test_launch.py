"""test_launch.py - one instance per core: pinning, names, signals, restarts, exit status."""
import os
import signal
import subprocess
import sys
import unittest

from helper import PATIENCE_S, SCRIPTS, Case, alive, load, until

LAUNCH = SCRIPTS / "launch"
launch = load("launch")

# Stand-ins. Each says when it is ready, by a file named after its pid, then waits for signals.
WAIT = """#!{python}
import os, signal, sys
def on(number, frame):
    name = signal.Signals(number).name
    print("got", name, flush=True)
    open({folder!r} + "/got." + name + "." + str(os.getpid()), "w").close()
    if number in (signal.SIGTERM, signal.SIGINT):
        sys.exit(STATUS)
STATUS, NUMBERS = {status}, (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM, signal.SIGINT)
for n in NUMBERS:
    signal.signal(n, on)
open({folder!r} + "/ready." + str(os.getpid()), "w").close()
while True:
    signal.pause()
"""
STUBBORN = """#!{python}
import os, signal
signal.signal(signal.SIGTERM, lambda n, f: open({folder!r} + "/asked", "w").close())
open({folder!r} + "/ready." + str(os.getpid()), "w").close()
while True:
    signal.pause()
"""


class Backoff(unittest.TestCase):
    def test_doubles_up_to_its_limit(self):
        backoff = launch.Backoff(restarts=5, first_s=1, max_s=6, healthy_s=10)
        self.assertEqual([backoff.pause(0) for _ in range(6)], [1, 2, 4, 6, 6, None])

    def test_starts_over_after_a_healthy_run(self):
        backoff = launch.Backoff(restarts=2, first_s=1, max_s=30, healthy_s=10)
        self.assertEqual([backoff.pause(9.9) for _ in range(3)], [1, 2, None])
        self.assertEqual(backoff.pause(10), 1)

    def test_allows_no_restart_unless_asked(self):
        self.assertIsNone(launch.Backoff(0, 1, 30, 10).pause(0))
        self.assertIsNone(launch.Backoff(0, 1, 30, 10).pause(1000))


class Lines(Case):
    def printed(self, *chunks):
        path = self.folder / "out"
        with open(path, "wb") as out:
            lines = launch.Lines("x-1", out.fileno())
            for chunk in chunks:
                lines.feed(chunk)
            lines.finish()
        return path.read_bytes()

    def test_puts_the_name_before_each_line(self):
        self.assertEqual(self.printed(b"a\nb", b"c\n\nd"),
                         b"x-1 | a\nx-1 | bc\nx-1 | \nx-1 | d\n")

    def test_keeps_bytes_that_are_no_text(self):
        self.assertEqual(self.printed(b"\xff\x00\n"), b"x-1 | \xff\x00\n")

    def test_prints_an_endless_line_in_pieces(self):
        size = launch.LINE_MAX
        self.assertEqual(self.printed(b"a" * (size - 1), b"\n").count(b"x-1"), 1)
        self.assertEqual(self.printed(b"a" * size, b"a\n").count(b"x-1"), 2)


    def test_tells_each_line(self):
        told = []
        with open(os.devnull, "wb") as out:
            lines = launch.Lines("x", out.fileno(), told.append)
            for chunk in (b"a\nb", b"c\nd"):
                lines.feed(chunk)
            lines.finish()
        self.assertEqual(told, [b"a", b"bc", b"d"])


class Turn(unittest.TestCase):
    """The loop's decisions, with a clock that the test moves."""

    def setUp(self):
        self.now = 100.0
        log, launch.log = launch.log, lambda text: None
        self.addCleanup(setattr, launch, "log", log)

    def launcher(self, *restarts):
        made = [launch.Instance(f"i-{n}", 0, ["p"], launch.Backoff(r, 1, 30, 10))
                for n, r in enumerate(restarts)]
        launcher = launch.Launcher(made, grace_s=5, clock=lambda: self.now)
        self.addCleanup(launcher.selector.close)
        for instance in made:
            instance.sent = []
            instance.send = instance.sent.append
            instance.started_at = self.now
        return launcher, made

    def dies(self, launcher, instance, code):
        instance.process = subprocess.Popen.__new__(subprocess.Popen)
        instance.process.returncode, instance.process._child_created = code, False
        launcher.on_exit(instance)

    def test_restarts_a_crashed_instance_later(self):
        launcher, (first, second) = self.launcher(2, 2)
        self.dies(launcher, first, -signal.SIGSEGV)
        self.assertEqual((first.restart_at, launcher.timeout()), (101.0, 1.0))
        self.now = 100.75
        self.assertEqual(launcher.timeout(), 0.25)
        self.assertEqual((second.sent, launcher.status), ([], 0))

    def test_all_are_ready_when_each_has_said_so(self):
        launcher, (first, second) = self.launcher(2, 2)
        said = []
        launch.log = said.append
        for instance, line, expected in (
                (first, b"kv: ready on 1.2.3.4:5", 0), (second, b"kv: not ready", 0),
                (second, b"is kv: ready", 0), (second, b"kv: readying", 0),
                (second, b"kv: ready", 1), (second, b"kv: ready", 1)):
            instance.on_line(line)
            launcher.say_ready()
            self.assertEqual(said.count("ready"), expected, line)
        self.dies(launcher, first, -signal.SIGSEGV)
        launcher.say_ready()
        self.assertEqual(said.count("ready"), 1)
        first.on_line(b"kv: ready")
        launcher.say_ready()
        self.assertEqual(said.count("ready"), 2, "again, after one was started again")

    def test_stops_the_others_when_one_fails_for_good(self):
        launcher, (first, second) = self.launcher(0, 0)
        self.dies(launcher, first, 3)
        self.assertEqual(second.sent, [signal.SIGTERM])
        self.dies(launcher, second, -signal.SIGTERM)
        self.assertEqual(launcher.status, 3)

    def test_kills_the_others_when_they_do_not_stop_in_time(self):
        launcher, (first, second) = self.launcher(0, 0)
        self.dies(launcher, first, 3)
        self.assertEqual(launcher.timeout(), 5.0)
        self.now += 5.0
        launcher.turn()
        self.assertEqual(second.sent, [signal.SIGTERM, signal.SIGKILL])

    def test_a_clean_end_is_neither_a_crash_nor_a_failure(self):
        launcher, (first, second) = self.launcher(2, 2)
        self.dies(launcher, first, 0)
        self.assertEqual((first.restart_at, second.sent, launcher.status), (None, [], 0))

    def test_restarts_nothing_once_it_was_told_to_stop(self):
        launcher, (first, second) = self.launcher(2, 2)
        self.dies(launcher, second, 1)
        launcher.on_signal(signal.SIGTERM)
        self.dies(launcher, first, -signal.SIGTERM)
        self.assertEqual((first.restart_at, second.restart_at), (None, None))
        self.assertEqual(launcher.status, 128 + signal.SIGTERM)

    def test_a_death_by_a_signal_that_was_passed_on_is_no_crash(self):
        launcher, (first, second) = self.launcher(2, 2)
        launcher.on_signal(signal.SIGHUP)
        self.dies(launcher, first, -signal.SIGHUP)
        self.assertEqual((first.restart_at, launcher.status), (None, 128 + signal.SIGHUP))
        self.assertEqual(second.sent, [signal.SIGHUP, signal.SIGTERM])

    def test_hangup_and_quit_are_passed_on_and_stop_nothing(self):
        launcher, (first, _) = self.launcher(2, 2)
        for number in (signal.SIGHUP, signal.SIGQUIT):
            launcher.on_signal(number)
        self.dies(launcher, first, 1)
        self.assertEqual(first.sent, [signal.SIGHUP, signal.SIGQUIT])
        self.assertIsNotNone(first.restart_at)


class Program(Case):
    """The whole script with small programs."""

    def launch(self, *arguments, **options):
        return self.run_script(LAUNCH, *arguments, **options)

    def start(self, text, *options, n=2, status=0):
        """launch over n stand-ins that are ready; their pids."""
        stand_in = self.program("stand-in", text.format(
            python=sys.executable, folder=str(self.folder), status=status))
        process = subprocess.Popen([LAUNCH, "--plain", "-n", str(n), *options, "--", stand_in],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(lambda: process.poll() is None and process.kill())
        until(lambda: len(self.pids()) == n, "all instances are ready")
        return process, self.pids()

    def pids(self):
        return [int(p.name.partition(".")[2]) for p in self.folder.glob("ready.*")]

    def end(self, process):
        out, err = process.communicate(timeout=PATIENCE_S)
        return process.returncode, out, err

    def test_pins_each_instance_to_a_cpu_of_its_own(self):
        cpus = sorted(os.sched_getaffinity(0))
        result = self.launch("--plain", "grep", "Cpus_allowed_list", "/proc/self/status")
        self.assertEqual(result.returncode, 0)
        self.assertEqual(sorted(result.stdout.splitlines()), sorted(
            f"grep-{i} | Cpus_allowed_list:\t{c}" for i, c in enumerate(cpus)))

    def test_uses_only_the_cpus_of_its_affinity_mask(self):
        cpu = max(os.sched_getaffinity(0))
        result = self.launch("--plain", "grep", "Cpus_allowed_list", "/proc/self/status",
                             preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))
        self.assertEqual(result.stdout, f"grep-0 | Cpus_allowed_list:\t{cpu}\n")

    def test_gives_each_node_its_name_and_ports(self):
        result = self.launch("-n", 2, "--name", "web", "--tcp-port", 7000, "--udp-port", 7100,
                             "--secret-file", "s", "--", "echo", "own", "--arguments")
        self.assertEqual(sorted(result.stdout.splitlines()), [
            f"web-{i} | own --arguments --cores 1 --name web-{i} --tcp-port {7000 + i} "
            "--udp-port 7100 --secret-file s" for i in range(2)])

    def test_numbers_the_instances_in_the_arguments(self):
        result = self.launch("-n", 3, "--plain", "echo", "{i}", "of-{n}", "{x}")
        self.assertEqual(sorted(result.stdout.splitlines()),
                         [f"echo-{i} | {i} of-3 {{x}}" for i in range(3)])

    def test_lets_nodes_choose_their_tcp_port(self):
        result = self.launch("-n", 2, "echo")
        self.assertEqual(result.stdout.count("--tcp-port 0 --udp-port 51350"), 2)

    def test_makes_one_secret_for_all_that_nobody_else_can_read(self):
        tell = self.program("tell", """#!/bin/sh
while [ $# -gt 1 ]; do
    if [ "$1" = --secret-file ]; then
        stat -c 'file %a %u' "$2"
        stat -c 'folder %a %u' "$(dirname "$2")"
        echo "path $2" "secret $(cat "$2")"
    fi
    shift
done
""")
        lines = {}
        for _ in range(2):
            result = self.launch("-n", 2, tell)
            self.assertEqual(result.returncode, 0, result.stderr)
            for line in result.stdout.splitlines():
                word, _, rest = line.partition(" | ")[2].partition(" ")
                lines.setdefault(word, []).append(rest)
        self.assertEqual(set(lines["file"]), {f"600 {os.getuid()}"})
        self.assertEqual(set(lines["folder"]), {f"700 {os.getuid()}"})
        self.assertEqual(len(lines["path"]), 4)
        self.assertEqual(len(set(lines["path"])), 2, "one per launch, another for the next")
        for text in lines["path"]:
            path, _, secret = text.partition(" secret ")
            self.assertGreaterEqual(len(secret), 32)
            self.assertFalse(os.path.exists(os.path.dirname(path)), "is removed at the end")
            self.assertNotIn(secret, result.stderr)

    def test_takes_the_secret_that_there_is(self):
        self.assertNotIn("--secret-file", self.launch("-n", 1, "--plain", "echo").stdout)
        for name in ("CYCOS_SECRET", "CYCOS_SECRET_FILE"):
            result = self.launch("-n", 1, "echo", env={name: "x"})
            self.assertNotIn("--secret-file", result.stdout)
        for own in (["--secret-file", "mine"], ["--secret-file=mine"]):
            result = self.launch("-n", 1, "--", "echo", *own)
            self.assertEqual(result.stdout.count("--secret-file"), 1)

    def test_says_when_all_are_ready(self):
        node = self.program("node", f"""#!/bin/sh
echo "not: yet ready"; echo "x: ready on 1" >&2
: >{self.folder}/started.$$
while [ ! -e {self.folder}/go ]; do sleep 0.01; done
echo "x: ready on 1"
while [ ! -e {self.folder}/stop ]; do sleep 0.01; done
""")
        process = subprocess.Popen([LAUNCH, "-n", "2", "--plain", node], text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(lambda: process.poll() is None and process.kill())
        until(lambda: len(list(self.folder.glob("started.*"))) == 2, "both run")
        (self.folder / "go").touch()
        lines = iter(process.stderr.readline, "")
        self.assertIn("launch | ready\n", lines)
        (self.folder / "stop").touch()
        status, out, _ = self.end(process)
        self.assertEqual((status, out.count("x: ready")), (0, 2))

    def test_keeps_both_output_streams_apart(self):
        result = self.launch("-n", 1, "--plain", "sh", "-c", "echo out; echo err >&2")
        self.assertEqual(result.stdout, "sh-0 | out\n")
        self.assertIn("sh-0 | err\n", result.stderr)

    def test_warns_when_instances_share_a_cpu(self):
        count = len(os.sched_getaffinity(0)) + 1
        result = self.launch("-n", count, "--plain", "true")
        self.assertEqual(result.returncode, 0)
        self.assertIn(f"{count} instances share {count - 1} CPUs", result.stderr)

    def test_passes_signals_on_and_ends_with_the_instances(self):
        process, _ = self.start(WAIT)
        for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
            process.send_signal(number)
            # One at a time: of signals that wait together the last may be handled first.
            until(lambda: len(list(self.folder.glob(f"got.{number.name}.*"))) == 2,
                  f"both instances got {number.name}")
        status, out, _ = self.end(process)
        self.assertEqual(status, 0)
        for name in ("SIGHUP", "SIGQUIT", "SIGTERM"):
            for i in range(2):
                self.assertIn(f"stand-in-{i} | got {name}\n", out)

    def test_interrupt_stops_too(self):
        process, _ = self.start(WAIT, status=9)
        process.send_signal(signal.SIGINT)
        status, out, _ = self.end(process)
        self.assertEqual((status, out.count("got SIGINT")), (9, 2))

    def test_second_request_to_stop_kills(self):
        process, pids = self.start(STUBBORN)
        process.send_signal(signal.SIGTERM)
        until((self.folder / "asked").exists, "the instance was asked")
        self.assertIsNone(process.poll())
        process.send_signal(signal.SIGTERM)
        status, _, err = self.end(process)
        self.assertEqual(status, 128 + signal.SIGKILL)
        self.assertIn("second request to stop", err)
        self.assertFalse(any(alive(p) for p in pids))

    def test_leaves_no_orphan_when_it_is_killed_itself(self):
        process, pids = self.start(STUBBORN)
        process.kill()
        process.communicate(timeout=PATIENCE_S)
        until(lambda: not any(alive(p) for p in pids), "the instances end")

    def test_failure_for_good_stops_the_others(self):
        process, pids = self.start(WAIT, "--restart", "0")
        os.kill(pids[0], signal.SIGSEGV)
        status, out, err = self.end(process)
        self.assertEqual((status, out.count("got SIGTERM")), (128 + signal.SIGSEGV, 1))
        self.assertIn("was ended by SIGSEGV", err)

    def test_kills_what_ignores_the_stop(self):
        process, pids = self.start(STUBBORN, "--grace-ms", "1")
        os.kill(pids[0], signal.SIGSEGV)
        self.assertEqual(self.end(process)[0], 128 + signal.SIGSEGV)
        self.assertFalse(any(alive(p) for p in pids))

    def test_restarts_a_crashed_instance(self):
        flaky = self.program("flaky", f"""#!/bin/sh
echo run >>{self.folder}/runs
[ "$(wc -l <{self.folder}/runs)" -ge 3 ] || kill -ABRT $$
""")
        result = self.launch("-n", 1, "--plain", "--restart", 2, "--backoff-ms", 1, flaky)
        self.assertEqual(result.returncode, 0)
        self.assertEqual(result.stderr.count("starting it again"), 2)
        self.assertIn("in 0.002 s", result.stderr)

    def test_gives_up_after_so_many_restarts(self):
        result = self.launch("-n", 1, "--plain", "--restart", 2, "--backoff-ms", 1,
                             "--", "sh", "-c", "echo run; exit 41")
        self.assertEqual((result.returncode, result.stdout.count("run")), (41, 3))

    def test_says_when_the_program_is_missing_or_no_program(self):
        missing = self.launch("--plain", self.folder / "nothing")
        self.assertEqual(missing.returncode, 127)
        self.assertIn("cannot start", missing.stderr)
        data = self.folder / "data"
        data.write_text("no program")
        self.assertEqual(self.launch("--plain", data).returncode, 126)

    def test_refuses_wrong_usage(self):
        for arguments in ([], ["--"], ["-n", "0", "true"], ["-n", "x", "true"],
                          ["--restart", "-1", "true"], ["--tcp-port", "65536", "true"],
                          ["-n", "2", "--tcp-port", "65535", "true"], ["--nonsense", "true"]):
            with self.subTest(arguments):
                result = self.launch(*arguments)
                self.assertEqual(result.returncode, 2)
                self.assertIn("usage: launch", result.stderr)
        self.assertEqual(self.launch("-n", 2, "--tcp-port", 65534, "true").returncode, 0)

    def test_goes_on_when_nobody_reads_its_output(self):
        read_end, write_end = os.pipe()
        os.close(read_end)
        done = self.folder / "done"
        command = [LAUNCH, "-n", "1", "--plain", "sh", "-c", f"echo x; : >{done}"]
        result = subprocess.run(command, stdout=write_end, stderr=subprocess.DEVNULL,
                                timeout=PATIENCE_S)
        os.close(write_end)
        self.assertEqual(result.returncode, 0)
        self.assertTrue(done.exists())


if __name__ == "__main__":
    unittest.main(verbosity=2)
