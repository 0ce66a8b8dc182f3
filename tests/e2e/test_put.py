"""Objects of every shape come out as they went in, on both kinds of remote."""
import pytest

import harness
from harness import BUCKET, MIB

SIZES = [0, 1, 102399, 102400, MIB - 1, MIB, MIB + 1, 8 * MIB, 24 * MIB + 7]


@pytest.fixture(scope="module")
def setup():
    with harness.Workspace() as workspace, harness.Emulator(workspace) as emulator:
        remotes = {"oss": emulator.remote(), "disk": harness.local_remote(workspace)}
        with harness.Server(workspace, remotes) as server:
            yield workspace, emulator, server


def put(setup, path, remote, key, *more):
    workspace, _, server = setup
    code, lines, errors = harness.run_cli(workspace, "put", path, f"{remote}:{BUCKET}/{key}", "--json", *more,
                                          server=server)
    assert code == 0, errors
    return harness.events(lines)[-1]


@pytest.mark.parametrize("size", SIZES)
def test_sizes_through_oss(setup, size):
    workspace, emulator, _ = setup
    path = workspace.file("source", size, seed=size + 1)
    done = put(setup, path, "oss", f"size-{size}", "--part-size", "1MiB")
    assert emulator.read(f"size-{size}") == path.read_bytes()
    status, headers, _ = emulator.request("HEAD", f"size-{size}")
    assert status == 200 and int(headers["x-oss-hash-crc64ecma"]) == int(done["crc64"], 16)


@pytest.mark.parametrize("size", SIZES)
def test_sizes_through_local(setup, size):
    workspace, _, _ = setup
    path = workspace.file("source", size, seed=size + 1)
    put(setup, path, "disk", f"size-{size}.bin", "--part-size", "1MiB")
    assert (workspace.path / "objects" / BUCKET / f"size-{size}.bin").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("key", ["a b+c%d.x", "ключ/数/ä.txt", "dots/../and/./more", "a//b", "trailing/x", "q?u=e&r#y",
                                 "k" * 1023])
def test_odd_keys(setup, key):
    workspace, emulator, _ = setup
    path = workspace.file("source", 1234, seed=5)
    for remote in ("oss", "disk"):
        assert put(setup, path, remote, key)["object"]["key"] == key
    assert emulator.read(key) == path.read_bytes()


def test_attributes_arrive(setup):
    workspace, emulator, _ = setup
    for size in (1000, 3 * MIB):  # one request, and multipart
        path = workspace.file("source", size, seed=6)
        put(setup, path, "oss", f"attributes-{size}", "--part-size", "1MiB", "--content-type", "text/x-test",
            "--cache-control", "no-store", "--metadata", "author=Grace H", "--storage-class", "IA", "--tag", "a=b")
        _, headers, _ = emulator.request("HEAD", f"attributes-{size}")
        assert headers["content-type"] == "text/x-test" and headers["cache-control"] == "no-store"
        assert headers["x-oss-meta-author"] == "Grace H" and headers["x-oss-storage-class"] == "IA"
        assert headers["x-oss-tagging-count"] == "1"
        assert len(headers["x-oss-meta-penstock-mark"]) == 32


def test_small_objects_take_one_request(setup):
    workspace, emulator, _ = setup
    since = emulator.position()
    put(setup, workspace.file("source", MIB, seed=7), "oss", "one-request")
    assert [e["operation"] for e in emulator.journal(since)] == ["PutObject"]


def test_overwrites_by_default(setup):
    workspace, emulator, _ = setup
    for seed in (8, 9):
        path = workspace.file("source", 5000, seed=seed)
        put(setup, path, "oss", "overwritten")
        assert emulator.read("overwritten") == path.read_bytes()


ANY_REPLY = [("drop_reply_after_effect", {}), ("reset_before_effect", {}),
             ("error", {"status": 503, "code": "ServiceUnavailable", "xml": True}), ("error", {"status": 500, "xml": False})]
FAULTS = [(operation, *fault) for operation in ("InitiateMultipartUpload", "UploadPart", "CompleteMultipartUpload")
          for fault in ANY_REPLY]
FAULTS += [("UploadPart", "wrong_crc", {}), ("InitiateMultipartUpload", "truncated_xml", {}),
           ("CompleteMultipartUpload", "truncated_xml", {}), ("UploadPart", "reset_mid_body", {})]


@pytest.mark.parametrize("operation,kind,more", FAULTS)
def test_one_fault_of_the_backend_is_survived(setup, operation, kind, more):
    workspace, emulator, _ = setup
    key = f"fault-{operation}-{kind}-{more.get('status', 0)}"
    path = workspace.file("source", 5 * MIB, seed=10)
    emulator.add_fault(operation, kind, **more)
    put(setup, path, "oss", key, "--part-size", "1MiB")
    assert [f["fired"] for f in emulator.control("GET", "faults")["faults"]] == [1]
    emulator.clear_faults()
    assert emulator.read(key) == path.read_bytes()
