"""Where one round of one peer happens: a folder, a fresh store, whatever serves in between, and all gone afterwards."""

from __future__ import annotations

import contextlib
import itertools
import pathlib
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from bench.harness.context import Context
from bench.harness.processes import Process, ProcessFailed

TIMEOUT = 1800  # seconds for a round of a peer


@dataclass(frozen=True)
class Command:
    """A client to be run. `result`: it prints a JSON object last."""

    arguments: Sequence[object]
    env: Mapping[str, str] = field(default_factory=dict)
    result: bool = False


class Stage:
    """Ends what was started on it and removes its folder when it is left."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="stage-", dir=context.temp))
        self._numbers = itertools.count()
        self._running = contextlib.ExitStack()

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def make(self, name: str) -> pathlib.Path:
        """A folder, made at the first call."""
        path = self.folder / name
        path.mkdir(exist_ok=True)
        return path

    def enter(self, manager: contextlib.AbstractContextManager[Process]) -> Process:
        return self._running.enter_context(manager)

    def start(self, name: str, command: Command) -> Process:
        """Of its stderr the log keeps everything until the stage is left."""
        log = self.folder / f"{next(self._numbers)}-{name}.log"
        env = {"HOME": str(self.make("home")), "TMPDIR": str(self.make("tmp")), **command.env}
        return self.enter(Process(name, command.arguments, log, env=env))


class Crew:
    """Clients that work together, measured as if they were one process: CPU time and peaks are summed.

    What they take in `slots` at a time, each slot has the peak of its largest client."""

    name = "client"

    def __init__(self) -> None:
        self._cpu = 0.0
        self._peaks: dict[int, int] = {}
        self._lock = threading.Lock()
        self.results: list[Mapping[str, object]] = []
        self.seconds = 0.0

    def run(self, stage: Stage, commands: Sequence[Command], slots: int) -> None:
        """To the end of all, or of the first that fails: ProcessFailed."""
        begin = time.monotonic()
        with ThreadPoolExecutor(min(slots, len(commands))) as pool:
            waited = [pool.submit(self._one, stage, command) for command in commands]
            try:
                for future in waited:
                    future.result()
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        self.seconds = time.monotonic() - begin

    def _one(self, stage: Stage, command: Command) -> None:
        process = stage.start(self.name, command)
        self.join(process, command)

    def join(self, process: Process, command: Command) -> None:
        """Waits for one that was started apart, and counts it."""
        result = process.result(TIMEOUT) if command.result else {}
        code = process.wait(TIMEOUT)
        if code != 0:
            raise ProcessFailed(f"ended with {code}: {process.errors()}")
        self.count(process)
        with self._lock:
            self.results.append(result)

    def count(self, ended: Process) -> None:
        with self._lock:
            self._cpu += ended.cpu_seconds()
            slot = threading.get_ident()
            self._peaks[slot] = max(self._peaks.get(slot, 0), ended.peak_rss())

    def cpu_seconds(self) -> float:
        return self._cpu

    def peak_rss(self) -> int:
        return sum(self._peaks.values())


_kept_ports: list[socket.socket] = []


def free_port() -> int:
    """A port that the system gives to nobody else while this process lives: a socket that does not listen keeps it.
    Servers bind it all the same, for they set SO_REUSEADDR as it does."""
    keeper = socket.socket()
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    keeper.bind(("127.0.0.1", 0))
    _kept_ports.append(keeper)
    port: int = keeper.getsockname()[1]
    return port
