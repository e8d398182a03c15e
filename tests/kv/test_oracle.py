#!/usr/bin/env python3
"""test_oracle.py - the same command scripts to kv and to redis-server, replies compared.

    test_oracle.py                      what ctest runs: kv with 1 core and with 3
    test_oracle.py --seed 77            replays one case
    test_oracle.py --cases 100000       a long soak
    test_oracle.py --target PORT        against a server that runs already

A case is a script of commands drawn from a seed: every command, edge values, wrong numbers of
arguments, binary keys, sent in pieces that are cut anywhere. Replies must be equal byte by
byte, but for what cannot be: times to live within a tolerance, keys in any order. The first
case that differs is cut down to the commands that are needed and printed.
"""
import argparse
import os
import random
import shutil
import sys
import tempfile
import time

from kv_programs import Client, encode, start_kv, start_redis
from oracle_script import Script, same_reply, PROTOCOL_CASES, split_sizes

def run(address, commands, sizes):
    """Runs a script on a new connection and returns the replies, one per command."""
    client = Client(address)
    try:
        client.send(b"*1\r\n$8\r\nFLUSHALL\r\n")
        client.receive(1)
        client.try_send(b"".join(c.request for c in commands), sizes)
        return client.receive(sum(c.replies for c in commands))
    finally:
        client.close()


def differs(oracle, target, commands, sizes=()):
    """The first command whose replies differ, with both replies; None when all are equal."""
    expected = run(oracle, commands, sizes)
    got = run(target, commands, sizes)
    at = 0
    for command in commands:
        ours, theirs = got[at:at + command.replies], expected[at:at + command.replies]
        if not same_reply(command, ours, theirs):
            return command, ours, theirs
        at += command.replies
    return None


def shrink(oracle, target, commands):
    """Leaves out what the difference does not need."""
    i = 0
    while i < len(commands):
        fewer = commands[:i] + commands[i + 1:]
        if fewer and differs(oracle, target, fewer):
            commands = fewer
        else:
            i += 1
    return commands


def report(seed, commands, difference, sizes):
    command, ours, theirs = difference
    print(f"seed {seed}: replies differ; replay with --seed {seed}")
    for c in commands:
        print(f"    {c.text()}")
    print(f"at:    {command.text()}")
    print(f"redis: {theirs!r}"[:2000])
    print(f"kv:    {ours!r}"[:2000])
    if sizes:
        print(f"(needs the cuts {sizes[:40]}...)")


def check_case(oracle, target, seed):
    rng = random.Random(seed)
    commands = Script(rng).commands()
    sizes = split_sizes(rng, sum(len(c.request) for c in commands))
    difference = differs(oracle, target, commands, sizes)
    if difference is None:
        return True
    small = shrink(oracle, target, commands) if differs(oracle, target, commands) else None
    if small:
        report(seed, small, differs(oracle, target, small) or difference, None)
    else:
        report(seed, commands, difference, sizes)
    return False


def check_protocol(oracle, target):
    """Malformed input: the same error, then the end of the connection, whatever the cuts."""
    good = True
    for data in PROTOCOL_CASES:
        for step in (len(data), 1, 7):
            said = []
            for address in (oracle, target):
                client = Client(address)
                piece = max(step, len(data) // 200)
                for i in range(0, len(data), piece):
                    client.try_send(data[i:i + piece])
                if len(data) < 60000:  # else it might count as part of the line
                    client.try_send(b"QUIT\r\n")
                said.append(client.until_closed())
                client.close()
            if said[0] != said[1]:
                print(f"protocol: {data[:200]!r} in steps of {step}")
                print(f"redis: {said[0][:500]!r}\nkv:    {said[1][:500]!r}")
                good = False
                break
    return good


def forget_patterns(address):
    """Waits until the server has seen that its listener is gone, which no reply announces."""
    client = Client(address)
    try:
        for _ in range(1000):
            client.send(encode(b"PUBSUB", b"NUMPAT"))
            if client.receive(1) == [b":0\r\n"]:
                return
            time.sleep(0.01)
        raise RuntimeError("patterns of a listener that is gone are still counted")
    finally:
        client.close()


def check_pubsub(oracle, target, seed):
    """A listener and a publisher on two connections: the listener's stream is compared."""
    rng = random.Random(seed)
    names = [b"a", b"b", b"news.x", b"news.y", b"", b"\x00\xff\r\n"]
    patterns = [b"news.*", b"*", b"[ab]", b"news.?"]
    steps = []
    for _ in range(30):
        pick = rng.random()
        if pick < 0.3:
            word = rng.choice([b"SUBSCRIBE", b"UNSUBSCRIBE"])
            steps.append((0, [word] + rng.sample(names, rng.randint(1, 3))))
        elif pick < 0.5:
            word = rng.choice([b"PSUBSCRIBE", b"PUNSUBSCRIBE"])
            steps.append((0, [word] + rng.sample(patterns, rng.randint(1, 2))))
        elif pick < 0.6:
            steps.append((0, [b"PING", b"x"]))
        else:
            steps.append((1, [b"PUBLISH", rng.choice(names), b"m%d" % rng.randint(0, 99)]))
    resp3 = rng.random() < 0.5
    streams = []
    for address in (oracle, target):
        listener, publisher = Client(address), Client(address)
        frames = []
        if resp3:
            listener.send(b"HELLO 3\r\n")
            listener.receive(1)
        listens = set()
        for who, words in steps:
            request = encode(*words)
            if who == 0:
                listener.send(request)
                frames += listener.receive(max(1, len(words) - 1))
                if words[0].endswith(b"UNSUBSCRIBE"):
                    listens -= set((words[0][:1] == b"P", w) for w in words[1:])
                elif words[0] != b"PING":
                    listens |= set((words[0] == b"PSUBSCRIBE", w) for w in words[1:])
            else:
                publisher.send(request)
                count = publisher.receive(1)
                frames += count
                got = listener.receive(int(count[0][1:])) if count[0][:1] == b":" else []
                frames += sorted(got)
        streams.append(frames)
        listener.close()
        publisher.close()
        forget_patterns(address)
    if streams[0] == streams[1]:
        return True
    for step, (theirs, ours) in enumerate(zip(*streams)):
        if theirs != ours:
            print(f"pubsub seed {seed}: frame {step}\nredis: {theirs!r}\nkv:    {ours!r}")
            break
    else:
        print(f"pubsub seed {seed}: {len(streams[0])} frames, {len(streams[1])} from kv")
    print("\n".join(f"    {who} {words}" for who, words in steps))
    return False


def check(oracle, target, seeds, pubsub=True):
    if not check_protocol(oracle, target):
        return False
    for seed in seeds:
        if not check_case(oracle, target, seed):
            return False
        if pubsub and seed % 20 == 0 and not check_pubsub(oracle, target, seed):
            return False
    return True


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int)
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--target", type=int, help="port of a server that runs already")
    parser.add_argument("--no-pubsub", action="store_true")
    parser.add_argument("--cores", type=int, nargs="*", default=[1, 3])
    return parser.parse_args()


def main():
    options = arguments()
    scale = int(os.environ.get("CY_TEST_SCALE", "100"))
    cases = max(1, options.cases * scale // 100)
    seeds = range(options.seed, options.seed + 1) if options.seed else range(1, cases + 1)
    folder = tempfile.mkdtemp(prefix="kv-oracle-")
    redis = start_redis(folder)
    good = True
    try:
        if options.target:
            good = check(redis.address, options.target, seeds, not options.no_pubsub)
        for cores in [] if options.target else options.cores:
            kv = start_kv("--cores", cores)
            try:
                good = check(redis.address, kv.address, seeds) and good
            finally:
                status = kv.stop()
            if status != 0:
                print(f"kv ended with status {status}")
                print(kv.process.stdout.read().decode(errors="replace")[-4000:])
                good = False
            print(f"{cores} cores, {len(seeds)} cases: {'ok' if good else 'FAILED'}")
    finally:
        redis.stop()
        shutil.rmtree(folder)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
