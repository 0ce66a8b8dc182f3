"""What every peer is: which store it puts to, what serves in between, and the commands of its clients."""

from __future__ import annotations

import abc
import pathlib
from collections.abc import Mapping, Sequence

from bench.harness.context import Context
from bench.harness.processes import Process
from bench.peers.stage import Command, Stage
from bench.peers.stores import Store

Files = Sequence[pathlib.Path]


class Peer(abc.ABC):
    """Puts files under their names, and what it is piped under `key`. Its commands end with 0 once all is stored."""

    name: str
    store: str  # the name of the maker of its store
    role: str = "peer"  # or "ours", "floor"

    def __init__(self, context: Context) -> None:
        self.context = context

    @abc.abstractmethod
    def missing(self) -> str:
        """Which program is not there; empty if all are."""

    def serve(self, stage: Stage, target: Target) -> tuple[Process, str] | None:
        """Starts the server between client and store, if this peer has one: the process and its HOST:PORT. `target`:
        how it reaches the store."""
        return None

    @abc.abstractmethod
    def put_files(self, stage: Stage, target: Target, files: Files, parallel: int) -> Sequence[Command]:
        """Commands to be run `parallel` at a time. One command that takes all files keeps so many in work itself.

        A single file is put so that the upload could be resumed."""

    @abc.abstractmethod
    def put_pipe(self, stage: Stage, target: Target, key: str) -> Command:
        """A command that puts its standard input."""

    def resume(self, stage: Stage, target: Target, file: pathlib.Path) -> Command:
        """A command that is run, killed, and run again as it is."""
        return self.put_files(stage, target, [file], 1)[0]

    def stored(
        self, results: Sequence[Mapping[str, object]], files: Mapping[str, pathlib.Path]
    ) -> dict[str, pathlib.Path]:
        """Under which key each file is, after a run whose clients printed `results`. `files`: by the key asked for."""
        return dict(files)


class Target:
    """Where a client connects to: `netloc` is that of the server, or of the store where there is none in between, or
    of a relay before either."""

    def __init__(self, store: Store, netloc: str) -> None:
        self.store, self.netloc = store, netloc

    @property
    def url(self) -> str:
        return "http://" + self.netloc
