"""The floor: plain PUTs by curl to a store, with nothing that could resume. What a store costs shows here."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from bench.harness.context import Context
from bench.peers.peer import Files, Peer, Target
from bench.peers.stage import Command, Stage
from bench.peers.stores import BUCKET


class Curl(Peer):
    """One process for all files; `curl --parallel` for more than one at a time."""

    role = "floor"

    def __init__(self, context: Context, store: str) -> None:
        super().__init__(context)
        self.name, self.store = f"curl to {store}", store

    def missing(self) -> str:
        return "" if shutil.which("curl") else "curl is not installed"

    def put_files(self, stage: Stage, target: Target, files: Files, parallel: int) -> Sequence[Command]:
        config = stage.folder / "curl.conf"
        config.write_text("next\n".join(self._put(target, file.name, str(file)) for file in files))
        many = ["--parallel", "--parallel-immediate", "--parallel-max", parallel] if parallel > 1 else []
        return [Command(["curl", *many, "--config", config])]

    def put_pipe(self, stage: Stage, target: Target, key: str) -> Command:
        raise NotImplementedError("S3 wants a length; the floor is the PUT of a file")

    @staticmethod
    def _put(target: Target, key: str, source: str) -> str:
        path = f"/{BUCKET}/{key}"
        headers = [f"{name}: {value}" for name, value in target.store.signed("PUT", path).items()]
        lines = [
            f'url = "{target.url}{path}"',
            f'upload-file = "{source}"',
            'output = "/dev/null"',
            *(f'header = "{header}"' for header in [*headers, "Expect:"]),
            "silent",
            "show-error",
            "fail",
        ]
        return "\n".join(lines) + "\n"
