"""test_value_oracle.py - bodies in CBOR, compared with cbor2, which others wrote.

Random values go both ways, byte for byte; mutated bodies are judged by both. Our side is the
program test_runtime_value_oracle, which says what the words are that it is told.
"""
import io
import math
import os
import pathlib
import random
import struct
import subprocess
import sys
import unittest

SYSTEM_PYTHON = "/usr/bin/python3"
try:
    # Not its implementation in C, which makes room for all that a list claims to have.
    from cbor2.decoder import CBORDecoder
    from cbor2.encoder import CBOREncoder
    from cbor2.types import CBORTag
except ImportError:  # the package belongs to Debian's interpreter; this is another one
    if os.path.realpath(sys.executable) == os.path.realpath(SYSTEM_PYTHON):
        raise
    os.execv(SYSTEM_PYTHON, [SYSTEM_PYTHON, "-B", *sys.argv])

PROGRAM = pathlib.Path(os.environ.get("CY_TEST_BIN", "build/bin")) / "test_runtime_value_oracle"
SCALE = int(os.environ.get("CY_TEST_SCALE", "100"))
SEED = int(os.environ.get("CY_TEST_SEED", "1"))
LIMIT_S = 300
REF_TAG, REF_FORMAT, DEPTH_MAX = 0x63797266, "<16sHHIII", 16


def count(number):
    return max(1, number * SCALE // 100)


def ask(lines):
    """The program's answer to each line."""
    done = subprocess.run([PROGRAM, "--serve"], input="\n".join(lines) + "\n", text=True,
                          capture_output=True, timeout=LIMIT_S, check=True)
    answers = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert len(answers) == len(lines), (len(answers), len(lines))
    return answers


class Map:
    """A map, which cbor2's canonical form would order by RFC 7049: lengths first."""

    def __init__(self, pairs):
        self.pairs = pairs

    def encode(self, encoder):
        encoder.encode_length(5, len(self.pairs))
        for key, value in sorted(self.pairs, key=lambda pair: encode(pair[0])):
            encoder.encode(key)
            encoder.encode(value)


def encode(value):
    out = io.BytesIO()
    CBOREncoder(out, canonical=True, default=lambda e, v: v.encode(e)).encode(value)
    return out.getvalue()


def decode(body):
    """The value; raises whatever cbor2 raises, and ValueError for bytes that follow."""
    stream = io.BytesIO(body)
    value = CBORDecoder(stream).decode()
    if stream.read(1):
        raise ValueError("bytes behind the value")
    return value


def model(value, depth=0):
    """A value from cbor2, if it is one of ours; else ValueError."""
    if isinstance(value, CBORTag):
        if value.tag != REF_TAG or type(value.value) is not bytes or len(value.value) != 32:
            raise ValueError("another tag")
        return value
    if value is None or type(value) in (bool, float, str, bytes):
        return value
    if type(value) is int and -2**64 <= value < 2**64:
        return value
    if type(value) in (list, dict) and depth == DEPTH_MAX:
        raise ValueError("too deep")
    if type(value) is list:
        return [model(item, depth + 1) for item in value]
    if type(value) is dict:
        if not all(type(key) in (int, str, bytes) for key in value):
            raise ValueError("key of another type")
        return Map([(model(k), model(v, depth + 1)) for k, v in value.items()])
    raise ValueError(f"{type(value)} is no type of ours")


def words_of_int(number):
    if number < -2**63:
        return [f"e3b{-1 - number:016x}"]
    return [f"{'i' if number < 2**63 else 'u'}{number}"]


def words(value, order=lambda pairs: sorted(pairs, key=lambda pair: encode(pair[0]))):
    """What the program is told, and what it says."""
    if value is None or isinstance(value, bool):
        return [{None: "N", True: "T", False: "F"}[value]]
    if isinstance(value, int):
        return words_of_int(value)
    if isinstance(value, float):
        bits = struct.pack(">d", value)
        return ["d" + ("7ff8000000000000" if math.isnan(value) else bits.hex())]
    if isinstance(value, str):
        return ["t" + value.encode().hex()]
    if isinstance(value, bytes):
        return ["b" + value.hex()]
    if isinstance(value, CBORTag):
        address, *numbers = struct.unpack(REF_FORMAT, value.value)
        return [":".join(["r" + address.hex(), *map(str, numbers)])]
    if isinstance(value, list):
        return [f"l{len(value)}"] + [w for item in value for w in words(item, order)]
    pairs = order(list(value.pairs))
    return [f"m{len(pairs)}"] + [w for pair in pairs for part in pair
                                 for w in words(part, order)]


class Maker:
    """Random values of our model."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def integer(self):
        number = self.random.getrandbits(self.random.choice([3, 5, 8, 9, 16, 17, 32, 33, 64]))
        return self.random.choice([number, -1 - number])

    def real(self):
        r = self.random
        bits = r.getrandbits(64) >> r.choice([0, 11, 40]) << r.choice([0, 29, 42, 50])
        value = struct.unpack(">d", struct.pack(">Q", bits & (2**64 - 1)))[0]
        return r.choice([value, math.ldexp(r.getrandbits(11), r.randint(-26, 8)), math.nan,
                         float(r.randint(-3000, 3000)), math.inf, -math.inf, -0.0])

    def text(self):
        top = self.random.choice([0x80, 0x800, 0xd800, 0x110000])
        points = (self.random.randrange(top) for _ in range(self.random.choice([0, 1, 5, 30])))
        return "".join(chr(c) for c in points if not 0xd800 <= c < 0xe000)

    def data(self):
        return self.random.randbytes(self.random.choice([0, 1, 8, 23, 24, 255, 256]))

    def reference(self):
        return CBORTag(REF_TAG, self.random.randbytes(32))

    def key(self):
        return self.random.choice([self.integer, self.text, self.data])()

    def value(self, depth=0):
        kinds = [self.integer, self.real, self.text, self.data, self.reference,
                 lambda: self.random.choice([None, True, False])]
        if depth < DEPTH_MAX and self.random.random() < (0.9 if depth < 2 else 0.4):
            kinds = [lambda: self.items(depth), lambda: self.map(depth)]
        return self.random.choice(kinds)()

    def items(self, depth):
        return [self.value(depth + 1) for _ in range(self.random.choice([0, 1, 2, 5]))]

    def map(self, depth, key=None):
        keys = {encode(k): k for k in ((key or self.key)()
                                       for _ in range(self.random.choice([0, 1, 3, 6])))}
        return Map([(k, self.value(depth + 1)) for k in keys.values()])

    def shuffled(self, pairs):
        self.random.shuffle(pairs)
        return pairs

    def mutated(self, body):
        r, body = self.random, bytearray(body)
        for _ in range(r.choice([1, 1, 1, 2, 4])):
            at = r.randrange(len(body) + 1)
            action = r.randrange(4)
            if action == 0 and at < len(body):
                body[at] = r.getrandbits(8)
            elif action == 1 and at < len(body):
                body[at] ^= 1 << r.randrange(8)
            elif action == 2:
                body[at:at + r.randrange(3)] = b""
            else:
                body[at:at] = r.randbytes(r.randint(1, 2))
        return bytes(body)


def dict_of(value):
    """Map turned into dict, as cbor2 would have it."""
    if isinstance(value, Map):
        return {k: dict_of(v) for k, v in value.pairs}
    return [dict_of(v) for v in value] if isinstance(value, list) else value


class Oracle(unittest.TestCase):
    def setUp(self):
        self.maker = Maker(SEED)
        self.values = [v for v in (self.maker.value() for _ in range(count(3000)))
                       if len(encode(v)) < 4000]
        self.assertGreater(len(self.values), count(3000) * 9 // 10)

    def test_what_cbor2_writes_we_read_as_the_same(self):
        answers = ask([f"read {encode(v).hex()}" for v in self.values])
        for value, answer in zip(self.values, answers):
            self.assertEqual(answer, " ".join(words(value)))

    def test_what_we_write_is_what_cbor2_writes_and_reads(self):
        """Keys are put in random order; words that were read are written back as well."""
        lines = ["write " + " ".join(words(v, self.maker.shuffled)) for v in self.values]
        for value, answer in zip(self.values, ask(lines)):
            self.assertEqual(answer, encode(value).hex())
            self.assertEqual(words(model(decode(bytes.fromhex(answer)))), words(value))

    def test_keys_of_one_type_have_cbor2s_own_canonical_order(self):
        """Where RFC 7049 and RFC 8949 agree, nothing of ours orders the keys."""
        maps = [self.maker.map(DEPTH_MAX - 1, key)
                for key in (self.maker.text, self.maker.data) for _ in range(count(500))]
        maps = [m for m in maps if len(encode(m)) < 4000]
        answers = ask(["write " + " ".join(words(m, self.maker.shuffled)) for m in maps])
        for value, answer in zip(maps, answers):
            self.assertEqual(answer, encode(dict_of(value)).hex())

    def judge(self, body):
        """The words of a body that must be accepted, None for one that must not."""
        try:
            value = model(decode(body))
            return " ".join(words(value)) if encode(value) == body else None
        except Exception:  # pylint: disable=broad-except  # many kinds, all of them refusals
            return None

    def test_both_accept_the_same_mutated_bodies(self):
        small = [encode(v) for v in self.values if len(encode(v)) < 60]
        bodies = [self.maker.mutated(self.maker.random.choice(small))
                  for _ in range(count(40000))]
        accepted = 0
        for body, answer in zip(bodies, ask([f"read {b.hex()}" for b in bodies])):
            want = self.judge(body)
            if want is None:
                self.assertIn(answer, ("EBADMSG", "EOPNOTSUPP", "E2BIG"), body.hex())
            else:
                self.assertEqual(answer, want, body.hex())
                accepted += 1
        self.assertGreater(accepted, len(bodies) // 20)
        self.assertLess(accepted, len(bodies) * 19 // 20)


if __name__ == "__main__":
    unittest.main()
