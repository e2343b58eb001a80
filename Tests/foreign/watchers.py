"""Clients of WatchUsers that resume: by gRPC, and by JSON over HTTP/1.1, many in one thread."""

import hashlib
import json
import selectors
import socket
import threading
import time
from urllib.parse import quote

import grpc
from users.v1 import users_pb2 as pb


class Watcher:
    """Follows WatchUsers in a thread, and goes on from its last token whenever the stream ends."""

    def __init__(self, service, **request):
        """`service` gives the server of the moment: another one after a restart."""
        self.service = service
        self.request = request
        self.token = ""
        self.events = []
        self.endings = []
        self.is_over = False
        self.has_begun = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.is_over:
            try:
                self.call = self.service().stub(enable_retries=0).WatchUsers(
                    pb.WatchUsersRequest(resume_token=self.token, **self.request))
                for message in self.call:
                    self.token = message.resume_token
                    self.has_begun.set()
                    if message.HasField("event"):
                        self.events.append(message.event)
                    if self.is_over:
                        return
            except (grpc.RpcError, ValueError) as error:  # ValueError: the channel was closed
                if not self.is_over:
                    self.endings.append(error)
                    time.sleep(0.05)

    def __enter__(self):
        self.thread.start()
        assert self.has_begun.wait(60)
        return self

    def __exit__(self, *_):
        self.is_over = True
        self.call.cancel()
        self.thread.join()


def check_order(events):
    """The events of each user are in the order of its changes, and none is missing. They may come more than once."""
    versions = {}
    for event in events:
        known = versions.get(event.user_id, 0)
        assert event.version <= known + 1, f"user {event.user_id}: {event.version} after {known}"
        versions[event.user_id] = max(known, event.version)
    return versions


class _Line:
    """One of the crowd."""

    def __init__(self):
        self.token = ""
        self.count = 0
        self.hash = hashlib.sha256()
        self.reset()

    def reset(self):
        self.socket, self.input, self.body, self.has_head, self.is_streaming = None, b"", b"", False, False

    def feed(self, data):
        self.input += data
        if not self.has_head:
            head, found, rest = self.input.partition(b"\r\n\r\n")
            if not found:
                return
            assert head.startswith(b"HTTP/1.1 200 "), head
            self.has_head, self.input = True, rest
        while True:
            size, found, rest = self.input.partition(b"\r\n")
            if not found:
                break
            length = int(size, 16)
            if len(rest) < length + 2:
                break
            self.body += rest[:length]
            self.input = rest[length + 2:]
        *lines, self.body = self.body.split(b"\n")
        for line in lines:
            self.take(line)

    def take(self, line):
        message = json.loads(line)
        if "resumeToken" not in message:
            return  # why the stream ends
        self.token, self.is_streaming = message["resumeToken"], True
        if "event" in message:
            self.count += 1
            self.hash.update(line)


class Crowd:
    """Watchers by newline-delimited JSON, each on a connection of its own. They resume by themselves."""

    def __init__(self, address, count):
        """`address` gives HOST:PORT of the moment."""
        self.address = address
        self.lines = [_Line() for _ in range(count)]
        self.selector = selectors.DefaultSelector()
        self.is_over = False
        self.error = None
        self.thread = threading.Thread(target=self.run)

    def run(self):
        try:
            while not self.is_over:
                for line in self.lines:
                    if line.socket is None:
                        self.connect(line)
                for key, _ in self.selector.select(0.05):
                    self.read(key.data)
        except BaseException as error:  # told by the test's own thread
            self.error = error

    def connect(self, line):
        host, port = self.address().rsplit(":", 1)
        line.reset()
        target = "/v1/users:watch" + (f"?resumeToken={quote(line.token)}" if line.token else "")
        try:
            connection = socket.create_connection((host, int(port)), timeout=30)
            connection.sendall(f"GET {target} HTTP/1.1\r\nhost: {host}\r\n\r\n".encode())
        except OSError:  # the server is gone
            time.sleep(0.02)
            return
        connection.setblocking(False)
        line.socket = connection
        self.selector.register(line.socket, selectors.EVENT_READ, line)

    def read(self, line):
        try:
            data = line.socket.recv(1 << 18)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            return line.feed(data)
        self.selector.unregister(line.socket)
        line.socket.close()
        line.reset()

    @property
    def is_streaming(self):
        self.check()
        return all(line.is_streaming for line in self.lines)

    def have_seen(self, count):
        self.check()
        return all(line.count >= count for line in self.lines)

    def check(self):
        if self.error:
            raise self.error

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over = True
        self.thread.join()
        for line in self.lines:
            if line.socket:
                line.socket.close()
        self.check()
