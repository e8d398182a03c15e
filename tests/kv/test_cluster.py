#!/usr/bin/env python3
"""test_cluster.py - several processes of kv that share the keys.

No test depends on how long something takes: what must happen is waited for.
"""
import os
import random
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest

import test_oracle
from kv_cluster import PATIENCE_S, Cluster, free_udp_port, until
from kv_programs import Client, encode, kv_program, start_redis

SCALE = max(1, int(os.environ.get("CY_TEST_SCALE", "100")))
DOWN = b"-CLUSTERDOWN instance kv.%d "


def repeat(count):
    return max(1, count * SCALE // 100)


class Case(unittest.TestCase):
    size = 2
    options = ()

    def setUp(self):
        self.clients = []
        self.cluster = None

    def start(self, *options, size=None, restart=0):
        self.cluster = Cluster(size or self.size, *(options or self.options), restart=restart)
        self.addCleanup(self.stop)
        return self.cluster

    def stop(self):
        for client in self.clients:
            client.close()
        if self.cluster is not None:
            cluster, self.cluster = self.cluster, None
            self.assertEqual(cluster.stop(), 0, cluster.output())

    def client(self, index):
        client = self.cluster.client(index)
        self.clients.append(client)
        return client

    def keys_of(self, index, count):
        """Keys that instance `index` has: GET of one sends no parcel to another."""
        client, keys, number = self.client(index), [], 0
        before = self.info(client, "cycos_parcels")
        step = self.info(client, "cycos_parcels") - before  # INFO itself asks all shards
        while len(keys) < count:
            before = self.info(client, "cycos_parcels")
            client.call("GET", f"key{number}")
            if self.info(client, "cycos_parcels") == before + step:
                keys.append(f"key{number}")
            number += 1
        return keys

    def info(self, client, name):
        for line in client.call("INFO").split(b"\r\n"):
            if line.startswith(name.encode() + b":"):
                return int(line.partition(b":")[2])
        raise AssertionError(f"INFO says nothing about {name}")


class Reaching(Case):
    def test_keys_set_through_one_are_read_through_each_other(self):
        for size in (2, 3):
            with self.subTest(size):
                self.start(size=size)
                clients = [self.client(i) for i in range(size)]
                for i, client in enumerate(clients):
                    for k in range(50):
                        reply = client.call("SET", f"{i}.{k}", f"v{i}.{k}")
                        self.assertEqual(reply, b"+OK\r\n")
                for client in clients:
                    for i in range(size):
                        for k in range(50):
                            value = f"v{i}.{k}".encode()
                            self.assertEqual(client.call("GET", f"{i}.{k}"),
                                             b"$%d\r\n%s\r\n" % (len(value), value))
                    self.assertEqual(client.call("DBSIZE"), b":%d\r\n" % (50 * size))
                    self.assertIn(b"*%d\r\n" % (50 * size), client.call("KEYS", "*"))
                    self.assertEqual(self.scan(client), 50 * size)
                self.assertEqual(clients[0].call("FLUSHALL"), b"+OK\r\n")
                self.assertEqual(clients[-1].call("DBSIZE"), b":0\r\n")
                self.stop()

    def scan(self, client):
        keys, cursor = set(), b"0"
        while True:
            reply = client.call("SCAN", cursor).split(b"\r\n")
            cursor = reply[2]
            keys.update(reply[5::2])
            if cursor == b"0":
                return len(keys - {b""})

    def test_long_pipelines_over_all_shards_are_answered_in_order(self):
        self.start(size=3)
        for index in range(3):
            client = self.client(index)
            for i in range(repeat(10)):
                requests = b"".join(encode("SET", f"p{k}", f"{i}-{k}") + encode("GET", f"p{k}")
                                    for k in range(500))
                client.send(requests)
                replies = client.receive(1000)
                for k in range(500):
                    value = f"{i}-{k}".encode()
                    self.assertEqual(replies[2 * k], b"+OK\r\n")
                    self.assertEqual(replies[2 * k + 1], b"$%d\r\n%s\r\n" % (len(value), value))

    def test_long_values_travel_and_too_long_ones_are_refused(self):
        self.start("--maxmemory", "1gb", "--cluster-timeout", "60s")
        clients = [self.client(0), self.client(1)]
        keys = [self.keys_of(0, 1)[0], self.keys_of(1, 1)[0]]
        for size in (31 << 10, 32 << 10, 1 << 20, 20 << 20):
            value = random.Random(size).randbytes(size)
            reply = b"$%d\r\n%s\r\n" % (size, value)
            for client in clients:
                for key in keys:
                    self.assertEqual(client.call("SET", key, value), b"+OK\r\n")
                    self.assertEqual(client.call("GET", key), reply)
                self.assertEqual(client.call("MGET", *keys), b"*2\r\n" + reply * 2)
            self.assertEqual(clients[0].call("RENAME", *keys), b"+OK\r\n")
            self.assertEqual(clients[1].call("GET", keys[1]), reply)
        # With its heads, the command and the reply exceed 64 MiB, the longest message.
        value = bytes((64 << 20) - 64)
        self.assertEqual(clients[0].call("SET", keys[0], value), b"+OK\r\n")
        self.assertEqual(clients[0].call("SET", keys[1], value),
                         b"-ERR the command is too long for instance kv.1, which has the key"
                         b"\r\n")
        self.assertEqual(clients[0].call("GET", keys[0])[:12], b"$%d\r\n\0" % len(value))
        self.assertEqual(clients[1].call("GET", keys[0])[:12], b"$%d\r\n\0" % len(value))
        self.assertEqual(clients[0].call("APPEND", keys[0], b"x" * 64), b":%d\r\n" % (64 << 20))
        self.assertEqual(clients[1].call("GET", keys[0]),
                         b"-ERR the reply is too long to come from another instance\r\n")
        self.assertEqual(clients[0].call("RENAME", *keys)[:4], b"-ERR")
        self.assertEqual(clients[0].call("EXISTS", *keys), b":2\r\n")

    def test_commands_on_keys_of_several_instances_are_atomic(self):
        """Each client moves a token by RENAMENX, which must neither vanish nor be doubled."""
        self.start(size=3)
        names = [f"t{i}" for i in range(8)]
        self.assertEqual(self.client(0).call("SET", names[0], "token"), b"+OK\r\n")
        failures = []

        def work(number):
            rng, client = random.Random(number), self.cluster.client(number % 3)
            try:
                for _ in range(repeat(200)):
                    reply = client.call("RENAMENX", *rng.sample(names, 2))
                    if reply not in (b":0\r\n", b":1\r\n", b"-ERR no such key\r\n"):
                        failures.append(reply)
                    pair = [f"m{number % 2}", f"n{number % 2}"]
                    client.call("MSETNX", pair[0], number, pair[1], number)
                    client.call("DEL", rng.choice(pair))
            finally:
                client.close()

        threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        counts = [self.client(i).call("EXISTS", *names) for i in range(3)]
        self.assertEqual(counts, [b":1\r\n"] * 3, "the token is there once")

    def test_msetnx_of_racing_clients_succeeds_once(self):
        self.start(size=3)
        for i in range(repeat(50)):
            keys = [f"r{i}.{k}" for k in range(6)]
            wins = []

            def work(number):
                client = self.cluster.client(number % 3)
                order = keys if number % 2 else keys[::-1]
                wins.append(client.call("MSETNX", *[w for k in order for w in (k, number)]))
                client.close()

            threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(sorted(wins), [b":0\r\n"] * 5 + [b":1\r\n"])
            values = self.client(i % 3).call("MGET", *keys).split(b"\r\n")[2::2]
            self.assertEqual(len(set(values)), 1, "all of one client")

    def test_says_the_same_as_redis(self):
        self.start()
        folder = tempfile.mkdtemp(prefix="kv-cluster-")
        self.addCleanup(shutil.rmtree, folder)
        redis = start_redis(folder)
        self.addCleanup(redis.stop)
        for index in range(2):
            seeds = range(1 + 1000 * index, 1 + 1000 * index + repeat(300))
            self.assertTrue(test_oracle.check(redis.address, self.cluster.ports[index], seeds))


class Publishing(Case):
    def test_listeners_of_all_instances_hear_everybody_in_order(self):
        self.start(size=3)
        listeners = [self.client(i % 3) for i in range(6)]
        for listener in listeners:
            self.assertEqual(listener.call("SUBSCRIBE", "news"),
                             b"*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n")
        publishers = [self.client(i) for i in range(3)]
        for n in range(repeat(50)):
            for i, publisher in enumerate(publishers):
                self.assertEqual(publisher.call("PUBLISH", "news", f"{i}.{n}"), b":6\r\n")
                self.assertEqual(publisher.call("PUBLISH", "other", "x"), b":0\r\n")
        for listener in listeners:
            for n in range(repeat(50)):
                for i in range(3):
                    self.assertEqual(listener.receive(1)[0],
                                     encode("message", "news", f"{i}.{n}"))

    def test_pubsub_counts_over_all_instances(self):
        self.start()
        for index in range(2):
            listener = self.client(index)
            listener.send(encode("SUBSCRIBE", "both", f"own{index}"))
            listener.receive(2)
            listener.send(encode("PSUBSCRIBE", "b*", f"x{index}*"))
            listener.receive(2)
        for index in range(2):
            client = self.client(index)
            self.assertEqual(client.call("PUBSUB", "NUMSUB", "both", "own0", "none"),
                             b"*6\r\n$4\r\nboth\r\n:2\r\n$4\r\nown0\r\n:1\r\n"
                             b"$4\r\nnone\r\n:0\r\n")
            self.assertEqual(client.call("PUBSUB", "NUMPAT"), b":3\r\n")
            for request, names in ((("PUBSUB", "CHANNELS"), [b"both", b"own0", b"own1"]),
                                   (("PUBSUB", "CHANNELS", "own*"), [b"own0", b"own1"])):
                reply = client.call(*request).split(b"\r\n")
                self.assertEqual(sorted(reply[2::2])[-len(names):], names)
            self.assertEqual(client.call("PUBLISH", "both", "m"), b":4\r\n")

    def test_those_who_can_be_reached_hear_it(self):
        self.start(restart=5)
        listener, publisher = self.client(0), self.client(0)
        listener.call("SUBSCRIBE", "news")
        self.cluster.kill_instance(1)
        for n in range(20):
            self.assertEqual(publisher.call("PUBLISH", "news", n), b":1\r\n")
            self.assertEqual(listener.receive(1)[0], encode("message", "news", n))
        until(lambda: self.cluster.ready == 2, "it is there again")
        self.assertEqual(self.client(1).call("PUBLISH", "news", "again"), b":1\r\n")


class Failing(Case):
    def down(self, reply, index=1):
        return reply.startswith(DOWN % index)

    def test_a_dead_instance_is_an_error_at_once_and_joins_again(self):
        self.start(restart=5)
        client = self.client(0)
        for k in range(100):
            self.assertEqual(client.call("SET", f"k{k}", k), b"+OK\r\n")
        self.cluster.kill_instance(1, signal.SIGSTOP)  # so that launch does not see it die yet
        self.cluster.kill_instance(1)
        until(lambda: self.down(client.call("DBSIZE")) or self.cluster.ready > 1,
              "its death is noticed")
        until(lambda: self.cluster.ready == 2, "it is there again")
        self.assertEqual(client.call("PING"), b"+PONG\r\n")
        other = self.client(1)
        size = int(client.call("DBSIZE")[1:])
        self.assertTrue(0 < size < 100, "those of the other are where they were")
        for k in range(100):
            self.assertEqual(other.call("SET", f"k{k}", k), b"+OK\r\n")
        self.assertEqual(client.call("DBSIZE"), b":100\r\n")

    def test_instance_0_learns_the_seed_from_the_others(self):
        self.start(size=3, restart=5)
        client = self.client(2)
        for k in range(100):
            client.call("SET", f"k{k}", k)
        size = int(client.call("DBSIZE")[1:])
        self.assertEqual(size, 100)
        self.cluster.kill_instance(0)
        until(lambda: self.cluster.ready == 2, "it is there again")
        for i in range(3):
            left = self.client(i).call("MGET", *[f"k{k}" for k in range(100)])
            self.assertEqual(left, client.call("MGET", *[f"k{k}" for k in range(100)]))
        self.assertLess(int(client.call("DBSIZE")[1:]), 100)

    def test_under_load_others_go_on(self):
        """One instance dies, twice. No reply is wrong or missing, errors are clear."""
        self.start(restart=5)
        stop, failures, served = threading.Event(), [], [0] * 4

        def work(number):
            client = self.cluster.client(0)
            try:
                i = 0
                while not stop.is_set():
                    client.send(b"".join(encode("SET", f"w{number}.{i}.{k}", k)
                                         for k in range(50)))
                    for reply in client.receive(50):
                        if reply == b"+OK\r\n":
                            served[number] += 1
                        elif not self.down(reply):
                            failures.append(reply)
                            return
                    i += 1
            finally:
                client.close()

        threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        try:
            for round_ in range(2, 4):
                until(lambda: min(served) > 0 or failures, "the load runs")
                self.cluster.kill_instance(1)
                until(lambda: self.cluster.ready == round_ or failures, "it is there again")
                before = list(served)
                until(lambda: all(s > b for s, b in zip(served, before)) or failures,
                      "the load goes on")
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertEqual(failures, [])

    def test_a_silent_instance_times_out(self):
        self.start("--cluster-timeout", "300ms")
        client = self.client(0)
        for k in range(20):
            client.call("SET", f"k{k}", k)
        self.cluster.kill_instance(1, signal.SIGSTOP)
        try:
            replies = [client.call("GET", f"k{k}") for k in range(5)]
            until(lambda: client.call("DBSIZE").startswith(b"-TIMEOUT instance kv.1 "),
                  "it times out")
        finally:
            self.cluster.kill_instance(1, signal.SIGCONT)
        self.assertTrue(any(r.startswith(b"$") for r in replies) or replies)
        until(lambda: client.call("DBSIZE") == b":20\r\n", "it is there again")
        self.assertGreater(self.info(client, "cycos_parcel_timeouts"), 0)

    def test_what_a_dead_client_instance_held_is_let_go(self):
        """Instances die while their clients hold shards of others by MSETNX."""
        self.start(size=2, restart=50)
        for i in range(repeat(5)):
            stop = threading.Event()

            def work():
                client = self.cluster.client(1)
                try:
                    client.socket.settimeout(5)
                    n = 0
                    while not stop.is_set():
                        n += 1
                        client.send(encode("MSETNX", *[w for k in range(8)
                                                       for w in (f"h{i}.{n}.{k}", n)]))
                        if client.receive(1)[0][:1] == b"<":
                            return
                except OSError:
                    pass
                finally:
                    client.close()

            threads = [threading.Thread(target=work) for _ in range(4)]
            for thread in threads:
                thread.start()
            time.sleep(0.05)
            ready = self.cluster.ready
            self.cluster.kill_instance(1)
            until(lambda: self.cluster.ready > ready, "it is there again")
            stop.set()
            for thread in threads:
                thread.join()
            client = self.client(0)
            self.assertEqual(client.call("MSET", *[w for k in range(20) for w in (f"z{k}", k)]),
                             b"+OK\r\n")


class Starting(Case):
    def run_kv(self, *options):
        argv = [kv_program(), "--port", "0", "--cores", "1", *map(str, options)]
        return subprocess.run(argv, capture_output=True, text=True, timeout=PATIENCE_S)

    def test_an_index_beyond_the_size_is_refused(self):
        result = self.run_kv("--cluster-size", 2, "--cluster-index", 2)
        self.assertEqual(result.returncode, 2)
        self.assertIn("cluster-index", result.stderr)

    def test_instances_of_other_options_are_told(self):
        port = free_udp_port()
        common = ("--node", "127.0.0.1", "--udp-port", port)
        first = subprocess.Popen([kv_program(), "--port", "0", "--cores", "1", "--cluster-size",
                                  "3", *map(str, common)], stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True)
        try:
            result = self.run_kv("--cluster-size", 2, "--cluster-index", 1, *common)
            self.assertEqual(result.returncode, 1)
            self.assertIn("cluster-size 3 and 1 cores, here 2 and 1", result.stderr)
        finally:
            first.terminate()
            output = first.communicate(timeout=PATIENCE_S)[0]
        # It may have been told as well, and be about to end or to have ended by itself.
        self.assertIn(first.returncode, (0, 1, -signal.SIGTERM), output)

    def test_an_instance_that_waits_for_others_stops_when_it_is_told(self):
        argv = [kv_program(), "--port", "0", "--cores", "1", "--cluster-size", "2", "--node",
                "127.0.0.1", "--udp-port", str(free_udp_port())]
        waiting = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   text=True)
        for line in waiting.stdout:
            if "kv.cluster.waiting" in line:
                break
        waiting.terminate()
        output = waiting.communicate(timeout=PATIENCE_S)[0]
        self.assertEqual(waiting.returncode, 0, output)
        self.assertNotIn("ready", output)


if __name__ == "__main__":
    unittest.main()
