"""kv_programs.py - starting kv and redis-server, talking RESP to them."""
import os
import re
import signal
import socket
import subprocess
import time


def frame_end(data, at):
    """Index behind the reply that begins at `at`; -1 when it is not complete."""
    line = data.find(b"\r\n", at)
    if line < 0:
        return -1
    kind, count = data[at:at + 1], data[at + 1:line]
    at = line + 2
    if kind in b"$=":
        if int(count) < 0:
            return at
        end = at + int(count) + 2
        return end if end <= len(data) else -1
    if kind in b"*%~>":
        for _ in range(max(0, int(count)) * (2 if kind == b"%" else 1)):
            at = frame_end(data, at)
            if at < 0:
                return -1
    return at


def replies_of(data, count):
    """Up to `count` frames and what is left."""
    frames, at = [], 0
    while len(frames) < count and at < len(data):
        end = frame_end(data, at)
        if end < 0:
            break
        frames.append(data[at:end])
        at = end
    return frames, data[at:]


def encode(*words):
    """A request; words are bytes, text or numbers."""
    words = [w if isinstance(w, bytes) else str(w).encode() for w in words]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)


REDIS_OPTIONS = ["--save", "", "--appendonly", "no", "--databases", "1", "--port", "0",
                 "--timeout", "0", "--loglevel", "warning"]


class Server:
    """A child process that serves clients, and how to reach it."""

    def __init__(self, argv, address, ready):
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.address = address
        self.told = False
        try:
            ready(self)
        except Exception:
            self.stop()
            raise

    def tell(self):
        """Asks it to end; a second time would make it end at once."""
        if not self.told:
            self.told = True
            self.process.send_signal(signal.SIGTERM)

    def stop(self):
        self.tell()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        return self.process.returncode


def start_redis(folder):
    path = os.path.join(folder, "redis.sock")

    def ready(server):
        for _ in range(500):
            if server.process.poll() is not None:
                raise RuntimeError(server.process.stdout.read().decode())
            if os.path.exists(path):
                return
            time.sleep(0.02)
        raise RuntimeError("redis-server does not start")

    argv = ["redis-server", *REDIS_OPTIONS, "--unixsocket", path, "--dir", folder]
    return Server(argv, path, ready)


def kv_program():
    return os.path.join(os.environ.get("CY_TEST_BIN", "build/bin"), "kv")


def start_kv(*options):
    """A kv with these options on a free port of 127.0.0.1."""

    def ready(server):
        for line in server.process.stdout:
            match = re.search(rb"ready on \S*:(\d+)", line)
            if match:
                server.address = int(match.group(1))
                return
        raise RuntimeError(f"kv ended with {server.process.wait()}")

    return Server([kv_program(), "--port", "0", *map(str, options)], None, ready)


class Client:
    """One connection; requests go out in the given pieces, replies come back as raw frames."""

    def __init__(self, address):
        if isinstance(address, str):
            self.socket = socket.socket(socket.AF_UNIX)
        else:
            self.socket = socket.socket(socket.AF_INET)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            address = ("127.0.0.1", address)
        self.socket.settimeout(60)  # for what hangs
        self.socket.connect(address)
        self.rest = b""

    def send(self, data, sizes=()):
        for size in sizes:
            self.socket.sendall(data[:size])
            data = data[size:]
        if data:
            self.socket.sendall(data)

    def try_send(self, data, sizes=()):
        """As send(), but the server may close: what it said remains to be received."""
        try:
            self.send(data, sizes)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def receive(self, count):
        """So many frames; fewer when the server closes or falls silent."""
        frames, self.rest = replies_of(self.rest, count)
        while len(frames) < count:
            try:
                data = self.socket.recv(1 << 20)
            except (socket.timeout, ConnectionResetError):
                return frames + [b"<silence>"]
            if not data:
                return frames + [b"<closed>"]
            more, self.rest = replies_of(self.rest + data, count - len(frames))
            frames += more
        return frames

    def call(self, *words):
        """Sends one command and returns its raw reply."""
        self.send(encode(*words))
        return self.receive(1)[0]

    def until_closed(self):
        data = self.rest
        while True:
            try:
                more = self.socket.recv(1 << 20)
            except socket.timeout:
                return data + b"<open>"
            except ConnectionResetError:
                return data
            if not more:
                return data
            data += more

    def close(self):
        self.socket.close()
