"""The OSS SDK for Node.js (ali-oss), by its multipartUpload: oss_node_client.js."""

from __future__ import annotations

import json
import pathlib
import shutil
from collections.abc import Sequence

from bench.harness.context import ROOT
from bench.peers.peer import Files, Peer, Target
from bench.peers.stage import Command, Stage
from bench.peers.stores import BUCKET

MODULE = ROOT / ".cache/npm/node_modules/ali-oss"
CLIENT = pathlib.Path(__file__).with_name("oss_node_client.js")


class OssNode(Peer):
    """Its README, ".multipartUpload": parts of 1 MiB (the default and the example's), 5 at a time (the default; 4 in
    the example); below 100 KiB it puts the file at once. `checkpoint`, saved from `progress`, is its way to resume;
    here it goes to a file after each part, so that it survives. A pipe: `.putStream`, one chunked request, which OSS
    takes up to 5 GiB; its time limit of 60 s is raised, as the README's answer to ConnectionTimeoutError says."""

    name = "OSS SDK for Node.js"
    store = "oss-emulator"

    def missing(self) -> str:
        if not shutil.which("node"):
            return "node is not installed"
        return "" if MODULE.exists() else "ali-oss is not installed: scripts/setup"

    def put_files(self, stage: Stage, target: Target, files: Files, parallel: int) -> Sequence[Command]:
        checkpoint = str(stage.folder / "checkpoint.json") if len(files) == 1 else ""
        return [self._command(target, files=[str(file) for file in files], parallel=parallel, checkpoint=checkpoint)]

    def put_pipe(self, stage: Stage, target: Target, key: str) -> Command:
        return self._command(target, pipe=key)

    @staticmethod
    def _command(target: Target, **job: object) -> Command:
        credential = target.store.credential
        options = {
            "endpoint": target.url,
            "region": f"oss-{credential.region}",
            "bucket": BUCKET,
            "authorizationV4": True,
        }
        return Command(
            ["node", CLIENT, MODULE, json.dumps({"options": options, **job})],
            {"OSS_ACCESS_KEY_ID": credential.key_id, "OSS_ACCESS_KEY_SECRET": credential.secret},
        )
