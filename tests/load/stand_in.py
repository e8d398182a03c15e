"""stand_in.py - small servers that are right, but for one fault that they were asked for.

A fault is given by its name and by the number of the reply that it befalls, counted from 1 over
all connections after the filling of keys. What follows is right again.
"""
import socket
import threading
import time


class Server:
    """Accepts on a free port of the loopback; each connection has a thread."""

    def __init__(self, fault=None, at=0, pipeline=1, pause=0.0, frame=64):
        self.fault, self.at, self.pause = fault, at, pause
        self.pipeline, self.frame = pipeline, frame
        self.replies = 0
        self.answered = 0  # as replies, but all of them
        self.done = False  # the fault has been made
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        self.connections = []
        self.threads = [threading.Thread(target=self.accept, daemon=True)]
        self.threads[0].start()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it has ended by itself
        for thread in self.threads:
            thread.join(10)

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections.append(connection)
            thread = threading.Thread(target=self.talk, args=(connection,), daemon=True)
            self.threads.append(thread)
            thread.start()

    def talk(self, connection):
        state = self.fresh_state()
        unread = b""
        with connection:
            while True:
                try:
                    data = connection.recv(65536)
                except OSError:
                    return
                if not data:
                    return
                requests, unread = self.split(unread + data)
                while self.wants_more(requests):
                    data = connection.recv(65536)
                    more, unread = self.split(unread + data)
                    requests += more
                replies = [self.answer(state, request) for request in requests]
                replies = self.spoil(replies, state)
                if replies is None:
                    return
                try:
                    connection.sendall(b"".join(replies))
                except OSError:
                    return
                with self.lock:
                    self.answered += len(replies)

    def counts(self, state):
        """Do replies of this connection count yet?"""
        return True

    def wants_more(self, requests):
        """To close with a whole pipeline unanswered, all of it must have come."""
        near = not self.done and self.replies + len(requests) >= self.at
        return self.fault == "close" and near and len(requests) < self.pipeline

    def spoil(self, replies, state):
        """Makes the fault if it is due; None closes the connection."""
        with self.lock:
            if not self.counts(state):
                return replies
            first = self.replies
            self.replies += len(replies)
            if self.fault is None or self.done or self.replies < self.at:
                return replies
            index = max(0, self.at - first - 1)
            spoiled = getattr(self, "make_" + self.fault)(list(replies), index)
            self.done = self.done or spoiled is None or spoiled != replies
            return spoiled

    def make_drop(self, replies, index):
        del replies[index]
        return replies

    def make_repeat(self, replies, index):
        replies.insert(index, replies[index])
        return replies

    def make_exchange(self, replies, index):
        """The first two neighbours that can be told apart; later, if there are none here."""
        for i in range(len(replies) - 1):
            if replies[i] != replies[i + 1]:
                replies[i], replies[i + 1] = replies[i + 1], replies[i]
                break
        return replies

    def make_corrupt(self, replies, index):
        """Changes a byte within a payload, so that only the proof can show it."""
        for i, reply in enumerate(replies):
            if len(reply) >= 40:
                replies[i] = reply[:34] + bytes([reply[34] ^ 1]) + reply[35:]
                break
        return replies

    def make_close(self, replies, index):
        return None

    def make_stall(self, replies, index):
        time.sleep(self.pause)
        self.done = True
        return replies

    def make_mute(self, replies, index):
        return []


class Resp(Server):
    """GET, SET and ECHO. Each connection has its own keys, or else the faults of one would
    show on others."""

    def __init__(self, *args, keys=50, **kwargs):
        self.keys = keys  # written by each connection before its replies count
        super().__init__(*args, **kwargs)

    def fresh_state(self):
        return {"now": {}, "before": {}}

    def counts(self, state):
        return len(state["now"]) >= self.keys

    def split(self, data):
        requests = []
        while True:
            words, rest = self.split_one(data)
            if words is None:
                return requests, data
            requests.append(words)
            data = rest

    @staticmethod
    def split_one(data):
        head, mark, rest = data.partition(b"\r\n")
        if not mark:
            return None, data
        words = []
        for _ in range(int(head[1:])):
            head, mark, rest = rest.partition(b"\r\n")
            if not mark or len(rest) < int(head[1:]) + 2:
                return None, data
            words.append(rest[:int(head[1:])])
            rest = rest[int(head[1:]) + 2:]
        return words, rest

    @staticmethod
    def bulk(value):
        return b"$-1\r\n" if value is None else b"$%d\r\n%s\r\n" % (len(value), value)

    def answer(self, state, words):
        if words[0] == b"SET":
            if words[1] in state["now"]:
                state["before"][words[1]] = state["now"][words[1]]
            state["now"][words[1]] = words[2]
            return b"+OK\r\n"
        if words[0] == b"ECHO":
            return self.bulk(words[1])
        if self.due(state) and self.fault == "old" and words[1] in state["before"]:
            self.done = True
            return self.bulk(state["before"][words[1]])
        if self.due(state) and self.fault == "forget":
            self.done = True
            return self.bulk(None)
        return self.bulk(state["now"].get(words[1]))

    def due(self, state):
        return self.counts(state) and not self.done and self.replies >= self.at

    def make_old(self, replies, index):
        return replies  # answer() does it

    make_forget = make_old

    def make_refuse(self, replies, index):
        replies[index] = b"-ERR not today\r\n"
        return replies

    def make_nonsense(self, replies, index):
        replies[index] = b"?" + replies[index][1:]
        return replies

    def make_foreign(self, replies, index):
        """The right kind of reply, but the value of another key."""
        for i in range(len(replies) - 1, 0, -1):
            both = replies[i][:1] == replies[i - 1][:1] == b"$"
            if both and replies[i] != replies[i - 1]:
                replies[i] = replies[i - 1]
                break
        return replies


class Echo(Server):
    """Frames of one size, sent back."""

    def fresh_state(self):
        return None

    def split(self, data):
        whole = len(data) // self.frame * self.frame
        frames = [data[i:i + self.frame] for i in range(0, whole, self.frame)]
        return frames, data[whole:]

    def answer(self, state, frame):
        return frame
