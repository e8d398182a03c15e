"""oracle_script.py - draws command scripts from a seed and compares replies."""
from kv_programs import encode, replies_of

KEYS = [b"a", b"b", b"c", b"key:1", b"key:2", b"{t}x", b"", b"\x00\xff\r\n", b"k" * 40,
        b"long" * 300, b"h" * 40000]
NUMBERS = [b"0", b"1", b"-1", b"7", b"10", b"100", b"007", b"+5", b" 5", b"5 ", b"1.5", b"",
           b"9223372036854775807", b"-9223372036854775808", b"9223372036854775808",
           b"92233720368547758070", b"-9223372036854775809", b"9223372036854775",
           b"9223372036854776", b"-9223372036854775", b"x", b"1e3", b"-0", b"00", b"0x10"]
FLOATS = [b"0", b"1.5", b"-1.5", b"3.0e3", b"1e-10", b"0.1", b"0.2", b"5.0", b"inf", b"-inf",
          b"nan", b"1e400", b"1e5000", b"1e-5000", b" 1", b"1 ", b"", b"abc", b"0x1p3", b"+1",
          b"-0.0", b"123456789012345678901234567890", b".5", b"5."]
VALUES = [b"", b"x", b"hello", b"hello world", b"12345", b"-12345", b"3.14", b"\x00\x01\xff",
          b"007", b"9223372036854775807", b"v" * 60, b"w" * 500, b"y" * 3000, b"z" * 70000]
PATTERNS = [b"*", b"", b"?", b"a*", b"*a", b"key:*", b"key:[12]", b"key:[^1]", b"[a-c]",
            b"[c-a]", b"\\*", b"k**", b"*k*k*", b"[", b"[a", b"[^", b"a\\", b"\\", b"?*",
            b"*?", b"long*g",
            b"[]", b"[^]", b"[a-", b"key:[\\1-3]"]
# Nothing that would expire while a script runs.
NO_SHORT_TIME = [n for n in NUMBERS if n not in (b"1", b"7", b"10", b"100")]
FAR = [b"4102444800", b"4102444800000", b"4000000000", b"0", b"-5"]
CHANNELS = [b"news", b"", b"x" * 50, b"\x00\r\n"]

EXPIRY_WORDS = [b"EX", b"PX", b"EXAT", b"PXAT", b"ex", b"Px"]
TIMED = {"ttl": 2, "pttl": 2000, "expiretime": 2, "pexpiretime": 2000}

PROTOCOL_CASES = [
    b"*x\r\n", b"*\r\n", b"*2147483648\r\n", b"*99999999999999999999\r\n", b"*-10\r\nPING\r\n",
    b"*1\r\n$x\r\n", b"*1\r\n$-1\r\n", b"*1\r\n$536870913\r\n", b"*1\r\nPING\r\n",
    b"*1\r\n\r\n", b"*1\r\n:1\r\n", b"*01\r\n", b"*+1\r\n", b"*1\r\n$+4\r\nPING\r\n",
    b"*1\r\n$04\r\nPING\r\n", b"*0\r\nPING\r\n", b"*-1\r\nPING\r\n", b"\r\nPING\r\n",
    b"\nPING\n",
    b"PING\n", b"   PING   \r\n", b"\"PING\"\r\n", b"\"PI\\x4eG\"\r\n", b"'PING'\r\n",
    b"\"PING\r\n", b"'PING\r\n", b"\"PING\"x\r\n", b"SET a \"b c\"\r\nGET a\r\n",
    b"SET a 'b\\'c'\r\nGET a\r\n", b"ECHO \"\\n\\r\\t\\a\\b\\\\\\\"\"\r\n",
    b"ECHO \"\\xzz\\q\"\r\n",
    b"ECHO ab\"cd\"\r\n", b"ECHO \"\"\r\n", b"PING\r\n*1\r\n!\r\n", b"x" * 70000,
    b"*" + b"1" * 70000, b"*1\r\n$" + b"1" * 70000,
    b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$5\r\nhelloXXGET a\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"*2\r\n$4\r\nECHO\r\n$0\r\n\r\n", b"*1\r\n$0\r\n\r\n", b"SET a\tb\r\nGET a\r\n",
    b"PING\r\nQUIT\r\nPING\r\n",
]


class Command:
    def __init__(self, words, inline=False):
        self.words = words
        self.name = words[0].decode("latin1").lower()
        self.replies = self.count_replies()
        if inline:
            self.request = b" ".join(words) + b"\r\n"
        else:
            self.request = encode(*words)

    def count_replies(self):
        if self.name in ("unsubscribe", "punsubscribe") and len(self.words) > 2:
            return len(self.words) - 1
        return 1

    def text(self):
        return " ".join(repr(w)[1:] if len(w) < 80 else f"<{len(w)} x {w[:1]!r}>"
                        for w in self.words)


class Script:
    """A random script. Draws keys from few, so that commands meet."""

    def __init__(self, rng):
        self.rng = rng
        self.keys = rng.sample(KEYS, 4)
        if rng.random() < 0.7:
            self.keys = [k for k in self.keys if len(k) < 1000] or [b"a"]

    def key(self):
        return self.rng.choice(self.keys)

    def pick(self, values):
        return self.rng.choice(values)

    def value(self):
        return self.pick(VALUES if self.rng.random() < 0.7 else NUMBERS + FLOATS)

    def some(self, make, most=4):
        return [make() for _ in range(self.rng.randint(1, most))]

    def set(self):
        words = [b"SET", self.key(), self.value()]
        for _ in range(self.pick([0, 0, 0, 1, 1, 2, 3])):
            word = self.pick(EXPIRY_WORDS * 2 + [b"NX", b"XX", b"GET", b"KEEPTTL", b"nx",
                                     b"bad",
                                                 b"keepttl", b"PERSIST"])
            words.append(word)
            if word in EXPIRY_WORDS and self.rng.random() < 0.9:
                words.append(self.moment(word))
        return words

    def moment(self, word):
        if self.rng.random() < 0.2:
            return self.pick(NO_SHORT_TIME)
        if word.lower() == b"exat":
            return self.pick([b"4102444800", b"1", b"4000000000"])
        if word.lower() == b"pxat":
            return self.pick([b"4102444800000", b"1", b"4000000000123"])
        return self.span()

    def span(self):
        """A relative time; no two are alike, so that GT and LT do not hang on a millisecond."""
        return b"%d" % (self.rng.randint(1, 10**6) * 100000)

    def getex(self):
        words = [b"GETEX", self.key()]
        for _ in range(self.pick([0, 1, 1, 2])):
            word = self.pick(EXPIRY_WORDS + [b"PERSIST", b"persist", b"NX"])
            words.append(word)
            if word in EXPIRY_WORDS and self.rng.random() < 0.9:
                words.append(self.moment(word))
        return words

    def expire(self):
        name = self.pick([b"EXPIRE", b"PEXPIRE", b"EXPIREAT", b"PEXPIREAT"])
        when = self.pick(FAR + [self.span()] if self.rng.random() < 0.8 else NO_SHORT_TIME)
        words = [name, self.key(), when]
        for _ in range(self.pick([0, 0, 1, 1, 2])):
            words.append(self.pick([b"NX", b"XX", b"GT", b"LT", b"gt", b"bad"]))
        return words

    def pairs(self):
        words = []
        for _ in range(self.rng.randint(1, 4)):
            words += [self.key(), self.value()]
        return words[:-1] if self.rng.random() < 0.1 else words

    def scan(self):
        words = [b"SCAN", self.pick([b"0", b"x", b"", b"-", b"0 ", b"99999999999999999999"])]
        if self.rng.random() < 0.5:
            words += [b"MATCH", self.pick(PATTERNS)]
        if self.rng.random() < 0.5:
            words += [b"COUNT", self.pick([b"1000", b"0", b"-1", b"x"])]
        if self.rng.random() < 0.3:
            words += [b"TYPE", self.pick([b"string", b"STRING", b"list"])]
        return words[:-1] if self.rng.random() < 0.1 else words

    def connection(self):
        return self.pick([
            [b"PING"], [b"PING", self.value()], [b"ECHO", self.value()], [b"SELECT", b"0"],
            [b"SELECT", self.pick(NUMBERS)], [b"HELLO", self.pick([b"2", b"3"])],
            [b"HELLO", self.pick(NUMBERS)], [b"HELLO", b"3", b"SETNAME", b"joe"],
            [b"HELLO", b"2", b"SETNAME", b"a b"], [b"HELLO", b"3", b"AUTH", b"default", b"x"],
            [b"HELLO", b"3", b"AUTH", b"joe", b"x"], [b"HELLO", b"2", b"WHAT"],
            [b"CLIENT", b"SETNAME", self.pick([b"joe", b"", b"a b", b"x\n"])],
            [b"CLIENT", b"GETNAME"], [b"CLIENT", b"WHAT"], [b"CLIENT"], [b"CLIENT", b"SETNAME"],
            [b"CLIENT", b"ID", b"x"], [b"AUTH", b"x"], [b"AUTH", b"default", b"x"],
            [b"AUTH", b"joe", b"x"], [b"AUTH"], [b"CONFIG", b"GET"], [b"CONFIG", b"WHAT"],
            [b"CONFIG"], [b"CONFIG", b"GET", b"save"], [b"CONFIG", b"GET", b"appendonly"],
            [b"CONFIG", b"GET", b"nothing"], [b"CONFIG", b"GET", b"appendonl[xy]"],
            [b"COMMAND", b"WHAT"], [b"COMMAND", b"COUNT", b"x"], [b"COMMAND", b"INFO", b"nope"],
            [b"RESET"], [b"QUITE"], [b"INFO", b"nothing"],
            [b"PUBLISH", self.pick(CHANNELS), self.value()], [b"UNSUBSCRIBE"],
            [b"PUNSUBSCRIBE"],
            [b"UNSUBSCRIBE", b"a", b"b"], [b"PUNSUBSCRIBE", b"*"], [b"PUBSUB", b"NUMPAT"],
            [b"PUBSUB", b"NUMSUB"], [b"PUBSUB", b"CHANNELS"], [b"PUBSUB", b"NUMSUB", b"x",
            b"y"],
        ])

    def nonsense(self):
        word = self.pick([b"FOO", b"getx", b"", b"\r\n", b"x" * 200, b"GE\x14", b"GET\x00",
                          b"get ", b"statistics", b"put", b"randomkeyrandomkey", b"\xff"])
        return [word] + [self.value() for _ in range(self.rng.randint(0, 3))]

    def wrong_arity(self):
        name = self.pick([b"GET", b"SET", b"INCR", b"APPEND", b"MGET", b"MSET", b"DEL", b"TTL",
                          b"EXPIRE", b"GETRANGE", b"SETRANGE", b"DBSIZE", b"KEYS", b"SCAN",
                          b"RENAME", b"SETEX", b"GETSET", b"STRLEN", b"PUBLISH", b"SUBSCRIBE",
                          b"RANDOMKEY", b"MSETNX", b"ECHO", b"PING", b"SELECT", b"FLUSHALL",
                          b"TYPE", b"PERSIST", b"GETDEL", b"GETEX", b"INCRBYFLOAT", b"EXISTS",
                          b"TIME", b"RESET", b"TOUCH", b"SUBSTR", b"RENAMENX"])
        return [name] + [self.key() for _ in range(self.rng.randint(0, 5))]

    def command(self):
        key, value, number = self.key, self.value, lambda: self.pick(NUMBERS)
        makers = [
            lambda: [b"GET", key()], self.set, self.set, self.set,
            lambda: [b"SETNX", key(), value()], lambda: [b"GETSET", key(), value()],
            lambda: [b"SETEX", key(), self.moment(b"EX"), value()],
            lambda: [b"PSETEX", key(), self.moment(b"PX"), value()],
            lambda: [b"GETDEL", key()], self.getex,
            lambda: [b"MGET"] + self.some(key), lambda: [b"MSET"] + self.pairs(),
            lambda: [b"MSETNX"] + self.pairs(), lambda: [b"APPEND", key(), value()],
            lambda: [b"STRLEN", key()], lambda: [b"GETRANGE", key(), number(), number()],
            lambda: [b"SUBSTR", key(), number(), number()],
            lambda: [b"SETRANGE", key(), self.pick([b"0", b"1", b"10", b"3000", b"536870912",
                                                    b"-1", b"x", b"536870911"]),
                     self.pick([b"", b"zz", b"q" * 100])],
            lambda: [b"INCR", key()], lambda: [b"DECR", key()],
            lambda: [b"INCRBY", key(), number()], lambda: [b"DECRBY", key(), number()],
            lambda: [b"INCRBYFLOAT", key(), self.pick(FLOATS)],
            lambda: [b"EXISTS"] + self.some(key), lambda: [b"DEL"] + self.some(key, 2),
            lambda: [b"UNLINK"] + self.some(key, 2), lambda: [b"TOUCH"] + self.some(key),
            lambda: [b"TYPE", key()], self.expire, self.expire,
            lambda: [self.pick([b"TTL", b"PTTL", b"EXPIRETIME", b"PEXPIRETIME"]), key()],
            lambda: [b"PERSIST", key()], lambda: [b"KEYS", self.pick(PATTERNS)], self.scan,
            lambda: [b"RANDOMKEY"], lambda: [b"RENAME", key(), key()],
            lambda: [b"RENAMENX", key(), key()],
            lambda: [self.pick([b"FLUSHALL", b"FLUSHDB"])] + self.pick([[], [b"ASYNC"],
                     [b"bad"]]),
            self.connection, self.connection, self.nonsense, self.wrong_arity,
        ]
        words = self.pick(makers)()
        if self.rng.random() < 0.2:
            words[0] = words[0].lower()
        plain = all(w and w.isalnum() for w in words) and sum(map(len, words)) < 2000
        return Command(words, inline=plain and self.rng.random() < 0.3)

    def commands(self):
        commands = []
        for _ in range(self.rng.randint(1, 60)):
            command = self.command()
            if command.name == "dbsize":
                continue
            # More than one reply, or a state in which others are refused: check_pubsub does it.
            if command.name in ("subscribe", "psubscribe") and len(command.words) > 1:
                continue
            commands.append(command)
        # At last, what is there: nothing differs unseen.
        commands += [Command([b"KEYS", b"*"]), Command([b"MGET"] + self.keys)]
        commands += [Command([b"PEXPIRETIME", k]) for k in self.keys]
        return commands


def split_sizes(rng, total):
    """Where to cut the bytes of a script; mostly nowhere."""
    pick = rng.random()
    if pick < 0.6:
        return []
    if pick < 0.7 and total < 3000:
        return [1] * total
    return [rng.randint(1, max(1, total // 3)) for _ in range(rng.randint(1, 20))]


def elements(frame):
    """The elements of an array, sorted."""
    found, _ = replies_of(frame[frame.index(b"\r\n") + 2:], 1 << 30)
    return sorted(found)


def same_reply(command, ours, theirs):
    if ours == theirs:
        return True
    if len(ours) != len(theirs) or not ours or ours[0][:1] != theirs[0][:1]:
        return False
    name, mine, other = command.name, ours[0], theirs[0]
    if name in TIMED and mine[:1] == b":":
        return int(mine[1:]) > 0 and abs(int(mine[1:]) - int(other[1:])) <= TIMED[name]
    if name == "keys" and mine[:1] == b"*":
        return elements(mine) == elements(other)
    if name == "scan" and mine[:1] == b"*":
        return True
    if name == "randomkey" and mine[:1] == b"$":
        return (mine == b"$-1\r\n") == (other == b"$-1\r\n")
    if name == "hello" and mine[:1] in b"*%":
        return without_id(mine) == without_id(other)
    if name in ("time", "command"):
        return mine[:1] == other[:1]
    return name == "info"


def without_id(frame):
    before, _, after = frame.partition(b"$2\r\nid\r\n")
    return before, after.partition(b"\r\n")[2]
