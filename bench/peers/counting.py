"""A TCP relay that counts what clients send, and can strike at a given byte."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import threading
from collections.abc import Callable

STEP = 256 << 10


class CountingRelay:
    """Forwards every connection to `target` (HOST:PORT). The bytes go from socket to socket by splice(2) and never
    enter this process, so that it costs little."""

    def __init__(self, target: str) -> None:
        host, port = target.rsplit(":", 1)
        self._target = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.netloc = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._sent = 0
        self._strike_at: int | None = None
        self._strike: Callable[[], None] = lambda: None
        self._lock = threading.Lock()  # guards those; held while the strike lasts, so that nothing goes on meanwhile
        self._closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def sent(self) -> int:
        """What clients sent so far, in bytes, headers included."""
        with self._lock:
            return self._sent

    def strike_at(self, count: int, strike: Callable[[], None]) -> None:
        """Calls `strike` once, when so many bytes have come and before the last of them go on."""
        with self._lock:
            self._strike_at, self._strike = count, strike

    def close(self) -> None:
        """No new connections. Those that are open end with their clients."""
        self._closed = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept
        self._listener.close()

    def _accept(self) -> None:
        while not self._closed:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self._target)
            except OSError:
                client.close()
                continue
            for side in (client, server):
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._relay, args=(client, server), daemon=True).start()

    def _relay(self, client: socket.socket, server: socket.socket) -> None:
        """Both directions, to the end of both."""
        back = threading.Thread(target=_pump, args=(server, client, lambda _: None), daemon=True)
        back.start()
        _pump(client, server, self._count)
        back.join()
        client.close()
        server.close()

    def _count(self, moved: int) -> None:
        with self._lock:
            self._sent += moved
            if self._strike_at is not None and self._sent >= self._strike_at:
                self._strike_at = None
                self._strike()


def _pump(source: socket.socket, sink: socket.socket, count: Callable[[int], None]) -> None:
    """Moves bytes until `source` ends; then `sink` is told so, or is cut off if something broke."""
    read_end, write_end = os.pipe()
    how = socket.SHUT_WR
    try:
        fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, STEP)
        while (moved := os.splice(source.fileno(), write_end, STEP)) > 0:
            count(moved)
            while moved > 0:
                moved -= os.splice(read_end, sink.fileno(), moved)
    except OSError:
        how = socket.SHUT_RDWR
        with contextlib.suppress(OSError):
            source.shutdown(socket.SHUT_RDWR)
    finally:
        with contextlib.suppress(OSError):
            sink.shutdown(how)
        os.close(read_end)
        os.close(write_end)
