"""Limits on the rate. A test asserts how long something takes at least: what is slow for other reasons is slow enough."""
import time

import pytest

import harness
from harness import BUCKET, MIB

RATE = MIB
BURST = RATE // 8
SIZE = 2 * MIB


@pytest.fixture(scope="module")
def setup():
    with harness.Workspace() as workspace, harness.Emulator(workspace) as emulator:
        (workspace.path / "slow" / BUCKET).mkdir(parents=True)
        remotes = {
            "free": harness.local_remote(workspace),
            "slow": {"backend": "local", "root": str(workspace.path / "slow"), "upload_rate": "1MiB"},
            "cloud": {**emulator.remote(), "upload_rate": "1MiB"},
        }
        with harness.Server(workspace, remotes) as server:
            yield workspace, server


def seconds(setup, *arguments):
    workspace, server = setup
    start = time.monotonic()
    code, _, errors = harness.run_cli(workspace, *arguments, server=server)
    assert code == 0, errors
    return time.monotonic() - start


@pytest.mark.parametrize("remote", ["slow", "cloud"])
def test_a_remote_keeps_to_its_rate(setup, remote):
    path = setup[0].file("source", SIZE, seed=1)
    taken = seconds(setup, "put", path, f"{remote}:{BUCKET}/{remote}", "--part-size", "512KiB")
    assert taken >= (SIZE - BURST) / RATE


def test_the_process_keeps_to_its_rate():
    with harness.Workspace() as workspace:
        with harness.Server(workspace, {"disk": harness.local_remote(workspace)}, {"upload_rate": "1MiB"}) as server:
            path = workspace.file("source", SIZE, seed=2)
            taken = seconds((workspace, server), "put", path, f"disk:{BUCKET}/key")
            assert taken >= (SIZE - BURST) / RATE


def test_the_client_keeps_to_its_rate(setup):
    path = setup[0].file("source", SIZE, seed=3)
    taken = seconds(setup, "put", path, f"free:{BUCKET}/key", "--limit-rate", "1MiB")
    assert taken >= (SIZE - BURST) / RATE
    # What comes last is not waited for: a message of a MiB at most.
    taken = seconds(setup, "get", f"free:{BUCKET}/key", setup[0].path / "got", "--limit-rate", "1MiB")
    assert taken >= (SIZE - MIB - BURST) / RATE
    assert (setup[0].path / "got").read_bytes() == path.read_bytes()


def test_a_rate_that_is_none_is_refused(setup):
    workspace, server = setup
    path = workspace.file("source", 1, seed=4)
    code, _, errors = harness.run_cli(workspace, "put", path, f"free:{BUCKET}/key", "--limit-rate", "fast", server=server)
    assert code == 2 and "8MiB" in errors
