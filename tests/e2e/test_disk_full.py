"""A full disk under the session store or under `local`: an error with RetryInfo, nothing acknowledged that is not stored,
and service resumes by itself when there is space again."""
import contextlib
import os
import subprocess

import grpc
import pytest

import harness
import rpc
from harness import BUCKET, MIB

TOKEN = "disk-full-token-0123456789"


@contextlib.contextmanager
def small_disk(path, size):
    path.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", path]).returncode:
        pytest.skip("needs root, to mount a small tmpfs")
    try:
        yield path
    finally:
        subprocess.run(["umount", "--lazy", path], check=True)


@contextlib.contextmanager
def filled(path):
    """Uses up what space there is, all of it."""
    filler = path / "filler"
    with open(filler, "wb", buffering=0) as file:
        with contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
    yield
    filler.unlink()


def failure_of(client, frames):
    with pytest.raises(rpc.Failure) as caught:
        client.put(frames)
    return caught.value


def test_store_is_full(workspace, emulator, stubs):
    data = os.urandom(6 * MIB)
    with small_disk(workspace.path / "small", "4m") as disk:
        server = harness.Server(workspace, {"oss": emulator.remote()})
        server.config.write_text(server.config.read_text().replace(str(workspace.path / "sessions.db"),
                                                                   str(disk / "sessions.db")))
        with server, rpc.Client(stubs, server.address) as client:
            frames = [client.open(TOKEN, "oss", BUCKET, "k", spec={"part_size": MIB}), *client.chunks(data),
                      client.finish(len(data))]
            with filled(disk):
                failure = failure_of(client, frames)
                assert (failure.code, failure.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "STORE_FULL"), failure
                assert failure.retry_delay is not None
                committed = [r.progress.committed_size for r in failure.responses if r.HasField("progress")]
                assert all(size == 0 for size in committed)
            assert client.put_finished(frames).object.size == len(data)
    assert emulator.read("k") == data


def test_local_disk_is_full(workspace, stubs):
    data = os.urandom(6 * MIB)
    with small_disk(workspace.path / "small", "64m") as disk:
        (disk / BUCKET).mkdir()
        with harness.Server(workspace, {"disk": {"backend": "local", "root": str(disk)}}) as server:
            with rpc.Client(stubs, server.address) as client:
                frames = [client.open(TOKEN, "disk", BUCKET, "k.bin", spec={"part_size": MIB}), *client.chunks(data),
                          client.finish(len(data))]
                with filled(disk):
                    failure = failure_of(client, frames)
                    assert failure.code == grpc.StatusCode.RESOURCE_EXHAUSTED, failure
                    assert failure.reason == "BACKEND_FULL" and failure.retry_delay is not None
                assert not (disk / BUCKET / "k.bin").exists()
                assert client.put_finished(frames).object.size == len(data)
        assert (disk / BUCKET / "k.bin").read_bytes() == data
