"""Four gigabytes there and back, and a pipe of unknown length."""
import subprocess

import scene
from harness import BUCKET, MIB

SIZE = 4096 * MIB + 12345


def test_four_gigabytes(penstock):
    rclone = penstock.rclone()
    source = scene.stamp_file(penstock.workspace.path / "large.bin", SIZE)
    stats = rclone.stats("copyto", source, f"disk:{BUCKET}/large.bin")
    assert (stats["transfers"], stats["bytes"], stats["errors"]) == (1, SIZE, 0), stats
    assert scene.same_bytes(source, penstock.disk_file("large.bin"))
    again = rclone.stats("copyto", source, f"disk:{BUCKET}/large.bin")
    assert again["transfers"] == 0, again
    # By our hash: of the file as rclone computes it, of the object as the server tells it.
    _, log = rclone.run("check", source, f"disk:{BUCKET}", "-v")
    assert "0 differences found" in log and "crc64" in log.lower(), log
    rclone.run("deletefile", f"disk:{BUCKET}/large.bin")
    source.unlink()


def test_pipe_is_stored_whole(penstock, remote):
    rclone = penstock.rclone()
    source = scene.stamp_file(penstock.workspace.path / "piped", 300 * MIB + 777)
    with subprocess.Popen(["cat", source], stdout=subprocess.PIPE) as cat:
        rclone.run("rcat", f"{remote}:{BUCKET}/piped", stdin=cat.stdout)
    back = penstock.workspace.path / "back"
    rclone.run("copyto", f"{remote}:{BUCKET}/piped", back)
    assert scene.same_bytes(source, back)
    back.unlink()
