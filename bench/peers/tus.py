"""tusd with its S3 store, and tus-js-client: tus_client.js."""

from __future__ import annotations

import contextlib
import http.client
import json
import pathlib
import shutil
import time
from collections.abc import Mapping, Sequence

from bench.harness.processes import Process, ProcessFailed
from bench.peers.peer import Files, Peer, Target
from bench.peers.stage import Command, Stage, free_port
from bench.peers.stores import BUCKET, PEERS

SERVER = PEERS / "bin/tusd"
MODULE = PEERS / "npm/node_modules/tus-js-client"
CLIENT = pathlib.Path(__file__).with_name("tus_client.js")
PATH = "/files/"  # tusd's default


class Tusd(Peer):
    """tusd's page "S3 storage", section "Usage with MinIO": bucket, endpoint and credentials, all else by default
    (parts of 50 MiB, up to 10 at a time). The client by its API page: no `chunkSize` for files; for a stream it must
    have one, here tusd's part size, with `uploadLengthDeferred`; FileUrlStorage, findPreviousUploads and
    resumeFromPreviousUpload to resume. tusd chooses the name of each object; the client prints it."""

    name = "tusd, its S3 store"
    store = "MinIO"

    def missing(self) -> str:
        if not shutil.which("node"):
            return "node is not installed"
        absent = [path for path in (SERVER, MODULE) if not path.exists()]
        return f"{absent[0].name} is not built: bench/peers/build" if absent else ""

    def serve(self, stage: Stage, target: Target) -> tuple[Process, str]:
        credential = target.store.credential
        port = free_port()
        process = stage.start(
            "server",
            Command(
                [SERVER, "-host", "127.0.0.1", "-port", port, "-s3-bucket", BUCKET, "-s3-endpoint", target.url],
                {
                    "AWS_ACCESS_KEY_ID": credential.key_id,
                    "AWS_SECRET_ACCESS_KEY": credential.secret,
                    "AWS_REGION": credential.region,
                },
            ),
        )
        netloc = f"127.0.0.1:{port}"
        _wait_ready(process, netloc)
        return process, netloc

    def put_files(self, stage: Stage, target: Target, files: Files, parallel: int) -> Sequence[Command]:
        urls = str(stage.folder / "urls.json") if len(files) == 1 else ""
        return [self._command(target, files=[str(file) for file in files], parallel=parallel, urls=urls)]

    def put_pipe(self, stage: Stage, target: Target, key: str) -> Command:
        return self._command(target, pipe=key)

    @staticmethod
    def _command(target: Target, **job: object) -> Command:
        return Command(["node", CLIENT, MODULE, json.dumps({"endpoint": target.url + PATH, **job})], result=True)

    def stored(
        self, results: Sequence[Mapping[str, object]], files: Mapping[str, pathlib.Path]
    ) -> dict[str, pathlib.Path]:
        # An upload's URL ends in OBJECT+UPLOAD.
        return {
            str(url).rpartition("/")[2].partition("+")[0]: files[name]
            for result in results
            for name, url in result.items()
        }


def _wait_ready(process: Process, netloc: str) -> None:
    """Until it answers: what it logs before it listens is no sign."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.running():
        with contextlib.suppress(OSError, http.client.HTTPException):
            with contextlib.closing(http.client.HTTPConnection(netloc, timeout=5)) as connection:
                connection.request("OPTIONS", PATH)
                if connection.getresponse().status in (200, 204):
                    return
        time.sleep(0.05)
    raise ProcessFailed(f"tusd is not ready: {process.errors()}")
