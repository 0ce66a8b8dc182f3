"""A TCP proxy whose connections a test can break or hold."""
import contextlib
import socket
import struct
import threading


class Proxy:
    """Forwards every connection to `target` (HOST:PORT), until break_connections resets those there are. Counts what
    clients sent. With `hold_after`, so many bytes of the target's go through, and no more until release; with
    `hold_sent_after`, so many of the clients'."""

    def __init__(self, target, hold_after=None, hold_sent_after=None):
        host, port = target.rsplit(":", 1)
        self._target = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self._listener.getsockname()[1]
        self.connections = 0
        self.sent = 0
        self._forwarding = 0
        self._changed = threading.Condition()  # _forwarding
        self._lock = threading.Lock()
        self._open = []
        self._left = hold_after  # bytes until it holds; None: it does not
        self._hold_sent_after = hold_sent_after
        self._held, self._released = threading.Event(), threading.Event()

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listener.close()
        self.release()
        self.break_connections()

    def break_connections(self):
        """Resets both sides of every connection."""
        with self._lock:
            broken, self._open = self._open, []
        for connection in broken:
            with contextlib.suppress(OSError):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def wait_idle(self, timeout=60):
        """Waits until every connection has ended: all that was sent is counted then."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._forwarding == 0, timeout), f"{self._forwarding} still open"

    def wait_held(self, timeout=120):
        """Waits until it holds."""
        assert self._held.wait(timeout), "not so much came"

    def release(self):
        self._released.set()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self._target)
            except OSError:
                client.close()
                continue
            with self._lock:
                self.connections += 1
                self._open += [client, server]
            with self._changed:
                self._forwarding += 2
            for source, sink, count in ((client, server, self._count), (server, client, self._hold)):
                threading.Thread(target=self._forward, args=(source, sink, count), daemon=True).start()

    def _count(self, data):
        with self._lock:
            self.sent += len(data)
            if self._hold_sent_after is None or self.sent <= self._hold_sent_after:
                return
        self._wait_for_release()

    def _hold(self, data):
        with self._lock:
            if self._left is None:
                return
            self._left -= len(data)
            if self._left >= 0:
                return
        self._wait_for_release()

    def _wait_for_release(self):
        self._held.set()
        self._released.wait()

    def _forward(self, source, sink, count):
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 18):
                count(data)
                sink.sendall(data)
        for connection in (source, sink):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        with self._changed:
            self._forwarding -= 1
            self._changed.notify_all()
