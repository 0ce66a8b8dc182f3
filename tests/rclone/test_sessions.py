"""Which run goes on with an interrupted upload, and which must not."""
import os
import shutil

import pytest

import proxies
import scene
from harness import BUCKET, MIB

SIZE = 96 * MIB
PARTS = {"part_size": "1M", "max_parallel_parts": "2"}
SLACK = SIZE // 200  # more than gRPC's frames and headers add


@pytest.fixture
def source(penstock):
    return scene.stamp_file(penstock.workspace.path / "source", SIZE)


def interrupt(penstock, source, target):
    """Kills rclone when half of the file is on the wire."""
    with proxies.Proxy(penstock.address, hold_sent_after=SIZE // 2) as proxy:
        with penstock.rclone(proxy.address, **PARTS).start("copyto", source, target) as first:
            proxy.wait_held()
            first.kill()
        proxy.release()
        proxy.wait_idle()
        return proxy.sent


def sent_by_next_run(penstock, source, target, machine="machine"):
    with proxies.Proxy(penstock.address) as proxy:
        penstock.rclone(proxy.address, machine, **PARTS).run("copyto", source, target)
        return proxy.sent


def is_stored(penstock, source, target):
    back = penstock.workspace.path / "back"
    penstock.rclone().run("copyto", target, back)
    return scene.same_bytes(source, back)


def test_another_machine_goes_on(penstock, stubs, source, remote):
    target = f"{remote}:{BUCKET}/moved"
    before = interrupt(penstock, source, target)
    there = penstock.workspace.path / "elsewhere"
    shutil.copy2(source, there)
    after = sent_by_next_run(penstock, there, target, machine="other-machine")
    assert before + after <= SIZE + penstock.max_unacked(stubs, remote, SIZE, MIB) + SLACK
    assert is_stored(penstock, source, target)


def test_another_secret_does_not_go_on(penstock, source, monkeypatch):
    target = f"disk:{BUCKET}/other-secret"
    interrupt(penstock, source, target)
    monkeypatch.setattr(scene, "TOKEN_SECRET", "e2e-another-token-secret")
    assert sent_by_next_run(penstock, source, target) >= SIZE
    assert is_stored(penstock, source, target)


@pytest.mark.parametrize("time_kept", [False, True], ids=["new-time", "same-time"])
def test_changed_source_does_not_go_on(penstock, source, remote, time_kept):
    target = f"{remote}:{BUCKET}/changed-{time_kept}"
    interrupt(penstock, source, target)
    was = source.stat()
    with open(source, "r+b") as out:
        out.seek(5 * MIB)  # among what was sent
        out.write(os.urandom(1000))
    if time_kept:
        os.utime(source, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert sent_by_next_run(penstock, source, target) >= SIZE
    assert is_stored(penstock, source, target)


def test_object_that_was_deleted_since_is_stored_again(penstock, source, remote):
    target = f"{remote}:{BUCKET}/deleted"
    rclone = penstock.rclone(**PARTS)
    rclone.run("copyto", source, target)
    rclone.run("deletefile", target)
    assert sent_by_next_run(penstock, source, target) >= SIZE  # under the same token: it starts over
    assert is_stored(penstock, source, target)


def test_cleanup_discards_what_was_interrupted(penstock, source):
    target = f"oss:{BUCKET}/left"
    interrupt(penstock, source, target)
    assert penstock.server.stop() == 0  # a part that is still under way would survive its upload
    penstock.server.start()
    rclone = penstock.rclone(clean_up_after="0s", **PARTS)
    assert [upload for upload in penstock.emulator.uploads() if upload["key"] == "left"]
    since = penstock.emulator.position()
    rclone.run("cleanup", f"oss:{BUCKET}")
    penstock.emulator.wait_for("AbortMultipartUpload", since=since)
    assert not [upload for upload in penstock.emulator.uploads() if upload["key"] == "left"]
    assert sent_by_next_run(penstock, source, target) >= SIZE
    assert is_stored(penstock, source, target)
