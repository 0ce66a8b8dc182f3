"""One round of one peer, each on a stage of its own."""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

from bench.harness.context import Context
from bench.harness.model import Sample
from bench.harness.processes import Meter, Process, ProcessFailed
from bench.peers.counting import CountingRelay
from bench.peers.peer import Files, Peer, Target
from bench.peers.stage import Command, Crew, Stage
from bench.peers.stores import Store, StoreMaker

KILL_AT = 0.9  # of the bytes, as the store sees them
KEY = "object"


class WrongContent(Exception):
    """An upload ended well, and what is stored is not what was put."""


@dataclass
class Round:
    """What all kinds of rounds have in common. `check`: afterwards compares every object with its file, byte by
    byte."""

    context: Context
    peer: Peer
    maker: StoreMaker
    files: Files
    parallel: int = 1
    check: bool = False

    @property
    def bytes(self) -> int:
        return sum(file.stat().st_size for file in self.files)

    def put(self) -> Sample:
        """All files, `parallel` at a time."""

        def work(stage: Stage, target: Target, crew: Crew) -> None:
            crew.run(stage, self.peer.put_files(stage, target, self.files, self.parallel), self.parallel)

        return self._through(work, {file.name: file for file in self.files})

    def pipe(self) -> Sample:
        """The first file, through a pipe that tells no length. The floor has none of that: it puts the file."""
        if self.peer.role == "floor":
            return self.put()

        def work(stage: Stage, target: Target, crew: Crew) -> None:
            command = self.peer.put_pipe(stage, target, KEY)
            fifo = stage.folder / "pipe"
            os.mkfifo(fifo)
            # The shell becomes the client; cat is nobody's CPU time.
            piped = Command(["/bin/sh", "-c", 'exec "$@" <"$0"', fifo, *command.arguments], command.env, command.result)
            stage.start("cat", Command(["/bin/sh", "-c", 'exec cat "$1" >"$0"', fifo, self.files[0]]))
            crew.run(stage, [piped], 1)

        return self._through(work, {KEY: self.files[0]})

    def _through(self, work: Callable[[Stage, Target, Crew], None], files: dict[str, pathlib.Path]) -> Sample:
        with Stage(self.context) as stage:
            store = self.maker.start(stage)
            target, beside = Target(store, store.netloc), [store.process]
            if served := self.peer.serve(stage, target):
                target = Target(store, served[1])
                beside.append(served[0])
            crew, meter = Crew(), Meter(beside)
            work(stage, target, crew)
            sample = meter.sample(crew, {"seconds": crew.seconds, "bytes": self.bytes})
            self._compare(store, crew, files, sample)
            return sample

    def resume(self) -> Sample:
        """The first file: the client is killed when the store has seen most of it, and run again. `seconds` are those
        of the second run; CPU time is of both."""
        if self.peer.role == "floor":
            return self.put()
        with Stage(self.context) as stage, contextlib.ExitStack() as relays:
            store = self.maker.start(stage)
            to_store = relays.enter_context(contextlib.closing(CountingRelay(store.netloc)))
            from_client, beside = to_store, [store.process]
            if served := self.peer.serve(stage, Target(store, to_store.netloc)):
                from_client = relays.enter_context(contextlib.closing(CountingRelay(served[1])))
                beside.append(served[0])
            crew, meter = Crew(), Meter(beside)
            command = self.peer.resume(stage, Target(store, from_client.netloc), self.files[0])
            crew.count(self._killed(stage, command, to_store))
            begin = time.monotonic()
            crew.join(stage.start(crew.name, command), command)
            sample = meter.sample(
                crew,
                {
                    "seconds": time.monotonic() - begin,
                    "bytes": self.bytes,
                    "again_from_client": from_client.sent - self.bytes,
                    "again_to_store": to_store.sent - self.bytes,
                },
            )
            self._compare(store, crew, {self.files[0].name: self.files[0]}, sample)
            return sample

    def _killed(self, stage: Stage, command: Command, to_store: CountingRelay) -> Process:
        # Armed before there is a client: a small file may be through before this thread has its next turn.
        started: Future[Process] = Future()
        to_store.strike_at(int(self.bytes * KILL_AT), lambda: os.kill(started.result().pid, signal.SIGKILL))
        client = stage.start("client", command)
        started.set_result(client)
        code = client.wait()
        if code != -signal.SIGKILL:
            raise ProcessFailed(f"the first run ended with {code} before it was killed: {client.errors()}")
        return client

    def _compare(self, store: Store, crew: Crew, files: dict[str, pathlib.Path], sample: Sample) -> None:
        if not self.check:
            return
        stored = self.peer.stored(crew.results, files)
        if len(stored) != len(files):
            raise WrongContent(f"{len(stored)} of {len(files)} objects are told")
        if difference := store.differs(stored):
            raise WrongContent(difference)
        if self.peer.role == "ours":
            sample.extra["wrong_crc"] = 0.0  # one more comparison that B11 counts
