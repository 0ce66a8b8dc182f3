"""The stores that peers put to. Each is started anew for every round, with an empty folder on the same disk."""

from __future__ import annotations

import contextlib
import http.client
import pathlib
import time
from dataclasses import dataclass

from bench.harness.context import ROOT, Context
from bench.harness.processes import Process, ProcessFailed
from bench.peers import signing
from bench.peers.signing import Credential, Dialect
from bench.peers.stage import Command, Stage, free_port

BUCKET = "bench-bucket"
PEERS = ROOT / ".cache/peers"
STEP = 1 << 20


@dataclass
class Store:
    """One that runs. Clients reach it at `netloc`, which a scenario may change to that of a relay."""

    process: Process
    netloc: str
    dialect: Dialect
    credential: Credential

    @property
    def url(self) -> str:
        return "http://" + self.netloc

    def signed(self, method: str, path: str) -> dict[str, str]:
        return signing.sign(self.dialect, self.credential, method, self.netloc, path)

    def make_bucket(self) -> None:
        status, answer = self._request("PUT", f"/{BUCKET}")
        if status != 200:
            raise ProcessFailed(f"the store does not make a bucket: {status} {answer!r}")

    def _request(self, method: str, path: str) -> tuple[int, bytes]:
        with contextlib.closing(http.client.HTTPConnection(self.netloc, timeout=60)) as connection:
            connection.request(method, path, headers=self.signed(method, path))
            response = connection.getresponse()
            return response.status, response.read()

    def differs(self, stored: dict[str, pathlib.Path]) -> str:
        """What is wrong with the objects, each compared byte by byte with its file; empty if nothing is."""
        with contextlib.closing(http.client.HTTPConnection(self.netloc, timeout=60)) as connection:
            for key, path in stored.items():
                connection.request("GET", f"/{BUCKET}/{key}", headers=self.signed("GET", f"/{BUCKET}/{key}"))
                response = connection.getresponse()
                if response.status != 200:
                    return f"{key} is not there: {response.status} {response.read(300)!r}"
                with open(path, "rb") as file:
                    while piece := response.read(STEP):
                        if file.read(len(piece)) != piece:
                            return f"{key} has other bytes than its file"
                    if file.read(1):
                        return f"{key} is shorter than its file"
        return ""


class EmulatorMaker:
    """oss-emulator. It writes to files without fsync. MD5 is off: the service computes it on machines of its own."""

    name = "oss-emulator"

    def __init__(self, context: Context) -> None:
        self._program = context.build / "bin/oss-emulator"

    def missing(self) -> str:
        return "" if self._program.exists() else f"{self._program} is not built"

    def start(self, stage: Stage) -> Store:
        credential = Credential("bench-key-id", "bench-not-a-real-secret", "cn-hangzhou")
        secret = stage.folder / "secret"
        secret.write_text(credential.secret)
        secret.chmod(0o600)
        process = stage.start(
            "store",
            Command(
                [
                    self._program,
                    "--listen",
                    "127.0.0.1:0",
                    "--data",
                    stage.make("store"),
                    "--bucket",
                    BUCKET,
                    "--region",
                    credential.region,
                    "--access-key-id",
                    credential.key_id,
                    "--access-key-secret-file",
                    secret,
                    "--no-md5",
                ]
            ),
        )
        return Store(process, process.wait_line("http://").removeprefix("http://"), signing.OSS, credential)


class MinioMaker:
    """MinIO with one drive. It hashes what it stores (MD5, HighwayHash) and syncs it to the disk."""

    name = "MinIO"

    def __init__(self, _: Context) -> None:
        self._program = PEERS / "bin/minio"

    def missing(self) -> str:
        return "" if self._program.exists() else "MinIO is not built: bench/peers/build"

    def start(self, stage: Stage) -> Store:
        credential = Credential("bench-key-id", "bench-not-a-real-secret", "us-east-1")
        netloc = f"127.0.0.1:{free_port()}"
        env = {
            "MINIO_ROOT_USER": credential.key_id,
            "MINIO_ROOT_PASSWORD": credential.secret,
            "MINIO_UPDATE": "off",
            "MINIO_BROWSER": "off",
        }
        process = stage.start(
            "store", Command([self._program, "server", stage.make("store"), "--address", netloc], env)
        )
        store = Store(process, netloc, signing.S3, credential)
        _wait_ready(process, netloc)
        store.make_bucket()
        return store


StoreMaker = EmulatorMaker | MinioMaker


def _wait_ready(process: Process, netloc: str) -> None:
    """MinIO says nothing that marks its being ready; it has a path for asking."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.running():
        with contextlib.suppress(OSError, http.client.HTTPException):
            with contextlib.closing(http.client.HTTPConnection(netloc, timeout=5)) as connection:
                connection.request("GET", "/minio/health/cluster")
                if connection.getresponse().status == 200:
                    return
        time.sleep(0.05)
    raise ProcessFailed(f"MinIO is not ready: {process.errors()}")
