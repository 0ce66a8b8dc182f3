"""Objects that went through Penstock, read back and verified by every SDK."""
import random
import urllib.parse

import pytest

import harness
from conftest import SDKS, settings
from crc import crc64
from harness import BUCKET, MIB

SIZES = [0, 1, 102399, 3 * MIB + 1]
SECRET_PUT, SECRET_PARTS = "kms/put", "kms/parts"
ENCRYPTED = ("--option", "server_side_encryption=KMS", "--option", "server_side_encryption_key_id=key-1", "--metadata",
             "note=ünd \n100 % ")


@pytest.fixture(scope="module")
def stored():
    """The emulator, and what penstock put there: {key: (bytes, what the client said at the end)}."""
    with harness.Workspace() as workspace, harness.Emulator(workspace) as emulator:
        remotes = {"oss": emulator.remote(), "v1": {**emulator.remote(), "signature": "v1"}}
        with harness.Server(workspace, remotes) as server:
            done = {}
            objects = [("oss", f"size-{size}", size, ()) for size in SIZES] + [
                ("oss", "odd/ü +%41&'~.bin", 2000, ()), ("oss", "odd/a b/..x", MIB + 9, ()),
                ("v1", "v1/put +é", 100, ()), ("v1", "v1/parts", 2 * MIB + 1, ()),
                *(("oss", key, size, ENCRYPTED) for key, size in ((SECRET_PUT, 10), (SECRET_PARTS, 2 * MIB)))]
            for number, (remote, key, size, more) in enumerate(objects):
                path = workspace.file("source", size, seed=number)
                code, lines, errors = harness.run_cli(
                    workspace, "put", path, f"{remote}:{BUCKET}/{key}", *more, "--json", "--part-size", "1MiB", "--content-type",
                    "text/x-penstock", "--cache-control", "no-store", "--metadata", "author=Grace H", "--tag", "kind=a+b",
                    "--tag", "n=1", "--storage-class", "IA", server=server)
                assert code == 0, errors
                done[key] = path.read_bytes(), harness.events(lines)[-1]
            yield emulator, done, server, workspace


@pytest.fixture(scope="module", params=[(sdk, version) for sdk in SDKS for version in ("v4", "v1")],
                ids=lambda p: f"{p[0].name}-{p[1]}")
def reader(request, stored):
    made = request.param[0](settings(stored[0], signature=request.param[1]))
    yield made
    made.close()


def test_bytes_and_checksums(reader, stored):
    for key, (data, said) in stored[1].items():
        headers, body = reader.get(key)
        assert body == data, key
        assert int(headers["x-oss-hash-crc64ecma"]) == int(said["crc64"], 16), key
        if len(data) < MIB:  # in Python it takes its time
            assert int(said["crc64"], 16) == crc64(data)
        assert headers["x-oss-object-type"] == ("Multipart" if len(data) > MIB else "Normal")


def test_attributes(reader, stored):
    for key, (data, _) in stored[1].items():
        head = reader.head(key)
        assert head["content-length"] == str(len(data))
        assert head["content-type"] == "text/x-penstock" and head["cache-control"] == "no-store"
        assert head["x-oss-meta-author"] == "Grace H"
        assert head["x-oss-storage-class"] == "IA"
        assert reader.tags(key) == {"kind": "a+b", "n": "1"}


def test_what_was_asked_for_encryption_and_odd_metadata(reader, stored):
    for key in stored[1]:
        head = reader.head(key)
        if key in (SECRET_PUT, SECRET_PARTS):
            assert head["x-oss-server-side-encryption"] == "KMS"
            assert head["x-oss-server-side-encryption-key-id"] == "key-1"
            # As docs/oss.md says: this entry tells whoever reads it to decode.
            assert head["x-oss-meta-penstock-encoding"] == "percent"
            assert urllib.parse.unquote(head["x-oss-meta-note"]) == "ünd \n100 % "
        else:
            assert "x-oss-server-side-encryption" not in head and "x-oss-meta-penstock-encoding" not in head


def test_ranges_across_parts(reader, stored):
    data = stored[1][f"size-{3 * MIB + 1}"][0]
    source = random.Random(1)
    for _ in range(5):
        first, last = sorted(source.sample(range(len(data)), 2))
        headers, body = reader.get(f"size-{3 * MIB + 1}", {"Range": f"bytes={first}-{last}"})
        assert body == data[first:last + 1]
        assert headers["content-range"] == f"bytes {first}-{last}/{len(data)}"


def test_they_are_listed_and_nothing_else_is(reader, stored):
    found, _, _ = reader.page()
    assert {name: int(size) for name, size, _ in found} == {key: len(data) for key, (data, _) in stored[1].items()}
    assert reader.uploads()[0] == []


def test_a_resumed_put_is_what_they_read(stored, reader):
    """Killed in the middle, and put again: what the SDKs find is the file, with its checksum."""
    emulator, _, server, workspace = stored
    key = f"resumed/{reader.name}-{id(reader)}"
    path = workspace.file("source", 5 * MIB + 3, seed=99)
    emulator.hold_parts_from(3)
    since = emulator.position()
    arguments = ("put", path, f"oss:{BUCKET}/{key}", "--json", "--part-size", "1MiB", "--parallel", "1")
    with harness.cli(workspace, *arguments, server=server) as first:
        emulator.wait_for("UploadPart", count=3, since=since)
        first.kill()
    emulator.clear_faults()
    code, lines, errors = harness.run_cli(workspace, *arguments, server=server)
    assert code == 0, errors
    headers, body = reader.get(key)
    assert body == path.read_bytes()
    assert int(headers["x-oss-hash-crc64ecma"]) == int(harness.events(lines)[-1]["crc64"], 16)
    reader.delete(key)
