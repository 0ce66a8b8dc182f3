"""The OSS SDK for Python, version 2 (alibabacloud-oss-v2), by its Uploader: oss_python_client.py."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Sequence

from bench.harness.context import ROOT
from bench.peers.peer import Files, Peer, Target
from bench.peers.stage import Command, Stage
from bench.peers.stores import BUCKET

PYTHON = ROOT / ".cache/venv/bin/python"
CLIENT = pathlib.Path(__file__).with_name("oss_python_client.py")


class OssPython(Peer):
    """Its reference "Uploader" documents the defaults as they are used here: parts of 6 MiB, 3 at a time; files below
    a part by PutObject; CRC-64 compared. `enable_checkpoint` with `checkpoint_dir` is its way to resume. Several
    files: a pool of threads in one process. A pipe: `upload_from`, with a reader of it."""

    name = "OSS SDK for Python"
    store = "oss-emulator"

    def missing(self) -> str:
        found = list((ROOT / ".cache/venv/lib").glob("python3*/site-packages/alibabacloud_oss_v2"))
        return "" if found else "alibabacloud-oss-v2 is not installed: scripts/setup"

    def put_files(self, stage: Stage, target: Target, files: Files, parallel: int) -> Sequence[Command]:
        # The SDK takes the directory part of what it is given: without the slash it would be the folder above.
        checkpoints = str(stage.make("checkpoints")) + "/" if len(files) == 1 else ""
        return [self._command(target, files=[str(file) for file in files], parallel=parallel, checkpoints=checkpoints)]

    def put_pipe(self, stage: Stage, target: Target, key: str) -> Command:
        return self._command(target, pipe=key)

    @staticmethod
    def _command(target: Target, **job: object) -> Command:
        credential = target.store.credential
        job |= {"url": target.url, "bucket": BUCKET, "region": credential.region}
        return Command(
            [PYTHON, CLIENT, json.dumps(job)],
            {"OSS_ACCESS_KEY_ID": credential.key_id, "OSS_ACCESS_KEY_SECRET": credential.secret},
        )
