"""A tree of many small files: copied, synced, compared, copied on to another remote, and deleted."""
import random

import pytest

from harness import BUCKET

FILES = 2000
FOLDERS = ["", "a", "a/b", "a/b/c", "with space", "日本語/ü", "%41+&=#"]


@pytest.fixture(scope="module")
def tree(penstock):
    source = random.Random(4)
    root = penstock.workspace.path / "tree"
    for folder in FOLDERS:
        (root / folder).mkdir(parents=True, exist_ok=True)
    for number in range(FILES):
        path = root / source.choice(FOLDERS) / f"file {number}.bin"
        path.write_bytes(source.randbytes(source.choice([0, 1, 700, 5000, 20000])))
    return root


def test_tree_is_copied_synced_and_checked(penstock, tree, remote):
    rclone, target = penstock.rclone(), f"{remote}:{BUCKET}/tree"
    copied = rclone.stats("copy", tree, target, "--transfers", "16")
    assert (copied["transfers"], copied["errors"]) == (FILES, 0), copied
    for _ in range(2):
        synced = rclone.stats("sync", tree, target)
        assert (synced["transfers"], synced["checks"], synced["errors"]) == (0, FILES, 0), synced
    _, log = rclone.run("check", tree, target, "-v")
    assert f"{FILES} matching files" in log and "0 differences found" in log, log
    assert "crc64" in log.lower(), log  # compared by our hash, not only by size


def test_sync_sends_what_changed_and_deletes_what_is_gone(penstock, tree, remote):
    rclone, target = penstock.rclone(), f"{remote}:{BUCKET}/changing"
    source = penstock.workspace.path / f"changing-{remote}"
    for number in range(20):
        (source / str(number % 3)).mkdir(parents=True, exist_ok=True)
        (source / str(number % 3) / f"{number}").write_text(f"first {number}")
    rclone.run("sync", source, target)
    (source / "0" / "0").write_text("other text of another length")
    (source / "1" / "1").unlink()
    stats = rclone.stats("sync", source, target)
    assert (stats["transfers"], stats["deletes"]) == (1, 1), stats
    rclone.run("check", source, target)
    assert rclone.run("cat", f"{target}/0/0")[0] == b"other text of another length"


def test_damage_is_found_by_check(penstock, remote):
    rclone, target = penstock.rclone(), f"{remote}:{BUCKET}/damaged"
    source = penstock.workspace.path / f"damaged-{remote}"
    source.mkdir()
    (source / "file").write_text("as it was")
    rclone.run("copy", source, target)
    (source / "file").write_text("as it is!")  # of the same length
    _, log = rclone.run("check", source, target, fails=True)
    assert "1 differences found" in log and "crc64" in log.lower(), log


def test_tree_is_copied_from_remote_to_remote(penstock, tree):
    rclone = penstock.rclone()
    rclone.run("copy", tree / "a", f"disk:{BUCKET}/from")
    rclone.run("copy", f"disk:{BUCKET}/from", f"oss:{BUCKET}/to", "--transfers", "16")
    _, log = rclone.run("check", f"disk:{BUCKET}/from", f"oss:{BUCKET}/to", "-v")
    assert "0 differences found" in log and "crc64" in log.lower(), log
    rclone.run("check", tree / "a", f"oss:{BUCKET}/to", "--download")
    rclone.run("purge", f"oss:{BUCKET}/to")
    assert rclone.run("lsf", "-R", f"oss:{BUCKET}/to")[0] == b""
