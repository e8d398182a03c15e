#!/usr/bin/env python3
"""test_server.py - the kv program from outside: limits, misbehaving clients, many at once.

No test depends on how long something takes: what must happen is waited for.
"""
import os
import shutil
import socket
import subprocess
import threading
import time
import unittest

from kv_programs import Client, encode, kv_program, start_kv

PATIENCE_S = 60
SCALE = max(1, int(os.environ.get("CY_TEST_SCALE", "100")))


def until(condition, what):
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"did not happen: {what}")
        time.sleep(0.01)


def repeat(count):
    return max(1, count * SCALE // 100)


class KvTest(unittest.TestCase):
    options = ("--cores", 2)

    def setUp(self):
        self.kv = None
        self.clients = []

    def start(self, *options):
        self.kv = start_kv(*(options or self.options))
        self.addCleanup(self.stop)
        return self.kv

    def stop(self):
        for client in self.clients:
            client.close()
        if self.kv is not None:
            kv, self.kv = self.kv, None
            status = kv.stop()
            output = kv.process.stdout.read().decode(errors="replace")
            self.assertEqual(status, 0, output)

    def client(self):
        client = Client(self.kv.address)
        self.clients.append(client)
        return client

    def info(self, client, name):
        for line in client.call("INFO").split(b"\r\n"):
            if line.startswith(name.encode() + b":"):
                return int(line.partition(b":")[2])
        raise AssertionError(f"INFO says nothing about {name}")

    def in_parallel(self, count, work):
        """Runs work(client, number) in threads; raises what one of them raises."""
        failures = []

        def run(number):
            client = Client(self.kv.address)
            try:
                work(client, number)
            except BaseException as failure:  # an assertion must reach the main thread
                failures.append(failure)
            finally:
                client.close()

        threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]


class Starting(KvTest):
    def run_kv(self, *options):
        argv = [kv_program(), *map(str, options)]
        return subprocess.run(argv, capture_output=True, text=True, timeout=PATIENCE_S)

    def test_an_occupied_port_is_said_and_ends_the_program(self):
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = other.getsockname()[1]
            result = self.run_kv("--port", port, "--cores", 2)
        self.assertEqual(result.returncode, 1)
        self.assertIn(f"cannot serve on 127.0.0.1 port {port}", result.stderr)
        self.assertIn("in use", result.stderr)

    def test_an_address_of_another_host_is_refused(self):
        result = self.run_kv("--port", 0, "--bind", "192.0.2.1")
        self.assertEqual(result.returncode, 1)
        self.assertIn("cannot serve on 192.0.2.1", result.stderr)

    def test_bad_options_are_named(self):
        for *options, word in (("--port", 65536, "port"), ("--maxmemory", "much", "maxmemory"),
                               ("--bind", "localhost", "bind"), ("--timeout", "x", "timeout"),
                               ("--nonsense", "--nonsense"), ("extra", "extra")):
            result = self.run_kv(*options)
            self.assertEqual(result.returncode, 2, options)
            self.assertIn(word, result.stderr)

    def test_help_lists_the_options(self):
        result = self.run_kv("--help")
        self.assertEqual(result.returncode, 0)
        for option in ("--port", "--maxmemory", "--output-limit", "--cores"):
            self.assertIn(option, result.stdout)

    def test_several_processes_share_a_port(self):
        self.start("--cores", 1)
        second = start_kv("--port", self.kv.address, "--cores", 1)
        self.addCleanup(second.stop)
        for _ in range(20):
            self.assertEqual(self.client().call("PING"), b"+PONG\r\n")

    def test_serves_on_several_addresses(self):
        self.start("--bind", "127.0.0.1,::1", "--cores", 2)
        with socket.create_connection(("::1", self.kv.address)) as six:
            six.sendall(b"PING\r\n")
            self.assertEqual(six.recv(100), b"+PONG\r\n")


class Stopping(KvTest):
    def test_a_signal_ends_it_although_clients_are_idle(self):
        self.start()
        clients = [self.client() for _ in range(20)]
        for client in clients:
            client.call("SET", "a", "1")
        self.kv.tell()
        for client in clients:
            self.assertEqual(client.until_closed(), b"")

    def test_commands_under_way_are_answered_before_the_end(self):
        self.start()
        clients = [self.client() for _ in range(8)]
        for client in clients:
            client.send(encode("MSET", "a", 1, "b", 2, "c", 3) * 200)
        for client in clients:
            client.receive(1)
        self.kv.tell()
        for client in clients:
            frames = client.until_closed()
            self.assertEqual(frames, b"+OK\r\n" * (len(frames) // 5))

    def test_a_listener_does_not_keep_it_alive(self):
        self.start()
        client = self.client()
        client.call("SUBSCRIBE", "a")
        self.kv.tell()
        self.assertEqual(client.until_closed(), b"")


class Misbehaving(KvTest):
    def test_a_malformed_request_hurts_nobody_else(self):
        self.start()
        good = self.client()
        for _ in range(repeat(200)):
            bad = Client(self.kv.address)
            bad.send(encode("SET", "x", "1") + b"*1\r\n!garbage" * 3)
            said = bad.until_closed()
            self.assertEqual(said, b"+OK\r\n-ERR Protocol error: expected '$', got '!'\r\n")
            bad.close()
            self.assertEqual(good.call("PING"), b"+PONG\r\n")

    def test_clients_that_vanish_leave_nothing_behind(self):
        self.start()
        for i in range(repeat(300)):
            client = Client(self.kv.address)
            client.send((encode("SUBSCRIBE", f"c{i}"), encode("MGET", "a", "b", "c") * 50,
                         b"*3\r\n$3\r\nSET\r\n")[i % 3])
            if i % 2 == 0:
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                         b"\x01\0\0\0\0\0\0\0")  # a reset
            client.close()
        client = self.client()
        until(lambda: self.info(client, "connected_clients") == 1, "they are all gone")
        self.assertEqual(client.call("PUBSUB", "CHANNELS"), b"*0\r\n")

    def test_an_idle_client_is_closed(self):
        self.start("--timeout", "50ms", "--cores", 2)
        client, listener = self.client(), self.client()
        listener.call("SUBSCRIBE", "a")
        client.call("PING")
        self.assertEqual(client.until_closed(), b"")
        listener.send(b"PING\r\n")  # it may be silent for as long as it likes
        self.assertEqual(listener.receive(1), [b"*2\r\n$4\r\npong\r\n$0\r\n\r\n"])

    def test_more_clients_than_allowed_are_refused(self):
        self.start("--maxclients", 3, "--cores", 2)
        clients = [self.client() for _ in range(3)]
        for client in clients:
            client.call("PING")
        extra = self.client()
        self.assertEqual(extra.until_closed(), b"-ERR max number of clients reached\r\n")
        clients[0].close()
        until(lambda: self.info(clients[1], "connected_clients") == 2, "one less")
        self.assertEqual(self.client().call("PING"), b"+PONG\r\n")

    def test_replies_reach_a_client_that_has_finished_sending(self):
        self.start()
        client = self.client()
        client.send(encode("ECHO", "x" * 1000) * 1000)
        client.socket.shutdown(socket.SHUT_WR)
        frames = client.receive(1000)
        self.assertEqual(set(frames), {b"$1000\r\n" + b"x" * 1000 + b"\r\n"})
        self.assertEqual(client.until_closed(), b"")


class Output(KvTest):
    def test_a_client_may_send_everything_before_it_reads(self):
        self.start()
        client = self.client()
        client.call("SET", "big", "x" * 100000)
        client.send(encode("GET", "big") * 500)
        frame = b"$100000\r\n" + b"x" * 100000 + b"\r\n"
        for got in client.receive(500):
            self.assertTrue(got == frame)

    def test_a_client_that_asks_and_does_not_read_is_closed(self):
        self.start("--output-limit", "1m", "--output-timeout", "50ms", "--cores", 2)
        client, other = self.client(), self.client()
        client.call("SET", "big", "x" * 1000000)
        client.try_send(encode("GET", "big") * 200)
        until(lambda: self.info(other, "connected_clients") == 1, "it is closed")
        self.assertEqual(other.call("STRLEN", "big"), b":1000000\r\n")

    def test_a_listener_that_does_not_read_is_closed(self):
        self.start("--output-limit", "1m", "--cores", 2)
        lazy, diligent, publisher = self.client(), self.client(), self.client()
        lazy.call("SUBSCRIBE", "news")
        diligent.call("SUBSCRIBE", "news")
        text = "x" * 100000
        sent = 0
        while publisher.call("PUBLISH", "news", text) == b":2\r\n":
            sent += 1
            self.assertLess(sent, 2000, "the lazy one is never closed")
            self.assertIn(text.encode(), diligent.receive(1)[0])
        self.assertIn(text.encode(), diligent.receive(1)[0])
        self.assertEqual(publisher.call("PUBLISH", "news", "x"), b":1\r\n")


class Memory(KvTest):
    def test_the_cap_refuses_what_takes_memory_and_nothing_else(self):
        self.start("--maxmemory", "4m", "--cores", 2)
        client = self.client()
        refused = b"-OOM command not allowed when used memory > 'maxmemory'.\r\n"
        stored = 0
        while client.call("SET", f"key:{stored}", "x" * 10000) == b"+OK\r\n":
            stored += 1
            self.assertLess(stored, 1000)
        self.assertGreater(stored, 300)
        for words in (("APPEND", "a", "b"), ("INCR", "n"), ("MSET", "a", 1, "b", 2),
                      ("SETRANGE", "a", 1, "b"), ("MSETNX", "p", 1, "q", 2),
                      ("GETSET", "a", 1)):
            self.assertEqual(client.call(*words), refused)
        self.assertEqual(len(client.call("GET", "key:0")), 10010)
        self.assertEqual(client.call("RENAME", "key:0", "moved"), b"+OK\r\n")
        self.assertEqual(client.call("EXPIRE", "moved", 1000), b":1\r\n")
        client.call("DEL", "key:1", "key:2", "key:3", "key:4")
        self.assertEqual(client.call("SET", "again", "x"), b"+OK\r\n")
        client.call("FLUSHALL")
        self.assertEqual(client.call("SET", "again", "x" * 3000000), b"+OK\r\n")

    @unittest.skipIf("thread" in os.environ.get("CY_TEST_SANITIZE", ""),
                     "the thread sanitizer has four bytes of its own for each")
    def test_the_largest_value_and_one_byte_more(self):
        self.start()
        client = self.client()
        self.assertEqual(client.call("SETRANGE", "a", 536870911, "x"), b":536870912\r\n")
        self.assertEqual(client.call("GETRANGE", "a", -1, -1), b"$1\r\nx\r\n")
        too_long = b"-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n"
        self.assertEqual(client.call("APPEND", "a", "x"), too_long)
        self.assertEqual(client.call("SETRANGE", "b", 536870912, "x"), too_long)
        self.assertEqual(client.call("RENAME", "a", "c"), b"+OK\r\n")
        self.assertEqual(client.call("UNLINK", "c"), b":1\r\n")

    def test_large_values_travel_unharmed(self):
        self.start("--cores", 3)
        client = self.client()
        for size in (32767, 32768, 65536, 1 << 20, 20000003):
            value = os.urandom(1000) * (size // 1000) + b"e" * (size % 1000)
            self.assertEqual(client.call("MSET", "x", value, "y", "-", "z", value), b"+OK\r\n")
            for key in "xz":
                frame = client.call("GET", key)
                self.assertTrue(frame == b"$%d\r\n%s\r\n" % (size, value), size)
            self.assertEqual(client.call("APPEND", "x", "1"), b":%d\r\n" % (size + 1))


class Together(KvTest):
    """Many clients on several cores at once."""
    options = ("--cores", 3)

    def test_no_increment_is_lost(self):
        self.start()
        rounds = repeat(100)

        def count(client, number):
            client.send((encode("INCR", "n") + encode("INCR", f"n{number % 4}")) * 20 * rounds)
            client.receive(40 * rounds)

        self.in_parallel(8, count)
        client = self.client()
        self.assertEqual(client.call("GET", "n"), b"$%d\r\n%d\r\n" % (
            len(str(160 * rounds)), 160 * rounds))
        self.assertEqual(client.call("MGET", "n0", "n1", "n2", "n3").count(b"%d\r\n" % (
            40 * rounds)), 4)

    def test_one_msetnx_wins(self):
        self.start()
        winners = []

        def compete(client, number):
            for i in range(repeat(100)):
                keys = [w for k in range(5) for w in (f"r{i}:{(k + number) % 5}", number)]
                if client.call("MSETNX", *keys) == b":1\r\n":
                    winners.append((i, number))
                frame = client.call("MGET", *(f"r{i}:{k}" for k in range(5)))
                values = frame.split(b"\r\n")[2::2]
                self.assertEqual(len(set(values)), 1, values)

        self.in_parallel(6, compete)
        self.assertEqual(sorted(i for i, _ in winners), list(range(repeat(100))))

    def test_a_value_is_never_lost_nor_doubled_by_renaming(self):
        self.start()
        setup = self.client()
        for i in range(3):
            setup.call("SET", f"token{i}", f"value{i}")

        def rename(client, number):
            for i in range(repeat(300)):
                a, b = f"slot{(i * 7 + number) % 5}", f"slot{(i + number) % 5}"
                client.call("RENAMENX", f"token{number % 3}", a)
                client.call("RENAMENX", a, b)
                client.call("RENAMENX", b, f"token{number % 3}")

        self.in_parallel(6, rename)
        keys = setup.call("KEYS", "*").split(b"\r\n")[2::2]
        values = setup.call("MGET", *keys).split(b"\r\n")[2::2]
        self.assertEqual(sorted(values), [b"value0", b"value1", b"value2"])

    def test_replies_of_a_pipeline_come_in_order(self):
        self.start()

        def talk(client, number):
            for i in range(repeat(30)):
                words, expected = [], []
                for k in range(100):
                    key, value = f"{number}:{k % 17}", f"{i}:{k}"
                    words += [encode("SET", key, value), encode("ECHO", value),
                              encode("GET", key), encode("MGET", key, "none", key),
                              encode("DEL", key, "none")]
                    bulk = b"$%d\r\n%s\r\n" % (len(value), value.encode())
                    expected += [b"+OK\r\n", bulk, bulk, b"*3\r\n" + bulk + b"$-1\r\n" + bulk,
                                 b":1\r\n"]
                client.send(b"".join(words))
                self.assertEqual(client.receive(500), expected)

        self.in_parallel(6, talk)

    def test_listeners_hear_everything_in_order(self):
        self.start()
        messages = repeat(300)
        ready = threading.Barrier(9)

        def take_part(client, number):
            if number < 6:
                kind = "PSUBSCRIBE" if number % 2 else "SUBSCRIBE"
                client.call(kind, "ne*" if number % 2 else "news")
                ready.wait()
                seen = {}
                for frame in client.receive(3 * messages):
                    sender, _, count = frame.split(b"\r\n")[-2].partition(b":")
                    self.assertEqual(int(count), seen.get(sender, -1) + 1, frame)
                    seen[sender] = int(count)
                self.assertEqual(set(seen.values()), {messages - 1})
            else:
                ready.wait()
                for i in range(messages):
                    self.assertEqual(client.call("PUBLISH", "news", f"{number}:{i}"), b":6\r\n")

        self.in_parallel(9, take_part)

    def test_everything_at_once(self):
        self.start()
        words = [("FLUSHALL",), ("KEYS", "*"), ("DBSIZE",), ("RANDOMKEY",), ("SCAN", 0),
                 ("INFO",), ("MSET", "a", 1, "b", 2, "c", 3), ("MSETNX", "d", 1, "e", 2),
                 ("RENAME", "a", "d"),
                 ("RENAMENX", "b", "f"), ("DEL", "a", "b", "c", "d"), ("PUBLISH", "x", "y"),
                 ("EXPIRE", "a", 100), ("SET", "b", "x" * 50000), ("GETDEL", "b"), ("PING",),
                 ("MGET", "a", "b", "c", "d", "e"), ("APPEND", "c", "tail"),
                 ("SET", "e", 1, "PX", 1)]

        def mix(client, number):
            for i in range(repeat(60)):
                batch = [words[(i * 5 + number * 3 + k * 7) % len(words)] for k in range(30)]
                client.send(b"".join(encode(*w) for w in batch))
                frames = client.receive(len(batch))
                self.assertNotIn(b"<closed>", frames)
                self.assertNotIn(b"<silence>", frames)

        self.in_parallel(8, mix)
        self.assertEqual(self.client().call("PING"), b"+PONG\r\n")

    def test_a_scan_finds_every_key_once_it_is_there(self):
        self.start()
        client = self.client()
        client.send(b"".join(encode("SET", f"key:{i}", i) for i in range(5000)))
        client.receive(5000)
        stop = threading.Event()

        def disturb():
            other = Client(self.kv.address)
            i = 0
            while not stop.is_set():
                other.call("SET", f"other:{i % 20000}", i)
                other.call("DEL", f"other:{(i - 3000) % 20000}")
                i += 1
            other.close()

        thread = threading.Thread(target=disturb)
        thread.start()
        seen, cursor = set(), b"0"
        try:
            while True:
                frame = client.call("SCAN", cursor, "MATCH", "key:*", "COUNT", 100)
                parts = frame.split(b"\r\n")
                cursor = parts[2]
                seen.update(parts[5::2])
                if cursor == b"0":
                    break
        finally:
            stop.set()
            thread.join()
        self.assertEqual(len(seen & {b"key:%d" % i for i in range(5000)}), 5000)


@unittest.skipIf(shutil.which("redis-cli") is None, "no redis-tools")
class RealClients(KvTest):
    def run_tool(self, *argv, **more):
        return subprocess.run(list(map(str, argv)), capture_output=True, text=True,
                              timeout=PATIENCE_S, **more)

    def test_redis_cli_understands_it(self):
        self.start()
        cli = ("redis-cli", "-p", self.kv.address)
        self.assertEqual(self.run_tool(*cli, "SET", "a", "1").stdout, "OK\n")
        self.assertEqual(self.run_tool(*cli, "-3", "GET", "none").stdout, "\n")
        self.assertEqual(self.run_tool(*cli, "COMMAND", "COUNT").returncode, 0)
        self.assertIn("summary", self.run_tool(*cli, "COMMAND", "DOCS", "get").stdout)
        self.assertIn("redis_version", self.run_tool(*cli, "INFO").stdout)
        self.assertEqual(self.run_tool(*cli, "--scan").stdout, "a\n")
        self.assertIn("Biggest string", self.run_tool(*cli, "--bigkeys").stdout)
        pipe = self.run_tool(*cli, "--pipe", input="SET x 1\r\nINCR x\r\n" * 1000)
        self.assertIn("errors: 0, replies: 2000", pipe.stdout)

    def test_redis_benchmark_finds_no_error(self):
        self.start()
        result = self.run_tool("redis-benchmark", "-p", self.kv.address, "-t",
                               "ping,set,get,incr,mset", "-n", repeat(20000), "-c", 50, "-P",
                               16, "-r", 1000, "-q")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertNotIn("rror", result.stdout + result.stderr)
        self.assertIn("MSET", result.stdout)


if __name__ == "__main__":
    unittest.main()
