"""rclone is killed in the middle of a large file and run again: what goes over the wire twice, on Penstock and on
rclone's own S3 backend in front of `rclone serve s3`.

    PENSTOCK_BIN=$PWD/build/release/bin .cache/venv/bin/python -m pytest -s tests/rclone/test_resume.py

prints the table of docs/integrations.md.
"""
import contextlib

import pytest

import harness
import proxies
import scene
from harness import BUCKET, MIB

SIZE = 512 * MIB
SLACK = 3 * MIB  # frames and headers, and what gRPC may hold of a stream (1.5 MiB)
S3_KEY, S3_SECRET = "e2e-key-id", "e2e-not-a-real-secret"

_rows = []


@pytest.fixture(scope="module", autouse=True)
def report():
    """Prints what was measured, and leaves it beside the suites' output."""
    yield
    text = "".join(f"| {' | '.join(map(str, row))} |\n" for row in [
        ("destination", "killed", "on the wire before", "and after", "twice", "max_unacked_bytes"), ("---",) * 6, *_rows])
    (harness.BIN.parent / "rclone" / "resume.md").write_text(text)
    print("\n" + text)


@pytest.fixture(scope="module")
def source(penstock):
    return scene.stamp_file(penstock.workspace.path / "source", SIZE)


def copy_with_a_kill(rclone, proxy, source, target, meanwhile=lambda: None):
    """Bytes that were sent by the run that was killed when the proxy held, and by the next one."""
    with rclone.start("copyto", source, target, "-v") as first:
        proxy.wait_held()
        first.kill()
    proxy.release()
    proxy.wait_idle()
    before = proxy.sent
    meanwhile()
    rclone.run("copyto", source, target)
    return before, proxy.sent - before


def note(destination, killed, before, after, bound=None):
    twice = before + after - SIZE
    row = [f"{size / MIB:.1f} MiB" for size in (before, after, max(twice, 0))]
    _rows.append((destination, killed, *row, f"{bound / MIB:.1f} MiB" if bound else ""))
    return twice


@pytest.mark.parametrize("killed", ["rclone", "rclone and penstockd"])
def test_penstock_sends_at_most_what_was_not_acknowledged(penstock, stubs, source, remote, killed):
    def restart():
        penstock.server.kill()
        penstock.server.start()

    key = killed.replace(" ", "-")
    with proxies.Proxy(penstock.address, hold_sent_after=SIZE // 2) as proxy:
        before, after = copy_with_a_kill(penstock.rclone(proxy.address), proxy, source, f"{remote}:{BUCKET}/{key}",
                                         restart if "penstockd" in killed else lambda: None)
    bound = penstock.max_unacked(stubs, remote, SIZE)
    twice = note(f"Penstock, `{remote}`", killed, before, after, bound)
    back = penstock.workspace.path / "back"
    penstock.rclone().run("copyto", f"{remote}:{BUCKET}/{key}", back)
    assert scene.same_bytes(source, back)
    assert twice <= bound + SLACK, f"{twice} bytes twice, max_unacked_bytes {bound}"


@contextlib.contextmanager
def s3_server(penstock):
    """`rclone serve s3` over a folder of its own: its address."""
    root = penstock.workspace.path / "s3"
    (root / BUCKET).mkdir(parents=True)
    address = f"127.0.0.1:{harness.free_port()}"
    with penstock.rclone().start("serve", "s3", root, "--addr", address, "--auth-key", f"{S3_KEY},{S3_SECRET}",
                                 "-v") as server:
        server.wait_error("Starting s3 server")
        yield address


def test_s3_begins_again(penstock, source):
    with s3_server(penstock) as address, proxies.Proxy(address, hold_sent_after=SIZE // 2) as proxy:
        options = {"type": "s3", "provider": "Rclone", "endpoint": f"http://{proxy.address}", "access_key_id": S3_KEY,
                   "secret_access_key": S3_SECRET, "use_multipart_uploads": "true"}
        rclone = scene.Rclone(penstock.workspace, {"s3": options}, "s3-client")
        before, after = copy_with_a_kill(rclone, proxy, source, f"s3:{BUCKET}/killed")
    note("S3, `rclone serve s3`", "rclone", before, after)
    assert scene.same_bytes(source, penstock.workspace.path / "s3" / BUCKET / "killed")
    assert after >= SIZE
