"""Penstock itself: `penstock put` to a penstockd of its own, which stores in the emulator."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from bench.harness.context import Context
from bench.harness.processes import Process
from bench.peers.peer import Files, Peer, Target
from bench.peers.stage import Command, Stage
from bench.peers.stores import BUCKET

REMOTE = "store"
TOKEN_SECRET = "bench-not-a-real-token-secret"


def serve(context: Context, stage: Stage, target: Target) -> tuple[Process, str]:
    """A penstockd as docs/operations.md has it for a local network: the defaults, and `bdp_probe` off."""
    credential = target.store.credential
    folder = stage.make("penstockd")
    remote = {
        "backend": "oss",
        "endpoint": target.url,
        "region": credential.region,
        "access_key_id": credential.key_id,
        "access_key_secret_file": str(stage.folder / "secret"),
    }
    config = folder / "penstockd.toml"
    config.write_text(
        _table("server", {"listen": ["127.0.0.1:0"], "bdp_probe": False})
        + _table("store", {"path": str(folder / "sessions.db")})
        + _table(f"remotes.{REMOTE}", remote)
    )
    process = stage.start("server", Command([context.program("penstockd"), "--config", config]))
    address = process.listening()
    process.wait_line("ready")
    return process, address


def _table(name: str, settings: Mapping[str, object]) -> str:
    return f"[{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items())


class Penstock(Peer):
    """The tool, one process for all files. The same command resumes: docs/cli.md."""

    name = "penstock put"
    store = "oss-emulator"
    role = "ours"

    def missing(self) -> str:
        absent = [name for name in ("penstock", "penstockd") if not (self.context.build / "bin" / name).exists()]
        return f"{absent[0]} is not built" if absent else ""

    def serve(self, stage: Stage, target: Target) -> tuple[Process, str]:
        return serve(self.context, stage, target)

    def put_files(self, stage: Stage, target: Target, files: Files, parallel: int) -> Sequence[Command]:
        # Below the bucket, under their names.
        return [self._command(target, list(files), "", "--transfers", parallel)]

    def put_pipe(self, stage: Stage, target: Target, key: str) -> Command:
        return self._command(target, ["-"], key)

    def _command(self, target: Target, sources: Sequence[object], key: str, *more: object) -> Command:
        return Command(
            [
                self.context.program("penstock"),
                "put",
                *sources,
                f"{REMOTE}:{BUCKET}/{key}",
                "--server",
                target.netloc,
                "--quiet",
                *more,
            ],
            {"PENSTOCK_TOKEN_SECRET": TOKEN_SECRET},
        )
