"""The example client of the docs: generated stubs, under 40 lines, reads nothing before it has sent everything."""
import subprocess
import sys

import pytest

import harness
import rpc
from conftest import ROOT

EXAMPLE = ROOT / "docs" / "examples" / "put.py"
TOKEN = "example-token-0123456789"


def run_example(stubs, server, path, remote, key):
    return subprocess.run([sys.executable, EXAMPLE, server.address, path, remote, harness.BUCKET, key],
                          env={"PENSTOCK_TOKEN": TOKEN, "PYTHONPATH": str(stubs[2])}, capture_output=True, text=True)


def test_example_is_short():
    assert len(EXAMPLE.read_text().splitlines()) < 40


@pytest.mark.parametrize("size", [0, 1, 5 * harness.MIB + 3, 33 * harness.MIB])
def test_example_puts_an_object(workspace, emulator, stubs, size):
    path = workspace.file("source", size)
    with harness.Server(workspace, {"oss": emulator.remote()}) as server:
        result = run_example(stubs, server, path, "oss", "k")
        assert result.returncode == 0, result.stderr
        assert result.stdout.startswith(f"{size} bytes, CRC-64 ")
    assert emulator.read("k") == path.read_bytes()


def test_example_resumes_after_the_server_was_killed(workspace, emulator, stubs):
    path = workspace.file("source", 40 * harness.MIB)
    server = harness.Server(workspace, {"oss": emulator.remote()})
    with server:
        # The replies of all later parts are held back, so the client waits while the server dies.
        emulator.hold_parts_from(3)
        with harness.Process([sys.executable, EXAMPLE, server.address, path, "oss", harness.BUCKET, "k"],
                             env={"PENSTOCK_TOKEN": TOKEN, "PYTHONPATH": str(stubs[2])}) as client:
            emulator.wait_for("UploadPart", count=4)
            with rpc.Client(stubs, server.address) as watching:
                while watching.session(TOKEN).committed_size == 0:  # the journal knows of parts, not of commits
                    pass
            server.kill()
            assert client.wait() != 0
        emulator.clear_faults()
        server.start()
        with rpc.Client(stubs, server.address) as client:
            committed = client.session(TOKEN).committed_size
        result = run_example(stubs, server, path, "oss", "k")
        assert result.returncode == 0, result.stderr
    assert 0 < committed < path.stat().st_size
    assert emulator.read("k") == path.read_bytes()
    # The parts that were committed before were not stored again.
    stored = sum(e["bytes"] for e in emulator.journal() if e["operation"] == "UploadPart")
    assert stored <= 2 * path.stat().st_size - committed
