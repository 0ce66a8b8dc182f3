"""The session store's file under a real server: who has it, a disk that cannot be written, a log that lost something.
What the store does about a lack of space is in test_disk_full.py; about power and kills, in server/store."""
import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys

import pytest

import harness
from crash import PART
from points import DATA


def refused(server):
    result = subprocess.run([harness.BIN / "penstockd", "--config", server.config], capture_output=True, text=True,
                            timeout=60)
    assert result.returncode == 1 and "ready" not in result.stdout, result
    return result.stderr


def database(scene):
    return scene.server.config.parent / "sessions.db"


def test_second_server_is_told_who_has_the_file(scene, workspace):
    scene.start()
    second = harness.Server(workspace, {"disk": harness.local_remote(workspace)}, name="second")
    errors = refused(second)
    assert "STORE_IN_USE" in errors and str(database(scene)) in errors, errors
    assert f"penstockd, process {scene.server.process.popen.pid}" in errors, errors
    # Nor did it disturb the first.
    scene.put_to_the_end(DATA)
    scene.check_finished(DATA)


def test_other_program_that_has_the_file_is_named(scene):
    scene.start()
    assert scene.server.stop() == 0
    script = f"""import sqlite3, sys
db = sqlite3.connect({str(database(scene))!r}, isolation_level=None)
db.execute("PRAGMA locking_mode=EXCLUSIVE")
db.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""
    with harness.Process([sys.executable, "-c", script], stdin=subprocess.PIPE) as other:
        other.wait_line("locked")
        errors = refused(scene.server)
        assert "STORE_IN_USE" in errors and str(database(scene)) in errors, errors
        assert f"process {other.popen.pid}" in errors, errors
    scene.start()


@contextlib.contextmanager
def read_only(path):
    """The folder, as a disk has it that can only be read: permissions do not bind root."""
    bind = ["mount", "--bind", path, path]
    if os.geteuid() != 0 or subprocess.run(bind, capture_output=True).returncode:
        pytest.skip("needs root, to mount a folder read-only")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", path], check=True)
        yield
    finally:
        subprocess.run(["umount", "--lazy", path], check=True)


def test_read_only_folder_is_refused_and_named(scene, workspace):
    folder = workspace.path / "store"
    folder.mkdir()
    config = scene.server.config
    config.write_text(config.read_text().replace(str(database(scene)), str(folder / "sessions.db")))
    with read_only(folder):
        errors = refused(scene.server)
        assert "STORE_UNUSABLE" in errors and str(folder) in errors and "Read-only" in errors, errors
    scene.start()
    scene.put_to_the_end(DATA)
    scene.check_finished(DATA)


def test_damaged_log_is_refused_and_its_copy_serves(scene):
    scene.start()
    first = scene.stream()
    first.send_data(DATA)
    first.committed(3 * PART)
    scene.server.kill()
    first.end()
    log = database(scene).with_name("sessions.db-wal")
    shutil.copy(log, log.with_name("copy"))
    sound = bytearray(log.read_bytes())
    # In the page of a frame in the middle: transactions that were acknowledged follow.
    sound[len(sound) // 2] ^= 1
    log.write_bytes(sound)
    errors = refused(scene.server)
    assert "STORE_CORRUPT" in errors and str(log) in errors, errors
    shutil.copy(log.with_name("copy"), log)
    scene.start()
    assert scene.session().committed_size == 3 * PART
    scene.put_to_the_end(DATA)
    scene.check_finished(DATA)


# What was acknowledged is in the file as any tool reads it.
def test_killed_server_leaves_a_sound_database(scene):
    scene.start("commit.after=kill@3")
    first = scene.put(DATA)
    scene.await_death()
    first.end()
    with contextlib.closing(sqlite3.connect(database(scene))) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("SELECT count(*), sum(size) FROM parts").fetchone() == (3, 3 * PART)
